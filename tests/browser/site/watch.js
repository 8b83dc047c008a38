// For tabs that no test can look into: reports what happens, and what the page shows once
// everything that the snippet planned upon it (its timers are shorter) is under way.
function report(event) {
  setTimeout(() => {
    const { visibilityState, prerendering } = document;
    const shown = document.querySelector('footer').textContent;
    const report = { event, page: location.pathname, visibility: visibilityState, prerendering: `${prerendering}`, shown };
    fetch('/report', { method: 'POST', body: JSON.stringify(report) });
  }, 300);
}
addEventListener('load', () => report('load'));
for (const type of ['visibilitychange', 'prerenderingchange']) document.addEventListener(type, () => report(type));
addEventListener('load', () => {
  const footer = document.querySelector('footer');
  new MutationObserver(() => report('filled')).observe(footer, { childList: true, subtree: true });
});
