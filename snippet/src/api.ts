/** What the snippet leaves on `window`: the page's handle on it, and the mark that it runs already. */
export interface Api {
  view(): void;
  /** Nothing without a name. What `more` has goes into the body itself, see docs/api.md. */
  event(name: string | false, props?: Record<string, unknown>, more?: Record<string, unknown>): void;
  /** Called by a second run of the script: the page may have been replaced. */
  renew(): void;
  /** Only in the build with the widget. */
  fill?(): void;
}

declare global {
  interface Window {
    pagetally?: Api;
  }
  interface Document {
    readonly prerendering?: boolean;
  }
}
