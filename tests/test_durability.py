"""Nothing that was acknowledged is ever lost, whatever happens to the process or the disk."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NoReturn

import httpx2
import pytest

from analytics.errors import StoreBusy
from analytics.instance import Instance
from analytics.model import Dropped, Hit, Kind, Site
from analytics.periods import BY_NAME
from analytics.store.connect import FILE
from analytics.store.sqlite import SqliteReader, SqliteStore
from analytics.summary import Query, summarise
from analytics.web.app import create_app

from .conftest import CHROME, FIREFOX, GOOGLEBOT, NOON, Server, StartServer, add_site, pagetally
from .load import (
    Load,
    View,
    ask,
    compare,
    dump_derived,
    end_traced,
    fill_disk,
    foreign_write_lock,
    look_over,
    resident_bytes,
    send_view,
    small_disk,
    stored_paths,
    unique_views,
    until,
)
from .test_recount import fold_all

pytestmark = pytest.mark.alone

MEGABYTE = 1024 * 1024

READY_SECONDS = 2.0

ROUNDS = 20
"""Of killing; the long version in tests/torture.py has a hundred."""


def wal_bytes(folder: Path) -> int:
    """The size of the log; 0 when there is none."""
    wal = folder / f"{FILE}-wal"
    return wal.stat().st_size if wal.exists() else 0


def is_green(server: Server) -> bool:
    """Whether the server's health is green."""
    with contextlib.suppress(httpx2.TransportError):
        return httpx2.get(f"{server.url}/health").status_code == 200
    return False


def start_timed(start: StartServer, folder: Path, *options: str) -> tuple[Server, float]:
    """A server, and the seconds from its start until it was healthy."""
    begun = time.monotonic()
    server = start(folder, *options)
    until(lambda: is_green(server))
    return server, time.monotonic() - begun


# R1, R10: kill


def kill_rounds(start: StartServer, folder: Path, rounds: int, seed: int, *options: str) -> list[float]:
    """Kill a loaded server again and again, and look at what it left; the seconds of each start."""
    chance, acked, starts = random.Random(seed), [], []
    server, seconds = start_timed(start, folder, *options)
    for number in range(rounds):
        with Load(server.port, unique_views(f"round-{number:03d}"), connections=8, rate=600) as load:
            load.wait_for(acked=chance.randint(1, 300))
            threading.Event().wait(chance.random() / 20)
            server.kill()
            load.join()
        acked += load.acked
        server, seconds = start_timed(start, folder, *options)
        starts.append(seconds)
        assert look_over(folder) == []
        assert compare(acked, folder) == []
    assert server.stop() == 0
    return starts


def test_killed_under_load_it_loses_and_doubles_nothing(server: Server, start_server: StartServer) -> None:
    assert server.stop() == 0
    starts = kill_rounds(start_server, server.data, ROUNDS, seed=1)
    # All but one, which may meet a bad moment of a shared machine.
    assert sorted(starts)[-2] <= READY_SECONDS
    assert "no difference" in pagetally("recount", "--check", data=server.data).stdout


def test_a_rebuild_after_a_kill_gives_the_same_rows(server: Server) -> None:
    with Load(server.port, lambda number: View(f"/page-{number % 17}")) as load:
        load.wait_for(acked=2_000)
        server.kill()
    pagetally("recount", data=server.data)
    before = dump_derived(server.data)
    pagetally("recount", data=server.data)
    assert dump_derived(server.data) == before
    assert sum(row[1] for row in before["page_total"]) == stored_paths(server.data).total() >= 2_000


# R2: what reaches the disk before the answer

MARK = re.compile(r"/mark-\d{6}")
TRACED = "pwrite64,pwritev,write,writev,sendto,sendmsg,fsync,fdatasync"
SYNCS = ("fsync", "fdatasync")


class TraceReader:
    """Reads a system-call trace: which answers left before their view was flushed."""

    def __init__(self) -> None:
        self.early: list[str] = []
        self.acked: set[str] = set()
        self.syncs = 0
        self._begun: dict[str, tuple[str, str]] = {}
        self._written: set[str] = set()
        self._durable: set[str] = set()
        self._covers: dict[str, set[str]] = {}

    def read(self, lines: list[str]) -> None:
        for line in lines:
            thread, _, rest = line.partition(" ")
            if " resumed>" in rest:
                call, text = self._begun.pop(thread, ("", ""))
                self._end(thread, call, text)
                continue
            call = rest.strip().partition("(")[0]
            self._begin(thread, call, rest)
            if "<unfinished" in rest:
                self._begun[thread] = (call, rest)
            else:
                self._end(thread, call, rest)

    def _begin(self, thread: str, call: str, text: str) -> None:
        if call in SYNCS and "-wal>" in text:
            # It covers what was written before it began.
            self._covers[thread] = set(self._written)
        elif "HTTP/1.1 202" in text:
            marks = set(MARK.findall(text))
            self.early += sorted(marks - self._durable)
            self.acked |= marks

    def _end(self, thread: str, call: str, text: str) -> None:
        if call in SYNCS and thread in self._covers:
            self._durable |= self._covers.pop(thread)
            self.syncs += 1
        elif call.startswith("pwrite") and "-wal>" in text:
            self._written |= set(MARK.findall(text))


def give_up(reason: str) -> NoReturn:
    """Skip the test; where every promise has to be looked at, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def test_every_answer_leaves_after_its_view_was_flushed(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        give_up("strace is not installed")
    folder, trace = tmp_path / "data", tmp_path / "trace"
    pagetally("site", "add", "example.com", data=folder)
    words = ["strace", "-f", "-y", "-s", "4200", "-e", f"trace={TRACED}", "-o", str(trace)]
    try:
        server = Server(folder, command=[*words, sys.executable, "-m", "analytics", "serve"])
    except AssertionError as error:
        give_up(f"strace is not permitted here: {error}")
    with contextlib.closing(server.process.stdout), server.process:
        target = "/api/event?counters=1"
        with Load(server.port, unique_views("mark"), connections=50, limit=1_000, target=target) as load:
            load.join(120)
        end_traced(server, signal.SIGKILL)
    found = TraceReader()
    found.read(trace.read_text(errors="replace").splitlines())
    assert len(load.acked) == len(found.acked) == 1_000
    assert found.early == []
    assert 0 < found.syncs < len(load.acked) / 5


# R4: a full disk


def test_a_full_disk_is_said_and_survived(tmp_path: Path, start_server: StartServer) -> None:
    with small_disk(tmp_path / "disk", "12m") as disk:
        folder = disk / "data"
        pagetally("site", "add", "example.com", data=folder)
        server = start_server(folder)
        long = "x" * 900
        with Load(server.port, lambda n: View(f"/{n}/{long}"), connections=4, rate=200, again=True) as load:
            load.wait_for(acked=100)
            filler = fill_disk(disk, leave=0)
            until(lambda: any(view.status == 503 for view in load.views))
            until(lambda: not is_green(server))
            assert _says_full(server)
            counters = httpx2.get(f"{server.url}/api/counters?site=example.com&path=/1/{long}").json()
            assert counters["pages"][f"/1/{long}"]["views"] == 1
            filler.unlink()
            until(lambda: is_green(server))
            before = len(load.acked)
            load.wait_for(acked=before + 50)
        assert server.stop() == 0
        assert {view.status for view in load.views} == {202, 503}
        assert all(view.retry_after for view in load.views if view.status == 503)
        assert compare(load.acked, folder) == []
        assert len(stored_paths(folder)) == len(load.acked)
        assert look_over(folder) == []


def _says_full(server: Server) -> bool:
    answer = httpx2.get(f"{server.url}/health")
    assert answer.status_code == 503
    return answer.json()["status"] == "red" and "full" in answer.json()["error"]


def test_it_stops_in_peace_while_the_disk_is_full(tmp_path: Path, start_server: StartServer) -> None:
    with small_disk(tmp_path / "disk", "12m") as disk:
        folder = disk / "data"
        pagetally("site", "add", "example.com", data=folder)
        server = start_server(folder)
        with Load(server.port, unique_views("full"), rate=200, again=True) as load:
            load.wait_for(acked=20)
            fill_disk(disk, leave=0)
            until(lambda: any(view.status == 503 for view in load.views))
        with httpx2.Client(headers={"user-agent": GOOGLEBOT}) as client:
            client.post(f"{server.url}/api/event", json={"u": "https://example.com/"})
        code = server.stop()
        output = "".join(server.output)
        assert "Traceback" not in output
        assert code == 0, output
        assert compare(load.acked, folder) == []


# Files that are taken away from under a running server


@pytest.mark.parametrize("taken", ["pagetally.db", "pagetally.db-wal"])
def test_what_goes_into_a_file_that_was_taken_away_is_not_acked(server: Server, taken: str) -> None:
    def send() -> int:
        view = {"u": "https://example.com/a"}
        return httpx2.post(f"{server.url}/api/event", json=view, headers={"user-agent": FIREFOX}).status_code

    assert send() == 202
    aside = server.data.with_name("aside")
    (server.data / taken).rename(aside)
    assert send() == 503
    answer = httpx2.get(f"{server.url}/health")
    assert answer.status_code == 503
    assert "was removed or replaced" in answer.json()["error"]
    aside.rename(server.data / taken)
    until(lambda: is_green(server))
    assert send() == 202
    assert server.stop() == 0
    assert look_over(server.data) == []
    # What was refused did not come back with the file.
    assert stored_paths(server.data) == {"/a": 2}


def test_that_the_files_are_gone_is_said_before_a_view_comes(server: Server) -> None:
    shutil.rmtree(server.data)
    until(lambda: not is_green(server))


def test_looking_for_the_files_is_no_change(instance: Instance) -> None:
    before = instance.writer.commits
    instance.probe()
    assert instance.writer.commits == before


# R6: another process holds the write lock


def test_a_short_foreign_lock_costs_nobody_a_view(server: Server) -> None:
    with Load(server.port, unique_views("lock"), rate=300) as load:
        load.wait_for(acked=50)
        with foreign_write_lock(server.data) as release:
            threading.Event().wait(1.0)
            release()
        load.wait_for(acked=len(load.acked) + 100)
    assert {view.status for view in load.views} == {202}
    assert server.stop() == 0
    assert compare(load.acked, server.data) == []
    assert look_over(server.data) == []


def hold_lock(server: Server, seconds: float) -> tuple[Load, float, int]:
    """A foreign lock under load: the load, seconds from its end to the next ack, bytes of memory grown."""
    make = unique_views("long-lock")
    with Load(server.port, make, connections=200, rate=2_000, again=True) as load:
        load.wait_for(acked=50)
        before = resident_bytes(server)
        with foreign_write_lock(server.data) as release:
            threading.Event().wait(seconds)
            grown = resident_bytes(server) - before
            count, freed = len(load.acked), time.monotonic()
            release()
        load.wait_for(acked=count + 1)
        recovered = time.monotonic() - freed
    return load, recovered, grown


def check_held(server: Server, load: Load, recovered: float, grown: int) -> None:
    """The promises of R6 for a long lock."""
    refused = [view for view in load.views if view.status == 503]
    assert refused
    assert max(view.took for view in refused) <= 5.0
    assert all(view.retry_after for view in refused)
    assert {view.status for view in load.views} <= {202, 503}
    assert grown < 50 * MEGABYTE
    assert recovered <= 1.0
    assert server.stop() == 0
    assert compare(load.acked, server.data) == []
    assert len(stored_paths(server.data)) == len(load.acked)
    assert look_over(server.data) == []


def test_a_long_foreign_lock_is_said_and_survived(server: Server) -> None:
    check_held(server, *hold_lock(server, 8.0))


def test_it_stops_in_peace_while_a_foreign_lock_is_held(server: Server) -> None:
    with foreign_write_lock(server.data):
        with httpx2.Client(headers={"user-agent": GOOGLEBOT}) as client:
            client.post(f"{server.url}/api/event", json={"u": "https://example.com/"})
        code = server.stop()
    output = "".join(server.output)
    assert "Traceback" not in output
    assert code == 0, output


def test_tallies_of_dropped_views_survive_a_foreign_lock(server: Server) -> None:
    with foreign_write_lock(server.data), httpx2.Client(headers={"user-agent": GOOGLEBOT}) as client:
        for _ in range(7):
            client.post(f"{server.url}/api/event", json={"u": "https://example.com/"})
        # Longer than the two seconds after which the tallies are written.
        threading.Event().wait(3.0)
    assert server.stop() == 0
    with contextlib.closing(SqliteReader(server.data)) as reader:
        assert reader.dropped(0) == [("example.com", "bot", Dropped(7))]


# R7: stop


def test_asked_to_stop_it_loses_nothing(server: Server) -> None:
    with Load(server.port, unique_views("stop"), connections=16) as load:
        load.wait_for(acked=500)
        begun = time.monotonic()
        code = server.stop()
        took = time.monotonic() - begun
        load.join()
    assert code == 0
    assert took <= 5.0
    assert wal_bytes(server.data) == 0
    assert compare(load.acked, server.data) == []
    assert look_over(server.data) == []
    assert "Traceback" not in "".join(server.output)


def test_it_stops_soon_although_much_waits_to_be_folded(tmp_path: Path, start_server: StartServer) -> None:
    folder = tmp_path / "data"
    pagetally("site", "add", "example.com", data=folder)
    instance = Instance(folder).open()
    hits = [make_hit(number % 40_000, number % 500, at=NOON + number % 40_000) for number in range(200_000)]
    for start in range(0, len(hits), 20_000):
        instance.write(lambda store, start=start: store.write(hits[start : start + 20_000]))
    instance.close()
    server = start_server(folder)
    until(lambda: wal_bytes(folder) > 0)
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun <= 5.0
    assert len(stored_paths(folder)) == 500


def make_hit(visitor: int, page: int, at: int = NOON, site: int = 1) -> Hit:
    """A view as the store gets it."""
    return Hit(site, at // 86_400, at, visitor, int(Kind.VIEW), "", f"/{page}", "", "", None, None)


# R8: restart between two views


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_visit_goes_on_over_a_restart(server: Server, start_server: StartServer, how: str) -> None:
    with httpx2.Client(headers={"user-agent": CHROME}) as client:
        client.post(f"{server.url}/api/event", json={"u": "https://example.com/one"})
        getattr(server, how)()
        again = start_server(server.data)
        client.post(f"{again.url}/api/event", json={"u": "https://example.com/two"})
        online = client.get(f"{again.url}/api/counters?site=example.com").json()["site"]["online"]
    assert again.stop() == 0
    with contextlib.closing(SqliteReader(server.data)) as reader:
        (site,) = reader.sites()
        totals = summarise(reader, Query(site, BY_NAME["7d"], time.time())).totals
    assert (totals.views, totals.visits, totals.visitors, totals.bounces) == (2, 1, 1, 0)
    assert online == 1


# R13: exact counts


def test_300_first_views_of_a_page_at_once_are_300(server: Server) -> None:
    with Load(server.port, lambda _: View("/brand-new"), connections=300, limit=300) as load:
        load.join()
    assert len(load.acked) == 300
    counters = httpx2.get(f"{server.url}/api/counters?site=example.com&path=/brand-new").json()
    assert counters["pages"]["/brand-new"]["views"] == counters["site"]["views"] == 300
    assert counters["pages"]["/brand-new"]["visitors"] == counters["site"]["visitors"] == 300


def test_10000_mixed_views_of_50_clients_are_exact(server: Server) -> None:
    chance = random.Random(13)
    plan = [
        View(f"/page-{chance.randrange(40)}", id=f"id-{chance.randrange(3_000)}" if n % 5 == 0 else "")
        for n in range(10_000)
    ]
    expected: Counter[str] = Counter(view.path for view in plan if not view.id)
    with Load(server.port, lambda n: View(plan[n].path, plan[n].id), connections=50, limit=10_000) as load:
        load.join(120)
    assert len(load.acked) == 10_000
    ids = {view.id for view in plan if view.id}
    pages = [f"/page-{number}" for number in range(40)]
    query = "&".join(f"path={page}" for page in pages)
    counters = httpx2.get(f"{server.url}/api/counters?site=example.com&{query}").json()
    assert counters["site"]["views"] == expected.total() + len(ids)
    assert counters["site"]["visitors"] == 50
    views = {page: counters["pages"][page]["views"] for page in pages}
    assert sum(views.values()) == counters["site"]["views"]
    assert all(views[page] >= expected[page] for page in pages)
    assert server.stop() == 0
    assert look_over(server.data) == []


# R14: a client that retries


def test_the_same_event_id_is_stored_once(server: Server, start_server: StartServer) -> None:
    event = {"u": "https://example.com/retry", "id": "the same"}
    with httpx2.Client(headers={"user-agent": FIREFOX}) as client:
        answers = [client.post(f"{server.url}/api/event", json=event) for _ in range(3)]
        server.kill()
        again = start_server(server.data)
        answers += [client.post(f"{again.url}/api/event", json=event) for _ in range(2)]
        counters = client.get(f"{again.url}/api/counters?site=example.com&path=/retry").json()
    assert [answer.status_code for answer in answers] == [202] * 5
    assert [answer.headers.get("x-pagetally") for answer in answers] == [None] * 5
    assert counters["site"]["views"] == counters["pages"]["/retry"]["views"] == 1


def test_the_same_event_id_at_once_is_stored_once(server: Server) -> None:
    with Load(server.port, lambda _: View("/at-once", id="one"), connections=50, limit=500) as load:
        load.join()
    assert len(load.acked) == 500
    assert server.stop() == 0
    assert stored_paths(server.data) == {"/at-once": 1}


def test_an_event_id_belongs_to_its_site(instance: Instance) -> None:
    add_site(instance, "other.example")
    app = create_app(instance)
    for host in ("example.com", "other.example"):
        for _ in range(2):
            send_view(app, f"https://{host}/", fields={"id": "the same"})
    assert [instance.reader.site_count(site).views for site in (1, 2)] == [1, 1]


# R16, R17


@pytest.mark.parametrize(("name", "value"), [("journal_mode", "wal"), ("synchronous", 2)])
def test_every_connection_keeps_its_promises(instance: Instance, name: str, value: object) -> None:
    found = [reader.pragma(name) for reader in (instance.reader, *instance._lent)]
    pragma = f"PRAGMA {name}"
    found.append(instance.write(lambda store: store._connection.execute(pragma).fetchone()[0]))
    assert found == [value] * len(found)


def test_readers_cannot_write(instance: Instance) -> None:
    for reader in (instance.reader, *instance._lent):
        with pytest.raises(Exception, match=r"readonly|read-only|query_only"):
            reader._connection.execute("DELETE FROM hit")


@pytest.mark.parametrize("fault", ["locked", "defect"])
def test_after_a_failed_write_good_ones_are_kept(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    store = SqliteStore(folder)
    store.save_site(Site(id=0, domain="1.example"), 0)
    if fault == "locked":
        with foreign_write_lock(folder), pytest.raises(StoreBusy):
            store.write([make_hit(0, 0)])
    else:
        # The second cannot be stored: no UTF-8 holds half a surrogate pair.
        bad = Hit(1, 1, 86_400, 1, 0, "", "/\ud800", "", "", None, None)
        with pytest.raises(UnicodeEncodeError):
            store.write([make_hit(0, 0), bad])
    for number in range(1, 101):
        assert store.write([make_hit(number, number)]) == [True]
    fold_all(store)
    store.close()
    assert stored_paths(folder) == {f"/{number}": 1 for number in range(1, 101)}
    assert look_over(folder) == []


# Law 4: reading never writes


def test_asking_for_what_was_never_seen_writes_nothing(instance: Instance) -> None:
    app = create_app(instance)
    send_view(app, "https://example.com/real")
    instance.fold()
    before = _dump_everything(instance)
    for start in range(0, 10_000, 100):
        query = "&".join(f"path=/never/{number}" for number in range(start, start + 100))
        answer = ask(app, "GET", f"/api/counters?site=example.com&{query}")
        assert answer.status == 200
    for target in ("/", "/login", "/sites/example.com", "/health", "/pt.js", "/api/counters?site=other.net"):
        ask(app, "GET", target)
    instance.fold()
    instance.flush_tallies()
    assert _dump_everything(instance) == before


def _dump_everything(instance: Instance) -> dict[str, list[object]]:
    run = instance.reader._connection.execute
    names = [name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    return {name: run(f'SELECT * FROM "{name}"').fetchall() for name in names}
