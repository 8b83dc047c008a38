import { giveUp, hasToday, hideContainers, restorePlaceholders, showContainers, writeNumbers } from './drop-in/elements.ts';
import { askNumbers, type Numbers } from './drop-in/numbers.ts';
import { manual, store } from './drop-in/tag.ts';
import type { Api } from './api.ts';
import { reducePath } from './path.ts';
import { startTracker } from './tracker.ts';

type Callback = (numbers: Numbers) => void;

declare global {
  interface Window {
    /** What busuanzi's script leaves there, and themes call. */
    bszCaller?: { fetch(url: string, callback?: Callback): void; evalCall(callback: Callback): Callback };
    bszTag?: { bszs: string[]; texts: Callback; shows(): void; hides(): void };
  }
}

const PATIENCE = 5000;
const AT_ONCE = 1000; // milliseconds in which a script's second run, and a change of the address, are one view
const AFTER_TRACKER = 150; // it looks after 100 what a change of the address was

let tracker: Api;
let countedAt = 0;
let round = 0;
let asked: { page: string; numbers: Promise<Numbers> } | undefined; // for the page presented last
const callbacks: Callback[] = []; // of a theme, for the next numbers

function show(numbers: Numbers): void {
  writeNumbers(numbers);
  showContainers();
  const { site_pv, page_pv, site_uv } = numbers;
  try {
    // Readers of Vercount's cache; only where the page's owner asks for it, because nothing else is kept in a browser.
    if (store != null) localStorage.visitorCountData = JSON.stringify({ site_pv, page_pv, site_uv });
  } catch {}
  dispatchEvent(new CustomEvent('views', { detail: numbers }));
  for (const callback of callbacks.splice(0)) callback(numbers);
}

/** Fills what is on the page now, as soon as there are numbers, unless the page has gone on by then. */
function fill(): void {
  if (!asked) return;
  const { page, numbers } = asked;
  const turn = ++round;
  const isCurrent = () => turn == round && page == reducePath();
  const end = () => isCurrent() && giveUp();
  const timer = setTimeout(end, PATIENCE);
  numbers
    .then(
      (found) => () => show(found),
      () => end,
    )
    .then((finish) => {
      clearTimeout(timer);
      if (isCurrent()) finish();
    });
}

function present(counts?: unknown): void {
  restorePlaceholders();
  if (counts) countedAt = Date.now();
  asked = { page: reducePath(), numbers: askNumbers(counts, hasToday()) };
  fill();
}

/** The script runs again, or a theme asks for the numbers: a view, unless this page was counted just now. */
function revisit(): void {
  const page = reducePath();
  setTimeout(() => {
    if (manual == null && page == reducePath() && Date.now() - countedAt > AT_ONCE) tracker.view();
    else fill();
  }, AFTER_TRACKER);
}

const running = window.pagetally;
if (running && running.renew) running.renew();
else {
  tracker = startTracker(present);
  window.pagetally = { ...tracker, renew: revisit, fill: () => present() };
  window.bszCaller = {
    // The host in the address is busuanzi's own in many themes; the numbers are from here.
    fetch(_address, callback) {
      if (callback) callbacks.push(callback);
      revisit();
    },
    evalCall: (callback) => callback,
  };
  window.bszTag = {
    bszs: ['site_pv', 'page_pv', 'site_uv'],
    texts: writeNumbers,
    shows: () => showContainers(),
    hides: hideContainers,
  };
}
