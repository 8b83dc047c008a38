import { baseOf, isOurs } from './place.ts';

// Some loaders run the script where no tag is current: then it is the last tag that leads to one of our addresses.
const tag = (document.currentScript || [...document.scripts].filter(({ src }) => isOurs(src)).pop()) as HTMLScriptElement;

/** As ../tag.ts, for which the build puts this; and `prefix` and `style` as soxft's script has them. */
export const { api, everywhere, manual, prefix = 'busuanzi', query, site, store, style } = tag.dataset;
export const keys = query ? query.split(/[\s,]+/) : [];

/** soxft's `data-api` names its endpoint, /api; a base as ../tag.ts takes it will do as well. */
export const apiBase = new URL((api || baseOf(tag.src)).replace(/\/(api\/?)?$/, '') + '/api/', tag.src);
