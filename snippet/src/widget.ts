import { reducePath } from './path.ts';
import { formatNumber } from './number.ts';
import { apiBase, site } from './tag.ts';
import { postHit } from './tracker.ts';

type Numbers = Record<string, number> | undefined;
interface Counters {
  site: Numbers;
  pages: Record<string, Numbers>;
}

let most = 0; // views of the site that were shown: an answer with fewer was made before another one
const placeholders = new Map<HTMLElement, string>(); // of the elements that show a number of the current page

const findSpans = () => [...document.querySelectorAll<HTMLElement>('[data-pagetally]')];
const findPaths = () => findSpans().map((span) => span.dataset.path!).filter(Boolean);

/** Writes the numbers of an answer, unless the page has gone on. */
function showCounters(answer: Promise<Response | void>, posted?: boolean) {
  const page = reducePath();
  answer
    .then((response) => response!.json())
    .then(({ site, pages }: Counters) => {
      if (page == reducePath() && site!.views! >= most) {
        most = site!.views!;
        if (posted) pages[page] = Object.values(pages)[0]; // the only one, under the name that the server gave it
        for (const span of findSpans()) {
          const { pagetally, path, plain } = span.dataset;
          const [scope, metric] = pagetally!.split('-');
          const value = ((scope == 'page' ? pages[path || page] : site) || {})[metric || scope];
          if (Number.isFinite(value)) {
            if (scope == 'page' && !path && !placeholders.has(span)) placeholders.set(span, span.textContent);
            span.textContent = plain != null ? '' + value : formatNumber(value, document.documentElement.lang);
          }
        }
        if (posted && findPaths().length) fillSpans();
      }
    })
    .catch(() => {});
}

export function fillSpans(): void {
  const paths = [reducePath(), ...findPaths()].map((path) => '&path=' + encodeURIComponent(path));
  if (findSpans().length) {
    showCounters(
      fetch(apiBase + 'counters?site=' + (site || location.hostname) + paths.join(''), {
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
      }),
    );
  }
}

/** One round trip where a view is counted: its answer carries the numbers. */
export function presentPage(counts?: unknown): void {
  placeholders.forEach((text, span) => (span.textContent = text)); // what they show is another page's by now
  placeholders.clear();
  if (counts) showCounters(postHit(findSpans().length ? '?counters=1' : ''), true);
  else fillSpans();
}
