"""The geometry of the chart over time: figures to shapes, without a browser.

Everything across is in percent of the plot, so that the drawing fits any width and its text is
never squashed. Many days are drawn in groups, so that a bar stays wide enough to see and to touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from ..days import month_of, to_date, to_day
from ..figures import VIEWS, Figure
from ..language import _
from ..model import Annotation, Totals
from ..wording import by_unit, day_of_year, days_between, month, number, plural, weekday

MAX_BARS = 96
"""More bars than this are narrower than 2 pixels on a phone."""

BAR_SHARE = 0.72
"""Of its column, that a bar fills."""

WIDEST_BAR = 5.5
"""Percent of the plot, however few bars there are."""

HOURS_OF_DAY = 25
"""At most, where clocks go back."""

MOST_TIMES = 8
"""Labels of an axis of hours or minutes."""

Series = Sequence[tuple[int, Totals]]
Times = Sequence[tuple[str, Totals]]
"""(time, figures), a time as "2026-05-01 08:00"."""


@dataclass(frozen=True)
class Step:
    """How many days a bar stands for: `key` gives the same number for days of one bar."""

    name: str
    key: Callable[[int], int]


STEPS: tuple[Step, ...] = (
    Step("day", lambda day: day),
    Step("week", lambda day: (day + 3) // 7),
    Step("month", month_of),
    Step("quarter", lambda day: month_of(day) // 3),
    Step("year", lambda day: month_of(day) // 12),
)
"""From fine to coarse. Day 0 was a Thursday; weeks begin on Monday."""


@dataclass(frozen=True)
class Axis:
    """What a chart is of, from 0 to the value at its upper edge, in units of the figure's axis."""

    figure: Figure
    ticks: Sequence[int]

    def height(self, value: float | None) -> float:
        """How high a value is, in percent of the plot; what is not known lies on the ground."""
        return _percent((value or 0) * self.figure.scale, self.ticks[-1])

    @property
    def marks(self) -> list[Mark]:
        """Its labels."""
        top, mark = self.ticks[-1], self.figure.mark
        return [Mark(_percent(top - tick, top), mark(tick)) for tick in self.ticks]


def _axis(figure: Figure | None, found: Iterable[Totals]) -> Axis:
    """The axis that holds the figure of all; of views, where none was chosen."""
    drawn = figure or VIEWS
    return Axis(drawn, drawn.ticks(max([1, *(drawn.scale * (drawn.of(one) or 0) for one in found)])))


@dataclass(frozen=True)
class Bar:
    """One day, or one group of days, of the chart. Places and lengths are percent of the plot."""

    first: int
    last: int
    views: int
    visitors: int
    value: float | None
    """Of the figure that the chart is of; None where there is none."""
    before: float | None
    """The same of the period before; None without one, too."""
    is_partial: bool
    """It lacks days of its group, or holds one that is not over yet."""
    name: str
    x: float
    width: float
    column_x: float
    column_width: float
    height: float
    height_before: float
    visitors_height: float
    figure: Figure | None = None
    """The one that was chosen; None for views and visitors."""
    until: str = ""
    """The time, as "08:15", at which its period before ends as well, for the bar of what is not over yet."""

    @property
    def tip(self) -> str:
        """What to show when it is pointed at."""
        lines = [
            _("%(name)s (not complete)") % {"name": self.name} if self.is_partial else self.name,
            self._told,
        ]
        if self.before is not None:
            text = (
                _("Period before, until %(time)s: %(views)s") if self.until else _("Period before: %(views)s")
            )
            before = self.figure.write(self.before) if self.figure else plural(int(self.before), "view")
            lines.append(text % {"time": self.until, "views": before})
        return "\n".join(lines)

    @property
    def _told(self) -> str:
        if self.figure:
            return f"{_(self.figure.label)}: {self.figure.write(self.value)}"
        return f"{plural(self.views, 'view')}, {plural(self.visitors, 'visitor')}"


@dataclass(frozen=True)
class Mark:
    """A label of an axis: percent from the left (dates) or from the top (values)."""

    at: float
    text: str
    anchor: str = "middle"
    is_major: bool = True
    """Shown on a narrow screen, too."""


@dataclass(frozen=True)
class Pin:
    """The notes of the days of one bar: where its middle is, and what they say."""

    at: float
    notes: Sequence[Annotation]


@dataclass(frozen=True)
class Chart:
    """Everything that the template draws."""

    bars: Sequence[Bar]
    step: str
    top: int
    """The value at the upper edge."""
    values: Sequence[Mark]
    dates: Sequence[Mark]
    line: str
    """Points of the period before in a square of 100 by 100; empty when it had nothing."""
    figure: Figure | None = None
    """The one that was chosen; None for views and visitors."""

    @property
    def description(self) -> str:
        """What the chart shows, for who cannot see it."""
        known = [bar for bar in self.bars if bar.value or (bar.value is not None and self._is_mean)]
        if not known:
            is_views = self.figure in (None, VIEWS)
            none, visits = _("There are no views in this period."), _("There are no visits in this period.")
            return none if is_views else visits
        best = max(known, key=lambda bar: bar.value or 0)
        words = {"bars": plural(len(self.bars), "bar"), "by": by_unit(self.step), "name": best.name}
        if self.figure:
            return _("%(bars)s, %(by)s. The highest: %(name)s, %(value)s.") % {
                **words,
                "value": self.figure.write(best.value),
            }
        return _("%(bars)s, %(by)s. Most views: %(name)s, %(views)s.") % {
            **words,
            "views": number(best.views),
        }

    @property
    def _is_mean(self) -> bool:
        return bool(self.figure and self.figure.is_of_visits)


def draw_chart(
    series: Series,
    before: Series,
    interval: str = "",
    figure: Figure | None = None,
    *,
    is_now: bool = True,
) -> Chart:
    """Place the days of a report; `before` is aligned with it by index.

    With `interval` (the name of a step) a bar stands for that, if there are not too many bars; with `figure`
    it shows that alone; with `is_now` the last day is not over yet.
    """
    step = choose_step(series, interval)
    groups = group_days(series, step)
    sums = [_sum(series[part]) for part in groups]
    earlier = [_sum(before[part]) for part in groups] if _is_counted(before, figure) else []
    axis = _axis(figure, [*sums, *earlier])
    then = [axis.figure.of(one) for one in earlier]
    bars = [
        _place(index, len(groups), series[part], step, figures, then[index] if then else None, axis)
        for index, (part, figures) in enumerate(zip(groups, sums, strict=True))
    ]
    bars = [replace(bar, figure=figure) for bar in bars]
    if is_now and bars:
        bars[-1] = replace(bars[-1], is_partial=True)
    return Chart(
        bars=bars,
        step=step.name,
        top=axis.ticks[-1],
        values=axis.marks,
        dates=_date_marks(bars, step),
        line=_line(bars, step) if then else "",
        figure=figure,
    )


def _is_counted(series: Series | Times, figure: Figure | None) -> bool:
    """Whether a series has anything to draw."""
    return any(figures.views or (figure and figures.visits) for _, figures in series)


def pin_notes(chart: Chart, notes: Iterable[Annotation]) -> list[Pin]:
    """The notes at the first bar of their day, those of one bar together."""
    by_place: dict[int, list[Annotation]] = {}
    for note in notes:
        places = (place for place, bar in enumerate(chart.bars) if bar.first <= note.day <= bar.last)
        if (place := next(places, None)) is not None:
            by_place.setdefault(place, []).append(note)
    middles = {place: chart.bars[place].column_x + chart.bars[place].column_width / 2 for place in by_place}
    return [Pin(round(middles[place], 3), found) for place, found in sorted(by_place.items())]


def tell_until(chart: Chart, time: str) -> Chart:
    """The chart whose last bar says at what time the period before ends; without a time as it is."""
    last = [replace(bar, until=time) for bar in chart.bars[-1:]]
    return replace(chart, bars=[*chart.bars[:-1], *last]) if time else chart


def choose_step(series: Series, interval: str = "") -> Step:
    """The finest step, not finer than `interval`, that keeps to MAX_BARS; the coarsest when none does."""
    if not series:
        return STEPS[0]
    first, last = series[0][0], series[-1][0]
    names = [step.name for step in STEPS]
    steps = STEPS[names.index(interval) if interval in names else 0 :]
    return next((step for step in steps if step.key(last) - step.key(first) < MAX_BARS), STEPS[-1])


def draw_times(
    points: Times,
    labels: Sequence[str],
    step: str,
    before: Times = (),
    days_back: int = 0,
    *,
    is_now: bool = True,
    figure: Figure | None = None,
) -> Chart:
    """Place hours or minutes (`labels`, all of them, as they stand in `points`).

    `before` are those of a range `days_back` days earlier; with `is_now` the last is not over yet.
    """
    found = _look_up(points, labels)
    earlier = [_days_earlier(label, days_back) for label in labels]
    ago = _look_up(before, earlier) if _is_counted(before, figure) else []
    axis = _axis(figure, [*found, *ago])
    then = [axis.figure.of(one) for one in ago]
    last = len(labels) - 1
    bars = []
    for index, (label, figures) in enumerate(zip(labels, found, strict=True)):
        day = to_day(date.fromisoformat(label[:10]))
        was = then[index] if then else None
        bar = _place(index, len(labels), [(day, figures)], STEPS[0], figures, was, axis)
        is_partial = is_now and index == last
        bars.append(replace(bar, name=f"{bar.name}, {label[11:]}", is_partial=is_partial, figure=figure))
    has_days = len(labels) > HOURS_OF_DAY and step == "hour"
    dates = []
    for count, place in enumerate(_round_places(labels, step)):
        at, anchor = _mark_place(place, bars)
        text = day_of_year(bars[place].first) if has_days else labels[place][11:]
        dates.append(Mark(at, text, anchor, is_major=count % 2 == 0))
    line = _line(bars, STEPS[0]) if then else ""
    return Chart(bars, step, axis.ticks[-1], axis.marks, dates, line, figure)


def _round_places(labels: Sequence[str], step: str) -> list[int]:
    """Which times have a label: every so many minutes or hours of one day, the midnights of several."""
    if step == "minute":
        sizes = [5, 15, 30]
    else:
        sizes = [60, 120, 180, 360] if len(labels) <= HOURS_OF_DAY else [1_440]
    minutes = [int(label[11:13]) * 60 + int(label[14:]) for label in labels]
    found: list[int] = []
    for size in sizes:
        found = [place for place, minute in enumerate(minutes) if minute % size == 0]
        if len(found) <= MOST_TIMES:
            return found
    return found[:: -(-len(found) // MOST_TIMES)]


def _look_up(points: Times, labels: Sequence[str]) -> list[Totals]:
    by_label = dict(points)
    return [by_label.get(label, Totals()) for label in labels]


def _days_earlier(label: str, days: int) -> str:
    return f"{to_date(to_day(date.fromisoformat(label[:10])) - days).isoformat()}{label[10:]}"


def draw_spark(values: Sequence[int]) -> str:
    """Points of a line in a square of 100 by 100, zero at its foot; empty where there is nothing to draw."""
    top, last = max(values, default=0), len(values) - 1
    if not top or not last:
        return ""
    return " ".join(
        f"{round(100 * at / last, 1):g},{round(100 - 100 * value / top, 1):g}"
        for at, value in enumerate(values)
    )


def group_days(series: Series, step: Step) -> list[slice]:
    """Cut a series of days into the runs that are one bar each."""
    keys = [step.key(day) for day, _ in series]
    cuts = [index for index in range(1, len(keys)) if keys[index] != keys[index - 1]]
    return [slice(start, end) for start, end in pairwise([0, *cuts, len(keys)])] if keys else []


def _place(
    index: int, count: int, days: Series, step: Step, figures: Totals, before: float | None, axis: Axis
) -> Bar:
    """One bar of `count`, whose figures are summed over its days."""
    first, last = days[0][0], days[-1][0]
    column = 100 / count
    width = min(column * BAR_SHARE, WIDEST_BAR)
    value = axis.figure.of(figures)
    return Bar(
        first=first,
        last=last,
        views=figures.views,
        visitors=figures.visitors,
        value=value,
        before=before,
        is_partial=(index == 0 and step.key(first - 1) == step.key(first))
        or (index == count - 1 and step.key(last + 1) == step.key(last)),
        name=weekday(first) if step.name == "day" else days_between(first, last),
        x=round(index * column + (column - width) / 2, 3),
        width=round(width, 3),
        column_x=round(index * column, 3),
        column_width=round(column, 3),
        height=axis.height(value),
        height_before=axis.height(before),
        visitors_height=axis.height(figures.visitors),
    )


def _line(bars: Sequence[Bar], step: Step) -> str:
    """A point for each bar that has one, but for groups cut off: there the line would seem to fall."""
    points = [
        f"{bar.column_x + bar.column_width / 2:.3f},{100 - bar.height_before:.3f}"
        for bar in bars
        if bar.before is not None and (step.name == "day" or not bar.is_partial)
    ]
    return " ".join(points)


def _date_marks(bars: Sequence[Bar], step: Step) -> list[Mark]:
    """Labels for every bar of a few, else for five evenly spaced ones, of which three are major."""
    last = len(bars) - 1
    places = range(len(bars)) if last < 7 else [round(last * part / 4) for part in range(5)]
    middle = places[len(places) // 2] if bars else 0
    marks = []
    for place in places:
        at, anchor = _mark_place(place, bars)
        text = _date_text(bars[place].first, step, bars)
        marks.append(Mark(at, text, anchor, is_major=place in (0, middle, last) or last < 4))
    return marks


def _mark_place(place: int, bars: Sequence[Bar]) -> tuple[float, str]:
    """Where the label of a bar is, and by which end; outer ones stay in the plot where columns are narrow."""
    bar = bars[place]
    if len(bars) < 15 or 0 < place < len(bars) - 1:
        return round(bar.column_x + bar.column_width / 2, 3), "middle"
    return (0, "start") if place == 0 else (100, "end")


def _date_text(day: int, step: Step, bars: Sequence[Bar]) -> str:
    """A date as short as the axis lets it be."""
    value = to_date(day)
    if step.name == "year":
        return str(value.year)
    if step.name == "quarter":
        return _("Q%(quarter)s %(year)s") % {"quarter": (value.month + 2) // 3, "year": value.year}
    if step.name == "month" or bars[-1].last - bars[0].first >= 300:
        return month(day)
    return day_of_year(day)


def _sum(days: Series) -> Totals:
    total = Totals()
    for _day, figures in days:
        total += figures
    return total


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 3)
