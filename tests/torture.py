"""The long versions: `make torture`, or `python -m tests.torture [WORD ...]` for the parts so named.

Prints what it does and its figures; exit code 1 when a promise was broken.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from analytics.days import local_day
from analytics.errors import PagetallyError
from analytics.instance import Instance
from analytics.model import Hit, Kind
from analytics.periods import BY_NAME
from analytics.store.sqlite import SqliteReader
from analytics.summary import Query, summarise

from .conftest import FIREFOX, Server, pagetally
from .load import (
    Load,
    View,
    compare,
    end_traced,
    look_over,
    percentile,
    resident_bytes,
    stored_paths,
    unique_views,
)
from .test_durability import check_held, hold_lock, kill_rounds, make_hit, wal_bytes
from .test_recount import STEPS, tell

MANY_PATHS = ("--new-paths-a-day", "1000000")
MEGABYTE = 1024 * 1024

Part = Callable[[Path], None]
Outcome = pytest.fail.Exception


def say(text: str) -> None:
    print(text, flush=True)


def check(holds: bool, promise: str) -> None:
    """Print a promise and whether it held; AssertionError when it did not."""
    say(f"    {'ok    ' if holds else 'BROKEN'}  {promise}")
    assert holds, promise


def start(folder: Path, *options: str) -> Server:
    return Server(folder, *options)


@contextlib.contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """A running server that counts example.com; stopped at the end."""
    pagetally("site", "add", "example.com", data=folder)
    server = Server(folder, *options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.stop()


def fill(folder: Path, hits: int, days: int = 30, pages: int = 2_000) -> None:
    """A history that waits to be folded."""
    instance = Instance(folder).open()
    now = int(time.time())
    try:
        for first in range(0, hits, 20_000):
            chunk = [
                make_hit((n * 7_919) % (hits // 3), n % pages, at=now - n * (days * 86_400) // hits)
                for n in range(first, min(hits, first + 20_000))
            ]
            instance.write(lambda store, chunk=chunk: store.write(chunk))
    finally:
        instance.close()


def show_latency(what: str, load: Load) -> tuple[float, float]:
    """Print a row of the latency table; p50 and p99 in milliseconds."""
    took = [view.took * 1_000 for view in load.acked]
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    row = f"    {what:<40} {len(took):>7,} acked   p50 {p50:6.1f}   p99 {p99:6.1f}   max {max(took):7.1f} ms"
    say(row)
    return p50, p99


def kill(folder: Path) -> None:
    """R1: a hundred SIGKILLs under 600 views/s."""
    pagetally("site", "add", "example.com", data=folder)
    starts = kill_rounds(start, folder, 100, 2, *MANY_PATHS)
    slowest = f"ready after {percentile(starts, 0.5):.2f} s (median), {max(starts):.2f} s (slowest)"
    check(max(starts) <= 2.0, f"100 kills: nothing lost, nothing twice, no damage; {slowest}")


def latency(folder: Path) -> None:
    """R3: latency at 500 views/s, alone and beside other work."""
    worst: list[tuple[float, float]] = []
    with serving(folder, *MANY_PATHS) as server:
        for what, beside in (("alone", None), ("beside `pagetally stats`, again and again", read_dashboard)):
            worst.append(show_latency(what, load_beside(server, beside)))
        worst.append(show_latency("beside backups", load_beside(server, save_backups)))
    fill(folder, 600_000)
    server = Server(folder, *MANY_PATHS)
    worst.append(show_latency("while 600,000 hits are folded, rolled up", load_beside(server, None)))
    server.stop()
    check(max(p50 for p50, _ in worst) <= 5.0, "p50 <= 5 ms everywhere")
    check(max(p99 for _, p99 in worst) <= 25.0, "p99 <= 25 ms everywhere")


def load_beside(server: Server, beside: Callable[[Path, threading.Event], None] | None) -> Load:
    """500 views/s for some seconds, with something else going on."""
    done = threading.Event()
    threads = [threading.Thread(target=beside, args=(server.data, done))] if beside else []
    for thread in threads:
        thread.start()
    make = unique_views(f"latency-{time.monotonic_ns()}")
    # The first view of a start loads the tables of browsers: 0.1 s that have nothing to do with the rest.
    httpx2.post(
        f"{server.url}/api/event", json={"u": "https://example.com/"}, headers={"user-agent": FIREFOX}
    )
    with Load(server.port, make, connections=50, rate=500, limit=7_500) as load:
        load.join(120)
    done.set()
    for thread in threads:
        thread.join()
    return load


def read_dashboard(folder: Path, done: threading.Event) -> None:
    """Summaries, one after the other, in processes of their own: threads would slow the generator."""
    while not done.is_set():
        pagetally("stats", "example.com", "--period", "90d", data=folder)


def save_backups(folder: Path, done: threading.Event) -> None:
    number = 0
    while not done.is_set():
        target = folder / f"copy-{threading.get_ident()}-{number}.db"
        pagetally("backup", target, data=folder)
        target.unlink()
        number += 1
        done.wait(1.0)


def lock(folder: Path) -> None:
    """R6: another process holds the write lock for half a minute."""
    with serving(folder, *MANY_PATHS) as server:
        load, recovered, grown = hold_lock(server, 30.0)
        slowest = max(view.took for view in load.views if view.status == 503)
        say(
            f"    refused after {slowest:.2f} s at most, recovered {recovered:.2f} s after, +{grown >> 20} MB"
        )
        check_held(server, load, recovered, grown)
        check(True, "503 within 5 s, memory bounded, recovered within 1 s, acked = stored")


def endurance(folder: Path) -> None:
    """R9, shortened: as many views as go in two minutes, beside readers that are always there."""
    rows: list[tuple[int, int, int, int]] = []
    with serving(folder, *MANY_PATHS) as server, contextlib.ExitStack() as stack:
        done = threading.Event()
        stack.callback(done.set)
        for _ in range(3):
            threading.Thread(target=overlap, args=(folder, done)).start()
        load = stack.enter_context(Load(server.port, lambda n: View(f"/page-{n % 5_000}"), connections=50))
        for _ in range(12):
            done.wait(10.0)
            descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            rows.append((len(load.views), resident_bytes(server), descriptors, wal_bytes(folder)))
            views, memory, _, wal = rows[-1]
            say(
                f"    {views:>9,} views   {memory >> 20:>4} MB   {descriptors:>3} fds   log {wal >> 20:>4} MB"
            )
        load.stop()
    check(rows[-1][1] - rows[1][1] < 50 * MEGABYTE, "memory stays flat")
    check(rows[-1][2] - rows[1][2] <= 5, "descriptors stay flat")
    check(max(row[3] for row in rows) < 64 * MEGABYTE, "the log stays below 64 MB")
    check(
        (rows[-1][0] - rows[-2][0]) > 0.7 * (rows[1][0] - rows[0][0]), "the end is about as fast as the start"
    )
    check(look_over(folder) == [], "no damage, no difference")


def overlap(folder: Path, done: threading.Event) -> None:
    """Snapshots that follow each other so closely that one is always open."""
    with contextlib.closing(SqliteReader(folder)) as reader:
        (site,) = reader.sites()
        while not done.is_set():
            with reader.snapshot():
                summarise(reader, Query(site, BY_NAME["30d"], time.time()))
                done.wait(0.3)


def backlog(folder: Path) -> None:
    """SIGTERM, and counters, while two million hits wait to be folded."""
    pagetally("site", "add", "example.com", data=folder)
    fill(folder, 2_000_000)
    server = Server(folder)
    with Load(
        server.port, lambda _: View("/"), connections=4, limit=40, target="/api/event?counters=1"
    ) as load:
        load.join(300)
    _, p99 = show_latency("views that ask for counters", load)
    begun = time.monotonic()
    code = server.stop()
    took = time.monotonic() - begun
    check(code == 0 and took <= 5.0, f"stops within 5 s (took {took:.1f} s, exit code {code})")
    check(p99 <= 1_000, "counters within a second")


def disk_errors(folder: Path) -> None:
    """R5: fdatasync fails now and then, and pwrite too."""
    words = ["strace", "-f", "-o", os.devnull, "-e", "trace=fdatasync,pwrite64"]
    words += ["-e", "inject=fdatasync:error=EIO:when=20+20", "-e", "inject=pwrite64:error=EIO:when=400+100"]
    pagetally("site", "add", "example.com", data=folder)
    server = Server(folder, *MANY_PATHS, command=[*words, sys.executable, "-m", "analytics", "serve"])
    make = unique_views("eio")
    with Load(server.port, make, connections=20, limit=20_000, again=True) as load:
        load.join(300)
    refused = sum(view.status == 503 for view in load.views)
    say(f"    {len(load.acked):,} acked, {refused:,} refused")
    check({view.status for view in load.views} <= {202, 503}, "acked or 503, nothing else")
    end_traced(server, signal.SIGKILL)
    check(compare(load.acked, folder) == [], "what was acked is stored, once")
    told = {view.path for view in load.views if view.status == 503}
    check(told.isdisjoint(stored_paths(folder)), "what was refused is not stored")
    check(look_over(folder) == [], "no damage, no difference")


def distinct(folder: Path) -> None:
    """R20: a million paths, referring hosts and properties, each different, on a day that is over."""
    pagetally("site", "add", "example.com", data=folder)
    instance = Instance(folder).open()
    site, now, count = instance.registry.sites[0], int(time.time()), 1_000_000
    day = local_day(site.timezone, now - 86_400)
    for first in range(0, count, 10_000):
        hits = [
            hit for n in range(first, first + 10_000) for hit in unlike_others(site.id, day, now - 86_400, n)
        ]
        instance.write(lambda store, hits=hits: store.write(hits))
        instance.fold()
    instance.rollup()
    # A list of properties is not on the page that opens first, and reads every event.
    for name, most in (
        ("page", 1.0),
        ("referrer", 1.0),
        ("event", 1.0),
        ("property", 1.0),
        ("prop.order", 1.0),
    ):
        with instance.borrow_reader(60) as reader:
            begun = time.process_time()
            report = summarise(reader, Query(site, BY_NAME["30d"], now, panels=(name,), limit=100_000))
            took = time.process_time() - begun
        panel = report.panels[name]
        total = sum(getattr(item.totals, panel.amount) for item in panel.items)
        check(total == count, f"{name}: none is lost, the rest is in the row of others")
        check(took <= most, f"{name}: {len(panel.items):,} rows in {took:.2f} s of a processor")
    instance.close()
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    check(size / count <= 300, f"{size / count:.0f} bytes a view, its event with it")


def unlike_others(site: int, day: int, at: int, n: int) -> tuple[Hit, Hit]:
    """A view and an event of a visitor with a path, a referring host and a property of their own."""
    view = Hit(site, day, at, n, Kind.VIEW, "", f"/{n}", f"{n}.example", "", None, None)
    return view, replace(view, at=at + 1, kind=Kind.EVENT, name="Buy", detail=f'{{"order":"{n}"}}')


def histories(folder: Path) -> None:
    """A thousand random histories of a store beside its oracle."""
    run = settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))(
        given(st.lists(STEPS, min_size=1, max_size=25))(tell)
    )
    run()
    check(True, "1,000 histories agree with the oracle")


PARTS: tuple[Part, ...] = (kill, latency, lock, endurance, backlog, disk_errors, distinct, histories)


def main(words: list[str]) -> int:
    """Run the parts that the words name, all without words; the exit code."""
    if unknown := set(words) - {part.__name__ for part in PARTS}:
        say(f"No part is called {', '.join(sorted(unknown))}: {', '.join(part.__name__ for part in PARTS)}")
        return 2
    broken = []
    for part in PARTS:
        if words and part.__name__ not in words:
            continue
        say(f"\n{part.__name__}: {part.__doc__}")
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                part(Path(folder) / "data")
            except (AssertionError, PagetallyError, OSError, Outcome) as error:
                broken.append(part.__name__)
                say(f"    BROKEN  {str(error)[:2_000]}")
        say(f"    took {time.monotonic() - begun:.0f} s")
    say(f"\n{'Broken: ' + ', '.join(broken) if broken else 'Every promise held.'}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
