import type { Api } from './api.ts';
import { reducePath } from './path.ts';
import { isOptedOut } from './owner.ts';
import { postText } from './courier.ts';
import { watchHistory } from './history.ts';
import { apiBase, everywhere, manual, site } from './tag.ts';

// A saved page (file:) has no origin of its own; the site lends it one.
const origin = location.host ? location.origin : site && 'https://' + site;
// A local server or a saved page (no host name) is the owner's own machine, an automated browser nobody's.
const isWelcome =
  origin &&
  (everywhere != null || !(navigator.webdriver || /^(|127[\d.]+)$|^\[::1]|localhost$/.test(location.hostname)));
const isCountable = () => isWelcome && !isOptedOut();

let last: string; // the page presented last
let asked: 0 | 1; // the page itself asks for a view, new or not

/** Posts a hit of the current page, a view unless `more` has a name; `search` is appended to the endpoint. */
export const postHit = (search: string, more?: object) =>
  postText(
    apiBase + 'event' + search,
    JSON.stringify({
      u: origin + reducePath(true),
      d: site,
      r: last == null ? document.referrer : '', // it led to the first view only
      w: screen.width,
      t: document.title,
      id: Math.random(),
      ...more,
    }),
  );

/** `present` gets every new page once it is seen, and whether its view is to be posted. */
export function startTracker(present: (counts?: unknown) => void): Api {
  // Every trigger ends here and only the state decides, so that no two of them count one view twice.
  // `page` is the one that it was planned for: the next one is given its own moment.
  function settle(page = reducePath()) {
    if (document.readyState != 'loading' && !document.hidden && !document.prerendering && page == reducePath()) {
      const countable = isCountable(); // asked in any case: it also obeys the owner's word in the fragment
      if (asked || (manual == null && page != last)) {
        present(countable);
        last = page;
        asked = 0;
      }
    }
  }

  // Frameworks change the address first and the title a moment later; redirects follow each other at once.
  const settleSoon = () => setTimeout(settle, 100, reducePath());

  addEventListener('pagehide', () => (last = '')); // out of the back-forward cache it is seen anew
  watchHistory(settleSoon);
  for (const type of ['pageshow', 'prerenderingchange', 'visibilitychange', 'DOMContentLoaded', 'popstate']) {
    addEventListener(type, settleSoon);
  }
  settle();

  return {
    view() {
      asked = 1;
      settle();
    },
    event(n, p, more) {
      if (n && isCountable()) postHit('', { n, p, ...more });
    },
    renew: () => (reducePath() == last ? present() : settleSoon()),
  };
}
