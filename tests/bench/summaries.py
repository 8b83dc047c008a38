"""A whole summary page at ten million views, without a filter and with one or two; `--data=DIR` keeps it.

Views, visits, paths and sources are as many as the bars are for: 10 M, some 3 M visits, 400 days, 5,000
paths, 800 sources, 60 countries with 2,400 cities.
"""

from __future__ import annotations

import contextlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import httpx2

from analytics.instance import Instance
from analytics.model import NO_CAMPAIGN, Campaign, Client, Hit, Kind, Place, Site
from analytics.registry import check_site

from ..conftest import Server
from . import load
from .places import MILLIONS, ROOT, Row, serving
from .readers import close_readers, open_readers

T = TypeVar("T")

DAYS = 400
BROWSERS = (("Chrome", "desktop"), ("Chrome", "mobile"), ("Safari", "mobile"), ("Firefox", "desktop"))
SYSTEMS = ("Windows", "macOS", "Android", "iOS")
LANGUAGES = ("en", "de", "fr", "es", "zh")


def make_clients() -> list[Client]:
    """Some 480 combinations of browser, system, device and screen."""
    return [
        Client(browser, str(version), system, str(release), device, screen)
        for browser, device in BROWSERS
        for version in range(120, 130)
        for system in SYSTEMS
        for release in (10, 11, 14)
        for screen in ("<576", "1440+")
    ]


def make_places() -> list[Place]:
    """60 countries with 40 cities each."""
    return [
        Place(
            f"{chr(65 + n % 26)}{chr(65 + n // 26)}",
            f"R{n}-{k % 9}",
            f"City {n}-{k}",
            f"AS{k}",
            LANGUAGES[k % 5],
        )
        for n in range(60)
        for k in range(40)
    ]


def pick(dice: random.Random, from_: Sequence[T]) -> T:
    """One of a row, the first ones far more often."""
    return from_[min(int(dice.paretovariate(0.6)) - 1, len(from_) - 1)]


def fill(folder: Path, views: int) -> None:
    """A site with so many views in DAYS days that end today."""
    dice, today = random.Random(5), int(time.time() // 86_400)
    clients, places = make_clients(), make_places()
    hosts = [f"host{number}.example" for number in range(800)]
    letters = [Campaign("letter", "email", f"letter-{number}") for number in range(20)]
    paths = [f"/post/{number}" for number in range(5_000)]
    instance = Instance(folder, fold_limit=20_000).open()
    instance.write(lambda store: store.save_site(check_site(Site(id=0, domain="example.com")), 0))
    instance.reload_sites()
    for day in range(today - DAYS + 1, today + 1):
        hits: list[Hit] = []
        while len(hits) < views // DAYS:
            visitor, at = dice.getrandbits(63), day * 86_400 + dice.randrange(80_000)
            client, place = pick(dice, clients), pick(dice, places)
            host = pick(dice, hosts) if dice.random() < 0.6 else ""
            campaign = pick(dice, letters) if dice.random() < 0.1 else NO_CAMPAIGN
            for _ in range(min(int(dice.paretovariate(1.1)), 30)):
                at = min(at + dice.randrange(20, 200), day * 86_400 + 86_399)
                path = pick(dice, paths)
                more = (Kind.VIEW, "", path, host, "", None, None, client, place, campaign)
                hits.append(Hit(1, day, at, visitor, *more))
        hits.sort(key=lambda hit: hit.at)
        for start in range(0, len(hits), 2_000):
            part = hits[start : start + 2_000]
            instance.write(lambda store, part=part: store.write(part))  # type: ignore[misc]
        instance.fold()
    instance.rollup()
    instance.close()


QUESTIONS = (
    ("30 days, all cards", "", 150),
    ("12 months, all cards", "period=12mo", 300),
    ("30 days, one filter that most visits meet", "f=device:is:desktop", 400),
    ("30 days, one filter that few meet", "f=city:is:City+3-3", 400),
    ("30 days, a filter on a page", "f=page:is:/post/0", 600),
    ("12 months, two filters", "period=12mo&f=device:is:desktop&f=country:is:AA", 1_500),
    ("12 months, a page and a country", "period=12mo&f=page:is:/post/1&f=country:is:BA", 1_500),
    ("today by hour", "period=today", 300),
)


def sign_in(server: Server) -> httpx2.Client:
    """A client that may see summaries, of a new folder."""
    client = httpx2.Client(base_url=server.url, headers={"origin": server.url}, timeout=60)
    client.post(server.setup_url, data={"password": "a password for a bench"})
    return client


def ask_all(client: httpx2.Client) -> Iterator[Row]:
    """Each question several times, over HTTP."""
    for what, query, most in QUESTIONS:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            answer = client.get(f"/sites/example.com?{query}")
            times.append((time.perf_counter() - start) * 1_000)
            assert answer.status_code == 200, answer.text[:500]
        figure = f"first {times[0]:.0f} ms, median {statistics.median(times):.0f} ms"
        yield what, figure, f"≤ {most:,} ms", statistics.median(times) <= most
    times = []
    for _ in range(200):
        start = time.perf_counter()
        client.get("/sites/example.com/online")
        times.append((time.perf_counter() - start) * 1_000)
    median = statistics.median(times)
    yield "live visitors", f"median {median:.1f} ms", "≤ 5 ms", median <= 5


def count_beside(server: Server, client: httpx2.Client) -> Iterator[Row]:
    """How quickly 200 views a second are answered while nobody and while ten look at summaries."""
    requests = load.views()
    # The first views after a start wait for what is loaded then.
    load.steadily(server.port, requests, 200, 2, 16)
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    for count in (0, 10):
        readers = open_readers(server.url, cookie, count)
        result = load.steadily(server.port, requests, 200, 10, 16)
        pages = close_readers(readers)
        p50, p99, worst = (result.percentile(share) for share in (0.5, 0.99, 1))
        figure = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.0f} ms, {result.failed} failed"
        what = f"ack latency at 200 views/s beside {count} who load summaries ({pages} pages)"
        yield what, figure, "p99 ≤ 25 ms", p99 <= 25 and not result.failed


def bench_summaries() -> Iterator[Row]:
    """Summary pages at MILLIONS million views."""
    given = next((word.partition("=")[2] for word in sys.argv if word.startswith("--data=")), "")
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as name:
        folder = Path(given or Path(name) / "data")
        if not folder.exists():
            start = time.perf_counter()
            fill(folder, MILLIONS * 1_000_000)
            rate = MILLIONS * 1e6 / (time.perf_counter() - start)
            yield "made and stored, folded, rolled up", f"{rate:,.0f} views/s", "", True
        size = sum(file.stat().st_size for file in folder.glob("pagetally.db*")) / MILLIONS / 1e6
        yield "disk for a view, everything included", f"{size:.1f} bytes", "≤ 90 bytes", size <= 90
        with serving(folder) as server, contextlib.closing(sign_in(server)) as client:
            yield from ask_all(client)
            yield from count_beside(server, client)
