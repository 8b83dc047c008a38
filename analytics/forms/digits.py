"""The number as the counter of a machine: three sets of digits, drawn by ourselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import cos, pi, sin

from ..model import DigitSet
from .colours import Ink, mix_ink
from .picture import Box, Dots, Line, Picture, Point, Shape, Stamp

HEIGHT = 32
MAX_DIGITS = 20

Arc = tuple[float, float, float, float, float, float]


def draw_digits(
    text: str, title: str, digits: str, colour: str = "", ground: str = "", width: int = 0
) -> Picture:
    """A row of digits (and dashes, for what is not known) in one of SETS. Empty colours are the set's own."""
    wide, ink, dark, draw = SETS[digits]
    paper: Ink = ground or dark
    own = colour or ink
    shapes: list[Shape] = [] if draw is _wheel else [Box(0, 0, len(text) * wide + 8, HEIGHT, paper)]
    for index, char in enumerate(text):
        shapes += draw(char, 4 + index * wide, own, paper)
    if draw is _wheel:
        shapes.insert(0, Box(0, 0, len(text) * wide + 8, HEIGHT, mix_ink(paper, "#000000", 0.55)))
    natural = len(text) * wide + 8
    return Picture(natural, HEIGHT, title, shapes, 4, width / natural if width else 1)


def say_count(number: int) -> str:
    """What a row of digits says where nobody told what it counts, whatever zeros and prefix it has."""
    return f"counter: {number:,}"


def stamp_digits(text: str, title: str, own: DigitSet, width: int = 0) -> Picture:
    """A row of digits in a set of the owner's; a dash that it has no picture of is left blank."""
    images = {one.char: one for one in own.images}
    height = images["0"].height
    shapes: list[Shape] = []
    x = 0.0
    for char in text:
        image = images.get(char)
        wide = (image or images["0"]).width * height / (image or images["0"]).height
        if image is not None:
            shapes.append(Stamp(round(x, 2), 0, round(wide, 2), height, image.mime, image.data))
        x += wide
    natural = round(x, 2) or 1
    return Picture(natural, height, title, shapes, 0, width / natural if width else 1)


# Wheels of an odometer: strokes with round ends, in a box of 10 by 16.

STROKES: dict[str, tuple[tuple[Point | Arc, ...], ...]] = {
    "0": (((5, 5, 4, 5, 180, 360), (5, 11, 4, 5, 0, 180), (1, 5)),),
    "1": (((2, 3.4), (5.4, 0), (5.4, 16)), ((2, 16), (8.8, 16))),
    "2": (((5, 4.4, 4, 4.4, 190, 390), (1, 16), (9, 16)),),
    "3": (((4.8, 4, 3.8, 4, 205, 450), (3.6, 8)), ((4.8, 8), (4.8, 12, 4.2, 4, 270, 515))),
    "4": (((7, 16), (7, 0), (0.6, 11.4), (9.6, 11.4)),),
    "5": (((8.4, 0), (2, 0), (1.4, 7.2), (4.8, 10.8, 4.2, 5.2, 235, 510)),),
    "6": (((7.8, 0.4), (1.8, 7.6)), ((5, 11.2, 4, 4.8, 0, 360),), ((1.8, 7.6), (1.02, 10.6))),
    "7": (((1, 0), (9, 0), (3.6, 16)),),
    "8": (((5, 3.8, 3.5, 3.8, 90, 450),), ((5, 11.8, 4.1, 4.2, 270, 630),)),
    "9": (((2.2, 15.6), (8.2, 8.4)), ((5, 4.8, 4, 4.8, 0, 360),), ((8.2, 8.4), (8.98, 5.4))),
    "-": (((2, 8), (8, 8)),),
}


@lru_cache(maxsize=16)
def _strokes(char: str) -> tuple[tuple[Point, ...], ...]:
    """The strokes of a digit, with arcs (middle, radii, from, to in degrees) as many short lines."""
    found = []
    for stroke in STROKES[char]:
        points: list[Point] = []
        for part in stroke:
            if len(part) == 2:
                points.append(part)
                continue
            x, y, wide, high, start, end = part
            steps = max(6, round(abs(end - start) / 15))
            angles = [(start + (end - start) * step / steps) * pi / 180 for step in range(steps + 1)]
            points += [(x + wide * cos(angle), y + high * sin(angle)) for angle in angles]
        found.append(tuple(points))
    return tuple(found)


@lru_cache(maxsize=512)
def _wheel(char: str, x: float, ink: str, paper: Ink) -> Sequence[Shape]:
    shade = tuple(
        (at, mix_ink(paper, over, share))
        for at, over, share in (
            (0, "#000000", 0.45),
            (0.3, "#ffffff", 0.1),
            (0.5, "#ffffff", 0.16),
            (0.7, "#ffffff", 0.1),
            (1, "#000000", 0.45),
        )
    )
    lines: list[Shape] = [
        Line([(x + 5 + left, 8 + top) for left, top in stroke], ink, 2.2) for stroke in _strokes(char)
    ]
    return [Box(x + 0.5, 3, 19, HEIGHT - 6, shade, 2), *lines]


# Seven segments that glow, slanted a little.

SEGMENTS = {
    "0": "abcdef",
    "1": "bc",
    "2": "abged",
    "3": "abgcd",
    "4": "fgbc",
    "5": "afgcd",
    "6": "afgedc",
    "7": "abc",
    "8": "abcdefg",
    "9": "abcdfg",
    "-": "g",
}
ENDS: dict[str, tuple[Point, Point]] = {
    "a": ((1.6, 0), (8.4, 0)),
    "b": ((10, 1.5), (10, 8.5)),
    "c": ((10, 11.5), (10, 18.5)),
    "d": ((1.6, 20), (8.4, 20)),
    "e": ((0, 11.5), (0, 18.5)),
    "f": ((0, 1.5), (0, 8.5)),
    "g": ((1.6, 10), (8.4, 10)),
}


def _segments(char: str, x: float, ink: str, paper: Ink) -> list[Shape]:
    dim = mix_ink(paper, ink, 0.13)
    lit = SEGMENTS[char]
    # What glows lies over what does not.
    return [
        Line([(x + 5 + left + (20 - top) * 0.08, 6 + top) for left, top in ENDS[name]], one, 2.3)
        for one, names in ((dim, set(ENDS) - set(lit)), (ink, lit))
        for name in sorted(names)
    ]


# A board of lamps, five by seven; each row of a digit is five bits.

LAMPS = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 6, 8, 16, 31),
    "3": (30, 1, 1, 14, 1, 1, 30),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 4, 4, 4),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    "-": (0, 0, 0, 14, 0, 0, 0),
}


def _lamps(char: str, x: float, ink: str, paper: Ink) -> list[Shape]:
    lit: list[Point] = []
    out: list[Point] = []
    for row, bits in enumerate(LAMPS[char]):
        for column in range(5):
            place = (x + 2.5 + column * 3.4, 5.8 + row * 3.4)
            (lit if bits >> (4 - column) & 1 else out).append(place)
    return [Dots(out, mix_ink(paper, ink, 0.14), 1.1), Dots(lit, ink, 1.35)]


SETS: Mapping[str, tuple[int, str, str, Callable[[str, float, str, Ink], Sequence[Shape]]]] = {
    "odometer": (20, "#ffffff", "#2b2f33", _wheel),
    "segments": (20, "#ff5a36", "#1a1110", _segments),
    "dots": (20, "#ffc542", "#16181a", _lamps),
}
"""Width of a digit, its colour, the colour behind it, how it is drawn."""


def pad_digits(value: int | None, least: int) -> str:
    """The digits of a number, with zeros before it; dashes for none."""
    return "-" * max(least, 3) if value is None else str(value).zfill(least)[-MAX_DIGITS:]
