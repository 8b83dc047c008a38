"""Related pages: what readers of a page also read, computed from raw hits on a schedule.

Counted in visitor-days, because a visitor has another name every day. Of the days asked for,
    a, b   the visitor-days with a view of page a, of page b
    ab     those with a view of both
    all    all of them
    lift   (ab / a) / (b / all): how many times likelier a reader of a is to read b than anybody is
A pair that fewer than FLOOR visitor-days share is never stored, so that a list tells of nobody. The front
page and the "(other)" row are left out, and so is whoever reads more than MOST_PAGES pages a day, which
is no reader but a machine.

The work is done a day at a time in a temporary database of its own, which reads the real one for
as long as one day takes and holds no name of a visitor; the writer only gets the rows.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ..model import OTHER, RelatedPage
from .connect import Connection, connect, read_only

FLOOR = 5
"""Visitor-days that two pages must share."""

LISTED = 10
"""Related pages that are kept of each page."""

MOST_PAGES = 30
"""Pages of one visitor on one day; who reads more is left out."""

MOST_PAIRS = 4_000_000
"""Pairs that are counted at once. Beyond it those go that are rarest, which only makes counts smaller."""


class Relation(NamedTuple):
    """One related page of a page: its path id, the visitor-days that read both, the lift."""

    other: int
    visitors: int
    lift: float


TABLES = """
CREATE TABLE reading (visitor INTEGER, path INTEGER, PRIMARY KEY (visitor, path)) WITHOUT ROWID;
CREATE TABLE page (path INTEGER PRIMARY KEY, readers INTEGER NOT NULL);
CREATE TABLE pair (a INTEGER, b INTEGER, readers INTEGER NOT NULL, PRIMARY KEY (a, b)) WITHOUT ROWID;
"""

# Who read what on a day. Takes :site :day.
READ_DAY = f"""
INSERT INTO reading SELECT DISTINCT visitor, path FROM store.hit AS hit
WHERE site = :site AND day = :day AND kind = 0 AND visitor NOT IN (
  SELECT visitor FROM store.hit WHERE site = :site AND day = :day AND kind = 0
  GROUP BY visitor HAVING count(DISTINCT path) > {MOST_PAGES})
"""

LEAVE_OUT = "DELETE FROM reading WHERE path IN (SELECT id FROM store.path WHERE site = ? AND path IN (?, ?))"

ADD_PAGES = """
INSERT INTO page SELECT path, count(*) FROM reading WHERE true GROUP BY path
ON CONFLICT (path) DO UPDATE SET readers = readers + excluded.readers
"""

# Each pair once, the smaller id first.
ADD_PAIRS = """
INSERT INTO pair SELECT one.path, other.path, count(*)
FROM reading AS one JOIN reading AS other ON other.visitor = one.visitor AND other.path > one.path
GROUP BY one.path, other.path
ON CONFLICT (a, b) DO UPDATE SET readers = readers + excluded.readers
"""

ENOUGH = f"""
SELECT a, b, pair.readers, pa.readers, pb.readers FROM pair
JOIN page AS pa ON pa.path = a JOIN page AS pb ON pb.path = b WHERE pair.readers >= {FLOOR}
"""


def compute(
    file: Path, site: int, days: Iterable[int], *, stop: Callable[[], bool] = lambda: False
) -> dict[int, list[Relation]] | None:
    """The related pages of each page of a site that has any, best first, by path id.

    Takes as long as it takes, in the caller's thread; None when `stop` said so in between.
    """
    # Nameless: SQLite keeps it in memory and moves what is too much of it into a file of no name.
    with closing(connect("", uri=True, isolation_level=None)) as connection:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -32000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("ATTACH ? AS store", (read_only(file),))
        connection.executescript(TABLES)
        everybody = 0
        for day in days:
            if stop():
                return None
            everybody += _add_day(connection, site, day)
        return _rank(connection.execute(ENOUGH), everybody)


def _add_day(connection: Connection, site: int, day: int) -> int:
    """Add a day to the counts; how many visitors it had."""
    run = connection.execute
    run("BEGIN")
    run(READ_DAY, {"site": site, "day": day})
    visitors = run("SELECT count(DISTINCT visitor) FROM reading").fetchone()[0]
    run(LEAVE_OUT, (site, "/", OTHER))
    run(ADD_PAGES)
    run(ADD_PAIRS)
    run("DELETE FROM reading")
    rarest = 1
    while run("SELECT count(*) FROM pair").fetchone()[0] > MOST_PAIRS:
        run("DELETE FROM pair WHERE readers <= ?", (rarest,))
        rarest += 1
    run("COMMIT")
    return int(visitors)


def _rank(pairs: Iterable[tuple[int, int, int, int, int]], everybody: int) -> dict[int, list[Relation]]:
    """The best pages of each page; those that are read together no more than by chance are none."""
    best: dict[int, list[tuple[float, int, int]]] = {}
    for a, b, both, of_a, of_b in pairs:
        lift = both * everybody / (of_a * of_b)
        if lift > 1:
            for page, other in ((a, b), (b, a)):
                heap = best.setdefault(page, [])
                (heapq.heappush if len(heap) < LISTED else heapq.heappushpop)(heap, (lift, both, -other))
    return {
        page: [Relation(-other, both, lift) for lift, both, other in sorted(heap, reverse=True)]
        for page, heap in best.items()
    }


def in_slices(
    related: Mapping[int, list[Relation]], old: Iterable[int], size: int
) -> Iterator[dict[int, list[Relation]]]:
    """What is to be saved, a slice of pages at a time; a page that has no related ones any more gets none."""
    pages = sorted({*related, *old})
    for start in range(0, len(pages), size):
        yield {page: related.get(page, []) for page in pages[start : start + size]}


def save(connection: Connection, site: int, pages: Mapping[int, Sequence[Relation]]) -> None:
    """Replace the related pages of some pages, within the caller's transaction."""
    connection.executemany(
        "DELETE FROM related WHERE site = ? AND path = ?", [(site, page) for page in pages]
    )
    connection.executemany(
        "INSERT INTO related (site, path, rank, other, visitors, lift)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM site WHERE id = ?1)",
        [
            (site, page, rank, *relation)
            for page, relations in pages.items()
            for rank, relation in enumerate(relations, 1)
        ],
    )


def listed_pages(connection: Connection, site: int) -> list[int]:
    """The pages of a site that have related ones, as path ids."""
    return [
        path for (path,) in connection.execute("SELECT DISTINCT path FROM related WHERE site = ?", (site,))
    ]


def read(connection: Connection, site: int, path: str, limit: int) -> list[RelatedPage]:
    """What readers of a page (a canonical path) also read, best first; nothing for an unknown page."""
    rows = connection.execute(
        "SELECT other.path, other.title, round(related.lift, 1) FROM path AS page"
        " JOIN related ON related.site = page.site AND related.path = page.id"
        " JOIN path AS other ON other.id = related.other"
        " WHERE page.site = ? AND page.path = ? ORDER BY rank LIMIT ?",
        (site, path, limit),
    )
    return [RelatedPage(*row) for row in rows]


def read_all(connection: Connection, site: int, limit: int) -> dict[str, list[RelatedPage]]:
    """The same of every page that has some, by path."""
    rows = connection.execute(
        "SELECT page.path, other.path, other.title, round(related.lift, 1) FROM related"
        " JOIN path AS page ON page.id = related.path JOIN path AS other ON other.id = related.other"
        " WHERE related.site = ? ORDER BY page.path, rank",
        (site,),
    )
    found: dict[str, list[RelatedPage]] = {}
    for page, *other in rows:
        listed = found.setdefault(page, [])
        if len(listed) < limit:
            listed.append(RelatedPage(*other))
    return found


def read_time(connection: Connection, site: int) -> int:
    """When the related pages of a site were computed; 0 for never."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (f"related {site}",)).fetchone()
    return int(row[0]) if row else 0


def note_time(connection: Connection, site: int, now: float) -> None:
    """The related pages of a site are computed, as of now; within the caller's transaction."""
    row = (f"related {site}", str(int(now)))
    connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", row)
