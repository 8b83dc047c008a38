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

Units = tuple[tuple[str, int], ...]
"""What stands behind a compact number, and the zeros it is for."""


def _units(*names: str) -> Units:
    """For thousands, millions and so on; empty where a language has none."""
    return tuple((name, 3 + 3 * place) for place, name in enumerate(names) if name)


def _apart(*names: str) -> Units:
    return _units(*(name and BLANK + name for name in names))


SHORT = _units("K", "M", "B", "T")
UNITS: Mapping[str, Units] = {
    "de": _apart("", "Mio.", "Mrd.", "Bio."),
    "fr": _apart("k", "M", "Md", "Bn"),
    "es": _apart("mil", "M", "", "B"),
    "es-mx": _apart("k", "M", "", "B"),
    "it": (*_units("K"), *_apart("", "Mln", "Mld", "Bln")),
    "pt": _apart("mil", "mi", "bi", "tri"),
    "pt-pt": _apart("mil", "M", "mM", "Bi"),
    "nl": (*_units("K"), *_apart("", "mln.", "mld.", "bln.")),
    "pl": _apart("tys.", "mln", "mld", "bln"),
    "ru": _apart("тыс.", "млн", "млрд", "трлн"),
    "uk": _apart("тис.", "млн", "млрд", "трлн"),
    "cs": _apart("tis.", "mil.", "mld.", "bil."),
    "sk": _apart("tis.", "mil.", "mld.", "bil."),
    "sv": _apart("tn", "mn", "md", "bn"),
    "da": _apart("t", "mio.", "mia.", "bio."),
    "nb": (*_units("k"), *_apart("", "mill.", "mrd.", "bill.")),
    "fi": _apart("t.", "milj.", "mrd.", "bilj."),
    "tr": _apart("B", "Mn", "Mr", "Tn"),
    "ro": _apart("K", "mil.", "mld.", "tril."),
    "hu": _apart("E", "M", "Mrd", "B"),
    "id": _apart("rb", "jt", "M", "T"),
    "vi": _apart("N", "Tr", "T", "NT"),
    "zh": (("万", 4), ("亿", 8), ("万亿", 12)),
    "zh-tw": (("萬", 4), ("億", 8), ("兆", 12)),
    "zh-hk": SHORT,
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
    """Two digits below a hundred of a unit, whole units above, as `Intl.NumberFormat` does: 1.2K, 12K, 1M.

    A number that rounds up to the next unit is written in that: 999,950 is 1M, never 1000K.
    """
    units = [("", 0), *_of_language(UNITS, locale, SHORT)]
    index = max(place for place, (_, zeros) in enumerate(units) if not place or value >= 10**zeros)
    size = 10 ** units[index][1]
    whole, tenths = _round(value, size), _round(value * 10, size)
    shown = tenths * size // 10 if tenths < 100 else whole * size
    if index + 1 < len(units) and shown >= 10 ** units[index + 1][1]:
        return f"1{units[index + 1][0]}"
    letter = units[index][0]
    if tenths < 100 and tenths % 10:
        point = "." if _of_language(GROUP_BY_LANGUAGE, locale, ",") in (",", QUOTE) else ","
        return f"{tenths // 10}{point}{tenths % 10}{letter}"
    # Four digits stand alone in every language, where they are compact.
    return f"{whole if whole < 10_000 else _group(whole, locale)}{letter}"


def _round(value: int, size: int) -> int:
    return (value + size // 2) // size
