"""The one place that answers for summaries: pages, API and terminal get their numbers here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import reduce
from operator import add, attrgetter

import numpy as np

from .breakdown import Grouping, Row, Rows, Stay, measure_stays, tabulate
from .days import find_zone, local_day, month_of, month_start, read_day, to_date, to_day
from .dimensions import Level, find_dimension
from .errors import InputError
from .filters import NO_FILTER, Condition, Every, Filter, Some, conditions
from .goals import goal_filter
from .model import Annotation, Goal, PageRow, Range, Segment, Site, SourceRow, Totals
from .periods import Period, range_of
from .store.base import Reader

TOP = 10
"""Rows of a list on a page."""

MAPPED = ("country",)
"""Dimensions that a map shows."""

NOTHING = Totals()

PREVIOUS, YEAR, NONE = "previous", "year", "none"
COMPARISONS = (PREVIOUS, YEAR, NONE)

INTERVALS = ("minute", "hour", "day", "week", "month")
TIMES = {"minute", "hour"}
"""Dimensions by which how pages were looked at is not kept."""

MAX_DAYS_OF = {"minute": 2, "hour": 31}
"""Days for which a chart by minutes or hours is made at most."""

PANELS = ("page", "referrer")
"""The lists of a summary when nothing else is asked for."""


@dataclass(frozen=True)
class Query:
    """A question about one site: which period, seen from which moment (seconds since 1970)."""

    site: Site
    period: Period
    now: float
    limit: int = TOP
    tree: Filter = NO_FILTER
    compare: str = PREVIOUS
    """One of COMPARISONS, or the first day (as an ISO date) of as many days to compare with."""
    interval: str = "day"
    panels: tuple[str, ...] = PANELS
    """Dimensions, each a list of its groups."""
    at: str = ""
    """The minute, as "2026-05-01 08:00", with which a chart by minutes begins; empty for the last hour."""
    with_kept: bool = False
    """Whether the answer has goals and notes."""
    with_stays: bool = False
    """Whether the list of pages tells how they were looked at."""


@dataclass(frozen=True)
class Rest:
    """What a list leaves out: how many rows, and their views or visits."""

    rows: int
    amount: int


@dataclass(frozen=True)
class Item:
    """One row of a list. Of groups inside visits (pages, events) bounces and duration mean nothing;
    pages that nobody filtered have no visits."""

    label: str
    totals: Totals
    title: str = ""
    stay: Stay | None = None
    """How a page was looked at, where a question asks for it and a browser told of it."""


COLUMNS = {
    Level.VISIT: ("visitors", "visits", "views", "bounces", "duration"),
    Level.TIME: ("visitors", "visits", "views"),
    Level.EVENT: ("visitors", "visits", "events"),
}
"""What lists tell of their groups; those of pages tell their amount, as the visits of a page are not kept."""


@dataclass(frozen=True)
class Panel:
    """The groups of one dimension, those with the largest amount first."""

    dimension: str
    items: Sequence[Item]
    rest: Rest
    top: int
    """The greatest amount, for bars."""
    amount: str
    """By which figure it is ordered: views of pages, events, visits of the rest."""
    others: Sequence[Item] = ()
    """The rows that are left out, where a map shows them as well."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the figures that mean something in every row."""
        return COLUMNS.get(find_dimension(self.dimension).level, ("visitors", self.amount))

    @property
    def has_stays(self) -> bool:
        """Whether any row tells how its page was looked at."""
        return any(item.stay for item in self.items)


@dataclass(frozen=True)
class Reached:
    """How many reached a goal."""

    goal: Goal
    visitors: int
    visits: int
    rate: float | None
    """Of all visitors that the filters mean, 0 to 1; None without visitors."""


@dataclass(frozen=True)
class Report:
    """The answer: head figures, the same of the period before, a day at a time, and lists."""

    query: Query
    range: Range
    since: int | None
    """The first day with a hit; None when there was never one."""
    totals: Totals
    range_before: Range | None
    """The days that it is compared with; None for none."""
    before: Totals | None
    """None where there is no period before (all time), or the site was not counted in all of it."""
    series: Sequence[tuple[int, Totals]]
    """(day, figures) of each day of the range."""
    series_before: Sequence[tuple[int, Totals]]
    until: str = ""
    """The time, as "08:15", until which the last day of `before` is counted, as today is; else empty."""
    points: Sequence[tuple[str, Totals]] = ()
    """(time, figures) of each minute or hour of the range, where the interval is one of them."""
    points_before: Sequence[tuple[str, Totals]] = ()
    panels: Mapping[str, Panel] = field(default_factory=dict)
    stay: Stay | None = None
    """How the pages that the filter names were looked at; None where it names none, or an hour."""
    stay_before: Stay | None = None
    goals: Sequence[Reached] = ()
    segments: Sequence[Segment] = ()
    notes: Sequence[Annotation] = ()

    @property
    def counted_since(self) -> int | None:
        """The site's first day, where that is why there is nothing to compare with; else None."""
        query = self.query
        is_asked = query.period.has_before and query.compare != NONE
        return self.since if self.before is None and is_asked else None

    @property
    def pages(self) -> Sequence[PageRow]:
        """The most viewed pages."""
        return [
            PageRow(item.label, item.title, item.totals.views, item.totals.visitors)
            for item in self.panels["page"].items
        ]

    @property
    def other_pages(self) -> Rest:
        return self.panels["page"].rest

    @property
    def sources(self) -> Sequence[SourceRow]:
        """The referring hosts of most visits."""
        return [
            SourceRow(item.label, item.totals.views, item.totals.visits, item.totals.visitors)
            for item in self.panels["referrer"].items
        ]

    @property
    def other_sources(self) -> Rest:
        return self.panels["referrer"].rest


def order_of(dimension: str, rows: Rows) -> str:
    """The figure by which the groups of a dimension are ordered.

    Of pages that is views; where a filter means no view, the events on them.
    """
    if find_dimension(dimension).level is Level.EVENT:
        return "events"
    if dimension not in ("page", "title"):
        return "visits"
    return "views" if rows.column("views").any() or not rows.column("events").any() else "events"


def summarise(reader: Reader, query: Query) -> Report:
    """Answer a question. Call it inside one snapshot of the reader."""
    since = reader.first_day(query.site.id)
    span = span_of(reader, query)
    series = daily(reader, query, span)
    before, series_before, until = days_before(reader, query, span, since)
    totals = sum_up(figures for _, figures in series)
    kept = reader.kept(query.site.id)
    return Report(
        query=query,
        range=span,
        since=since,
        totals=totals,
        range_before=before,
        before=sum_up(figures for _, figures in series_before) if before else None,
        series=series,
        series_before=series_before,
        until=until,
        points=_points(reader, query, span),
        points_before=_points_until(reader, query, before, until) if before else (),
        panels=list_panels(reader, query, span, totals),
        stay=_stay(reader, query, span),
        stay_before=_stay(reader, query, before) if before else None,
        goals=reach_goals(reader, query.site, span, query.tree, kept.goals, totals.visitors)
        if query.with_kept
        else (),
        segments=kept.segments,
        notes=reader.annotations(query.site.id, span) if query.with_kept else (),
    )


def span_of(reader: Reader, query: Query) -> Range:
    """The days that a question is about."""
    today = local_day(query.site.timezone, query.now)
    return range_of(query.period, today, reader.first_day(query.site.id), reader.last_day(query.site.id))


def days_before(
    reader: Reader, query: Query, span: Range, since: int | None
) -> tuple[Range | None, list[tuple[int, Totals]], str]:
    """The days that a range is compared with, the figures of each, and the time until which the last counts.

    That time is empty where all of the day does. `since`: the first day of the site.
    """
    before = range_before(query, span)
    if before is None or since is None or since > before.first:
        # A period that was counted in part would show a growth that never was.
        return None, [], ""
    series = daily(reader, query, before)
    if span.last != local_day(query.site.timezone, query.now):
        return before, series, ""
    # Today so far against whole days would show a fall every morning.
    until = time_of_day(query)
    last = daily(reader, _until(query, before.last, until), Range(before.last, before.last))
    return before, [*series[:-1], *last], until


def range_before(query: Query, span: Range) -> Range | None:
    """The days that a range is compared with; None for none. InputError for no comparison."""
    if not query.period.has_before or query.compare == NONE:
        return None
    if query.compare == PREVIOUS:
        return span.before()
    if query.compare == YEAR:
        return Range(_year_before(span.first), _year_before(span.last))
    hint = f"Use one of {', '.join(COMPARISONS)}, or a first day such as 2026-05-01."
    first = read_day("compare", query.compare, hint)
    return Range(first, first + span.days - 1)


def _year_before(day: int) -> int:
    value = to_date(day)
    is_leap_day = (value.month, value.day) == (2, 29)
    return to_day(value.replace(year=value.year - 1, day=28 if is_leap_day else value.day))


def daily(reader: Reader, query: Query, span: Range) -> list[tuple[int, Totals]]:
    """The head figures of each day of a range, of what the filter means."""
    if query.tree == NO_FILTER:
        by_day = reader.totals_by_day(query.site.id, span.first, span.last)
    else:
        grouping = Grouping(("day",))
        rows = tabulate(reader, query.site, span, [grouping], query.tree)[grouping]
        by_day = {to_day(date.fromisoformat(row.labels[0])): totals_of(row) for row in rows}
    return [(day, by_day.get(day, NOTHING)) for day in range(span.first, span.last + 1)]


def time_of_day(query: Query) -> str:
    """The time of day at a site when a question is asked, as "08:15"."""
    return f"{datetime.fromtimestamp(query.now, find_zone(query.site.timezone)):%H:%M}"


def _until(query: Query, day: int, until: str) -> Query:
    """The same question of a day until a time, its minute included: of visits by their views until then."""
    date, hour, minute = to_date(day).isoformat(), int(until[:2]), int(until[3:])
    whole = tuple(f"{date} {one:02}:00" for one in range(hour))
    rest = tuple(f"{date} {hour:02}:{one:02}" for one in range(minute + 1))
    by_then = Some(tuple(Condition(*one) for one in (("hour", "is", whole), ("minute", "is", rest))))
    return replace(query, tree=by_then if query.tree == NO_FILTER else Every((query.tree, by_then)))


def _points(reader: Reader, query: Query, span: Range) -> list[tuple[str, Totals]]:
    """Figures of each minute or hour that has any."""
    if query.interval not in MAX_DAYS_OF:
        return []
    if span.days > MAX_DAYS_OF[query.interval]:
        most = MAX_DAYS_OF[query.interval]
        raise InputError("interval", f"{query.interval} is for {most} days at most", hint="Use day.")
    grouping = Grouping((query.interval,))
    rows = tabulate(reader, query.site, span, [grouping], query.tree)[grouping]
    return sorted((row.labels[0], totals_of(row)) for row in rows)


def _points_until(reader: Reader, query: Query, span: Range, until: str) -> list[tuple[str, Totals]]:
    """Figures of each minute or hour of a range, whose last day ends at `until` where that is a time."""
    found = _points(reader, query, span)
    if not until or query.interval not in MAX_DAYS_OF:
        return found
    day = to_date(span.last).isoformat()
    last = _points(reader, _until(query, span.last, until), Range(span.last, span.last))
    return [*(one for one in found if not one[0].startswith(day)), *last]


def _stay(reader: Reader, query: Query, span: Range) -> Stay | None:
    asked = {one.dimension for one in conditions(query.tree)}
    if not asked & {"page", "title"} or asked & TIMES:
        return None
    return measure_stays(reader, query.site, span, Grouping(), query.tree).get((), Stay())


def reach_goals(
    reader: Reader, site: Site, span: Range, tree: Filter, goals: Sequence[Goal], visitors: int
) -> list[Reached]:
    """How many reached each goal, of those whom a filter means (`visitors` of them)."""
    found = []
    for goal in goals:
        parts = (tree, goal_filter(goal)) if tree != NO_FILTER else (goal_filter(goal),)
        (row,) = tabulate(reader, site, span, [Grouping()], Every(parts))[Grouping()] or [Row(())]
        found.append(Reached(goal, row.visitors, row.visits, row.visitors / visitors if visitors else None))
    return sorted(found, key=lambda one: (-one.visitors, one.goal.name))


def list_panels(reader: Reader, query: Query, span: Range, totals: Totals) -> dict[str, Panel]:
    """The lists that a question asks for. `totals`: the head figures of the same."""
    is_kept = query.tree == NO_FILTER
    groupings = [Grouping((name,)) for name in query.panels if not (is_kept and name == "page")]
    tables = tabulate(reader, query.site, span, groupings, query.tree) if groupings else {}
    panels = {}
    for name in query.panels:
        if is_kept and name == "page":
            panels[name] = _kept_pages(reader, query, span, totals)
        else:
            panels[name] = make_panel(name, tables[Grouping((name,))], query.limit)
    for name in panels.keys() & {"page", "entry", "exit"}:
        if not (is_kept and name == "page"):
            panels[name] = _with_titles(reader, query.site, panels[name])
    if query.with_stays and "page" in panels:
        panels["page"] = _with_stays(reader, query, span, panels["page"])
    return panels


def _kept_pages(reader: Reader, query: Query, span: Range, totals: Totals) -> Panel:
    rows, count = reader.top_pages(query.site.id, span, query.limit)
    items = [Item(row.path, Totals(row.views, 0, row.visitors), row.title) for row in rows]
    rest = Rest(count - len(rows), totals.views - sum(row.views for row in rows))
    return Panel("page", items, rest, rows[0].views if rows else 0, "views")


def _with_titles(reader: Reader, site: Site, panel: Panel) -> Panel:
    known = reader.page_rows(site.id, [item.label for item in panel.items])
    items = [Item(item.label, item.totals, known.get(item.label, (0, ""))[1]) for item in panel.items]
    return replace(panel, items=items)


def _with_stays(reader: Reader, query: Query, span: Range, panel: Panel) -> Panel:
    if {one.dimension for one in conditions(query.tree)} & TIMES:
        return panel
    known = measure_stays(reader, query.site, span, Grouping(("page",)), query.tree)
    return replace(panel, items=[replace(item, stay=known.get((item.label,))) for item in panel.items])


def make_panel(dimension: str, rows: Rows, limit: int) -> Panel:
    """A list of the groups with the largest figures, and what it leaves out."""
    figure = order_of(dimension, rows)
    amount = rows.column(figure)
    found = rows.largest(figure, len(rows) if dimension in MAPPED else limit)
    items = [Item(row.labels[0], totals_of(row)) for row in found]
    shown, others = items[:limit], items[limit:]
    of_row = attrgetter(figure)
    left = int(np.count_nonzero(amount)) - len(shown)
    rest = Rest(left, int(amount.sum()) - sum(map(of_row, found[:limit])))
    return Panel(dimension, shown, rest, of_row(found[0]) if shown else 0, figure, others)


def times_of(query: Query, span: Range) -> list[str]:
    """The hours of a range up to now, or an hour's minutes of it: as `points` name them."""
    zone = find_zone(query.site.timezone)
    start, last = minutes_of(query, span)
    if query.interval == "minute":
        first = max(start, min(read_minute(query), last) if query.at else last - HOUR)
        moments = range(first, min(first + HOUR, last) + 1, 60)
        return [f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}" for at in moments]
    hours = [f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:00}" for at in range(start, last + 1, 900)]
    return list(dict.fromkeys(hours))


HOUR = 3_540
"""Seconds from the first minute of an hour to its last."""


def minutes_of(query: Query, span: Range) -> tuple[int, int]:
    """The first minute of a range and its last one so far, as seconds since 1970."""
    zone = find_zone(query.site.timezone)
    start, end = (
        int(datetime.combine(to_date(day), time(), zone).timestamp()) for day in (span.first, span.last + 1)
    )
    return start, max(start, min(int(query.now) // 60 * 60, end - 60))


def read_minute(query: Query) -> int:
    """The minute that a chart by minutes begins with, as seconds since 1970; InputError when it is none."""
    try:
        moment = datetime.fromisoformat(query.at).replace(second=0, tzinfo=find_zone(query.site.timezone))
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        hint = "Write it as 2026-05-01 08:00."
        raise InputError("at", f"{query.at[:40]!r} is not a minute", hint=hint) from None


def hours_beside(query: Query, span: Range) -> tuple[str, str]:
    """Where the hours before and after begin of the one that a chart by minutes shows; empty for none."""
    zone = find_zone(query.site.timezone)
    start, last = minutes_of(query, span)
    first = max(start, min(read_minute(query), last) if query.at else last - HOUR)
    beside = (first - HOUR - 60 if first > start else None, first + HOUR + 60)
    return tuple(
        f"{datetime.fromtimestamp(max(at, start), zone):%Y-%m-%d %H:%M}"
        if at is not None and at <= last
        else ""
        for at in beside
    )  # type: ignore[return-value]


def totals_of(row: Row) -> Totals:
    """The figures of a group."""
    return Totals(row.views, row.visits, row.visitors, row.bounces, row.duration, row.events)


def by_interval(series: Sequence[tuple[int, Totals]], interval: str) -> list[tuple[int, Totals]]:
    """Days put together to weeks (from Monday) or months: (first day in it, figures)."""
    found: dict[int, Totals] = {}
    for day, figures in series:
        start = {
            "week": day - (day + 3) % 7,
            "month": month_start(month_of(day)),
        }.get(interval, day)
        found[start] = found.get(start, NOTHING) + figures
    return list(found.items())


def list_sources(reader: Reader, site: Site, span: Range) -> list[SourceRow]:
    """The referring hosts of a range of days by visits; the row without a host is "none"."""
    by_host = Grouping(("referrer",))
    panel = make_panel("referrer", tabulate(reader, site, span, [by_host])[by_host], 1_000_000)
    return [
        SourceRow(item.label, item.totals.views, item.totals.visits, item.totals.visitors)
        for item in panel.items
    ]


def total_of(reader: Reader, query: Query) -> Totals:
    """The head figures of a period alone."""
    return sum_up(figures for _, figures in days_of(reader, query))


def days_of(reader: Reader, query: Query) -> Sequence[tuple[int, Totals]]:
    """(day, head figures) of each day of a period."""
    return daily(reader, query, span_of(reader, query))


def total_before(reader: Reader, query: Query) -> Totals | None:
    """The head figures of what a period is compared with, as its summary has them; None for nothing."""
    since = reader.first_day(query.site.id)
    before, series, _ = days_before(reader, query, span_of(reader, query), since)
    return sum_up(figures for _, figures in series) if before else None


def sum_up(figures: Iterable[Totals]) -> Totals:
    """The sum of days' head figures."""
    return reduce(add, figures, NOTHING)
