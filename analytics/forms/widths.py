"""How wide a text is in Verdana: a badge must know before any browser draws it."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

EM = 2048

_GROUPS = {
    550: "'",
    562: "il",
    705: "j",
    720: "f ",
    745: ",.",
    806: "!",
    807: "t",
    862: "I",
    874: "r",
    930: "()-/:;[]\\|",
    931: "J",
    940: '"',
    1067: "cs",
    1076: "z",
    1117: "?",
    1140: "L",
    1177: "F",
    1212: "kvxy",
    1220: "e",
    1230: "a",
    1235: "P",
    1243: "o",
    1260: "Y",
    1262: "T",
    1276: "bdgpq",
    1295: "E",
    1296: "hnu",
    1300: "{}",
    1302: "0123456789$*_`–",
    1400: "ASV",
    1403: "XZ",
    1404: "B",
    1419: "K",
    1424: "R",
    1430: "C",
    1488: "&",
    1499: "U",
    1532: "N",
    1539: "H",
    1578: "D",
    1588: "G",
    1612: "OQ",
    1676: "#+<=>^~w",
    1726: "M",
    1992: "m",
    2025: "W",
    2048: "@",
    2204: "%",
}
WIDTHS = {char: width for width, chars in _GROUPS.items() for char in chars}
"""Advance widths in 2048ths of the font size."""

BOLD = 1.13
"""About so much wider is the bold face."""


@lru_cache(maxsize=1_024)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in pixels at a font size."""
    total = sum(WIDTHS.get(char) or _guess(char) for char in text)
    return round(total * size * (BOLD if bold else 1) / EM, 1)


def _guess(char: str) -> int:
    """The width of a character that Verdana has not, or that the table leaves out."""
    if unicodedata.combining(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return EM
    if char in "\u202f\u00a0’":
        return 720
    return 1540 if char.isupper() else 1290
