"""Visits summed by what they came from, what they were made with, where they began and ended.

Each sum counts everything committed, folded or not yet. Visitors of a row are its visitor-days: who came
on two days, or with two clients, counts in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

import msgspec

from ..model import Range, SourceRow, Totals
from .connect import Connection
from .reads import CURRENT_VISITS, pending_days, place_of_range
from .schema import VISIT_KINDS

SUMS = "sum(views), count(*), count(DISTINCT visitor), sum(views = 1 AND events = 0), sum(length)"

SUMMED = """
SELECT key, sum(views), sum(visits), sum(visitors), sum(bounces), sum(duration) FROM (
    SELECT key, views, visits, visitors, bounces, duration FROM visit_month
    WHERE site = :site AND kind = {kind} AND month IN (SELECT value FROM json_each(:months))
  UNION ALL
    SELECT key, views, visits, visitors, bounces, duration FROM visit_day
    WHERE site = :site AND kind = {kind} AND day IN (SELECT value FROM json_each(:days))
  UNION ALL
    SELECT {column}, {sums} FROM visit
    WHERE site = :site AND day IN (SELECT value FROM json_each(:open_days)) AND views > 0
    GROUP BY day, {column})
GROUP BY key
"""

PENDING = """
WITH {visits} SELECT {column}, {sums} FROM current_visit WHERE views > 0 GROUP BY {column}
"""


def sum_visits(connection: Connection, site: int, column: str, span: Range) -> dict[int, Totals]:
    """Visits of a range of days by one of VISIT_KINDS: figures by the id that stands in that column."""
    names = {"kind": VISIT_KINDS.index(column), "column": column, "sums": SUMS, "visits": CURRENT_VISITS}
    place = place_of_range(connection, site, span.first, span.last)
    answers = [connection.execute(SUMMED.format(**names), place).fetchall()]
    for day, after, stored in pending_days(connection, site):
        if span.first <= day <= span.last:
            pending = {"site": site, "day": day, "after": after, "upto": stored}
            answers.append(connection.execute(PENDING.format(**names), pending).fetchall())
    return add_up(answers)


def add_up(answers: Iterable[Iterable[tuple[int, ...]]]) -> dict[int, Totals]:
    """Rows of (key, figures) from several statements, summed by key."""
    found: dict[int, Totals] = {}
    for rows in answers:
        for key, *figures in rows:
            totals = Totals(*figures)
            found[key] = found[key] + totals if key in found else totals
    return found


def sources(connection: Connection, site: int, first: int, last: int) -> list[SourceRow]:
    """The referring hosts of a range of days by visits; the row without a host is "none"."""
    sums = sum_visits(connection, site, "source", Range(first, last))
    hosts = _hosts(connection, sums)
    by_host: dict[str, list[Totals]] = {}
    for source, totals in sums.items():
        by_host.setdefault(hosts.get(source, ""), []).append(totals)
    found = []
    for host, parts in by_host.items():
        whole = reduce(Totals.__add__, parts)
        found.append(SourceRow(host, whole.views, whole.visits, whole.visitors))
    return sorted(found, key=lambda row: (-row.visits, -row.views, row.host))


def _hosts(connection: Connection, ids: Mapping[int, object]) -> dict[int, str]:
    wanted = msgspec.json.encode(list(ids)).decode()
    sql = "SELECT id, host FROM source WHERE id IN (SELECT value FROM json_each(?))"
    return dict(connection.execute(sql, (wanted,)))
