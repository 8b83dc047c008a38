/** The owner's opt-out. It is the only thing that is ever stored, and only when asked for in the address bar. */
export function isOptedOut(): string | void {
  try {
    if (/#pagetally-off$/.test(location.href)) localStorage.pagetally = 'off';
    if (/#pagetally-on$/.test(location.href)) delete localStorage.pagetally;
    return localStorage.pagetally;
  } catch {} // storage is blocked: nobody can have opted out
}
