"""Which user agents are machines: the list crawler-user-agents of a community, link previews, plain words."""

from __future__ import annotations

import re
from functools import lru_cache

from .language import N_

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

PLAIN = re.compile(r"(?<!cu)bot(?:[/;,)@:.-]|$)|crawl|spider(?! \d)|\+https?:", re.IGNORECASE)
"""Says that it is one, or where that is explained. Cubot, "VR BOT 552" and "Spider 8" are telephones."""


TRAINING, SEARCH, ASSISTANT = N_("training"), N_("search"), N_("assistant")

AI: dict[str, str] = {
    "GPTBot": TRAINING,
    "OAI-SearchBot": SEARCH,
    "ChatGPT-User": ASSISTANT,
    "ClaudeBot": TRAINING,
    "Claude-SearchBot": SEARCH,
    "Claude-User": ASSISTANT,
    "anthropic-ai": TRAINING,
    "PerplexityBot": SEARCH,
    "Perplexity-User": ASSISTANT,
    "Google-CloudVertexBot": ASSISTANT,
    "GoogleOther": TRAINING,
    "Google-Extended": TRAINING,
    "Gemini-Deep-Research": ASSISTANT,
    "Applebot-Extended": TRAINING,
    "meta-externalagent": TRAINING,
    "meta-externalfetcher": ASSISTANT,
    "FacebookBot": TRAINING,
    "Bytespider": TRAINING,
    "CCBot": TRAINING,
    "Amazonbot": TRAINING,
    "cohere-ai": ASSISTANT,
    "cohere-training-data-crawler": TRAINING,
    "Diffbot": TRAINING,
    "DuckAssistBot": ASSISTANT,
    "MistralAI-User": ASSISTANT,
    "YouBot": SEARCH,
    "AI2Bot": TRAINING,
    "PetalBot": SEARCH,
    "Timpibot": TRAINING,
    "omgili": TRAINING,
    "ImagesiftBot": TRAINING,
    "Kangaroo Bot": TRAINING,
    "PanguBot": TRAINING,
    "SemrushBot-OCOB": TRAINING,
    "Webzio-Extended": TRAINING,
    "xAI-Grok": ASSISTANT,
    "DeepSeekBot": TRAINING,
}
"""Crawlers of makers of AI by what they say they fetch pages for."""


def ai_kind(name: str) -> str:
    """What an AI crawler fetches pages for: training, search, assistant; empty for other machines."""
    return AI.get(name, "")


_AI = re.compile("|".join(map(re.escape, AI)), re.IGNORECASE)


def is_bot(agent: str) -> bool:
    """Whether a user agent names itself as a crawler, a tool, or a headless browser."""
    return _is_bot(agent[:MAX_AGENT])


@lru_cache(maxsize=16_384)
def _is_bot(agent: str) -> bool:
    # The list takes 30 ms to load, which a start should not wait for.
    from crawleruseragents import is_crawler

    return bool(is_crawler(agent) or PREVIEW.search(agent) or PLAIN.search(agent) or _AI.search(agent))
