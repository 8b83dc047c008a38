"""Rollup: closed days and months summed up, and opened again when a hit comes late.

open day      pages in `page_visitor`, sources and the like in `visit`
closed day    pages in `page_day`, sources and the like in `visit_day`
rolled month  the same in `page_month`, `visit_month`: all its days are closed
"""

from __future__ import annotations

from ..days import month_of, month_start
from .connect import Connection
from .schema import VISIT_KINDS

KINDS = ", ".join(map(str, range(len(VISIT_KINDS))))
"""All of them, so that the primary key leads to the days."""

VISITS_OF_DAY = """
INSERT INTO visit_day (site, kind, day, key, views, visits, visitors, bounces, duration)
SELECT site, {kind}, day, {column}, sum(views), count(*), count(DISTINCT visitor),
       sum(views = 1 AND events = 0), sum(length)
FROM visit WHERE site = :site AND day = :day AND views > 0 GROUP BY {column}"""

CLOSE_DAY = """
INSERT INTO page_day (site, day, path, views, visitors)
SELECT site, day, path, sum(views), count(*) FROM page_visitor
WHERE site = :site AND day = :day GROUP BY path;
DELETE FROM page_visitor WHERE site = :site AND day = :day;
UPDATE site_day SET open = 0 WHERE site = :site AND day = :day;
""" + ";\n".join(VISITS_OF_DAY.format(kind=kind, column=column) for kind, column in enumerate(VISIT_KINDS))

REOPEN_DAY = f"""
INSERT INTO page_visitor (site, day, path, visitor, views)
SELECT site, day, path, visitor, count(*) FROM hit
WHERE site = :site AND day = :day AND kind = 0
  AND id <= (SELECT folded FROM site_day WHERE site = :site AND day = :day)
GROUP BY path, visitor;
DELETE FROM page_day WHERE site = :site AND day = :day;
DELETE FROM visit_day WHERE site = :site AND day = :day AND kind IN ({KINDS});
UPDATE site_day SET open = 1 WHERE site = :site AND day = :day
"""

ROLL_MONTH = f"""
INSERT INTO page_month (site, month, path, views, visitors)
SELECT site, :month, path, sum(views), sum(visitors) FROM page_day
WHERE site = :site AND day >= :first AND day < :end GROUP BY path;
INSERT INTO visit_month (site, kind, month, key, views, visits, visitors, bounces, duration)
SELECT site, kind, :month, key, sum(views), sum(visits), sum(visitors), sum(bounces), sum(duration)
FROM visit_day WHERE site = :site AND kind IN ({KINDS}) AND day >= :first AND day < :end GROUP BY kind, key;
INSERT INTO month (site, month) VALUES (:site, :month)
"""

UNROLL_MONTH = f"""
DELETE FROM page_month WHERE site = :site AND month = :month;
DELETE FROM visit_month WHERE site = :site AND kind IN ({KINDS}) AND month = :month;
DELETE FROM month WHERE site = :site AND month = :month
"""


def _run_all(connection: Connection, script: str, place: dict[str, int]) -> None:
    # Not executescript, which would commit first.
    for statement in script.split(";\n"):
        connection.execute(statement, place)


def open_day(connection: Connection, site: int, day: int) -> None:
    """Make a site-day fit to take hits; its month is no longer summed up."""
    row = connection.execute("SELECT open FROM site_day WHERE site = ? AND day = ?", (site, day)).fetchone()
    if row is None or row[0] == 0:
        unroll_month(connection, site, month_of(day))
    if row is not None and row[0] == 0:
        _run_all(connection, REOPEN_DAY, {"site": site, "day": day})


def close_day(connection: Connection, site: int, day: int) -> None:
    """Sum an open, wholly folded site-day up."""
    _run_all(connection, CLOSE_DAY, {"site": site, "day": day})


def find_closable(connection: Connection, site: int, before: int) -> int | None:
    """An open, wholly folded day of the site before the day `before`; None when there is none."""
    row = connection.execute(
        "SELECT day FROM site_day WHERE site = ? AND day < ? AND open = 1 AND stored = folded LIMIT 1",
        (site, before),
    ).fetchone()
    return None if row is None else int(row[0])


def find_rollable(connection: Connection, site: int, before: int) -> int | None:
    """A month of the site that ended before the day `before`, with all days closed, not summed yet."""
    unrolled = connection.execute(
        "SELECT day, open FROM site_day WHERE site = :site AND day < :end AND NOT EXISTS ("
        " SELECT 1 FROM month WHERE month.site = :site AND month.month ="
        "  cast(strftime('%Y', day * 86400, 'unixepoch') AS INTEGER) * 12"
        "  + cast(strftime('%m', day * 86400, 'unixepoch') AS INTEGER) - 1)",
        {"site": site, "end": month_start(month_of(before))},
    ).fetchall()
    still_open = {month_of(day) for day, is_open in unrolled if is_open}
    return next((month for month in (month_of(day) for day, _ in unrolled) if month not in still_open), None)


def roll_month(connection: Connection, site: int, month: int) -> None:
    """Sum a month up whose days are all closed."""
    place = {"site": site, "month": month, "first": month_start(month), "end": month_start(month + 1)}
    _run_all(connection, ROLL_MONTH, place)


def unroll_month(connection: Connection, site: int, month: int) -> None:
    """A day of the month changes: it is summed from its days again."""
    _run_all(connection, UNROLL_MONTH, {"site": site, "month": month})
