"""Small pictures before a badge's label: our own by name, or the asker's as a checked data: address."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from math import cos, pi, sin

from ..errors import InputError
from .colours import Ink
from .picture import Area, Box, Dots, Image, Line, Point, Shape

MAX_LOGO = 8_000
"""Characters of a data: address."""

_DATA = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,([A-Za-z0-9+/]+={0,2})\Z")
_UNFIT = re.compile(
    rb"<script|<foreignobject|<!|<\?xml-s|<iframe|\bon\w+\s*=|javascript:|href|url\(\s*[^#]|&#", re.I
)
"""What a picture within a picture has no need for."""


def _arc(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    steps = 12
    angles = [(start + (end - start) * step / steps) * pi / 180 for step in range(steps + 1)]
    return [(x + radius * cos(angle), y + radius * sin(angle)) for angle in angles]


def _bars(ink: Ink) -> list[Shape]:
    return [Box(2 + 7 * index, 20 - tall, 5, tall, ink, 1) for index, tall in enumerate((8, 13, 18))]


def _eye(ink: Ink) -> list[Shape]:
    lid = [*_arc(12, 18, 11.7, -147, -33), *_arc(12, 6, 11.7, 33, 147)]
    return [Line([*lid, lid[0]], ink, 2), Dots([(12, 12)], ink, 3.4)]


def _heart(ink: Ink) -> list[Shape]:
    return [Area([(12, 21), *_arc(7.2, 8.6, 5, 145, 335), *_arc(16.8, 8.6, 5, 205, 395)], ink)]


def _people(ink: Ink) -> list[Shape]:
    chest = _arc(8, 21, 7, 180, 360)
    behind = _arc(16, 21, 7, 270, 360)
    return [
        Dots([(8, 8)], ink, 4),
        Area(chest, ink),
        Dots([(16.5, 8)], ink, 3.4),
        Area([(16, 21), *behind], ink),
    ]


def _star(ink: Ink) -> list[Shape]:
    turns = [(index * 36 - 90) * pi / 180 for index in range(10)]
    return [
        Area(
            [
                (12 + (4.6 if index % 2 else 11) * cos(turn), 12.8 + (4.6 if index % 2 else 11) * sin(turn))
                for index, turn in enumerate(turns)
            ],
            ink,
        )
    ]


def _tally(ink: Ink) -> list[Shape]:
    posts = [Box(2.5 + 5.5 * index, 2, 2.6, 20, ink) for index in range(4)]
    return [*posts, Line([(1.5, 16.5), (22.5, 7.5)], ink, 2.6)]


LOGOS: dict[str, Callable[[Ink], list[Shape]]] = {
    "pagetally": _tally,
    "bars": _bars,
    "eye": _eye,
    "heart": _heart,
    "people": _people,
    "star": _star,
}
"""Our own, drawn in a square of 24."""


def check_logo(text: str) -> str:
    """The logo, when it is one of ours or a picture that cannot do anything; InputError otherwise."""
    if not text or text in LOGOS:
        return text
    hint = f"Use one of {', '.join(LOGOS)}, or data:image/png;base64,…"
    # In a query a plus sign is a blank.
    found = _DATA.match(text.replace(" ", "+")) if len(text) <= MAX_LOGO else None
    if found is None:
        raise InputError("logo", f"{text[:40]!r} is not a logo", hint=hint)
    try:
        content = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        raise InputError("logo", "is not base64", hint=hint) from None
    if found[1] == "svg+xml" and (b"\0" in content or not content.isascii() or _UNFIT.search(content)):
        raise InputError("logo", "has parts that a logo does not need", hint="Use plain shapes in ASCII.")
    return found[0]


def place_logo(logo: str, x: float, y: float, size: float, ink: Ink) -> list[Shape]:
    """The shapes of a checked logo at a place."""
    if logo not in LOGOS:
        return [Image(x, y, size, logo)]
    return [_move(shape, x, y, size / 24) for shape in LOGOS[logo](ink)]


def _move(shape: Shape, x: float, y: float, zoom: float) -> Shape:
    def at(points: object) -> list[Point]:
        return [(x + zoom * left, y + zoom * top) for left, top in points]  # type: ignore[attr-defined]

    match shape:
        case Box(left, top, width, height, fill, radius):
            return Box(x + zoom * left, y + zoom * top, zoom * width, zoom * height, fill, zoom * radius)
        case Area(points, fill):
            return Area(at(points), fill)
        case Line(points, ink, width):
            return Line(at(points), ink, zoom * width)
        case Dots(points, ink, radius):
            return Dots(at(points), ink, zoom * radius)
    return shape
