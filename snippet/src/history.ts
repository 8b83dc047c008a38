/** Calls back after every change of the address that a script makes within the document. */
export function watchHistory(callback: (nothing: void) => void): void {
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = (...args) => callback(original.apply(history, args));
  }
}
