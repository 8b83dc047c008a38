"""The badge: a label and a number side by side, in the five styles that READMEs know."""

from __future__ import annotations

from dataclasses import dataclass

from .colours import Ink, mix_ink, text_on
from .logos import place_logo
from .picture import Area, Box, Line, Picture, Shade, Shape, Text
from .widths import text_width

COLOUR = "#0a7358"
LABEL: Ink = ("#555b5f", "#3d444d")


@dataclass(frozen=True, slots=True)
class Style:
    """The measures of a style. `light` and `dark` are what is laid over a colour, from top to bottom."""

    height: float
    baseline: float
    size: float
    radius: float
    pad: float
    shades: tuple[tuple[float, str, float], ...] = ()
    shadow: float = 0
    loud: bool = False
    """Capitals, spaced, with a bold number."""


STYLES = {
    "flat": Style(20, 14, 11, 3, 6, ((0, "#ffffff", 0.1), (1, "#000000", 0.1)), 0.3),
    "flat-square": Style(20, 14, 11, 0, 6),
    "plastic": Style(
        18,
        13,
        11,
        4,
        6,
        ((0, "#ffffff", 0.5), (0.1, "#ffffff", 0.14), (0.9, "#000000", 0.14), (1, "#000000", 0.4)),
        0.3,
    ),
    "for-the-badge": Style(28, 18, 10, 3, 11, loud=True),
    "social": Style(20, 14, 11, 4, 7),
}
SPACING = 1.2
"""Pixels between loud letters."""


@dataclass(frozen=True, slots=True)
class Badge:
    """What stands on a badge, and how it looks. Empty colours are the style's own."""

    label: str
    message: str
    title: str
    style: str = "flat"
    colour: str = ""
    label_colour: str = ""
    logo: str = ""


def draw_badge(badge: Badge) -> Picture:
    """A badge as wide as its text."""
    if badge.style == "social":
        return _draw_social(badge)
    style = STYLES[badge.style]
    label, message = (text.upper() if style.loud else text for text in (badge.label, badge.message))
    label_width, message_width = _measure(label, style), _measure(message, style, bold=style.loud)
    logo = style.height * 0.7 if badge.logo else 0
    gap = 3 if logo and label else 0
    left = round(label_width + logo + gap + 2 * style.pad) if label or logo else 0
    right = round(message_width + 2 * style.pad)
    label_ink: Ink = badge.label_colour or LABEL
    ink = badge.colour or COLOUR
    shapes: list[Shape] = [Box(left, 0, right, style.height, _shade(ink, style))]
    if left:
        shapes.append(Box(0, 0, left, style.height, _shade(label_ink, style)))
    if logo:
        place = (style.height - logo) / 2
        shapes += place_logo(badge.logo, style.pad, place, logo, text_on(label_ink))
    if label:
        middle = left - style.pad - label_width / 2
        shapes += _write(label, middle, label_width, label_ink, style, bold=False)
    shapes += _write(message, left + right / 2, message_width, ink, style, bold=style.loud)
    return Picture(left + right, style.height, badge.title, shapes, style.radius)


def _measure(text: str, style: Style, *, bold: bool = False) -> float:
    return text_width(text, style.size, bold=bold) + (SPACING * len(text) if style.loud else 0)


def _shade(ink: Ink, style: Style) -> Ink | Shade:
    if not style.shades:
        return ink
    return tuple((at, mix_ink(ink, over, share)) for at, over, share in style.shades)


def _write(text: str, middle: float, width: float, on: Ink, style: Style, *, bold: bool) -> list[Shape]:
    """A text on a colour, with its shadow."""
    ink = text_on(on)
    shapes: list[Shape] = []
    if style.shadow and ink == text_on("#000000"):
        dark = mix_ink(on, "#000000", style.shadow)
        shapes.append(Text(middle, style.baseline + 1, text, style.size, dark, width, bold, style.loud))
    return [*shapes, Text(middle, style.baseline, text, style.size, ink, width, bold, style.loud)]


PAPER: Ink = ("#f6f8fa", "#21262d")
BUBBLE: Ink = ("#ffffff", "#0d1117")
EDGE: Ink = ("#d0d7de", "#3d444d")
INK: Ink = ("#24292f", "#e6edf3")


def _draw_social(badge: Badge) -> Picture:
    """A button, and the number in a bubble beside it."""
    style = STYLES["social"]
    label_width = text_width(badge.label, style.size, bold=True)
    message_width = text_width(badge.message, style.size, bold=True)
    logo = 14 if badge.logo else 0
    gap = 4 if logo and badge.label else 0
    left = round(label_width + logo + gap + 2 * style.pad) if badge.label or logo else 0
    start = left + 6 if left else 0
    right = round(message_width + 2 * style.pad)
    paper: Ink = badge.label_colour or PAPER
    bubble: Ink = badge.colour or BUBBLE
    shapes: list[Shape] = []
    if left:
        shapes += _frame(0, left, paper)
    if logo:
        shapes += place_logo(badge.logo, style.pad, 3, logo, _on(paper))
    if badge.label:
        middle = left - style.pad - label_width / 2
        shapes.append(
            Text(middle, style.baseline, badge.label, style.size, _on(paper), label_width, bold=True)
        )
    shapes += _frame(start, right, bubble)
    if left:
        shapes.append(Area([(start + 1, 6.5), (start - 3, 10), (start + 1, 13.5)], bubble))
        shapes.append(Line([(start + 0.5, 6.5), (start - 3, 10), (start + 0.5, 13.5)], EDGE, 1))
    middle = start + right / 2
    shapes.append(
        Text(middle, style.baseline, badge.message, style.size, _on(bubble), message_width, bold=True)
    )
    return Picture(start + right, style.height, badge.title, shapes)


def _on(paper: Ink) -> Ink:
    return INK if paper in (PAPER, BUBBLE) else text_on(paper)


def _frame(x: float, width: float, fill: Ink) -> list[Shape]:
    return [Box(x, 0, width, 20, EDGE, 4), Box(x + 1, 1, width - 2, 18, fill, 3)]
