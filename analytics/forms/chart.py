"""The course of a metric over 30 or 365 days as a small picture, for a README."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from .colours import Ink, mix_ink
from .picture import Area, Box, Dots, Line, Picture, Point, Shape, Text
from .widths import text_width

DAYS = (30, 365)

PAPER: Ink = ("#ffffff", "#151b19")
EDGE: Ink = ("#e2e8e4", "#26302c")
INK: Ink = ("#17211e", "#e7eeeb")
MUTED: Ink = ("#56635e", "#98a69f")
LINE: Ink = ("#0a7358", "#57d0ab")
SMALL = 60
"""A picture lower than this is the line alone."""


def draw_chart(
    values: Sequence[int], label: str, total: str, title: str, width: float, height: float, colour: str = ""
) -> Picture:
    """The value of each day, the last of which is today; with the label and the total where there is room."""
    line: Ink = colour or LINE
    course = _smooth(values, width)
    if height < SMALL:
        return Picture(width, height, title, _curve(course, 3, 3, width - 6, height - 6, line, PAPER))
    frame: list[Shape] = [Box(0, 0, width, height, EDGE, 8), Box(1, 1, width - 2, height - 2, PAPER, 7)]
    label_width, total_width = text_width(label, 12), text_width(total, 15, bold=True)
    room = width - 28
    shapes = [*frame, Text(width - 14 - total_width / 2, 26, total, 15, INK, total_width, bold=True)]
    if label and label_width + total_width + 12 <= room:
        shapes.append(Text(14 + label_width / 2, 25, label, 12, MUTED, label_width))
    return Picture(width, height, title, [*shapes, *_curve(course, 14, 42, room, height - 56, line, PAPER)])


def _smooth(values: Sequence[int], width: float) -> list[float]:
    """Weeks' means where a day would have less than two pixels; the oldest days may make a short week."""
    if len(values) * 2 <= width:
        return list(values)
    weeks = [values[max(0, end - 7) : end] for end in range(len(values), 0, -7)]
    return [sum(week) / len(week) for week in reversed(weeks)]


def _curve(
    values: Sequence[float], x: float, y: float, width: float, height: float, ink: Ink, paper: Ink
) -> list[Shape]:
    top, step = max([*values, 1]), width / max(1, len(values) - 1)
    points: list[Point] = [
        (x + index * step, y + height - value / top * height) for index, value in enumerate(values)
    ]
    base: list[Shape] = [Line([(x, y + height), (x + width, y + height)], EDGE, 1)]
    ground = Area(points, _pale(ink, paper), y + height)
    return [*base, ground, Line(points, ink, 1.75), Dots(points[-1:], ink, 2.75)]


@lru_cache(maxsize=256)
def _pale(ink: Ink, paper: Ink) -> Ink:
    """The colour, thinned on light and on dark paper."""
    light, dark = (ink, ink) if isinstance(ink, str) else ink
    first, second = (paper, paper) if isinstance(paper, str) else paper
    pale = mix_ink(first, light, 0.14), mix_ink(second, dark, 0.22)
    return str(pale[0]), str(pale[1])
