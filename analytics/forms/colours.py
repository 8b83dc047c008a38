"""Colours: what a query may name, how two mix, and which text can be read on one."""

from __future__ import annotations

import re
from functools import lru_cache

from ..errors import InputError

Ink = str | tuple[str, str]
"""A colour as #rrggbb; or two, for a light and a dark page."""

ERROR = "#9aa0a4"
"""Of what is not known."""

NAMED = {
    "brightgreen": "#3fb911",
    "green": "#2f8f3e",
    "yellowgreen": "#8fa020",
    "yellow": "#cfa60c",
    "orange": "#e07b39",
    "red": "#d0483c",
    "blue": "#1273b8",
    "teal": "#0a7358",
    "purple": "#7c4dbd",
    "pink": "#d1498b",
    "grey": "#555b5f",
    "lightgrey": "#9aa0a4",
    "black": "#111111",
    "white": "#ffffff",
}
SAME = {
    "gray": "grey",
    "lightgray": "lightgrey",
    "success": "brightgreen",
    "important": "orange",
    "critical": "red",
    "informational": "blue",
    "inactive": "lightgrey",
    "blueviolet": "purple",
}
_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")


def read_colour(field: str, text: str) -> str:
    """A colour by name or as hexadecimal digits, to #rrggbb; empty stays empty. InputError for others."""
    if not text:
        return ""
    name = SAME.get(text.lower(), text.lower())
    if name in NAMED:
        return NAMED[name]
    found = _HEX.match(text)
    if found is None:
        hint = f"Write 0a7358, or one of {', '.join(NAMED)}."
        raise InputError(field, f"{text[:40]!r} is not a colour", hint=hint)
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


@lru_cache(maxsize=512)
def mix(colour: str, other: str, share: float) -> str:
    """The first colour with a share (0 to 1) of the other on top."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def mix_ink(ink: Ink, other: str, share: float) -> Ink:
    """`mix` for both colours of a pair."""
    return mix(ink, other, share) if isinstance(ink, str) else tuple(mix(one, other, share) for one in ink)  # type: ignore[return-value]


def text_on(ink: Ink) -> Ink:
    """The colour of text that can be read on this one: white, or nearly black on what is light."""
    if not isinstance(ink, str):
        return _text_on(ink[0]), _text_on(ink[1])
    return _text_on(ink)


def _text_on(colour: str) -> str:
    return "#1f2328" if luminance(colour) > 0.25 else "#ffffff"


def luminance(colour: str) -> float:
    """How bright a colour looks, 0 to 1 (the relative luminance of WCAG)."""
    parts = [channel / 255 for channel in _channels(colour)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
