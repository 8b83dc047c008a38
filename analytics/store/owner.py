"""What an owner keeps besides the figures: keys of programs, goals, segments, notes on days."""

from __future__ import annotations

from ..goals import Kept
from ..model import Annotation, ApiToken, DigitImage, DigitSet, Goal, Range, Segment
from .connect import Connection


def list_tokens(connection: Connection) -> list[ApiToken]:
    """Every token, oldest first."""
    rows = connection.execute("SELECT id, site, scope, digest, note, created FROM api_token ORDER BY id")
    return [ApiToken(*row) for row in rows]


def add_token(connection: Connection, token: ApiToken) -> int:
    """Keep a token (whose id is 0); its id."""
    row = connection.execute(
        "INSERT INTO api_token (site, scope, digest, note, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (token.site, token.scope, token.digest, token.note, token.created),
    ).fetchone()
    return int(row[0])


def remove_token(connection: Connection, number: int) -> bool:
    """Whether there was a token of that number; now there is none."""
    return connection.execute("DELETE FROM api_token WHERE id = ?", (number,)).rowcount > 0


def read_kept(connection: Connection, site: int) -> Kept:
    """The goals and the segments of a site, by name."""
    goals = connection.execute(
        "SELECT id, site, name, kind, target, amount FROM goal WHERE site = ? ORDER BY name", (site,)
    )
    segments = connection.execute(
        "SELECT id, site, name, filters FROM segment WHERE site = ? ORDER BY name", (site,)
    )
    return Kept([Goal(*row) for row in goals.fetchall()], [Segment(*row) for row in segments.fetchall()])


def save_goal(connection: Connection, goal: Goal, now: int) -> int:
    """Keep a goal, in place of the one of its number, or of one of the same name; its number."""
    if goal.id:
        connection.execute(
            "UPDATE goal SET name = ?, kind = ?, target = ?, amount = ? WHERE site = ? AND id = ?",
            (goal.name, goal.kind, goal.target, goal.amount, goal.site, goal.id),
        )
        return goal.id
    row = connection.execute(
        "INSERT INTO goal (site, name, kind, target, amount, created) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (site, name) DO UPDATE SET kind = excluded.kind, target = excluded.target,"
        " amount = excluded.amount RETURNING id",
        (goal.site, goal.name, goal.kind, goal.target, goal.amount, now),
    ).fetchone()
    return int(row[0])


def save_segment(connection: Connection, segment: Segment, now: int) -> int:
    """Keep filters, in place of those of their number, or of the same name; their number."""
    if segment.id:
        connection.execute(
            "UPDATE segment SET name = ?, filters = ? WHERE site = ? AND id = ?",
            (segment.name, segment.filters, segment.site, segment.id),
        )
        return segment.id
    row = connection.execute(
        "INSERT INTO segment (site, name, filters, created) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (site, name) DO UPDATE SET filters = excluded.filters RETURNING id",
        (segment.site, segment.name, segment.filters, now),
    ).fetchone()
    return int(row[0])


def add_annotation(connection: Connection, note: Annotation, now: int) -> int:
    """Keep a note on a day; its number."""
    row = connection.execute(
        "INSERT INTO annotation (site, day, at, text, link) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (note.site, note.day, now, note.text, note.link),
    ).fetchone()
    return int(row[0])


def list_annotations(connection: Connection, site: int, span: Range) -> list[Annotation]:
    """The notes on the days of a range, oldest first."""
    rows = connection.execute(
        "SELECT id, site, day, text, link FROM annotation WHERE site = ? AND day BETWEEN ? AND ?"
        " ORDER BY day, id",
        (site, span.first, span.last),
    )
    return [Annotation(*row) for row in rows.fetchall()]


def list_digit_sets(connection: Connection) -> list[DigitSet]:
    """The owner's sets of digits, by name."""
    found: dict[str, list[DigitImage]] = {}
    rows = connection.execute("SELECT name, char, mime, width, height, data FROM digit_image")
    for name, *image in rows.fetchall():
        found.setdefault(name, []).append(DigitImage(*image))
    return [DigitSet(name, tuple(images)) for name, images in sorted(found.items())]


def save_digit_set(connection: Connection, own: DigitSet) -> None:
    """Keep a set of digits, in place of one of the same name."""
    remove_digit_set(connection, own.name)
    connection.executemany(
        "INSERT INTO digit_image (name, char, mime, width, height, data) VALUES (?, ?, ?, ?, ?, ?)",
        [(own.name, one.char, one.mime, one.width, one.height, one.data) for one in own.images],
    )


def remove_digit_set(connection: Connection, name: str) -> bool:
    """Whether there was a set of that name; now there is none."""
    return connection.execute("DELETE FROM digit_image WHERE name = ?", (name,)).rowcount > 0


TABLES = ("goal", "segment", "annotation")


def remove_kept(connection: Connection, table: str, site: int, number: int) -> bool:
    """Whether a site had a goal, segment or annotation of that number; now it has none."""
    assert table in TABLES
    return connection.execute(f"DELETE FROM {table} WHERE site = ? AND id = ?", (site, number)).rowcount > 0
