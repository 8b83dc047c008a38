"""What is stored and not folded yet, counted once while much of it waits.

A tail is what a site-day has past its watermark. Of a large backlog only one tail changes at a time, the
one being folded, so that the others need not be looked at for each question.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from .connect import Connection

LARGE = 5_000
"""Hits from which on a tail is remembered. Smaller ones are counted on the event loop, which may not wait."""

MOST_PAGES = 10_000
"""Pages of one tail that are remembered."""

IS_NEW_TO_PAGE = """NOT EXISTS (
  SELECT 1 FROM page_visitor AS seen WHERE seen.site = hit.site AND seen.day = hit.day
    AND seen.path = hit.path AND seen.visitor = hit.visitor)"""

TAIL_OF_SITE = """
SELECT count(*), count(DISTINCT CASE WHEN NOT EXISTS (
         SELECT 1 FROM visit AS seen WHERE seen.site = hit.site AND seen.day = hit.day
           AND seen.visitor = hit.visitor AND seen.views > 0) THEN visitor END)
FROM hit WHERE site = :site AND day = :day AND id > :after AND kind = 0
"""

# Of a day of which nothing is folded: a set of Python's takes half as long as DISTINCT.
VISITORS_OF_DAY = "SELECT visitor FROM hit WHERE site = :site AND day = :day AND kind = 0"

TAIL_OF_PAGES = f"""
SELECT path, count(*), count(DISTINCT CASE WHEN {IS_NEW_TO_PAGE} THEN visitor END)
FROM hit WHERE site = :site AND day = :day AND id > :after AND kind = 0
  AND path IN (SELECT value FROM json_each(:paths)) GROUP BY path
"""

Figures = tuple[int, int]
"""Views, and visitors who are not among the folded ones."""

Place = tuple[int, int]
"""A site and a day."""

Marks = tuple[int, int]
"""The watermark of a site-day, and its last stored hit."""


class Tails:
    """The tails of the moment, shared by the readers of one process."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self.age = 0
        """How often hits were taken away or moved: what was counted in an earlier age is void."""
        self._sites: dict[Place, tuple[int, Marks, Figures]] = {}
        self._pages: dict[Place, tuple[int, Marks, dict[int, Figures]]] = {}

    def forget(self) -> None:
        """Hits were taken away or moved, behind watermarks that may stand as before."""
        self.age += 1

    def of_site(self, connection: Connection, age: int, place: Place, marks: Marks) -> Figures:
        """The tail of a site-day, in a snapshot that was begun in such an age."""
        # In turns: those who ask together would all count the same.
        with self._turn:
            known = self._sites.get(place)
            if known is not None and known[:2] == (age, marks) and age == self.age:
                return known[2]
            figures = count_site(connection, place, marks)
            self._sites[place] = (age, marks, figures)
            return figures

    def of_pages(
        self, connection: Connection, age: int, place: Place, marks: Marks, paths: Collection[int]
    ) -> Mapping[int, Figures]:
        """The tails of pages (path ids) on a site-day, and maybe of others."""
        with self._turn:
            known = self._pages.get(place)
            is_valid = known is not None and known[:2] == (age, marks) and age == self.age
            pages = known[2] if known is not None and is_valid and len(known[2]) < MOST_PAGES else {}
            missing = [path for path in paths if path not in pages]
            if missing:
                found = count_pages(connection, place, marks, missing)
                pages = pages | dict.fromkeys(missing, (0, 0)) | found
                self._pages[place] = (age, marks, pages)
            return pages


@dataclass(frozen=True)
class Moment:
    """The tails as a snapshot sees them that was begun in an age."""

    tails: Tails
    age: int


def tail_of_site(connection: Connection, place: Place, marks: Marks, moment: Moment | None) -> Figures:
    """Views and new visitors in the tail of a site-day; without a moment counted anew."""
    if moment is None or marks[1] - marks[0] <= LARGE:
        return count_site(connection, place, marks)
    return moment.tails.of_site(connection, moment.age, place, marks)


def tail_of_pages(
    connection: Connection, place: Place, marks: Marks, paths: Collection[int], moment: Moment | None
) -> Mapping[int, Figures]:
    """The same of pages (path ids), and maybe of others; a page without any may be absent."""
    if moment is None or marks[1] - marks[0] <= LARGE:
        return count_pages(connection, place, marks, paths)
    return moment.tails.of_pages(connection, moment.age, place, marks, paths)


def count_site(connection: Connection, place: Place, marks: Marks) -> Figures:
    """Views and new visitors in the tail of a site-day."""
    where = {"site": place[0], "day": place[1], "after": marks[0]}
    if marks[0] == 0:
        visitors = [visitor for (visitor,) in connection.execute(VISITORS_OF_DAY, where)]
        return len(visitors), len(set(visitors))
    views, new = connection.execute(TAIL_OF_SITE, where).fetchone()
    return views, new


def count_pages(
    connection: Connection, place: Place, marks: Marks, paths: Collection[int]
) -> dict[int, Figures]:
    """Views and new visitors of pages (path ids) in the tail of a site-day."""
    where: dict[str, int | str] = {"site": place[0], "day": place[1], "after": marks[0]}
    where["paths"] = msgspec.json.encode(list(paths)).decode()
    return {path: (views, new) for path, views, new in connection.execute(TAIL_OF_PAGES, where)}
