"""What an owner changes in the numbers: a ledger of offsets, and paths that move. Each can be undone.

`adjusted` is the ledger: by how much an adjustment moved the count of a page (path 0: of the site).
`page_offset` and `site_offset` are its sums over the adjustments that stand. A rename or merge also
moves raw hits, a site-day at a time, and notes each in `moved`. Everything here runs within the
caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from ..counts import ADD, difference
from ..errors import InputError, Refused
from ..model import SITE, Actor, Adjustment, Amount, Count, Detail
from . import folding, reads, rollup
from .connect import Connection

MOVES = ("rename", "merge")

STANDS = "(state = 'done' OR (state = 'running' AND kind IN ('rename', 'merge')))"
"""Whether the ledger rows of an adjustment count."""

PAGE_OFFSETS = f"""SELECT path, sum(views) AS views, sum(visitors) AS visitors
  FROM adjusted JOIN adjustment ON adjustment.id = adjusted.adjustment
  WHERE path <> 0 AND {STANDS} GROUP BY path HAVING sum(views) <> 0 OR sum(visitors) <> 0"""
SITE_OFFSETS = f"""SELECT adjusted.site, sum(views) AS views, sum(visitors) AS visitors
  FROM adjusted JOIN adjustment ON adjustment.id = adjusted.adjustment
  WHERE path = 0 AND {STANDS} GROUP BY 1 HAVING sum(views) <> 0 OR sum(visitors) <> 0"""

ADD_TO_LEDGER = """
INSERT INTO adjusted (adjustment, path, site, views, visitors, is_set)
VALUES (:adjustment, :path, :site, :views, :visitors, :is_set)
ON CONFLICT (adjustment, path) DO UPDATE
SET views = views + excluded.views, visitors = visitors + excluded.visitors
"""

SITE_FOLLOWS = """
INSERT OR IGNORE INTO adjusted (adjustment, path, site, views, visitors, is_set)
SELECT :id, 0, :site, coalesce(sum(views), 0), coalesce(sum(visitors), 0), 0
FROM adjusted WHERE adjustment = :id AND path <> 0
"""

APPLY_TO_PAGES = """
INSERT INTO page_offset (path, views, visitors)
SELECT path, :sign * views, :sign * visitors FROM adjusted WHERE adjustment = :id AND path <> 0
ON CONFLICT (path) DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors
"""
APPLY_TO_SITE = """
INSERT INTO site_offset (site, views, visitors)
SELECT site, :sign * views, :sign * visitors FROM adjusted WHERE adjustment = :id AND path = 0
ON CONFLICT (site) DO UPDATE SET views = views + excluded.views, visitors = visitors + excluded.visitors
"""

SUMMARY = """
SELECT count(CASE WHEN path <> 0 THEN 1 END),
       coalesce(sum(CASE WHEN path = 0 THEN views END), 0),
       coalesce(sum(CASE WHEN path = 0 THEN visitors END), 0),
       coalesce(sum(CASE WHEN path <> 0 THEN views END), 0),
       coalesce(sum(CASE WHEN path <> 0 THEN visitors END), 0)
FROM adjusted WHERE adjustment = ?
"""

LATER = f"""
SELECT min(later.adjustment) FROM adjusted AS mine
JOIN adjusted AS later USING (site, path) JOIN adjustment ON adjustment.id = later.adjustment
WHERE mine.adjustment = :id AND later.adjustment > :id AND later.is_set
  AND ({STANDS} OR state = 'undoing')
"""

NEXT_DAY = """
SELECT day FROM site_day WHERE site = :site AND day > :after AND EXISTS (
  SELECT 1 FROM hit WHERE hit.site = site_day.site AND hit.day = site_day.day AND hit.path = :path)
ORDER BY day LIMIT 1
"""


class Progress(msgspec.Struct, frozen=True):
    """What one step of an adjustment did: is there more, and which site-day waits to be folded."""

    more: bool
    site: int
    day: int | None = None


def read(connection: Connection, number: int) -> Adjustment:
    """An adjustment; InputError when there is none of that number."""
    found = select(connection, "adjustment.id = ?", number)
    if not found:
        hint = "See: pagetally counter list"
        raise InputError("adjustment", f"there is none of the number {number}", hint=hint)
    return found[0]


def select(
    connection: Connection, where: str = "?1 IS NULL OR site = ?1", value: object = None
) -> list[Adjustment]:
    """Adjustments, oldest first: of a site, or of every one."""
    rows = connection.execute(
        f"SELECT id, site, at, kind, state, detail FROM adjustment WHERE {where} ORDER BY id", (value,)
    )
    return [
        Adjustment(id, site, at, kind, state, msgspec.json.decode(detail, type=Detail))
        for id, site, at, kind, state, detail in rows.fetchall()
    ]


def unfinished(connection: Connection) -> list[Adjustment]:
    """Moves that are under way, forwards or back."""
    return select(connection, "kind IN ('rename', 'merge') AND state IN ('running', ?)", "undoing")


def begin(connection: Connection, site: int, at: int, kind: str, detail: Detail) -> int:
    """Note an adjustment that starts; its number."""
    text = msgspec.json.encode(detail).decode()
    row = connection.execute(
        "INSERT INTO adjustment (site, at, kind, state, detail) VALUES (?, ?, ?, 'running', ?) RETURNING id",
        (site, at, kind, text),
    ).fetchone()
    return int(row[0])


def save(connection: Connection, number: int, state: str, detail: Detail) -> None:
    """Note how an adjustment stands."""
    text = msgspec.json.encode(detail).decode()
    connection.execute("UPDATE adjustment SET state = ?, detail = ? WHERE id = ?", (state, text, number))


# Counts: staged in the ledger, then applied all at once


def stage(connection: Connection, number: int, amounts: Sequence[Amount]) -> None:
    """Write into the ledger what an adjustment will do to counts; nothing changes yet.

    The paths are canonical; `SITE` is the site itself.
    """
    mine = read(connection, number)
    if mine.state != "running":
        raise Refused(f"adjustment {number} is not running any more")
    paths = [amount.path for amount in amounts if amount.path != SITE]
    counted = {path: count for path, _, count in reads.raw_page_counts(connection, mine.site, paths)}
    for amount in amounts:
        if amount.path == SITE:
            path, now = 0, reads.raw_site_count(connection, mine.site)
        else:
            path = path_id(connection, mine.site, amount.path, amount.title)
            now = counted.get(amount.path, Count())
        moved = difference(mine.detail.strategy, now, amount)
        is_set = int(mine.detail.strategy != ADD)
        _post(connection, mine, path, moved, is_set)


def _post(connection: Connection, mine: Adjustment, path: int, moved: Count, is_set: int) -> None:
    row = {"adjustment": mine.id, "path": path, "site": mine.site, "is_set": is_set}
    connection.execute(ADD_TO_LEDGER, row | {"views": moved.views, "visitors": moved.visitors})


def path_id(connection: Connection, site: int, path: str, title: str = "") -> int:
    """The number of a page, which gets a row if it has none."""
    connection.execute("INSERT OR IGNORE INTO path (site, path, title) VALUES (?, ?, ?)", (site, path, title))
    row = connection.execute("SELECT id FROM path WHERE site = ? AND path = ?", (site, path)).fetchone()
    return int(row[0])


def finish(connection: Connection, number: int) -> None:
    """Apply what was staged, all of it. The site's count follows its pages unless it was given itself."""
    mine = read(connection, number)
    if mine.state != "running":
        raise Refused(f"adjustment {number} is not running any more")
    if not mine.detail.pages_only:
        connection.execute(SITE_FOLLOWS, {"id": number, "site": mine.site})
    _apply(connection, number, 1)
    if mine.kind == "exclude":
        _set_excluded(connection, mine, is_excluded=True)
    save(connection, number, "done", summed(connection, number, mine.detail))


def summed(connection: Connection, number: int, detail: Detail) -> Detail:
    """An adjustment's detail with how many pages it changed, and by how much it moved the site and them."""
    names = ("pages", "views", "visitors", "page_views", "page_visitors")
    found = connection.execute(SUMMARY, (number,)).fetchone()
    return replace(detail, **dict(zip(names, found, strict=True)))


def _apply(connection: Connection, number: int, sign: int) -> None:
    for statement in (APPLY_TO_PAGES, APPLY_TO_SITE):
        connection.execute(statement, {"id": number, "sign": sign})


def _set_excluded(connection: Connection, mine: Adjustment, *, is_excluded: bool) -> None:
    text = connection.execute("SELECT exclude_paths FROM site WHERE id = ?", (mine.site,)).fetchone()[0]
    patterns = [pattern for pattern in msgspec.json.decode(text) if pattern != mine.detail.path]
    if is_excluded:
        patterns.append(mine.detail.path)
    connection.execute(
        "UPDATE site SET exclude_paths = ? WHERE id = ?",
        (msgspec.json.encode(patterns).decode(), mine.site),
    )


# Moves: a path's hits to another path, a site-day at a time


def begin_move(connection: Connection, site: int, at: int, kind: str, detail: Detail) -> int:
    """Start to move a page's hits and offset to another path; its number.

    From here on the path is an alias of the other. Refused while another move of the site is under way.
    """
    for other in unfinished(connection):
        if other.site == site:
            raise Refused(f"adjustment {other.id} is under way", hint="Wait for it, or undo it.")
    row = connection.execute(
        "SELECT id, title FROM path WHERE site = ? AND path = ?", (site, detail.path)
    ).fetchone()
    if row is None:
        raise InputError("path", f"{detail.path!r} has no count here")
    source, title = row
    target = path_id(connection, site, detail.target, title)
    detail = replace(detail, source_id=source, target_id=target)
    number = begin(connection, site, at, kind, detail)
    mine = read(connection, number)
    offset = connection.execute(
        "SELECT views, visitors FROM page_offset WHERE path = ?", (source,)
    ).fetchone()
    views, visitors = offset or (0, 0)
    # Both rows, even where nothing moves: what came before and after knows by them that it is touched.
    _post(connection, mine, source, Count(-views, -visitors), 1)
    _post(connection, mine, target, Count(views, visitors), 0)
    _apply(connection, number, 1)
    connection.execute("INSERT INTO path_alias VALUES (?, ?, ?)", (site, detail.path, detail.target))
    _forget_firsts(connection, detail)
    return number


def _forget_firsts(connection: Connection, detail: Detail) -> None:
    """The first views of both pages are found again by the schedule (`firsts`)."""
    ids = (detail.source_id, detail.target_id)
    connection.execute("DELETE FROM page_first WHERE path IN (?, ?)", ids)


def advance(connection: Connection, number: int) -> Progress:
    """Take a move, or its undoing, one site-day further."""
    mine = read(connection, number)
    if mine.state == "undoing":
        return _move_back(connection, mine)
    if mine.state != "running" or mine.kind not in MOVES:
        return Progress(False, mine.site)
    place = {"site": mine.site, "after": mine.detail.after, "path": mine.detail.source_id}
    row = connection.execute(NEXT_DAY, place).fetchone()
    if row is None:
        return _end_move(connection, mine)
    day = int(row[0])
    rollup.open_day(connection, mine.site, day)
    folding.reset_day(connection, mine.site, day)
    here = place | {"number": number, "day": day, "target": mine.detail.target_id}
    connection.execute(
        "INSERT INTO moved (adjustment, site, day, id) SELECT :number, site, day, id FROM hit"
        " WHERE site = :site AND day = :day AND path = :path",
        here,
    )
    connection.execute(
        "UPDATE hit SET path = :target WHERE site = :site AND day = :day AND path = :path", here
    )
    save(connection, number, "running", replace(mine.detail, after=day))
    return Progress(True, mine.site, day)


def _end_move(connection: Connection, mine: Adjustment) -> Progress:
    if mine.detail.is_checked:
        _forget_firsts(connection, mine.detail)
        save(connection, mine.id, "done", summed(connection, mine.id, mine.detail))
        return Progress(False, mine.site)
    # Once more from the start: a view may have been on its way when the alias was made.
    save(connection, mine.id, "running", replace(mine.detail, after=-1, is_checked=True))
    return Progress(True, mine.site)


def _move_back(connection: Connection, mine: Adjustment) -> Progress:
    row = connection.execute(
        "SELECT day FROM moved WHERE adjustment = ? AND site = ? LIMIT 1", (mine.id, mine.site)
    ).fetchone()
    if row is None:
        _forget_firsts(connection, mine.detail)
        save(connection, mine.id, "undone", mine.detail)
        return Progress(False, mine.site)
    day = int(row[0])
    rollup.open_day(connection, mine.site, day)
    folding.reset_day(connection, mine.site, day)
    here = {"number": mine.id, "site": mine.site, "day": day, "path": mine.detail.source_id}
    ids = "SELECT id FROM moved WHERE adjustment = :number AND site = :site AND day = :day"
    connection.execute(
        f"UPDATE hit SET path = :path WHERE site = :site AND day = :day AND id IN ({ids})", here
    )
    connection.execute("DELETE FROM moved WHERE adjustment = :number AND site = :site AND day = :day", here)
    return Progress(True, mine.site, day)


def begin_undo(connection: Connection, number: int, actor: Actor) -> Progress:
    """Take an adjustment back, as `actor` wants: counts at once, a move day by day with `advance`.

    Refused while a later one stands that set the same counts, because it was made with this in them.
    """
    mine = read(connection, number)
    if mine.state == "undone":
        raise InputError("adjustment", f"{number} is undone already")
    if mine.state == "undoing":
        return Progress(True, mine.site)
    if mine.kind == "retention":
        raise Refused(
            f"adjustment {number} keeps the counts of days that are erased; it cannot be taken back"
        )
    later = connection.execute(LATER, {"id": number}).fetchone()[0]
    if later is not None:
        hint = f"Undo that first: pagetally counter undo {later}"
        raise Refused(f"adjustment {later} came after {number} and set the same counts", hint=hint)
    detail = replace(mine.detail, undone=actor)
    if mine.kind in MOVES:
        _apply(connection, number, -1)
        _drop_alias(connection, mine)
        save(connection, number, "undoing", detail)
        return Progress(True, mine.site)
    if mine.state == "done":
        _apply(connection, number, -1)
        if mine.kind == "exclude":
            _set_excluded(connection, mine, is_excluded=False)
    save(connection, number, "undone", detail)
    return Progress(False, mine.site)


def _drop_alias(connection: Connection, mine: Adjustment) -> None:
    detail = mine.detail
    connection.execute("DELETE FROM path_alias WHERE site = ? AND path = ?", (mine.site, detail.path))
    _forget_firsts(connection, detail)


def drop_staged(connection: Connection) -> None:
    """At the start: what a crash left staged was never applied, and never will be."""
    connection.execute(
        "UPDATE adjustment SET state = 'undone' WHERE state = 'running' AND kind NOT IN ('rename', 'merge')"
    )


def rebuild_offsets(connection: Connection) -> None:
    """The offsets anew from the ledger."""
    for table, sums in (("page_offset", PAGE_OFFSETS), ("site_offset", SITE_OFFSETS)):
        connection.execute(f"DELETE FROM {table}")
        connection.execute(f"INSERT INTO {table} {sums}")
