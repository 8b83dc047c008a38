"""Questions to the store. Each answer counts everything committed, folded or not yet.

Run a group of these inside one `connect.snapshot`, so that they speak of the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ..days import month_of, month_start
from ..model import Count, Dropped, Kind, PageSeries, Range, Site, Totals
from ..urls import bare_host
from .connect import Connection
from .folding import FIGURES, MERGED_VISITS
from .tails import IS_NEW_TO_PAGE, Marks, Moment, SiteDay, tails_of_pages, tails_of_site

MOST_NAMED = 10_000
"""Pages that one statement names."""

# The visits of a site-day with its unfolded hits merged in. Takes :site :day :after :upto.
CURRENT_VISITS = f"""{MERGED_VISITS},
  current_visit AS (
    SELECT visitor, start, length, views, events, entry, exit, source, client, place FROM visit
    WHERE site = :site AND day = :day AND visitor NOT IN (SELECT visitor FROM slice)
    UNION ALL
    SELECT * FROM merged_visit)
"""


def pending_days(connection: Connection, site: int) -> list[tuple[int, int, int]]:
    """Site-days with unfolded hits, as (day, watermark, last stored id)."""
    return connection.execute(
        "SELECT day, folded, stored FROM site_day WHERE site = ? AND stored > folded", (site,)
    ).fetchall()


def unfolded(connection: Connection, site: int) -> int:
    """How many hit ids lie past the watermarks of a site: at least as many as its unfolded hits."""
    return sum(stored - folded for _, folded, stored in pending_days(connection, site))


SITE_COUNT = """
SELECT coalesce(sum(views), 0), coalesce(sum(visitors), 0) FROM (
  SELECT views, visitors FROM site_total WHERE site = :site
  UNION ALL SELECT views, visitors FROM site_offset WHERE site = :site)
"""

SITE_COUNT_BETWEEN = """
SELECT coalesce(sum(views), 0), coalesce(sum(visitors), 0) FROM site_day
WHERE site = :site AND day BETWEEN :first AND :last
"""


def site_count(
    connection: Connection, site: int, span: Range | None = None, moment: Moment | None = None
) -> Count:
    """Views and visitors of a site: of all time with the owner's offset, or of a range of days."""
    return Count(*_site_figures(connection, site, span, moment)).shown


def raw_site_count(connection: Connection, site: int) -> Count:
    """All-time views and visitors with the offset, even where that is below nothing."""
    return Count(*_site_figures(connection, site, None, None))


def _site_figures(
    connection: Connection, site: int, span: Range | None, moment: Moment | None
) -> tuple[int, int]:
    place = {"site": site}
    if span is None:
        views, visitors = connection.execute(SITE_COUNT, place).fetchone()
    else:
        days = place | {"first": span.first, "last": span.last}
        views, visitors = connection.execute(SITE_COUNT_BETWEEN, days).fetchone()
    more = tails_of_site(connection, _pending_within(connection, site, span), moment)
    return views + more[0], visitors + more[1]


def _pending_within(connection: Connection, site: int, span: Range | None) -> list[tuple[SiteDay, Marks]]:
    """The site-days with unfolded hits, of a range of days or of all."""
    return [
        ((site, day), (folded, stored))
        for day, folded, stored in pending_days(connection, site)
        if span is None or span.first <= day <= span.last
    ]


PAGE_COUNTS = """
SELECT path.path, path.id, coalesce(total.views, 0) + coalesce(offset.views, 0),
       coalesce(total.visitors, 0) + coalesce(offset.visitors, 0)
FROM path LEFT JOIN page_total AS total ON total.path = path.id
          LEFT JOIN page_offset AS offset ON offset.path = path.id
WHERE path.site = ? AND path.path IN ({marks})
"""

PAGE_COUNTS_BETWEEN = """
SELECT path, sum(views), sum(visitors) FROM (
    SELECT path, views, visitors FROM page_month
    WHERE site = :site AND month IN (SELECT value FROM json_each(:months))
      AND path IN (SELECT value FROM json_each(:paths))
  UNION ALL
    SELECT path, views, visitors FROM page_day
    WHERE site = :site AND day IN (SELECT value FROM json_each(:days))
      AND path IN (SELECT value FROM json_each(:paths))
  UNION ALL
    SELECT path, sum(views), count(*) FROM page_visitor
    WHERE site = :site AND day IN (SELECT value FROM json_each(:open_days))
      AND path IN (SELECT value FROM json_each(:paths)) GROUP BY day, path)
GROUP BY path
"""


def page_counts(
    connection: Connection,
    site: int,
    paths: Sequence[str],
    span: Range | None = None,
    *,
    is_folded: bool = False,
    moment: Moment | None = None,
) -> dict[str, Count]:
    """Views and visitors of canonical paths; a path without any is absent.

    Of all time with the owner's offsets, or of a range of days. `is_folded`: the caller knows that
    nothing of the site waits to be folded.
    """
    found: dict[str, Count] = {}
    for start in range(0, len(paths), MOST_NAMED):
        part = paths[start : start + MOST_NAMED]
        rows = raw_page_counts(connection, site, part, span, is_folded=is_folded, moment=moment)
        found |= {path: count.shown for path, _, count in rows if count != Count()}
    return found


def raw_page_counts(
    connection: Connection,
    site: int,
    paths: Sequence[str],
    span: Range | None = None,
    *,
    is_folded: bool = False,
    moment: Moment | None = None,
) -> list[tuple[str, int, Count]]:
    """(path, number, count) of the paths that have a row; counts may be below nothing."""
    sql = PAGE_COUNTS.format(marks=",".join("?" * len(paths)))
    rows = connection.execute(sql, (site, *paths)).fetchall()
    counts = {id: [views, visitors] for _, id, views, visitors in rows}
    if span is not None:
        counts = {id: [0, 0] for id in counts}
        for id, *figures in connection.execute(
            PAGE_COUNTS_BETWEEN, _place_of_pages(connection, site, span, counts)
        ):
            counts[id] = figures
    if not is_folded:
        _add_unfolded(connection, site, span, counts, moment)
    return [(path, id, Count(*counts[id])) for path, id, _, _ in rows]


def page_paths(connection: Connection, site: int) -> list[tuple[str, str]]:
    """Every page of a site that was ever named, as (path, title), by path."""
    return connection.execute("SELECT path, title FROM path WHERE site = ? ORDER BY path", (site,)).fetchall()


def path_aliases(connection: Connection) -> dict[int, dict[str, str]]:
    """For each site the paths that are counted as another, led to the end where one leads to the next."""
    found: dict[int, dict[str, str]] = {}
    for site, path, target in connection.execute("SELECT site, path, target FROM path_alias"):
        found.setdefault(site, {})[path] = target
    for aliases in found.values():
        for path in aliases:
            end = aliases[path]
            while end in aliases and end != path:
                end = aliases[end]
            aliases[path] = end
    return found


# CROSS JOIN: a look-up for each day, where SQLite would go through all pages of all the days. One text, since
# to fetch a row takes as long as to look two up.
PAGE_SERIES = """
WITH page AS (SELECT id FROM path WHERE site = :site AND path = :path),
  spot (day, open) AS (SELECT day, open FROM site_day WHERE site = :site AND day BETWEEN :first AND :last)
SELECT json_array(json_group_array(day), json_group_array(views), json_group_array(visitors)) FROM (
  SELECT day, page_day.views, page_day.visitors
  FROM spot CROSS JOIN page_day USING (day) WHERE NOT open AND site = :site AND path = (SELECT id FROM page)
  UNION ALL
  SELECT day, sum(page_visitor.views), count(*) FROM spot CROSS JOIN page_visitor USING (day)
  WHERE open AND site = :site AND path = (SELECT id FROM page) GROUP BY day)
"""
read_page_series = msgspec.json.Decoder(PageSeries).decode
PAGE_SERIES_UNFOLDED = f"""
WITH page AS (SELECT id FROM path WHERE site = :site AND path = :path)
SELECT day, count(*), count(DISTINCT CASE WHEN {IS_NEW_TO_PAGE} THEN visitor END)
FROM site_day CROSS JOIN hit USING (site, day)
WHERE site_day.site = :site AND site_day.stored > site_day.folded
  AND site_day.day BETWEEN :first AND :last AND hit.id > site_day.folded AND hit.kind = 0
  AND hit.path = (SELECT id FROM page) GROUP BY day
"""


def first_open_day(connection: Connection, site: int) -> int | None:
    """The first day of a site that still takes hits; None where every day is closed."""
    row = connection.execute("SELECT min(day) FROM site_day WHERE site = ? AND open = 1", (site,)).fetchone()
    return None if row[0] is None else int(row[0])


def folded_page_series(connection: Connection, site: int, path: str, span: Range) -> str:
    """What is folded of `page_series`, as JSON: short to keep, and quick to read (`read_page_series`)."""
    place = {"site": site, "path": path, "first": span.first, "last": span.last}
    return str(connection.execute(PAGE_SERIES, place).fetchone()[0])


def page_series(
    connection: Connection, site: int, path: str, span: Range, *, is_folded: bool = False
) -> PageSeries:
    """Views and visitors of a canonical path on the days of a range.

    `is_folded`: the caller knows that nothing of the site waits to be folded.
    """
    found = read_page_series(folded_page_series(connection, site, path, span))
    if not is_folded:
        place = {"site": site, "path": path, "first": span.first, "last": span.last}
        rows = connection.execute(PAGE_SERIES_UNFOLDED, place).fetchall()
        found.add(PageSeries(*([row[column] for row in rows] for column in range(3))))
    return found


def _add_unfolded(
    connection: Connection,
    site: int,
    span: Range | None,
    counts: dict[int, list[int]],
    moment: Moment | None,
) -> None:
    for more in tails_of_pages(connection, _pending_within(connection, site, span), counts, moment):
        for id, count in counts.items():
            views, visitors = more.get(id, (0, 0))
            count[0] += views
            count[1] += visitors


def _place_of_pages(
    connection: Connection, site: int, span: Range, ids: Iterable[int]
) -> dict[str, int | str]:
    """Where the figures of some pages over a range stand: whole months, single days, open days."""
    months = {
        month
        for (month,) in connection.execute(
            "SELECT month FROM month WHERE site = ? AND month BETWEEN ? AND ?",
            (site, month_of(span.first), month_of(span.last)),
        )
        if month_start(month) >= span.first and month_start(month + 1) - 1 <= span.last
    }
    first = connection.execute("SELECT min(day) FROM site_day WHERE site = ?", (site,)).fetchone()[0]
    days = [day for day in range(max(span.first, first or 0), span.last + 1) if month_of(day) not in months]
    open_days = connection.execute(
        "SELECT day FROM site_day WHERE site = ? AND open = 1 AND day BETWEEN ? AND ?",
        (site, span.first, span.last),
    )
    return {
        "site": site,
        "paths": msgspec.json.encode(list(ids)).decode(),
        "months": msgspec.json.encode(list(months)).decode(),
        "days": msgspec.json.encode(days).decode(),
        "open_days": msgspec.json.encode([day for (day,) in open_days]).decode(),
    }


def page_rows(connection: Connection, site: int, paths: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Row id and title of those canonical paths that a site has."""
    found: dict[str, tuple[int, str]] = {}
    # Of as many as a statement may name.
    for start in range(0, len(paths), MOST_NAMED):
        part = paths[start : start + MOST_NAMED]
        sql = f"SELECT path, id, title FROM path WHERE site = ? AND path IN ({','.join('?' * len(part))})"
        found |= {path: (id, title) for path, id, title in connection.execute(sql, (site, *part))}
    return found


def path_of_row(connection: Connection, site: int, id: int) -> str | None:
    """The canonical path of a row id; None when the site has none of that id."""
    row = connection.execute("SELECT path FROM path WHERE id = ? AND site = ?", (id, site)).fetchone()
    return row[0] if row else None


def online_visitors(connection: Connection, site: int, since: int, first_day: int) -> dict[int, int]:
    """Visitors with a view or an event since a time (seconds since 1970), and when their last one was."""
    return dict(
        connection.execute(
            "SELECT visitor, max(at) FROM hit"
            f" WHERE site = ? AND day >= ? AND at >= ? AND kind <> {Kind.ENGAGEMENT:d} GROUP BY visitor",
            (site, first_day, since),
        )
    )


def recent_views(
    connection: Connection, site: int, since: int, first_day: int
) -> Iterator[tuple[int, str, int]]:
    """(visitor, path, time) of a site's views since a time, the latest of each, oldest first."""
    yield from connection.execute(
        "SELECT visitor, path.path, max(at) FROM hit JOIN path ON path.id = hit.path"
        " WHERE hit.site = ? AND day >= ? AND at >= ? AND kind = 0 GROUP BY visitor, hit.path ORDER BY 3",
        (site, first_day, since),
    )


def first_day(connection: Connection, site: int) -> int | None:
    """The first day on which the site has a hit."""
    day: int | None
    (day,) = connection.execute("SELECT min(day) FROM site_day WHERE site = ?", (site,)).fetchone()
    return day


def last_day(connection: Connection, site: int) -> int | None:
    """The last day on which the site has a hit."""
    day: int | None
    (day,) = connection.execute("SELECT max(day) FROM site_day WHERE site = ?", (site,)).fetchone()
    return day


def totals_by_day(connection: Connection, site: int, first: int, last: int) -> dict[int, Totals]:
    """Head figures of each day from `first` to `last` that has any."""
    rows = connection.execute(
        "SELECT day, stored, folded, views, visits, visitors, bounces, duration FROM site_day"
        " WHERE site = ? AND day BETWEEN ? AND ?",
        (site, first, last),
    )
    totals = {}
    for day, stored, folded, *figures in rows.fetchall():
        if stored > folded:
            place = {"site": site, "day": day, "after": folded, "upto": stored}
            figures = connection.execute(
                f"WITH {CURRENT_VISITS} SELECT {FIGURES} FROM current_visit", place
            ).fetchone()
        totals[day] = Totals(*figures)
    return totals


def place_of_range(connection: Connection, site: int, first: int, last: int) -> dict[str, int | str]:
    """Which rolled months and which single days make up a range."""
    months = [
        month
        for (month,) in connection.execute(
            "SELECT month FROM month WHERE site = ? AND month BETWEEN ? AND ?",
            (site, month_of(first), month_of(last)),
        )
        if month_start(month) >= first and month_start(month + 1) - 1 <= last
    ]
    days, open_days = [], []
    for day, is_open, pending in connection.execute(
        "SELECT day, open, stored > folded FROM site_day WHERE site = ? AND day BETWEEN ? AND ?",
        (site, first, last),
    ):
        if month_of(day) not in months:
            days.append(day)
            if is_open and not pending:
                open_days.append(day)
    return {
        "site": site,
        "first": first,
        "last": last,
        "months": msgspec.json.encode(months).decode(),
        "days": msgspec.json.encode(days).decode(),
        "open_days": msgspec.json.encode(open_days).decode(),
    }


def dropped(connection: Connection, first_day: int) -> list[tuple[str, str, Dropped]]:
    """What was deliberately not counted since a day, as (domain, reason, how often)."""
    rows = connection.execute(
        "SELECT coalesce(domain, ''), reason, sum(views), sum(events) FROM dropped"
        " LEFT JOIN site ON site.id = dropped.site WHERE day >= ? GROUP BY 1, 2 ORDER BY 3 DESC, 4 DESC",
        (first_day,),
    )
    return [(domain, reason, Dropped(views, events)) for domain, reason, views, events in rows]


def dropped_by_day(connection: Connection, site: int, first_day: int) -> list[tuple[int, str, Dropped]]:
    """What was deliberately not counted of a site (0: of none) since a day, as (day, reason, how often)."""
    rows = connection.execute(
        "SELECT day, reason, views, events FROM dropped WHERE site = ? AND day >= ? ORDER BY day, views DESC",
        (site, first_day),
    )
    return [(day, reason, Dropped(views, events)) for day, reason, views, events in rows]


def site_days(connection: Connection) -> list[tuple[int, int]]:
    """Every site-day that has hits."""
    return connection.execute("SELECT site, day FROM site_day ORDER BY site, day").fetchall()


def health(connection: Connection) -> dict[str, int]:
    """How much is stored and how much of it waits to be folded, in hits and site-days."""
    days, waiting = connection.execute(
        "SELECT count(*), coalesce(sum(stored > folded), 0) FROM site_day"
    ).fetchone()
    return {"site_days": days, "pending_site_days": waiting}


def list_imports(connection: Connection, site: int | None = None) -> list[dict[str, object]]:
    """Every import, oldest first."""
    cursor = connection.execute(
        "SELECT import.id, import.site, domain, kind, file, fingerprint, started, state, stored, summary"
        " FROM import JOIN site ON site.id = import.site WHERE ?1 IS NULL OR site.id = ?1 ORDER BY import.id",
        (site,),
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def read_sites(connection: Connection) -> list[Site]:
    """Every site, by domain."""
    rows = connection.execute(
        "SELECT id, domain, timezone, aliases, exclude_addresses, exclude_paths, query_keys,"
        " foreign_ids, honour_gpc, count_bots, cooldown, needs_token, token_secret,"
        " former_secret, former_until, keep_days FROM site ORDER BY domain"
    )
    found, renamed = [], path_aliases(connection)
    for id, domain, timezone, *rest in rows:
        *lists, honour_gpc, count_bots, cooldown, needs_token, secret, former_secret, until, keep_days = rest
        aliases, addresses, paths, keys, foreign = (tuple(msgspec.json.decode(text)) for text in lists)
        found.append(
            Site(
                id=id,
                domain=domain,
                timezone=timezone,
                aliases=aliases,
                hosts=frozenset(bare_host(host) for host in (domain, *aliases)),
                exclude_addresses=addresses,
                exclude_paths=paths,
                query_keys=keys,
                honour_gpc=bool(honour_gpc),
                count_bots=bool(count_bots),
                foreign_ids=foreign,
                cooldown=cooldown,
                needs_token=bool(needs_token),
                token_secret=secret,
                former_secret=former_secret,
                former_until=until,
                keep_days=keep_days,
                path_aliases=renamed.get(id, {}),
            )
        )
    return found
