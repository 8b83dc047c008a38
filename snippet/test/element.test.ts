import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import { pass } from './clock.ts';

const BUILT = new URL('../../analytics/static/', import.meta.url);

/** As much of an element as the components touch. */
class FakeElement {
  isConnected = false;
  title = '';
  style: Record<string, string> = {};
  shadowRoot: FakeElement | null = null;
  children: FakeElement[] = [];
  attributes: Record<string, string> = {};
  parts: string[] = [];
  part = { add: (name: string) => this.parts.push(name) };
  href = '';
  #text = '';
  tag: string;

  constructor(tag = '') {
    this.tag = tag;
  }

  get lang(): string {
    return this.attributes['lang'] ?? '';
  }
  getAttribute(name: string): string | null {
    return this.attributes[name] ?? null;
  }
  attachShadow(): FakeElement {
    return (this.shadowRoot = new FakeElement('shadow'));
  }
  append(...children: FakeElement[]): void {
    this.children.push(...children);
  }
  appendChild(child: FakeElement): FakeElement {
    this.append(child);
    return child;
  }
  get firstChild(): FakeElement | undefined {
    return this.children[0];
  }
  set textContent(text: string) {
    this.#text = text;
    this.children = [];
  }
  /** The text that is seen; a slot shows the fallback. */
  get textContent(): string {
    return this.tag == 'slot' ? 'fallback' : this.#text + this.children.map((child) => child.textContent).join('');
  }
}

class Page {
  urls: string[] = [];
  answer: (url: URL) => unknown = () => Promise.reject(new TypeError('Failed to fetch'));
  location = { hostname: 'example.com', origin: 'https://example.com', pathname: '/a' };
  elements: any[] = [];
  classes: Record<string, any> = {};
  window: Record<string, any>;
  observers: ((list: object) => void)[] = [];

  constructor(file: string) {
    const page = this;
    class PerformanceObserver {
      constructor(tell: (list: object) => void) {
        page.observers.push(tell);
      }
      observe(): void {}
    }
    const go = (_: unknown, __: string, path: string) => void (page.location.pathname = path);
    this.window = {
      HTMLElement: FakeElement,
      customElements: {
        get: (name: string) => this.classes[name],
        define: (name: string, found: any) => (this.classes[name] = found),
      },
      document: {
        currentScript: { src: `https://stats.example.org/v/${file}` },
        documentElement: { lang: 'en' },
        createElement: (tag: string) => new FakeElement(tag),
      },
      history: { pushState: go, replaceState: go },
      location: this.location,
      PerformanceObserver,
      URL,
      URLSearchParams,
      setTimeout: (callback: () => void, delay: number) => setTimeout(callback, delay),
      addEventListener: () => {},
      fetch: async (url: string | URL) => {
        this.urls.push(String(url));
        const found = await this.answer(new URL(url));
        return { json: async () => JSON.parse(JSON.stringify(found)) };
      },
    };
    vm.createContext(this.window);
    const text = readFileSync(new URL(file, BUILT), 'utf8');
    vm.runInContext(text, this.window);
    vm.runInContext(text, this.window); // twice, as a pjax may
  }

  async add(name: string, ...all: Record<string, string>[]): Promise<any[]> {
    for (const attributes of all) {
      const element = new this.classes[name]();
      Object.assign(element.attributes, attributes);
      element.isConnected = true;
      element.connectedCallback();
      this.elements.push(element);
    }
    await pass(50);
    return this.elements;
  }

  /** These addresses have been loaded, by any script. */
  load(...names: string[]): void {
    for (const tell of this.observers) tell({ getEntries: () => names.map((name) => ({ name })) });
  }

  get texts(): string[] {
    return this.elements.map(({ shadowRoot }) => shadowRoot?.textContent ?? 'fallback');
  }
}

function count(views: unknown): Page {
  const page = new Page('page-count.js');
  page.answer = ({ searchParams }) => ({
    site: { views: 965774, visitors: 1, online: 2 },
    pages: Object.fromEntries(searchParams.getAll('path').map((path) => [path, { views, visitors: 7 }])),
  });
  return page;
}

test('an element that explains itself leads to what its number means', async () => {
  const page = count(3);
  const elements = await page.add('page-count', {}, { explain: '' }, { explain: '', metric: 'online' });
  const links = elements.map(({ shadowRoot }) => shadowRoot.children[0]);
  assert.deepEqual(links.map(({ tag }) => tag), ['span', 'a', 'a']);
  const definitions = 'https://stats.example.org/v/definitions';
  assert.deepEqual(links.slice(1).map(({ href }) => new URL(href).href), [`${definitions}#views`, `${definitions}#online`]);
});

for (const [attributes, value, text] of [
  [{}, 1234, '1,234'],
  [{}, 0, '0'],
  [{ format: 'raw' }, 1234, '1234'],
  [{ format: 'compact' }, 999_950, '1M'],
  [{ format: 'compact' }, 965_774, '966K'],
  [{ format: 'compact' }, 999_500, '1M'],
  [{ format: 'compact', lang: 'de' }, 1_234_567, '1,2\u00a0Mio.'],
  [{ lang: 'de' }, 1234, '1.234'],
  [{ lang: 'not_a_language', label: '{n} view|{n} views' }, 1234, `${(1234).toLocaleString()} views`],
  [{ label: '{n} view|{n} views' }, 1, '1 view'],
  [{ label: '{n} view|{n} views' }, 2, '2 views'],
  [{ lang: 'zh', label: '{n} view|{n} views' }, 5, '5 views'],
  [{ label: 'read {n} times' }, 1, 'read 1 times'],
  [{ label: 'views' }, 7, 'views 7'],
  [{ label: 'view|views' }, 1, 'view 1'],
  ...([[1, 'просмотр'], [2, 'просмотра'], [5, 'просмотров'], [21, 'просмотр'], [111, 'просмотров']] as const).map(
    ([value, word]) =>
      [{ lang: 'ru', label: '{n} просмотр|{n} просмотра|{n} просмотров' }, value, `${value} ${word}`] as const,
  ),
  [{ lang: 'fr', label: '{n} vue|{n} vues' }, 0, '0 vue'],
  [{ lang: 'fr', label: '{n} vue|{n} vues' }, 2, '2 vues'],
  [{ min: '10' }, 9, 'fallback'],
  [{ min: '10' }, 10, '10'],
  [{ metric: 'page-visitors' }, 1, '7'],
  [{ metric: 'site-views' }, 1, '965,774'],
  [{ metric: 'online' }, 1, '2'],
  [{ metric: 'page-nonsense' }, 1, 'fallback'],
  [{}, null, 'fallback'],
  [{}, 'NaN', 'fallback'],
] as [Record<string, string>, unknown, string][]) {
  test(`${JSON.stringify(attributes)} of ${value} shows ${text}`, async () => {
    const page = count(value);
    await page.add('page-count', attributes);
    assert.deepEqual(page.texts, [text]);
  });
}

test('all elements share one question, and the exact value is told', async () => {
  const page = count(999_950);
  await page.add('page-count', {}, { format: 'compact' }, { path: '/b' }, { metric: 'site-views', width: '6' });
  assert.deepEqual(page.urls, [
    'https://stats.example.org/v/api/counters?site=example.com&period=all&path=%2Fa&path=%2Fb',
  ]);
  assert.equal(page.elements[1].title, '999,950');
  assert.equal(page.elements[3].style.minWidth, '6ch');
});

test('another page never shows the number of the one before', async () => {
  const page = count(5);
  await page.add('page-count', {}, { path: '/b' });
  assert.deepEqual(page.texts, ['5', '5']);
  page.answer = () => Promise.reject(new TypeError('Failed to fetch'));
  page.window['history'].pushState(null, '', '/c');
  assert.deepEqual(page.texts, ['fallback', '5']);
  await pass(50);
  assert.deepEqual(page.texts, ['fallback', '5']);
  assert.ok(page.urls[1]!.endsWith('&path=%2Fc&path=%2Fb'));
});

test('after a view the number is asked for again, and no older answer replaces it', async () => {
  const page = count(5);
  let answer!: (late: unknown) => void;
  page.answer = () => new Promise((done) => (answer = done));
  await page.add('page-count', {});
  page.load('https://stats.example.org/v/pt.js', 'https://stats.example.org/v/api/counters?site=example.com');
  page.load('https://example.com/api/events?since=1', 'https://example.com/api/event-types', '/api/event/7');
  await pass(50);
  assert.equal(page.urls.length, 1);
  page.answer = () => ({ pages: { '/a': { views: 6 } } });
  page.load('https://stats.example.org/v/k/TOKEN/api/event?counters=1');
  await pass(50);
  assert.deepEqual([page.urls.length, page.texts], [2, ['6']]);
  answer({ pages: { '/a': { views: 5 } } });
  await pass(50);
  assert.deepEqual(page.texts, ['6']);
});

test('a label that changes all the time keeps no number from being shown', async () => {
  const page = count(5);
  const late: ((answer: unknown) => void)[] = [];
  page.answer = () => new Promise((done) => late.push(done));
  const [element] = await page.add('page-count', {});
  for (const label of ['{n} a', '{n} b', '{n} c']) {
    element.attributes.label = label;
    element.attributeChangedCallback();
    late.shift()!({ pages: { '/a': { views: 5 } } });
    await pass(50);
    assert.deepEqual(page.texts, [label.replace('{n}', '5')]);
  }
});

test('more elements than one question takes', async () => {
  const page = count(5);
  await page.add('page-count', ...Array.from({ length: 120 }, (_, number) => ({ path: `/${number}` })));
  assert.deepEqual(page.urls.map((url) => new URL(url).searchParams.getAll('path').length), [99, 21]);
  assert.deepEqual(new Set(page.texts), new Set(['5']));
});

for (const answer of [null, [], {}, { error: 'unknown' }, { site: {}, pages: {} }, { site: null, pages: { '/a': null } }]) {
  test(`the fallback stays after ${JSON.stringify(answer)}`, async () => {
    const page = count(1);
    page.answer = () => answer;
    await page.add('page-count', {}, { metric: 'site-views' });
    assert.deepEqual(page.texts, ['fallback', 'fallback']);
  });
}

test('a list asks for its kind and links to pages of the site alone', async () => {
  const page = new Page('page-list.js');
  page.answer = () => ({
    pages: [
      { path: '/b', title: '<b>B</b>' },
      { path: '/c', title: '' },
      { path: '.evil.example/', title: 'not here' },
      { path: 'javascript:alert(1)', title: 'nor here' },
      { path: '@evil.example/', title: 'nor here' },
    ],
  });
  const [first] = await page.add(
    'page-list',
    { kind: 'popular', window: '7d', limit: '5', exclude: '/ /about*' },
    { kind: 'trending' },
    { kind: 'related' },
  );
  assert.deepEqual(page.urls, [
    'https://stats.example.org/v/api/popular?site=example.com&window=7d&limit=5&exclude=%2F&exclude=%2Fabout*',
    'https://stats.example.org/v/api/popular?site=example.com&metric=trending',
    'https://stats.example.org/v/api/related?site=example.com&path=%2Fa',
  ]);
  const links = first.shadowRoot.children[0].children.map((item: FakeElement) => item.children[0]);
  assert.deepEqual(links.map(({ href, textContent }: FakeElement) => [href, textContent]), [
    ['https://example.com/b', '<b>B</b>'],
    ['https://example.com/c', '/c'],
  ]);
  page.window['history'].pushState(null, '', '/z');
  await pass(50);
  assert.equal(page.urls.length, 4);
  assert.ok(page.urls[3]!.endsWith('path=%2Fz'));
});

test('a list without pages keeps what it held', async () => {
  const page = new Page('page-list.js');
  await page.add('page-list', {});
  page.answer = () => ({ pages: [] });
  await page.add('page-list', { kind: 'related' });
  assert.deepEqual(page.texts, ['fallback', 'fallback']);
});
