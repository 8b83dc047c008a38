"""What a summary page shows, as its address says it: every view has an address."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import regex

from .days import read_day, to_date
from .dimensions import BY_NAME, Level, find_dimension, name_property, split_property
from .errors import InputError
from .figures import BY_NAME as FIGURES
from .filters import (
    Condition,
    Filter,
    both,
    condition,
    join_conditions,
    read_condition,
    tester,
    write_condition,
)
from .goals import read_filters
from .model import Range, Segment, Site
from .periods import CUSTOM, DEFAULT, Period, custom_period, find_period, name_range, shift_range
from .summary import INTERVALS, PREVIOUS, Query
from .wording import NOBODY, unword, worded

MAX_CONDITIONS = 20

GOAL = "goal"
FILTERABLE = (
    *(one.name for one in BY_NAME.values() if one.level is not Level.TIME and one.table),
    *("property", GOAL),
)
"""What a form offers to filter by."""

TABS: dict[str, tuple[str, ...]] = {
    "pages": ("page", "entry", "exit", "title", "host"),
    "sources": ("source", "channel", "referrer", "medium"),
    "campaigns": ("utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term", "click"),
    "places": ("country", "region", "city", "language", "network"),
    "devices": ("browser", "browser_version", "os", "os_version", "device", "screen"),
    "events": ("event", "property"),
}
"""The cards of a summary page, and the lists of each, of which one is shown."""


@dataclass(frozen=True)
class Selection:
    """One view of a site: period, comparison, interval, filters, and which list each card shows."""

    period: Period = DEFAULT
    compare: str = PREVIOUS
    interval: str = ""
    """Empty for what suits the period."""
    at: str = ""
    """The first minute that a chart by minutes shows; empty for the last hour."""
    metric: str = ""
    """The headline figure that the chart shows; empty for views and visitors."""
    conditions: tuple[Condition, ...] = ()
    is_any: bool = False
    """Whether one of the conditions is enough."""
    segment: int = 0
    """Number of a saved segment, whose filter holds as well; 0 for none."""
    edited: int = 0
    """Number of the segment whose filters these are, to be changed; 0 for none."""
    tabs: tuple[tuple[str, str], ...] = ()

    @property
    def tree(self) -> Filter:
        """The filter of the conditions and of the segment."""
        found = join_conditions(self.conditions, is_any=self.is_any)
        if not self.segment:
            return found
        return both(Condition("segment", "is", (str(self.segment),)), found)

    def with_segment(self, number: int) -> Selection:
        """The same of what a segment means as well; of 0 of none."""
        return replace(self, segment=number, edited=0)

    def as_segment(self, number: int) -> Selection:
        """The same of what a segment means, without other filters."""
        return self.unfiltered().with_segment(number)

    def editing(self, segment: Segment) -> Selection:
        """The same of the filters of a segment in place of others, to be changed."""
        found: list[Condition] = []
        is_any = False
        # What is about a dimension that is no more means nothing by now, and is made anew.
        with contextlib.suppress(InputError):
            found, is_any = read_filters(segment.filters)
        return replace(self, conditions=tuple(found), is_any=is_any, segment=0, edited=segment.id)

    def tab(self, card: str) -> str:
        """The dimension that a card shows."""
        return dict(self.tabs).get(card, TABS[card][0])

    @property
    def shown(self) -> tuple[str, ...]:
        """The dimensions of all cards."""
        return tuple(self.tab(card) for card in TABS)

    def with_tab(self, card: str, dimension: str) -> Selection:
        """The same with another list in a card."""
        others = tuple(pair for pair in self.tabs if pair[0] != card)
        is_first = dimension == TABS[card][0]
        return replace(self, tabs=others if is_first else (*others, (card, dimension)))

    def with_condition(self, one: Condition) -> Selection:
        """The same of what also meets a condition."""
        if one in self.conditions:
            return self
        return replace(self, conditions=(*self.conditions, one))

    def without(self, one: Condition) -> Selection:
        """The same without a condition."""
        return replace(self, conditions=tuple(other for other in self.conditions if other != one))

    def with_period(self, period: Period) -> Selection:
        """The same of another period; the interval is the one that suits it."""
        return replace(self, period=period, interval="", at="")

    def from_minute(self, at: str) -> Selection:
        """The same with a chart by minutes that begins at one."""
        return replace(self, at=at)

    def with_metric(self, metric: str) -> Selection:
        """The same with a chart of another headline figure; without a name that of views and visitors."""
        return replace(self, metric=metric)

    def with_days(self, first: int, last: int) -> Selection:
        """The same of the days from `first` to `last`."""
        return self.with_period(custom_period(first, last))

    def either(self) -> Selection:
        """The same with "and" and "or" between the conditions changed over."""
        return replace(self, is_any=not self.is_any)

    def unfiltered(self) -> Selection:
        """The same without any filter."""
        return replace(self, conditions=(), is_any=False, segment=0, edited=0)

    def query(self) -> str:
        """It as the query of an address, without the question mark; what is usual is left out."""
        return urlencode(self.pairs(), safe=":/")

    def pairs(self) -> list[tuple[str, str]]:
        """The names and values of that query."""
        pairs: list[tuple[str, str]] = []
        if self.period.span is not None:
            span = self.period.span
            pairs += [("from", to_date(span.first).isoformat()), ("to", to_date(span.last).isoformat())]
        elif self.period != DEFAULT:
            pairs.append(("period", self.period.name))
        if self.compare != PREVIOUS:
            pairs.append(("compare", self.compare))
        if self.interval:
            pairs.append(("by", self.interval))
        if self.at:
            pairs.append(("at", self.at))
        if self.metric:
            pairs.append(("metric", self.metric))
        pairs += [("f", write_condition(one)) for one in self.conditions]
        if self.is_any:
            pairs.append(("any", "1"))
        if self.segment:
            pairs.append(("segment", str(self.segment)))
        if self.edited:
            pairs.append(("edit", str(self.edited)))
        pairs += [("tab", f"{card}:{dimension}") for card, dimension in self.tabs]
        return pairs


def read_selection(pairs: Sequence[tuple[str, str]]) -> Selection:
    """The selection that an address's query names; InputError says which part is wrong."""
    known = dict(pairs)
    filters = [value for name, value in pairs if name == "f"]
    if len(filters) > MAX_CONDITIONS:
        raise InputError("f", f"was given {len(filters)} times; {MAX_CONDITIONS} are possible")
    interval = known.get("by", "")
    if interval and interval not in INTERVALS:
        hint = "One of " + ", ".join(INTERVALS)
        raise InputError("by", f"{interval[:20]!r} is not an interval", hint=hint)
    metric = known.get("metric", "")
    if metric and metric not in FIGURES:
        hint = "One of " + ", ".join(FIGURES)
        raise InputError("metric", f"{metric[:40]!r} is not a figure", hint=hint)
    return Selection(
        period=_read_period(known),
        compare=_read_comparison(known),
        interval=interval,
        at=known.get("at", ""),
        metric=metric,
        conditions=tuple(dict.fromkeys([*map(read_condition, filters), *read_form(pairs)])),
        is_any=known.get("any", "") == "1",
        segment=_read_number(known, "segment"),
        edited=_read_number(known, "edit"),
        tabs=tuple(_read_tabs(value for name, value in pairs if name == "tab")),
    )


FROM_DAY = "day"
"""What a form compares with that has the first day in a field of its own."""


def _read_comparison(known: Mapping[str, str]) -> str:
    compare = known.get("compare", PREVIOUS)
    if compare != FROM_DAY:
        return compare
    first = known.get("compare_from", "")
    if not first:
        raise InputError("compare", "is required", hint="Write it as 2026-05-01.")
    return to_date(read_day("compare", first)).isoformat()


def _read_number(known: Mapping[str, str], name: str) -> int:
    text = known.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InputError(name, "is not a number")
    return int(text)


def read_form(pairs: Sequence[tuple[str, str]]) -> list[Condition]:
    """The condition that somebody filled into a form: what, how, and values, in people's words."""
    known = dict(pairs)
    if "what" not in known:
        return []
    texts = [text for name, text in pairs if name == "value" and text.strip()]
    if not texts:
        raise InputError("value", "is required", hint=f"{NOBODY} means what has none.")
    return [_in_labels(known["what"], known.get("how", "is"), texts)]


def _in_labels(what: str, how: str, texts: list[str]) -> Condition:
    """A condition in people's words as one in the labels that are stored."""
    if what == "property":
        # As a list shows it, "plan: pro", or as an address has it, "plan=pro".
        parts = [regex.split("=|: ", text, maxsplit=1) for text in texts]
        keys = {part[0].strip() for part in parts}
        if len(keys) > 1 or any(len(part) < 2 for part in parts):
            raise InputError("value", "is not of one property", hint="Write it as plan: pro.")
        return condition(name_property(keys.pop()), how, [part[1].strip() for part in parts])
    if how in ("is", "is_not"):
        return condition(what, how, list(dict.fromkeys(unword(text, what) for text in texts)))
    names = {} if what == GOAL else worded(what)
    asked = condition(what, how, texts, is_exact=all(label == name for label, name in names.items()))
    if asked.is_exact:
        return asked
    # What people read there is a word for what is stored.
    has = tester(asked)
    labels = [label for label, name in names.items() if has(name)]
    if not labels:
        raise InputError("value", f"{texts[0][:60]!r} is in no name of one")
    return condition(what, "is_not" if asked.is_negative else "is", labels)


def _read_period(known: dict[str, str]) -> Period:
    if "from" in known or "to" in known:
        return custom_period(read_day("from", known.get("from", "")), read_day("to", known.get("to", "")))
    name = known.get("period", DEFAULT.name)
    if name == CUSTOM:
        raise InputError("from", "is required", hint="Name the first and the last day: from, to.")
    return find_period(name)


def _read_tabs(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    found: dict[str, str] = {}
    for text in texts:
        card, _, dimension = text.partition(":")
        if dimension not in TABS.get(card, ()):
            raise InputError("tab", f"{text[:40]!r} is not a list of a card")
        found[card] = find_dimension(dimension).name
    return found.items()


def question(site: Site, selection: Selection, now: float) -> Query:
    """What a selection asks of a site."""
    period = selection.period
    is_day = period.days == 1 or (period.span is not None and period.span.days == 1)
    return Query(
        site,
        selection.period,
        now,
        tree=selection.tree,
        compare=selection.compare,
        interval=selection.interval or ("hour" if is_day else "day"),
        at=selection.at,
        panels=selection.shown,
    )


def beside(period: Period, span: Range, today: int, since: int | None) -> tuple[Period | None, Period | None]:
    """The periods just before and after one of the days `span`, none without days that were counted."""
    if not period.has_before:
        return None, None
    # Of chosen days those to come are not shown, but count for how far an arrow leads: the other leads back.
    before, after = (shift_range(period, period.span or span, today, steps) for steps in (-1, 1))
    return (
        name_range(before, today) if since is not None and before.last >= since else None,
        name_range(after, today) if after.first <= today else None,
    )


def pick(dimension: str, label: str) -> Condition:
    """The condition that shows the row of a list alone.

    Not checked as what somebody asks: no label, whatever a visitor sent, may keep its list from being shown.
    """
    if dimension == "property":
        key, value = split_property(label)
        return Condition(name_property(key), "is", (value,))
    return Condition(dimension, "is", (label,))
