import { startTracker } from './tracker.ts';
import { fillSpans, presentPage } from './widget.ts';

const running = window.pagetally;
if (running && running.renew) running.renew();
else window.pagetally = { ...startTracker(presentPage), fill: fillSpans };
