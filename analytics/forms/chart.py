"""The course of a metric over 30 or 365 days as a small picture, for a README."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from .colours import Ink, mix_ink
from .picture import Box, Curve, Frame, Line, Picture, Point, Shape, Text
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
        curve = _curve(course, 3, 3, width - 6, height - 6, line)
        return Picture(width, height, title, (curve,), frame=_line(width, height))
    total_width, room = text_width(total, 15, bold=True), width - 28
    has_label = bool(label) and text_width(label, 12) + total_width + 12 <= room
    said = Text(width - 14 - total_width / 2, 26, total, 15, INK, total_width, bold=True)
    curve = _curve(course, 14, 42, room, height - 56, line)
    return Picture(
        width, height, title, (said, curve), frame=_frame(width, height, label if has_label else "")
    )


@lru_cache(maxsize=256)
def _frame(width: float, height: float, label: str) -> Frame:
    """The paper, what is said on the left, and the line on which the days stand."""
    paper = Box(0, 0, width, height, EDGE, 8), Box(1, 1, width - 2, height - 2, PAPER, 7)
    label_width = text_width(label, 12)
    said = (Text(14 + label_width / 2, 25, label, 12, MUTED, label_width),) if label else ()
    return Frame((*paper, *said, _base(14, height - 14, width - 28)))


@lru_cache(maxsize=256)
def _line(width: float, height: float) -> Frame:
    return Frame((_base(3, height - 3, width - 6),))


def _base(x: float, y: float, width: float) -> Shape:
    return Line(((x, y), (x + width, y)), EDGE, 1)


def _smooth(values: Sequence[int], width: float) -> list[float]:
    """Weeks' means where a day would have less than two pixels; the oldest days may make a short week."""
    if len(values) * 2 <= width:
        return list(values)
    weeks = [values[max(0, end - 7) : end] for end in range(len(values), 0, -7)]
    return [sum(week) / len(week) for week in reversed(weeks)]


def _curve(values: Sequence[float], x: float, y: float, width: float, height: float, ink: Ink) -> Curve:
    floor, scale = y + height, height / max([*values, 1])
    heights = [floor - value * scale for value in values]
    points: list[Point] = list(zip(_spread(len(values), x, width), heights, strict=True))
    return Curve(points, ink, _pale(ink), floor, 1.75, 2.75)


@lru_cache(maxsize=256)
def _spread(count: int, x: float, width: float) -> tuple[float, ...]:
    """So many places from `x` on, evenly over a width."""
    step = width / max(1, count - 1)
    return tuple([x + index * step for index in range(count)])


@lru_cache(maxsize=256)
def _pale(ink: Ink) -> Ink:
    """The colour, thinned on light and on dark paper."""
    light, dark = (ink, ink) if isinstance(ink, str) else ink
    pale = mix_ink(PAPER[0], light, 0.14), mix_ink(PAPER[1], dark, 0.22)
    return str(pale[0]), str(pale[1])
