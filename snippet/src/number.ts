/** In the digits and groups of the page's language; a language that the browser rejects ("en_US") is ignored. */
export function formatNumber(value: number, language: string): string {
  try {
    return value.toLocaleString(language);
  } catch {
    return value.toLocaleString();
  }
}
