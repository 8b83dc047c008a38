/** Calls back after every change of the address that a script makes within the document. */
export function watchHistory(callback: () => void): void {
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = (...args) => {
      original.apply(history, args);
      callback();
    };
  }
}
