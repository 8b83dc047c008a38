import { isNobody, whenSeen } from './trackers/seen.ts';

// What a page that was written for Fathom Lite's script finds: the queue of `fathom()` is done. The names of
// the hosted Fathom's functions are there too, so that its client finds what it calls.

interface Options {
  url?: string;
  referrer?: string;
}
interface Fathom {
  (command: string, ...words: any[]): void;
  q?: [string, ...any[]][];
}

const tag = (document.currentScript || document.getElementById('fathom-script')) as HTMLScriptElement;
let endpoint = new URL('collect', tag.src).href;
let site = tag.dataset.site || tag.getAttribute('site') || '';

function trackPageview({ url, referrer }: Options = {}): void {
  if (isNobody()) return;
  const canonical = document.querySelector<HTMLLinkElement>('link[rel="canonical"][href]');
  const page = new URL(url || (canonical && tag.dataset.canonical != 'false' ? canonical.href : location.href), location.href);
  const query = new URLSearchParams({
    h: page.origin,
    p: page.pathname + page.search,
    r: referrer == null ? document.referrer : referrer,
    sid: site,
  });
  whenSeen(() => {
    fetch(`${endpoint}?${query}`, { keepalive: true, credentials: 'omit', cache: 'no-store' }).catch(() => {});
  });
}

const setSite = (id: string) => (site = id);
const commands: Record<string, (...words: any[]) => void> = {
  trackPageview,
  set: (name: string, value: string) => {
    if (name == 'siteId') site = value;
    if (name == 'trackerUrl') endpoint = value;
  },
};

const global = window as unknown as { fathom?: Fathom };
const before = global.fathom;
const nothing = () => {}; // goals and events have no place in Fathom Lite
global.fathom = Object.assign(
  ((name: string, ...words: any[]) => {
    if (Object.prototype.hasOwnProperty.call(commands, name)) commands[name]!(...words);
  }) as Fathom,
  { trackPageview, setSite, trackGoal: nothing, trackEvent: nothing, blockTrackingForMe: nothing, enableTrackingForMe: nothing },
);
for (const [name, ...words] of (before && before.q) || []) global.fathom(name, ...words);
if (tag.dataset.site && tag.dataset.auto != 'false') trackPageview();
