"""Badges as foreign services take their options: a colour that is none is the usual one."""

from __future__ import annotations

from ...errors import InputError
from ...forms import badge
from ...forms.colours import read_colour
from ...forms.svg import draw_svg


def draw_badge(
    label: str, message: str, exact: str, *, color: str = "", label_color: str = "", style: str = "flat"
) -> str:
    """A badge as SVG, in one of our five styles (flat where the name is none).

    `exact` is what its title says in place of the message, which may be rounded.
    """
    label, message = label[:80], message[:80]
    colour, label_colour = (_colour(text) for text in (color, label_color))
    title = f"{label}: {exact}"
    known = style if style in badge.STYLES else "flat"
    return draw_svg(badge.draw_badge(badge.Badge(label, message, title, known, colour, label_colour)))


def _colour(text: str) -> str:
    try:
        return read_colour("color", text)
    except InputError:
        return ""
