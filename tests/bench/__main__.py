"""Run every benchmark, or those named: `python -m tests.bench [NAME ...] [--quick] [--millions=N]`."""

from __future__ import annotations

import contextlib
import gzip
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from analytics.store.sqlite import SqliteReader
from seeds.fill import fill
from seeds.traffic import SITE_VIEWS

from ..conftest import FIREFOX, Server, pagetally
from . import load
from .places import MILLIONS, QUICK, ROOT, Row, large, resident, scratch, serving
from .reads import bench_reads, read_all
from .summaries import bench_summaries


def bench_collect() -> Iterator[Row]:
    """Stored views a second against a route that does nothing, in turns."""
    seconds, nothing, stored = (1 if QUICK else 4), [], []
    requests, noop = load.views(), load.get("/noop")
    with scratch() as data, serving(data) as server:
        load.flat_out(server.port, requests, 1)
        for _ in range(9):
            nothing.append(load.flat_out(server.port, noop, seconds).rate)
            result = load.flat_out(server.port, requests, seconds)
            assert result.failed == 0
            stored.append(result.rate)
    ratio = statistics.median(a / b for a, b in zip(stored, nothing, strict=True))
    yield "no-op route, 64 connections", f"{statistics.median(nothing):,.0f}/s", "", True
    figure = f"{statistics.median(stored):,.0f}/s = {ratio:.0%} of it (turns: "
    figure += ", ".join(f"{a / b:.0%}" for a, b in zip(stored, nothing, strict=True)) + ")"
    yield "stored views, JSON, 64 connections, synchronous=FULL", figure, "≥ 55 %", ratio >= 0.55


def bench_latency() -> Iterator[Row]:
    """Ack latency at 500 views a second, while folding."""
    with scratch() as data, serving(data) as server:
        load.steadily(server.port, load.views(), 500, 2, 16)
        result = load.steadily(server.port, load.views(), 500, 5 if QUICK else 30, 16)
    p50, p99 = result.percentile(0.5), result.percentile(0.99)
    figure = (
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {result.percentile(1):.0f} ms, {result.failed} failed"
    )
    yield (
        "ack latency at 500 views/s, while folding",
        figure,
        "p50 ≤ 5 ms, p99 ≤ 25 ms",
        p50 <= 5 and p99 <= 25,
    )


def bench_sustained() -> Iterator[Row]:
    """8,000 views a second for a minute: how far folding falls behind, and what memory does."""
    seconds = 10 if QUICK else 60
    with scratch() as data, serving(data) as server, ThreadPoolExecutor(1) as executor:
        # Until the caches are full: the database connection keeps 16 MB of pages.
        load.steadily(server.port, load.views(), 8_000, 2 if QUICK else 40)
        before = resident(server.process.pid)
        waiting = executor.submit(load.steadily, server.port, load.views(), 8_000, seconds)
        lags, memory = [], []
        done = threading.Event()
        waiting.add_done_callback(lambda _: done.set())
        while not done.wait(1):
            lags.append(fold_lag(data))
            memory.append(resident(server.process.pid))
        result = waiting.result()
    lag = max(lags)
    figure = f"{result.rate:,.0f}/s, {result.failed} failed, fold at most {lag:.1f} s behind"
    yield (
        f"sustained 8,000 views/s for {seconds} s",
        figure,
        "fold ≤ 5 s behind",
        lag <= 5 and result.rate > 7_600,
    )
    half = len(memory) // 2
    grown = statistics.mean(memory[half:]) - statistics.mean(memory[:half])
    figure = f"{before:.0f} MB before, {memory[-1]:.0f} MB after; second half {grown:+.1f} MB on the first"
    yield "memory meanwhile", figure, "flat", grown < 5


def fold_lag(data: Path) -> float:
    """Seconds since the oldest view that is not folded yet came in."""
    with contextlib.closing(SqliteReader(data)) as reader:
        run = reader._connection.execute
        oldest = run(
            "SELECT min(at) FROM (SELECT (SELECT at FROM hit WHERE hit.site = d.site AND hit.day = d.day"
            " AND hit.id > d.folded ORDER BY id LIMIT 1) AS at FROM site_day AS d WHERE stored > folded)"
        ).fetchone()[0]
    return 0.0 if oldest is None else max(0.0, time.time() - oldest)


def bench_bulk() -> Iterator[Row]:
    """Seeding and importing, folding included."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as name:
        start = time.perf_counter()
        fill(Path(name) / "data")
        took = time.perf_counter() - start
    yield (
        "seeding, folded and rolled up",
        f"{SITE_VIEWS / took:,.0f} views/s ({took:.1f} s)",
        "≥ 60,000/s, ≤ 30 s",
        (SITE_VIEWS / took >= 60_000 and took <= 30),
    )
    lines = 100_000 if QUICK else 600_000
    with scratch() as data:
        log = data.parent / "access.log"
        log.write_text("".join(make_log(lines)))
        start = time.perf_counter()
        pagetally("import", "access-log", log, "--site", "example.com", data=data)
        took = time.perf_counter() - start
    figure = f"{lines / took:,.0f} views/s (parsed, stored, folded, start of the command included)"
    yield "import of an access log", figure, "≥ 60,000/s", lines / took >= 60_000


def make_log(lines: int) -> Iterator[str]:
    """Ten days of a log in combined format: visits of three pages, ten visitors at a time."""
    for number in range(lines):
        visitor = number // 30 * 10 + number % 10
        day, second = divmod(number * 864_000 // lines, 86_400)
        clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        yield (
            f"198.{visitor // 62_500 % 250}.{visitor // 250 % 250}.{visitor % 250}"
            f" - - [{day + 10:02d}/Oct/2025:{clock} +0000]"
            f' "GET /page/{number * 31 % 5000} HTTP/1.1" 200 5120'
            f' "https://news.example/" "{load.AGENTS[visitor % 80]}"\n'
        )


def bench_large() -> Iterator[Row]:
    """Reading and size with ten million views stored."""
    start = time.perf_counter()
    with large(MILLIONS) as data:
        took = time.perf_counter() - start
        yield (
            f"storing {MILLIONS} M views",
            f"{MILLIONS * 1e6 / took:,.0f} views/s",
            "≥ 60,000/s",
            (MILLIONS * 1e6 / took >= 60_000),
        )
        size = sum(file.stat().st_size for file in data.glob("pagetally.db*"))
        each = size / MILLIONS / 1e6
        yield "disk for a view, everything included", f"{each:.1f} bytes", "≤ 80 bytes (aim 50)", each <= 80
        with serving(data) as server:
            yield from _read_counters(server)
            yield from read_all(server)
            yield from _read_summary(server)


def _read_counters(server: Server) -> Iterator[Row]:
    paths = [f"/api/counters?site=example.com&path=/page/{n}&path=/page/{n * 7 % 5000}" for n in range(5_000)]
    requests = [request for path in paths for request in load.get(path)]
    # As before every form of a counter: in its first second the server still loads what first comers need.
    load.flat_out(server.port, requests, 1, 32)
    result = load.flat_out(server.port, requests, 2 if QUICK else 10, 32)
    p99 = result.percentile(0.99)
    figure = f"{result.rate:,.0f}/s, p99 {p99:.1f} ms, {result.failed} failed"
    name = f"counters with two paths, {MILLIONS} M views, 32 connections"
    yield name, figure, "≥ 6,000/s, p99 ≤ 10 ms", result.rate >= 6_000 and p99 <= 10


def _read_summary(server: Server) -> Iterator[Row]:
    with httpx2.Client(base_url=server.url, headers={"origin": server.url}) as client:
        # The page of all sites comes next, as in a browser: with it the process for summaries starts.
        client.post(server.setup_url, data={"password": "a password for a bench"}, follow_redirects=True)
        for period in ("30d", "12mo", "all"):
            times = []
            for _ in range(7):
                start = time.perf_counter()
                answer = client.get(f"/sites/example.com?period={period}")
                times.append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200
            figure = f"first {times[0]:.0f} ms, median {statistics.median(times):.0f} ms"
            bar = "≤ 300 ms" if period == "12mo" else ""
            yield f"summary page, {period}, {MILLIONS} M views", figure, bar, not bar or max(times) <= 300


def bench_small() -> Iterator[Row]:
    """Sizes of the snippet, time to start, memory at rest."""
    for name, most in (("pt-lite.js", 1_000), ("pt.js", 1_450)):
        packed = subprocess.run(
            ["gzip", "-9", "-c", ROOT / "analytics/static" / name], capture_output=True, check=True
        )
        size = min(len(packed.stdout), len(gzip.compress((ROOT / "analytics/static" / name).read_bytes(), 9)))
        yield f"{name}, gzip -9", f"{size:,} bytes", f"≤ {most:,} bytes", size <= most
    with scratch() as data:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            server = Server(data)
            httpx2.get(f"{server.url}/health")
            times.append(time.perf_counter() - start)
            # Idle, but not as new: the first view loads the tables of browsers.
            view = {"u": "https://example.com/"}
            answer = httpx2.post(f"{server.url}/api/event", json=view, headers={"user-agent": FIREFOX})
            assert answer.text == "ok"
            threading.Event().wait(2)
            memory = resident(server.process.pid)
            server.stop()
    yield "start to first answer", f"median {statistics.median(times):.2f} s", "≤ 1.5 s", max(times) <= 1.5
    yield "idle memory", f"{memory:.0f} MB", "≤ 90 MB", memory <= 90


BENCHES: dict[str, Callable[[], Iterator[Row]]] = {
    "small": bench_small,
    "collect": bench_collect,
    "latency": bench_latency,
    "sustained": bench_sustained,
    "bulk": bench_bulk,
    "large": bench_large,
    "reads": bench_reads,
    "summaries": bench_summaries,
}


def main() -> int:
    """Print each figure beside its bar."""
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or [
        name for name in BENCHES if name not in ("reads", "summaries")
    ]
    missed = 0
    print("| what | measured | bar | |\n|---|---|---|---|")
    for name in wanted:
        for what, figure, bar, is_met in BENCHES[name]():
            missed += not is_met
            print(f"| {what} | {figure} | {bar} | {'' if is_met else '**missed**'} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
