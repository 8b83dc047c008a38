/**
 * What pages that were made for GoatCounter load: it counts by `/count` and speaks as `window.goatcounter`.
 * Without GoatCounter, but with elements of busuanzi's, the page was made for jkjoy's script of that name: drop-in.js.
 * Settings come from `data-goatcounter-settings`, or from `window.goatcounter` as the page left it.
 */
type Text = string | null | undefined;
interface Vars {
  path?: Text | ((path: string) => Text);
  title?: string | ((title: string) => string);
  referrer?: string | ((referrer: string) => string);
  event?: boolean;
  no_session?: boolean;
}
interface Card {
  append?: string;
  type?: string;
  path?: string;
  no_branding?: boolean;
  style?: string;
  start?: string;
  end?: string;
  attr?: Record<string, string>;
}
type Goat = Record<string, any>;

const own = document.currentScript as HTMLScriptElement | null;
const tag = own || document.querySelector<HTMLScriptElement>('script[data-goatcounter]');
const goat: Goat = ((window as any).goatcounter ||= {});
try {
  const given = JSON.parse(tag?.dataset.goatcounterSettings || '{}');
  for (const key of ['no_onload', 'no_events', 'allow_local', 'allow_frame', 'path', 'title', 'referrer', 'event']) {
    if (given[key] != null) goat[key] = given[key];
  }
} catch {} // settings that cannot be read are none

const local = /^(localhost|.*\.localhost|127[\d.]+|10[\d.]+|192\.168[\d.]+|172\.(1[6-9]|2\d|3[01])[\d.]+|0\.0\.0\.0|\[::1?])$/;

function isOptedOut(): boolean {
  try {
    return localStorage.skipgc == 't';
  } catch {
    return false; // storage is blocked: nobody can have opted out
  }
}

const endpoint = (): string =>
  goat.endpoint || tag?.dataset.goatcounter || new URL('count', tag?.src || location.href).href;

/** The page's own address: the canonical one where it is of this host, so that all spellings are one page. */
function pathOfPage(): string {
  const link = document.querySelector<HTMLLinkElement>('link[rel=canonical][href]');
  if (link) {
    const url = new URL(link.href);
    if (url.hostname.replace(/^www\./, '') == location.hostname.replace(/^www\./, '')) return url.pathname + url.search;
  }
  return location.pathname + location.search || '/';
}

/** A setting: a value, or a function of what it would be. */
function choose<T>(name: string, vars: Goat, usual: T): T {
  const value = vars[name] ?? goat[name];
  return typeof value == 'function' ? value(usual) : (value ?? usual);
}

/** The address that counts a view; undefined where `path` says that there is nothing to count. */
goat.url = (vars: Vars = {}): string | undefined => {
  const path = choose<Text>('path', vars, pathOfPage());
  if (path == null) return;
  const data: Record<string, any> = {
    p: path,
    r: choose('referrer', vars, document.referrer),
    t: choose('title', vars, document.title),
    e: !!(vars.event ?? goat.event),
    s: screen.width,
    b: navigator.webdriver ? 153 : 0,
    q: location.search,
    ns: vars.no_session || undefined,
    rnd: Math.random().toString(36).slice(2),
  };
  const pairs = Object.keys(data).filter((key) => data[key] != null && data[key] !== '');
  return endpoint() + '?' + pairs.map((key) => key + '=' + encodeURIComponent(data[key])).join('&');
};

/** Why this page is not counted, or false. */
goat.filter = (): string | false => {
  if (document.visibilityState == ('prerender' as string) || (document as any).prerendering) return 'prerender';
  if (!goat.allow_frame && window != window.parent) return 'frame';
  if (!goat.allow_local && local.test(location.hostname)) return 'localhost';
  if (!goat.allow_local && location.protocol == 'file:') return 'localfile';
  return isOptedOut() && 'disabled with #toggle-goatcounter';
};

goat.count = (vars?: Vars): void => {
  const url = !goat.filter() && goat.url(vars);
  // fetch, because blockers stop every beacon to another host.
  if (url) fetch(url, { method: 'POST', keepalive: true, credentials: 'omit', mode: 'no-cors' }).catch(() => {});
};

goat.get_query = (name: string): string | undefined => new URLSearchParams(location.search).get(name) ?? undefined;

goat.bind_events = (): void => {
  for (const element of document.querySelectorAll<HTMLElement>('[data-goatcounter-click]')) {
    const data = element.dataset;
    if (data.goatcounterBound) continue;
    data.goatcounterBound = 'true';
    const send = () =>
      goat.count({
        event: true,
        path: data.goatcounterClick || (element as HTMLInputElement).name || element.id,
        title: data.goatcounterTitle || element.title || (element.innerHTML || '').slice(0, 200),
        referrer: data.goatcounterReferrer || data.goatcounterReferral || '',
        no_session: 'goatcounterNoSession' in data,
      });
    for (const type of ['click', 'auxclick']) element.addEventListener(type, send);
  }
};

/** Puts a card with the page's number where `append` says. */
goat.visit_count = (card: Card = {}): void => {
  whenReady(() => {
    const type = card.type || 'html';
    const place = document.querySelector(card.append || 'body');
    if (!place) return;
    const frame = document.createElement(type == 'html' ? 'iframe' : 'img');
    const query = ['no_branding', 'style', 'start', 'end']
      .filter((key) => (card as Goat)[key])
      .map((key) => key + '=' + encodeURIComponent((card as Goat)[key] === true ? '1' : (card as Goat)[key]));
    const path = encodeURIComponent(card.path ?? choose<string>('path', {}, pathOfPage()));
    frame.src = endpoint() + 'er/' + path + '.' + type + '?' + query.join('&');
    const height = card.no_branding ? '60' : '80';
    const usual = { class: 'goatcounter-visits', width: '200', height, style: 'border: 0; color-scheme: light dark', scrolling: 'no' };
    for (const [name, value] of Object.entries({ ...usual, ...card.attr })) frame.setAttribute(name, value);
    place.appendChild(frame);
  });
};

function whenReady(run: () => void): void {
  if (document.readyState == 'loading') document.addEventListener('DOMContentLoaded', run);
  else run();
}

/** A page that was made ahead of the click counts once it is shown. */
function whenSeen(run: () => void): void {
  if ((document as any).prerendering) document.addEventListener('prerenderingchange', run, { once: true });
  else if (document.visibilityState != 'hidden') run();
  else {
    const look = () => {
      if (document.visibilityState == 'hidden') return;
      document.removeEventListener('visibilitychange', look);
      run();
    };
    document.addEventListener('visibilitychange', look);
  }
}

if (location.hash == '#toggle-goatcounter') {
  try {
    if (isOptedOut()) delete localStorage.skipgc;
    else localStorage.skipgc = 't';
    alert('Your visits to this site are ' + (isOptedOut() ? 'no longer counted.' : 'counted again.'));
  } catch {} // storage is blocked
}

/** jkjoy's script for busuanzi's elements goes by the same name; its tag names no GoatCounter. */
const isOfElements = () =>
  own && !(own.dataset.goatcounter || goat.endpoint) && document.querySelector('[id^=busuanzi_],[id^=eo_]');

function loadDropIn(): void {
  const script = document.createElement('script');
  Object.assign(script.dataset, own!.dataset);
  script.src = new URL('drop-in.js', own!.src).href;
  document.head.append(script);
}

whenReady(() => {
  if (isOfElements()) loadDropIn();
  else if (!goat.no_onload) {
    whenSeen(() => {
      goat.count();
      if (!goat.no_events) goat.bind_events();
    });
  }
});

export {};
