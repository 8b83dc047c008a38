"""Which user agents are machines: the crawler-user-agents list, kept by its community."""

from __future__ import annotations

from functools import lru_cache

MAX_AGENT = 1_024
"""Characters of a user agent that are looked at."""


@lru_cache(maxsize=16_384)
def is_bot(agent: str) -> bool:
    """Whether a user agent names itself as a crawler, a tool, or a headless browser."""
    # The list takes 30 ms to load, which a start should not wait for.
    from crawleruseragents import is_crawler

    return bool(is_crawler(agent[:MAX_AGENT]))
