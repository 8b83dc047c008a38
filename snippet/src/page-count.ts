import { base, define, pageNow, whenMoved } from './element.ts';

type Numbers = Record<string, number> | undefined;
interface Counters {
  site: Numbers;
  pages: Record<string, Numbers>;
}

const all = new Set<PageCount>();
let due: unknown;
let turn = 0; // what was asked before it changed is answered too late

/** A number as it is to be read; compact is what `Intl` makes of it, as on badges: 965,774 is 966K, 999,950 is 1M. */
function write(value: number, format: string | null, lang?: string): string {
  if (format == 'raw') return '' + value;
  return value.toLocaleString(lang, format == 'compact' ? ({ notation: format } as object) : {});
}

const PLURALS = 'zero one two few many'.split(' ') as Intl.LDMLPluralRule[];

/**
 * "{n} view|{n} views": a form for each of the language's plurals, in that order. The last is that of all others, and
 * of languages with one plural, whose labels may have been written for two.
 */
function choose(label: string, value: number, lang?: string): string {
  const forms = label.split('|');
  const rules = new Intl.PluralRules(lang);
  const known = rules.resolvedOptions().pluralCategories;
  const place = PLURALS.filter((name) => known.includes(name)).indexOf(rules.select(value));
  const form = forms[place] || forms.pop()!;
  return form.includes('{n}') ? form : form + ' {n}';
}

/** One question for all elements of a site and a period. */
function ask() {
  due = 0;
  const groups: Record<string, PageCount[]> = {};
  for (const element of all) {
    const key = element.query();
    (groups[key] = groups[key] || []).push(element);
  }
  const now = turn;
  for (const key in groups) {
    while (groups[key]![0]) {
      const part = groups[key]!.splice(0, 99);
      const paths = new Set(part.map((element) => '&path=' + encodeURIComponent(element.page())));
      fetch(base + 'counters?' + key + [...paths].join(''), { credentials: 'omit', referrerPolicy: 'no-referrer' })
        .then((answer) => answer.json())
        .then(({ site, pages }: Counters) => {
          if (now != turn) return;
          part.forEach((element) => {
            const [scope, metric] = element.metric();
            element.show(((scope == 'page' ? pages[element.page()] : site) || {})[metric]);
          });
        })
        .catch(() => {});
    }
  }
}

/** After a view, or on another page. */
const renewAll = () => {
  turn++;
  all.forEach((element) => element.renew());
};

class PageCount extends HTMLElement {
  static get observedAttributes() {
    return 'metric path period format label min lang width site explain'.split(' ');
  }

  declare asked?: string; // what its number is the number of

  connectedCallback() {
    all.add(this);
    this.renew();
  }

  disconnectedCallback() {
    all.delete(this);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.renew();
  }

  page() {
    return this.getAttribute('path') || pageNow();
  }

  query() {
    return (
      'site=' +
      encodeURIComponent(this.getAttribute('site') || location.hostname) +
      '&period=' +
      encodeURIComponent(this.getAttribute('period') || 'all')
    );
  }

  metric() {
    const [scope, metric = scope] = (this.getAttribute('metric') || 'page-views').split('-');
    return [scope, metric]; // "online" has no scope of its own: it is the site's
  }

  /** Asks soon, and drops a number that is not the one asked for any more: of another page, say. */
  renew() {
    const key = this.page() + ' ' + this.query() + this.metric();
    if (key != this.asked) {
      turn++;
      this.show();
    }
    this.asked = key;
    due = due || setTimeout(ask, 50);
  }

  /** Without a number what the page wrote into the element. */
  show(value?: number) {
    const root = this.shadowRoot || this.attachShadow({ mode: 'open' });
    const part = (name: string, text: string, tag = 'span') => {
      const element = document.createElement(tag);
      element.part.add(name);
      element.textContent = text;
      return element;
    };
    const width = this.getAttribute('width'); // of characters, reserved so that nothing moves
    if (width) Object.assign(this.style, { display: 'inline-block', minWidth: parseFloat(width) + 'ch' });
    root.textContent = this.title = '';
    if (!Number.isFinite(value) || value! < +this.getAttribute('min')!) {
      return root.append(document.createElement('slot'));
    }
    let lang: string | undefined;
    try {
      lang = Intl.getCanonicalLocales(this.lang || document.documentElement.lang)[0];
    } catch {} // "en_US" is no tag, and leaves the choice to the browser
    const number = part('number', write(value!, this.getAttribute('format'), lang));
    number.style.fontVariantNumeric = 'tabular-nums';
    const [before, after] = choose(this.getAttribute('label') || '{n}', value!, lang).split('{n}');
    let place: Node & ParentNode = root;
    if (this.getAttribute('explain') != null) {
      place = root.appendChild(part('link', '', 'a'));
      (place as HTMLAnchorElement).href = base + '../definitions#' + this.metric()[1];
    }
    place.append(part('label', before), number, part('label', after));
    this.title = write(value!, '', lang);
  }
}

define('page-count', PageCount);
whenMoved(renewAll);
// It may have asked before the view that another script counts; it asks again when that has been answered. What a page
// itself asks for over and over (/api/events) is another address.
new PerformanceObserver((list) =>
  list.getEntries().forEach((one) => (one.name + '?').includes('api/event?') && renewAll()),
).observe({ entryTypes: ['resource'] });
