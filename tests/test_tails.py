"""Days that wait to be folded: counted once, by whoever comes first, however they are folded meanwhile."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import msgspec
import pytest

from analytics.instance import Instance
from analytics.model import Count, Hit, Range, Site
from analytics.store import tails
from analytics.store.connect import DatabaseError
from analytics.store.sqlite import SqliteReader, SqliteStore

from .test_recount import DAY, FIRST, view

pytestmark = pytest.mark.usefixtures("remembered_tails")

EXPECTED = {"/0": Count(4, 2), "/1": Count(2, 2), "/2": Count(1, 1)}


def backlog(day: int) -> list[Hit]:
    """Seven views of three pages by two visitors, and an event of a third, in no order of pages."""
    seen = [(1, "/1"), (-2, "/0"), (1, "/0"), (-2, "/2"), (1, "/0"), (-2, "/1"), (-2, "/0")]
    views = [view(day, n, visitor=visitor, page=page) for n, (visitor, page) in enumerate(seen)]
    return [*views, Hit(1, FIRST + day, (FIRST + day) * DAY, 3, 1, "e", "/3", "", "", None, None)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store with two sites."""
    found = SqliteStore(tmp_path)
    for number in (1, 2):
        found.save_site(Site(id=0, domain=f"{number}.example"), 0)
    yield found
    found.close()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[int]:
    """The days that are counted as wholes, as they are."""
    found: SimpleQueue[int] = SimpleQueue()
    count_day = tails.count_day

    def note(*asked: object) -> object:
        found.put(asked[1][1] - FIRST)  # type: ignore[index]
        return count_day(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(tails, "count_day", note)
    return found


def ask(store: SqliteStore) -> tuple[Count, dict[str, Count]]:
    with contextlib.closing(SqliteReader(store.folder, store.tails)) as reader, reader.snapshot():
        pages = reader.page_counts(1, list(EXPECTED))
        return reader.site_count(1), pages


@pytest.mark.parametrize("ids_at_once", [1, 3, 1_000])
def test_a_day_is_counted_once_while_it_is_folded(
    store: SqliteStore, counted: SimpleQueue[int], monkeypatch: pytest.MonkeyPatch, ids_at_once: int
) -> None:
    monkeypatch.setattr(tails, "IDS_AT_ONCE", ids_at_once)
    store.write(backlog(0))
    for _ in range(9):
        assert ask(store) == (Count(7, 2), EXPECTED)
        store.fold(1, FIRST, 1)
    assert ask(store) == (Count(7, 2), EXPECTED)
    assert counted.qsize() == 1
    assert store.tails._days == {}


@pytest.mark.parametrize("most_pages", [0, 2])
def test_a_day_with_too_many_pages_to_remember_is_counted_right(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, most_pages: int
) -> None:
    monkeypatch.setattr(tails, "MOST_PAGES", most_pages)
    store.write(backlog(0))
    store.fold(1, FIRST, 2)
    for _ in range(2):
        assert ask(store) == (Count(7, 2), EXPECTED)


def test_of_a_day_that_is_mostly_folded_the_rest_is_looked_up(
    store: SqliteStore, counted: SimpleQueue[int]
) -> None:
    store.write(backlog(0))
    while store.fold(1, FIRST, 100):
        pass
    store.write([view(0, 60, page="/2")])
    for _ in range(2):
        assert ask(store) == (Count(8, 2), EXPECTED | {"/2": Count(2, 2)})
    assert counted.empty()


@pytest.mark.parametrize("large", [0, 3])
def test_hits_of_other_sites_make_no_tail_larger(
    store: SqliteStore, counted: SimpleQueue[int], monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(tails, "LARGE", large)
    store.write(backlog(0))
    while store.fold(1, FIRST, 100):
        pass
    store.write([msgspec.structs.replace(hit, site=2) for hit in backlog(0)])
    store.write([view(0, 60, page="/2")])
    assert ask(store) == (Count(8, 2), EXPECTED | {"/2": Count(2, 2)})
    assert counted.empty()


def test_what_is_taken_away_is_not_remembered(store: SqliteStore) -> None:
    store.write(backlog(0))
    assert ask(store)[1]["/0"] == Count(4, 2)
    store.erase_day(1, FIRST, "/0")
    assert ask(store) == (Count(3, 2), {"/1": Count(2, 2), "/2": Count(1, 1)})


def test_those_who_ask_together_share_the_days_out(store: SqliteStore, counted: SimpleQueue[int]) -> None:
    store.write([*backlog(0), *backlog(1)])
    someone = store.tails._turn_of((1, FIRST))
    someone.acquire()
    other = threading.Thread(target=ask, args=(store,), daemon=True)
    other.start()
    assert counted.get(timeout=30) == 1, "the day that somebody counts is left for later"
    someone.release()
    other.join()
    assert counted.get() == 0
    assert ask(store)[0] == Count(14, 4)
    assert counted.empty()


@pytest.mark.parametrize("most", [0, 100])
def test_a_day_that_ends_while_somebody_counts_it_is_not_remembered(
    store: SqliteStore, counted: SimpleQueue[int], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(tails, "MOST_DROPPED", most)
    store.write(backlog(0))
    count_day = tails.count_day

    def fold_meanwhile(*asked: object) -> object:
        store.fold(1, FIRST, 100)
        return count_day(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(tails, "count_day", fold_meanwhile)
    assert ask(store) == (Count(7, 2), EXPECTED)
    assert store.tails._days == {}
    assert counted.qsize() == 1
    store.write([view(0, 60, page="/2")])
    assert ask(store) == (Count(8, 2), EXPECTED | {"/2": Count(2, 2)})


def test_a_turn_stays_the_same_for_all_who_wait_and_is_gone_after_them(store: SqliteStore) -> None:
    someone = store.tails._turn_of((1, FIRST))
    store.tails.drop_day((1, FIRST))
    assert store.tails._turn_of((1, FIRST)) is someone
    del someone
    assert not store.tails._turns


def test_nobody_waits_for_a_turn_longer_than_for_a_slow_answer(store: SqliteStore) -> None:
    store.write(backlog(0))
    someone = store.tails._turn_of((1, FIRST))
    with someone, contextlib.closing(SqliteReader(store.folder, store.tails)) as reader:
        with reader.snapshot(0), pytest.raises(DatabaseError):
            reader.site_count(1)
        with reader.snapshot(0), pytest.raises(DatabaseError):
            reader.page_counts(1, list(EXPECTED))
    assert ask(store) == (Count(7, 2), EXPECTED)


def test_after_a_start_they_are_counted_before_somebody_asks(
    instance: Instance, counted: SimpleQueue[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics.instance.LARGE", 0)
    instance.write(lambda store: store.write([*backlog(0), *backlog(1)]))
    instance.count_tails()
    assert (counted.get(), counted.get()) == (1, 0)
    with instance.borrow_reader() as reader:
        assert reader.site_count(1) == Count(14, 4)
        assert reader.site_count(1, Range(FIRST, FIRST)) == Count(7, 2)
    assert counted.empty()


@pytest.mark.parametrize(
    ("microseconds", "by_clock", "stored", "hits"),
    [
        # what a hit takes of a machine's processor and by its clock, how many views come meanwhile, and how
        # many hits are folded while they wait
        (30, 30, 3, 200),
        (30, 225, 3, 200),
        (12, 12, 3, 500),
        (1, 1, 3, 5_000),
        (1_000, 1_000, 3, 100),
        # a slow disk
        (1, 240, 3, 200),
        (1, 5_000, 3, 100),
        # nobody, and a crowd
        (12, 12, 0, 500),
        (30, 30, 64, 500),
        (12, 12, 64, 1_250),
        (1_000, 1_000, 64, 100),
        (1, 240, 64, 200),
    ],
)
def test_a_slice_of_folding_takes_as_long_on_every_machine(
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
    microseconds: int,
    by_clock: int,
    stored: int,
    hits: int,
) -> None:
    folded, limits = [0], []

    def fold(_: SqliteStore, site: int, day: int, limit: int) -> int:
        limits.append(limit)
        folded[0] += limit
        instance.writer.stored += stored
        return limit if len(limits) < 20 else 0

    times = SimpleNamespace(
        thread_time=lambda: folded[0] * microseconds / 1e6, perf_counter=lambda: folded[0] * by_clock / 1e6
    )
    monkeypatch.setattr("analytics.instance.time", times)
    pauses: list[float] = []
    monkeypatch.setattr(instance, "_leaving", SimpleNamespace(is_set=lambda: False, wait=pauses.append))
    monkeypatch.setattr(SqliteStore, "fold", fold)
    instance.write(lambda store: store.write([view(1, 0)]))
    instance.fold()
    assert limits[-1] == pytest.approx(hits, rel=0.02)
    wanted = [min(limit * by_clock / 1e6, 0.02) for limit in limits[:-1]] if 0 < stored < 32 else []
    assert pauses == pytest.approx(wanted)
