"""/sites/{domain}/dropped and /dropped: what was deliberately not counted, day by day, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..days import local_day
from ..instance import Instance
from ..model import OTHER, Count, Dropped, Range, Site
from .gate import Gate
from .pages import Pages

DAYS = 30


@dataclass(frozen=True)
class Reason:
    """One reason, with the views of each day of the range, the first day first, and its events."""

    name: str
    days: Sequence[int]
    events: int = 0

    @property
    def views(self) -> int:
        return sum(self.days)


def by_reason(rows: Iterable[tuple[int, str, Dropped]], span: Range) -> list[Reason]:
    """(day, reason, how often) as one row for each reason, the most frequent first."""
    days: dict[str, list[int]] = defaultdict(lambda: [0] * span.days)
    events: Counter[str] = Counter()
    for day, reason, dropped in rows:
        if span.first <= day <= span.last:
            days[reason][day - span.first] += dropped.views
            events[reason] += dropped.events
    return sorted(
        (Reason(name, found, events[name]) for name, found in days.items()),
        key=lambda one: (-one.views, -one.events, one.name),
    )


class DroppedRoutes:
    """Both pages, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [
            gate.site_page("/sites/{domain}/dropped", self.dropped),
            gate.page("/dropped", partial(self.dropped, site=None)),
        ]

    async def dropped(self, request: Request, site: Site | None) -> Response:
        """What a site did not count in 30 days; without a site, what belonged to none."""
        # What was dropped in the last two seconds may not be stored yet.
        today = local_day(site.timezone if site else "UTC", self._instance.clock())
        span = Range(today - DAYS + 1, today)
        reasons, other = await run_in_threadpool(self._read, site, span)
        return self._pages.render(
            request, "dropped.html", signed_in=True, site=site, reasons=reasons, other=other, span=span
        )

    def _read(self, site: Site | None, span: Range) -> tuple[list[Reason], int]:
        """The reasons, and the views without a page of their own."""
        with self._instance.borrow_reader() as reader:
            reasons = by_reason(reader.dropped_by_day(site.id if site else 0, span.first), span)
            other = reader.page_counts(site.id, (OTHER,), span).get(OTHER, Count()) if site else Count()
        return reasons, other.views
