"""Counters: every widget gets its numbers here. Summaries are in `summary`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .errors import InputError
from .model import Count, Counters, PageSeries, Range, Site, SiteCount, Totals
from .urls import MAX_URL, bare_host, has_scheme, read_page, read_path

MAX_PATHS = 100
"""Pages that one call for counters may ask for."""


class Counting(Protocol):
    """What counters are read from: a reader in a snapshot, or the moment that several share."""

    def site_count(self, site: int, span: Range | None = None) -> Count: ...

    def page_counts(self, site: int, paths: Sequence[str], span: Range | None = None) -> dict[str, Count]: ...

    def page_series(self, site: int, path: str, span: Range) -> PageSeries: ...

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


def count_days(reader: Counting, site: Site, path: str | None, span: Range, field: str) -> tuple[int, ...]:
    """The `field` (views or visitors) of each day of a range: of a page, or of the site (`path` None)."""
    counts = [0] * span.days
    if path is None:
        for day, totals in reader.totals_by_day(site.id, span.first, span.last).items():
            counts[day - span.first] = getattr(totals, field)
    else:
        series = reader.page_series(site.id, read_key(path, site), span)
        for day, count in zip(series.days, getattr(series, field), strict=True):
            counts[day - span.first] += count
    return tuple(counts)


def read_key(path: str, site: Site) -> str:
    """The canonical path of a page as a reader asks for it, by path or full address.

    Empty, which is no page's, for an address of another host. InputError for what is no address.
    """
    if len(path) > MAX_URL:
        raise InputError("path", f"is longer than {MAX_URL:,} characters")
    try:
        if has_scheme(path) and bare_host(read_page(path).host) not in site.hosts:
            return ""
        return site.page_key(read_path(path, query_keys=site.query_keys))
    except InputError as error:
        raise error.named("path") from None
