import { isNobody, watchClicks, watchPages } from './trackers/seen.ts';

// What a page that was written for Umami's script finds: `window.umami`, and the attributes of its tag.

type Props = Record<string, unknown>;

const tag = document.currentScript as HTMLScriptElement;
const { websiteId, hostUrl, autoTrack, domains, excludeSearch, excludeHash, tag: label } = tag.dataset;
const endpoint = (hostUrl ? hostUrl.replace(/\/$/, '') : new URL('.', tag.src).href.replace(/\/$/, '')) + '/api/send';

let referrer = document.referrer;

function readPage(): string {
  const page = new URL(location.href);
  if (excludeSearch == 'true') page.search = '';
  if (excludeHash == 'true') page.hash = '';
  return page.href;
}

const describe = (): Props => ({
  website: websiteId,
  hostname: location.hostname,
  url: readPage(),
  referrer,
  title: document.title,
  tag: label || undefined,
});

function isWelcome(): boolean {
  try {
    if (localStorage['umami.disabled']) return false;
  } catch {} // storage is blocked: nobody can have opted out
  return !!websiteId && !isNobody() && (!domains || domains.split(/[\s,]+/).includes(location.hostname));
}

async function send(payload: Props, type = 'event'): Promise<void> {
  if (!isWelcome()) return;
  // Plain text needs no question beforehand.
  const body = JSON.stringify({ type, payload });
  await fetch(endpoint, { method: 'POST', keepalive: true, credentials: 'omit', body }).catch(() => {});
}

/** A view; an event of a name; a payload; or what a function makes of one. */
function track(what?: string | Props | ((payload: Props) => Props), data?: Props): Promise<void> {
  if (typeof what == 'string') return send({ ...describe(), name: what, data });
  if (typeof what == 'function') return send(what(describe()));
  return send(what ? { ...what } : describe());
}

const identify = (id?: unknown, data?: unknown): Promise<void> => send({ ...describe(), id, data }, 'identify');

if (!(window as { umami?: unknown }).umami) {
  // Pages of the first version call umami('name') or umami.trackEvent().
  Object.assign(window, { umami: Object.assign(track, { track, identify, trackEvent: track, trackView: () => track() }) });
  if (autoTrack != 'false') {
    watchPages(readPage, () => {
      track();
      referrer = location.href;
    });
  }
  watchClicks((_, target) => {
    const element = target.closest<HTMLElement>('[data-umami-event]');
    if (!element) return;
    const { umamiEvent, ...rest } = element.dataset;
    const data: Props = {};
    for (const key in rest) if (/^umamiEvent/.test(key)) data[key.slice(10).toLowerCase()] = rest[key];
    track(umamiEvent!, data);
  });
}
