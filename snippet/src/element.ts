const script = document.currentScript as HTMLScriptElement;

/** The API lives beside the script. */
export const base = new URL('api/', script.src);

/** The page that is shown now, without what a query or a fragment may hold. */
export const pageNow = () => location.pathname;

/** Registers an element; a second run of the script finds it there. */
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}

let last = pageNow();

/** Calls back when a script has gone on to another page of the document. */
export function whenMoved(callback: () => void): void {
  const look = () => {
    if (last != pageNow()) {
      last = pageNow();
      callback();
    }
  };
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = (...args) => {
      original.apply(history, args);
      look();
    };
  }
  addEventListener('popstate', look);
}
