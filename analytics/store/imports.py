"""Imports: hits that came from somewhere else, known by the spans of hit ids they took.

An import can be undone: its hits are deleted, and the site-days they were in are folded anew. One
that a crash interrupted is undone before the same file is imported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    connection.execute(
        "UPDATE import SET state = 'done', fingerprint = ?, summary = ? WHERE id = ?",
        (fingerprint, summary, number),
    )


def cut_off(connection: Connection) -> None:
    """Note that nobody works at any import any more."""
    connection.execute("UPDATE import SET state = 'cut off' WHERE state IN ('running', 'undoing')")


def forget(connection: Connection, number: int) -> None:
    """Take an import of which nothing is stored out of the list."""
    connection.execute("DELETE FROM import WHERE id = ?", (number,))


def list_earlier(connection: Connection, site: int) -> list[Earlier]:
    """Imports of a site's access logs of which something is stored, oldest first."""
    rows = connection.execute(
        "SELECT id, file, fingerprint, state, stored FROM import WHERE site = ? AND kind = 'access-log'"
        " ORDER BY id",
        (site,),
    ).fetchall()
    found = []
    for number, file, fingerprint, state, stored in rows:
        edges = _find_edges(connection, site, number)
        if edges is not None:
            first, last, in_last_second = edges
            span = Moments(first, last)
            found.append(Earlier(number, file, fingerprint, state, stored, span, in_last_second))
    return found


def _find_edges(connection: Connection, site: int, number: int) -> tuple[int, int, int] | None:
    """The times of an import's first and last hit, and how many share the last; None when it has none.

    Only its outer days are looked at: an import may have millions of hits.
    """
    query = "SELECT DISTINCT day FROM import_span WHERE import = ? AND site = ? ORDER BY day"
    days = [day for (day,) in connection.execute(query, (number, site))]

    def ask(what: str, day: int, at: int = 0) -> int:
        query = (
            f"SELECT coalesce({what}, 0) FROM import_span AS span JOIN hit ON hit.site = span.site"
            " AND hit.day = span.day AND hit.id BETWEEN span.first AND span.last"
            " WHERE span.import = ?1 AND span.site = ?2 AND span.day = ?3 AND hit.at >= ?4"
        )
        return int(connection.execute(query, (number, site, day, at)).fetchone()[0])

    # Days of which everything was erased since say nothing.
    first = next(filter(None, (ask("min(hit.at)", day) for day in days)), 0)
    for day in reversed(days):
        if last := ask("max(hit.at)", day):
            return first, last, ask("count(*)", day, last)
    return None


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
