"""Counts that an owner brings: how they change what is there."""

from __future__ import annotations

from .model import Amount, Count

REPLACE, HIGHER, ADD, FILL = "replace", "higher", "add", "fill"
STRATEGIES = (REPLACE, HIGHER, ADD, FILL)
"""The count given instead of ours; the higher of the two; on top of ours; only where we have none."""

MAX_COUNT = 10**15
"""The largest count that is taken: twice as much as people write, and far from any limit of numbers."""


def difference(strategy: str, now: Count, given: Amount) -> Count:
    """By how much a count given moves the count there is now."""
    if strategy == FILL and now.views > 0:
        return Count()
    pairs = ((now.views, given.views), (now.visitors, given.visitors))
    return Count(*(_difference(strategy, have, want) for have, want in pairs))


def _difference(strategy: str, now: int, given: int | None) -> int:
    if given is None:
        return 0
    if strategy == ADD:
        return given
    return max(given - now, 0) if strategy == HIGHER else given - now
