"""Who is online: visitors with a hit in the last five minutes, by site, in memory.

A cache of what the store knows, filled from it at the start, so that reading it costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from .model import ONLINE_WINDOW, Hit, Kind

CAPACITY = 200_000
"""Visitors that are remembered at once over all sites; beyond them the longest absent are forgotten."""


ENGAGEMENT = int(Kind.ENGAGEMENT)


class Presence:
    """When each visitor of each site was last seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[int, dict[int, int]] = {}
        self._size = 0
        self._newest = 0
        """Not before any time at which somebody was seen."""

    def load(self, site: int, visitors: Mapping[int, int]) -> None:
        """Take over what the store knows of a site: visitor to last time seen."""
        with self._lock:
            self._seen[site] = dict(sorted(visitors.items(), key=lambda item: item[1]))
            self._size += len(visitors)
            self._newest = max(self._newest, *visitors.values(), 0)

    def forget(self, site: int) -> None:
        """The site was removed."""
        with self._lock:
            self._size -= len(self._seen.pop(site, {}))

    def note(self, hits: Iterable[Hit]) -> None:
        """These hits were stored."""
        with self._lock:
            for hit in hits:
                if hit.kind == ENGAGEMENT:
                    continue  # it tells of a time before
                seen = self._seen.get(hit.site)
                if seen is None:
                    seen = self._seen[hit.site] = {}
                # Taken out and put in again, so that the order is that of the last time seen.
                last = seen.pop(hit.visitor, 0)
                at = hit.at if hit.at > last else last
                seen[hit.visitor] = at
                self._size += last == 0
                if at > self._newest:
                    self._newest = at
            if self._size > CAPACITY:
                self._trim()

    def count(self, site: int, now: float) -> int:
        """Visitors of the site with a hit in the last five minutes."""
        seen = self._seen.get(site)
        if not seen:
            return 0
        with self._lock:
            if self._newest > now + ONLINE_WINDOW:
                self._forget_ahead(int(now) + ONLINE_WINDOW)
            oldest = now - ONLINE_WINDOW
            while seen:
                visitor = next(iter(seen))
                if seen[visitor] >= oldest:
                    break
                del seen[visitor]
                self._size -= 1
            return len(seen)

    def _forget_ahead(self, latest: int) -> None:
        """The clock was ahead, and would show whom it saw until it is that late again."""
        for seen in self._seen.values():
            for visitor in [visitor for visitor, at in seen.items() if at > latest]:
                del seen[visitor]
                self._size -= 1
        self._newest = latest

    def _trim(self) -> None:
        while self._size > CAPACITY:
            largest = max(self._seen.values(), key=len)
            for visitor in list(largest)[: max(1, len(largest) // 10)]:
                del largest[visitor]
                self._size -= 1
