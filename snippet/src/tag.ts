// A module has no current script; there is no byte to look for it by its address, so its tag has an id.
const tag = (document.currentScript || (document.scripts as any).pt) as HTMLScriptElement;

export const { api, everywhere, manual, query, site } = tag.dataset;
export const keys = query ? query.split(/[\s,]+/) : [];

/** The API lives beside the script, wherever that is, unless the tag names another base. */
export const apiBase = new URL((api || '.') + '/api/', tag.src);
