import { isElsewhere, isFile, isNobody, watchClicks, whenSeen } from './trackers/seen.ts';

// What a page that was written for Matomo's script finds: the commands that it put into `_paq` are done.

type Command = [string, ...unknown[]];
interface Queue {
  push(...commands: Command[]): void;
}

const tag = document.currentScript as HTMLScriptElement;
let endpoint = new URL('matomo.php', tag.src).href;
let site: unknown;
let page: unknown;
let title: unknown;
let referrer: unknown;
let isWatching = false;

function send(fields: Record<string, unknown>): void {
  if (isNobody()) return;
  const all: Record<string, unknown> = {
    idsite: site,
    rec: 1,
    send_image: 0,
    url: page || location.href,
    urlref: referrer == null ? document.referrer : referrer,
    ...fields,
  };
  const body = new URLSearchParams();
  for (const key in all) if (all[key] != null && all[key] !== '') body.set(key, '' + all[key]);
  fetch(endpoint, { method: 'POST', keepalive: true, credentials: 'omit', body }).catch(() => {});
}

const trackLink = (url: unknown, kind: unknown) => send({ [kind == 'download' ? 'download' : 'link']: url });

const commands: Record<string, (...words: any[]) => void> = {
  setTrackerUrl: (url) => (endpoint = new URL(url, location.href).href),
  setSiteId: (id) => (site = id),
  setCustomUrl: (url) => (page = new URL(url, location.href).href),
  setDocumentTitle: (text) => (title = text),
  setReferrerUrl: (url) => (referrer = url),
  trackPageView: (text) => whenSeen(() => send({ action_name: text || title || document.title })),
  trackEvent: (e_c, e_a, e_n, e_v) => send({ e_c, e_a, e_n, e_v }),
  trackSiteSearch: (search, search_cat, search_count) => send({ search, search_cat, search_count }),
  trackGoal: (idgoal, revenue) => send({ idgoal, revenue }),
  trackLink,
  enableLinkTracking: (enable) => {
    if (isWatching || enable === false) return;
    isWatching = true;
    watchClicks((link) => {
      if (link && isFile(link)) trackLink(link.href, 'download');
      else if (link && isElsewhere(link)) trackLink(link.href, 'link');
    });
  },
};

/** What Matomo can do and this cannot is passed over. */
function run([name, ...words]: Command): void {
  if (Object.prototype.hasOwnProperty.call(commands, name)) commands[name]!(...words);
}

const global = window as unknown as { _paq?: Queue & Iterable<Command>; Piwik?: unknown; Matomo?: unknown };
if (!global.Matomo) {
  // Where to and for whom comes first, wherever in the queue it stands.
  const waiting = [...(global._paq || [])];
  const isFirst = ([name]: Command) => /^set(TrackerUrl|SiteId)$/.test(name);
  waiting.filter(isFirst).forEach(run);
  waiting.filter((command) => !isFirst(command)).forEach(run);
  global._paq = { push: (...more: Command[]) => more.forEach(run) } as Queue & Iterable<Command>;
  const tracker = commands; // pages call tracker.trackPageView() as well
  global.Matomo = global.Piwik = { getTracker: () => tracker, getAsyncTracker: () => tracker };
}
