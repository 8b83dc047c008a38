"""A moment that quick questions share: those that come together look at one snapshot.

To begin a snapshot takes longer than to look a few rows up. So it stays open for a moment, and
serves every question until something is committed: no answer is older than the last commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from .model import Count, PageSeries, Range, Totals
from .store.reads import read_page_series
from .store.sqlite import SqliteReader
from .urls import MAX_KEPT
from .writer import Writer

MOST_KEPT = 1_000
"""Answers about whole sites that are kept until something is committed."""

MOST_SERIES = 10_000
"""Pages and spans whose closed days are kept, 0.8 kB for thirty days, until a closed day is opened again."""


class Glance:
    """The reader of one event loop. `renew` before each question, `close` soon after the last."""

    def __init__(self, reader: SqliteReader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._snapshot = ExitStack()
        self._is_open = False
        self._commits = self._version = -1
        self._sites: dict[tuple[int, Range | None], Count] = {}
        self._days: dict[tuple[int, int, int], dict[int, Totals]] = {}
        self._unfolded: dict[int, int] = {}
        self._open_from: dict[int, int | None] = {}
        self._openings = -1
        self._series: dict[tuple[int, str, int, int], str] = {}

    def renew(self) -> bool:
        """Look at what is committed by now. True when a snapshot was begun that somebody must close."""
        commits, is_full = self._writer.commits, len(self._sites) + len(self._days) > MOST_KEPT
        if self._is_open and self._commits == commits and not is_full:
            return False
        self.close()
        self._forget_series(self._writer.openings)
        self._snapshot.enter_context(self._reader.snapshot())
        # What is committed can be seen before the writer has counted it: what is kept goes by what is seen.
        version = self._reader.pragma("data_version")
        if version != self._version or is_full:
            self._forget()
        self._is_open, self._commits, self._version = True, commits, version
        return True

    def close(self) -> None:
        """Let go of the snapshot, which keeps the log from beginning anew; what it told is kept."""
        self._is_open = False
        self._snapshot.close()

    def _forget(self) -> None:
        self._sites.clear()
        self._days.clear()
        self._unfolded.clear()
        self._open_from.clear()

    def _forget_series(self, openings: int) -> None:
        """Before a snapshot begins: should a day be opened in between, it is forgotten then."""
        if self._openings != openings or len(self._series) > MOST_SERIES:
            self._openings = openings
            self._series.clear()

    def unfolded(self, site: int) -> int:
        """How many hit ids of a site lie past its watermarks."""
        if site not in self._unfolded:
            self._unfolded[site] = self._reader.unfolded(site)
        return self._unfolded[site]

    def site_count(self, site: int, span: Range | None = None) -> Count:
        """Views and visitors of a site, of all time or of a range of days."""
        key = (site, span)
        if key not in self._sites:
            self._sites[key] = self._reader.site_count(site, span)
        return self._sites[key]

    def page_counts(self, site: int, paths: Sequence[str], span: Range | None = None) -> dict[str, Count]:
        """Views and visitors of canonical paths; a path without any is absent."""
        return self._reader.page_counts(site, paths, span, is_folded=self.unfolded(site) == 0)

    def page_series(self, site: int, path: str, span: Range) -> PageSeries:
        """Views and visitors of a canonical path on the days of a range."""
        if site not in self._open_from:
            self._open_from[site] = self._reader.first_open_day(site)
        open_from = self._open_from[site]
        last = span.last if open_from is None else min(open_from - 1, span.last)
        if last < span.first:
            return self._reader.page_series(site, path, span, is_folded=self.unfolded(site) == 0)
        series = self._closed_series(site, path, Range(span.first, last))
        if last < span.last:
            rest = Range(last + 1, span.last)
            series.add(self._reader.page_series(site, path, rest, is_folded=self.unfolded(site) == 0))
        return series

    def _closed_series(self, site: int, path: str, span: Range) -> PageSeries:
        key = (site, path, span.first, span.last)
        if key in self._series:
            return read_page_series(self._series[key])
        found = self._reader.folded_page_series(site, path, span)
        series = read_page_series(found)
        # Anybody may ask for pages that there are not, of any length.
        if series.days and len(path) <= MAX_KEPT:
            self._series[key] = found
        return series

    def totals_by_day(self, site: int, first: int, last: int) -> dict[int, Totals]:
        """Head figures of each day of a range that has any."""
        key = (site, first, last)
        if key not in self._days:
            self._days[key] = self._reader.totals_by_day(site, first, last)
        return self._days[key]
