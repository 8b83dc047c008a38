import { postHit, startTracker } from './tracker.ts';

const running = window.pagetally;
if (running && running.renew) running.renew();
else window.pagetally = startTracker((counts) => counts && postHit(''));
