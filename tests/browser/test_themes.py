"""Markup of themes and clients of other counters, with only the host changed: one view, the right number."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Blog

CLIENTS = Path(__file__).parents[2] / "snippet" / "node_modules"

GOAT = '<script data-goatcounter="{pagetally}/count" async src="{pagetally}/count.js"></script>'
GOAT_READ = """<script>
const path = encodeURIComponent(location.pathname.replace(/\\/$/, ''));
window.showCount = async () => {
  const found = await (await fetch('{pagetally}/counter/' + path + '.json')).json();
  document.getElementById('count').innerText = PARSE;
};
</script>"""
LEAN = """<script type="module">
const headers = {'X-LC-Id': 'app', 'X-LC-Key': 'key', 'Content-Type': 'application/json'};
const call = (method, path, body) => fetch('{pagetally}/1.1' + path, {
  method, headers, body: JSON.stringify(body)}).then(answer => answer.json());
const find = where => call('GET', '/classes/Counter?where=' + encodeURIComponent(JSON.stringify(where)));
const plus = {time: {__op: 'Increment', amount: 1}};
const show = (id, number) => { document.getElementById(id).innerText = number; };
"""
NEXT = """
const {results: [found]} = await find({url: '/p/a/'});
if (found) {
  await call('PUT', '/classes/Counter/' + found.objectId, plus);
  show('count', found.time + 1);
} else {
  await call('POST', '/classes/Counter', {title: 'A', url: '/p/a/', time: 1});
  show('count', 1);
}
</script>"""
FLUID = """
const targets = ['/p/a/', 'site-pv', 'site-uv'];
const found = await Promise.all(targets.map(async target =>
  (await find({target})).results[0] || call('POST', '/classes/Counter', {target, time: 0})));
await call('POST', '/batch', {requests: found.map(({objectId}) =>
  ({method: 'PUT', path: '/1.1/classes/Counter/' + objectId, body: plus}))});
show('count', (found[0].time || 0) + 1);
</script>"""
KOUNTER = """<script type="module">
const targets = ['/p/a/', 'site-pv'];
const times = await Promise.all(targets.map(target => fetch('{pagetally}/api/counter?target=' +
  encodeURIComponent(target)).then(answer => answer.json()).then(told => told.data.time)));
await fetch('{pagetally}/api/counter', {method: 'POST', headers: {'Content-Type': 'application/json'},
  body: JSON.stringify({action: 'batch_inc', requests: targets.map(target => ({target}))})});
document.getElementById('count').innerText = times[0] + 1;
</script>"""
WALINE = """<span class="waline-pageview-count" id="count"></span><script type="module">
import {pageviewCount} from '/npm/@waline/client/dist/pageview.js';
pageviewCount({serverURL: '{pagetally}'});
</script>"""
# Valine leaves rejections of its comments (which are not answered here) unhandled.
VALINE = """<script>addEventListener('unhandledrejection', event => event.preventDefault());</script>
<span id="/p/a/" class="leancloud_visitors" data-flag-title="A">
<i class="leancloud-visitors-count" id="count"></i></span><div id="comments"></div>
<script src="/npm/leancloud-storage/dist/av-min.js"></script>
<script src="/npm/valine/dist/Valine.min.js"></script>
<script>new Valine({el: '#comments', appId: 'app', appKey: 'key', serverURLs: '{pagetally}', visitor: true,
  path: '/p/a/'});</script>"""
TWIKOO = """<span id="twikoo_visitors"></span><div id="comments"></div>
<script src="/npm/twikoo/dist/twikoo.nocss.js"></script>
<script>twikoo.init({envId: '{pagetally}/twikoo', el: '#comments'});</script>"""

THEMES = {
    "chirpy-old": (
        GOAT + GOAT_READ.replace("PARSE", "new Intl.NumberFormat().format(found.count.replace(/\\s/g, ''))")
    ),
    "chirpy": (
        GOAT + GOAT_READ.replace("PARSE", "new Intl.NumberFormat().format(found.count.replace(/\\D/g, ''))")
    ),
    "loveit": GOAT + GOAT_READ.replace("PARSE", "found.count_unique"),
    "next-leancloud": LEAN + NEXT,
    "fluid-leancloud": LEAN + FLUID,
    "fluid-openkounter": KOUNTER,
    "waline": WALINE,
    "valine": VALINE,
    "twikoo": TWIKOO,
}


def serve_client(route: Route) -> None:
    """A file of a package from npm; the test is skipped when it is not installed."""
    route.fulfill(path=CLIENTS / route.request.url.partition("/npm/")[2].partition("?")[0])


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_counts_once_and_shows_the_number(blog: Blog, page: Page, theme: str) -> None:
    markup = THEMES[theme]
    needed = {part.partition("/dist")[0] for part in markup.split("/npm/")[1:]}
    for package in needed:
        if not (CLIENTS / package).exists():
            pytest.skip(f"{package} is not installed; npm ci in snippet/ brings it")
    has_place = 'id="count"' in markup or "twikoo_" in markup
    blog.files["/p/a/"] = "theme.html"
    blog.words = {"markup": markup if has_place else f'<b id="count"></b>{markup}'}
    # Valine asks its makers' network for scripts and faces, which add nothing here.
    page.route(
        "https://**", lambda route: route.fulfill(body="", headers={"access-control-allow-origin": "*"})
    )
    page.route("**/npm/**", serve_client)
    for number in (1, 2):
        if "showCount" in markup:
            # The theme reads a moment after its view, however long that takes.
            with page.expect_response(lambda answer: "/count?" in answer.url):
                page.goto(blog.url("/p/a/"))
            page.evaluate("showCount()")
        else:
            page.goto(blog.url("/p/a/"))
        expect(page.locator("#twikoo_visitors" if "twikoo_" in markup else "#count")).to_have_text(
            str(number)
        )
    assert (blog.views("/p/a"), blog.site_views) == ([2], 2)
    # The request comes from the page itself, which is no referrer of it.
    assert blog.stored() == [("/p/a", "", blog.own_visitor())] * 2


NEXT_LIST = (
    LEAN
    + """
const urls = ['/p/a/', '/p/b/', '/p/none/'];
const {results} = await find({url: {$in: urls}});
const times = urls.map(url => (results.find(found => found.url === url) || {time: 0}).time);
show('count', times.join(' '));
</script>"""
)


def test_next_lists_the_numbers_of_its_posts_and_counts_none(blog: Blog, page: Page) -> None:
    blog.files["/"] = "theme.html"
    blog.words = {"markup": f'<b id="count"></b>{NEXT_LIST}'}
    for path, times in (("/p/a/", 3), ("/p/b/", 1)):
        blog.stats.count_views(blog.url(path), times)
    page.goto(blog.url("/"))
    expect(page.locator("#count")).to_have_text("3 1 0")
    assert (blog.views("/p/a", "/p/b", "/p/none", "/"), blog.site_views) == ([3, 1, 0, 0], 4)
