"""Recount: everything derived, computed anew from raw hits by another way, and compared.

The fold merges visits piece by piece; here a visitor's hits are laid side by side and cut at
the gaps. Both must give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..columns import NAMES
from ..days import month_start, to_date
from ..model import SESSION_GAP
from . import adjust, columns, reads
from .connect import Connection
from .folding import FIGURES
from .rollup import Work, prepare

# The folded hits of one site-day, cut into visits. Takes :site :day.
RAW_VISITS = f"""
  folded AS (SELECT folded FROM site_day WHERE site = :site AND day = :day),
  raw AS (
    SELECT at, visitor, kind, path, source, client, place FROM hit
    WHERE site = :site AND day = :day AND id <= (SELECT folded FROM folded)),
  lagged AS (SELECT *, lag(at) OVER (PARTITION BY visitor ORDER BY at) AS before FROM raw),
  cut AS (
    SELECT *, sum(before IS NULL OR at - before >= {SESSION_GAP})
      OVER (PARTITION BY visitor ORDER BY at RANGE UNBOUNDED PRECEDING) AS number FROM lagged),
  placed AS (
    SELECT *,
      row_number() OVER (PARTITION BY visitor, number ORDER BY at, path) AS nth,
      row_number() OVER (PARTITION BY visitor, number ORDER BY at, source = 0, source) AS nth_source,
      row_number() OVER (PARTITION BY visitor, number ORDER BY at, client = 0, client) AS nth_client,
      row_number() OVER (PARTITION BY visitor, number ORDER BY at, place = 0, place) AS nth_place,
      row_number() OVER (PARTITION BY visitor, number ORDER BY at DESC, path DESC) AS nth_last
    FROM cut),
  raw_visit AS (
    SELECT visitor, min(at) AS start, max(at) - min(at) AS length, sum(kind = 0) AS views,
      sum(kind = 1) AS events, max(CASE WHEN nth = 1 THEN path END) AS entry,
      max(CASE WHEN nth_last = 1 THEN path END) AS exit,
      max(CASE WHEN nth_source = 1 THEN source END) AS source,
      max(CASE WHEN nth_client = 1 THEN client END) AS client,
      max(CASE WHEN nth_place = 1 THEN place END) AS place
    FROM placed GROUP BY visitor, number)
"""

OF_DAY = "site = :site AND day = :day"
COLUMN_NAMES = ", ".join(f"'{name}'" for name in NAMES)

VISITS = "SELECT visitor, start, length, views, events, entry, exit, source, client, place FROM"
PAGES = f"""SELECT path, count(*) AS views, count(DISTINCT visitor) AS visitors FROM hit
  WHERE {OF_DAY} AND kind = 0 AND id <= (SELECT folded FROM site_day WHERE {OF_DAY}) GROUP BY path"""
# Both sides of each comparison: (what, is it of open days, closed days or both, expected, found)
DAY_CHECKS = (
    ("visits", (0, 1), f"WITH {RAW_VISITS} {VISITS} raw_visit", f"{VISITS} visit WHERE {OF_DAY}"),
    (
        "head figures",
        (0, 1),
        f"SELECT {FIGURES} FROM visit WHERE {OF_DAY}",
        f"SELECT views, visits, visitors, bounces, duration FROM site_day WHERE {OF_DAY}",
    ),
    ("pages", (0,), PAGES, f"SELECT path, views, visitors FROM page_day WHERE {OF_DAY}"),
    (
        "pages",
        (1,),
        PAGES,
        f"SELECT path, sum(views), count(*) FROM page_visitor WHERE {OF_DAY} GROUP BY path",
    ),
    (
        "left-over columns",
        (1,),
        "SELECT 0 WHERE false",
        f"SELECT name FROM day_column WHERE {OF_DAY} AND name IN ({COLUMN_NAMES})",
    ),
    ("left-over pages", (1,), "SELECT 0 WHERE false", f"SELECT path FROM page_day WHERE {OF_DAY}"),
    (
        "left-over page visitors",
        (0,),
        "SELECT 0 WHERE false",
        f"SELECT path FROM page_visitor WHERE {OF_DAY}",
    ),
)

ALL_PAGES = """SELECT path, sum(views) AS views, sum(visitors) AS visitors FROM (
    SELECT path, views, visitors FROM page_day
    UNION ALL SELECT path, sum(views), count(*) FROM page_visitor GROUP BY path)
  GROUP BY path HAVING sum(views) > 0"""
ALL_SITES = """SELECT site, sum(views) AS views, sum(visitors) AS visitors FROM site_day
  GROUP BY site HAVING sum(views) > 0"""

# Of pages whose first view is known (the schedule looks for the others, firsts.py). While a day waits to
# be folded again, a page may keep the first view that it has there.
FIRST_VIEWS = """SELECT path, at FROM page_first JOIN (
    SELECT hit.path, min(hit.at) AS stored, min(CASE WHEN hit.id <= site_day.folded THEN hit.at END) AS folded
    FROM site_day JOIN hit USING (site, day) WHERE kind = 0 GROUP BY hit.path) USING (path)
  WHERE at IN (stored, folded) AND path IN (SELECT path FROM page_total WHERE views > 0)"""

TOTAL_CHECKS = (
    (
        "first views",
        FIRST_VIEWS,
        "SELECT path, at FROM page_first WHERE path IN (SELECT path FROM page_total WHERE views > 0)",
    ),
    (
        "page totals",
        ALL_PAGES,
        "SELECT path, views, visitors FROM page_total WHERE views <> 0 OR visitors <> 0",
    ),
    (
        "site totals",
        ALL_SITES,
        "SELECT site, views, visitors FROM site_total WHERE views <> 0 OR visitors <> 0",
    ),
    (
        "page offsets",
        adjust.PAGE_OFFSETS,
        "SELECT path, views, visitors FROM page_offset WHERE views <> 0 OR visitors <> 0",
    ),
    (
        "site offsets",
        adjust.SITE_OFFSETS,
        "SELECT site, views, visitors FROM site_offset WHERE views <> 0 OR visitors <> 0",
    ),
)

MONTH_CHECKS = (
    (
        "pages",
        "SELECT path, sum(views), sum(visitors) FROM page_day"
        " WHERE site = :site AND day >= :first AND day < :end GROUP BY path",
        "SELECT path, views, visitors FROM page_month WHERE site = :site AND month = :month",
    ),
)

VISITS_OF_MONTH = """
SELECT dimension, coalesce(CASE WHEN dimension IN ('entry', 'exit') THEN path ELSE word END, ''),
       visitors, visits, visit_month.views, bounces, duration, visit_month.events
FROM visit_month LEFT JOIN word ON word.id = key LEFT JOIN path ON path.id = key
WHERE visit_month.site = :site AND month = :month
"""

STORED = f"""SELECT coalesce(max(id), 0) FROM hit WHERE {OF_DAY}"""


def find_differences(connection: Connection) -> Iterator[str | None]:
    """Compare everything derived with raw hits: a sentence for each difference, None for each
    site-day that was looked at (so that a caller can show progress)."""
    days = connection.execute("SELECT site, day, open, stored FROM site_day ORDER BY site, day").fetchall()
    for site, day, is_open, stored in days:
        place = {"site": site, "day": day}
        where = f"site {site}, {to_date(day)}"
        if connection.execute(STORED, place).fetchone()[0] != stored:
            yield f"{where}: the last hit stored is not the one on record"
        for what, states, expected, found in DAY_CHECKS:
            if is_open in states:
                yield from _compare(connection, f"{where}: {what}", expected, found, place)
        yield from _compare_columns(connection, where, site, day)
        yield None
    sites = {site.id: site for site in reads.read_sites(connection)}
    for site, month in connection.execute("SELECT site, month FROM month").fetchall():
        place = {
            "site": site,
            "month": month,
            "first": month_start(month),
            "end": month_start(month + 1),
        }
        for what, expected, found in MONTH_CHECKS:
            where = f"site {site}, {to_date(place['first']):%Y-%m}: {what}"
            yield from _compare(connection, where, expected, found, place)
        rows = prepare(connection, Work("month", sites[site], month)).rows
        want = {(name, word, *figures) for name, groups in rows.items() for word, figures in groups}
        have = set(connection.execute(VISITS_OF_MONTH, place))
        yield from _tell(f"site {site}, {to_date(place['first']):%Y-%m}: visits by dimension", want, have)
    for what, expected, found in TOTAL_CHECKS:
        yield from _compare(connection, what, expected, found, {})


def _compare(
    connection: Connection, what: str, expected: str, found: str, place: dict[str, int]
) -> Iterator[str]:
    yield from _tell(what, set(connection.execute(expected, place)), set(connection.execute(found, place)))


def _tell(what: str, want: set[Any], have: set[Any]) -> Iterator[str]:
    if want != have:
        missing, extra = sorted(want - have)[:1], sorted(have - want)[:1]
        yield f"{what}: {len(want - have)} missing {missing}, {len(have - want)} too many {extra}"


def _compare_columns(connection: Connection, where: str, site: int, day: int) -> Iterator[str]:
    """What is kept of a day as columns, against its visits and hits."""
    place = {"site": site, "day": day}
    kept = dict(connection.execute(f"SELECT name, data FROM day_column WHERE {OF_DAY}", place))
    if kept:
        made = columns.pack_day(day, columns.make_day(connection, site, day, NAMES))
        wrong = [name for name in NAMES if not _are_equal(kept.get(name), made.get(name))]
        if wrong:
            yield f"{where}: columns that differ: {', '.join(wrong)}"


def _are_equal(one: bytes | None, other: bytes | None) -> bool:
    """Whether two blobs are the same column; an earlier version packed it wider."""
    if one is None or other is None:
        return one is other
    return np.array_equal(columns.unpack(one), columns.unpack(other))


def rebuild_totals(connection: Connection) -> None:
    """All-time totals from the days, within the caller's transaction.

    The first views are forgotten, for the schedule to find them anew.
    """
    connection.execute("DELETE FROM page_first")
    connection.execute("DELETE FROM page_total")
    connection.execute(f"INSERT INTO page_total {ALL_PAGES}")
    connection.execute("DELETE FROM site_total")
    connection.execute(f"INSERT INTO site_total {ALL_SITES}")
    adjust.rebuild_offsets(connection)
