/** `fetch` and not `sendBeacon`, which filter lists block; a string goes as text/plain, which needs no preflight. */
export function postText(url: string, body: string, again?: boolean): Promise<Response | void> {
  return fetch(url, {
    body,
    keepalive: true,
    method: 'POST',
    referrerPolicy: 'no-referrer',
    credentials: 'omit',
  })
    .catch(() => {})
    .then((response) =>
      again || (response && response.status != 503)
        ? response
        : // The same body has the same id, so a view that did arrive is stored once.
          new Promise((done) => setTimeout(() => done(postText(url, body, true)), 2000)),
    );
}
