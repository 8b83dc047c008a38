"""Imports: hits that came from somewhere else, known by the spans of hit ids they took.

An import can be undone: its hits are deleted, and the site-days they were in are folded anew. One
that a crash interrupted is undone before the same file is imported again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from .connect import Connection
from .folding import reset_day
from .rollup import open_day


def begin(connection: Connection, row: dict[str, object]) -> int:
    """Note an import that starts; its id."""
    return int(Database(connection)["import"].insert(row).last_pk)  # type: ignore[union-attr]


def add_spans(connection: Connection, number: int, spans: Sequence[tuple[int, int, int, int]]) -> None:
    """Note which ids a chunk of the import took."""
    connection.executemany(
        "INSERT INTO import_span (import, site, day, first, last) VALUES (?, ?, ?, ?, ?)",
        [(number, *span) for span in spans],
    )


def set_state(connection: Connection, number: int, state: str, stored: int = 0, summary: str = "") -> None:
    """Note how an import stands; `stored` is added to the hits it stored."""
    connection.execute(
        "UPDATE import SET state = ?, stored = stored + ?, summary = CASE ? WHEN '' THEN summary ELSE ? END"
        " WHERE id = ?",
        (state, stored, summary, summary, number),
    )


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
    connection.execute(
        "DELETE FROM hit WHERE site = ?1 AND day = ?2 AND EXISTS (SELECT 1 FROM import_span AS span"
        " WHERE span.import = ?3 AND span.site = ?1 AND span.day = ?2"
        "   AND hit.id BETWEEN span.first AND span.last)",
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
