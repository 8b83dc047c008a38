"""How numbers are written on public pages: grouped as a language does, compact, or raw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

FORMATS = ("grouped", "compact", "raw")

NARROW, BLANK, QUOTE = "\u202f", "\u00a0", "’"

GROUP_BY_LANGUAGE = {
    **dict.fromkeys("de nl it es pt id tr da el ro hr sl sr vi ca gl is mk bs".split(), "."),
    **dict.fromkeys("ru uk cs sk pl sv nb nn no fi bg hu et lv lt be kk hy sq".split(), BLANK),
    "fr": NARROW,
    "de-ch": QUOTE,
    "it-ch": QUOTE,
    "de-at": BLANK,
    "es-mx": ",",
    "es-us": ",",
    "pt-pt": BLANK,
}
"""What stands between groups of digits; elsewhere a comma."""

FOUR_UNGROUPED = frozenset("es pt-pt pl it bg hu ca".split())
"""Languages that leave four digits alone."""

LAKHS = frozenset("hi bn gu mr ta te kn ml pa en-in".split())
"""Groups of two digits before the last three: 12,34,567."""

SHORT = (("K", 3), ("M", 6), ("B", 9), ("T", 12))
MYRIADS = {
    "zh": (("万", 4), ("亿", 8), ("万亿", 12)),
    "zh-tw": (("萬", 4), ("億", 8), ("兆", 12)),
    "zh-hk": (("萬", 4), ("億", 8), ("兆", 12)),
    "zh-hant": (("萬", 4), ("億", 8), ("兆", 12)),
    "ja": (("万", 4), ("億", 8), ("兆", 12)),
    "ko": (("천", 3), ("만", 4), ("억", 8), ("조", 12)),
}


def write_number(value: int, form: str = "grouped", locale: str = "") -> str:
    """A whole number in one of FORMATS; `locale` is a language tag such as `de` or `zh-TW`."""
    if form == "raw":
        return str(value)
    if form == "compact":
        return _compact(value, locale)
    return _group(value, locale)


def _of_language(table: Mapping[str, T], locale: str, default: T) -> T:
    """The row of a language tag: the whole tag, its parts, its first part, or the default."""
    tag = locale.lower().replace("_", "-")
    while tag:
        if tag in table:
            return table[tag]
        tag = tag.rpartition("-")[0]
    return default


def _is_in(languages: frozenset[str], locale: str) -> bool:
    tag = locale.lower().replace("_", "-")
    return tag in languages or tag.partition("-")[0] in languages


def _group(value: int, locale: str) -> str:
    if not locale:
        return f"{value:,}"
    if value < 10_000 and _is_in(FOUR_UNGROUPED, locale) and not locale.lower().startswith("es-"):
        return str(value)
    if value >= 100_000 and _is_in(LAKHS, locale):
        head, tail = divmod(value, 1_000)
        pairs = []
        while head:
            head, pair = divmod(head, 100)
            pairs.append(f"{pair:02d}" if head else str(pair))
        return ",".join([*reversed(pairs), f"{tail:03d}"])
    return f"{value:,}".replace(",", _of_language(GROUP_BY_LANGUAGE, locale, ","))


def _compact(value: int, locale: str) -> str:
    """Two digits below a hundred of a unit, whole units above, as browsers do: 1.2K, 12K, 123K, 1M.

    A number that rounds up to the next unit is written in that: 999,950 is 1M, never 1000K.
    """
    units = [("", 0), *_of_language(MYRIADS, locale, SHORT)]
    index = max(place for place, (_, zeros) in enumerate(units) if not place or value >= 10**zeros)
    size = 10 ** units[index][1]
    whole = _round(value, size)
    if index + 1 < len(units) and whole * size >= 10 ** units[index + 1][1]:
        return f"1{units[index + 1][0]}"
    letter = units[index][0]
    tenths = _round(value * 10, size)
    if tenths < 100 and tenths % 10:
        point = "." if _of_language(GROUP_BY_LANGUAGE, locale, ",") == "," else ","
        return f"{tenths // 10}{point}{tenths % 10}{letter}"
    return f"{_group(whole, locale)}{letter}"


def _round(value: int, size: int) -> int:
    return (value + size // 2) // size
