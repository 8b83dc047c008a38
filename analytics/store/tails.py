"""What is stored and not folded yet, counted once while much of it waits.

A tail is what a site-day has past its watermark. Folding makes it shorter and the folded figures larger, and
their sum stays: so what is remembered of a day is what it has in all, until something more is stored.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import msgspec
import numpy as np

from ..columns import Column
from .bulk import read_numbers
from .connect import Connection, DatabaseError

LARGE = 5_000
"""Hits of a site-day, without those of others, from which on its tail is remembered.

Smaller ones are counted on the event loop, which may not wait.
"""

FEW = 5
"""How many views of a whole day are read in the time that one of a tail takes, which is looked up."""

MOST_PAGES = 10_000
"""Pages of one day that are remembered."""

MOST_DROPPED = 10_000
"""Site-days of which is remembered when they were dropped; one more, and all is forgotten."""

IDS_AT_ONCE = 1_000_000

IS_NEW_TO_PAGE = """NOT EXISTS (
  SELECT 1 FROM page_visitor AS seen WHERE seen.site = hit.site AND seen.day = hit.day
    AND seen.path = hit.path AND seen.visitor = hit.visitor)"""

TAIL_OF_SITE = """
SELECT count(*), count(DISTINCT CASE WHEN NOT EXISTS (
         SELECT 1 FROM visit AS seen WHERE seen.site = hit.site AND seen.day = hit.day
           AND seen.visitor = hit.visitor AND seen.views > 0) THEN visitor END)
FROM hit WHERE site = :site AND day = :day AND id > :after AND kind = 0
"""

TAIL_OF_PAGES = f"""
SELECT path, count(*), count(DISTINCT CASE WHEN {IS_NEW_TO_PAGE} THEN visitor END)
FROM hit WHERE site = :site AND day = :day AND id > :after AND kind = 0
  AND path IN (SELECT value FROM json_each(:paths)) GROUP BY path
"""

# Up to a limit: ids are those of all sites, so the distance between two marks says no more than "at most".
WAITING = "SELECT count(*) FROM (SELECT 1 FROM hit WHERE site = ? AND day = ? AND id > ? LIMIT ?)"

FOLDED_SITE = "SELECT views, visitors FROM site_day WHERE site = ? AND day = ?"

FOLDED_PAGES = """
SELECT path, sum(views), count(*) FROM page_visitor
WHERE site = ? AND day = ? AND path IN (SELECT value FROM json_each(?)) GROUP BY path
"""

FIRST_OF_DAY = "SELECT min(id) FROM hit WHERE site = ? AND day = ?"
VIEWS_OF_DAY = "hit WHERE site = :site AND day = :day AND id BETWEEN :first AND :last AND kind = 0"

Figures = tuple[int, int]
"""Views, and visitors."""

SiteDay = tuple[int, int]
"""A site and a day."""

Marks = tuple[int, int]
"""The watermark of a site-day, and its last stored hit."""

NOTHING: Figures = (0, 0)


@dataclass
class Day:
    """What a site-day has, folded or not, as far as somebody asked."""

    stored: int
    """The last hit that was stored when it was counted."""
    site: Figures | None = None
    pages: dict[int, Figures] = field(default_factory=dict)
    has_all_pages: bool = False


class Tails:
    """The days of the moment that have large tails, shared by the readers of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # A turn is the same one for all who have it or wait for it, and gone after the last of them.
        self._turns: WeakValueDictionary[SiteDay, threading.Lock] = WeakValueDictionary()
        self._days: dict[SiteDay, Day] = {}
        self._dropped: dict[SiteDay, int] = {}
        self._forgotten = 0
        self.age = 0
        """How often something was dropped: what an earlier snapshot counts of that is not remembered."""

    def forget(self) -> None:
        """Hits were taken away or moved, of days that may end with the same one as before."""
        with self._lock:
            self._forget()

    def drop_day(self, place: SiteDay) -> None:
        """Nothing of a site-day waits any more."""
        with self._lock:
            self.age += 1
            self._days.pop(place, None)
            self._dropped[place] = self.age
            if len(self._dropped) > MOST_DROPPED:
                self._forget()

    def _forget(self) -> None:
        self.age += 1
        self._forgotten = self.age
        self._days.clear()
        self._dropped.clear()

    def count(self, connection: Connection, moment: Moment, days: Collection[tuple[SiteDay, Marks]]) -> None:
        """Count those days that are not known, in the snapshot of a moment.

        Those who ask together share the days out: each counts one that nobody counts yet.
        """
        busy = [one for one in days if not self._count_if_free(connection, moment, *one)]
        for place, marks in busy:
            with self._turn(place, moment):
                self._known(connection, moment, place, marks)

    def _count_if_free(self, connection: Connection, moment: Moment, place: SiteDay, marks: Marks) -> bool:
        turn = self._turn_of(place)
        if not turn.acquire(blocking=False):
            return False
        try:
            self._known(connection, moment, place, marks)
        finally:
            turn.release()
        return True

    def of_site(self, connection: Connection, moment: Moment, place: SiteDay, marks: Marks) -> Figures:
        """The tail of a site-day."""
        with self._turn(place, moment):
            day = self._known(connection, moment, place, marks)
            folded = _folded_site(connection, place)
            if day.site is None:
                day.site = _add(count_site(connection, place, marks), folded)
            return _take(day.site, folded)

    def of_pages(
        self, connection: Connection, moment: Moment, place: SiteDay, marks: Marks, paths: Collection[int]
    ) -> Mapping[int, Figures]:
        """The tails of pages (path ids) on a site-day."""
        with self._turn(place, moment):
            day = self._known(connection, moment, place, marks)
            folded = _folded_pages(connection, place, paths) if marks[0] else {}
            if not day.has_all_pages:
                if len(day.pages) + len(paths) > MOST_PAGES:
                    day.pages.clear()
                missing = [path for path in paths if path not in day.pages]
                found = count_pages(connection, place, marks, missing) if missing else {}
                for path in missing:
                    day.pages[path] = _add(found.get(path, NOTHING), folded.get(path, NOTHING))
            return {path: _take(day.pages.get(path, NOTHING), folded.get(path, NOTHING)) for path in paths}

    def _turn_of(self, place: SiteDay) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault(place, threading.Lock())

    @contextlib.contextmanager
    def _turn(self, place: SiteDay, moment: Moment) -> Iterator[None]:
        """Nobody else counts the day; DatabaseError, as of a slow question, when that takes too long."""
        turn = self._turn_of(place)
        if not turn.acquire(timeout=moment.patience()):
            raise DatabaseError("another reader still counts this day")
        try:
            yield
        finally:
            turn.release()

    def _known(self, connection: Connection, moment: Moment, place: SiteDay, marks: Marks) -> Day:
        """What is remembered of a day, which is counted unless most of it is folded. Within its turn."""
        with self._lock:
            day = moment.days.get(place)
            if day is None and moment.age >= self._forgotten:
                day = self._days.get(place)
        if day is None or day.stored != marks[1]:
            day = Day(marks[1])
            if _is_mostly_tail(connection, place, marks):
                day.site, pages = count_day(connection, place, marks[1])
                if len(pages) <= MOST_PAGES:
                    day.pages, day.has_all_pages = pages, True
            with self._lock:
                is_past = moment.age < max(self._forgotten, self._dropped.get(place, 0))
                (moment.days if is_past else self._days)[place] = day
        return day


@dataclass(frozen=True)
class Moment:
    """The tails as a snapshot sees them that was begun in an age."""

    tails: Tails = field(default_factory=Tails)
    age: int = 0
    until: float | None = None
    """The monotonic time at which the snapshot's reader gives up."""
    days: dict[SiteDay, Day] = field(default_factory=dict)
    """Those that only this snapshot still sees so."""

    def patience(self) -> float:
        """Seconds that are left to wait for something; -1 for as long as it takes, as locks have it."""
        return -1 if self.until is None else max(self.until - time.monotonic(), 0)


def tails_of_site(
    connection: Connection, days: Collection[tuple[SiteDay, Marks]], moment: Moment | None = None
) -> Figures:
    """Views and new visitors in the tails of some days of a site; without a moment counted anew."""
    moment = moment or Moment()
    large = {one for one in days if _is_large(connection, *one)}
    moment.tails.count(connection, moment, [one for one in days if one in large])
    found = [
        (moment.tails.of_site(connection, moment, *one) if one in large else count_site(connection, *one))
        for one in days
    ]
    return sum(views for views, _ in found), sum(visitors for _, visitors in found)


def tails_of_pages(
    connection: Connection,
    days: Collection[tuple[SiteDay, Marks]],
    paths: Collection[int],
    moment: Moment | None = None,
) -> Iterator[Mapping[int, Figures]]:
    """The same of pages (path ids), day by day; a page without any may be absent."""
    moment = moment or Moment()
    large = {one for one in days if _is_large(connection, *one)}
    moment.tails.count(connection, moment, [one for one in days if one in large])
    for place, marks in days:
        if (place, marks) in large:
            yield moment.tails.of_pages(connection, moment, place, marks, paths)
        else:
            yield count_pages(connection, place, marks, paths)


def _is_large(connection: Connection, place: SiteDay, marks: Marks) -> bool:
    folded, stored = marks
    return stored - folded > LARGE and _waiting(connection, place, folded, LARGE + 1) > LARGE


def _is_mostly_tail(connection: Connection, place: SiteDay, marks: Marks) -> bool:
    """Whether the views of the whole day are read sooner than those of its tail are looked up."""
    enough = -(-_folded_site(connection, place)[0] // FEW)
    return _waiting(connection, place, marks[0], enough) == enough


def _waiting(connection: Connection, place: SiteDay, after: int, most: int) -> int:
    """Hits in the tail of a site-day, counted up to so many."""
    (found,) = connection.execute(WAITING, (*place, after, most)).fetchone()
    return int(found)


def count_site(connection: Connection, place: SiteDay, marks: Marks) -> Figures:
    """Views and new visitors in the tail of a site-day, looked up one by one."""
    where = {"site": place[0], "day": place[1], "after": marks[0]}
    views, new = connection.execute(TAIL_OF_SITE, where).fetchone()
    return views, new


def count_pages(
    connection: Connection, place: SiteDay, marks: Marks, paths: Collection[int]
) -> dict[int, Figures]:
    """The same of pages (path ids)."""
    where: dict[str, int | str] = {"site": place[0], "day": place[1], "after": marks[0]}
    where["paths"] = msgspec.json.encode(list(paths)).decode()
    return {path: (views, new) for path, views, new in connection.execute(TAIL_OF_PAGES, where)}


def count_day(connection: Connection, place: SiteDay, upto: int) -> tuple[Figures, dict[int, Figures]]:
    """Views and visitors of a whole site-day, and of each of its pages, folded or not."""
    path, visitor = _read_views(connection, place, upto)
    if not len(path):
        return NOTHING, {}
    known, who = np.unique(visitor, return_inverse=True)
    pair = np.sort(path * len(known) + who)
    is_new = np.concatenate(([True], pair[1:] != pair[:-1]))
    of_pair = pair // len(known)
    first = np.flatnonzero(np.concatenate(([True], of_pair[1:] != of_pair[:-1])))
    views = np.diff(first, append=len(pair))
    visitors = np.add.reduceat(is_new, first, dtype=np.int64)
    figures = zip(views.tolist(), visitors.tolist(), strict=True)
    return (len(pair), len(known)), dict(zip(of_pair[first].tolist(), figures, strict=True))


def _read_views(connection: Connection, place: SiteDay, upto: int) -> tuple[Column, Column]:
    """Path and visitor of each view of a site-day."""
    where = {"site": place[0], "day": place[1]}
    (first,) = connection.execute(FIRST_OF_DAY, place).fetchone()
    parts = [
        read_numbers(
            connection,
            VIEWS_OF_DAY,
            ("path", "visitor"),
            where | {"first": at, "last": min(at + IDS_AT_ONCE - 1, upto)},
        )
        for at in range(upto if first is None else first, upto + 1, IDS_AT_ONCE)
    ]
    paths, visitors = (np.concatenate([part[n] for part in parts]) for n in (0, 1))
    return paths, visitors


def _folded_site(connection: Connection, place: SiteDay) -> Figures:
    found: Figures = connection.execute(FOLDED_SITE, place).fetchone()
    return found


def _folded_pages(connection: Connection, place: SiteDay, paths: Collection[int]) -> dict[int, Figures]:
    named = msgspec.json.encode(list(paths)).decode()
    rows = connection.execute(FOLDED_PAGES, (*place, named))
    return {path: (views, visitors) for path, views, visitors in rows}


def _add(one: Figures, other: Figures) -> Figures:
    return one[0] + other[0], one[1] + other[1]


def _take(whole: Figures, part: Figures) -> Figures:
    return whole[0] - part[0], whole[1] - part[1]
