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


AI: dict[str, str] = {
    "GPTBot": "training",
    "OAI-SearchBot": "search",
    "ChatGPT-User": "assistant",
    "ClaudeBot": "training",
    "Claude-SearchBot": "search",
    "Claude-User": "assistant",
    "anthropic-ai": "training",
    "PerplexityBot": "search",
    "Perplexity-User": "assistant",
    "Google-CloudVertexBot": "assistant",
    "GoogleOther": "training",
    "Google-Extended": "training",
    "Gemini-Deep-Research": "assistant",
    "Applebot-Extended": "training",
    "meta-externalagent": "training",
    "meta-externalfetcher": "assistant",
    "FacebookBot": "training",
    "Bytespider": "training",
    "CCBot": "training",
    "Amazonbot": "training",
    "cohere-ai": "assistant",
    "cohere-training-data-crawler": "training",
    "Diffbot": "training",
    "DuckAssistBot": "assistant",
    "MistralAI-User": "assistant",
    "YouBot": "search",
    "AI2Bot": "training",
    "PetalBot": "search",
    "Timpibot": "training",
    "omgili": "training",
    "ImagesiftBot": "training",
    "Kangaroo Bot": "training",
    "PanguBot": "training",
    "SemrushBot-OCOB": "training",
    "Webzio-Extended": "training",
    "xAI-Grok": "assistant",
    "DeepSeekBot": "training",
}
"""Crawlers of makers of AI by what they say they fetch pages for."""


def ai_kind(name: str) -> str:
    """What an AI crawler fetches pages for: training, search, assistant; empty for other machines."""
    return AI.get(name, "")


_AI = re.compile("|".join(map(re.escape, AI)), re.IGNORECASE)


@lru_cache(maxsize=16_384)
def is_bot(agent: str) -> bool:
    """Whether a user agent names itself as a crawler, a tool, or a headless browser."""
    # The list takes 30 ms to load, which a start should not wait for.
    from crawleruseragents import is_crawler

    agent = agent[:MAX_AGENT]
    return bool(is_crawler(agent) or PREVIEW.search(agent) or _AI.search(agent))
