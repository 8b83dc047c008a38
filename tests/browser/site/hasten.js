// The clock of a page goes on only when a test says so, and where it cannot: ten seconds for each change of its tab.
let seconds = 1;
performance.now = () => seconds * 1000;
addEventListener('visibilitychange', () => (seconds += 10), true);
document.hasFocus = () => true; // a browser without a window has none

function report() {
  fetch('/report', { method: 'POST', keepalive: true, body: JSON.stringify({ event: document.visibilityState, page: location.pathname }) });
}
addEventListener('load', report);
addEventListener('visibilitychange', report);
