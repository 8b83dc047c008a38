import { watchHistory } from '../history.ts';

/** Calls back once somebody sees the page: neither rendered ahead nor in a tab behind. */
export function whenSeen(callback: () => void): void {
  const look = () => {
    if (document.visibilityState != 'visible' || document.prerendering) return;
    for (const type of TYPES) removeEventListener(type, look, true);
    callback();
  };
  for (const type of TYPES) addEventListener(type, look, true);
  look();
}

const TYPES = ['visibilitychange', 'prerenderingchange'];

/** Calls back for every page that is seen: this one, those a script moves to, one that comes out of the cache. */
export function watchPages(readPage: () => string, callback: () => void): void {
  let last: string | undefined;
  const turn = () =>
    whenSeen(() => {
      if (readPage() != last) {
        last = readPage();
        callback();
      }
    });
  const turnSoon = () => setTimeout(turn, 100); // frameworks write the title after the address
  turn();
  watchHistory(turnSoon);
  addEventListener('popstate', turnSoon);
  addEventListener('hashchange', turnSoon);
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) {
      last = undefined;
      turn();
    }
  });
}

/** The owner's own machine, a saved page, or an automated browser. */
export const isNobody = (): boolean =>
  navigator.webdriver || !location.host || /^127[\d.]+$|^\[::1]|localhost$/.test(location.hostname);

/** A click with either button, on whatever is within a link. */
export function watchClicks(callback: (link: HTMLAnchorElement, target: Element) => void): void {
  for (const type of ['click', 'auxclick']) {
    addEventListener(type, ({ target, button }: MouseEventInit & { target?: EventTarget | null } & Event) => {
      if (!(target instanceof Element) || button == 2) return;
      callback(target.closest<HTMLAnchorElement>('a[href]')!, target);
    }, true);
  }
}

const FILES = /\.(pdf|docx?|xlsx?|pptx?|rtf|txt|csv|epub|zip|rar|7z|gz|tgz|bz2|pkg|exe|dmg|deb|rpm|iso|apk|mp[34]|mpe?g|avi|mov|wmv|wav|midi?|webm|ogg|key|pps)$/i;

export const isFile = (link: HTMLAnchorElement): boolean => FILES.test(link.pathname);
export const isElsewhere = (link: HTMLAnchorElement): boolean => !!link.host && link.host != location.host;
