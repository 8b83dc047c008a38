import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const BUILT = new URL('../../analytics/static/', import.meta.url);

export type Span = { textContent: string; dataset: Record<string, string> };
export type Request = { url: string; options: Record<string, unknown>; body?: Record<string, unknown> };
export type Answer = { status?: number; json?: unknown };

/** `<span data-…>–</span>` */
export const span = (pagetally: string, data: Record<string, string> = {}): Span => ({
  textContent: '–',
  dataset: { pagetally, ...data },
});

const COUNTERS = { site: { domain: 'example.com', views: 965774, visitors: 1234, online: 2 } };

/** What the server says when all is well: a view is answered under the canonical path, a read as it was asked. */
export function answerWell({ url, body }: Request): Answer {
  const { pathname, searchParams } = new URL(url);
  if (pathname.endsWith('/api/counters')) {
    const pages = searchParams.getAll('path').map((path) => [path, { views: path.length, visitors: 0 }]);
    return { json: { ...COUNTERS, pages: Object.fromEntries(pages) } };
  }
  if (!searchParams.has('counters')) return { status: 202 };
  const path = new URL(String(body!.u)).pathname.replace(/(.)\/$/, '$1');
  return { status: 202, json: { ...COUNTERS, pages: { [path]: { views: 210, visitors: 180 } } } };
}

/** A browser tab: as much of one as the script touches. */
export class Tab {
  requests: Request[] = [];
  server: (request: Request) => Answer | Promise<Answer> = answerWell;
  spans: Span[] = [];
  storage: Record<string, string> = {};
  time = 100; // milliseconds since the page was opened
  isFocused = true;
  mark = ''; // a selector that something on the page fits
  document: Record<string, any>;
  window: Record<string, any>;
  #listeners: Record<string, ((event: object) => void)[]> = {};
  #listen = (type: string, listener: (event: object) => void) => void (this.#listeners[type] ||= []).push(listener);
  #url: URL;
  #entries: URL[];

  constructor(href = 'https://example.com/a') {
    this.#url = new URL(href);
    this.#entries = [this.#url];
    const tab = this;
    const go = (_state: unknown, _title: string, url?: string) => {
      this.fire('navigate');
      this.#url = new URL(url || this.#url.href, this.#url);
      return this.#url;
    };
    this.document = {
      title: 'Title',
      referrer: '',
      readyState: 'interactive',
      visibilityState: 'visible',
      prerendering: false,
      documentElement: { lang: 'en', scrollHeight: 4000 },
      currentScript: null,
      get hidden() {
        return tab.document['visibilityState'] != 'visible';
      },
      hasFocus: () => this.isFocused,
      querySelector: (selector: string) => (selector == this.mark ? {} : null),
      querySelectorAll: (selector: string) => {
        const names = [...selector.matchAll(/\[data-([a-z]+)\]/g)].map(([, name]) => name!);
        return this.spans.filter(({ dataset }) => names.every((name) => name in dataset));
      },
    };
    this.window = {
      document: this.document,
      navigator: { webdriver: false },
      history: {
        pushState: (...args: Parameters<typeof go>) => void this.#entries.push(go(...args)),
        replaceState: (...args: Parameters<typeof go>) => void (this.#entries[this.#entries.length - 1] = go(...args)),
      },
      get location() {
        return tab.#url;
      },
      get localStorage() {
        return tab.storage;
      },
      URL,
      setTimeout: (callback: (...given: unknown[]) => void, delay: number, ...given: unknown[]) => setTimeout(callback, delay, ...given),
      clearTimeout: (timer: ReturnType<typeof setTimeout>) => clearTimeout(timer),
      CustomEvent,
      dispatchEvent: () => true,
      addEventListener: this.#listen,
      performance: { now: () => this.time },
      scrollY: 0,
      innerHeight: 1000,
      screen: { width: 1920 },
      navigation: { addEventListener: this.#listen },
      fetch: async (url: string | URL, options: Record<string, unknown>) => {
        const body = options['body'] === undefined ? undefined : JSON.parse(String(options['body']));
        const request = { url: String(url), options, body };
        this.requests.push(request);
        const { status = 200, json } = await this.server(request);
        return { status, json: async () => JSON.parse(json === undefined ? 'ok' : JSON.stringify(json)) };
      },
    };
    this.window['window'] = this.window;
    vm.createContext(this.window);
  }

  /** Runs a built file as `<script type=module id=pt src … data-…>` does. */
  runModule(file: string, dataset: Record<string, string> = {}): this {
    this.document['scripts'] = { pt: { src: `https://stats.example.org/${file}`, dataset } };
    vm.runInContext('"use strict";' + readFileSync(new URL(file, BUILT), 'utf8'), this.window);
    return this;
  }

  /** Runs a built file as `<script src … data-…>` does; again for a pjax that runs it again. */
  run(file = 'pt.js', dataset: Record<string, string> = {}, src = `https://stats.example.org/${file}`): this {
    this.document['currentScript'] = { src, dataset };
    vm.runInContext(readFileSync(new URL(file, BUILT), 'utf8'), this.window);
    this.document['currentScript'] = null;
    return this;
  }

  fire(type: string, event: object = {}): void {
    for (const listener of this.#listeners[type] || []) listener({ type, ...event });
  }

  show(): void {
    this.document['visibilityState'] = 'visible';
    this.fire('visibilitychange');
  }

  hide(): void {
    this.document['visibilityState'] = 'hidden';
    this.fire('visibilitychange');
  }

  /** Its window comes to the front, or another one does. */
  focus(isFocused: boolean): void {
    this.isFocused = isFocused;
    this.fire(isFocused ? 'focus' : 'blur');
  }

  scroll(to: number): void {
    this.window['scrollY'] = to;
    this.fire('scroll');
  }

  push = (url: string): void => this.window['history'].pushState(null, '', url);
  replace = (url?: string): void => this.window['history'].replaceState(null, '', url);

  back(): void {
    this.#entries.pop();
    this.#url = this.#entries[this.#entries.length - 1]!;
    this.fire('popstate');
  }

  /** A fragment that is typed into the address bar of the open page. */
  jump(hash: string): void {
    this.#url = new URL(hash, this.#url);
    this.fire('popstate');
    this.fire('hashchange');
  }

  get api() {
    return this.window['pagetally'];
  }

  get hits() {
    return this.requests.flatMap(({ body }) => body || []);
  }

  get urls() {
    return this.hits.map(({ u }) => u);
  }

  get reads() {
    return this.requests.filter(({ body }) => !body).map(({ url }) => url);
  }

  get texts() {
    return this.spans.map(({ textContent }) => textContent);
  }
}

/** Lets every promise that is settled run its course. */
export const flush = () => new Promise<void>((done) => setImmediate(done));
