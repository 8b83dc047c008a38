"""Visits and what was done in them as columns of numbers, and how they are counted by group.

A day of a big site is some ten thousand visits; a dashboard asks for a dozen ways to group them.
Columns answer that without a sort for each (docs/decisions.md has the measurements).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
Mask = NDArray[np.bool_]

OF_VISITS = ("again", "start", "length", "views", "events", "entry", "exit", "source", "client", "place")
"""A visit each, by visitor and start. `again`: the visitor is that of the row before; `start` in
seconds since 1970; `events` are the interactive ones; `entry` and `exit` are paths."""
OF_VIEWS = ("view_path", "view_at")
"""A view each, in the order of the visits; `view_at` in minutes since 1970."""
OF_EVENTS = ("event_visit", "event_hit", "event_name", "event_path", "event_at")
"""A custom event each: the place of its visit, its hit's id, its name, path and minute."""
OF_STAYS = ("stay_visit", "stay_path", "stay_time", "stay_scroll")
"""A report of engagement each: engaged seconds on a page, and how far it was scrolled (255: unknown)."""
NAMES = (*OF_VISITS, *OF_VIEWS, *OF_EVENTS, *OF_STAYS)
"""Those that are kept of closed days."""
SECONDS = ("view_second", "event_second", "stay_second")
"""When each view, event and report was, in seconds since 1970."""
OF_HITS = (*SECONDS, "exit_client")
"""Those that are not kept, with the client of each visit's last hit: who asks for one gets a day's columns
from its hits."""


@dataclass(frozen=True)
class Columns:
    """The columns of some days, end to end. What was not asked for is absent."""

    days: Column
    """The day of each visit."""
    visitor: Column
    """A number for each visitor and day; visits of one stand together."""
    data: Mapping[str, Column]

    def __getitem__(self, name: str) -> Column:
        return self.data[name]

    def __len__(self) -> int:
        return len(self.days)

    @cached_property
    def several(self) -> Mask:
        """Which visits are of a visitor who has several."""
        return _is_neighbour(self.visitor)

    @property
    def visit_of_view(self) -> Column:
        """The place of the visit of each view."""
        return np.repeat(np.arange(len(self)), self["views"])


def join(days: Sequence[tuple[int, Mapping[str, Column]]], names: Sequence[str]) -> Columns:
    """The columns of single days, one after the other. Of each day `again` must be there."""
    lengths = [len(data["again"]) for _, data in days]
    firsts = np.cumsum([0, *lengths])[:-1]
    again = _end_to_end([data["again"] for _, data in days])
    joined = {}
    for name in names:
        parts = [data[name] for _, data in days]
        if name in ("event_visit", "stay_visit"):
            parts = [part + first for part, first in zip(parts, firsts, strict=True)]
        joined[name] = _end_to_end(parts)
    return Columns(
        days=np.repeat(np.array([day for day, _ in days], np.int64), lengths),
        visitor=np.cumsum(again == 0),
        data=joined,
    )


def _end_to_end(parts: Sequence[Column]) -> Column:
    return np.concatenate(parts, dtype=np.int64, casting="unsafe") if parts else np.zeros(0, np.int64)


@dataclass
class Figures:
    """Five figures for each group; the groups are numbered from 0. Seconds for `duration`."""

    visitors: Column
    visits: Column
    views: Column
    bounces: Column
    duration: Column
    events: Column = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def none(cls, size: int) -> Figures:
        return cls(*(np.zeros(size, np.int64) for _ in range(6)))

    def __iadd__(self, other: Figures) -> Figures:
        for name in ("visitors", "visits", "views", "bounces", "duration", "events"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


@dataclass(frozen=True)
class Choice:
    """Which visits, views and events are meant."""

    visits: Mask
    views: Mask | None = None
    """None: all views of those visits."""
    events: Mask | None = None
    """None: all events of those visits."""
    by_events: bool = False
    """Whether one of those events makes its visit count, as one of those views does."""


class Chosen:
    """The chosen visits that have a view, with what every way to group them counts."""

    def __init__(self, columns: Columns, choice: Choice) -> None:
        self.columns, self.choice = columns, choice

    @cached_property
    def places(self) -> Column:
        """Where they are among all."""
        return np.flatnonzero(self.choice.visits & (self.columns["views"] > 0))

    @cached_property
    def views(self) -> Column:
        """How many of its views are meant, of each."""
        views = self.columns["views"]
        if self.choice.views is not None:
            views = np.bincount(self.columns.visit_of_view[self.choice.views], minlength=len(self.columns))
        return views[self.places]

    @cached_property
    def bounces(self) -> Column:
        """Where those of them are that bounced."""
        is_bounce: Mask = (self.columns["views"] == 1) & (self.columns["events"] == 0)
        return self.places[is_bounce[self.places]]

    @cached_property
    def lengths(self) -> Column:
        """The seconds of each."""
        return self.columns["length"][self.places]

    @cached_property
    def several(self) -> Column:
        """Where those of them are whose visitor has several."""
        return self.places[_is_neighbour(self.columns.visitor[self.places])]

    @cached_property
    def events(self) -> Column:
        """The visit of each event that is meant."""
        of_events = self.columns["event_visit"]
        picked = self.choice.visits[of_events] if self.choice.events is None else self.choice.events
        return of_events[picked]


def count_visits(chosen: Chosen, key: Column, size: int, *, is_quick: bool = False) -> Figures:
    """Figures of the chosen visits by a group each (`key` of all visits, below `size`).

    A visitor counts once a day in each group. `is_quick`: only how many visits.
    """
    groups, columns = key[chosen.places], chosen.columns
    figures = Figures.none(size)
    figures.visits = np.bincount(groups, minlength=size)
    if is_quick:
        return figures
    figures.visitors = figures.visits - _repeats(columns.visitor[chosen.several], key[chosen.several], size)
    figures.views = _weigh(groups, chosen.views, size)
    figures.bounces = np.bincount(key[chosen.bounces], minlength=size)
    figures.duration = _weigh(groups, chosen.lengths, size)
    if "event_visit" in columns.data:
        figures.events = np.bincount(key[chosen.events], minlength=size)
    return figures


def count_inside(
    columns: Columns,
    visit: Column,
    key: Column,
    size: int,
    views: int,
    *,
    by_events: bool,
    is_quick: bool = False,
) -> Figures:
    """Figures of what happened inside visits: the visit and the group of each thing.
    `is_quick`: only how many things.

    The first `views` of them are views, the others events. A visit counts once in each group where it
    has a view (or, `by_events`, an event), and so does a visitor a day.
    """
    figures = Figures.none(size)
    figures.views = np.bincount(key[:views], minlength=size)
    figures.events = np.bincount(key[views:], minlength=size)
    if is_quick:
        return figures
    if not by_events:
        visit, key = visit[:views], key[:views]
    # Only a visit with several of them can have one twice.
    has_several = np.bincount(visit, minlength=len(columns))[visit] > 1
    again = _unique_pairs(visit[has_several], key[has_several])
    visit = np.concatenate((visit[~has_several], again[0]))
    key = np.concatenate((key[~has_several], again[1]))
    # A visit of events alone is no visit.
    has_views = columns["views"][visit] > 0
    visit, key = visit[has_views], key[has_views]
    figures.visits = np.bincount(key, minlength=size)
    often = columns.several[visit]
    figures.visitors = figures.visits - _repeats(columns.visitor[visit[often]], key[often], size)
    return figures


def _weigh(groups: Column, weights: Column, size: int) -> Column:
    # Sums stay far below 2**53, to which floats are exact.
    return np.bincount(groups, weights=weights, minlength=size).astype(np.int64)


def _is_neighbour(visitor: Column) -> Mask:
    """Which rows stand beside another one of their visitor."""
    is_same = visitor[1:] == visitor[:-1]
    found = np.zeros(len(visitor), np.bool_)
    found[1:] = is_same
    found[:-1] |= is_same
    return found


def _repeats(visitor: Column, groups: Column, size: int) -> Column:
    """How often in each group a visitor stands there again."""
    _, of_pairs = _unique_pairs(visitor, groups)
    return np.bincount(groups, minlength=size) - np.bincount(of_pairs, minlength=size)


def _unique_pairs(first: Column, second: Column) -> tuple[Column, Column]:
    """The different pairs of numbers, ordered, as two columns."""
    # Packed by bits: to divide takes longer than to sort. And they nearly are in order, which this sort uses.
    bits = int(second.max(initial=0)).bit_length()
    pairs = np.sort(first << bits | second, kind="stable")
    if len(pairs):
        pairs = pairs[np.concatenate(([True], pairs[1:] != pairs[:-1]))]
    return pairs >> bits, pairs & (1 << bits) - 1
