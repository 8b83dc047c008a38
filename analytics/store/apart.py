"""What is kept apart from the counted hits, and the rules that move hits there and back.

A rule goes through the days of a site, each in one transaction: it takes the day out of everything derived,
moves its hits, and leaves it to be folded anew. Hits that came in apart have negative ids; a released hit
gets a new one, which `released` notes; a condemned one keeps its id.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..dimensions import find_dimension
from ..errors import InputError, Refused
from ..filters import read_condition, tester
from ..model import Count, Drop, Dropped, Effect, Hit, Range, Rule
from ..rules import column_of
from . import folding, rollup
from .adjust import Progress
from .columns import read_lookup
from .connect import Connection
from .ingest import Ingest

DAYS_KEPT = 90
"""Days for which what came in apart is kept."""

COLUMNS = "site, day, id, at, visitor, kind, name, path, source, detail, client, place"
REST = "at, visitor, kind, name, path, source, detail, client, place"


def add(connection: Connection, ingest: Ingest, drops: Sequence[tuple[Hit, Drop]]) -> None:
    """Keep the hits of drops apart, within the caller's transaction."""
    least = connection.execute("SELECT min(id) FROM apart").fetchone()[0]
    # No title: what a machine says must not rename a page.
    plain = [msgspec.structs.replace(hit, title="") for hit, _ in drops]
    rows = ingest.make_rows(plain, min(least or 0, 0) - 1, -1)
    connection.executemany(
        f"INSERT INTO apart ({COLUMNS}, reason, rule) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [(*row, drop.reason, drop.rule) for row, (_, drop) in zip(rows, drops, strict=True)],
    )
    note_released(connection, [(hit, row) for hit, row in zip(plain, rows, strict=True) if hit.released])


def note_released(connection: Connection, rows: Sequence[tuple[Hit, Sequence[object]]]) -> None:
    """Note by which rule hits count, or would if no other took them out, by their rows."""
    found = [(hit.released, row) for hit, row in rows if hit.released]
    connection.executemany(
        "INSERT INTO released (rule, site, day, id, reason) VALUES (?, ?, ?, ?, ?)",
        [(rule, site, day, id, reason) for (rule, reason), (site, day, id, *_) in found],
    )


def purge(connection: Connection, today: int) -> None:
    """Forget what came in apart long ago; what a rule moved stays, to be moved back."""
    connection.execute("DELETE FROM apart WHERE day < ? AND (rule = 0 OR id < 0)", (today - DAYS_KEPT,))
    connection.execute("DELETE FROM released WHERE day < ? AND id < 0", (today - DAYS_KEPT,))


# Looking

BY_REASON = """SELECT day, reason, count(*) FROM apart WHERE site = ? AND day BETWEEN ? AND ? AND kind = 0
  GROUP BY day, reason"""
BY_CLIENT = """SELECT client.browser, apart.reason, count(*), count(DISTINCT apart.path), max(apart.at)
  FROM apart JOIN client ON client.id = apart.client
  WHERE site = ? AND day BETWEEN ? AND ? AND kind = 0 GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT ?"""
PAGES_OF = """SELECT path.path, count(*) FROM apart JOIN client ON client.id = apart.client
  JOIN path ON path.id = apart.path
  WHERE apart.site = :site AND day BETWEEN :first AND :last AND kind = 0
    AND client.browser IN (SELECT value FROM json_each(:names)) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit"""


def by_reason(connection: Connection, site: int, span: Range) -> list[tuple[int, str, Dropped]]:
    """(day, reason, how often) of the views that are kept apart."""
    rows = connection.execute(BY_REASON, (site, span.first, span.last))
    return [(day, reason, Dropped(views)) for day, reason, views in rows]


def by_client(
    connection: Connection, site: int, span: Range, limit: int
) -> list[tuple[str, str, int, int, int]]:
    """(name, reason, views, pages, time of the last) by what sent them, most first."""
    return connection.execute(BY_CLIENT, (site, span.first, span.last, limit)).fetchall()


def pages_of(
    connection: Connection, site: int, span: Range, names: Sequence[str], limit: int
) -> list[tuple[str, int]]:
    """(path, views) of what some machines fetched, most first."""
    place = {"site": site, "first": span.first, "last": span.last, "limit": limit}
    return connection.execute(PAGES_OF, place | {"names": _json(names)}).fetchall()


def _json(values: Sequence[object]) -> str:
    return msgspec.json.encode(values).decode()


# Rules

FIELDS = "id, site, action, filter, state, day"


def list_rules(connection: Connection, site: int | None = None) -> list[Rule]:
    """Rules of a site, or of all, oldest first."""
    rows = connection.execute(f"SELECT {FIELDS} FROM rule WHERE ?1 IS NULL OR site = ?1 ORDER BY id", (site,))
    return [Rule(*row) for row in rows.fetchall()]


def unfinished(connection: Connection) -> list[int]:
    """Numbers of the rules that are under way, forwards or back."""
    return [rule.id for rule in list_rules(connection) if rule.state in ("running", "undoing")]


def find(connection: Connection, number: int) -> Rule:
    """The rule of a number; InputError when there is none."""
    rows = [rule for rule in list_rules(connection) if rule.id == number]
    if not rows:
        raise InputError("rule", f"there is none of the number {number}", hint="See: pagetally rule list")
    return rows[0]


def begin(connection: Connection, rule: Rule, now: int) -> int:
    """Note a rule that starts; its number. InputError for a filter that no hit can meet by itself."""
    column_of(rule.filter)
    row = connection.execute(
        "INSERT INTO rule (site, action, filter, state, created) VALUES (?, ?, ?, 'running', ?) RETURNING id",
        (rule.site, rule.action, rule.filter, now),
    ).fetchone()
    return int(row[0])


def begin_undo(connection: Connection, number: int) -> None:
    """Begin to take a rule back."""
    rule = find(connection, number)
    if rule.state in ("undone", "undoing"):
        raise Refused(f"rule {number} is undone already")
    later = [one.id for one in list_rules(connection, rule.site) if one.id > number and one.state != "undone"]
    if later:
        hint = f"Undo that first: pagetally rule undo {later[-1]}"
        raise Refused(f"rule {later[-1]} came after it", hint=hint)
    connection.execute("UPDATE rule SET state = 'undoing', day = -1 WHERE id = ?", (number,))


def chosen(connection: Connection, rule: Rule) -> tuple[str, str]:
    """The column, and the ids (as JSON) in it, of the hits that a rule is about."""
    column = column_of(rule.filter)
    one = read_condition(rule.filter)
    lookup = read_lookup(connection, rule.site, find_dimension(one.dimension))
    test = tester(one)
    table = [test(word) != one.is_negative for word in lookup.words]
    ids = [id for id, code in enumerate(lookup.codes.tolist()) if table[code]]
    return column, _json(ids)


WOULD_CHANGE = """
WITH counted AS (SELECT day, visitor, {column} IN (SELECT value FROM json_each(:ids)) AS is_meant, 1 AS is_now
    FROM hit WHERE site = :site AND kind = 0),
  away AS (SELECT day, visitor, {column} IN (SELECT value FROM json_each(:ids)) AS is_meant, 0 AS is_now
    FROM apart WHERE site = :site AND kind = 0 AND rule = 0)
SELECT day, sum(is_now), count(DISTINCT CASE WHEN is_now THEN visitor END),
       sum({stays}), count(DISTINCT CASE WHEN {stays} THEN visitor END)
FROM (SELECT * FROM counted UNION ALL SELECT * FROM away)
GROUP BY day HAVING sum(is_now) <> sum({stays}) ORDER BY day
"""


def preview(connection: Connection, rule: Rule) -> list[Effect]:
    """The days that a rule would change, with views and visitors before and after. Stores nothing."""
    column, ids = chosen(connection, rule)
    stays = "is_now AND NOT is_meant" if rule.action == "condemn" else "is_now OR is_meant"
    sql = WOULD_CHANGE.format(column=column, stays=f"({stays})")
    rows = connection.execute(sql, {"site": rule.site, "ids": ids}).fetchall()
    return [Effect(day, Count(views, people), Count(v, p)) for day, views, people, v, p in rows]


def advance(connection: Connection, ingest: Ingest, number: int) -> Progress:
    """Take a rule, or its undoing, one site-day further."""
    rule = find(connection, number)
    if rule.state not in ("running", "undoing"):
        return Progress(False, rule.site)
    if rule.state == "undoing":
        return _undo_day(connection, ingest, rule)
    column, ids = chosen(connection, rule)
    table = "hit" if rule.action == "condemn" else "apart"
    place = {"site": rule.site, "after": rule.day, "ids": ids, "rule": rule.id}
    meant = f"{column} IN (SELECT value FROM json_each(:ids))"
    if rule.action == "release":
        # What a rule took out comes back when that rule is undone.
        meant += " AND rule = 0"
    row = connection.execute(
        f"SELECT min(day) FROM {table} WHERE site = :site AND day > :after AND {meant}", place
    ).fetchone()
    if row[0] is None:
        return _end(connection, rule, "done")
    place["day"] = day = int(row[0])
    reset(connection, rule.site, day)
    here = f"site = :site AND day = :day AND {meant}"
    if rule.action == "condemn":
        connection.execute(
            f"INSERT INTO apart ({COLUMNS}, reason, rule)"
            f" SELECT {COLUMNS}, 'rule', :rule FROM hit WHERE {here}",
            place,
        )
        connection.execute(f"DELETE FROM hit WHERE {here}", place)
    else:
        _release(connection, ingest, place, here)
    settle(connection, rule.site, day)
    connection.execute("UPDATE rule SET day = :day WHERE id = :rule", place)
    return Progress(True, rule.site, day)


def _release(connection: Connection, ingest: Ingest, place: dict[str, object], here: str) -> None:
    """Move hits of a day back among the counted ones, under new numbers."""
    rows = connection.execute(f"SELECT id, reason FROM apart WHERE {here}", place).fetchall()
    first = ingest.next_ids(len(rows))
    for number, (id, reason) in enumerate(rows, first):
        names = place | {"number": number, "id": id, "reason": reason}
        connection.execute(
            f"INSERT INTO hit (site, day, id, {REST}) SELECT site, day, :number, {REST} FROM apart"
            " WHERE site = :site AND day = :day AND id = :id",
            names,
        )
        connection.execute("INSERT INTO released VALUES (:rule, :site, :day, :number, :reason)", names)
    connection.execute(f"DELETE FROM apart WHERE {here}", place)


def _undo_day(connection: Connection, ingest: Ingest, rule: Rule) -> Progress:
    place: dict[str, object] = {"site": rule.site, "rule": rule.id}
    table = "apart" if rule.action == "condemn" else "released"
    row = connection.execute(
        f"SELECT day FROM {table} WHERE site = :site AND rule = :rule LIMIT 1", place
    ).fetchone()
    if row is None:
        return _end(connection, rule, "undone")
    place["day"] = day = int(row[0])
    reset(connection, rule.site, day)
    here = "site = :site AND day = :day AND rule = :rule"
    if rule.action == "condemn":
        _bring_back(connection, ingest, place, here)
    else:
        connection.execute(
            f"INSERT INTO apart ({COLUMNS}, reason) SELECT {COLUMNS}, reason FROM hit"
            " JOIN released USING (site, day, id) WHERE site = :site AND day = :day AND rule = :rule",
            place,
        )
        ids = f"SELECT id FROM released WHERE {here}"
        connection.execute(f"DELETE FROM hit WHERE site = :site AND day = :day AND id IN ({ids})", place)
        connection.execute(f"DELETE FROM released WHERE {here}", place)
    settle(connection, rule.site, day)
    return Progress(True, rule.site, day)


def _bring_back(connection: Connection, ingest: Ingest, place: dict[str, object], here: str) -> None:
    """Put what a rule took out of a day back: what it kept from being counted under new numbers."""
    connection.execute(
        f"INSERT INTO hit ({COLUMNS}) SELECT {COLUMNS} FROM apart WHERE {here} AND id > 0", place
    )
    came = f"SELECT id FROM apart WHERE {here} AND id < 0 ORDER BY id DESC"
    rows = connection.execute(came, place).fetchall()
    first = ingest.next_ids(len(rows))
    for number, (id,) in enumerate(rows, first):
        names = place | {"number": number, "id": id}
        connection.execute(
            f"INSERT INTO hit (site, day, id, {REST}) SELECT site, day, :number, {REST} FROM apart"
            " WHERE site = :site AND day = :day AND id = :id",
            names,
        )
        connection.execute(
            "UPDATE released SET id = :number WHERE site = :site AND day = :day AND id = :id", names
        )
    connection.execute(f"DELETE FROM apart WHERE {here}", place)


def reset(connection: Connection, site: int, day: int) -> None:
    """Take a day out of everything derived, before its hits change."""
    rollup.open_day(connection, site, day)
    connection.execute("INSERT OR IGNORE INTO site_day (site, day, stored) VALUES (?, ?, 0)", (site, day))
    folding.reset_day(connection, site, day)


def settle(connection: Connection, site: int, day: int) -> None:
    """The day's last number is that of its last hit; a day without hits is none; first views are sought."""
    connection.execute("DELETE FROM page_first WHERE path IN (SELECT id FROM path WHERE site = ?)", (site,))
    last = connection.execute("SELECT max(id) FROM hit WHERE site = ? AND day = ?", (site, day)).fetchone()[0]
    if last is None:
        connection.execute("DELETE FROM site_day WHERE site = ? AND day = ?", (site, day))
    else:
        connection.execute("UPDATE site_day SET stored = ? WHERE site = ? AND day = ?", (last, site, day))


def _end(connection: Connection, rule: Rule, state: str) -> Progress:
    connection.execute("UPDATE rule SET state = ?, day = -1 WHERE id = ?", (state, rule.id))
    return Progress(False, rule.site)
