"""Figures of visits by any dimensions, of those that a filter names: one pass for many groupings."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from msgspec import Struct

from .columns import (
    OF_STAYS,
    SECONDS,
    Choice,
    Chosen,
    Column,
    Columns,
    Figures,
    Mask,
    count_inside,
    count_visits,
)
from .days import find_zone, month_start, to_date
from .dimensions import NO_PROPERTY, SUMMED, Dimension, Level, find_dimension, write_property
from .errors import InputError
from .filters import (
    NO_FILTER,
    Condition,
    Done,
    Every,
    Filter,
    Some,
    Stayed,
    Unless,
    conditions,
    levels,
    tester,
)
from .goals import Kept, names_kept, resolve
from .model import Moments, Range, Site
from .payload import PAGEVIEW

LARGE = 1 << 20
"""Groups from which on only those that are there get a place in memory."""
MOST = 1 << 62
"""Groups of which each has its own number, with 64 bits."""

FIGURES = ("visitors", "visits", "views", "bounces", "duration", "events")

ALWAYS = ("views", "event_visit")
"""Columns of which every count is made."""
OF_WHOLE_VISITS = ("events", "length")
"""Those of which bounces and durations are made, besides."""


class Lookup(NamedTuple):
    """From a table's ids to words: the code of each id, and the word of each code."""

    codes: Column
    words: Sequence[str]


class ColumnReader(Protocol):
    """What is asked of a store."""

    def columns(self, site: int, span: Range, names: Iterable[str]) -> Iterator[Columns]: ...

    def lookup(self, site: int, dimension: Dimension) -> Lookup: ...

    def properties(self, site: int, day: int, hits: Sequence[int]) -> tuple[Sequence[int], Sequence[str]]:
        """Of a day's events (ids of hits) those that have properties: their ids, and those as JSON."""
        ...

    def kept(self, site: int) -> Kept:
        """The goals and segments of a site."""
        ...

    def rolled_months(self, site: int, span: Range) -> Sequence[int]:
        """Months that lie wholly in a range of days and are summed up."""
        ...

    def month_rows(
        self, site: int, dimension: str, months: Sequence[int]
    ) -> Iterable[tuple[str, Sequence[int]]]:
        """Word and figures of each group of whole months; a word may come twice."""
        ...


@dataclass(frozen=True)
class Grouping:
    """By which dimensions to group; none: one group of everything."""

    dimensions: tuple[str, ...] = ()
    is_quick: bool = False
    """Whether of each group only its visits are counted, or its views and events: half the time."""

    @property
    def level(self) -> Level:
        """Whether visits are grouped, or what happened inside them."""
        levels = {find_dimension(name).level for name in self.dimensions}
        if Level.EVENT in levels:
            return Level.EVENT
        return Level.VIEW if levels & {Level.VIEW, Level.TIME} else Level.VISIT

    @property
    def is_summed(self) -> bool:
        """Whether the groups of whole months are kept."""
        return len(self.dimensions) == 1 and find_dimension(self.dimensions[0]) in SUMMED


class Row(Struct, frozen=True, gc=False):
    """One group: its labels, in the order of the dimensions, and its figures.

    `events` are custom events. Of groups inside visits (pages, hours, events) `bounces` and `duration`
    are 0 and mean nothing.
    """

    labels: tuple[str, ...]
    visitors: int = 0
    visits: int = 0
    views: int = 0
    bounces: int = 0
    duration: int = 0
    events: int = 0


def figures_of(row: Row) -> tuple[int, ...]:
    """The figures of a row, in the order of FIGURES."""
    return tuple(getattr(row, name) for name in FIGURES)


class Rows(Collection[Row]):
    """Groups in no order, which become rows where somebody looks at them: of a million mostly at ten."""

    def __init__(self, words: Sequence[Sequence[str]], codes: Sequence[Column], figures: Column) -> None:
        """Of each dimension its words, and the place among them of each group's; `figures` has a row for
        each of FIGURES."""
        self._words, self._codes, self._figures = words, codes, figures

    @classmethod
    def of(cls, found: Mapping[tuple[str, ...], Sequence[int]]) -> Rows:
        """Groups of which labels and figures are known."""
        words = [*zip(*found, strict=True)]
        places = np.arange(len(found))
        figures = np.array([*found.values()], np.int64).reshape(-1, len(FIGURES)).T
        return cls(words, [places] * len(words), figures)

    def __len__(self) -> int:
        return int(self._figures.shape[1])

    def __iter__(self) -> Iterator[Row]:
        return self._rows(slice(None))

    def __contains__(self, row: object) -> bool:
        return row in [*self]

    def column(self, figure: str) -> Column:
        """A figure of all groups."""
        found: Column = self._figures[FIGURES.index(figure)]
        return found

    def largest(self, figure: str, limit: int) -> list[Row]:
        """The groups that have any of a figure, those with the most first; then by views and by name."""
        amount, views = self.column(figure), self.column("views")
        place = np.flatnonzero(amount)
        place = place[np.lexsort((-views[place], -amount[place]))]
        if 0 < limit < len(place):
            last = place[limit - 1]
            equal = np.flatnonzero((amount[place] == amount[last]) & (views[place] == views[last]))
            first, tied = int(equal[0]), place[equal]
            chosen = heapq.nsmallest(limit - first, zip(self._labels(tied), tied.tolist(), strict=False))
            place = np.concatenate((place[:first], np.array([one for _, one in chosen], np.int64)))
        rows = self._rows(place[:limit])
        return sorted(rows, key=lambda row: (-getattr(row, figure), -row.views, row.labels))

    def named(self, labels: Iterable[str]) -> dict[str, Row]:
        """The groups of one dimension that have some labels."""
        if not len(self):
            return {}
        wanted = {*labels}
        codes = [code for code, word in enumerate(self._words[0]) if word in wanted]
        return {row.labels[0]: row for row in self._rows(np.flatnonzero(np.isin(self._codes[0], codes)))}

    def _rows(self, place: Column | slice) -> Iterator[Row]:
        return map(Row, self._labels(place), *self._figures[:, place].tolist())

    def _labels(self, place: Column | slice) -> Iterator[tuple[str, ...]]:
        if not self._codes:
            return repeat(())
        columns = zip(self._words, self._codes, strict=True)
        return zip(*(map(words.__getitem__, codes[place].tolist()) for words, codes in columns), strict=True)


def _join(parts: Sequence[Rows]) -> Rows:
    """The groups of several passes, whose codes stand for different words."""
    if len(parts) == 1:
        return parts[0]
    return _merge((row.labels, figures_of(row)) for part in parts for row in part)


def _merge(groups: Iterable[tuple[tuple[str, ...], Sequence[int]]]) -> Rows:
    """Groups of labels and figures, of which some may be the same."""
    found: dict[tuple[str, ...], list[int]] = {}
    for labels, figures in groups:
        known = found.get(labels)
        if known is None:
            found[labels] = [*figures]
        else:
            for place, figure in enumerate(figures):
                known[place] += figure
    return Rows.of(found)


def tabulate(
    reader: ColumnReader,
    site: Site,
    span: Range,
    groupings: Sequence[Grouping],
    tree: Filter = NO_FILTER,
    *,
    within: Moments | None = None,
    anew: bool = False,
) -> dict[Grouping, Rows]:
    """The groups of each grouping that have anything, in no order, of a range of days.

    `within`: only what happened between two times, of the first and the last of the days; visits are
    those with a view then. `anew`: without the sums that are kept of whole months.
    """
    if names_kept(tree):
        tree = resolve(tree, reader.kept(site.id))
    span, ends = _cut(span, within)
    months = reader.rolled_months(site.id, span) if tree == NO_FILTER and not anew else ()
    summed = [one for one in groupings if months and one.is_summed]
    others = [one for one in groupings if one not in summed]
    found: dict[Grouping, list[Rows]] = {one: [] for one in groupings}
    for part, is_rolled in _parts(span, months):
        wanted = others if is_rolled else list(groupings)
        if wanted:
            _run_pass(reader, site, part, {one: found[one] for one in wanted}, tree)
    for day in ends:
        _run_pass(reader, site, day, found, tree, within)
    for one in summed:
        rows = reader.month_rows(site.id, one.dimensions[0], months)
        found[one].append(_merge([((word,), figures) for word, figures in rows]))
    return {one: _join(parts) for one, parts in found.items()}


def count_each(
    reader: ColumnReader,
    site: Site,
    span: Range,
    trees: Sequence[Filter],
    *,
    within: Moments | None = None,
) -> list[Row]:
    """The figures of all that each of several filters means, by one pass through the days.

    `within`: only what happened between two times, as in `tabulate`.
    """
    kept = reader.kept(site.id) if any(map(names_kept, trees)) else Kept()
    trees = [resolve(tree, kept) for tree in trees]
    lookups, everything = _Lookups(reader, site), Grouping()
    names = set[str]().union(*(_names_of(tree, [everything]) for tree in trees))
    sums = [_Matrix() for _ in trees]
    whole, ends = _cut(span, within)
    for part, moments in ((whole, None), *((day, within) for day in ends)):
        more = {*SECONDS} if moments else set()
        for columns in reader.columns(site.id, part, (names | more) - {"day"}):
            scene = _Scene(columns, lookups, moments)
            for tree, matrix in zip(trees, sums, strict=True):
                scene.count(everything, scene.choose(tree), matrix)
    return [next(iter(matrix.total([])), Row(())) for matrix in sums]


def _cut(span: Range, within: Moments | None) -> tuple[Range, Sequence[Range]]:
    """The days that are meant as a whole, and each of those of which a part is: nothing is of two days."""
    if within is None:
        return span, ()
    ends = [Range(day, day) for day in dict.fromkeys((span.first, span.last))]
    return Range(span.first + 1, span.last - 1), ends


def _parts(span: Range, months: Sequence[int]) -> Iterator[tuple[Range, bool]]:
    """A range cut at the whole months that are summed up: (days, are they of such a month)."""
    at = span.first
    for month in sorted(months):
        first, last = month_start(month), month_start(month + 1) - 1
        if at < first:
            yield Range(at, first - 1), False
        yield Range(first, last), True
        at = last + 1
    if at <= span.last:
        yield Range(at, span.last), False


def _run_pass(
    reader: ColumnReader,
    site: Site,
    span: Range,
    found: Mapping[Grouping, list[Rows]],
    tree: Filter,
    within: Moments | None = None,
) -> None:
    chosen = _Lookups(reader, site)
    names = _names_of(tree, found)
    if within is not None:
        names |= {*SECONDS}
    sums = {grouping: _Matrix() for grouping in found}
    for columns in reader.columns(site.id, span, names - {"day"}):
        scene = _Scene(columns, chosen, within)
        choice = scene.choose(tree)
        for grouping in found:
            scene.count(grouping, choice, sums[grouping])
    for grouping, matrix in sums.items():
        words = [chosen.words(find_dimension(name)) for name in grouping.dimensions]
        found[grouping].append(matrix.total(words))


def _names_of(tree: Filter, groupings: Collection[Grouping]) -> set[str]:
    """The columns that a filter and some groupings need."""
    names = {*ALWAYS, *(find_dimension(one.dimension).column for one in conditions(tree))}
    for grouping in groupings:
        names |= {find_dimension(name).column for name in grouping.dimensions}
        if grouping.level is Level.VISIT and not grouping.is_quick:
            names |= {*OF_WHOLE_VISITS}
    names |= _needed_inside(names, tree, groupings)
    return names | {*OF_STAYS} if _has_stays(tree) else names


def _needed_inside(names: set[str], tree: Filter, groupings: Iterable[Grouping]) -> set[str]:
    """Columns of events that stand for those of views, where what happened inside of visits is meant."""
    is_inside = any(find_dimension(one.dimension).level is not Level.VISIT for one in conditions(tree))
    if not is_inside and all(one.level is Level.VISIT for one in groupings):
        return set()
    more = {EVENT_COLUMN[name] for name in names if name in EVENT_COLUMN}
    return more | ({"view_path"} if is_inside and not names & {"view_path", "view_at"} else set())


def _has_stays(tree: Filter) -> bool:
    """Whether a filter asks how long or how far pages were looked at."""
    if isinstance(tree, Every | Some):
        return any(_has_stays(part) for part in tree.parts)
    return isinstance(tree, Stayed) or (isinstance(tree, Unless | Done) and _has_stays(tree.part))


EVENT_COLUMN = {"view_path": "event_path", "view_at": "event_at"}
STAY_COLUMN = {"view_path": "stay_path"}


class Stay(Struct, gc=False):
    """How the pages of a group were looked at, as far as browsers told of it."""

    visits: int = 0
    """In which a browser told of it."""
    seconds: int = 0
    """Engaged, in all of them."""
    depths: int = 0
    """Visits of which a depth of scrolling is known."""
    depth: int = 0
    """The sum of the greatest depth of each of those, in per cent."""

    @property
    def time_on_page(self) -> float | None:
        """Seconds engaged in a visit, on average; None where no browser told of it."""
        return self.seconds / self.visits if self.visits else None

    @property
    def scroll_depth(self) -> float | None:
        """Per cent of a page that a visit saw, on average; None where no browser told of it."""
        return self.depth / self.depths if self.depths else None


def measure_stays(
    reader: ColumnReader,
    site: Site,
    span: Range,
    grouping: Grouping,
    tree: Filter = NO_FILTER,
    *,
    within: Moments | None = None,
) -> dict[tuple[str, ...], Stay]:
    """How pages were looked at, by the labels of a grouping by visits, days and pages.

    `within`: as the reports between two times say. A filter means what it means for views of the same
    pages. InputError where it, or the grouping, asks for an hour: of reports only the day is kept.
    """
    if names_kept(tree):
        tree = resolve(tree, reader.kept(site.id))
    dimensions = [find_dimension(name) for name in grouping.dimensions]
    asked = [*dimensions, *(find_dimension(one.dimension) for one in conditions(tree))]
    if any(one.level is Level.TIME for one in asked):
        raise InputError("metrics", "of engagement cannot be told by the hour", hint="Ask by the day.")
    names = {*ALWAYS, *OF_STAYS, *(one.column for one in asked)}
    names |= _needed_inside(names, tree, [grouping])
    lookups = _Lookups(reader, site)
    found: dict[tuple[str, ...], Stay] = {}
    span, ends = _cut(span, within)
    for columns in reader.columns(site.id, span, names - {"day"}):
        _add_stays(_Scene(columns, lookups), dimensions, tree, found)
    for day in ends:
        for columns in reader.columns(site.id, day, (names | {*SECONDS}) - {"day"}):
            _add_stays(_Scene(columns, lookups, within), dimensions, tree, found)
    return found


def _add_stays(
    scene: _Scene, dimensions: Sequence[Dimension], tree: Filter, found: dict[tuple[str, ...], Stay]
) -> None:
    """Add what some days' reports say to the groups. A visit counts once in each of them."""
    columns = scene.columns
    place = np.flatnonzero(scene.choose_stays(tree))
    codes = [scene.lookups.codes(one, scene.ids(one, Level.STAY)[place]) for one in dimensions]
    # A row of zeros, so that without dimensions there is one group.
    groups, group = np.unique(np.stack([np.zeros_like(place), *codes]), axis=1, return_inverse=True)
    group, size = group.reshape(-1), groups.shape[1]
    pair = columns["stay_visit"][place] * max(size, 1) + group
    visits = np.unique(pair) % max(size, 1)
    depth = columns["stay_scroll"][place]
    is_known = depth <= 100
    pairs, of_pair = np.unique(pair[is_known], return_inverse=True)
    deepest = np.zeros(len(pairs), np.int64)
    np.maximum.at(deepest, of_pair, depth[is_known])
    sums = (
        np.bincount(visits, minlength=size),
        np.bincount(group, weights=columns["stay_time"][place], minlength=size),
        np.bincount(pairs % max(size, 1), minlength=size),
        np.bincount(pairs % max(size, 1), weights=deepest, minlength=size),
    )
    words = [scene.lookups.words(one) for one in dimensions]
    for number, (_, *row) in enumerate(groups.T.tolist()):
        stay = found.setdefault(tuple(part[code] for part, code in zip(words, row, strict=True)), Stay())
        stay.visits += int(sums[0][number])
        stay.seconds += int(sums[1][number])
        stay.depths += int(sums[2][number])
        stay.depth += int(sums[3][number])


class _Growing:
    """Words that get a code when they first come, and the codes of ids that were seen."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.code_of_id: dict[int, int] = {}
        self._code_of_word: dict[str, int] = {}

    def code(self, word: str) -> int:
        """The code of a word."""
        code = self._code_of_word.setdefault(word, len(self.words))
        if code == len(self.words):
            self.words.append(word)
        return code


SPARSE = 8
"""Up to so many ids for each event a table of all ids is made: to look there is quicker than to search."""


class _Details:
    """The properties of events: what some days' events have, by the number of each different set of them."""

    def __init__(self) -> None:
        self.known: list[Mapping[str, str]] = [{}]
        """Each different set of properties; first that of events without any."""
        self._number_of = _Numbers(self.known)
        self._hits = self._codes = np.zeros(0, np.int64)
        self._table: Column | None = None
        """The codes of all ids from the first of those hits to the last, where that is not many more."""

    def read(self, days: Iterable[tuple[Sequence[int], Sequence[str]]]) -> None:
        """Take the events of some days, by their hits' ids, in place of those before."""
        hits, codes = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for ids, texts in days:
            hits.append(np.array(ids, np.int64))
            # One look at each of what may be a million texts, without a line of Python for it.
            codes.append(np.fromiter(map(self._number_of.__getitem__, texts), np.int64, len(texts)))
        self._hits, self._codes = np.concatenate(hits), np.concatenate(codes)
        if np.any(np.diff(self._hits) < 0):
            order = np.argsort(self._hits, kind="stable")
            self._hits, self._codes = self._hits[order], self._codes[order]
        self._table = None
        if len(self._hits) and self._hits[-1] - self._hits[0] < SPARSE * len(self._hits):
            self._table = np.zeros(self._hits[-1] - self._hits[0] + 1, np.int64)
            self._table[self._hits - self._hits[0]] = self._codes

    def codes(self, hits: Column) -> Column:
        """The number of the set of properties that each event has."""
        if not len(self._hits):
            return np.zeros(len(hits), np.int64)
        if self._table is not None:
            place = hits - self._hits[0]
            is_there = (place >= 0) & (place < len(self._table))
            return np.where(is_there, self._table[np.where(is_there, place, 0)], 0)
        place = np.minimum(np.searchsorted(self._hits, hits), len(self._hits) - 1)
        return np.where(self._hits[place] == hits, self._codes[place], 0)


class _Numbers(dict[str, int]):
    """The number of each different text of properties; a new one is read, and gets the next."""

    def __init__(self, known: list[Mapping[str, str]]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self._known)
        self._known.append(read_properties(text))
        return number


def read_properties(text: str) -> dict[str, str]:
    """The properties of an event as it keeps them, each value as text: true, 12, 0.5."""
    return {
        key: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for key, value in msgspec.json.decode(text).items()
    }


class _Lookups:
    """The words of dimensions, each read once; times and properties get theirs as they come."""

    def __init__(self, reader: ColumnReader, site: Site) -> None:
        self._reader, self._site = reader, site
        self._known: dict[str, Lookup] = {}
        self._growing: dict[str, _Growing] = {}
        self._details = _Details()
        self._codes_of_details: dict[str, list[int]] = {}
        self._pairs: list[list[int]] = []
        """Of each set of properties the codes of all of them."""
        self._tests: dict[Condition, tuple[Callable[[str], bool], list[bool]]] = {}

    def words(self, dimension: Dimension) -> Sequence[str]:
        """The words of a dimension's codes, so far."""
        return self._lookup(dimension).words if dimension.table else self._grown(dimension).words

    def _grown(self, dimension: Dimension) -> _Growing:
        return self._growing.setdefault(dimension.name, _Growing())

    def _lookup(self, dimension: Dimension) -> Lookup:
        known = self._known.get(dimension.name)
        if known is None:
            known = self._reader.lookup(self._site.id, dimension)
            if dimension.call is not None:
                known = _rename(known, dimension.call)
            self._known[dimension.name] = known
        return known

    def codes(self, dimension: Dimension, ids: Column) -> Column:
        """The codes of ids, of days or of minutes."""
        if dimension.table:
            return self._lookup(dimension).codes[ids]
        if dimension.is_property:
            return self._codes_of_property(dimension, ids)
        unit = 1 if dimension.level is Level.VISIT or dimension.name == "minute" else MINUTES
        grown = self._grown(dimension)
        times, places = np.unique(ids // unit, return_inverse=True)
        for time in times.tolist():
            if time not in grown.code_of_id:
                word = time_word(dimension.name, time * unit, self._site.timezone)
                grown.code_of_id[time] = grown.code(word)
        return _pick(grown.code_of_id, times)[places]

    def _codes_of_property(self, dimension: Dimension, ids: Column) -> Column:
        grown, known = self._grown(dimension), self._codes_of_details.setdefault(dimension.name, [])
        for one in self._details.known[len(known) :]:
            known.append(grown.code(one.get(dimension.key, NO_PROPERTY)))
        return np.array(known, np.int64)[self._details.codes(ids)]

    def each_property(self, dimension: Dimension, ids: Column) -> tuple[Column, Column]:
        """How many properties each of some events has, and the codes of all of them, in that order."""
        grown, pairs = self._grown(dimension), self._pairs
        for one in self._details.known[len(pairs) :]:
            pairs.append([grown.code(write_property(*pair)) for pair in one.items()])
        sizes = np.array([len(one) for one in pairs], np.int64)
        starts = np.cumsum(sizes) - sizes
        detail = self._details.codes(ids)
        many = sizes[detail]
        # The place of each property among those of its event.
        place = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        codes = np.array([code for one in pairs for code in one], np.int64)
        return many, codes[np.repeat(starts[detail], many) + place]

    def read_properties(self, days: Column, hits: Column) -> None:
        """Read the properties of events, of which the days are given: before codes are made of them."""
        each = np.unique(days).tolist()
        read = self._reader.properties
        self._details.read([read(self._site.id, day, hits[days == day].tolist()) for day in each])

    def chosen(self, one: Condition, ids: Column) -> Mask:
        """Which ids have a word that a condition is about."""
        dimension = find_dimension(one.dimension)
        codes = self.codes(dimension, ids)
        # Each word is asked about once, however many days there are.
        if one not in self._tests:
            self._tests[one] = tester(one), []
        test, known = self._tests[one]
        known += [test(word) for word in self.words(dimension)[len(known) :]]
        table = np.array(known, np.bool_)
        mask = table[codes] if len(table) else np.zeros(len(ids), np.bool_)
        return ~mask if one.is_negative else mask


def _rename(lookup: Lookup, call: Callable[[str], str]) -> Lookup:
    """The same with other words, of which several may become one."""
    words: dict[str, int] = {}
    codes = [words.setdefault(call(word), len(words)) for word in lookup.words]
    return Lookup(np.array(codes, np.int64)[lookup.codes], list(words))


def _pick(codes: Mapping[int, int], ids: Column) -> Column:
    return np.fromiter((codes[id] for id in ids.tolist()), np.int64, len(ids))


MINUTES = 15
"""Midnights and changes of offset fall on quarters of an hour (of UTC)."""


def time_word(name: str, value: int, zone: str) -> str:
    """A day, or a minute since 1970, as people write the time it belongs to.

    Hours are those of the wall clock: one that is lived twice is one.
    """
    if name in ("hour", "minute"):
        # A day has 1,440 minutes: a third of the time of a format with %.
        told = datetime.fromtimestamp(value * 60, find_zone(zone)).isoformat(" ", "minutes")
        return f"{told[:13]}:00" if name == "hour" else told[:16]
    date = to_date(value)
    if name == "week":
        date -= timedelta(days=date.weekday())
    return f"{date:%Y-%m-01}" if name == "month" else date.isoformat()


class _Scene:
    """Some days' columns, and the words of their ids."""

    def __init__(self, columns: Columns, lookups: _Lookups, within: Moments | None = None) -> None:
        self.columns, self.lookups, self._within = columns, lookups, within
        self._visit_of_view: Column | None = None
        self._has_properties = False
        self._chosen: Chosen | None = None

    def visits_of(self, level: Level) -> Column:
        """The place of the visit of each view, of each event, or of each report of engagement."""
        if level in (Level.EVENT, Level.STAY):
            return self.columns["event_visit" if level is Level.EVENT else "stay_visit"]
        if self._visit_of_view is None:
            self._visit_of_view = self.columns.visit_of_view
        return self._visit_of_view

    def ids(self, dimension: Dimension, level: Level) -> Column:
        """The ids of a dimension for visits, views or events."""
        if dimension.is_property and not self._has_properties:
            self._has_properties = True
            events = self.visits_of(Level.EVENT)
            self.lookups.read_properties(self.columns.days[events], self.columns["event_hit"])
        if dimension.level is Level.VISIT:
            ids = self.columns.days if dimension.column == "day" else self.columns[dimension.column]
            return ids if level is Level.VISIT else ids[self.visits_of(level)]
        column_of = {Level.EVENT: EVENT_COLUMN, Level.STAY: STAY_COLUMN}.get(level, {})
        return self.columns[column_of.get(dimension.column, dimension.column)]

    def choose(self, tree: Filter) -> Choice:
        """Which visits, views and events a filter means."""
        if self._within is None and not _looks_inside(tree):
            return Choice(self._mask(tree, Level.VISIT))
        views, events = self._choose_inside(tree, Level.VIEW), self._choose_inside(tree, Level.EVENT)
        by_events = Level.EVENT in levels(tree)
        return Choice(self._visits_with(views, events if by_events else None), views, events, by_events)

    def choose_stays(self, tree: Filter) -> Mask:
        """Which reports of engagement a filter means: those of pages whose views it would mean."""
        return self._choose_inside(tree, Level.STAY)

    def _choose_inside(self, tree: Filter, level: Level) -> Mask:
        """Which views, events or reports a filter means, of those that are in time."""
        mask = self._mask(tree, level)
        return mask if self._within is None else mask & self._in_time(level)

    def _in_time(self, level: Level) -> Mask:
        assert self._within is not None
        second = self.columns[f"{level.value}_second"]
        in_time: Mask = (self._within.first <= second) & (second <= self._within.last)
        return in_time

    def _visits_with(self, views: Mask, events: Mask | None) -> Mask:
        found = np.zeros(len(self.columns), np.bool_)
        found[self.visits_of(Level.VIEW)[views]] = True
        if events is not None:
            found[self.visits_of(Level.EVENT)[events]] = True
        return found

    def _mask(self, tree: Filter, level: Level) -> Mask:
        if isinstance(tree, Condition):
            return self._meets(tree, level)
        if isinstance(tree, Unless):
            return ~self._mask(tree.part, level)
        if isinstance(tree, Stayed):
            mask = self._stayed(tree)
            return mask if level is Level.VISIT else mask[self.visits_of(level)]
        if isinstance(tree, Done) and not _looks_inside(tree.part):
            # What a visit is like needs nothing to happen in it.
            return self._mask(tree.part, level)
        if isinstance(tree, Done):
            mask = self.choose(tree.part).visits
            return mask if level is Level.VISIT else mask[self.visits_of(level)]
        size = len(self.columns) if level is Level.VISIT else len(self.visits_of(level))
        mask = np.full(size, isinstance(tree, Every))
        for part in tree.parts:
            other = self._mask(part, level)
            mask = mask & other if isinstance(tree, Every) else mask | other
        return mask

    def _stayed(self, tree: Stayed) -> Mask:
        """The visits in which a page was looked at for long enough, or far enough."""
        columns = self.columns
        mask = columns["stay_time"] >= tree.seconds
        if tree.scroll:
            mask &= (columns["stay_scroll"] >= tree.scroll) & (columns["stay_scroll"] <= 100)
        if self._within is not None:
            mask &= self._in_time(Level.STAY)
        if tree.page is not None:
            mask &= self.lookups.chosen(tree.page, columns["stay_path"])
        found = np.zeros(len(columns), np.bool_)
        found[columns["stay_visit"][mask]] = True
        return found

    def _meets(self, one: Condition, level: Level) -> Mask:
        dimension = find_dimension(one.dimension)
        if dimension.level is Level.EVENT and level in (Level.VIEW, Level.STAY):
            word = NO_PROPERTY if dimension.is_property else PAGEVIEW
            is_meant = tester(one)(word) != one.is_negative
            return np.full(len(self.visits_of(level)), is_meant)
        return self.lookups.chosen(one, self.ids(dimension, level))

    def count(self, grouping: Grouping, choice: Choice, sums: _Matrix) -> None:
        """Add these days' figures of a grouping."""
        dimensions = [find_dimension(name) for name in grouping.dimensions]
        if grouping.level is not Level.VISIT:
            self._count_inside(grouping, dimensions, choice, sums)
            return
        codes = [self.lookups.codes(one, self.ids(one, Level.VISIT)) for one in dimensions]
        key, groups, kept, sizes = self._key(dimensions, codes, len(self.columns))
        if self._chosen is None or self._chosen.choice is not choice:
            self._chosen = Chosen(self.columns, choice)
        sums.add(count_visits(self._chosen, key, groups, is_quick=grouping.is_quick), kept, sizes)

    def _count_inside(
        self, grouping: Grouping, dimensions: Sequence[Dimension], choice: Choice, sums: _Matrix
    ) -> None:
        """Add the figures of views and events; of a grouping that only events have, of those."""
        is_of_events = grouping.level is Level.EVENT
        views = np.zeros(0, np.int64) if is_of_events else self._inside(Level.VIEW, choice)
        events = self._inside(Level.EVENT, choice)
        each: Column | None = None
        if any(one.name == "property" for one in dimensions):
            ids = self.ids(find_dimension("property"), Level.EVENT)
            many, each = self.lookups.each_property(find_dimension("property"), ids[events])
            events = np.repeat(events, many)
        codes = [
            each if one.name == "property" and each is not None else self._codes_inside(one, views, events)
            for one in dimensions
        ]
        visit = self.visits_of(Level.EVENT)[events]
        if len(views):
            visit = np.concatenate((self.visits_of(Level.VIEW)[views], visit))
        key, groups, kept, sizes = self._key(dimensions, codes, len(visit))
        by_events = is_of_events or choice.by_events
        figures = count_inside(
            self.columns, visit, key, groups, len(views), by_events=by_events, is_quick=grouping.is_quick
        )
        sums.add(figures, kept, sizes)

    def _codes_inside(self, dimension: Dimension, views: Column, events: Column) -> Column:
        """The codes of some views, followed by those of some events."""
        ids = self.ids(dimension, Level.EVENT)[events]
        if len(views):
            ids = np.concatenate((self.ids(dimension, Level.VIEW)[views], ids))
        return self.lookups.codes(dimension, ids)

    def _key(
        self, dimensions: Sequence[Dimension], codes: Sequence[Column], rows: int
    ) -> tuple[Column, int, list[Column] | None, list[int]]:
        """What `_combine` makes of the codes, and how many words each dimension has by now."""
        sizes = [len(self.lookups.words(one)) for one in dimensions]
        return *_combine(codes, sizes, rows), sizes

    def _inside(self, level: Level, choice: Choice) -> Column:
        """The places of the chosen views or events."""
        mask = choice.events if level is Level.EVENT else choice.views
        return np.flatnonzero(choice.visits[self.visits_of(level)] if mask is None else mask)


def _looks_inside(tree: Filter) -> bool:
    """Whether a filter speaks of single views or events, not only of whole visits."""
    return bool(levels(tree) - {Level.VISIT})


def _combine(
    codes: Sequence[Column], sizes: Sequence[int], rows: int
) -> tuple[Column, int, list[Column] | None]:
    """One number for each row from its codes; how many there may be; the codes of each, where it does not
    stand for them itself."""
    key, groups = _number(codes, sizes, rows)
    if groups <= LARGE:
        return key, max(groups, 1), None
    kept, places = np.unique(key, return_inverse=True)
    # A row of each group, whichever: to be told the first takes a slower sort.
    row = np.empty(len(kept), np.int64)
    row[places] = np.arange(rows)
    return places, len(kept), [code[row] for code in codes]


def _number(codes: Sequence[Column], sizes: Sequence[int], rows: int) -> tuple[Column, int]:
    """One number for each row, the same for the same codes alone, and below which all of them are."""
    key = np.zeros(rows, np.int64)
    groups = 1
    for code, size in zip(codes, sizes, strict=True):
        if groups * size > MOST:
            # Of what might be, only what is there: no more than there are rows.
            found, key = np.unique(key, return_inverse=True)
            groups = len(found)
        key = key * size + code
        groups *= size
    return key, groups


class _Matrix:
    """Figures of groups from several chunks of days."""

    def __init__(self) -> None:
        self._parts: list[tuple[list[Column], Column]] = []

    def add(self, figures: Figures, kept: Sequence[Column] | None, sizes: Sequence[int]) -> None:
        """Add what `_combine` numbered: `kept` are the codes of each group, else its number says them."""
        table = np.stack([getattr(figures, name) for name in FIGURES])
        present = np.flatnonzero(table.any(axis=0))
        if kept is not None:
            self._parts.append(([code[present] for code in kept], table[:, present]))
            return
        key, codes = present, []
        for size in reversed(sizes):
            codes.append(key % max(size, 1))
            key = key // max(size, 1)
        self._parts.append((codes[::-1], table[:, present]))

    def total(self, words: Sequence[Sequence[str]]) -> Rows:
        """The figures of each group. `words`: those that each dimension has by now."""
        if not self._parts:
            return Rows(words, [np.zeros(0, np.int64)] * len(words), np.zeros((len(FIGURES), 0), np.int64))
        if len(self._parts) == 1:
            return Rows(words, *self._parts[0])
        table = np.concatenate([part for _, part in self._parts], axis=1)
        codes = [np.concatenate([codes[place] for codes, _ in self._parts]) for place in range(len(words))]
        key, _ = _number(codes, [len(part) for part in words], table.shape[1])
        _, first, places = np.unique(key, return_index=True, return_inverse=True)
        sums = np.zeros((len(FIGURES), len(first)), np.int64)
        for place in range(len(FIGURES)):
            np.add.at(sums[place], places, table[place])
        return Rows(words, [code[first] for code in codes], sums)
