import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pass } from './clock.ts';
import { answerWell, span, Tab } from './fake.ts';
import type { Answer, Request, Span } from './fake.ts';

const ALL = ['page-views', 'site-views', 'page-visitors', 'site-visitors', 'online'];

function open(spans: Span[], href?: string): Tab {
  const tab = new Tab(href);
  tab.spans = spans;
  return tab;
}

async function run(tab: Tab, tag?: Record<string, string>): Promise<Tab> {
  tab.run('pt.js', tag);
  await pass(100);
  return tab;
}

/** Answers only when told to. */
function holdAnswers(tab: Tab): ((answer?: Answer) => void)[] {
  const held: ((answer?: Answer) => void)[] = [];
  tab.server = (request) => new Promise((done) => held.push((answer = answerWell(request)) => done(answer)));
  return held;
}

test('the answer to the view fills every element in one round trip', async () => {
  const tab = await run(open([...ALL, 'page-views'].map((name) => span(name))));
  assert.deepEqual(tab.texts, ['210', '965,774', '180', '1,234', '2', '210']);
  assert.deepEqual(tab.requests.map(({ url }) => url), ['https://stats.example.org/api/event?counters=1']);
});

test('a page without elements asks for no counters', async () => {
  assert.deepEqual((await run(open([]))).requests.map(({ url }) => url), ['https://stats.example.org/api/event']);
  const idle = open([]);
  idle.storage = { pagetally: 'off' };
  assert.deepEqual((await run(idle)).requests, []);
});

test('elements that the parser has not reached yet are found', async () => {
  const tab = open([]);
  tab.document['readyState'] = 'loading';
  tab.run();
  tab.spans = [span('page-views')];
  tab.document['readyState'] = 'interactive';
  tab.fire('DOMContentLoaded');
  await pass(100);
  assert.deepEqual(tab.texts, ['210']);
});

test('the page is found under the name that the server gives it', async () => {
  assert.deepEqual((await run(open([span('page-views')], 'https://example.com/a/'))).texts, ['210']);
});

for (const [lang, text] of [['en', '965,774'], ['de', '965.774'], ['en_US', (965774).toLocaleString()], ['', (965774).toLocaleString()]] as const) {
  test(`a page in "${lang}" shows ${text}`, async () => {
    const tab = open([span('site-views'), span('site-views', { plain: '' })]);
    tab.document['documentElement'].lang = lang;
    assert.deepEqual((await run(tab)).texts, [text, '965774']);
  });
}

test('zero is shown as 0', async () => {
  const tab = open([span('page-views'), span('online', { plain: '' })]);
  tab.server = () => ({ status: 202, json: { site: { views: 0, online: 0 }, pages: { '/a': { views: 0 } } } });
  assert.deepEqual((await run(tab)).texts, ['0', '0']);
});

const MALFORMED: [string, (request: Request) => Answer | Promise<Answer>][] = [
  ['the text "ok"', () => ({ status: 202 })],
  ['null', () => ({ json: null })],
  ['a list', () => ({ json: [] })],
  ['an error', () => ({ status: 404, json: { error: 'unknown site' } })],
  ['empty objects', () => ({ json: { site: {}, pages: {} } })],
  ['an empty page', () => ({ json: { site: {}, pages: { '/a': {} } } })],
  ['null for numbers', () => ({ json: { site: { views: null, visitors: null, online: null }, pages: { '/a': null } } })],
  ['texts for numbers', () => ({ json: { site: { views: '7', online: 'NaN' }, pages: { '/a': { views: '' } } } })],
  ['a 503', () => ({ status: 503 })],
  ['no answer at all', () => Promise.reject(new TypeError('Failed to fetch'))],
];
for (const [name, server] of MALFORMED) {
  for (const storage of [{}, { pagetally: 'off' }] as Record<string, string>[]) {
    test(`${name} leaves the placeholders (${'pagetally' in storage ? 'read' : 'view'})`, async () => {
      const tab = open([...ALL, 'constructor', 'page', 'page-constructor', ''].map((metric) => span(metric)));
      Object.assign(tab, { server, storage });
      await run(tab);
      await pass(5000);
      assert.deepEqual(new Set(tab.texts), new Set(['–']));
    });
  }
}

test('what the answer lacks stays as it is, the rest is filled', async () => {
  const tab = open([span('site-visitors'), span('page-views'), span('site-views')]);
  tab.server = () => ({ json: { site: { views: 7 }, pages: { '/a': {} } } });
  assert.deepEqual((await run(tab)).texts, ['–', '–', '7']);
});

test('the second try fills as well', async () => {
  const tab = open([span('page-views')]);
  tab.server = (request) => (tab.requests.length == 1 ? { status: 503 } : answerWell(request));
  await run(tab);
  await pass(2000);
  assert.deepEqual(tab.texts, ['210']);
});

for (const [name, href, arrange, read] of [
  ['an automated browser', 'https://example.com/abc', (tab: Tab) => (tab.window['navigator'].webdriver = true), 'site=example.com&path=%2Fabc'],
  ['an opt-out', 'https://example.com/abc?q=1', (tab: Tab) => (tab.storage = { pagetally: 'off' }), 'site=example.com&path=%2Fabc'],
  ['localhost', 'http://localhost:3000/abc', () => {}, 'site=localhost&path=%2Fabc'],
] as const) {
  test(`${name} reads the numbers without counting`, async () => {
    const tab = open([span('page-views'), span('site-views')], href);
    arrange(tab);
    await run(tab);
    assert.deepEqual(tab.requests.map(({ url, options }) => [url, options['method']]), [
      ['https://stats.example.org/api/counters?' + read, undefined],
    ]);
    assert.deepEqual(tab.texts, ['4', '965,774']);
  });
}

test('a read names the site of the tag and keeps the keys of the page, not of a campaign', async () => {
  const tab = open([span('page-views')], 'http://localhost/a?p=1&utm_source=x&q=2');
  await run(tab, { site: 'example.com', query: 'p' });
  assert.deepEqual(tab.reads, ['https://stats.example.org/api/counters?site=example.com&path=%2Fa%3Fp%3D1']);
});

test('a hidden page neither counts nor reads', async () => {
  const tab = open([span('page-views')]);
  tab.document['visibilityState'] = 'hidden';
  assert.deepEqual((await run(tab)).requests, []);
});

test('data-path shows other pages of the site, by one read after the view', async () => {
  const tab = open([span('page-views'), span('page-views', { path: '/other' }), span('page-visitors', { path: '/中' }), span('site-views')]);
  await run(tab);
  assert.deepEqual(tab.requests.map(({ url }) => url), [
    'https://stats.example.org/api/event?counters=1',
    'https://stats.example.org/api/counters?site=example.com&path=%2Fa&path=%2Fother&path=%2F%E4%B8%AD',
  ]);
  assert.deepEqual(tab.texts, ['2', '6', '0', '965,774']);
});

test('an empty data-path means the current page', async () => {
  const tab = await run(open([span('page-views', { path: '' })]));
  assert.deepEqual([tab.texts, tab.reads], [['210'], []]);
});

test('the number of another page never stands for the current one', async () => {
  const tab = open([span('page-views'), span('page-views', { path: '/other' })], 'http://localhost/a');
  tab.server = () => ({ json: { site: { views: 7 }, pages: { '/other': { views: 6 } } } });
  assert.deepEqual((await run(tab)).texts, ['–', '6']);
});

test('the number of the current page never stands for another', async () => {
  const tab = open([span('page-views', { path: '/other' }), span('page-views')]);
  tab.server = (request) => (request.body ? answerWell(request) : { json: { site: { views: 965774 }, pages: {} } });
  assert.deepEqual((await run(tab)).texts, ['–', '210']);
});

test('fill() reads again without counting', async () => {
  const tab = await run(open([]));
  tab.spans = [span('page-views')];
  tab.api.fill();
  await pass();
  assert.deepEqual([tab.texts, tab.hits.length, tab.reads.length], [['2'], 1, 1]);
});

test('data-manual fills on view()', async () => {
  const tab = await run(open([span('page-views')]), { manual: '' });
  assert.deepEqual(tab.texts, ['–']);
  tab.api.view();
  await pass();
  assert.deepEqual([tab.texts, tab.requests.length], [['210'], 1]);
});

test('an answer for a page that was left is not written', async () => {
  const tab = open([span('page-views'), span('site-views')]);
  const answers = holdAnswers(tab);
  await run(tab);
  tab.push('/b');
  answers[0]!();
  await pass();
  assert.deepEqual(tab.texts, ['–', '–']);
  await pass(100);
  answers[1]!({ json: { site: { views: 8 }, pages: { '/b': { views: 7 } } } });
  await pass();
  assert.deepEqual(tab.texts, ['7', '8']);
});

test('an answer survives a change of the address that is none of the page', async () => {
  const tab = open([span('page-views')]);
  const answers = holdAnswers(tab);
  await run(tab);
  tab.push('/a#part');
  answers[0]!();
  await pass(100);
  assert.deepEqual(tab.texts, ['210']);
});

test('a new page that cannot be counted does not keep the number of the former', async () => {
  const tab = await run(open([span('page-views'), span('site-views'), span('page-views', { path: '/x' })]));
  tab.server = () => Promise.reject(new TypeError('Failed to fetch'));
  tab.push('/b');
  await pass(100);
  await pass(2000);
  assert.deepEqual(tab.texts, ['–', '965,774', '2']);
});

test('an element that has left the document is let go', async () => {
  const former = span('page-views');
  const tab = await run(open([former]));
  tab.spans = [];
  tab.push('/b');
  await pass(100);
  assert.equal(former.textContent, '–');
  former.textContent = 'kept';
  tab.push('/c');
  await pass(100);
  assert.equal(former.textContent, 'kept');
});

test('a pjax that replaced the page fills the new elements by the one view', async () => {
  const tab = await run(open([span('page-views')]));
  tab.push('/b');
  tab.spans = [span('page-views')];
  tab.run();
  await pass(100);
  assert.deepEqual([tab.texts, tab.urls.length, tab.reads], [['210'], 2, []]);
});

test('a second run on a page that is counted already refills its new elements', async () => {
  const tab = await run(open([span('page-views')]));
  tab.spans = [span('page-views')];
  tab.run();
  await pass(100);
  assert.deepEqual([tab.texts, tab.urls.length, tab.reads.length], [['2'], 1, 1]);
});

test('the light build touches no element', async () => {
  const tab = open([span('page-views')]).run('pt-lite.js');
  await pass();
  assert.deepEqual([tab.texts, tab.api.fill], [['–'], undefined]);
  assert.deepEqual(tab.requests.map(({ url }) => url), ['https://stats.example.org/api/event']);
});
