"""What the rest of Pagetally may ask of a store; the contract suite runs over every kind of it.

`Store` is used by the writer thread alone. `Reader` answers for one moment, and never writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ..breakdown import Lookup
from ..columns import Columns
from ..dimensions import Dimension
from ..goals import Kept
from ..model import Annotation, Count, Hit, PageRow, PageSeries, Range, Site, Totals
from .ingest import Salt


class Reader(Protocol):
    """Questions; each answer counts everything committed, folded or not."""

    def snapshot(self) -> AbstractContextManager[object]:
        """A block whose answers all speak of one moment."""
        ...

    def sites(self) -> list[Site]: ...

    def site_count(self, site: int, span: Range | None = None) -> Count: ...

    def page_counts(self, site: int, paths: Sequence[str], span: Range | None = None) -> dict[str, Count]: ...

    def page_series(self, site: int, path: str, span: Range) -> PageSeries: ...

    def page_rows(self, site: int, paths: Sequence[str]) -> dict[str, tuple[int, str]]: ...

    def first_day(self, site: int) -> int | None: ...

    def last_day(self, site: int) -> int | None: ...

    def totals_by_day(self, site: int, first: int, last: int) -> dict[int, Totals]: ...

    def top_pages(
        self,
        site: int,
        span: Range | None,
        limit: int,
        *,
        by_visitors: bool = False,
        born: int | None = None,
    ) -> tuple[list[PageRow], int]: ...

    def rising_pages(
        self, site: int, span: Range, before: Range, born: int | None = None
    ) -> list[tuple[PageRow, int, Count]]: ...

    def columns(self, site: int, span: Range, names: Iterable[str]) -> Iterator[Columns]: ...

    def lookup(self, site: int, dimension: Dimension) -> Lookup: ...

    def properties(self, site: int, day: int, hits: Sequence[int]) -> tuple[Sequence[int], Sequence[str]]: ...

    def kept(self, site: int) -> Kept: ...

    def annotations(self, site: int, span: Range) -> list[Annotation]: ...

    def rolled_months(self, site: int, span: Range) -> Sequence[int]: ...

    def month_rows(
        self, site: int, dimension: str, months: Sequence[int]
    ) -> Iterable[tuple[str, Sequence[int]]]: ...

    def close(self) -> None: ...


class Store(Protocol):
    """Verbs that write, each all or nothing. Unavailable when the disk does not let them."""

    def write(self, hits: Sequence[Hit], salts: Sequence[Salt] = ()) -> list[bool]:
        """Store hits, durably; tells of each whether it is new (and not the repeat of an event id)."""
        ...

    def pending_days(self) -> list[tuple[int, int]]:
        """Site-days with hits that are not folded yet."""
        ...

    def fold(self, site: int, day: int, limit: int) -> int:
        """Fold one slice of at most `limit` hits of a site-day; how many it were."""
        ...

    def rollup(self, ended_before: Callable[[Site], int]) -> bool:
        """Do one thing that is due of what has ended; False for nothing."""
        ...

    def purge(self, now: float) -> None:
        """Destroy what may be kept for a while only: old salts and event ids."""
        ...

    def close(self) -> None: ...
