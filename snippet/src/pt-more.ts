import type { Api } from './api.ts';

// What happens on a page besides its view. All of it is told by pt.js, which knows whom to leave alone.
// One listener hears everything, so that the file stays small.

const FILES = /\.(pdf|(doc|xls|ppt)x?|csv|zip|rar|7z|t?gz|exe|dmg|apk|mp[34])$/i;
const WORTH_TELLING = 2000; // milliseconds; less than it may lie before its view, where the connection is slow

const { event }: Pick<Api, 'event'> = window.pagetally || { event() {} };
let missing: unknown = document.querySelector('[data-pagetally-404]');
let path: string;
let start: number; // when the page was first looked at
let since: number | false; // up to when it is added up; false while nobody looks
let engaged: number;
let told: number;
let lowest: number;

const hear = ({ type, target, button, persisted }: any): void => {
  const now = performance.now();
  if (persisted || path != location.pathname) {
    path = location.pathname;
    engaged = told = lowest = 0;
  }
  if (!engaged) start = since || now;
  if (since) engaged += now - since;
  since = document.hasFocus() && !document.hidden && now;
  if (scrollY > lowest) lowest = scrollY;
  if (since && missing) missing = event('404', { path }, { i: false });
  if ((!since || type == 'navigate') && engaged - told > WORTH_TELLING) {
    told = engaged;
    event('engagement', {}, {
      e: engaged,
      sd: ((lowest + innerHeight) / document.documentElement.scrollHeight) * 100,
      a: now - start,
    });
  }
  // Either button but the right one. Nothing is prevented or delayed.
  if ((button < 2 || type == 'submit') && target.closest) {
    const props: Record<string, string> = {};
    const named = target.closest('[data-pagetally-event]');
    const link = target.closest('a');
    // A form, which alone has an action, is sent and not clicked.
    if (named && !named.action == button < 2) {
      for (const { name, value } of named.attributes) {
        const [, key] = name.split('pagetally-prop-');
        if (key) props[key] = value;
      }
      event(named.dataset.pagetallyEvent, props);
    } else if (link && link.host) {
      props.url = link.origin + link.pathname; // a query may be private
      event(link.host != location.host ? 'Outbound Link: Click' : FILES.test(props.url) && 'File Download', props);
    }
  }
};

for (const type of 'click auxclick submit pageshow visibilitychange focus blur scroll'.split(' ')) {
  addEventListener(type, hear, true);
}
// It comes before a single-page app moves on. Browsers without it tell too little of the page that is left so.
((window as { navigation?: EventTarget }).navigation || window).addEventListener('navigate', hear);
hear({});
