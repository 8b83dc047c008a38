"""A Chromium, made-up web sites on host names of their own, and a Pagetally that counts them.

Every host name under `.example` leads to this machine; only the ports are real. So the pages are
those of a site on the web, which the snippet counts, and Pagetally is on another host than they are.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    CDPSession,
    Locator,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from analytics.commands import RemoveSite, SaveSite
from analytics.control import connect
from analytics.model import Site

from ..conftest import CHROME, Server

FILES = Path(__file__).parent / "site"
_numbers = count(1)

PATIENCE = 20
"""Seconds that something may take which takes a fraction of one: only a failure waits this long."""

expect.set_options(timeout=PATIENCE * 1000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is in this folder drives a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


# --- The browser ---------------------------------------------------------------------------------

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

# What Playwright switches off (of several lists Chromium takes the last), and the box below the address bar:
# a page of the browser's own for each window, which nobody sees, and which takes longer to load than ours.
WITHOUT = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
FLAGS = (
    f"--disable-features={','.join(WITHOUT)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    # The tests are about people: neither the script nor the server shall see an automated browser.
    "--disable-blink-features=AutomationControlled",
    f"--user-agent={CHROME}",
)


def find_chromium() -> str | None:
    """The Chromium that $CHROMIUM names, or one that is installed (as .ci/find-chromium does)."""
    names = (os.environ.get("CHROMIUM"), *BROWSERS)
    return next((found for name in names if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all the tests. It ends with them: its event loop would disturb others."""
    found = find_chromium()
    if found is None:
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("there is no Chromium here; install one or name it with CHROMIUM=/path")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield launched
        launched.close()


OpenContext = Callable[..., BrowserContext]


@pytest.fixture
def open_context(browser: Browser) -> Iterator[OpenContext]:
    """Open contexts (browsers of different people); no page of theirs may throw an error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_one(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def context(open_context: OpenContext) -> BrowserContext:
    """The browser of somebody."""
    return open_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab of somebody's browser."""
    return context.new_page()


class Tabs:
    """Tabs without a debugger, in which prerendering works and the tab behind is really hidden.

    They cannot be asked; their pages report to the site (see site/watch.js).
    """

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._context = session.send("Target.createBrowserContext")["browserContextId"]

    def open(self, url: str, *, behind: bool = False) -> str:
        """Open a tab, in front of all others or behind them."""
        options = {"url": url, "browserContextId": self._context, "background": behind}
        return str(self._session.send("Target.createTarget", options)["targetId"])

    def show(self, tab: str) -> None:
        """Bring a tab to the front."""
        self._session.send("Target.activateTarget", {"targetId": tab})

    def close(self) -> None:
        """Close them all."""
        self._session.send("Target.disposeBrowserContext", {"browserContextId": self._context})
        self._session.detach()


@pytest.fixture
def tabs(browser: Browser) -> Iterator[Tabs]:
    """Tabs without a debugger."""
    with contextlib.closing(Tabs(browser.new_browser_cdp_session())) as found:
        yield found


# --- The counting and the counted ----------------------------------------------------------------


class Stats:
    """A running Pagetally, as the host stats.example."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = f"http://stats.example:{server.port}"
        self._http = httpx2.Client(base_url=server.url, headers={"user-agent": CHROME}, trust_env=False)

    def add_site(self, domain: str, **settings: Any) -> None:
        """Count a domain from now on; `pagetally site add` without the start of an interpreter."""
        client = connect(self.server.data)
        assert client is not None
        with contextlib.closing(client):
            client.perform(SaveSite(Site(id=0, domain=domain, **settings)))

    def remove_site(self, domain: str) -> None:
        """Its hosts may be another site's from now on."""
        client = connect(self.server.data)
        assert client is not None
        with contextlib.closing(client):
            client.perform(RemoveSite(domain))

    def counters(self, domain: str, *paths: str) -> dict[str, Any]:
        """What anybody is told of a site and its pages."""
        answer = self._http.get("/api/counters", params={"site": domain, "path": list(paths)})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def count_views(self, url: str, times: int = 1, *, title: str = "", referrer: str = "") -> None:
        """Views of a page, each by somebody else."""
        for _ in range(times):
            answer = self._http.post(
                "/api/event",
                json={"u": url, "t": title, "r": referrer},
                headers={"user-agent": f"{CHROME} Stranger/{next(_numbers)}"},
            )
            assert (answer.status_code, answer.headers.get("x-pagetally")) == (202, None)

    def close(self) -> None:
        """Stop asking, and stop."""
        self._http.close()
        self.server.stop()


@pytest.fixture(scope="package")
def stats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stats]:
    """One Pagetally for all the tests, each of which has a site of its own."""
    with contextlib.closing(Stats(Server(tmp_path_factory.mktemp("stats") / "data"))) as found:
        yield found


@dataclass
class Blog:
    """A made-up web site. Each of its addresses shows site/page.html, unless `files` has another."""

    domain: str
    port: int
    stats: Stats
    files: dict[str, str] = field(default_factory=dict)
    """File by path."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of every page."""
    words: dict[str, str] = field(default_factory=lambda: {"lang": "en", "script": ""})
    """What `{lang}` and such in a file stand for; `script` holds attributes of the script's tag."""
    reports: SimpleQueue[dict[str, str]] = field(default_factory=SimpleQueue)
    """What the pages saw (see site/watch.js)."""
    orders: SimpleQueue[str] = field(default_factory=SimpleQueue)
    """Where a page that asks for it (see site/ahead.html) shall go."""

    def url(self, path: str = "/", host: str = "") -> str:
        """The address of a page."""
        return f"http://{host or self.domain}:{self.port}{path}"

    def views(self, *paths: str) -> list[int]:
        """The Page View of each path, as Pagetally tells it."""
        pages = self.stats.counters(self.domain, *paths)["pages"]
        return [pages[path]["views"] for path in paths]

    @property
    def site_views(self) -> int:
        """The Site View, as Pagetally tells it."""
        return int(self.stats.counters(self.domain)["site"]["views"])

    def stored(self) -> list[tuple[str, str, int]]:
        """Path, referring host and visitor of every hit of this site that is on disk."""
        sql = (
            "SELECT path.path, coalesce(source.host, ''), hit.visitor FROM hit"
            " JOIN site ON site.id = hit.site JOIN path ON path.id = hit.path"
            " LEFT JOIN source ON source.id = hit.source WHERE site.domain = ? ORDER BY hit.id"
        )
        with contextlib.closing(sqlite3.connect(self.stats.server.data / "pagetally.db")) as connection:
            return connection.execute(sql, (self.domain,)).fetchall()

    def own_visitor(self) -> int:
        """The visitor whom our own script counts where this browser is."""
        event = {"u": self.url("/own")}
        answer = httpx2.post(
            f"{self.stats.server.url}/api/event", json=event, headers={"user-agent": CHROME}, trust_env=False
        )
        assert answer.status_code == 202
        return self.stored()[-1][2]

    def render(self, address: str, path: str) -> bytes:
        """The HTML of a page."""
        text = (FILES / self.files.get(path, "page.html")).read_text()
        words = {"pagetally": self.stats.url, "site": self.domain, "address": quote(address, safe="")}
        for word, meaning in (self.words | words).items():
            text = text.replace(f"{{{word}}}", meaning)
        return text.encode()

    def await_report(self, **wanted: str) -> dict[str, str]:
        """Wait for a page to report this."""
        others: list[dict[str, str]] = []
        while True:
            try:
                report = self.reports.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError(f"{wanted} was not reported, but {others}") from None
            if wanted.items() <= report.items():
                return report
            others.append(report)


class Web(ThreadingHTTPServer):
    """All the made-up sites, by their host names."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = int(self.server_address[1])
        self.hosts: dict[str, Blog] = {}
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers hang up whenever they like."""

    def close(self) -> None:
        """Shut all the sites."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        """A page of a site, a script of its own, or an order to the page."""
        host, path = self.headers["Host"].partition(":")[0], self.path.partition("?")[0]
        blog = self.server.hosts.get(host)
        if blog is None:
            self._answer(404, "text/plain", b"")
        elif path == "/order":
            self._answer(200, "text/plain", blog.orders.get(timeout=PATIENCE).encode())
        elif path.endswith(".js"):
            self._answer(200, "text/javascript", (FILES / path[1:]).read_bytes())
        else:
            body = blog.render(blog.url(self.path, host), path)
            self._answer(200, "text/html; charset=utf-8", body, blog.headers)

    def do_POST(self) -> None:
        """A report of a page."""
        report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.hosts[self.headers["Host"].partition(":")[0]].reports.put(report)
        self._answer(200, "text/plain", b"")

    def _answer(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        fixed = {"content-type": kind, "content-length": str(len(body))}
        for name, value in (fixed | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="package")
def web() -> Iterator[Web]:
    """The made-up sites."""
    with contextlib.closing(Web()) as found:
        yield found


@pytest.fixture
def blog(web: Web, stats: Stats) -> Iterator[Blog]:
    """A site that nobody has seen yet. Pages of it under localhost and 127.0.0.1 are its own, too."""
    found = Blog(f"blog{next(_numbers)}.example", web.port, stats)
    stats.add_site(found.domain, aliases=("localhost", "127.0.0.1"))
    web.hosts |= dict.fromkeys((found.domain, "localhost", "127.0.0.1"), found)
    domain = found.domain
    yield found
    stats.remove_site(domain)


# --- What a test looks at ------------------------------------------------------------------------


def footer(page: Page) -> Locator:
    """The line with the two counters."""
    return page.locator("footer")


def expect_counters(page: Page, page_views: int | str, site_views: int | str) -> None:
    """Wait for the page to show these numbers."""
    expect(footer(page)).to_have_text(f"Page View {page_views} · Site View {site_views}")


def read_hit(request: Request) -> dict[str, Any]:
    """What a request to Pagetally tells of a view or an event; empty when it is none."""
    is_hit = request.method == "POST" and "/api/event" in request.url
    return dict(json.loads(request.post_data or "{}")) if is_hit else {}


def view_sentinel(page: Page) -> None:
    """Go to the page /sentinel within the document, and wait until that view is stored.

    Whatever the snippet meant to send by then, its timers being all alike, went out before.
    """
    with page.expect_response(lambda answer: read_hit(answer.request).get("u", "").endswith("/sentinel")):
        page.evaluate("history.pushState(null, '', '/sentinel')")


def fetch_script(page: Page, blog: Blog) -> None:
    """Have the page fetch the snippet once more: the answers that it had before have had their effect."""
    script = "address => fetch(address, {cache: 'reload'}).then(answer => answer.text())"
    page.evaluate(script, f"{blog.stats.url}/pt.js")


def fetch_at_once(route: Route) -> APIResponse:
    """The answer to a request that the browser shall have later, or never."""
    # Playwright asks itself, and knows no made-up hosts.
    return route.fetch(url=route.request.url.replace("stats.example", "127.0.0.1"))


COUNT_TIMERS = """{
  const original = window.setTimeout;
  window.timers = 0;
  window.setTimeout = (callback, delay, ...rest) => {
    window.timers++;
    return original(() => { callback(...rest); window.timers--; }, delay);
  };
}"""


def count_timers(page: Page) -> None:
    """From the next page on, know which timers run: the snippet looks a moment later what a change was."""
    page.add_init_script(COUNT_TIMERS)


def await_timers(page: Page) -> None:
    """Wait until the snippet has looked at everything that has changed."""
    page.wait_for_function("window.timers === 0")


class Traffic:
    """The requests of a context from now on."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[Request] = []
        context.on("request", lambda request: self.requests.append(request))

    @property
    def hits(self) -> list[dict[str, Any]]:
        """The views and events that were sent."""
        return [hit for request in self.requests if (hit := read_hit(request))]
