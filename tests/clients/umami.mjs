// @umami/node, as its README shows it: a view with what a server knows of it.
import node from '@umami/node';

const { server, website, view, userAgent } = JSON.parse(process.argv[2]);
const umami = node.default || node; // the package is of CommonJS
umami.init({ websiteId: website, hostUrl: server, userAgent });
const answer = await umami.track(view);
console.log(JSON.stringify({ status: answer.status, body: await answer.json() }));
