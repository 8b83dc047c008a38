"""The clients themselves, as they are on npm, in a browser; only the host that they ask is another.

They come with `npm ci` in snippet/; without them these tests are skipped.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from analytics.model import OTHER

from .conftest import Blog

MODULES = Path(__file__).parent.parent.parent / "snippet" / "node_modules"

NO_REFERRER_RULE = ""
WHOLE_REFERRER = '<meta name="referrer" content="no-referrer-when-downgrade">'

BUSUANZI = """
import busuanzi from 'busuanzi.pure.js';
window.go = (path) => { history.pushState(null, '', path); busuanzi.fetch(); };
"""
VERCOUNT = """
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { useVercount } from 'vercount-react';
function Counter() {
  const { sitePv, pagePv, siteUv } = useVercount();
  return createElement('p', { id: 'vercount' }, `${pagePv} ${sitePv} ${siteUv}`);
}
createRoot(document.getElementById('root')).render(createElement(Counter));
"""


def bundle(program: str, *packages: str) -> str:
    """A program for a page, with the packages that it imports, as installed."""
    for package in packages:
        if not (MODULES / package).exists():
            report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            report(f"{package} is not installed; run `npm ci --ignore-scripts` in snippet/")
    options = ["--bundle", "--format=iife", '--define:process.env.NODE_ENV="production"']
    command = [str(MODULES / ".bin" / "esbuild"), *options, "--log-level=warning"]
    done = subprocess.run(
        command, input=program, capture_output=True, text=True, cwd=MODULES.parent, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def open_client(blog: Blog, page: Page, script: str, head: str = NO_REFERRER_RULE) -> None:
    """Open /post, seen three times before, with a program in it."""
    blog.files["/post"] = "client.html"
    blog.words |= {"head": head}
    page.route("**/client.js", lambda route: route.fulfill(body=script, content_type="text/javascript"))
    blog.stats.count_views(blog.url("/post"), 3)
    page.goto(blog.url("/post"))


def lead_here(page: Page, blog: Blog, host: str) -> None:
    """What the page asks of a host goes to Pagetally instead, as after a change of the host's name."""

    def answer(route: Route) -> None:
        path = route.request.url.partition(host)[2]
        # Playwright asks itself, and knows no made-up hosts.
        route.fulfill(response=route.fetch(url=f"{blog.stats.server.url}{path}"))

    page.route(f"**//{host}/**", answer)


@pytest.mark.parametrize(
    ("head", "page_views", "counted"),
    [
        # What browsers do since 2020: the page is not told, and shown as not known.
        pytest.param(NO_REFERRER_RULE, "–", 3, id="origin alone"),
        pytest.param(WHOLE_REFERRER, "4", 4, id="whole referrer"),
    ],
)
def test_busuanzi_pure_js(blog: Blog, page: Page, head: str, page_views: str, counted: int) -> None:
    lead_here(page, blog, "busuanzi.ibruce.info")
    open_client(blog, page, bundle(BUSUANZI, "busuanzi.pure.js"), head)
    expect(page.locator("#busuanzi_container_page_pv")).to_have_text(f"Page {page_views}")
    expect(page.locator("#busuanzi_container_page_pv")).to_be_visible()
    expect(page.locator("#busuanzi_value_site_pv")).to_have_text("4")
    expect(page.locator("#busuanzi_value_site_uv")).to_have_text("4")
    assert (blog.views("/post"), blog.site_views) == ([counted], 4)
    page.evaluate("go('/b')")
    expect(page.locator("#busuanzi_value_site_pv")).to_have_text("5")
    assert blog.views("/post", "/b", "/") == [counted, int(counted == 4), 0]
    # Whose view it was, and that the page itself referred nobody to it.
    pages = ["/post", "/b"] if counted == 4 else [OTHER, OTHER]
    assert blog.stored()[3:] == [(path, "", blog.own_visitor()) for path in pages]


def test_vercount_react(blog: Blog, page: Page) -> None:
    lead_here(page, blog, "events.vercount.one")
    open_client(blog, page, bundle(VERCOUNT, "react", "react-dom", "vercount-react"))
    expect(page.locator("#vercount")).to_have_text("4 4 4")
    assert (blog.views("/post"), blog.site_views) == ([4], 4)
    page.reload()
    expect(page.locator("#vercount")).to_have_text("5 5 4")  # whoever says what, nobody is new
    assert blog.stored()[3:] == [("/post", "", blog.own_visitor())] * 2
