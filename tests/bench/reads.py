"""Every form of a counter, and the lists: how many answers a second, beside JSON counters in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import httpx2

from ..conftest import Server
from . import load
from .places import MILLIONS, PAGES, QUICK, Row, large, serving

SITE = "site=example.com"
COUNTERS = f"/api/counters?{SITE}&path=/page/{{page}}"
FORMS = {
    "badge, SVG": f"/badge/page-views.svg?{SITE}&path=/page/{{page}}",
    "digits, SVG": f"/digits/page-views.svg?{SITE}&path=/page/{{page}}",
    "shields.io, JSON": f"/badge/page-views.json?{SITE}&path=/page/{{page}}",
    "chart of 30 days, SVG": f"/chart/page-views.svg?{SITE}&path=/page/{{page}}",
    "chart of the site, 365 days, SVG": f"/chart/site-views.svg?{SITE}&days=365",
    "busuanzi, JSONP that reads": "/busuanzi?jsonpCallback=F&ro=1",
}
"""Addresses by what they are; `{page}` is another page each time."""
LISTS = {
    "popular of 30 days": f"/api/popular?{SITE}&window=30d",
    "popular of all time": f"/api/popular?{SITE}&window=all",
    "trending of 7 days": f"/api/popular?{SITE}&window=7d&metric=trending",
    "popular of all time, published within 30 days": f"/api/popular?{SITE}&window=all&freshness=30d",
    "related": f"/api/related?{SITE}&path=/page/{{page}}",
}
CONNECTIONS = 32
LEAST, SLOWEST = 5_000, 10.0
"""The bar of a counter: answers a second, and milliseconds of the hundredth that is slowest."""
SLOWEST_LIST = 50


def bench_reads() -> Iterator[Row]:
    """Reads alone, on a large site of their own."""
    with large(MILLIONS) as data:
        with serving(data) as server:
            yield from read_all(server)
        with serving(data, "--compat", "none") as server:
            yield from _read_forms(server, {"badge, SVG": FORMS["badge, SVG"]}, ", compat switched off")


def read_all(server: Server) -> Iterator[Row]:
    """Every form and every list."""
    yield from _read_forms(server, FORMS)
    yield from _read_lists(server)


def _read_forms(server: Server, forms: dict[str, str], where: str = "") -> Iterator[Row]:
    seconds = 2 if QUICK else 10
    plain = _read(server, COUNTERS, seconds)
    yield _counter(f"counters of a page, JSON{where}", plain, plain)
    for name, address in forms.items():
        yield _counter(f"{name}{where}", _read(server, address, seconds), plain)


def _read(server: Server, address: str, seconds: float) -> load.Result:
    """The pages of an address in turn, once to warm up for a moment."""
    requests = [_request(address.replace("{page}", str(n * 7 % PAGES))) for n in range(PAGES)]
    load.flat_out(server.port, requests, 0.5, CONNECTIONS)
    return load.flat_out(server.port, requests, seconds, CONNECTIONS)


def _request(path: str) -> bytes:
    """busuanzi knows the page by the Referer; to the others it says nothing."""
    (plain,) = load.get(path)
    return plain[:-2] + b"Referer: https://example.com/page/7\r\n\r\n"


def _counter(name: str, result: load.Result, plain: load.Result) -> Row:
    p99 = result.percentile(0.99)
    figure = f"{result.rate:,.0f}/s = {result.rate / plain.rate:.0%} of the JSON, p99 {p99:.1f} ms"
    what = f"{name}, {MILLIONS} M views, {CONNECTIONS} connections"
    is_met = result.rate >= LEAST and p99 <= SLOWEST and not result.failed
    return what, f"{figure}, {result.failed} failed", "≥ 5,000/s, p99 ≤ 10 ms", is_met


def _read_lists(server: Server) -> Iterator[Row]:
    """One after the other, as pages ask for them."""
    with httpx2.Client(base_url=server.url) as client:
        for name, address in LISTS.items():
            times = []
            for page in range(50):
                start = time.perf_counter()
                answer = client.get(address.replace("{page}", str(page)))
                times.append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200
            figure = f"median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms"
            what = f"{name}, {PAGES:,} pages, {MILLIONS} M views"
            # The others are made anew from all pages, and kept for a minute by who asked.
            bar = f"≤ {SLOWEST_LIST:.0f} ms" if name == "related" else ""
            yield what, figure, bar, not bar or max(times) <= SLOWEST_LIST
