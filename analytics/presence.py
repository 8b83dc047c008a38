"""Who is online: visitors with a hit in the last five minutes, by site, in memory.

A cache of what the store knows, filled from it at the start, so that reading it costs nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from .model import ONLINE_WINDOW, Hit

CAPACITY = 200_000
"""Visitors that are remembered at once over all sites; beyond them the longest absent are forgotten."""


class Presence:
    """When each visitor of each site was last seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[int, dict[int, int]] = {}

    def load(self, site: int, visitors: Mapping[int, int]) -> None:
        """Take over what the store knows of a site: visitor to last time seen."""
        with self._lock:
            self._seen[site] = dict(sorted(visitors.items(), key=lambda item: item[1]))

    def note(self, hits: Iterable[Hit]) -> None:
        """These hits were stored."""
        with self._lock:
            for hit in hits:
                seen = self._seen.setdefault(hit.site, {})
                # Taken out and put in again, so that the order is that of the last time seen.
                last = max(seen.pop(hit.visitor, 0), hit.at)
                seen[hit.visitor] = last
            self._trim()

    def count(self, site: int, now: float) -> int:
        """Visitors of the site with a hit in the last five minutes."""
        seen = self._seen.get(site)
        if not seen:
            return 0
        with self._lock:
            oldest = now - ONLINE_WINDOW
            while seen:
                visitor = next(iter(seen))
                if seen[visitor] >= oldest:
                    break
                del seen[visitor]
            return len(seen)

    def _trim(self) -> None:
        excess = sum(map(len, self._seen.values())) - CAPACITY
        while excess > 0:
            largest = max(self._seen.values(), key=len)
            del largest[next(iter(largest))]
            excess -= 1
