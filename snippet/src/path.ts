import { keys } from './tag.ts';

/**
 * Path and kept query: whatever else a query holds may be private and stays in the browser.
 * Campaign keys travel with a view but are no part of its page, so a site that tidies them away makes no new view.
 */
export function reducePath(withCampaign?: boolean): string {
  const query = location.search
    .split(/[?&]/)
    .filter(
      (pair) =>
        keys.includes(pair.split('=')[0]) || (withCampaign && /^(utm_\w+|ref|source|\w+clk?id)=/.test(pair)), // gclid ...
    )
    .join('&');
  return location.pathname + (query && '?' + query);
}
