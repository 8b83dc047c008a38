"""Hits that shall be there no longer, taken out of everything derived: pages, days, what is too old.

One site-day in each transaction. The file is written with `secure_delete`, so that no byte of a row is left
in it; what is left in the log goes with the next checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..days import to_date
from ..model import Count, Detail, Range
from ..urls import compile_pattern
from . import rollup
from .adjust import ADD_TO_LEDGER, save, summed
from .apart import reset, settle
from .connect import Connection

RETENTION = "retention"
"""The kind of the adjustment that keeps the counts of days that were too old."""

OF_PAGES = " AND path IN (SELECT value FROM json_each(:paths))"

COUNT = """
SELECT coalesce(sum(kind = 0), 0), count(DISTINCT visitor) FROM hit
WHERE site = :site AND day BETWEEN :first AND :last
"""

DAYS = """
SELECT day FROM site_day WHERE site = :site AND day BETWEEN :first AND :last
UNION SELECT day FROM apart WHERE site = :site AND day BETWEEN :first AND :last ORDER BY 1
"""


def find_paths(connection: Connection, site: int, pattern: str) -> list[int]:
    """The ids of a site's pages that fit a pattern, in which * is any text (`urls.canonical_pattern`)."""
    fits = compile_pattern(pattern).match
    rows = connection.execute("SELECT id, path FROM path WHERE site = ?", (site,))
    return [id for id, path in rows if fits(path)]


def days_of(connection: Connection, site: int, span: Range) -> list[int]:
    """The days of a range on which anything is stored of a site."""
    place = {"site": site, "first": span.first, "last": span.last}
    return [day for (day,) in connection.execute(DAYS, place)]


def count(connection: Connection, site: int, span: Range, paths: Sequence[int] | None) -> Count:
    """Views, and visitors in all, that would be erased. None: of every page."""
    place = {"site": site, "first": span.first, "last": span.last, "paths": _json(paths)}
    sql = COUNT + (OF_PAGES if paths is not None else "")
    return Count(*connection.execute(sql, place).fetchone())


def erase_day(connection: Connection, site: int, day: int, paths: Sequence[int] | None) -> bool:
    """Erase a site-day's hits, of some pages or (None) all of it; whether it is left to be folded anew."""
    place = {"site": site, "day": day, "paths": _json(paths)}
    here = "site = :site AND day = :day" + (OF_PAGES if paths is not None else "")
    connection.execute(f"DELETE FROM apart WHERE {here}", place)
    if paths is None:
        connection.execute("DELETE FROM dropped WHERE site = :site AND day = :day", place)
    if connection.execute(f"SELECT 1 FROM hit WHERE {here} LIMIT 1", place).fetchone() is None:
        return False
    reset(connection, site, day)
    for table in ("released", "moved"):
        connection.execute(
            f"DELETE FROM {table} WHERE site = :site AND day = :day"
            f" AND id IN (SELECT id FROM hit WHERE {here})",
            place,
        )
    connection.execute(f"DELETE FROM hit WHERE {here}", place)
    settle(connection, site, day)
    return True


def forget_pages(connection: Connection, site: int, paths: Sequence[int]) -> None:
    """Forget that there were such pages: titles, offsets, other names, what the trail says of them.

    A page that has been viewed again since stays.
    """
    place = {"site": site, "paths": _json(paths)}
    chosen = "SELECT value FROM json_each(:paths)"
    names = [name for (name,) in connection.execute(f"SELECT path FROM path WHERE id IN ({chosen})", place)]
    for table in ("page_total", "page_offset", "page_first", "adjusted"):
        connection.execute(f"DELETE FROM {table} WHERE path IN ({chosen})", place)
    connection.execute(
        f"DELETE FROM related WHERE site = :site AND (path IN ({chosen}) OR other IN ({chosen}))", place
    )
    _forget_names(connection, site, set(names))
    connection.execute(
        f"DELETE FROM path WHERE id IN ({chosen}) AND NOT EXISTS (SELECT 1 FROM hit"
        " WHERE hit.site = path.site AND hit.path = path.id AND hit.day >="
        " (SELECT coalesce(max(day), 0) - 2 FROM site_day WHERE site_day.site = path.site))",
        place,
    )


def _forget_names(connection: Connection, site: int, names: set[str]) -> None:
    place = {"site": site, "names": msgspec.json.encode(sorted(names)).decode()}
    chosen = "SELECT value FROM json_each(:names)"
    connection.execute(
        f"DELETE FROM path_alias WHERE site = :site AND (path IN ({chosen}) OR target IN ({chosen}))", place
    )
    rows = connection.execute("SELECT id, detail FROM adjustment WHERE site = ?", (site,)).fetchall()
    for number, text in rows:
        detail = msgspec.json.decode(text, type=Detail)
        if names & {detail.path, detail.target}:
            detail = msgspec.structs.replace(detail, path="", target="", note="")
            text = msgspec.json.encode(detail).decode()
            connection.execute("UPDATE adjustment SET detail = ? WHERE id = ?", (text, number))


# What is too old


def find_old_day(connection: Connection, site: int, before: int) -> int | None:
    """The first day of a site before the day `before` that is wholly folded; None for none."""
    row = connection.execute(
        "SELECT min(day) FROM site_day WHERE site = ? AND day < ? AND stored = folded", (site, before)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def retire_day(connection: Connection, site: int, day: int, now: int) -> None:
    """Erase a whole site-day; what it counted stays in the all-time counts, in one adjustment of the site."""
    rollup.open_day(connection, site, day)
    place = {"site": site, "day": day}
    views, visitors = connection.execute(
        "SELECT views, visitors FROM site_day WHERE site = :site AND day = :day", place
    ).fetchone()
    rows = connection.execute(
        "SELECT path, sum(views), count(*) FROM page_visitor WHERE site = :site AND day = :day GROUP BY path",
        place,
    ).fetchall()
    number = _find_keeper(connection, site, now)
    for path, *figures in [(0, views, visitors), *rows]:
        row = {"adjustment": number, "path": path, "site": site, "is_set": 0}
        connection.execute(ADD_TO_LEDGER, row | dict(zip(("views", "visitors"), figures, strict=True)))
        table, key, id = ("page_offset", "path", path) if path else ("site_offset", "site", site)
        connection.execute(
            f"INSERT INTO {table} ({key}, views, visitors) VALUES (?, ?, ?) ON CONFLICT ({key})"
            " DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors",
            (id, *figures),
        )
    erase_day(connection, site, day, None)
    detail = Detail(by=RETENTION, target=to_date(day).isoformat())
    save(connection, number, "done", summed(connection, number, detail))


def _find_keeper(connection: Connection, site: int, now: int) -> int:
    """The adjustment that keeps the counts of a site's old days."""
    row = connection.execute(
        "SELECT id FROM adjustment WHERE site = ? AND kind = ?", (site, RETENTION)
    ).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO adjustment (site, at, kind, state, detail)"
            " VALUES (?, ?, ?, 'done', '{}') RETURNING id",
            (site, now, RETENTION),
        ).fetchone()
    return int(row[0])


def _json(values: Sequence[int] | None) -> str:
    return msgspec.json.encode(list(values or ())).decode()
