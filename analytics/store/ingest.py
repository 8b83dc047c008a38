"""Hits to rows: one transaction a batch, whatever its size.

Hits go to SQLite many rows to a statement: `executemany` would give up and take back the
interpreter's lock at every row, and wait for it each time while requests are served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

import msgspec
from msgspec.structs import astuple, replace

from ..errors import SiteRemoved
from ..model import NO_CAMPAIGN, OTHER, UNKNOWN_CLIENT, UNKNOWN_PLACE, Campaign, Client, Hit, Kind, Place
from .connect import Connection
from .schema import describe

CACHED_PATHS = 50_000
CACHED_PROPERTIES = 500_000
PROPERTIED = (Kind.EVENT, Kind.QUIET_EVENT)
DAY = 86_400

SALT_LIFETIME = 36 * 3600
"""Seconds from a salt's making to its end: a local day has 25 hours at most, and the law says 48."""

ROWS_A_STATEMENT = 64
"""Each number of rows up to it has a prepared statement of its own."""

MANY_ROWS = 1_024
"""Rows of the one larger statement, for imports: fewer times to wait for the interpreter's lock."""

NO_SOURCE = ("", NO_CAMPAIGN)

SOURCE_FIELDS = ("host", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click")
"""What tells sources apart, and what is known of each."""
ORIGIN_FIELDS = ("name", "medium", "channel")

CLIENT_FIELDS = Client.__struct_fields__
PLACE_FIELDS = Place.__struct_fields__

OTHER_CLIENT = Client(*[OTHER] * len(CLIENT_FIELDS))
OTHER_PLACE = Place(*[OTHER] * len(PLACE_FIELDS))
"""They stand for those that came after the cap of their day."""

STORED_UPTO = """
INSERT INTO site_day (site, day, stored) VALUES (?, ?, ?)
ON CONFLICT (site, day) DO UPDATE SET stored = excluded.stored
"""


LAST_ID = """
SELECT max((SELECT coalesce(max(stored), 0) FROM site_day), (SELECT coalesce(max(id), 0) FROM apart))
"""


@dataclass(frozen=True)
class Caps:
    """How many new names of each kind a site may bring a day; more go into the "(other)" row."""

    path: int = 10_000
    source: int = 5_000
    name: int = 1_000
    client: int = 5_000
    place: int = 5_000
    property: int = 5_000
    """Different properties of events on a day: keys, and keys with a value. One event more may come in, and
    those of the first moments after a start."""


@dataclass(frozen=True)
class Salt:
    """The secret of a site's local day."""

    site: int
    day: int
    value: bytes
    created: int


@dataclass
class _Batch:
    """What one transaction learns; merged into the caches only when it is committed."""

    paths: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)
    sources: dict[tuple[str, Campaign], int] = field(default_factory=dict)
    clients: dict[Client, int] = field(default_factory=dict)
    places: dict[Place, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    newcomers: dict[tuple[int, int, str], int] = field(default_factory=dict)
    opened: set[tuple[int, int]] = field(default_factory=set)
    upto: dict[tuple[int, int], int] = field(default_factory=dict)


@lru_cache(maxsize=ROWS_A_STATEMENT + 1)
def _insert_hits(rows: int) -> str:
    """The statement that inserts so many hits."""
    return (
        "INSERT INTO hit (site, day, id, at, visitor, kind, name, path, source, detail, client, place)"
        " VALUES " + ",".join(["(?,?,?,?,?,?,?,?,?,?,?,?)"] * rows)
    )


OpenDay = Callable[[Connection, int, int], None]


def read_properties(connection: Connection, site: int, day: int, most: int) -> set[str | int]:
    """The properties of a site-day's events, as hashes of this process, and their keys; not many more
    than `most`."""
    known: set[str | int] = set()
    rows = connection.execute(
        "SELECT DISTINCT detail FROM hit WHERE site = ? AND day = ? AND kind IN (1, 2) AND detail NOT NULL",
        (site, day),
    )
    for (detail,) in rows:
        found = msgspec.json.decode(detail)
        known.update(hash(pair) for pair in found.items())
        known.update(found)
        if len(known) >= most:
            # What else the day has is as good as new.
            break
    return known


class Ingest:
    """Writes batches of hits; owned by the writer thread."""

    def __init__(
        self, connection: Connection, open_day: OpenDay, caps: Caps | None = None, *, label: str = ""
    ) -> None:
        """`label`: whose newcomers are counted, so that those of machines have caps of their own."""
        self._label = label
        self._connection = connection
        self._open_day = open_day
        self._caps = caps or Caps()
        self.released: list[tuple[Hit, tuple[object, ...]]] = []
        """Of the last insert, the hits that count by a rule, and their rows."""
        # Not forgotten with the rows: what a day had once, it had, and to read it again takes long.
        self._properties: dict[tuple[int, int], set[str | int]] = {}
        self.forget()

    def forget(self) -> None:
        """Drop the caches, after rows went away under them."""
        self._paths: dict[tuple[int, str], tuple[int, str]] = {}
        self._sources: dict[tuple[str, Campaign], int] = {NO_SOURCE: 0}
        self._clients: dict[Client, int] = {UNKNOWN_CLIENT: 0}
        self._places: dict[Place, int] = {UNKNOWN_PLACE: 0}
        self._names: dict[str, int] = {"": 0}
        self._newcomers: dict[tuple[int, int, str], int] = {}
        self._open: set[tuple[int, int]] = set()
        self._sites = {id for (id,) in self._connection.execute("SELECT id FROM site")}
        self._batch = _Batch()
        # Not the number of a hit that a rule took out either: it may come back.
        self._next_id = int(self._connection.execute(LAST_ID).fetchone()[0])

    def insert(self, hits: Sequence[Hit], salts: Iterable[Salt] = ()) -> list[bool]:
        """Insert within the caller's transaction; tells for each hit whether it is new (not a repeat).

        SiteRemoved when the site of a hit is not there any more.

        Call `keep` after the commit; a transaction that failed leaves nothing behind.
        """
        batch = self._batch = _Batch()
        if not self._sites.issuperset({hit.site for hit in hits}):
            raise SiteRemoved("a site was removed")
        for salt in salts:
            if salt.site not in self._sites:
                continue
            row = (salt.site, salt.day, salt.value, salt.created)
            self._connection.execute("INSERT OR IGNORE INTO salt VALUES (?, ?, ?, ?)", row)
        is_new = self._mark_repeats(hits)
        rows: list[tuple[object, ...]] = []
        self.released = []
        next_id = self._next_id
        upto = batch.upto
        for hit, fresh in zip(hits, is_new, strict=True):
            if not fresh:
                continue
            place = (hit.site, hit.day)
            if place not in upto:
                self._prepare_day(*place)
            next_id += 1
            upto[place] = next_id
            rows.append(self._row(hit, next_id))
            if hit.released:
                self.released.append((hit, rows[-1]))
        if rows:
            start = 0
            while start < len(rows):
                size = MANY_ROWS if len(rows) - start >= MANY_ROWS else ROWS_A_STATEMENT
                part = rows[start : start + size]
                self._connection.execute(_insert_hits(len(part)), [*chain.from_iterable(part)])
                start += size
            for (site, day), last in upto.items():
                self._connection.execute(STORED_UPTO, (site, day, last))
            self._save_newcomers()
        return is_new

    def make_rows(self, hits: Sequence[Hit], first_id: int, step: int = 1) -> list[tuple[object, ...]]:
        """Rows of hits that go elsewhere, with ids from `first_id` on. `keep` after the commit."""
        self._batch = _Batch()
        rows = [self._row(hit, first_id + step * place) for place, hit in enumerate(hits)]
        self._save_newcomers()
        return rows

    def next_ids(self, count: int) -> int:
        """Take ids for so many hits; the first of them."""
        first = self._next_id + 1
        self._next_id += count
        return first

    def _row(self, hit: Hit, id: int) -> tuple[object, ...]:
        """The row of a hit. What is known already, which nearly everything is, costs five look-ups."""
        site, day, at, visitor, kind, name, path, host, title, _, detail, client, place, campaign, _ = (
            astuple(hit)
        )
        known = self._paths.get((site, path))
        fits = known and (not title or known[1] == title)
        path_id = known[0] if known and fits else self._path_id(hit)
        source_id = self._sources.get((host, campaign))
        if source_id is None:
            source_id = self._source_id(hit, host, campaign)
        name_id = self._names.get(name)
        if name_id is None:
            name_id = self._name_id(hit)
        client_id = self._clients.get(client)
        if client_id is None:
            client_id = self._client_id(hit, client)
        place_id = self._places.get(place)
        if place_id is None:
            place_id = self._place_id(hit, place)
        if detail is not None and kind in PROPERTIED:
            detail = self._limit(site, day, detail)
        ids = (name_id, path_id, source_id)
        return (site, day, id, at, visitor, kind, *ids, detail, client_id, place_id)

    def _limit(self, site: int, day: int, detail: str) -> str:
        """The properties of an event, with those that are new after the cap of their day as "(other)".

        What is known of a day is kept in memory only; of a transaction that failed, too.
        """
        known = self._properties.get((site, day))
        if known is None:
            known = self._properties[site, day] = self._recall_properties(site, day)
        found = msgspec.json.decode(detail)
        fresh = [pair for pair in found.items() if hash(pair) not in known]
        if not fresh:
            return detail
        if len(known) < self._caps.property:
            known.update(hash(pair) for pair in fresh)
            known.update(key for key, _ in fresh)
            return detail
        for key, _ in fresh:
            if key in known:
                found[key] = OTHER
            else:
                del found[key]
                found[OTHER] = OTHER
        return msgspec.json.encode(found).decode()

    def _recall_properties(self, site: int, day: int) -> set[str | int]:
        """The properties that a day has so far. Views wait meanwhile: those of today are learned before."""
        if sum(map(len, self._properties.values())) > CACHED_PROPERTIES:
            recent = {key: known for key, known in self._properties.items() if key[1] >= day - 1}
            self._properties = recent if len(recent) < len(self._properties) else {}
        return set() if self._label else read_properties(self._connection, site, day, self._caps.property)

    def learn_properties(self, site: int, day: int, known: Iterable[str | int]) -> None:
        """What a reader found that a day has (`read_properties`); of a day learned of, nothing is read."""
        self._properties.setdefault((site, day), set()).update(known)

    def forget_properties(self, site: int, day: int) -> None:
        """Nothing was learned of a day after all: it is read with its next event."""
        self._properties.pop((site, day), None)

    def spans(self) -> list[tuple[int, int, int, int]]:
        """Of the last insert: (site, day, first id that may be in it, last id) for each site-day."""
        return [(site, day, self._next_id + 1, last) for (site, day), last in self._batch.upto.items()]

    def add_site(self, site: int) -> None:
        """A site was added."""
        self._sites.add(site)

    def keep(self) -> None:
        """The last insert is committed: remember what it learned."""
        batch = self._batch
        if len(self._paths) + len(batch.paths) > CACHED_PATHS:
            self._paths.clear()
        self._paths |= batch.paths
        if len(self._sources) + len(self._names) + len(self._newcomers) > CACHED_PATHS:
            self._sources, self._names, self._newcomers = {NO_SOURCE: 0}, {"": 0}, {}
        if len(self._clients) + len(batch.clients) > CACHED_PATHS:
            self._clients = {UNKNOWN_CLIENT: 0}
        if len(self._places) + len(batch.places) > CACHED_PATHS:
            self._places = {UNKNOWN_PLACE: 0}
        self._sources |= batch.sources
        self._clients |= batch.clients
        self._places |= batch.places
        self._names |= batch.names
        self._newcomers |= batch.newcomers
        self._open |= batch.opened
        self._next_id = max(batch.upto.values(), default=self._next_id)

    def close_day(self, site: int, day: int) -> None:
        """A site-day was closed: opening it again takes work."""
        self._open.discard((site, day))

    def _mark_repeats(self, hits: Sequence[Hit]) -> list[bool]:
        keys = [hit.repeat for hit in hits if hit.repeat is not None]
        if not keys:
            return [True] * len(hits)
        today = hits[-1].at // DAY
        seen = {
            key
            for (key,) in self._connection.execute(
                "SELECT key FROM repeat WHERE day IN (?, ?) AND key IN (SELECT value FROM json_each(?))",
                (today, today - 1, msgspec.json.encode(keys).decode()),
            )
        }
        is_new, added = [], []
        for hit in hits:
            is_new.append(hit.repeat is None or hit.repeat not in seen)
            if hit.repeat is not None and hit.repeat not in seen:
                seen.add(hit.repeat)
                added.append(hit.repeat)
        if added:
            self._connection.execute(
                "INSERT INTO repeat (day, key) SELECT ?, value FROM json_each(?)",
                (today, msgspec.json.encode(sorted(added)).decode()),
            )
        return is_new

    def _prepare_day(self, site: int, day: int) -> None:
        """A day takes hits only while it is open: its set of page visitors must be there."""
        key = (site, day)
        if key not in self._open and key not in self._batch.opened:
            self._open_day(self._connection, site, day)
            self._batch.opened.add(key)

    def _path_id(self, hit: Hit) -> int:
        key = (hit.site, hit.path)
        known = self._batch.paths.get(key) or self._paths.get(key) or self._find_path(*key)
        if known is None:
            if hit.path != OTHER and not self._admit(hit, "path", self._caps.path):
                # Not remembered: the same path may come in tomorrow.
                return self._path_id(replace(hit, path=OTHER, title=""))
            sql = "INSERT INTO path (site, path, title) VALUES (?, ?, ?) RETURNING id"
            row = self._connection.execute(sql, (*key, hit.title)).fetchone()
            known = (int(row[0]), hit.title)
        elif hit.title and hit.title != known[1]:
            self._connection.execute("UPDATE path SET title = ? WHERE id = ?", (hit.title, known[0]))
            known = (known[0], hit.title)
        self._batch.paths[key] = known
        return known[0]

    def _find_path(self, site: int, path: str) -> tuple[int, str] | None:
        row: tuple[int, str] | None = self._connection.execute(
            "SELECT id, title FROM path WHERE site = ? AND path = ?", (site, path)
        ).fetchone()
        return row

    def _source_id(self, hit: Hit, host: str, campaign: Campaign) -> int:
        key = (host, campaign)
        found = self._batch.sources.get(key)
        if found is None:
            values = (host, *astuple(campaign))
            found = self._find("source", SOURCE_FIELDS, values)
        if found is None:
            if host != OTHER and not self._admit(hit, "source", self._caps.source):
                return self._source_id(hit, OTHER, NO_CAMPAIGN)
            values = (*values, *describe(host, campaign))
            found = self._add("source", (*SOURCE_FIELDS, *ORIGIN_FIELDS), values)
        self._batch.sources[key] = found
        return found

    def _client_id(self, hit: Hit, client: Client) -> int:
        found = self._batch.clients.get(client)
        if found is None:
            found = self._find("client", CLIENT_FIELDS, astuple(client))
        if found is None:
            if client != OTHER_CLIENT and not self._admit(hit, "client", self._caps.client):
                return self._client_id(hit, OTHER_CLIENT)
            found = self._add("client", CLIENT_FIELDS, astuple(client))
        self._batch.clients[client] = found
        return found

    def _place_id(self, hit: Hit, place: Place) -> int:
        found = self._batch.places.get(place)
        if found is None:
            found = self._find("place", PLACE_FIELDS, astuple(place))
        if found is None:
            if place != OTHER_PLACE and not self._admit(hit, "place", self._caps.place):
                return self._place_id(hit, OTHER_PLACE)
            found = self._add("place", PLACE_FIELDS, astuple(place))
        self._batch.places[place] = found
        return found

    def _name_id(self, hit: Hit) -> int:
        found = self._batch.names.get(hit.name)
        if found is None:
            found = self._find("name", ("name",), (hit.name,))
        if found is None:
            if hit.name != OTHER and not self._admit(hit, "name", self._caps.name):
                return self._name_id(replace(hit, name=OTHER))
            found = self._add("name", ("name",), (hit.name,))
        self._batch.names[hit.name] = found
        return found

    def _find(self, table: str, columns: Sequence[str], values: Sequence[str]) -> int | None:
        wanted = " AND ".join(f"{column} = ?" for column in columns)
        row = self._connection.execute(f"SELECT id FROM {table} WHERE {wanted}", values).fetchone()
        return None if row is None else int(row[0])

    def _add(self, table: str, columns: Sequence[str], values: Sequence[str]) -> int:
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) RETURNING id"
        return int(self._connection.execute(sql, values).fetchone()[0])

    def _admit(self, hit: Hit, dimension: str, cap: int) -> bool:
        """Count a newcomer against the cap of its site-day; False when the cap is reached."""
        key = (hit.site, hit.day, self._label + dimension)
        used = self._batch.newcomers.get(key, self._newcomers.get(key))
        if used is None:
            row = self._connection.execute(
                "SELECT used FROM newcomers WHERE site = ? AND day = ? AND dimension = ?", key
            ).fetchone()
            used = row[0] if row else 0
        if used >= cap:
            return False
        self._batch.newcomers[key] = used + 1
        return True

    def _save_newcomers(self) -> None:
        for (site, day, dimension), used in self._batch.newcomers.items():
            self._connection.execute(
                "INSERT INTO newcomers VALUES (?, ?, ?, ?)"
                " ON CONFLICT (site, day, dimension) DO UPDATE SET used = excluded.used",
                (site, day, dimension, used),
            )
