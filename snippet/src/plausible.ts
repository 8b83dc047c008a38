import { isElsewhere, isFile, isNobody, watchClicks, watchPages } from './trackers/seen.ts';

// What a page that was written for Plausible's script finds: `window.plausible`, and the attributes of its tag.

type Props = Record<string, unknown>;
interface Call {
  props?: Props;
  callback?: (result?: object) => void;
  u?: string;
  url?: string;
  interactive?: boolean;
}
interface Options {
  domain?: string;
  endpoint?: string;
  hashBasedRouting?: boolean;
  outboundLinks?: boolean;
  fileDownloads?: boolean | object;
  autoCapturePageviews?: boolean;
  captureOnLocalhost?: boolean;
  customProperties?: Props | ((name: string) => Props);
  transformRequest?: (body: Props) => Props | null | undefined;
}
interface Plausible {
  (name: string, call?: Call): void;
  q?: [string, Call?][];
  o?: Options;
  init?: (options?: Options) => void;
  l?: boolean;
}

const tag = document.currentScript as HTMLScriptElement;
const [name = '', ...extensions] = tag.src.split('?')[0]!.split('/').pop()!.split('.');
const has = (extension: string) => extensions.includes(extension);
const isNew = /^pa-/.test(name); // such a page calls plausible.init(), before or after the script is there

let options: Options;
let isTagged = has('tagged-events');
const global = window as unknown as { plausible?: Plausible };
const before = global.plausible;

/** Whether the address matches one of the patterns: `*` within a segment, `**` across. */
function matches(patterns: string): boolean {
  const path = location.pathname + (options.hashBasedRouting ? location.hash : '');
  return patterns.split(',').some((pattern) => {
    const source = pattern.trim().replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*\*/g, '\0').replace(/\*/g, '[^/]*');
    return new RegExp(`^${source.replace(/\0/g, '.*')}/?$`).test(path);
  });
}

function isExcluded(): boolean {
  const { include, exclude } = tag.dataset;
  return has('exclusions') && ((!!include && !matches(include)) || (!!exclude && matches(exclude)));
}

function readProps(name: string): Props {
  const { customProperties } = options;
  const props = { ...(typeof customProperties == 'function' ? customProperties(name) : customProperties) };
  if (has('pageview-props')) {
    for (const { name: key, value } of tag.attributes) if (/^event-/.test(key)) props[key.slice(6)] = value;
  }
  return props;
}

const send: Plausible = (name, call = {}) => {
  const done = call.callback || (() => {});
  try {
    if (localStorage.plausible_ignore == 'true') return done();
  } catch {} // storage is blocked: nobody can have opted out
  if ((!options.captureOnLocalhost && isNobody()) || (name == 'pageview' && isExcluded())) return done();
  const props = { ...readProps(name), ...call.props };
  let body: Props | null | undefined = {
    n: name,
    u: call.u || call.url || location.href,
    d: options.domain,
    r: document.referrer || null,
    t: document.title,
    p: Object.keys(props).length ? props : undefined,
    h: options.hashBasedRouting ? 1 : undefined,
    i: call.interactive === false ? false : undefined,
  };
  if (options.transformRequest) body = options.transformRequest(body);
  if (!body) return done();
  fetch(options.endpoint!, { method: 'POST', keepalive: true, credentials: 'omit', body: JSON.stringify(body) }).then(
    ({ status }) => done({ status }),
    (error) => done({ error }),
  );
};

/** The name and the properties that the classes of an element say: `plausible-event-name=Sign+up`. */
function readClasses(element: Element): [string, Props] {
  const props: Props = {};
  for (const one of element.classList) {
    const [, key, value] = /^plausible-event-(.+?)(?:=|--)(.+)$/.exec(one) || [];
    if (key) props[key] = value!.replace(/\+/g, ' ');
  }
  const { name = '', ...rest } = props as Record<string, string>;
  return [name, rest];
}

function start(given: Options = {}): void {
  if (options) return;
  const { domain, api } = tag.dataset;
  options = {
    domain,
    endpoint: api || new URL(tag.src).origin + '/api/event',
    hashBasedRouting: has('hash'),
    outboundLinks: has('outbound-links'),
    fileDownloads: has('file-downloads'),
    autoCapturePageviews: !has('manual'),
    captureOnLocalhost: has('local'),
    ...given,
  };
  isTagged = isTagged || isNew;
  global.plausible = Object.assign(send, { init: start, l: true });
  for (const call of (before && before.q) || []) send(...call);
  if (options.autoCapturePageviews) {
    watchPages(() => location.pathname + (options.hashBasedRouting ? location.hash : ''), () => send('pageview'));
  }
  watchClicks((link, target) => {
    const tagged = isTagged && target.closest('[class*="plausible-event-name"]');
    const [name, props] = tagged ? readClasses(tagged) : ['', {}];
    if (name) send(name, { props: link ? { ...props, url: link.href } : props });
    else if (link && options.outboundLinks && isElsewhere(link)) send('Outbound Link: Click', { props: { url: link.href } });
    else if (link && options.fileDownloads && isFile(link)) {
      send('File Download', { props: { url: link.href.split('?')[0] } });
    }
  });
}

if (!before || !before.l) {
  if (!isNew) start();
  else if (before && before.o) start(before.o);
  else if (before) before.init = start;
  else global.plausible = Object.assign(send, { init: start });
}
