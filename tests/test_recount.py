"""Whatever is written, folded, rolled up, imported or killed in between: the numbers agree.

A store is driven through random histories beside an oracle: the list of hits, counted in plain
Python, slowly.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from analytics.breakdown import Grouping, tabulate
from analytics.counts import ADD, MAX_COUNT
from analytics.glance import Glance
from analytics.model import Amount, Count, Detail, Hit, Kind, Range, Site, Totals
from analytics.report import count_days
from analytics.store.connect import FILE
from analytics.store.ingest import Caps
from analytics.store.sqlite import SqliteReader, SqliteStore
from analytics.writer import Writer

from .conftest import list_sources
from .stores import folder_in_memory

DAY = 86_400
FIRST = 20_450
"""2025-12-28: the days of these tests go over the end of a month and a year."""
DAYS = 6
SITES = (1, 2)
SITE_OF = {id: Site(id=id, domain=f"{id}.example") for id in SITES}
GAP = 1_800

EXAMPLES = 60
"""Histories; the long version in tests/torture.py tries many more."""


# The oracle


@dataclass
class Oracle:
    """Counts a list of hits; knows of the store only which number each name has, for ties."""

    hits: list[Hit] = field(default_factory=list)
    paths: dict[tuple[int, str], int] = field(default_factory=dict)
    hosts: dict[str, int] = field(default_factory=dict)

    def visits(self, site: int, day: int) -> list[list[Hit]]:
        """The visits of a site-day with a view in them, each as its hits in order."""
        by_visitor: dict[int, list[Hit]] = defaultdict(list)
        for hit in self.hits:
            if (hit.site, hit.day) == (site, day):
                by_visitor[hit.visitor].append(hit)
        found = []
        for hits in by_visitor.values():
            hits.sort(key=lambda hit: (hit.at, self.paths[hit.site, hit.path]))
            visit = [hits[0]]
            for before, hit in pairwise(hits):
                if hit.at - before.at >= GAP:
                    found.append(visit)
                    visit = []
                visit.append(hit)
            found.append(visit)
        return [visit for visit in found if count_views(visit)]

    def totals(self, site: int, first: int, last: int) -> dict[int, Totals]:
        found = {}
        for day in range(first, last + 1):
            visits = self.visits(site, day)
            if visits:
                found[day] = Totals(
                    views=sum(map(count_views, visits)),
                    visits=len(visits),
                    visitors=len({visit[0].visitor for visit in visits}),
                    bounces=sum(is_bounce(visit) for visit in visits),
                    duration=sum(visit[-1].at - visit[0].at for visit in visits),
                )
        return found

    def pages(self, site: int, first: int, last: int) -> dict[str, Count]:
        views: dict[str, int] = defaultdict(int)
        visitors: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for hit in self.hits:
            if hit.site == site and first <= hit.day <= last and hit.kind == Kind.VIEW:
                views[hit.path] += 1
                visitors[hit.path].add((hit.day, hit.visitor))
        return {path: Count(count, len(visitors[path])) for path, count in views.items()}

    def sources(self, site: int, first: int, last: int) -> dict[str, tuple[int, int, int]]:
        found: dict[str, list[Any]] = {}
        for day in range(first, last + 1):
            for visit in self.visits(site, day):
                source = min(visit, key=lambda hit: (hit.at, not hit.source, self.hosts[hit.source])).source
                row = found.setdefault(source, [0, 0, set()])
                row[0] += count_views(visit)
                row[1] += 1
                row[2].add((day, visit[0].visitor))
        return {host: (views, visits, len(visitors)) for host, (views, visits, visitors) in found.items()}


def count_views(visit: list[Hit]) -> int:
    return sum(hit.kind == Kind.VIEW for hit in visit)


def is_bounce(visit: list[Hit]) -> bool:
    return count_views(visit) == 1 and not any(hit.kind == Kind.EVENT for hit in visit)


# Histories

# Few values, close together, so that ties, repeats and merges are frequent.
HITS = st.builds(
    lambda site, day, second, visitor, kind, page, host: Hit(
        site,
        FIRST + day,
        (FIRST + day) * DAY + second,
        visitor,
        int(kind),
        "" if kind == Kind.VIEW else "click",
        f"/{page}",
        host,
        f"Title of {page}",
        None,
        None,
    ),
    st.sampled_from([1, 1, 1, 2]),
    st.sampled_from([0, 0, 0, 0, 1, DAYS - 2, DAYS - 1]),
    st.builds(lambda n, more: n * 600 + more, st.integers(0, 12), st.sampled_from([0, 0, 0, 1])),
    st.sampled_from([-(1 << 63), -(1 << 63), -1, (1 << 63) - 1]),
    st.sampled_from([Kind.VIEW, Kind.VIEW, Kind.VIEW, Kind.EVENT, Kind.QUIET_EVENT, Kind.ENGAGEMENT]),
    st.integers(0, 3),
    st.sampled_from(["", "a.example", "b.example"]),
)

STEPS = st.one_of(
    st.tuples(st.just("write"), st.lists(HITS, min_size=1, max_size=12)),
    st.tuples(st.just("write"), st.lists(HITS, min_size=1, max_size=3)),
    st.tuples(st.just("fold"), st.tuples(st.integers(0, 5), st.integers(1, 5))),
    st.tuples(st.just("fold all"), st.none()),
    st.tuples(st.just("roll up"), st.integers(0, DAYS + 40)),
    st.tuples(st.just("import"), st.lists(HITS, min_size=1, max_size=12)),
    st.tuples(st.just("undo a day"), st.none()),
    st.tuples(st.just("undo"), st.none()),
    st.tuples(st.just("reset"), st.tuples(st.sampled_from(SITES), st.integers(0, DAYS - 1))),
    st.tuples(st.just("rebuild totals"), st.none()),
    st.tuples(st.just("kill"), st.none()),
)

Step = tuple[str, Any]


def fold_all(store: SqliteStore, limit: int = 7) -> None:
    """Fold until nothing is left to fold."""
    while pending := store.pending_days():
        store.fold(*pending[-1], limit)


class Machine:
    """A store and its oracle, taken through a history step by step."""

    def __init__(self, folder: Path) -> None:
        self._open(folder)
        self.commits = 0
        """As a writer has them, for the glance: counted later than what is committed."""
        self.oracle = Oracle()
        self.imported: dict[int, list[Hit]] = {}

    def _open(self, folder: Path) -> None:
        self.folder = folder
        self.store = SqliteStore(folder)
        # One reader for many snapshots, as a server has.
        self.reader = SqliteReader(folder, self.store.tails)
        self.glance = Glance(self.reader, cast(Writer, self))
        for name in ("check_files", "_forget"):
            setattr(self.store, name, partial(self._look_beside, getattr(self.store, name)))

    def _look_beside(self, work: Callable[[], None]) -> None:
        """An event loop looks at charts while the writer is in the midst of things: in a transaction, and
        after one that is not counted among its commits yet."""
        work()
        self.look()

    def look(self) -> dict[tuple[int, str, str], tuple[int, ...]]:
        """What a glance tells of every page's days, by site, path and figure."""
        self.glance.renew()
        try:
            for site in SITES:
                assert self.glance.site_count(site) == self.reader.site_count(site)
            return {
                (site, page, figure): count_days(self.glance, SITE_OF[site], page, EVERY_DAY, figure)
                for site in SITES
                for page in (f"/{n}" for n in range(5))
                for figure in ("views", "visitors")
            }
        finally:
            self.glance.close()

    @property
    def openings(self) -> int:
        return self.store.openings

    def close(self) -> None:
        """Without `SqliteStore.close`: what a process leaves that is killed."""
        self.reader.close()
        self.store._connection.close()

    def take(self, step: Step) -> None:
        name, value = step
        getattr(self, "do_" + name.replace(" ", "_"))(value)
        self.commits += 1

    def do_write(self, hits: list[Hit]) -> None:
        assert self.store.write(hits) == [True] * len(hits)
        self.oracle.hits += hits

    def do_fold(self, which: tuple[int, int]) -> None:
        number, limit = which
        pending = self.store.pending_days()
        if pending:
            assert 0 < self.store.fold(*pending[number % len(pending)], limit) <= limit

    def do_fold_all(self, _: None) -> None:
        fold_all(self.store)

    def do_roll_up(self, days: int) -> None:
        while self.store.rollup(lambda _: FIRST + days):
            pass

    def do_import(self, hits: list[Hit]) -> None:
        row: dict[str, object] = {"kind": "log", "file": "f", "fingerprint": "", "started": 0}
        row |= {"state": "running", "stored": 0, "summary": "{}", "site": hits[0].site}
        number = self.store.begin_import(row)
        hits = [hit for hit in hits if hit.site == hits[0].site]
        self.store.write_import(number, hits[: len(hits) // 2 + 1])
        self.store.write_import(number, hits[len(hits) // 2 + 1 :])
        self.imported[number] = hits
        self.oracle.hits += hits

    def do_undo_a_day(self, _: None) -> None:
        """Take back one site-day of an import; which one, the store may choose."""
        if self.imported:
            number = max(self.imported)
            before = self._imported_days(number)
            self.store.undo_import_day(number)
            gone = before - self._imported_days(number)
            for hit in [hit for hit in self.imported[number] if (hit.site, hit.day) in gone]:
                self.oracle.hits.remove(hit)
                self.imported[number].remove(hit)

    def do_undo(self, _: None) -> None:
        if self.imported:
            number = min(self.imported)
            while self.store.undo_import_day(number):
                pass
            for hit in self.imported.pop(number):
                self.oracle.hits.remove(hit)

    def _imported_days(self, number: int) -> set[tuple[int, int]]:
        sql = "SELECT site, day FROM import_span WHERE import = ?"
        return set(self.store._connection.execute(sql, (number,)))

    def do_reset(self, place: tuple[int, int]) -> None:
        self.store.reset_day(place[0], FIRST + place[1])

    def do_rebuild_totals(self, _: None) -> None:
        self.store.rebuild_totals()

    def do_kill(self, _: None) -> None:
        copy = self.folder.with_name(self.folder.name + "-killed")
        shutil.copytree(self.folder, copy)
        self.close()
        self._open(copy)


def learn_numbers(machine: Machine) -> None:
    run = machine.store._connection.execute
    machine.oracle.paths = {(site, path): id for id, site, path in run("SELECT id, site, path FROM path")}
    machine.oracle.hosts = {"": 0} | {host: id for id, host in run("SELECT id, host FROM source")}


EVERY_DAY = Range(FIRST - 1, FIRST + DAYS)
RANGES = ((FIRST, FIRST), (FIRST, FIRST + 3), (FIRST + 1, FIRST + DAYS), (FIRST - 40, FIRST + 60))


def check_answers(machine: Machine) -> None:
    """Every answer of the store is the oracle's."""
    learn_numbers(machine)
    oracle, reader = machine.oracle, machine.reader
    with reader.snapshot():
        for site in SITES:
            check_all_time(reader, oracle, site)
            for first, last in RANGES:
                check_range(reader, oracle, site, first, last)
        assert [text for text in reader.differences() if text] == []
    check_days_of_pages(machine)


def check_days_of_pages(machine: Machine) -> None:
    """What a glance tells, which keeps the closed days of pages, from one step to the next."""
    machine.commits += 1
    days = {
        site: [machine.oracle.pages(site, day, day) for day in range(EVERY_DAY.first, EVERY_DAY.last + 1)]
        for site in SITES
    }
    for (site, page, figure), counts in machine.look().items():
        assert counts == tuple(getattr(pages.get(page, Count()), figure) for pages in days[site])


def check_all_time(reader: SqliteReader, oracle: Oracle, site: int) -> None:
    totals = oracle.totals(site, FIRST, FIRST + DAYS).values()
    expected = Count(sum(day.views for day in totals), sum(day.visitors for day in totals))
    assert reader.site_count(site) == expected
    assert reader.page_counts(site, [f"/{n}" for n in range(5)]) == oracle.pages(site, 0, FIRST + DAYS)


def check_range(reader: SqliteReader, oracle: Oracle, site: int, first: int, last: int) -> None:
    found = {day: totals for day, totals in reader.totals_by_day(site, first, last).items() if totals.visits}
    assert found == oracle.totals(site, first, last)
    for day in found.values():
        assert day.views >= day.visits >= day.visitors
        assert 0 <= day.bounces <= day.visits
    pages, count = reader.top_pages(site, Range(first, last), 10)
    expected = oracle.pages(site, first, last)
    assert {page.path: Count(page.views, page.visitors) for page in pages} == expected
    assert count == len(expected)
    # Of two with the same figure the one that was seen first, so that a longer list begins like a shorter.
    order = [(-page.views, oracle.paths[site, page.path]) for page in pages]
    assert order == sorted(order)
    sources = {
        row.labels[0]: (row.views, row.visits, row.visitors)
        for row in list_sources(reader, SITE_OF[site], Range(first, last))
    }
    assert sources == oracle.sources(site, first, last)


@contextlib.contextmanager
def new_machine() -> Iterator[Machine]:
    with folder_in_memory(*(site.domain for site in SITE_OF.values())) as folder:
        machine = Machine(folder)
        try:
            yield machine
        finally:
            machine.close()


def tell(history: list[Step]) -> None:
    """Take a new store through a history, and check every answer after each step."""
    with new_machine() as machine:
        for step in history:
            machine.take(step)
            check_answers(machine)
        for step in (("fold all", None), ("roll up", 100), ("kill", None)):
            machine.take(step)
            check_answers(machine)


def view(day: int, second: int, visitor: int = 1, page: str = "/0", kind: Kind = Kind.VIEW) -> Hit:
    """A hit of site 1, for histories written by hand."""
    at = (FIRST + day) * DAY + second
    name = "" if kind == Kind.VIEW else "click"
    return Hit(1, FIRST + day, at, visitor, int(kind), name, page, "", "", None, None)


FOLD = ("fold", (0, 5))


@pytest.mark.usefixtures("remembered_tails")
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=1, max_size=14))
# Two visits that a late hit between them makes one, folded apart.
@example([("write", [view(0, 0), view(0, 3_000)]), FOLD, ("write", [view(0, 1_500)]), FOLD])
# Half an hour to the second ends a visit, a second less does not.
@example([("write", [view(0, 0), view(0, GAP), view(0, 2 * GAP - 1)]), FOLD, ("write", [view(0, 600)])])
# A late hit for a day of a month that was summed up.
@example([("write", [view(0, 0)]), FOLD, ("roll up", 40), ("write", [view(0, 60)]), ("roll up", 40)])
# Events alone are no visit, until a view joins them.
@example([("write", [view(0, 9, kind=Kind.EVENT)]), FOLD, ("write", [view(0, 99)]), FOLD])
# An event in the second of the view, which no host led to, takes nothing from the one that led to the view.
@example([("write", [replace(view(0, 9), source="a.example"), view(0, 9, kind=Kind.EVENT)]), FOLD])
# Engaged time after the last view makes the visit longer, and joins two, but is none by itself.
@example([("write", [view(0, n, kind=Kind.ENGAGEMENT) for n in (900, 2_400)]), FOLD, ("write", [view(0, 0)])])
# Numbers of hits that an undo set free are used again.
@example([("write", [view(0, 0)]), ("import", [view(0, 1), view(1, 1)]), ("undo", None)] * 2)
def test_every_history_gives_the_numbers_of_its_hits(history: list[Step]) -> None:
    tell(history)


@pytest.mark.parametrize("meanwhile", ["nothing", "the same", "hits"])
@pytest.mark.parametrize("kind", ["day", "columns", "month"])
def test_a_rollup_that_is_done_late_changes_no_number(kind: str, meanwhile: str) -> None:
    """Two schedules may find the same work, and hits may come before it is done."""
    with new_machine() as machine:
        store, others = machine.store, {"day": 0, "columns": 1, "month": 2}
        machine.take(("write", [view(0, 0), view(0, 60, visitor=2)]))
        fold_all(store)
        for _ in range(others[kind]):
            due = machine.reader.rollup_work(SITE_OF[1], FIRST + 40)
            assert due is not None
            store.apply_rollup(*due)
        late = machine.reader.rollup_work(SITE_OF[1], FIRST + 40)
        assert late is not None
        assert late[0].kind == kind
        if meanwhile == "the same":
            store.apply_rollup(*late)
        elif meanwhile == "hits":
            machine.take(("write", [view(0, 90), view(0, 99, visitor=3)]))
        store.apply_rollup(*late)
        check_answers(machine)
        for step in (("fold all", None), ("write", [view(0, 120)]), ("roll up", 100), ("kill", None)):
            machine.take(step)
            check_answers(machine)


def test_a_day_that_is_erased_while_its_month_is_summed_up_is_not_in_it() -> None:
    with new_machine() as machine:
        store = machine.store
        machine.take(("write", [view(0, 0), view(1, 0, visitor=2)]))
        machine.take(("fold all", None))
        late = machine.reader.rollup_work(SITE_OF[1], FIRST + 40)
        while late is not None and late[0].kind != "month":
            store.apply_rollup(*late)
            late = machine.reader.rollup_work(SITE_OF[1], FIRST + 40)
        assert late is not None
        assert store.erase_day(1, FIRST, "")
        machine.oracle.hits = [hit for hit in machine.oracle.hits if hit.day != FIRST]
        store.apply_rollup(*late)
        check_answers(machine)
        machine.take(("roll up", 40))
        check_answers(machine)


def test_what_is_seen_while_a_closed_day_is_opened_is_not_kept() -> None:
    with new_machine() as machine:
        for step in (("write", [view(0, 0), view(0, 30, page="/1")]), ("fold all", None), ("roll up", 1)):
            machine.take(step)
            check_answers(machine)
        machine.take(("write", [view(0, 60)]))
        for step in (("fold all", None), ("roll up", 1)):
            machine.take(step)
        check_answers(machine)


def test_what_is_seen_while_another_page_is_erased_is_not_kept() -> None:
    with new_machine() as machine:
        for step in (("write", [view(0, 0), view(0, 30, page="/1")]), ("fold all", None), ("roll up", 1)):
            machine.take(step)
            check_answers(machine)
        with machine.reader.snapshot():
            (day,) = machine.reader.days(1)
        machine.store.erase_day(1, day, "/1")
        machine.oracle.hits = [hit for hit in machine.oracle.hits if hit.path != "/1"]
        for step in (("fold all", None), ("roll up", 1)):
            machine.take(step)
        check_answers(machine)


def test_of_pages_that_there_are_not_nothing_is_kept() -> None:
    with new_machine() as machine:
        for step in (("write", [view(0, 0), view(0, 0, page="/" + "x" * 400)]), ("fold all", None)):
            machine.take(step)
        machine.take(("roll up", 1))
        machine.glance.renew()
        for page in ("/0", "/not", "/" + "x" * 400):
            count_days(machine.glance, SITE_OF[1], page, EVERY_DAY, "views")
        assert [path for _, path, *_ in machine.glance._series] == ["/0"]
        machine.glance.close()


def test_a_removed_site_has_no_days() -> None:
    with new_machine() as machine:
        for step in (("write", [view(0, 0)]), ("fold all", None), ("roll up", 1)):
            machine.take(step)
        check_answers(machine)
        machine.store.remove_site(1)
        machine.oracle.hits = []
        check_days_of_pages(machine)


# Caps


@pytest.mark.parametrize("restart", [False, True])
def test_a_path_over_the_cap_may_come_in_the_next_day(tmp_path: Path, restart: bool) -> None:
    store = SqliteStore(tmp_path, Caps(path=2))
    store.save_site(Site(id=0, domain="1.example"), 0)
    store.write([view(0, n, page=f"/{n}") for n in range(5)])
    if restart:
        store.close()
        store = SqliteStore(tmp_path, Caps(path=2))
    store.write([view(1, 0, page="/4")])
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        found, _ = reader.top_pages(1, Range(FIRST, FIRST + 1), 10)
    store.close()
    assert {page.path: page.views for page in found} == {"/0": 1, "/1": 1, "(other)": 3, "/4": 1}


def test_the_row_of_others_takes_no_ones_title(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, Caps(path=1))
    store.save_site(Site(id=0, domain="1.example"), 0)
    hits = [Hit(1, FIRST, FIRST * DAY, n, 0, "", f"/{n}", "", f"Title {n}", None, None) for n in range(3)]
    store.write(hits)
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        found, _ = reader.top_pages(1, Range(FIRST, FIRST), 10)
    store.close()
    assert {page.path: page.title for page in found} == {"/0": "Title 0", "(other)": ""}


@pytest.mark.parametrize("restart", [False, True])
def test_properties_over_the_cap_of_a_day_are_others(tmp_path: Path, restart: bool) -> None:
    caps, known = Caps(property=4), ['{"a":1}', '{"a":true}', '{"a":"x","b":2}', '{"a":3}', '{"b":2,"c":5}']
    store = SqliteStore(tmp_path, caps)
    store.save_site(Site(id=0, domain="1.example"), 0)

    def write(day: int, details: list[str]) -> None:
        place = (1, FIRST + day, (FIRST + day) * DAY)
        hits = [Hit(*place, 1, Kind.VIEW, "", "/", "", "", None, None)]
        hits += [Hit(*place, 1, Kind.EVENT, "e", "/", "", "", None, detail) for detail in details]
        store.write(hits)

    write(0, known[:2])
    if restart:
        store.close()
        store = SqliteStore(tmp_path, caps)
    write(0, known[2:])
    write(1, ['{"a":3}'])
    found = {}
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        for name in ("property", "prop.a"):
            rows = tabulate(reader, SITE_OF[1], Range(FIRST, FIRST + 1), [Grouping((name,))])
            found[name] = {row.labels[0]: row.events for row in rows[Grouping((name,))]}
    store.close()
    assert found["property"] == {
        "a=1": 1,
        "a=true": 1,
        "a=x": 1,
        "b=2": 2,
        "a=(other)": 1,
        "(other)=(other)": 1,
        "a=3": 1,
    }
    assert found["prop.a"] == {"1": 1, "true": 1, "x": 1, "(other)": 1, "3": 1, "(none)": 1}


def test_a_list_counts_a_page_to_the_last_view_whatever_the_owner_added(tmp_path: Path) -> None:
    with contextlib.closing(SqliteStore(tmp_path)) as store:
        store.save_site(Site(id=0, domain="1.example"), 0)
        store.write([view(0, 0, visitor=1, page="/a")])
        for _ in range(10):
            number = store.begin_adjustment(1, 0, "offset", Detail(strategy=ADD))
            store.stage_counts(number, [Amount("/a", MAX_COUNT)])
            store.finish_counts(number)
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        (page,), _ = reader.top_pages(1, None, 1)
        assert page.views == reader.page_counts(1, ["/a"])["/a"].views == 10 * MAX_COUNT + 1


def test_over_every_cap_the_site_total_stays_exact(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, Caps(path=3, source=3, name=3))
    store.save_site(Site(id=0, domain="1.example"), 0)
    for start in range(0, 100, 10):
        store.write(
            [
                Hit(1, FIRST, FIRST * DAY, n, 0, "", f"/{n}", f"{n}.example", "", None, None)
                for n in range(start, start + 10)
            ]
        )
        store.fold(1, FIRST, 7)
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        pages, count = reader.top_pages(1, Range(FIRST, FIRST), 10)
        sources = list_sources(reader, SITE_OF[1], Range(FIRST, FIRST))
        assert reader.site_count(1) == Count(100, 100)
        assert [text for text in reader.differences() if text] == []
    store.close()
    assert (pages[0].path, pages[0].views, count) == ("(other)", 97, 4)
    assert (sources[0].labels[0], sources[0].visits, len(sources)) == ("(other)", 97, 4)
    assert (tmp_path / FILE).exists()
