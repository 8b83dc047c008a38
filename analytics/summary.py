"""The one place that answers for summaries: pages, API and terminal get their numbers here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import reduce
from operator import add, attrgetter

import numpy as np

from .breakdown import Grouping, Row, Rows, Stay, count_each, measure_stays, tabulate
from .days import find_zone, local_day, month_of, month_start, read_day, to_date, to_day, year_before
from .dimensions import Level, find_dimension
from .errors import InputError
from .filters import NO_FILTER, Condition, Filter, Some, both, conditions, done_in, levels
from .goals import goal_filter, names_kept, resolve
from .model import Annotation, Count, Goal, Range, Segment, Site, Totals
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
    with_before: bool = False
    """Whether rows tell all of their figures in the days compared with, not only their amount."""


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
    before: Totals | None = None
    """Its figures in the days that a summary is compared with, only its amount where a question does not
    ask for all; None where it is compared with none."""


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
    before: Reached | None = None
    """The same in the days that a summary is compared with; None where it is compared with none."""


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
    shown: Count | None = None
    """What counters show, where the summary is of all that was counted; else None."""

    @property
    def adjusted(self) -> Count | None:
        """What counters show, where the owner's adjustments make that another number than the summary's."""
        counted = Count(self.totals.views, self.totals.visitors)
        return self.shown if self.shown != counted else None

    @property
    def counted_since(self) -> int | None:
        """The site's first day, where that is why there is nothing to compare with; else None."""
        wanted = range_before(self.query, self.range)
        return self.since if wanted and self.since is not None and self.since > wanted.first else None

    @property
    def times(self) -> list[str]:
        """The hours or minutes that its chart shows. Hours that others are by the clocks of now count, too:
        those of a day that was counted by another time zone, and of clocks that were ahead."""
        found = times_of(self.query, self.range)
        if self.query.interval != "hour":
            return found
        return sorted({*found, *(time for time, _ in self.points)})


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
    query = _resolved(reader, query)
    since = reader.first_day(query.site.id)
    span = span_of(reader, query)
    now = count(reader, query, span, query.panels)
    earlier = look_back(reader, query, span, since, query.panels)
    before, until = earlier.range, earlier.until
    kept = reader.kept(query.site.id)
    return Report(
        query=query,
        range=span,
        since=since,
        totals=now.totals,
        range_before=before,
        before=earlier.totals if before else None,
        series=now.series,
        series_before=earlier.series,
        until=until,
        points=_points(reader, query, span),
        points_before=_points_until(reader, query, before, until) if before else (),
        panels=list_panels(reader, now, earlier),
        stay=_stay(reader, query, span),
        stay_before=_stay(reader, query, before) if before else None,
        goals=reach_goals(reader, now, earlier, kept.goals) if query.with_kept else (),
        segments=kept.segments,
        notes=reader.annotations(query.site.id, span) if query.with_kept else (),
        shown=reader.site_count(query.site.id) if _is_of_all(query) else None,
    )


def _resolved(reader: Reader, query: Query) -> Query:
    """The same question, with what its goals and segments mean in place of their names."""
    if not names_kept(query.tree):
        return query
    return replace(query, tree=resolve(query.tree, reader.kept(query.site.id)))


def _is_of_all(query: Query) -> bool:
    """Whether a question is about all that was ever counted."""
    return not query.period.has_before and query.tree == NO_FILTER


def span_of(reader: Reader, query: Query) -> Range:
    """The days that a question is about."""
    today = local_day(query.site.timezone, query.now)
    return range_of(query.period, today, reader.first_day(query.site.id), reader.last_day(query.site.id))


BY_DAY = Grouping(("day",))


@dataclass(frozen=True)
class Counted:
    """What was counted in some days, for a question."""

    query: Query
    span: Range
    series: Sequence[tuple[int, Totals]]
    """The head figures of each day."""
    rows: Mapping[str, Rows]
    """The groups of each list that is asked for, but of one that is kept counted."""
    by_then: Filter = NO_FILTER
    """At which hours and minutes that was, where not all of the days is meant."""

    @property
    def totals(self) -> Totals:
        return sum_up(figures for _, figures in self.series)


@dataclass(frozen=True)
class Compared:
    """What a summary is compared with: nothing, some days, or all of them but the end of the last."""

    range: Range | None = None
    parts: Sequence[Counted] = ()
    until: str = ""
    """The time, as "08:15", until which the last day counts; empty for all of it."""

    @property
    def series(self) -> Sequence[tuple[int, Totals]]:
        return [one for part in self.parts for one in part.series]

    @property
    def totals(self) -> Totals:
        return sum_up(figures for _, figures in self.series)


def is_kept(query: Query, name: str) -> bool:
    """Whether a list is kept counted: the pages of all visits."""
    return name == "page" and query.tree == NO_FILTER


def count(
    reader: Reader, query: Query, span: Range, lists: Iterable[str] = (), *, is_quick: bool = False
) -> Counted:
    """Count some days, in one pass: the head figures of each, and lists of what the filter means.

    `is_quick`: of the rows only their amount.
    """
    by = {name: Grouping((name,), is_quick) for name in lists if not is_kept(query, name)}
    if query.tree == NO_FILTER:
        by_day = reader.totals_by_day(query.site.id, span.first, span.last)
        tables = tabulate(reader, query.site, span, [*by.values()], query.tree) if by else {}
    else:
        asked = [*dict.fromkeys((BY_DAY, *by.values()))]
        tables = tabulate(reader, query.site, span, asked, query.tree)
        by_day = {to_day(date.fromisoformat(row.labels[0])): totals_of(row) for row in tables[BY_DAY]}
    series = [(day, by_day.get(day, NOTHING)) for day in range(span.first, span.last + 1)]
    return Counted(query, span, series, {name: tables[one] for name, one in by.items()})


def look_back(
    reader: Reader, query: Query, span: Range, since: int | None, lists: Sequence[str] = ()
) -> Compared:
    """Count the days that a range is compared with. `since`: the first day of the site."""
    before = range_before(query, span)
    if before is None or since is None or since > before.first:
        # A period that was counted in part would show a growth that never was.
        return Compared()
    today = local_day(query.site.timezone, query.now)
    if before.last >= today and before.last != span.last:
        # And so would one that is not over.
        return Compared()
    is_quick = not query.with_before
    if span.last != today:
        return Compared(before, [count(reader, query, before, lists, is_quick=is_quick)])
    # Today so far against whole days would show a fall every morning.
    until = time_of_day(query)
    by_then = _by_then(before.last, until)
    parts: list[tuple[Query, Range, Filter]] = []
    if before.days > 1:
        parts.append((query, Range(before.first, before.last - 1), NO_FILTER))
    parts.append((_limit(reader, query, by_then), Range(before.last, before.last), by_then))
    counts = [
        replace(count(reader, one, days, lists, is_quick=is_quick), by_then=time) for one, days, time in parts
    ]
    return Compared(before, counts, until)


def range_before(query: Query, span: Range) -> Range | None:
    """The days that a range is compared with; None for none. InputError for no comparison."""
    if not query.period.has_before or query.compare == NONE:
        return None
    if query.compare == PREVIOUS:
        return span.before()
    hint = f"Use one of {', '.join(COMPARISONS)}, or a first day such as 2026-05-01."
    is_year = query.compare == YEAR
    first = year_before(span.first) if is_year else read_day("compare", query.compare, hint)
    # As many days, whatever leap years make of them: bars stand beside one another.
    return Range(first, first + span.days - 1)


def time_of_day(query: Query) -> str:
    """The time of day at a site when a question is asked, as "08:15"."""
    return f"{datetime.fromtimestamp(query.now, find_zone(query.site.timezone)):%H:%M}"


def _by_then(day: int, until: str) -> Filter:
    """The hours and minutes of a day until a time, its minute included."""
    date, hour, minute = to_date(day).isoformat(), int(until[:2]), int(until[3:])
    whole = tuple(f"{date} {one:02}:00" for one in range(hour))
    rest = tuple(f"{date} {hour:02}:{one:02}" for one in range(minute + 1))
    return Some(tuple(Condition(*one) for one in (("hour", "is", whole), ("minute", "is", rest))))


def _limit(reader: Reader, query: Query, by_then: Filter) -> Query:
    """The same question of visits by their views until then, and of what was done until then."""
    tree = _resolved(reader, query).tree
    return replace(query, tree=both(done_in(tree, by_then), by_then))


def _points(reader: Reader, query: Query, span: Range) -> list[tuple[str, Totals]]:
    """Figures of each minute or hour that has any."""
    if query.interval not in MAX_DAYS_OF:
        return []
    if span.days > MAX_DAYS_OF[query.interval]:
        most = MAX_DAYS_OF[query.interval]
        raise InputError("by", f"{query.interval} is for {most} days at most", hint="Use day.")
    grouping = Grouping((query.interval,))
    rows = tabulate(reader, query.site, span, [grouping], query.tree)[grouping]
    return sorted((row.labels[0], totals_of(row)) for row in rows)


def _points_until(reader: Reader, query: Query, span: Range, until: str) -> list[tuple[str, Totals]]:
    """Figures of each minute or hour of a range, whose last day ends at `until` where that is a time."""
    found = _points(reader, query, span)
    if not until or query.interval not in MAX_DAYS_OF:
        return found
    day = to_date(span.last).isoformat()
    limited = _limit(reader, query, _by_then(span.last, until))
    last = _points(reader, limited, Range(span.last, span.last))
    return [*(one for one in found if not one[0].startswith(day)), *last]


def _stay(reader: Reader, query: Query, span: Range) -> Stay | None:
    if Level.VIEW not in levels(query.tree) or _tells_times(query.tree):
        return None
    return measure_stays(reader, query.site, span, Grouping(), query.tree).get((), Stay())


def _tells_times(tree: Filter) -> bool:
    """Whether a filter names hours or minutes: by these, how pages were looked at is not kept."""
    return any(find_dimension(one.dimension).level is Level.TIME for one in conditions(tree))


def reach_goals(reader: Reader, now: Counted, earlier: Compared, goals: Sequence[Goal]) -> list[Reached]:
    """How many of those whom the filter means reached each goal, and how many did before."""
    if not goals:
        return []
    before = _reached(reader, earlier.parts, goals) if earlier.range else [None] * len(goals)
    found = [
        replace(one, before=then) for one, then in zip(_reached(reader, [now], goals), before, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.visitors, one.goal.name))


@dataclass(frozen=True)
class Trial:
    """How many would reach some goals, of which days and how many visitors."""

    range: Range
    visitors: int
    reached: Sequence[Reached]


def try_goals(reader: Reader, query: Query, goals: Sequence[Goal]) -> Trial:
    """How many reach goals that need not be kept, in their order. Call it inside one snapshot."""
    span = span_of(reader, query)
    now = count(reader, query, span)
    return Trial(span, now.totals.visitors, _reached(reader, [now], goals))


def _reached(reader: Reader, parts: Sequence[Counted], goals: Sequence[Goal]) -> list[Reached]:
    """How many reached each goal in some days."""
    filters = [goal_filter(goal) for goal in goals]
    visitors = sum(part.totals.visitors for part in parts)
    sums = [NOTHING] * len(goals)
    for part in parts:
        trees = [both(part.query.tree, done_in(one, part.by_then)) for one in filters]
        rows = count_each(reader, part.query.site, part.span, trees)
        sums = [one + totals_of(row) for one, row in zip(sums, rows, strict=True)]
    return [
        Reached(goal, one.visitors, one.visits, one.visitors / visitors if visitors else None)
        for goal, one in zip(goals, sums, strict=True)
    ]


def list_panels(reader: Reader, now: Counted, earlier: Compared) -> dict[str, Panel]:
    """The lists that a question asks for."""
    query, span, panels = now.query, now.span, {}
    for name in query.panels:
        if is_kept(query, name):
            panels[name] = _kept_pages(reader, query, span, now.totals)
        else:
            panels[name] = make_panel(name, now.rows[name], query.limit)
    for name in panels.keys() & {"page", "entry", "exit"}:
        if not is_kept(query, name):
            panels[name] = _with_titles(reader, query.site, panels[name])
    if query.with_stays and "page" in panels:
        panels["page"] = _with_stays(reader, query, span, panels["page"])
    if earlier.range is None:
        return panels
    return {name: _with_before(reader, earlier, panel) for name, panel in panels.items()}


def _with_before(reader: Reader, earlier: Compared, panel: Panel) -> Panel:
    """A list whose rows know their figures in the days that it is compared with."""
    labels = [item.label for item in panel.items]
    found: dict[str, Totals] = {}
    for part in earlier.parts:
        for label, figures in _figures_of(reader, part, panel.dimension, labels).items():
            found[label] = found.get(label, NOTHING) + figures
    items = [replace(item, before=found.get(item.label, NOTHING)) for item in panel.items]
    return replace(panel, items=items)


def _figures_of(reader: Reader, part: Counted, name: str, labels: Sequence[str]) -> dict[str, Totals]:
    """The figures of some rows of a list, in some days."""
    if name in part.rows:
        return {label: totals_of(row) for label, row in part.rows[name].named(labels).items()}
    found = reader.page_counts(part.query.site.id, labels, part.span)
    return {path: Totals(one.views, 0, one.visitors) for path, one in found.items()}


def _kept_pages(reader: Reader, query: Query, span: Range, totals: Totals) -> Panel:
    rows, total = reader.top_pages(query.site.id, span, query.limit)
    items = [Item(row.path, Totals(row.views, 0, row.visitors), row.title) for row in rows]
    rest = Rest(total - len(rows), totals.views - sum(row.views for row in rows))
    return Panel("page", items, rest, rows[0].views if rows else 0, "views")


def _with_titles(reader: Reader, site: Site, panel: Panel) -> Panel:
    known = reader.page_rows(site.id, [item.label for item in panel.items])
    items = [Item(item.label, item.totals, known.get(item.label, (0, ""))[1]) for item in panel.items]
    return replace(panel, items=items)


def _with_stays(reader: Reader, query: Query, span: Range, panel: Panel) -> Panel:
    if _tells_times(query.tree):
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


def total_of(reader: Reader, query: Query) -> Totals:
    """The head figures of a period alone."""
    return sum_up(figures for _, figures in days_of(reader, query))


def days_of(reader: Reader, query: Query) -> Sequence[tuple[int, Totals]]:
    """(day, head figures) of each day of a period."""
    return count(reader, query, span_of(reader, query)).series


def total_before(reader: Reader, query: Query) -> Totals | None:
    """The head figures of what a period is compared with, as its summary has them; None for nothing."""
    earlier = look_back(reader, query, span_of(reader, query), reader.first_day(query.site.id))
    return earlier.totals if earlier.range else None


def sum_up(figures: Iterable[Totals]) -> Totals:
    """The sum of days' head figures."""
    return reduce(add, figures, NOTHING)
