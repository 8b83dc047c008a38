import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pass } from './clock.ts';
import { Tab } from './fake.ts';

const A = 'https://example.com/a';
const B = 'https://example.com/b';

type Step = (tab: Tab, file: string) => unknown;
type Case = { name: string; href?: string; tag?: Record<string, string>; before?: Step; steps?: Step[]; counted: string[] };

const push = (url: string): Step => (tab) => tab.push(url);
const replace = (url?: string): Step => (tab) => tab.replace(url);
const wait: Step = () => pass(100);
const hide: Step = (tab) => tab.hide();
const show: Step = (tab) => tab.show();
const view: Step = (tab) => tab.api.view();
const rerun: Step = (tab, file) => tab.run(file);
const back: Step = (tab) => tab.back();
const jump = (hash: string): Step => (tab) => tab.jump(hash);
const setHidden: Step = (tab) => (tab.document['visibilityState'] = 'hidden');
const setPrerendering: Step = (tab) => Object.assign(tab.document, { prerendering: true, visibilityState: 'hidden' });
const activate: Step = (tab) => {
  Object.assign(tab.document, { prerendering: false, visibilityState: 'visible' });
  tab.fire('prerenderingchange');
  tab.fire('visibilitychange');
};
const setPrerenderingOnly: Step = (tab) => (tab.document['prerendering'] = true);
const activateOnly: Step = (tab) => {
  Object.assign(tab.document, { prerendering: false, visibilityState: 'visible' });
  tab.fire('prerenderingchange');
};
const restoreOnly: Step = (tab) => {
  tab.document['visibilityState'] = 'visible';
  tab.fire('pageshow', { persisted: true });
};
const setLoading: Step = (tab) => (tab.document['readyState'] = 'loading');
const parsed: Step = (tab) => {
  tab.document['readyState'] = 'interactive';
  tab.fire('DOMContentLoaded');
};
const setWebdriver: Step = (tab) => (tab.window['navigator'].webdriver = true);
const setOff: Step = (tab) => (tab.storage['pagetally'] = 'off');
const blockStorage: Step = (tab) =>
  Object.defineProperty(tab, 'storage', {
    get() {
      throw new Error('SecurityError');
    },
  });
const leave: Step = (tab) => {
  tab.fire('pagehide', { persisted: true });
  tab.hide();
};
const restore: Step = (tab) => {
  tab.show();
  tab.fire('pageshow', { persisted: true });
};

const EVERYWHERE = { everywhere: '' };

const CASES: Case[] = [
  { name: 'a normal load counts once', counted: [A] },
  { name: 'a load that fires pageshow counts once', steps: [(tab) => tab.fire('pageshow', { persisted: false }), wait], counted: [A] },
  { name: 'an async script waits for the document', before: setLoading, counted: [] },
  { name: 'an async script counts once the document is parsed', before: setLoading, steps: [parsed], counted: [A] },

  { name: 'a hidden tab does not count', before: setHidden, counted: [] },
  { name: 'a hidden tab counts when first shown', before: setHidden, steps: [show], counted: [A] },
  { name: 'a hidden tab counts once', before: setHidden, steps: [show, wait, hide, wait, show], counted: [A] },
  { name: 'a tab that is left and shown again counts once', steps: [hide, wait, show], counted: [A] },
  { name: 'a hidden tab that moves on counts what is shown', before: setHidden, steps: [push('/b'), wait, show], counted: [B] },
  { name: 'a hidden tab counts the asked view when shown', before: setHidden, steps: [view, view, show], counted: [A] },
  { name: 'a prerendered page does not count', before: setPrerendering, counted: [] },
  { name: 'a prerendered page counts once when activated', before: setPrerendering, steps: [activate], counted: [A] },
  { name: 'a prerendered page that calls itself visible does not count', before: setPrerenderingOnly, counted: [] },
  { name: 'prerenderingchange alone is enough', before: setPrerendering, steps: [activateOnly], counted: [A] },
  { name: 'pageshow alone is enough', steps: [leave, wait, restoreOnly], counted: [A, A] },
  { name: 'a page out of the back-forward cache counts anew', steps: [leave, wait, restore], counted: [A, A] },
  { name: 'a page out of the back-forward cache counts when visible', steps: [leave, (tab) => tab.fire('pageshow', { persisted: true })], counted: [A] },

  { name: 'pushState counts', steps: [push('/b')], counted: [A, B] },
  { name: 'replaceState counts', steps: [replace('/b')], counted: [A, B] },
  { name: 'back counts', steps: [push('/b'), wait, back], counted: [A, B, A] },
  { name: 'pushState to the same page does not count', steps: [push('/a'), wait, push('/a#x'), wait, push('/a?tab=2')], counted: [A] },
  { name: 'replaceState of the state alone does not count', steps: [replace()], counted: [A] },
  { name: 'pushState and replaceState at once are one view', steps: [push('/b'), replace('/b?x=1')], counted: [A, B] },
  { name: 'a redirect counts where it ends', steps: [push('/c'), replace('/b')], counted: [A, B] },
  { name: 'there and back at once counts nothing', steps: [push('/b'), push('/a')], counted: [A] },
  { name: 'a fragment does not count', steps: [jump('#part')], counted: [A] },
  { name: 'a kept key makes a page', tag: { query: 'p' }, steps: [push('/a?p=2')], counted: [A, A + '?p=2'] },
  { name: 'a campaign that is tidied away makes no page', href: A + '?utm_source=x', steps: [replace('/a')], counted: [A + '?utm_source=x'] },

  { name: 'a second run on the same page does not count', steps: [rerun], counted: [A] },
  { name: 'a second run after pushState counts once', steps: [push('/b'), rerun], counted: [A, B] },
  { name: 'a second run long after pushState counts once', steps: [push('/b'), wait, rerun, wait, rerun], counted: [A, B] },
  { name: 'a second run before pushState counts once', steps: [rerun, push('/b')], counted: [A, B] },
  { name: 'an element with the id pagetally does not stop the script', before: (tab) => (tab.window['pagetally'] = { id: 'pagetally' }), counted: [A] },

  { name: 'view() counts the same page again', steps: [view], counted: [A, A] },
  { name: 'view() right after pushState is the one view of the page', steps: [push('/b'), view], counted: [A, B] },
  { name: 'data-manual counts nothing by itself', tag: { manual: '' }, steps: [push('/b'), wait, leave, wait, restore, rerun], counted: [] },
  { name: 'data-manual counts on view()', tag: { manual: '' }, steps: [view, push('/b'), wait, view], counted: [A, B] },
  { name: 'data-manual counts a hidden view() when shown', tag: { manual: '' }, before: setHidden, steps: [view, show], counted: [A] },

  { name: 'an automated browser does not count', before: setWebdriver, counted: [] },
  { name: 'an automated browser counts with data-everywhere', tag: EVERYWHERE, before: setWebdriver, counted: [A] },
  { name: 'view() and event() obey as well', before: setWebdriver, steps: [view, (tab) => tab.api.event('x')], counted: [] },
  ...['http://localhost/', 'http://localhost:3000/', 'http://127.0.0.1:8000/', 'http://127.1.2.3/', 'http://[::1]:4000/', 'http://app.localhost/'].flatMap(
    (href): Case[] => [
      { name: `${href} does not count`, href, counted: [] },
      { name: `${href} counts with data-everywhere`, href, tag: EVERYWHERE, counted: [href] },
    ],
  ),
  ...['https://localhost.example.com/', 'https://127.example.com/', 'https://8.8.127.1/', 'https://[::12]/', 'http://192.168.0.2/'].map(
    (href): Case => ({ name: `${href} counts`, href, counted: [href] }),
  ),
  { name: 'file: does not count', href: 'file:///a', counted: [] },
  { name: 'file: does not count with data-site', href: 'file:///a', tag: { site: 'example.com' }, counted: [] },
  { name: 'file: of no site does not count anywhere', href: 'file:///a', tag: EVERYWHERE, counted: [] },
  { name: 'file: counts with data-everywhere and data-site', href: 'file:///a', tag: { everywhere: '', site: 'example.com' }, counted: [A] },

  { name: 'the opt-out counts nothing', before: setOff, steps: [push('/b'), view, (tab) => tab.api.event('x')], counted: [] },
  { name: 'the opt-out wins over data-everywhere', tag: EVERYWHERE, before: setOff, counted: [] },
  { name: '#pagetally-off turns counting off', href: A + '#pagetally-off', steps: [push('/b')], counted: [] },
  { name: '#pagetally-on turns counting on', href: A + '#pagetally-on', before: setOff, counted: [A] },
  { name: '#pagetally-off works on an open page', steps: [jump('#pagetally-off'), wait, push('/b')], counted: [A] },
  { name: '#pagetally-on works on an open page', before: setOff, steps: [jump('#pagetally-on'), wait, push('/b')], counted: [B] },
  { name: 'another fragment changes nothing', href: A + '#x-pagetally-off', counted: [A] },
  { name: 'blocked storage does not stop the script', before: blockStorage, counted: [A] },
];

for (const file of ['pt.js', 'pt-lite.js', 'drop-in.js']) {
  for (const { name, href, tag, before, steps = [], counted } of CASES) {
    test(`${file}: ${name}`, async () => {
      const tab = new Tab(href);
      if (before) before(tab, file);
      tab.run(file, tag);
      for (const step of steps) await step(tab, file);
      await pass(1000);
      assert.deepEqual(tab.urls, counted);
    });
  }

  test(`${file}: the title is the one that the framework sets after the address`, async () => {
    const tab = new Tab().run(file);
    tab.push('/b');
    tab.document['title'] = 'B';
    await pass(100);
    assert.deepEqual(tab.hits.map(({ t }) => t), ['Title', 'B']);
  });

  test(`${file}: a pushState that throws still throws and counts nothing`, async () => {
    const tab = new Tab().run(file);
    assert.throws(() => tab.push('https://[bad'));
    await pass(100);
    assert.deepEqual(tab.urls, [A]);
  });

  for (const [href, before, after] of [
    [A, {}, {}],
    [A + '#pagetally-off', {}, { pagetally: 'off' }],
    [A + '#pagetally-on', { pagetally: 'off' }, {}],
  ] as const) {
    test(`${file}: ${href} leaves ${JSON.stringify(after)} in the storage`, () => {
      const tab = new Tab(href);
      tab.storage = { ...before };
      tab.run(file);
      assert.deepEqual(tab.storage, after);
    });
  }
}
