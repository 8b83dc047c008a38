"""The one place that answers: every widget, page, API and terminal table gets its numbers here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Protocol

from .days import local_day
from .errors import InputError
from .model import Count, Counters, PageRow, Range, Site, SiteCount, SourceRow, Totals
from .periods import Period, range_of
from .store.base import Reader
from .urls import MAX_URL, read_path

MAX_PATHS = 100
"""Pages that one call for counters may ask for."""

TOP = 10
"""Rows of a list on a page."""

NOTHING = Totals()


@dataclass(frozen=True)
class Query:
    """A question about one site: which period, seen from which moment (seconds since 1970)."""

    site: Site
    period: Period
    now: float
    limit: int = TOP


@dataclass(frozen=True)
class Rest:
    """What a list leaves out: how many rows, and their views or visits."""

    rows: int
    amount: int


@dataclass(frozen=True)
class Report:
    """The answer: head figures, the same of the period before, a day at a time, and lists."""

    query: Query
    range: Range
    since: int | None
    """The first day with a hit; None when there was never one."""
    totals: Totals
    before: Totals | None
    """None where there is no period before (all time), or the site was not counted in all of it."""
    series: Sequence[tuple[int, Totals]]
    """(day, figures) of each day of the range."""
    series_before: Sequence[tuple[int, Totals]]
    pages: Sequence[PageRow]
    other_pages: Rest
    sources: Sequence[SourceRow]
    other_sources: Rest

    @property
    def counted_since(self) -> int | None:
        """The site's first day, where that is why there is nothing to compare with; else None."""
        return self.since if self.before is None and self.query.period.has_before else None


def summarise(reader: Reader, query: Query) -> Report:
    """Answer a question. Call it inside one snapshot of the reader."""
    site, today = query.site.id, local_day(query.site.timezone, query.now)
    since = reader.first_day(site)
    span = range_of(query.period, today, since)
    before = span.before() if query.period.has_before else None
    if before and (since is None or since > before.first):
        # A period that was counted in part would show a growth that never was.
        before = None
    by_day = reader.totals_by_day(site, before.first if before else span.first, span.last)
    series = _series(by_day, span)
    series_before = _series(by_day, before) if before else []
    totals = _sum(figures for _, figures in series)
    pages, page_count = reader.top_pages(site, span, query.limit)
    sources = reader.sources(site, span.first, span.last)
    shown = sources[: query.limit]
    return Report(
        query=query,
        range=span,
        since=since,
        totals=totals,
        before=_sum(figures for _, figures in series_before) if before else None,
        series=series,
        series_before=series_before,
        pages=pages,
        other_pages=Rest(page_count - len(pages), totals.views - sum(page.views for page in pages)),
        sources=shown,
        other_sources=Rest(
            len(sources) - len(shown), sum(row.visits for row in sources) - sum(row.visits for row in shown)
        ),
    )


def total_of(reader: Reader, query: Query) -> Totals:
    """The head figures of a period alone."""
    today = local_day(query.site.timezone, query.now)
    span = range_of(query.period, today, reader.first_day(query.site.id))
    return _sum(reader.totals_by_day(query.site.id, span.first, span.last).values())


class Counting(Protocol):
    """What counters are read from: a reader in a snapshot, or the moment that several share."""

    def site_count(self, site: int, span: Range | None = None) -> Count: ...

    def page_counts(self, site: int, paths: Sequence[str], span: Range | None = None) -> dict[str, Count]: ...

    def page_series(self, site: int, path: str, span: Range) -> dict[int, Count]: ...

    def totals_by_day(self, site: int, first: int, last: int) -> dict[int, Totals]: ...


def count_pages(
    reader: Counting, site: Site, asked: Sequence[str], online: int, span: Range | None = None
) -> Counters:
    """Counters of a site and of pages, keyed by the paths as they were asked for.

    Of all time with the owner's offsets, or of a range of days.

    Call it inside one snapshot of the reader. InputError for too many paths, or one too long.
    """
    if len(asked) > MAX_PATHS:
        raise InputError("path", f"was given {len(asked)} times; {MAX_PATHS} are answered at once")
    keys = {path: read_key(path, site) for path in asked}
    counts = reader.page_counts(site.id, tuple(set(keys.values())), span) if keys else {}
    total = reader.site_count(site.id, span)
    return Counters(
        SiteCount(site.domain, total.views, total.visitors, online),
        {path: counts.get(key, Count()) for path, key in keys.items()},
    )


def day_values(reader: Counting, site: Site, path: str | None, span: Range) -> list[Count]:
    """Views and visitors of each day of a range: of a page, or of the site where `path` is None."""
    if path is None:
        totals = reader.totals_by_day(site.id, span.first, span.last)
        by_day = {day: Count(figures.views, figures.visitors) for day, figures in totals.items()}
    else:
        by_day = reader.page_series(site.id, read_key(path, site), span)
    return [by_day.get(day, Count()) for day in range(span.first, span.last + 1)]


def read_key(path: str, site: Site) -> str:
    """The canonical path of a page as a reader asks for it; InputError when it is too long."""
    if len(path) > MAX_URL:
        raise InputError("path", f"is longer than {MAX_URL:,} characters")
    return site.page_key(read_path(path, query_keys=site.query_keys))


def _series(by_day: dict[int, Totals], span: Range) -> list[tuple[int, Totals]]:
    return [(day, by_day.get(day, NOTHING)) for day in range(span.first, span.last + 1)]


def _sum(figures: Iterable[Totals]) -> Totals:
    return reduce(add, figures, NOTHING)
