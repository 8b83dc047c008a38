"""Which visitor has just seen which page: a site's cooldown, in memory.

A cache of what the store knows, filled from it at the start. It holds hashes of visitor and page,
never the page or anything of the visitor. A visitor is another one on the next local day, so a
cooldown ends with the day at the latest.
"""

from __future__ import annotations

from collections.abc import Iterable

from .model import Hit, Kind

CAPACITY = 200_000
"""Pages seen by visitors that are remembered at once; of the oldest beyond them a view counts again."""


class Cooldown:
    """When each visitor's last counted view of a page was."""

    def __init__(self) -> None:
        self._counted: dict[int, int] = {}

    def load(self, site: int, views: Iterable[tuple[int, str, int]]) -> None:
        """Take over what the store knows of a site: (visitor, path, time), oldest first."""
        for visitor, path, at in views:
            self._note(hash((site, visitor, path)), at)

    def claim(self, hit: Hit, seconds: int) -> bool:
        """Whether a hit counts: events do, and a view that comes `seconds` after the last one that did.

        From here on it is the last one; `release` it when it could not be stored.
        """
        if hit.kind != Kind.VIEW:
            return True
        key = hash((hit.site, hit.visitor, hit.path))
        last = self._counted.get(key)
        # Later than now: the clock was set back.
        if last is not None and 0 <= hit.at - last < seconds:
            return False
        self._note(key, hit.at)
        return True

    def release(self, hit: Hit) -> None:
        """A claimed view was not stored, so that the next try must count."""
        if hit.kind == Kind.VIEW:
            self._counted.pop(hash((hit.site, hit.visitor, hit.path)), None)

    def _note(self, key: int, at: int) -> None:
        # Taken out and put in again, so that the order is that of time.
        self._counted.pop(key, None)
        self._counted[key] = at
        if len(self._counted) > CAPACITY:
            for oldest in list(self._counted)[: CAPACITY // 10]:
                del self._counted[oldest]
