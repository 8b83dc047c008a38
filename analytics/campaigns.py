"""What a page's address says of where its reader came from: UTM fields, and that there was a click id."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import parse_qsl

from .model import NO_CAMPAIGN, Campaign

MAX_WORD = 200
"""Characters of a field that are kept."""
MAX_QUERY = 4_000
MAX_FIELDS = 100

FIELDS = {
    "utm_source": "source",
    "source": "source",
    "ref": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_content": "content",
    "utm_term": "term",
}
"""Names of parameters, and what they tell. Where several tell the source, the first in this list does."""

RANK = {name: place for place, name in enumerate(FIELDS)}

CLICKS = (
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "msclkid",
    "fbclid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "yclid",
    "epik",
    "rdt_cid",
    "sccid",
    "irclickid",
    "mc_eid",
    "igshid",
    "srsltid",
)
"""Parameters that tell one click from another. That one was there is kept, the click id itself never."""


_TELLING = re.compile("|".join(f"{name}=" for name in (*FIELDS, *CLICKS)), re.IGNORECASE)


def read_campaign(url: str) -> Campaign:
    """The campaign that an address names; NO_CAMPAIGN for none."""
    start = url.find("?")
    if start < 0:
        return NO_CAMPAIGN
    query = url[start + 1 : start + 1 + MAX_QUERY].partition("#")[0]
    if not _TELLING.search(query):
        return NO_CAMPAIGN
    words: dict[str, tuple[int, str]] = {}
    try:
        pairs = parse_qsl(query, max_num_fields=MAX_FIELDS, errors="replace")
    except ValueError:
        return NO_CAMPAIGN
    for name, value in pairs:
        name = name.lower()
        if name in CLICKS:
            words.setdefault("click", (0, name))
        elif name in FIELDS and (word := clean(value)):
            kept = (RANK[name], word)
            words[FIELDS[name]] = min(words.get(FIELDS[name], kept), kept)
    if not words:
        return NO_CAMPAIGN
    found = {field: word for field, (_, word) in words.items()}
    for field in ("source", "medium"):
        if field in found:
            found[field] = found[field].lower()
    return Campaign(**found)


def clean(text: str) -> str:
    """A field as it is kept: composed, on one line, without what does not show."""
    text = "".join(char for char in text[: 2 * MAX_WORD] if char.isprintable())
    return unicodedata.normalize("NFC", " ".join(text.split()))[:MAX_WORD]
