"""Each tracker's own clients: one view, with the right page, referrer and visitor."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import httpx2
import pytest
from playwright.sync_api import Page, Response, expect

from ..conftest import CHROME
from .conftest import DOMAIN, REFERRER, Counting, Shop, Stored, need_package, run_node

UUID = "3f2c0b5e-9d1a-4c55-8f0e-1f6a2d3b4c5d"
IDS = (f"umami:{UUID}", "matomo:7", "ga4:G-ABC", "fathom:XYZ", f"ackee:{UUID}")
PAGE = f"https://{DOMAIN}/notes/tea"


def expect_one_view(counting: Counting, agent: str) -> None:
    """One view is stored, by the visitor that our own script would have counted at the same place."""
    (view,) = counting.hits()
    expect_the_view(counting, view, agent)


def expect_the_view(counting: Counting, view: Stored, agent: str) -> None:
    """It has the right page and referrer, and the visitor whom our own script counts."""
    assert view[:3] == ("", "/notes/tea", "news.example")
    ours = httpx2.post(
        f"{counting.local_url}/api/event", json={"u": PAGE}, headers={"user-agent": agent}, trust_env=False
    )
    assert ours.status_code == 202
    assert counting.hits()[-1] == Stored("", "/notes/tea", "", view.visitor)


def test_umami_in_node(counting: Counting) -> None:
    need_package("@umami/node")
    counting.add_site(foreign_ids=IDS)
    view = {"url": "/notes/tea", "hostname": DOMAIN, "referrer": REFERRER, "title": "Tea", "language": "en"}
    told = run_node("umami.mjs", server=counting.local_url, website=UUID, view=view, userAgent=CHROME)
    assert (told["status"], list(told["body"])) == (200, ["cache", "sessionId", "visitId"])
    expect_one_view(counting, CHROME)


def test_matomo_in_node(counting: Counting) -> None:
    need_package("matomo-tracker")
    # It has no user agent, which the list of bots does not know.
    counting.add_site(foreign_ids=IDS)
    view = {"url": PAGE, "urlref": REFERRER, "action_name": "Tea", "ua": CHROME, "cip": "1.2.3.4"}
    run_node("matomo.mjs", server=counting.local_url, site=7, views=[view])
    expect_one_view(counting, "")


def test_matomo_in_node_sends_many(counting: Counting) -> None:
    need_package("matomo-tracker")
    counting.add_site(foreign_ids=IDS)
    views = [{"url": PAGE}, {"url": f"https://{DOMAIN}/b"}, {"url": "https://evil.example/"}]
    told = run_node("matomo.mjs", server=counting.local_url, site=7, views=views)
    assert (told["status"], told["tracked"], told["invalid"]) == ("success", 2, 0)
    assert [hit.path for hit in counting.hits()] == ["/notes/tea", "/b"]


Show = Callable[[Counting, Shop], str]


def bundled(source: str) -> Show:
    """A page with a bundled client; `$SERVER` stands for Pagetally."""
    return lambda counting, shop: shop.bundle(source.replace("$SERVER", counting.url))


def written(markup: str) -> Show:
    """A page with a snippet as its owner pasted it, and nothing but the host changed."""
    return lambda counting, shop: markup.replace("$SERVER", counting.url)


CLIENTS: dict[str, tuple[str, str, Show]] = {
    "plausible-tracker": (
        "plausible-tracker",
        "/api/event",
        bundled(
            "import Plausible from 'plausible-tracker';"
            f"Plausible({{domain: '{DOMAIN}', apiHost: '$SERVER'}}).enableAutoPageviews();"
        ),
    ),
    "@plausible-analytics/tracker": (
        "@plausible-analytics/tracker",
        "/api/event",
        bundled(
            "import {init} from '@plausible-analytics/tracker';"
            f"init({{domain: '{DOMAIN}', endpoint: '$SERVER/api/event'}});"
        ),
    ),
    "ackee-tracker": (
        "ackee-tracker",
        "/api",
        bundled(f"import * as ackee from 'ackee-tracker'; ackee.create('$SERVER').record('{UUID}');"),
    ),
    "fathom-client": (
        "fathom-client",
        "/collect",
        bundled("import {load} from 'fathom-client'; load('XYZ', {url: '$SERVER/tracker.js'});"),
    ),
    "fathom-client, by hand": (
        "fathom-client",
        "/collect",
        bundled(
            "import {load, trackPageview} from 'fathom-client';"
            "load('XYZ', {url: '$SERVER/tracker.js', auto: false}); trackPageview();"
        ),
    ),
    "@jonkoops/matomo-tracker": (
        "@jonkoops/matomo-tracker",
        "/matomo.php",
        bundled(
            "import MatomoTracker from '@jonkoops/matomo-tracker';"
            "new MatomoTracker({urlBase: '$SERVER', siteId: 7}).trackPageView();"
        ),
    ),
    "@minimal-analytics/ga4": (
        "@minimal-analytics/ga4",
        "/g/collect",
        bundled(
            "import {track} from '@minimal-analytics/ga4';"
            "window.minimalAnalytics = {analyticsEndpoint: '$SERVER/g/collect'}; track('G-ABC');"
        ),
    ),
    "Plausible's tag": (
        "esbuild",
        "/api/event",
        written(f'<script defer data-domain="{DOMAIN}" src="$SERVER/js/script.hash.js"></script>'),
    ),
    "Plausible's new tag": (
        "esbuild",
        "/api/event",
        written(
            '<script async src="$SERVER/js/pa-Xy12.js"></script><script>'
            "window.plausible=window.plausible||function(){(plausible.q=plausible.q||[]).push(arguments)},"
            "plausible.init=plausible.init||function(i){plausible.o=i||{}};plausible.init()</script>"
        ),
    ),
    "Umami's tag": (
        "esbuild",
        "/api/send",
        written(f'<script defer src="$SERVER/script.js" data-website-id="{UUID}"></script>'),
    ),
    "Matomo's tag": (
        "esbuild",
        "/matomo.php",
        written(
            "<script>var _paq = window._paq = window._paq || [];"
            "_paq.push(['trackPageView']); _paq.push(['enableLinkTracking']); (function() {var u='$SERVER/';"
            "_paq.push(['setTrackerUrl', u+'matomo.php']); _paq.push(['setSiteId', '7']);"
            "var d=document, g=d.createElement('script'), s=d.getElementsByTagName('script')[0];"
            "g.async=true; g.src=u+'matomo.js'; s.parentNode.insertBefore(g,s);})();</script>"
        ),
    ),
    "Fathom's tag": (
        "esbuild",
        "/collect",
        written(
            "<script>(function(f, a, t, h, o, m){ a[h]=a[h]||function(){"
            "(a[h].q=a[h].q||[]).push(arguments) }; o=f.createElement('script'),"
            "m=f.getElementsByTagName('script')[0]; o.async=1; o.src=t; o.id='fathom-script';"
            "m.parentNode.insertBefore(o,m) })(document, window, '$SERVER/tracker.js', 'fathom');"
            "fathom('set', 'siteId', 'XYZ'); fathom('trackPageview');</script>"
        ),
    ),
}


@pytest.mark.browser
@pytest.mark.parametrize("client", CLIENTS)
def test_in_a_browser(counting: Counting, shop: Shop, page: Page, client: str) -> None:
    package, endpoint, show = CLIENTS[client]
    need_package(package)
    counting.add_site(foreign_ids=IDS)
    shop.show(show(counting, shop))
    page.add_init_script(f"Object.defineProperty(document, 'referrer', {{value: '{REFERRER}'}})")

    # The second page ends whatever the first one still meant to send.
    for path in ("/notes/tea", "/second"):

        def is_view(answer: Response, path: str = path) -> bool:
            request = answer.request
            said = unquote(request.url + (request.post_data or ""))
            is_ours = request.url.startswith(counting.url + endpoint) and request.method != "OPTIONS"
            return is_ours and path in said and "engagement" not in said

        with page.expect_response(is_view) as answered:
            page.goto(f"{shop.url}{path}?utm_source=x")
        assert "x-pagetally" not in answered.value.headers
    views = counting.hits()
    assert [(view.name, view.path) for view in views] == [("", "/notes/tea"), ("", "/second")]
    expect_the_view(counting, views[0], CHROME)


FLUID = """
const read = async more => (await (await fetch(
  `$SERVER/api/websites/${id}/stats?startAt=1546300800000&endAt=${Date.now()}${more}`, {headers})).json());
const path = location.pathname.replace(/\\/*(index.html)?$/, '/').replace(/\\.html\\/$/, '.html');
const [site, page] = [await read(''), await read('&url=' + path)];
show([site.pageviews.value, site.visitors.value, page.pageviews.value]);
"""
BUTTERFLY = """
const read = async more => (await (await fetch(
  `$SERVER/api/websites/${id}/stats?startAt=0&endAt=${Date.now()}${more}`, {headers})).json());
const number = told => typeof told === 'object' ? told.value : told;
const more = `&url=${location.pathname}&path=${location.pathname}`;
const [site, page] = [await read(''), await read(more)];
show([number(site.pageviews), number(site.visitors), number(page.pageviews)]);
"""


@pytest.mark.browser
@pytest.mark.parametrize("asks", [FLUID, BUTTERFLY], ids=["fluid", "butterfly"])
def test_fluid_and_butterfly_show_umamis_numbers(
    counting: Counting, shop: Shop, page: Page, asks: str
) -> None:
    counting.add_site(foreign_ids=IDS)
    for address in (PAGE, PAGE, f"https://{DOMAIN}/b"):
        told = {"u": address}
        httpx2.post(
            f"{counting.local_url}/api/event", json=told, headers={"user-agent": CHROME}, trust_env=False
        )
    shop.show(
        '<b id="count"></b><script type="module">'
        f"const id = '{UUID}', headers = {{Authorization: 'Bearer none'}};"
        "const show = numbers => { document.getElementById('count').innerText = numbers.join(' '); };"
        f"{asks.replace('$SERVER', counting.url)}</script>"
    )
    page.goto(f"{shop.url}/notes/tea/")
    expect(page.locator("#count")).to_have_text("3 1 2")
    assert len(counting.hits()) == 3
