"""Pages by what was counted of them: the most viewed ones, and those that rise.

A list of ten looks at every page of a site, on each of many days: their figures are summed as columns, which
takes half the time of SQLite's groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from ..columns import Column, Mask
from ..model import Count, PageRow, Range
from .bulk import read_numbers
from .connect import Connection
from .reads import place_of_range
from .tails import IS_NEW_TO_PAGE

MOST_RISING = 10_000
"""Pages of which is asked whether they trend, the most read ones first."""

SPARSE = 8
"""Up to so many numbers of pages for each row, a place is made for all of them: quicker than to sort."""

# CROSS JOIN: from the few days with something unfolded to their hits, and not from all hits of the site to
# their days, as SQLite would have it for some of these.

# What each page has in a range of days, in pieces to be summed. Takes :site, and of the range (whose
# names) :months :days :first :last.
PIECES_OF_PAGES = f"""
    SELECT path, views, visitors FROM page_month
    WHERE site = :site AND month IN (SELECT value FROM json_each(:months))
  UNION ALL
    SELECT path, views, visitors FROM page_day
    WHERE site = :site AND day IN (SELECT value FROM json_each(:days))
  UNION ALL
    SELECT path, sum(views), count(*) FROM page_visitor
    WHERE site = :site AND day IN (SELECT value FROM json_each(:days)) GROUP BY day, path
  UNION ALL
    SELECT path, count(*), count(DISTINCT CASE WHEN {IS_NEW_TO_PAGE} THEN visitor END)
    FROM site_day CROSS JOIN hit USING (site, day)
    WHERE site_day.site = :site AND site_day.stored > site_day.folded
      AND site_day.day BETWEEN :first AND :last
      AND hit.id > site_day.folded AND hit.kind = 0
    GROUP BY day, path
"""

# What counters show of all time, in pieces: what was counted, and the owner's offset. Takes :site.
PIECES_OF_ALL_TIME = f"""
    SELECT total.path AS path, total.views AS views, total.visitors AS visitors
    FROM page_total AS total JOIN path ON path.id = total.path WHERE path.site = :site
  UNION ALL
    SELECT offset.path, offset.views, offset.visitors
    FROM page_offset AS offset JOIN path ON path.id = offset.path WHERE path.site = :site
  UNION ALL
    SELECT path, count(*), count(DISTINCT CASE WHEN {IS_NEW_TO_PAGE} THEN visitor END)
    FROM site_day CROSS JOIN hit USING (site, day)
    WHERE site_day.site = :site AND site_day.stored > site_day.folded
      AND hit.id > site_day.folded AND hit.kind = 0
    GROUP BY day, path
"""

# Pages whose first view, folded or not, is not before :born. Where it is not known (an old
# database, an import taken back) the page counts as old until the rollup has found it.
IS_FRESH = """
  NOT EXISTS (SELECT 1 FROM page_first AS f WHERE f.path = piece.path AND f.at < :born)
  AND (EXISTS (SELECT 1 FROM page_first AS f WHERE f.path = piece.path)
    OR NOT EXISTS (SELECT 1 FROM page_total AS t WHERE t.path = piece.path AND t.views > 0))
  AND piece.path NOT IN (
    SELECT hit.path FROM site_day CROSS JOIN hit USING (site, day)
    WHERE site_day.site = :site AND site_day.stored > site_day.folded
      AND hit.id > site_day.folded AND hit.kind = 0 AND hit.at < :born)
"""

# Of all time a page may have nothing but an offset: then nobody knows since when it is read.
WAS_VIEWED_HERE = """
  (EXISTS (SELECT 1 FROM page_first AS f WHERE f.path = piece.path) OR piece.path IN (
    SELECT hit.path FROM site_day CROSS JOIN hit USING (site, day)
    WHERE site_day.site = :site AND site_day.stored > site_day.folded
      AND hit.id > site_day.folded AND hit.kind = 0))
"""

IS_WANTED = """
WITH piece (path) AS (SELECT value FROM json_each(:paths))
SELECT path FROM piece WHERE {fresh}
"""


@dataclass(frozen=True)
class Sums:
    """What some pages have, one after the other by number: the order in which they were first seen."""

    path: Column
    views: Column
    visitors: Column

    def only(self, places: Mask | Column) -> Sums:
        """Those at some places."""
        return Sums(self.path[places], self.views[places], self.visitors[places])

    def first(self, by: Column, limit: int) -> Sums:
        """The ones with the most of a figure; of the same figure the pages that were seen first."""
        return self.only(np.argsort(-by, kind="stable")[:limit])


def top_pages(
    connection: Connection,
    site: int,
    span: Range | None,
    limit: int,
    *,
    by_visitors: bool = False,
    born: int | None = None,
) -> tuple[list[PageRow], int]:
    """The most viewed pages, and how many pages have views at all.

    Of a range of days, or of all time with the owner's offsets, as counters show them. With `born`
    (seconds since 1970) only pages whose first view is not before it. Pages with the same figure stand in
    the order in which they were first seen, so that a longer list begins with the shorter one.
    """
    if span is None:
        pages = _sum_up(connection, PIECES_OF_ALL_TIME, {"site": site})
    else:
        place = place_of_range(connection, site, span.first, span.last)
        pages = _sum_up(connection, PIECES_OF_PAGES, place)
    # An offset may leave more visitors than views, or fewer than none: see `Count.shown`.
    shown = np.maximum(np.minimum(pages.visitors, pages.views), 0)
    pages = Sums(pages.path, pages.views, shown).only(pages.views > 0)
    if born is not None:
        pages = _only_fresh(connection, site, pages, born, WAS_VIEWED_HERE if span is None else "true")
    found = pages.first(pages.visitors if by_visitors else pages.views, limit)
    return _name(connection, found), len(pages.path)


def rising_pages(
    connection: Connection, site: int, span: Range, before: Range, born: int | None = None
) -> list[tuple[PageRow, int, Count]]:
    """The pages that have a larger share of the visitors in a range of days than in the one before.

    Each with its visitors before, and all pages' visitors: now as `views`, before as `visitors`.
    """
    places = (place_of_range(connection, site, one.first, one.last) for one in (span, before))
    pages, earlier = (_sum_up(connection, PIECES_OF_PAGES, place) for place in places)
    pages = pages.only(pages.views > 0)
    every = Count(int(pages.visitors.sum()), int(earlier.visitors.sum()))
    pages = pages.only(pages.visitors * every.visitors > _visitors_of(earlier, pages.path) * every.views)
    if born is not None:
        pages = _only_fresh(connection, site, pages, born)
    found = pages.first(pages.visitors, MOST_RISING)
    past = _visitors_of(earlier, found.path).tolist()
    return [(row, one, every) for row, one in zip(_name(connection, found), past, strict=True)]


def _sum_up(connection: Connection, pieces: str, place: Mapping[str, Any]) -> Sums:
    """The figures of each page that has any piece."""
    path, views, visitors = read_numbers(connection, f"({pieces})", ("path", "views", "visitors"), place)
    if not len(path):
        return Sums(path, views, visitors)
    first, last = int(path.min()), int(path.max())
    if last - first < SPARSE * len(path):
        ids, at = np.arange(first, last + 1), path - first
    else:
        ids, at = np.unique(path, return_inverse=True)
    # Not by the weights of bincount: an owner's offsets may be more than floats tell apart.
    sums = [np.zeros(len(ids), np.int64) for _ in range(2)]
    for total, each in zip(sums, (views, visitors), strict=True):
        np.add.at(total, at, each)
    is_there = np.bincount(at, minlength=len(ids)) > 0
    return Sums(ids, *sums).only(is_there)


def _visitors_of(pages: Sums, path: Column) -> Column:
    """The visitors that some pages have among those that were summed up; 0 for the others."""
    if not len(pages.path):
        return np.zeros(len(path), np.int64)
    at = np.minimum(np.searchsorted(pages.path, path), len(pages.path) - 1)
    return np.where(pages.path[at] == path, pages.visitors[at], 0)


def _only_fresh(connection: Connection, site: int, pages: Sums, born: int, more: str = "true") -> Sums:
    """Those whose first view is not before a time, and that meet another condition."""
    sql = IS_WANTED.format(fresh=f"{more} AND {IS_FRESH}")
    values = {"site": site, "born": born, "paths": _list(pages.path.tolist())}
    fresh = [path for (path,) in connection.execute(sql, values)]
    return pages.only(np.isin(pages.path, np.array(fresh, np.int64)))


def _name(connection: Connection, pages: Sums) -> list[PageRow]:
    """The paths and titles of pages, with their figures."""
    ids = pages.path.tolist()
    rows = connection.execute(
        "SELECT id, path, title FROM path WHERE id IN (SELECT value FROM json_each(?))", (_list(ids),)
    )
    words = {id: (path, title) for id, path, title in rows}
    figures = zip(ids, pages.views.tolist(), pages.visitors.tolist(), strict=True)
    return [PageRow(*words[id], views, visitors) for id, views, visitors in figures if id in words]


def _list(numbers: Iterable[int]) -> str:
    return msgspec.json.encode([*numbers]).decode()
