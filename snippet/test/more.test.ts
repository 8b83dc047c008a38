import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pass } from './clock.ts';
import { Tab } from './fake.ts';

/** A page with both files, opened at 100 ms; what it counts otherwise is none of these tests. */
const open = (tab = new Tab(), dataset: Record<string, string> = {}, file = 'pt.js') => tab.run(file, dataset).run('pt-more.js');

/** What was told besides views. */
const told = (tab: Tab) => tab.hits.filter(({ n }) => n);
const reports = (tab: Tab) => told(tab).map(({ u, e, sd, a }) => [new URL(String(u)).pathname, e, sd, a]);

// what happens, seconds apart, and what is told: path, milliseconds looked at, per cent seen, milliseconds since
type Step = [seconds: number, step: (tab: Tab) => void];
const hide = (tab: Tab) => tab.hide();
const show = (tab: Tab) => tab.show();
const blur = (tab: Tab) => tab.focus(false);
const focus = (tab: Tab) => tab.focus(true);
const scroll = (to: number) => (tab: Tab) => tab.scroll(to);
const push = (url: string) => (tab: Tab) => tab.push(url);
const restore = (tab: Tab) => tab.fire('pageshow', { persisted: true });

const STORIES: [string, Step[], unknown[]][] = [
  ['a page is left', [[10, hide]], [['/a', 10_000, 25, 10_000]]],
  ['a page is left at once', [[2, hide]], []],
  ['a page is read to the end', [[5, scroll(3000)], [5, scroll(0)], [5, hide]], [['/a', 15_000, 100, 15_000]]],
  ['the time in another tab is none', [[10, hide], [60, show], [10, hide]], [['/a', 10_000, 25, 10_000], ['/a', 20_000, 25, 80_000]]],
  ['the time in another window is none', [[10, blur], [60, focus], [10, hide]], [['/a', 10_000, 25, 10_000], ['/a', 20_000, 25, 80_000]]],
  ['a short look is told with the next', [[1, hide], [9, show], [2, hide]], [['/a', 3_000, 25, 12_000]]],
  ['a second look that is short is not told', [[10, hide], [9, show], [2, hide], [9, show], [1, hide]], [['/a', 10_000, 25, 10_000], ['/a', 13_000, 25, 31_000]]],
  ['hidden twice', [[10, blur], [1, hide], [1, hide]], [['/a', 10_000, 25, 10_000]]],
  ['a single-page app moves on', [[10, push('/b')], [20, hide]], [['/a', 10_000, 25, 10_000], ['/b', 20_000, 25, 20_000]]],
  ['depth is of the page', [[5, scroll(3000)], [5, push('/b')], [0, scroll(0)], [5, scroll(1000)], [5, hide]], [['/a', 10_000, 100, 10_000], ['/b', 10_000, 50, 10_000]]],
  ['a change of the query is no other page', [[10, push('/a?q=1')], [10, hide]], [['/a', 10_000, 25, 10_000], ['/a', 20_000, 25, 20_000]]],
  ['out of the cache the page is another', [[10, hide], [60, show], [0, restore], [5, hide]], [['/a', 10_000, 25, 10_000], ['/a', 5_000, 25, 5_000]]],
];

for (const [name, steps, expected] of STORIES) {
  test(`engagement: ${name}`, () => {
    const tab = open();
    for (const [seconds, step] of steps) {
      tab.time += seconds * 1000;
      step(tab);
    }
    assert.deepEqual(reports(tab), expected);
  });
}

for (const away of [(tab: Tab) => (tab.document['visibilityState'] = 'hidden'), (tab: Tab) => (tab.isFocused = false)]) {
  test(`engagement: a page that was opened unseen is looked at from when it is seen on (${away})`, () => {
    const tab = new Tab();
    away(tab);
    open(tab);
    tab.time += 600_000;
    tab.isFocused = true;
    tab.show();
    tab.time += 5000;
    tab.hide();
    assert.deepEqual(reports(tab), [['/a', 5_000, 25, 5_000]]);
  });
}

test('a report goes as pt.js sends everything: by its tag, without the private query', () => {
  const tab = open(new Tab('https://example.com/a?q=private&p=1#x'), { site: 'example.org', query: 'p' });
  tab.time += 9000;
  tab.hide();
  const { id, ...report } = tab.hits[1]!;
  assert.ok(id);
  assert.deepEqual(report, {
    u: 'https://example.com/a?p=1', d: 'example.org', r: '', t: 'Title', w: 1920, n: 'engagement', p: {}, e: 9000, sd: 25, a: 9000,
  });
  assert.equal(tab.requests[1]!.options['keepalive'], true);
});

/** An element as the script asks it: a form alone has an action. */
function element(attributes: Record<string, string> = {}, href = ''): object {
  const { host, origin, pathname } = href ? new URL(href) : { host: '', origin: '', pathname: '' };
  const found = {
    host, origin, pathname,
    action: 'action' in attributes ? attributes['action'] : undefined,
    attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
    dataset: { pagetallyEvent: attributes['data-pagetally-event'] },
    closest: (selector: string) => {
      if (selector == 'a') return href ? found : null;
      return 'data-pagetally-event' in attributes ? found : null;
    },
  };
  return found;
}

const SIGNUP = { class: 'x', 'data-pagetally-event': 'Signup', 'data-pagetally-prop-plan': 'pro', 'data-prop-b': 'no' };
const FORM = { ...SIGNUP, action: '/go' };
const PRO = { plan: 'pro' };

// event, element, link, what is told
const ACTS: [string, object, Record<string, string>, string, [string, object] | null][] = [
  ['click', { button: 0 }, {}, 'https://other.example/x?token=1#y', ['Outbound Link: Click', { url: 'https://other.example/x' }]],
  ['auxclick', { button: 1 }, {}, 'https://other.example/', ['Outbound Link: Click', { url: 'https://other.example/' }]],
  ['auxclick', { button: 2 }, {}, 'https://other.example/', null],
  ['click', { button: 0 }, {}, 'https://example.com/b.html', null],
  ['click', { button: 0 }, {}, 'https://example.com/b.pdf?x=1', ['File Download', { url: 'https://example.com/b.pdf' }]],
  ['click', { button: 0 }, {}, 'https://example.com/b.TAR.GZ', ['File Download', { url: 'https://example.com/b.TAR.GZ' }]],
  ['click', { button: 0 }, {}, 'https://example.com/pdf', null],
  ['click', { button: 0 }, {}, 'https://other.example/b.pdf', ['Outbound Link: Click', { url: 'https://other.example/b.pdf' }]],
  ['click', { button: 0 }, {}, 'mailto:a@other.example', null],
  ['click', { button: 0 }, {}, 'tel:+123', null],
  ['click', { button: 0 }, {}, '', null],
  ['click', { button: 0 }, SIGNUP, '', ['Signup', PRO]],
  ['click', { button: 0 }, SIGNUP, 'https://other.example/', ['Signup', PRO]],
  ['click', { button: 0 }, { 'data-pagetally-event': 'Bare' }, '', ['Bare', {}]],
  ['click', { button: 0 }, { 'data-pagetally-event': '' }, '', null],
  ['submit', {}, FORM, '', ['Signup', PRO]],
  ['click', { button: 0 }, FORM, '', null],
  ['submit', {}, SIGNUP, '', null],
  ['submit', {}, {}, '', null],
];

for (const [type, event, attributes, href, expected] of ACTS) {
  test(`${type} ${JSON.stringify(event)} on ${JSON.stringify(attributes)} ${href} tells ${JSON.stringify(expected)}`, () => {
    const tab = open();
    tab.fire(type, { ...event, target: element(attributes, href) });
    assert.deepEqual(told(tab).map(({ n, p }) => [n, p]), expected ? [expected] : []);
  });
}

test('an event that is on no element is none', () => {
  const tab = open();
  for (const type of ['click', 'submit']) tab.fire(type, { button: 0, target: tab.document });
  assert.deepEqual(told(tab), []);
});

test('a page that says that it is missing is told once, when it is seen, and ends no bounce', async () => {
  const tab = new Tab('https://example.com/gone');
  tab.mark = '[data-pagetally-404]';
  tab.document['visibilityState'] = 'hidden';
  open(tab);
  assert.deepEqual(tab.hits, []);
  tab.show();
  await pass(100);
  tab.push('/b');
  tab.hide();
  tab.show();
  const [{ n, p, i }, ...more] = told(tab) as [any];
  assert.deepEqual([n, p, i, more], ['404', { path: '/gone' }, false, []]);
});

/** Everything that could be told. */
function misbehave(tab: Tab): void {
  tab.time += 60_000;
  tab.fire('click', { button: 0, target: element(SIGNUP) });
  tab.fire('click', { button: 0, target: element({}, 'https://other.example/') });
  tab.push('/b');
  tab.time += 60_000;
  tab.hide();
}

const SILENT: [string, (tab: Tab) => void, string?][] = [
  ['an automated browser', (tab) => (tab.window['navigator'].webdriver = true)],
  ['a browser that opted out', (tab) => (tab.storage['pagetally'] = 'off')],
  ['localhost', () => {}, 'http://localhost:3000/'],
  ['a saved page', () => {}, 'file:///home/me/a.html'],
];

for (const file of ['pt.js', 'pt-lite.js']) {
  for (const [name, prepare, href] of SILENT) {
    test(`${file}: nothing is told in ${name}`, () => {
      const tab = new Tab(href);
      tab.mark = '[data-pagetally-404]';
      prepare(tab);
      misbehave(open(tab, {}, file));
      assert.deepEqual(tab.hits, []);
    });
  }

  test(`${file}: four things are told on two pages`, () => {
    const tab = open(new Tab(), { manual: '' }, file);
    misbehave(tab);
    assert.deepEqual(tab.hits.map(({ n }) => n), ['Signup', 'Outbound Link: Click', 'engagement', 'engagement']);
  });
}

test('without pt.js nothing is told and nothing breaks', () => {
  const tab = new Tab().run('pt-more.js');
  misbehave(tab);
  assert.deepEqual(tab.requests, []);
});

test('a browser without the Navigation API tells of the page that is left last', () => {
  const tab = new Tab();
  delete tab.window['navigation'];
  open(tab);
  tab.time += 10_000;
  tab.hide();
  assert.deepEqual(reports(tab), [['/a', 10_000, 25, 10_000]]);
});
