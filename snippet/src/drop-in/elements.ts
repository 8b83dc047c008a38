import { formatNumber } from '../number.ts';
import type { Numbers } from './numbers.ts';
import { prefix, style } from './tag.ts';

const VALUES = ['busuanzi_value', 'busuanzi', 'vercount_value', 'eo_count', prefix, prefix + '_value'];
const CONTAINERS = ['busuanzi_container', 'vercount_container', 'eo_count_container', prefix + '_container'];
const KEY = /^(.+)_((?:site|page|today)_[pu]v|online)(_container)?$/;

const placeholders = new Map<Element, Node[]>(); // what an element held before its number

interface Found {
  element: HTMLElement;
  /** "site_pv" */
  key: string;
  isContainer: boolean;
}

/** Every element with such an id, not the first alone. */
function findElements(): Found[] {
  const found: Found[] = [];
  for (const element of document.querySelectorAll<HTMLElement>('[id]')) {
    const [, name = '', key = '', end = ''] = KEY.exec(element.id) || [];
    if (CONTAINERS.includes(name + end)) found.push({ element, key, isContainer: true });
    else if (!end && VALUES.includes(name)) found.push({ element, key, isContainer: false });
    else if (element.id == 'finicount_views') found.push({ element, key: 'site_pv', isContainer: false });
  }
  return found;
}

function format(value: number, id: string): string {
  if (typeof value != 'number') return value;
  if (style == 'short') {
    const options = { notation: 'compact' } as Intl.NumberFormatOptions;
    return value.toLocaleString('en', options);
  }
  return style == 'comma' || id == 'finicount_views' ? formatNumber(value, 'en') : '' + value;
}

function write(element: HTMLElement, text: string): void {
  if (!placeholders.has(element)) placeholders.set(element, [...element.childNodes]);
  element.textContent = text;
}

export const hasToday = (): boolean => findElements().some(({ key }) => /^today/.test(key));

/** A number that is not there leaves its element as it is. */
export function writeNumbers(numbers: Numbers): void {
  for (const { element, key, isContainer } of findElements()) {
    const value = numbers[key];
    if (!isContainer && value != null) write(element, format(value, element.id));
  }
}

export function showContainers(display = 'inline'): void {
  for (const { element, isContainer } of findElements()) if (isContainer) element.style.display = display;
}

export const hideContainers = (): void => showContainers('none');

/** The numbers of another page go; those of the site stay until there are newer ones. */
export function restorePlaceholders(): void {
  placeholders.forEach((nodes, element) => {
    if (/_page_/.test(element.id)) {
      element.textContent = '';
      element.append(...nodes);
      placeholders.delete(element);
    }
  });
}

/** There is no number to come: a label without one is hidden, a spinner stops. */
export function giveUp(): void {
  hideContainers();
  for (const { element, isContainer } of findElements()) {
    if (!isContainer && element.firstElementChild && !element.textContent!.trim()) write(element, '–');
  }
}
