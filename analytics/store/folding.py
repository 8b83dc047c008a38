"""Fold: stored hits into visits and totals, with the watermark, in one transaction.

A visit is a maximal run of a visitor's hits on one site-day with gaps under 30 minutes. Folding a
slice treats new hits as visits, puts them beside the visits their visitors have, and merges what
lies close enough together. Merging is associative and takes no account of the order of arrival, so
any slicing, any order, and a recount from nothing give the same rows: the first page is the one of
a visit's least (time, path), the last one that of its greatest, the source that of its least
(time, source), client and place likewise; one that is unknown comes after those that are known.
"""

from __future__ import annotations

from typing import Any

from ..model import SESSION_GAP
from .connect import Connection

TEMPORARY = """
CREATE TEMP TABLE IF NOT EXISTS merged (
  visitor INTEGER, start INTEGER, length INTEGER, views INTEGER, events INTEGER,
  entry INTEGER, exit INTEGER, source INTEGER, client INTEGER, place INTEGER, PRIMARY KEY (visitor, start)
) WITHOUT ROWID;
CREATE TEMP TABLE IF NOT EXISTS paged (
  path INTEGER, visitor INTEGER, views INTEGER, first INTEGER, PRIMARY KEY (path, visitor)
) WITHOUT ROWID;
"""

# Of several pieces of a visit the first page is the one with the least (time, path), the last one that
# with the greatest; source, client and place are those with the least (time, id). A time and an id are
# packed into one number, so that min and max find them: seconds since the day before the site's, and 40
# bits; of an id its predecessor, so that 0, which is unknown, comes last.
_SINCE = "(:day - 2) * 86400"
_ID = (1 << 40) - 1
OF_FIRST = ("source", "client", "place")
"""What a visit has from its first hit that knows it."""
_LEAST_OF_HITS = ", ".join(
    f"min((at - {_SINCE}) << 40 | (({name} - 1) & {_ID})) AS {name}" for name in OF_FIRST
)
_LEAST_OF_VISIT = ", ".join(f"(start - {_SINCE}) << 40 | (({name} - 1) & {_ID})" for name in OF_FIRST)
_LEAST_OF_PIECES = ", ".join(f"(min({name}) + 1) & {_ID} AS {name}" for name in OF_FIRST)
_MERGED = f"""min(start) AS start, max(stop) - min(start) AS length,
           sum(views) AS views, sum(events) AS events,
           min(first) & {_ID} AS entry, max(last) & {_ID} AS exit, {_LEAST_OF_PIECES}"""

# The visits that the visitors of the slice (:after, :upto] have once the slice is in.
# Takes :site :day :after :upto.
MERGED_VISITS = f"""
  -- Hits of one half hour by the clock are never {SESSION_GAP // 60} minutes apart: one piece.
  slice AS MATERIALIZED (
    SELECT visitor, min(at) AS start, max(at) AS stop, sum(kind = 0) AS views, sum(kind = 1) AS events,
           min((at - {_SINCE}) << 40 | path) AS first, max((at - {_SINCE}) << 40 | path) AS last,
           {_LEAST_OF_HITS}
    FROM hit WHERE site = :site AND day = :day AND id > :after AND id <= :upto
    GROUP BY visitor, (at - {_SINCE}) / {SESSION_GAP}),
  piece AS MATERIALIZED (
    SELECT * FROM slice
    UNION ALL
    SELECT visitor, start, start + length, views, events, (start - {_SINCE}) << 40 | entry,
           (start + length - {_SINCE}) << 40 | exit, {_LEAST_OF_VISIT} FROM visit
    WHERE site = :site AND day = :day AND visitor IN (SELECT visitor FROM slice)),
  -- Nearly always all of a visitor is one visit: the last piece to begin does so soon after the first ends.
  whole AS MATERIALIZED (
    SELECT visitor, {_MERGED}, max(start) - min(stop) >= {SESSION_GAP} AS is_apart
    FROM piece GROUP BY visitor),
  spaced AS (
    SELECT *, start - max(stop) OVER (PARTITION BY visitor ORDER BY start
                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS gap
    FROM piece WHERE visitor IN (SELECT visitor FROM whole WHERE is_apart)),
  numbered AS (
    SELECT *, sum(gap IS NULL OR gap >= {SESSION_GAP}) OVER (
             PARTITION BY visitor ORDER BY start ROWS UNBOUNDED PRECEDING) AS number
    FROM spaced),
  merged_visit AS (
    SELECT visitor, start, length, views, events, entry, exit, {", ".join(OF_FIRST)} FROM whole
    WHERE NOT is_apart
    UNION ALL
    SELECT visitor, {_MERGED} FROM numbered GROUP BY visitor, number)
"""

# Head figures of visits: those without a view (events only) are no visits to anybody's page.
FIGURES = """
  coalesce(sum(views), 0) AS views,
  coalesce(sum(views > 0), 0) AS visits,
  count(DISTINCT CASE WHEN views > 0 THEN visitor END) AS visitors,
  coalesce(sum(views = 1 AND events = 0), 0) AS bounces,
  coalesce(sum(CASE WHEN views > 0 THEN length END), 0) AS duration
"""

SLICE_END = """
SELECT max(id), count(*) FROM (
  SELECT id FROM hit WHERE site = :site AND day = :day AND id > :after ORDER BY id LIMIT :limit)
"""

ADD_FIGURES = """
UPDATE site_day SET
  views = views + :views, visits = visits + :visits, visitors = visitors + :visitors,
  bounces = bounces + :bounces, duration = duration + :duration, folded = :upto
WHERE site = :site AND day = :day
"""

ADD_SITE_TOTAL = """
INSERT INTO site_total (site, views, visitors) VALUES (:site, :views, :visitors)
ON CONFLICT (site) DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors
"""

ADD_PAGE_TOTALS = """
INSERT INTO page_total (path, views, visitors)
SELECT path, sum(views), sum(NOT EXISTS (
         SELECT 1 FROM page_visitor AS seen
         WHERE seen.site = :site AND seen.day = :day AND seen.path = paged.path
           AND seen.visitor = paged.visitor))
FROM paged WHERE true GROUP BY path
ON CONFLICT (path) DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors
"""

# The least time of a page's views so far. A page with views whose first one is not known (see
# firsts.py) has none here, and gets none: this may not be it. To be run before ADD_PAGE_TOTALS.
KEEP_PAGE_FIRSTS = """
INSERT INTO page_first (path, at)
SELECT path, min(first) AS earliest FROM paged
GROUP BY path
HAVING EXISTS (SELECT 1 FROM page_first AS known WHERE known.path = paged.path)
  OR NOT EXISTS (SELECT 1 FROM page_total AS total WHERE total.path = paged.path AND total.views > 0)
ON CONFLICT (path) DO UPDATE SET at = excluded.at WHERE excluded.at < page_first.at
"""

ADD_PAGE_VISITORS = """
INSERT INTO page_visitor (site, day, path, visitor, views)
SELECT :site, :day, path, visitor, views FROM paged WHERE true
ON CONFLICT (site, day, path, visitor) DO UPDATE SET views = views + excluded.views
"""

OF_MERGED = "site = :site AND day = :day AND visitor IN (SELECT visitor FROM merged)"


def prepare(connection: Connection) -> None:
    """Create the temporary tables that a fold works in."""
    connection.executescript(TEMPORARY)


def find_pending(connection: Connection) -> list[tuple[int, int]]:
    """Site-days with hits past their watermark; today, which grows and is asked for, before a backlog."""
    return connection.execute(
        "SELECT site, day FROM site_day WHERE stored > folded ORDER BY day DESC, site"
    ).fetchall()


def fold_slice(connection: Connection, site: int, day: int, limit: int) -> int:
    """Fold up to `limit` hits of a site-day past its watermark; how many it were.

    Runs within the caller's transaction.
    """
    place: dict[str, Any] = {"site": site, "day": day, "limit": limit}
    row = connection.execute(
        "SELECT folded FROM site_day WHERE site = :site AND day = :day", place
    ).fetchone()
    if row is None:
        return 0
    place["after"] = row[0]
    place["upto"], hits = connection.execute(SLICE_END, place).fetchone()
    if not hits:
        return 0
    _merge_visits(connection, place)
    _add_pages(connection, place)
    return int(hits)


def _merge_visits(connection: Connection, place: dict[str, Any]) -> None:
    run = connection.execute
    run("DELETE FROM merged")
    run(f"INSERT INTO merged WITH {MERGED_VISITS} SELECT * FROM merged_visit", place)
    old = run(f"SELECT {FIGURES} FROM visit WHERE {OF_MERGED}", place).fetchone()
    new = run(f"SELECT {FIGURES} FROM merged").fetchone()
    names = ("views", "visits", "visitors", "bounces", "duration")
    figures = {name: after - before for name, before, after in zip(names, old, new, strict=True)}
    run(
        f"DELETE FROM visit WHERE {OF_MERGED} AND NOT EXISTS ("
        "SELECT 1 FROM merged WHERE merged.visitor = visit.visitor AND merged.start = visit.start)",
        place,
    )
    run(
        "INSERT OR REPLACE INTO visit (site, day, visitor, start, length, views, events, entry, exit, source,"
        "  client, place)"
        " SELECT :site, :day, visitor, start, length, views, events, entry, exit, source, client, place"
        " FROM merged",
        place,
    )
    run(ADD_FIGURES, place | figures)
    run(ADD_SITE_TOTAL, place | figures)


def _add_pages(connection: Connection, place: dict[str, Any]) -> None:
    run = connection.execute
    run("DELETE FROM paged")
    run(
        "INSERT INTO paged SELECT path, visitor, count(*), min(at) FROM hit WHERE site = :site AND day = :day"
        " AND id > :after AND id <= :upto AND kind = 0 GROUP BY path, visitor",
        place,
    )
    run(KEEP_PAGE_FIRSTS)
    run(ADD_PAGE_TOTALS, place)
    run(ADD_PAGE_VISITORS, place)


def reset_day(connection: Connection, site: int, day: int) -> None:
    """Take an open site-day out of everything derived, as if none of its hits had been folded."""
    place = {"site": site, "day": day}
    run = connection.execute
    run(
        "UPDATE page_total SET views = page_total.views - gone.views,"
        " visitors = page_total.visitors - gone.visitors FROM ("
        " SELECT path, sum(views) AS views, count(*) AS visitors FROM page_visitor"
        "  WHERE site = :site AND day = :day GROUP BY path) AS gone"
        " WHERE page_total.path = gone.path",
        place,
    )
    run(
        "UPDATE site_total SET views = site_total.views - gone.views,"
        " visitors = site_total.visitors - gone.visitors"
        " FROM site_day AS gone WHERE gone.site = :site AND gone.day = :day AND site_total.site = :site",
        place,
    )
    for table in ("visit", "page_visitor"):
        run(f"DELETE FROM {table} WHERE site = :site AND day = :day", place)
    run(
        "UPDATE site_day SET folded = 0, open = 1, views = 0, visits = 0, visitors = 0, bounces = 0,"
        " duration = 0 WHERE site = :site AND day = :day",
        place,
    )
