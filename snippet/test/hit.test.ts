import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pass } from './clock.ts';
import { Tab } from './fake.ts';

const SITE = { everywhere: '', site: 'example.com' };

// address of the page, attributes of the tag, URL as sent
const REDUCED: [string, Record<string, string>, string][] = [
  ['https://example.com/', {}, 'https://example.com/'],
  ['https://example.com/a/b.html', {}, 'https://example.com/a/b.html'],
  ['https://example.com:8443/a', {}, 'https://example.com:8443/a'],
  ['https://example.com/a#part', {}, 'https://example.com/a'],
  ['https://example.com/a?token=secret#part', {}, 'https://example.com/a'],
  ['https://example.com/a?', {}, 'https://example.com/a'],
  ['https://example.com/a?&&', {}, 'https://example.com/a'],
  ['https://example.com/a?=x', {}, 'https://example.com/a'],
  ['https://user:word@example.com/a', {}, 'https://example.com/a'],
  ['https://example.com/中?q=1', {}, 'https://example.com/%E4%B8%AD'],
  ['https://münchen.de/a', {}, 'https://xn--mnchen-3ya.de/a'],
  ['https://example.com/a?utm_source=x&q=1&utm_medium=y', {}, 'https://example.com/a?utm_source=x&utm_medium=y'],
  ['https://example.com/?ref=x&source=y', {}, 'https://example.com/?ref=x&source=y'],
  ['https://example.com/?gclid=1&fbclid=2&msclkid=3', {}, 'https://example.com/?gclid=1&fbclid=2&msclkid=3'],
  ['https://example.com/?refresh=1&my_utm_source=2&resource=3&clid=4', {}, 'https://example.com/'],
  ['https://example.com/?q=utm_source=x', {}, 'https://example.com/'],
  ['https://example.com/?p=12&q=1', { query: 'p' }, 'https://example.com/?p=12'],
  ['https://example.com/?id=1&p=2&pp=3&x=4', { query: 'p, id' }, 'https://example.com/?id=1&p=2'],
  ['https://example.com/?p&f[]=1&a.b=2', { query: 'p,f[],a.b' }, 'https://example.com/?p&f[]=1&a.b=2'],
  ['https://example.com/?x=%E4%B8%AD&utm_term=a%26b', { query: 'x' }, 'https://example.com/?x=%E4%B8%AD&utm_term=a%26b'],
  ['https://example.com/a?undefined=1', {}, 'https://example.com/a'],
  ['http://localhost:3000/a', { everywhere: '' }, 'http://localhost:3000/a'],
  ['file:///home/me/site/a.html?q=1', SITE, 'https://example.com/home/me/site/a.html'],
];

for (const file of ['pt.js', 'pt-lite.js']) {
  for (const [href, dataset, url] of REDUCED) {
    test(`${file} sends ${href} ${JSON.stringify(dataset)} as ${url}`, () => {
      assert.deepEqual(new Tab(href).run(file, dataset).urls, [url]);
    });
  }

  test(`${file}: a view is one plain POST without cookie, referrer or preflight`, () => {
    const tab = new Tab().run(file);
    const { url, options } = tab.requests[0]!;
    assert.equal(url, 'https://stats.example.org/api/event');
    assert.equal(typeof options['body'], 'string'); // which fetch sends as text/plain
    assert.deepEqual({ ...options, body: undefined }, {
      method: 'POST',
      keepalive: true,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      body: undefined,
    });
  });

  test(`${file}: the body of a view holds its URL, title, screen width and id and nothing else`, () => {
    const [hit] = new Tab().run(file).hits;
    assert.match(String(hit!['id']), /^0\.\d{6,}/);
    assert.deepEqual(hit, { u: 'https://example.com/a', r: '', t: 'Title', w: 1920, id: hit!['id'] });
  });

  test(`${file}: every view has an id of its own`, async () => {
    const tab = new Tab().run(file);
    tab.api.view();
    assert.notEqual(tab.hits[0]!['id'], tab.hits[1]!['id']);
  });

  for (const [site, d] of [['example.com', 'example.com'], ['', '']]) {
    test(`${file}: data-site="${site}" is sent as ${d}`, () => {
      assert.equal(new Tab().run(file, { site: site! }).hits[0]!['d'], d);
    });
  }

  test(`${file}: the referrer goes with the first view only`, async () => {
    const tab = new Tab();
    tab.document['referrer'] = 'https://news.example/';
    tab.run(file).push('/b');
    await pass(100);
    tab.api.event('late');
    assert.deepEqual(tab.hits.map(({ r }) => r), ['https://news.example/', '', '']);
  });

  test(`${file}: the referrer waits for the first view of a manual page`, () => {
    const tab = new Tab();
    tab.document['referrer'] = 'https://news.example/';
    tab.run(file, { manual: '' }).api.view();
    assert.equal(tab.hits[0]!['r'], 'https://news.example/');
  });

  test(`${file}: a custom event has name and props and asks for no counters`, () => {
    const tab = new Tab().run(file);
    tab.api.event('signup', { plan: 'pro' });
    tab.api.event('bare');
    const [, signup, bare] = tab.hits;
    assert.deepEqual([signup!['n'], signup!['p'], signup!['u']], ['signup', { plan: 'pro' }, 'https://example.com/a']);
    assert.ok(!('p' in bare!));
    assert.ok(tab.requests.every(({ url }) => url.endsWith('/api/event')));
  });

  test(`${file}: an event without a name is not sent, it would pass for a view`, () => {
    const tab = new Tab().run(file);
    tab.api.event();
    tab.api.event('');
    assert.equal(tab.hits.length, 1);
  });

  for (const [src, api, url] of [
    ['https://host/pt.js', undefined, 'https://host/api/event'],
    ['https://host/stats/pt.js', undefined, 'https://host/stats/api/event'],
    ['https://host/stats/pt.js?v=1/2#x', undefined, 'https://host/stats/api/event'],
    ['https://cdn.example/x/pt.js', 'https://other', 'https://other/api/event'],
    ['https://cdn.example/x/pt.js', 'https://other/base', 'https://other/base/api/event'],
    ['https://example.com/x/pt.js', '/stats', 'https://example.com/stats/api/event'],
  ] as const) {
    test(`${file} from ${src} with data-api=${api} posts to ${url}`, () => {
      assert.equal(new Tab().run(file, api ? { api } : {}, src).requests[0]!.url, url);
    });
  }

  for (const [name, fail] of [
    ['a network failure', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['a 503', () => ({ status: 503 })],
  ] as const) {
    test(`${file}: ${name} is tried once more after two seconds, with the same id`, async () => {
      const tab = new Tab();
      tab.server = fail;
      tab.run(file);
      await pass(1999);
      assert.equal(tab.hits.length, 1);
      await pass(1);
      assert.equal(tab.hits.length, 2);
      assert.deepEqual(tab.hits[0], tab.hits[1]);
      await pass(60_000);
      assert.equal(tab.hits.length, 2);
    });
  }

  for (const status of [200, 202, 400, 404, 429, 500]) {
    test(`${file}: a ${status} is not tried again`, async () => {
      const tab = new Tab();
      tab.server = () => ({ status });
      tab.run(file);
      await pass(60_000);
      assert.equal(tab.hits.length, 1);
    });
  }
}

for (const file of ['pt.js', 'pt-lite.js']) {
  test(`${file}: a module counts a view, with what its tag says`, async () => {
    const tab = new Tab('https://example.com/?p=12&q=1').runModule(file, { query: 'p', api: 'https://other.example.org' });
    await pass(0);
    assert.deepEqual(tab.urls, ['https://example.com/?p=12']);
    assert.match(tab.requests[0]!.url, /^https:\/\/other\.example\.org\/api\/event/);
  });
}
