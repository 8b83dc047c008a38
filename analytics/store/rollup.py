"""Rollup: closed days and months summed up, and opened again when a hit comes late.

open day      pages in `page_visitor`; visits and what was done in them in `visit` and `hit`
closed day    pages in `page_day`; visits and what was done in them in `day_column`, soon
rolled month  pages in `page_month`, visits by dimension in `visit_month`: all its days are closed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..breakdown import Grouping, figures_of, tabulate
from ..columns import NAMES
from ..days import month_of, month_start
from ..dimensions import SUMMED
from ..model import Range, Site
from . import columns
from .connect import Connection

CLOSE_DAY = """
INSERT INTO page_day (site, day, path, views, visitors)
SELECT site, day, path, sum(views), count(*) FROM page_visitor
WHERE site = :site AND day = :day GROUP BY path;
DELETE FROM page_visitor WHERE site = :site AND day = :day;
UPDATE site_day SET open = 0 WHERE site = :site AND day = :day
"""

_COLUMNS = ", ".join(f"'{name}'" for name in NAMES)
_DIMENSIONS = ", ".join(f"'{one.name}'" for one in SUMMED)

REOPEN_DAY = f"""
INSERT INTO page_visitor (site, day, path, visitor, views)
SELECT site, day, path, visitor, count(*) FROM hit
WHERE site = :site AND day = :day AND kind = 0
  AND id <= (SELECT folded FROM site_day WHERE site = :site AND day = :day)
GROUP BY path, visitor;
DELETE FROM page_day WHERE site = :site AND day = :day;
DELETE FROM day_column WHERE site = :site AND day = :day AND name IN ({_COLUMNS});
UPDATE site_day SET open = 1 WHERE site = :site AND day = :day
"""

ROLL_MONTH = """
INSERT INTO page_month (site, month, path, views, visitors)
SELECT site, :month, path, sum(views), sum(visitors) FROM page_day
WHERE site = :site AND day >= :first AND day < :end GROUP BY path;
INSERT INTO month (site, month) VALUES (:site, :month)
"""

UNROLL_MONTH = f"""
DELETE FROM page_month WHERE site = :site AND month = :month;
DELETE FROM visit_month WHERE site = :site AND dimension IN ({_DIMENSIONS}) AND month = :month;
DELETE FROM month WHERE site = :site AND month = :month
"""


WATCH_OPENINGS = """
CREATE TEMP TRIGGER day_begins AFTER INSERT ON site_day BEGIN SELECT note_opening(); END;
CREATE TEMP TRIGGER day_opens AFTER UPDATE OF open ON site_day WHEN new.open BEGIN SELECT note_opening(); END;
CREATE TEMP TRIGGER day_goes AFTER DELETE ON site_day BEGIN SELECT note_opening(); END;
"""


def watch_openings(connection: Connection, note: Callable[[], None]) -> None:
    """Have `note` called when a site-day begins, is opened again, or goes, within the transaction.

    The figures of closed days change in no other way. A statement would forget to tell; SQLite does not.
    """
    connection.create_function("note_opening", 0, note)
    connection.executescript(WATCH_OPENINGS)


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


def _is_closable(connection: Connection, site: int, day: int) -> bool:
    """Whether a site-day is open, and wholly folded."""
    query = "SELECT 1 FROM site_day WHERE site = ? AND day = ? AND open = 1 AND stored = folded"
    return connection.execute(query, (site, day)).fetchone() is not None


def _is_rolled(connection: Connection, site: int, month: int) -> bool:
    """Whether a month is summed up."""
    query = "SELECT 1 FROM month WHERE site = ? AND month = ?"
    return connection.execute(query, (site, month)).fetchone() is not None


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


Rows = Mapping[str, Sequence[tuple[str, Sequence[int]]]]
"""Of a month, by dimension: word and figures of each group."""


@dataclass(frozen=True)
class Work:
    """One thing that is due: a day to close, a closed day to keep as columns, a month to sum up."""

    kind: str
    """day, columns, month"""
    site: Site
    number: int
    """The day, or the month."""
    stored: int = 0
    """What tells the hits that were looked at: should others be there by now, the work is void."""


@dataclass(frozen=True)
class Prepared:
    """What a work will write, made by a reader, so that no view waits for it."""

    columns: Mapping[str, bytes]
    rows: Rows


def find_work(connection: Connection, site: Site, before: int) -> Work | None:
    """The next thing that is due of a site, of what ended before a day; None for nothing."""
    day = find_closable(connection, site.id, before)
    if day is not None:
        return Work("day", site, day)
    bare = columns.find_bare_day(connection, site.id)
    if bare is not None:
        return Work("columns", site, *bare)
    month = find_rollable(connection, site.id, before)
    if month is not None:
        return Work("month", site, month, _stored_in(connection, site.id, month))
    return None


def _stored_in(connection: Connection, site: int, month: int) -> int:
    """The last hits of a month's days, summed, so that one that was erased is missed; 0 when one is open."""
    row = connection.execute(
        "SELECT CASE WHEN max(open) THEN 0 ELSE sum(stored) END FROM site_day"
        " WHERE site = ? AND day >= ? AND day < ?",
        (site, month_start(month), month_start(month + 1)),
    ).fetchone()
    return int(row[0] or 0)


def prepare(connection: Connection, work: Work) -> Prepared:
    """Make what a work will write. Reads only."""
    site, number = work.site, work.number
    if work.kind == "columns":
        day = columns.make_day(connection, site.id, number, NAMES)
        return Prepared(columns.pack_day(number, day), {})
    if work.kind == "month":
        span = Range(month_start(number), month_start(number + 1) - 1)
        groupings = [Grouping((one.name,)) for one in SUMMED]
        found = tabulate(columns.ColumnSource(connection), site, span, groupings, anew=True)
        rows = {
            one.dimensions[0]: [(row.labels[0], figures_of(row)) for row in groups]
            for one, groups in found.items()
        }
        return Prepared({}, rows)
    return Prepared({}, {})


def apply(connection: Connection, work: Work, prepared: Prepared) -> None:
    """Do a work, within the caller's transaction.

    Nothing where hits have come or gone since it was found, or where somebody else found it, too, and has
    done it.
    """
    site, number = work.site.id, work.number
    if work.kind == "day":
        if _is_closable(connection, site, number):
            close_day(connection, site, number)
    elif work.kind == "columns":
        columns.save_day(connection, site, number, work.stored, prepared.columns)
    elif _stored_in(connection, site, number) == work.stored and not _is_rolled(connection, site, number):
        place = {"site": site, "month": number, "first": month_start(number), "end": month_start(number + 1)}
        _run_all(connection, ROLL_MONTH, place)
        columns.save_month(connection, site, number, prepared.rows)


def unroll_month(connection: Connection, site: int, month: int) -> None:
    """A day of the month changes: it is summed from its days again."""
    _run_all(connection, UNROLL_MONTH, {"site": site, "month": month})
