"""Imports: hits that came from somewhere else, known by the spans of hit ids they took.

An import can be undone: its hits are deleted, and the site-days they were in are folded anew. One
that a crash interrupted is undone before the same file is imported again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlite_utils import Database

from ..errors import Refused
from ..model import Earlier, Moments
from . import firsts
from .connect import Connection
from .folding import reset_day
from .rollup import open_day


def begin(connection: Connection, row: dict[str, object]) -> int:
    """Note an import that starts; its id."""
    table: Any = Database(connection)["import"]
    return int(table.insert(row).last_pk)


def add_chunk(
    connection: Connection, number: int, stored: int, spans: Sequence[tuple[int, int, int, int]]
) -> None:
    """Note a chunk of a running import: how many hits it stored, and which ids they took."""
    running = connection.execute(
        "UPDATE import SET stored = stored + ? WHERE id = ? AND state = 'running'", (stored, number)
    ).rowcount
    if not running:
        raise Refused(f"import {number} is not running any more")
    connection.executemany(
        "INSERT INTO import_span (import, site, day, first, last) VALUES (?, ?, ?, ?, ?)",
        [(number, *span) for span in spans],
    )


def set_state(connection: Connection, number: int, state: str) -> None:
    """Note how an import stands."""
    connection.execute("UPDATE import SET state = ? WHERE id = ?", (state, number))


def end(connection: Connection, number: int, fingerprint: str, summary: str) -> None:
    """Note that an import is done, and what its content was."""
    running = connection.execute(
        "UPDATE import SET state = 'done', fingerprint = ?, summary = ? WHERE id = ? AND state = 'running'",
        (fingerprint, summary, number),
    ).rowcount
    if not running:
        raise Refused(f"import {number} is not running any more")


def cut_off(connection: Connection) -> None:
    """Note that nobody works at any import any more."""
    connection.execute("UPDATE import SET state = 'cut off' WHERE state IN ('running', 'undoing')")


def forget(connection: Connection, number: int) -> None:
    """Take an import of which nothing is stored out of the list."""
    connection.execute("DELETE FROM import WHERE id = ?", (number,))


def list_earlier(connection: Connection, site: int) -> list[Earlier]:
    """Imports of a site's access logs of which something is stored, oldest first."""
    rows = connection.execute(
        "SELECT id, file, fingerprint, state, stored, summary FROM import"
        " WHERE site = ? AND kind = 'access-log' ORDER BY id",
        (site,),
    ).fetchall()
    found = []
    for number, file, fingerprint, state, stored, summary in rows:
        days = _days_of(connection, site, number)
        span = _find_span(connection, site, number, days, msgspec.json.decode(summary)) if days else None
        if span is not None:
            found.append(Earlier(number, file, fingerprint, state, stored, span, 0))
    # Of the others nobody asks it, and it is to look through a day: what was cut off may be taken back first.
    last = max((one.span.last for one in found if one.state == "done"), default=0)
    return [
        replace(one, in_last_second=_count_at(connection, site, one)) if one.span.last >= last else one
        for one in found
    ]


OF_IMPORT = (
    " FROM import_span AS span JOIN hit ON hit.site = span.site AND hit.day = span.day"
    " AND hit.id BETWEEN span.first AND span.last WHERE span.import = ? AND span.site = ?"
)


def _days_of(connection: Connection, site: int, number: int) -> list[int]:
    """The days that an import has, or had, hits of."""
    query = "SELECT DISTINCT day FROM import_span WHERE import = ? AND site = ? ORDER BY day"
    return [day for (day,) in connection.execute(query, (number, site))]


def _find_span(
    connection: Connection, site: int, number: int, days: Sequence[int], summary: Mapping[str, Any]
) -> Moments | None:
    """The times of an import's first and last hit, as it noted them; None when it has none any more.

    Where it noted none (it was cut off, or is old), only its outer days are looked at: there may be millions.
    """
    if summary.get("first"):
        is_there = connection.execute(f"SELECT 1 {OF_IMPORT} LIMIT 1", (number, site)).fetchone()
        return Moments(summary["first"], summary["last"]) if is_there else None

    def ask(what: str, days: Iterable[int]) -> int:
        query = f"SELECT {what} {OF_IMPORT} AND span.day = ?"
        found = (connection.execute(query, (number, site, day)).fetchone()[0] for day in days)
        # Days of which everything was erased since say nothing.
        return next(filter(None, found), 0)

    first, last = ask("min(hit.at)", days), ask("max(hit.at)", reversed(days))
    return Moments(first, last) if last else None


def _count_at(connection: Connection, site: int, one: Earlier) -> int:
    """How many hits of an import have the time of its last."""
    query = f"SELECT count(*) {OF_IMPORT} AND span.day = ? AND hit.at = ?"
    day = _days_of(connection, site, one.number)[-1]
    return int(connection.execute(query, (one.number, site, day, one.span.last)).fetchone()[0])


def undo_day(connection: Connection, number: int) -> bool:
    """Take an import's hits out of one site-day; False when none are left to take out."""
    row = connection.execute(
        "SELECT site, day FROM import_span WHERE import = ? LIMIT 1", (number,)
    ).fetchone()
    if row is None:
        return False
    site, day = row
    open_day(connection, site, day)
    reset_day(connection, site, day)
    firsts.forget_imported(connection, number, site, day)
    connection.execute(
        "DELETE FROM hit WHERE site = ?1 AND day = ?2 AND EXISTS (SELECT 1 FROM import_span AS span"
        " WHERE span.import = ?3 AND span.site = ?1 AND span.day = ?2"
        "   AND hit.id BETWEEN span.first AND span.last)",
        (site, day, number),
    )
    # The numbers of its hits are given again: they must not count as moved by a rename.
    connection.execute(
        "DELETE FROM moved WHERE site = ?1 AND day = ?2 AND EXISTS (SELECT 1 FROM import_span AS span"
        " WHERE span.import = ?3 AND span.site = ?1 AND span.day = ?2"
        "   AND moved.id BETWEEN span.first AND span.last)",
        (site, day, number),
    )
    connection.execute(
        "DELETE FROM import_span WHERE import = ? AND site = ? AND day = ?", (number, site, day)
    )
    last = connection.execute("SELECT max(id) FROM hit WHERE site = ? AND day = ?", (site, day)).fetchone()[0]
    if last is None:
        connection.execute("DELETE FROM site_day WHERE site = ? AND day = ?", (site, day))
    else:
        connection.execute("UPDATE site_day SET stored = ? WHERE site = ? AND day = ?", (last, site, day))
    return True
