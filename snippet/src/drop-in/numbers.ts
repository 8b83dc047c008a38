import { reducePath } from '../path.ts';
import { postHit } from '../tracker.ts';
import { apiBase, site } from './tag.ts';

/** By the names that busuanzi gave them: views (pv) and visitors (uv), of all time unless it says today. */
export type Numbers = Record<string, number>;

const NOBODY_KNOWS = { views: '–', visitors: '–' } as unknown as Numbers;

interface Counters {
  site: Numbers;
  pages: Record<string, Numbers>;
}

const readCounters = (period: string) =>
  fetch(
    `${apiBase}counters?site=${site || location.hostname}&path=${encodeURIComponent(reducePath())}&period=${period}`,
    { credentials: 'omit', referrerPolicy: 'no-referrer' },
  );

const parse = async (answer: Promise<Response | void>): Promise<Counters> => (await answer)!.json();

/** The numbers of the current page, after its view is counted where `counts`. */
export async function askNumbers(counts: unknown, withToday: boolean): Promise<Numbers> {
  const { site, pages } = await parse(counts ? postHit('?counters=1') : readCounters('all'));
  // The only one, under the name that the server gave it. A page beyond the cap of its day has no number.
  const page = Object.values(pages)[0] || NOBODY_KNOWS;
  const today = withToday ? (await parse(readCounters('today'))).site : site;
  return {
    site_pv: site.views!,
    site_uv: site.visitors!,
    page_pv: page.views!,
    page_uv: page.visitors!,
    ...(withToday && { today_pv: today.views!, today_uv: today.visitors! }),
    online: site.online!,
    version: 2.4, // busuanzi's
  };
}
