/** The owner's opt-out. It is the only thing that is ever stored, and only when asked for in the address bar. */
export function isOptedOut(): string | void {
  try {
    // `test` makes a text of it.
    if (/#pagetally-off$/.test(location as any)) localStorage.pagetally = 'off';
    if (/#pagetally-on$/.test(location as any)) delete localStorage.pagetally;
    return localStorage.pagetally;
  } catch {} // storage is blocked: nobody can have opted out
}
