"""Erasing pages and days, and days that grow too old: what is left says the same as if it had never come."""

from __future__ import annotations

from pathlib import Path

import pytest

from analytics.breakdown import Grouping, tabulate
from analytics.commands import AddRule, BeginAdjustment, EndErasing, EraseDay, SaveSite, perform
from analytics.days import local_day
from analytics.errors import InputError, Refused
from analytics.instance import Instance
from analytics.jobs import schedule
from analytics.ledger import Desk, post, undo
from analytics.model import Amount, Count, Detail, Hit, Range

from .conftest import Clock, add_site, pagetally
from .test_apart import opened, run
from .test_breakdown import LAST, SPANS, START, ZONE, choose, figures_of, filled, stages, visits_of  # noqa: F401
from .test_breakdown import count as count_hits
from .test_privacy import find_bytes

FIRST_DAY, LAST_DAY = local_day(ZONE, START), local_day(ZONE, LAST)
GROUPINGS = [Grouping(), *(Grouping((name,)) for name in ("page", "day", "entry", "exit", "source", "event"))]

CASES = [
    ("/a", FIRST_DAY - 9, LAST_DAY + 9),
    ("/*", FIRST_DAY + 2, FIRST_DAY + 3),
    ("", FIRST_DAY + 1, FIRST_DAY + 1),
    ("", 0, FIRST_DAY + 4),
    ("*o*", LAST_DAY - 1, LAST_DAY),
    ("/nowhere", 0, LAST_DAY),
]


def erase(instance: Instance, pattern: str, first: int, last: int) -> None:
    with instance.borrow_reader() as reader:
        days = reader.stored_days(1, Range(first, last))
    for day in days:
        perform(instance, EraseDay("example.com", day, pattern))
    perform(instance, EndErasing("example.com", ""))


def fits(hit: Hit, pattern: str, first: int, last: int) -> bool:
    from fnmatch import fnmatchcase

    return first <= hit.day <= last and (not pattern or fnmatchcase(hit.path, pattern))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stage", ["half folded", "folded", "rolled up"])
def test_what_is_left_is_as_if_it_had_never_come(
    filled: tuple[Instance, list[Hit]],  # noqa: F811
    case: tuple[str, int, int],
    stage: str,
) -> None:
    instance, hits = filled
    for reached in stages(instance, hits):
        if reached == stage:
            break
    with instance.borrow_reader() as reader:
        found = reader.count_erasable(1, Range(*case[1:]), case[0])
    gone = [hit for hit in hits if fits(hit, *case)]
    assert found.views == sum(not hit.name for hit in gone)
    erase(instance, *case)
    left = visits_of([hit for hit in hits if not fits(hit, *case)], SPANS[0])
    for step in (lambda: None, instance.fold, instance.rollup):
        step()
        with instance.borrow_reader() as reader:
            assert [text for text in reader.differences() if text] == []
            rows = tabulate(reader, instance.registry.sites[0], SPANS[0], GROUPINGS)
            views = reader.site_count(1).views
        assert views == sum(not hit.name for visit in left for hit in visit.hits)
        for grouping in GROUPINGS:
            expected = count_hits([(visit, hit) for visit in left for hit in visit.hits], grouping)
            shown = figures_of(rows[grouping])
            assert shown == {key: value for key, value in expected.items() if any(value)}


def test_a_page_leaves_no_bytes(filled: tuple[Instance, list[Hit]]) -> None:  # noqa: F811
    instance, hits = filled
    instance.write(lambda store: store.write(hits))
    post(Desk(instance), instance.registry.sites[0], "offset", Detail(path="/A/long"), [Amount("/A/long", 9)])
    perform(instance, BeginAdjustment("example.com", "rename", Detail(path="/b", target="/A/longer")))
    instance.fold()
    assert find_bytes([b"/A/long"], instance.folder) != []
    with instance.borrow_reader() as reader:
        days = reader.stored_days(1, Range(0, 100_000))
    for day in days:
        perform(instance, EraseDay("example.com", day, "/A/long*"))
    perform(instance, EndErasing("example.com", "/A/long*"))
    assert find_bytes([b"/A/long"], instance.folder) == []
    with instance.borrow_reader() as reader:
        assert [text for text in reader.differences() if text] == []


def test_what_is_kept_apart_goes_as_well(filled: tuple[Instance, list[Hit]]) -> None:  # noqa: F811
    instance, hits = filled
    instance.write(lambda store: store.write(hits))
    number = run(instance, AddRule("example.com", "condemn", "device:is:desktop"))
    erase(instance, "", 0, LAST_DAY)
    with instance.borrow_reader() as reader:
        assert reader.site_count(1) == Count(0, 0)
        assert reader.stored_days(1, Range(0, 100_000)) == []
    from analytics.commands import UndoRule

    run(instance, UndoRule(number))
    with instance.borrow_reader() as reader:
        assert reader.site_count(1) == Count(0, 0)


def test_by_the_terminal(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path, clock) as instance:
        add_site(instance, "example.com", timezone=ZONE)
        from .test_breakdown import make_hits

        hits = make_hits()
        instance.write(lambda store: store.write(hits))
        instance.fold()
    views = sum(hit.path == "/a" and not hit.name for hit in hits)
    done = pagetally("erase", "example.com", "--path", "/a", data=tmp_path, check=False)
    assert done.returncode != 0
    assert f"Erase {views} views" in done.stdout + done.stderr
    assert (
        f"{views} views erased"
        in pagetally("erase", "example.com", "--path", "/a", "--yes", data=tmp_path).stdout
    )
    assert (
        "0 views erased" in pagetally("erase", "example.com", "--path", "/a", "--yes", data=tmp_path).stdout
    )
    for wrong in ([], ["--from", "soon"], ["--path", "/a", "--to", "1"]):
        done = pagetally("erase", "example.com", *wrong, "--yes", data=tmp_path, check=False)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr


# Days that grow too old


def counts(instance: Instance) -> dict[str, tuple[int, int]]:
    with instance.borrow_reader() as reader:
        assert [text for text in reader.differences() if text] == []
        site = reader.site_count(1)
        pages = reader.page_counts(1, ["/", "/a", "/b", "/A/long", "/ü"])
    return {"": (site.views, site.visitors)} | {
        path: (one.views, one.visitors) for path, one in pages.items()
    }


def keep(instance: Instance, days: int) -> None:
    from msgspec.structs import replace

    perform(instance, SaveSite(replace(instance.registry.sites[0], keep_days=days)))


def test_old_days_go_and_their_counts_stay(filled: tuple[Instance, list[Hit]], clock: Clock) -> None:  # noqa: F811
    instance, hits = filled
    instance.write(lambda store: store.write(hits))
    instance.fold()
    instance.rollup()
    before = counts(instance)
    assert instance.retire() == 0
    keep(instance, 31)
    clock.now = LAST + 28 * 86_400
    oldest = local_day(ZONE, clock.now) - 31
    assert instance.retire() == len({hit.day for hit in hits if hit.day < oldest})
    assert instance.retire() == 0
    assert counts(instance) == before
    with instance.borrow_reader() as reader:
        assert reader.stored_days(1, Range(0, oldest - 1)) == []
        assert min(reader.stored_days(1, Range(0, 100_000))) == oldest
    clock.now += 86_400
    assert instance.retire() == 1
    assert counts(instance) == before
    with instance.borrow_reader() as reader:
        (one,) = reader.adjustments(1)
    assert (one.kind, one.state) == ("retention", "done")
    with pytest.raises(Refused):
        undo(Desk(instance), one.id)
    # A recount builds the same from what is left.
    instance.write(lambda store: store.rebuild_totals())
    assert counts(instance) == before


@pytest.mark.parametrize("days", [-1, 1, 30, 40_000])
def test_a_site_is_kept_for_a_month_at_least(instance: Instance, days: int) -> None:
    with pytest.raises(InputError, match="keep-days"):
        keep(instance, days)


def test_it_runs_by_itself(instance: Instance) -> None:
    jobs = {job.id: job for job in schedule(instance).get_jobs()}
    assert jobs["retire"].trigger.interval.total_seconds() <= 60
