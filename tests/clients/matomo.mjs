// matomo-tracker, as its README shows it: one view, or many at once.
import { subscribe } from 'node:diagnostics_channel';
import MatomoTracker from 'matomo-tracker';

const { server, site, views } = JSON.parse(process.argv[2]);
const matomo = new MatomoTracker(site, `${server}/matomo.php`);
matomo.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
if (views.length == 1) {
  // It tells nobody when it is done, and leaves the answer unread: Node itself knows that there is one.
  subscribe('http.client.response.finish', ({ response }) => {
    setImmediate(() => {
      console.log(JSON.stringify({ status: response.statusCode }));
      process.exit(0);
    });
  });
  matomo.track(views[0]);
} else {
  matomo.trackBulk(views, (answer) => console.log(answer));
}
