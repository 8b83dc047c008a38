import { base, define, pageNow, whenMoved } from './element.ts';

interface Row {
  path: string;
  title: string;
}

const names = ['window', 'metric', 'limit', 'exclude', 'include', 'freshness'];
const all = new Set<PageList>();

class PageList extends HTMLElement {
  static get observedAttributes() {
    return [...names, 'kind', 'path', 'site'];
  }

  /** Counts the questions, so that a late answer to an old one is not shown. */
  declare asked?: number;
  declare due?: unknown;

  connectedCallback() {
    all.add(this);
    this.attributeChangedCallback();
  }

  disconnectedCallback() {
    all.delete(this);
  }

  /** Several attributes change at once: ask once. */
  attributeChangedCallback() {
    this.due = this.due || setTimeout(() => this.ask(), 50);
  }

  ask() {
    this.due = 0;
    const asked = (this.asked = (this.asked || 0) + 1);
    const kind = this.getAttribute('kind');
    const site = this.getAttribute('site') || location.hostname;
    const query = new URLSearchParams({ site });
    for (const name of names) {
      for (const value of (this.getAttribute(name) || '').split(' ')) if (value) query.append(name, value);
    }
    if (kind == 'trending') query.set('metric', kind);
    if (kind == 'related') query.set('path', this.getAttribute('path') || pageNow());
    fetch(base + (kind == 'related' ? 'related?' : 'popular?') + query, {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
    })
      .then((answer) => answer.json())
      .then(({ pages }: { pages: Row[] }) => asked == this.asked && this.show(pages, site))
      .catch(() => {});
  }

  /** Titles are what visitors sent: text, never markup; and a link never leaves the site. */
  show(pages: Row[], site: string) {
    const home = site == location.hostname ? location.origin : 'https://' + site;
    const list = document.createElement('ol');
    list.part.add('list');
    for (const { path, title } of pages) {
      const url = new URL(path[0] == '/' ? home + path : 'about:blank');
      if (url.origin == new URL(home).origin) {
        const item = document.createElement('li');
        const link = document.createElement('a');
        item.part.add('item');
        link.part.add('link');
        link.href = url.href;
        link.textContent = title || path;
        item.append(link);
        list.append(item);
      }
    }
    const root = this.shadowRoot || this.attachShadow({ mode: 'open' });
    root.textContent = '';
    // Without a page to show what the page wrote into the element.
    root.append(list.firstChild ? list : document.createElement('slot'));
  }
}

define('page-list', PageList);
whenMoved(() => all.forEach((list) => list.getAttribute('kind') == 'related' && list.attributeChangedCallback()));
