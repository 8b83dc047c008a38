"""Days as columns: made of visits and hits, kept for closed days, read for any.

A column is a blob of numbers, little-endian. If its first byte is 1, 2, 4 or 8, numbers of so many bytes
follow. If it is 128, they are cut in two, and two bytes say how many bits the low and the high part have (0,
1, 2, 4, 8, 16 or 32): then come their count (4 bytes), the least of them (8 bytes), which is taken from each,
all low parts and all high parts. Times are kept relative to two days before the day.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..breakdown import FIGURES, Lookup
from ..columns import NAMES, OF_EVENTS, OF_HITS, OF_STAYS, OF_VIEWS, OF_VISITS, SECONDS, Column, Columns, join
from ..days import month_of, month_start
from ..dimensions import BY_NAME, Dimension
from ..goals import Kept
from ..model import Range
from . import owner
from .bulk import read_numbers
from .connect import Connection
from .reads import CURRENT_VISITS

DAYS_AT_ONCE = 7
"""Days that are in memory together."""

FEW = 10
"""One of so many hits: fewer are looked up one by one."""

VISITS = "visit WHERE site = :site AND day = :day"
VISITS_NOW = "current_visit"
HITS = "hit WHERE site = :site AND day = :day"
INSIDE = (
    (f"{HITS} AND kind = 0", (*OF_VIEWS, "view_second")),
    (f"{HITS} AND kind IN (1, 2)", (*OF_EVENTS, "event_second")),
    (f"{HITS} AND kind = 3", (*OF_STAYS, "stay_second")),
)

EXPRESSIONS = {
    "event_hit": "id",
    "event_name": "name",
    "event_path": "path",
    "view_path": "path",
    "stay_path": "path",
    "stay_time": "CAST(coalesce(detail ->> 'e', 0) AS INTEGER)",
    "stay_scroll": "CAST(coalesce(detail ->> 'sd', 255) AS INTEGER)",
}
"""What those columns are in SQL that do not have the name they have in the table of visits."""
MADE = ("again", "event_visit", "stay_visit", "view_at", "event_at", *SECONDS)
"""Columns that are made of visitors and times."""


def make_day(connection: Connection, site: int, day: int, names: Sequence[str]) -> dict[str, Column]:
    """The columns of a site-day, from its visits and hits, whatever is folded of it."""
    place = {"site": site, "day": day}
    row = connection.execute(
        "SELECT folded, stored FROM site_day WHERE site = :site AND day = :day", place
    ).fetchone()
    after, upto = row or (0, 0)
    if upto > after:
        where = place | {"after": after, "upto": upto}
        visitor, visits = _read(connection, VISITS_NOW, where, "start", OF_VISITS, names, CURRENT_VISITS)
    else:
        visitor, visits = _read(connection, VISITS, place, "start", OF_VISITS, names)
    again = np.zeros(len(visitor), np.int64)
    again[1:] = visitor[1:] == visitor[:-1]
    found = visits | {"again": again}
    for source, columns in INSIDE:
        if not {*names} & {*columns}:
            continue
        owner, inside = _read(connection, source, place, "at", columns, names)
        at = inside.pop("at")
        found |= inside | {name: at // 60 for name in columns if name.endswith("_at")}
        found |= {name: at for name in columns if name in SECONDS}
        for name in columns:
            if name.endswith("_visit"):
                found[name] = _visit_of(visitor, found["start"], owner, at)
    if "exit_client" in names:
        found["exit_client"] = _exit_clients(connection, place, visitor, found["start"])
    return found


def _read(
    connection: Connection,
    source: str,
    place: Mapping[str, int],
    time: str,
    columns: Sequence[str],
    names: Sequence[str],
    tables: str = "",
) -> tuple[Column, dict[str, Column]]:
    """The visitor, and the time and those of some columns that are named, by visitor and time."""
    wanted = [one for one in columns if one in names and one != time and one not in MADE]
    expressions = ["visitor", time, *(EXPRESSIONS.get(one, one) for one in wanted)]
    before = f"WITH {tables}" if tables else ""
    visitor, *numbers = read_numbers(connection, source, expressions, place, before=before)
    # Rows of one time stay in the order in which they came, by id.
    order = np.lexsort((numbers[0], visitor))
    return visitor[order], {name: each[order] for name, each in zip((time, *wanted), numbers, strict=True)}


def _exit_clients(connection: Connection, place: Mapping[str, int], visitor: Column, start: Column) -> Column:
    """The client of the last hit of each visit."""
    owner, at, path, client = read_numbers(connection, HITS, ("visitor", "at", "path", "client"), place)
    order = np.lexsort((path, at, owner))  # as a visit's exit is found; of the same ones the last that came
    visit = _visit_of(visitor, start, owner[order], at[order])
    last = np.flatnonzero(np.diff(visit, append=-1))
    found = np.zeros(len(visitor), np.int64)
    found[visit[last]] = client[order][last]
    return found


def _visit_of(visitor: Column, start: Column, owner: Column, at: Column) -> Column:
    """The place of the visit in which somebody did something at a time: the last that had begun."""
    if not len(owner):
        return owner
    order = np.lexsort((np.concatenate((start, at)), np.concatenate((visitor, owner))))
    # In the order of (visitor, time), with visits before what happened at their very beginning,
    # the visit of a thing is the last one before it.
    is_visit = order < len(visitor)
    latest = np.maximum.accumulate(np.where(is_visit, order, -1))
    found = np.empty(len(owner), np.int64)
    found[order[~is_visit] - len(visitor)] = latest[~is_visit]
    return found


# Keeping


PARTS = 0x80
"""First byte of the blobs of numbers in two parts."""
MANY = 16
"""Numbers from which on that can be shorter."""
WORTH = 0.75
"""Of the length as whole bytes, that a blob of parts has at most: it takes longer to read."""
WIDTHS = (1, 2, 4, 8)


def pack(column: Column) -> bytes:
    """The blob of a column of numbers that are not negative, about as narrow as they are."""
    top = int(column.max(initial=0))
    size = next(size for size in WIDTHS if top < 1 << 8 * size)
    if len(column) >= MANY:
        least = int(column.min())
        low, high = _parts_of((top - least).bit_length())
        if low + high <= WORTH * 8 * size:
            return _pack_parts(column - least, least, low, high)
    return bytes([size]) + column.astype(f"<u{size}").tobytes()


def _parts_of(bits: int) -> tuple[int, int]:
    """The bits of the low and the high part of numbers of so many bits."""
    low = 1 << bits.bit_length() - 1 if bits else 0
    return low, 1 << (bits - low - 1).bit_length() if bits > low else 0


def _pack_parts(column: Column, least: int, low: int, high: int) -> bytes:
    head = bytes([PARTS, low, high]) + len(column).to_bytes(4, "little") + least.to_bytes(8, "little")
    return head + _pack_bits(column & (1 << low) - 1, low) + _pack_bits(column >> low, high)


def _pack_bits(column: Column, bits: int) -> bytes:
    """Numbers of 0, 1, 2, 4, 8, 16 or 32 bits; the lowest bits of a byte come first."""
    if bits >= 8:
        return column.astype(f"<u{bits // 8}").tobytes()
    places = range(8 // bits) if bits else ()
    whole = np.zeros(-(-len(column) * bits // 8), np.uint8)
    for place in places:
        each = column[place :: 8 // bits].astype(np.uint8)
        whole[: len(each)] |= each << place * bits
    return whole.tobytes()


def unpack(data: bytes) -> Column:
    """The column of a blob; small numbers stay small."""
    if data[0] == PARTS:
        return _unpack_parts(data)
    return np.frombuffer(data, f"<u{data[0]}", offset=1)


def _unpack_parts(data: bytes) -> NDArray[Any]:
    low, high = data[1:3]
    count, least = int.from_bytes(data[3:7], "little"), int.from_bytes(data[7:15], "little")
    found = np.full(count, least, np.min_scalar_type(least + (1 << low + high) - 1))
    if low:
        found += _unpack_bits(data[15:], low, count)
    if high:
        found += _unpack_bits(data[15 + -(-count * low // 8) :], high, count).astype(found.dtype) << low
    return found


def _unpack_bits(data: bytes, bits: int, count: int) -> NDArray[Any]:
    if bits >= 8:
        return np.frombuffer(data, f"<u{bits // 8}", count)
    packed = np.frombuffer(data, np.uint8, -(-count * bits // 8))
    if bits == 1:
        return np.unpackbits(packed, count=count, bitorder="little")
    each = 8 // bits
    found = np.empty(each * len(packed), np.uint8)
    for place in range(each):
        found[place::each] = packed >> place * bits & (1 << bits) - 1
    return found[:count]


_EPOCHS = {"start": 1, "view_at": 60, "event_at": 60}
"""Columns of times, and their unit in seconds."""


def _base(day: int, unit: int) -> int:
    return (day - 2) * 86_400 // unit


def pack_day(day: int, columns: Mapping[str, Column]) -> dict[str, bytes]:
    """The blobs of a whole site-day, by name; empty columns are left out."""
    packed = {}
    for name in NAMES:
        column = columns[name]
        if name in _EPOCHS:
            column = column - _base(day, _EPOCHS[name])
        if len(column) or name == "again":
            packed[name] = pack(column)
    return packed


def find_bare_day(connection: Connection, site: int) -> tuple[int, int] | None:
    """A closed day of a site that is not kept as columns yet, as (day, last stored id); None for none."""
    row: tuple[int, int] | None = connection.execute(
        "SELECT day, stored FROM site_day WHERE site = ?1 AND open = 0 AND day NOT IN ("
        " SELECT day FROM day_column WHERE site = ?1 AND name = 'again') LIMIT 1",
        (site,),
    ).fetchone()
    return row


def save_day(connection: Connection, site: int, day: int, stored: int, packed: Mapping[str, bytes]) -> bool:
    """Keep a day's columns, unless it has changed since they were made."""
    row = connection.execute(
        "SELECT 1 FROM site_day WHERE site = ? AND day = ? AND open = 0 AND stored = ?", (site, day, stored)
    ).fetchone()
    if row is None:
        return False
    connection.executemany(
        "INSERT OR REPLACE INTO day_column (site, name, day, data) VALUES (?, ?, ?, ?)",
        [(site, name, day, data) for name, data in packed.items()],
    )
    return True


# Reading


def read_columns(connection: Connection, site: int, span: Range, names: Iterable[str]) -> Iterator[Columns]:
    """The columns of a range of days, some days at a time."""
    wanted = tuple(dict.fromkeys(("again", *names)))
    days = [
        day
        for (day,) in connection.execute(
            "SELECT day FROM site_day WHERE site = ? AND day BETWEEN ? AND ? ORDER BY day",
            (site, span.first, span.last),
        )
    ]
    for start in range(0, len(days), DAYS_AT_ONCE):
        part = days[start : start + DAYS_AT_ONCE]
        kept = {} if {*OF_HITS} & {*wanted} else _kept(connection, site, part, wanted)
        whole = [(day, kept[day] if day in kept else make_day(connection, site, day, wanted)) for day in part]
        yield join(whole, wanted)


def _kept(
    connection: Connection, site: int, days: Sequence[int], names: Sequence[str]
) -> dict[int, dict[str, Column]]:
    """Of the days that are kept as columns, those columns."""
    found: dict[int, dict[str, Column]] = {}
    for name in names:
        rows = connection.execute(
            "SELECT day, data FROM day_column WHERE site = ? AND name = ? AND day BETWEEN ? AND ?",
            (site, name, days[0], days[-1]),
        )
        for day, data in rows:
            column = unpack(data)
            if name in _EPOCHS:
                column = column.astype(np.int64) + _base(day, _EPOCHS[name])
            found.setdefault(day, {})[name] = column
    empty = np.zeros(0, np.int64)
    return {
        day: {name: columns.get(name, empty) for name in names}
        for day, columns in found.items()
        if "again" in columns
    }


def read_lookup(connection: Connection, site: int, dimension: Dimension) -> Lookup:
    """The words of the ids of a dimension's table; of paths only those of the site."""
    table, field = dimension.table, dimension.field
    where = "WHERE site = :site" if table == "path" else ""
    rows = connection.execute(f"SELECT id, {field} FROM {table} {where}", {"site": site}).fetchall()
    ids = np.array([id for id, _ in rows], np.int64)
    codes = np.zeros(ids.max(initial=0) + 1, np.int64)
    words: dict[str, int] = {"": 0, " ": 0}
    codes[ids] = [words.setdefault(word, len(words) - 1) for _, word in rows]
    del words[" "]
    return Lookup(codes, list(words))


PROPERTIES_OF_MANY = """
SELECT group_concat(id), group_concat(detail, char(10)) FROM hit
WHERE site = ? AND day = ? AND id BETWEEN ? AND ? AND kind IN (1, 2) AND detail IS NOT NULL
"""
"""In one row: a million rows would take Python longer than all the rest. JSON has no bare line feed."""
PROPERTIES_OF_FEW = """
SELECT group_concat(id), group_concat(detail, char(10)) FROM hit
WHERE site = ? AND day = ? AND id IN (SELECT value FROM json_each(?)) AND detail IS NOT NULL
"""
HITS_AT_ONCE = 20_000


def read_properties(
    connection: Connection, site: int, day: int, hits: Sequence[int]
) -> tuple[list[int], list[str]]:
    """Of a day's events (ids of hits) those that have properties: their ids, and the properties as JSON."""
    ids: list[int] = []
    texts: list[str] = []
    if not hits:
        return ids, texts
    first, last = min(hits), max(hits)
    # Where many of a day's hits are events, all of them are read sooner than each is looked up.
    is_few = len(hits) * FEW < last - first
    parts: Iterable[tuple[object, ...]] = (
        [
            (msgspec.json.encode([*hits[at : at + HITS_AT_ONCE]]).decode(),)
            for at in range(0, len(hits), HITS_AT_ONCE)
        ]
        if is_few
        else [(at, min(at + HITS_AT_ONCE - 1, last)) for at in range(first, last + 1, HITS_AT_ONCE)]
    )
    for part in parts:
        sql = PROPERTIES_OF_FEW if is_few else PROPERTIES_OF_MANY
        numbers, details = connection.execute(sql, (site, day, *part)).fetchone()
        if numbers is not None:
            ids += msgspec.json.decode(f"[{numbers}]")
            texts += details.split("\n")
    return ids, texts


class ColumnSource:
    """What breakdowns ask of a database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[int, str], Lookup] | None = None

    @contextlib.contextmanager
    def remembering(self) -> Iterator[None]:
        """A block that is about one moment: the words of a dimension are read once, for all its passes."""
        self._known = {}
        try:
            yield
        finally:
            self._known = None

    def columns(self, site: int, span: Range, names: Iterable[str]) -> Iterator[Columns]:
        return read_columns(self._connection, site, span, names)

    def lookup(self, site: int, dimension: Dimension) -> Lookup:
        known = {} if self._known is None else self._known
        place = site, dimension.name
        if place not in known:
            known[place] = read_lookup(self._connection, site, dimension)
        return known[place]

    def properties(self, site: int, day: int, hits: Sequence[int]) -> tuple[list[int], list[str]]:
        return read_properties(self._connection, site, day, hits)

    def kept(self, site: int) -> Kept:
        return owner.read_kept(self._connection, site)

    def rolled_months(self, site: int, span: Range) -> list[int]:
        return rolled_months(self._connection, site, span)

    def month_rows(self, site: int, dimension: str, months: Sequence[int]) -> list[tuple[str, Sequence[int]]]:
        return month_rows(self._connection, site, dimension, months)


# Months


def rolled_months(connection: Connection, site: int, span: Range) -> list[int]:
    """Months that lie wholly in a range of days and are summed up."""
    months = connection.execute(
        "SELECT month FROM month WHERE site = ? AND month BETWEEN ? AND ?",
        (site, month_of(span.first), month_of(span.last)),
    )
    return [
        month
        for (month,) in months
        if month_start(month) >= span.first and month_start(month + 1) - 1 <= span.last
    ]


def month_rows(
    connection: Connection, site: int, dimension: str, months: Sequence[int]
) -> list[tuple[str, Sequence[int]]]:
    """Word and figures of each group of whole months."""
    table, field = ("path", "path.path") if BY_NAME[dimension].table == "path" else ("word", "word.word")
    rows = connection.execute(
        f"SELECT {field}, sum(visitors), sum(visits), sum(views), sum(bounces), sum(duration),"
        " sum(events)"
        f" FROM visit_month LEFT JOIN {table} ON {table}.id = key"
        " WHERE visit_month.site = ? AND dimension = ? AND month IN (SELECT value FROM json_each(?))"
        " GROUP BY key",
        (site, dimension, msgspec.json.encode(list(months)).decode()),
    )
    return [(word or "", figures) for word, *figures in rows]


def save_month(
    connection: Connection, site: int, month: int, rows: Mapping[str, Sequence[tuple[str, Sequence[int]]]]
) -> None:
    """Keep the visits of a month, summed by each of some dimensions."""
    for dimension, groups in rows.items():
        if BY_NAME[dimension].table == "path":
            id_of = "coalesce((SELECT id FROM path WHERE site = :site AND path = :word), 0)"
        else:
            connection.executemany(
                "INSERT OR IGNORE INTO word (word) VALUES (?)", [(word,) for word, _ in groups]
            )
            id_of = "(SELECT id FROM word WHERE word = :word)"
        connection.executemany(
            "INSERT INTO visit_month"
            " (site, dimension, month, key, visitors, visits, views, bounces, duration, events)"
            f" VALUES (:site, :dimension, :month, {id_of},"
            " :visitors, :visits, :views, :bounces, :duration, :events)",
            [
                {"site": site, "dimension": dimension, "month": month, "word": word}
                | dict(zip(FIGURES, figures, strict=True))
                for word, figures in groups
            ],
        )
