"""Which user agents are machines: the crawler-user-agents list, kept by its community, and link previews."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_AGENT = 1_024
"""Characters of a user agent that are looked at."""

PREVIEW = re.compile(
    # A preview says so; people's browsers inside the same apps do not.
    r"(?:link|url|chat)[- ]?(?:url )?(?:preview|lookup|expand)|openlinkpreview"
    r"|kakaotalk-scrap|cardyb|pinterestbot"
    # A server of the fediverse, or of a chat, that fetches what its people write about.
    r"|^(?:pleroma|akkoma|misskey|gotosocial|firefish|iceshrimp|sharkey|mitra|hubzilla|writefreely)\b"
    r"|^(?:line-poker|rocket\.chat server|nextcloud server|signal$|iframely|microsoft office/)",
    re.IGNORECASE,
)
"""Makers of link previews that the list misses; tests/test_agents.py has them all."""


@lru_cache(maxsize=16_384)
def is_bot(agent: str) -> bool:
    """Whether a user agent names itself as a crawler, a tool, or a headless browser."""
    # The list takes 30 ms to load, which a start should not wait for.
    from crawleruseragents import is_crawler

    agent = agent[:MAX_AGENT]
    return bool(is_crawler(agent) or PREVIEW.search(agent))
