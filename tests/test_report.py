"""The report layer: ranges, comparisons, lists that say what they leave out."""

from __future__ import annotations

import pytest

from analytics.days import local_day, month_of, month_start, to_date
from analytics.errors import InputError
from analytics.instance import Instance
from analytics.model import Hit, Totals
from analytics.periods import BY_NAME, Range, find_period, range_of
from analytics.summary import Query, Report, Rest, summarise

from .conftest import NOON, Clock

TODAY = local_day("UTC", NOON)
"""25 November 2025."""

RANGES = [
    ("today", 0, 0),
    ("7d", 6, 0),
    ("30d", 29, 0),
    ("90d", 89, 0),
    ("12mo", 359, 0),
    ("all", 500, 0),
]


@pytest.mark.parametrize(("name", "first", "last"), RANGES)
def test_ranges(name: str, first: int, last: int) -> None:
    found = range_of(BY_NAME[name], TODAY, TODAY - 500)
    assert found == Range(TODAY - first, TODAY - last)
    assert found.before() == Range(found.first - found.days, found.first - 1)


def test_twelve_months_begin_with_a_month_and_all_time_with_the_first_day() -> None:
    assert str(to_date(range_of(BY_NAME["12mo"], TODAY, None).first)) == "2024-12-01"
    assert range_of(BY_NAME["all"], TODAY, None) == Range(TODAY, TODAY)
    # The views of a clock that was ahead: counters show them.
    assert range_of(BY_NAME["all"], TODAY, TODAY - 5, TODAY + 9) == Range(TODAY - 5, TODAY + 9)
    with pytest.raises(InputError, match="'1y' is not a period"):
        find_period("1y")


def test_months() -> None:
    for day in range(TODAY - 800, TODAY):
        month = month_of(day)
        assert month_start(month) <= day < month_start(month + 1)


def hit(day: int, second: int, visitor: int, path: str, source: str = "", kind: int = 0) -> Hit:
    return Hit(
        1, day, day * 86_400 + second, visitor, kind, "e" if kind else "", path, source, "", None, None
    )


@pytest.fixture
def filled(instance: Instance) -> Instance:
    """Three days with a little of everything, and one day long before."""
    hits = [
        hit(TODAY, 10, 1, "/a", "x.example"),
        hit(TODAY, 40, 1, "/b"),
        hit(TODAY, 40 + 1800, 1, "/a"),
        hit(TODAY, 20, 2, "/a"),
        hit(TODAY, 30, 2, "/a", kind=1),
        hit(TODAY, 50, 3, "/only-an-event", kind=1),
        hit(TODAY - 1, 10, 1, "/c", "y.example"),
        hit(TODAY - 45, 10, 9, "/a", "x.example"),
        *(hit(TODAY - 2, number, 100 + number, f"/long/{number:02d}") for number in range(15)),
    ]
    instance.write(lambda store: store.write(hits))
    return instance


def ask(instance: Instance, period: str, clock: Clock) -> Report:
    with instance.borrow_reader() as reader:
        return summarise(reader, Query(instance.registry.sites[0], BY_NAME[period], clock.now))


def test_today(filled: Instance, clock: Clock) -> None:
    report = ask(filled, "today", clock)
    # Visitor 1: a visit of two views in 30 s, and one of a view. Visitor 2: a view and an event.
    assert report.totals == Totals(views=4, visits=3, visitors=2, bounces=1, duration=40)
    assert report.before == Totals(views=1, visits=1, visitors=1, bounces=1, duration=0)
    pages, sources = report.panels["page"], report.panels["referrer"]
    assert [(row.label, row.totals.views, row.totals.visitors) for row in pages.items] == [
        ("/a", 3, 2),
        ("/b", 1, 1),
    ]
    assert [(row.label, row.totals.visits, row.totals.visitors) for row in sources.items] == [
        ("", 2, 2),
        ("x.example", 1, 1),
    ]
    assert pages.rest == Rest(0, 0)


def test_a_list_says_what_it_leaves_out(filled: Instance, clock: Clock) -> None:
    report = ask(filled, "30d", clock)
    assert (report.totals.views, report.totals.visitors) == (20, 18)
    pages = report.panels["page"]
    assert len(pages.items) == 10
    assert pages.rest == Rest(8, 8)
    assert sum(row.totals.views for row in pages.items) + pages.rest.amount == report.totals.views


@pytest.mark.parametrize("period", BY_NAME)
def test_every_period_is_the_same_before_and_after_a_fold_and_a_rollup(
    filled: Instance, clock: Clock, period: str
) -> None:
    first = ask(filled, period, clock)
    assert sum(figures.views for _, figures in first.series) == first.totals.views
    assert len(first.series) == first.range.days
    filled.fold()
    assert ask(filled, period, clock) == first
    filled.rollup()
    assert ask(filled, period, clock) == first
    assert [text for text in filled.reader.differences() if text] == []


@pytest.mark.parametrize(
    ("period", "views_before", "counted_since"),
    [
        # The first view was 45 days ago.
        ("today", 1, None),
        ("7d", 0, None),
        ("30d", None, TODAY - 45),
        ("12mo", None, TODAY - 45),
        ("all", None, None),
    ],
)
def test_only_a_period_that_was_counted_from_its_first_day_is_compared_with(
    filled: Instance, clock: Clock, period: str, views_before: int | None, counted_since: int | None
) -> None:
    report = ask(filled, period, clock)
    assert (report.before.views if report.before else None) == views_before
    assert bool(report.series_before) == (views_before is not None)
    assert (report.since, report.counted_since) == (TODAY - 45, counted_since)


@pytest.mark.parametrize(("first", "views_before"), [(59, 1), (58, None)])
def test_the_first_day_of_the_period_before_is_enough(
    instance: Instance, clock: Clock, first: int, views_before: int | None
) -> None:
    instance.write(lambda store: store.write([hit(TODAY - first, 10, 1, "/a")]))
    before = ask(instance, "30d", clock).before
    assert (before.views if before else None) == views_before


def test_all_time_has_nothing_before_it(filled: Instance, clock: Clock) -> None:
    report = ask(filled, "all", clock)
    assert report.before is None
    assert report.range.first == TODAY - 45
    assert report.totals.views == 21


def test_rates_of_nothing_are_none() -> None:
    assert Totals().bounce_rate is None
    assert Totals().visit_duration is None
    assert Totals(visits=4, bounces=1, duration=10).bounce_rate == 0.25
    assert Totals(visits=4, bounces=1, duration=10).visit_duration == 2.5
