"""The first view of each page: `page_first`, which the fold keeps.

It is not known of pages that a database of an earlier version has, and of those whose first view went
with an import that was taken back. The schedule finds it again in raw hits, a few days at a time.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from .connect import Connection

UNKNOWN = """
SELECT path.site, path.id FROM page_total AS total JOIN path ON path.id = total.path
WHERE total.views > 0 AND NOT EXISTS (SELECT 1 FROM page_first WHERE page_first.path = total.path)
"""

# What an import brought to a site-day, where it was the first view of its page. Takes :site :day :import.
FORGET_IMPORTED = """
DELETE FROM page_first WHERE path IN (
  SELECT hit.path FROM import_span AS span
  JOIN hit ON hit.site = span.site AND hit.day = span.day AND hit.id BETWEEN span.first AND span.last
  JOIN page_first AS f ON f.path = hit.path AND f.at = hit.at
  WHERE span.import = :import AND span.site = :site AND span.day = :day)
"""

FIRST_ON_DAY = """
SELECT path, min(at) FROM site_day JOIN hit USING (site, day)
WHERE site_day.site = :site AND site_day.day = :day AND hit.id <= site_day.folded AND kind = 0
  AND path IN (SELECT value FROM json_each(:paths))
GROUP BY path
"""

# Only of pages that are still unknown: the fold may have been quicker, or the views may be gone.
SAVE = """
INSERT OR IGNORE INTO page_first (path, at)
SELECT CAST(key AS INTEGER), value FROM json_each(:found)
WHERE EXISTS (SELECT 1 FROM page_total AS total WHERE total.path = CAST(key AS INTEGER) AND total.views > 0)
"""


def find_unknown(connection: Connection) -> dict[int, set[int]]:
    """Pages that have views but no first one, as path ids by site."""
    found: dict[int, set[int]] = {}
    for site, path in connection.execute(UNKNOWN):
        found.setdefault(site, set()).add(path)
    return found


def days_of(connection: Connection, site: int) -> list[int]:
    """The days of a site, oldest first."""
    return [
        day for (day,) in connection.execute("SELECT day FROM site_day WHERE site = ? ORDER BY day", (site,))
    ]


def find_on_day(connection: Connection, site: int, day: int, paths: set[int]) -> dict[int, int]:
    """The first view on a day of those pages that have one there."""
    place = {"site": site, "day": day, "paths": msgspec.json.encode(sorted(paths)).decode()}
    return dict(connection.execute(FIRST_ON_DAY, place))


def save(connection: Connection, found: Mapping[int, int]) -> None:
    """Keep what was found, within the caller's transaction."""
    connection.execute(SAVE, {"found": msgspec.json.encode(found).decode()})


def forget_imported(connection: Connection, number: int, site: int, day: int) -> None:
    """An import's hits go from a site-day: the first view of their pages is to be found again."""
    connection.execute(FORGET_IMPORTED, {"import": number, "site": site, "day": day})
