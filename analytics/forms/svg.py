"""Pictures as SVG: no script, no foreign object, no attribute that runs; every text escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from html import escape

from .colours import Ink
from .picture import Area, Box, Curve, Dots, Frame, Image, Line, Picture, Point, Shape, Stamp, Text

FONT = "Verdana,DejaVu Sans,Noto Sans CJK SC,Geneva,sans-serif"


Classes = dict[tuple[str, tuple[str, str]], str]
"""The class of an attribute in a pair of colours."""


def draw_svg(picture: Picture, theme: str = "light") -> str:
    """The picture as an SVG document; the theme is light, dark, or auto (as the reader's system is)."""
    inks = _Inks(theme)
    below = inks.begin(picture.frame) if picture.frame else ""
    body = below + "".join([_draw(shape, inks) for shape in picture.shapes])
    title = clean(picture.title)
    width, height = picture.width, picture.height
    if picture.radius:
        rect = f'<rect width="{width:g}" height="{height:g}" rx="{picture.radius:g}"/>'
        inks.defs.append(f'<clipPath id="c">{rect}</clipPath>')
        body = f'<g clip-path="url(#c)">{body}</g>'
    defs = f"<defs>{''.join(inks.defs)}</defs>" if inks.defs else ""
    said = f'aria-label="{title}"><title>{title}</title>' if title else 'aria-label="">'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * picture.zoom:g}"'
        f' height="{height * picture.zoom:g}" viewBox="0 0 {width:g} {height:g}" role="img" {said}'
        f"{inks.style}{defs}{body}</svg>"
    )


def clean(text: str) -> str:
    """A text that may stand in XML, between tags or quotes; control characters are left out."""
    if not text.isprintable():
        text = "".join(char for char in text if char.isprintable() or char in "\u202f\u00a0")
    return escape(text)


class _Inks:
    """Colours to attributes; pairs of colours become classes where the reader's system decides."""

    def __init__(self, theme: str) -> None:
        self._theme = theme
        self.classes: Classes = {}
        self.defs: list[str] = []
        self._stamped: dict[bytes, str] = {}

    def begin(self, frame: Frame) -> str:
        """The shapes that come first, in inks that the others share."""
        text, classes, defs = _write_frame(frame, self._theme)
        self.classes.update(classes)
        self.defs.extend(defs)
        return text

    def write(self, name: str, ink: Ink) -> str:
        """An attribute with its leading blank: ` fill="#fff"`, or ` class="i0"`."""
        if not isinstance(ink, str):
            if self._theme == "auto":
                known = self.classes.setdefault((name, ink), f"i{len(self.classes)}")
                return f' class="{known}"'
            ink = ink[self._theme == "dark"]
        return f' {name}="{ink}"'

    def stamp(self, stamp: Stamp) -> str:
        """A picture, which is written out once and then shown again."""
        name = self._stamped.get(stamp.data)
        if name is None:
            name = self._stamped[stamp.data] = f"p{len(self._stamped)}"
            href = f"data:{stamp.mime};base64,{b64encode(stamp.data).decode()}"
            size = f'width="{stamp.width:g}" height="{stamp.height:g}"'
            self.defs.append(f'<image id="{name}" {size} href="{href}"/>')
        return f'<use href="#{name}" x="{stamp.x:g}" y="{stamp.y:g}"/>'

    def fill(self, box: Box) -> str:
        """The fill of a box, which may be shaded."""
        if isinstance(box.fill, str) or isinstance(box.fill[0], str):
            return self.write("fill", box.fill)
        stops = "".join(f'<stop offset="{at:g}"{self.write("stop-color", ink)}/>' for at, ink in box.fill)
        name = f"g{len(self.defs)}"
        self.defs.append(f'<linearGradient id="{name}" x2="0" y2="1">{stops}</linearGradient>')
        return f' fill="url(#{name})"'

    @property
    def style(self) -> str:
        return _write_style(tuple(self.classes)) if self.classes else ""


@lru_cache(maxsize=256)
def _write_frame(frame: Frame, theme: str) -> tuple[str, Classes, list[str]]:
    """The text of the shapes that come first, its classes and its definitions."""
    inks = _Inks(theme)
    return "".join([_draw(shape, inks) for shape in frame.shapes]), inks.classes, inks.defs


@lru_cache(maxsize=256)
def _write_style(classes: tuple[tuple[str, tuple[str, str]], ...]) -> str:
    """The style of colours that have classes, by name and pair; pictures of one form have the same."""
    light, dark = (
        "".join(f".i{place}{{{name}:{pair[index]}}}" for place, (name, pair) in enumerate(classes))
        for index in (0, 1)
    )
    return f"<style>{light}@media(prefers-color-scheme:dark){{{dark}}}</style>"


def _draw(shape: Shape, inks: _Inks) -> str:
    match shape:
        case Curve():
            return _draw_curve(shape, inks)
        case Box(x, y, width, height, _, radius):
            round_ = f' rx="{radius:g}"' if radius else ""
            return (
                f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"{round_}{inks.fill(shape)}/>'
            )
        case Text(x, y, text, size, ink, width, bold, spaced):
            weight = ' font-weight="bold"' if bold else ""
            fit = "spacing" if spaced else "spacingAndGlyphs"
            return (
                f'<text x="{x:g}" y="{y:g}" font-family="{FONT}" font-size="{size:g}"{weight}'
                f' text-anchor="middle" textLength="{width:g}" lengthAdjust="{fit}"'
                f"{inks.write('fill', ink)}>{clean(text)}</text>"
            )
        case Area(points, fill):
            return f'<path d="M{_join(points)}z"{inks.write("fill", fill)}/>'
        case Line(points, ink, width):
            return f'<path d="M{_join(points)}" fill="none"{inks.write("stroke", ink)}{_stroke(width)}/>'
        case Dots(points, ink, radius):
            data = "".join(f"M{x:g} {y:g}h0" for x, y in points)
            return f'<path d="{data}" fill="none"{inks.write("stroke", ink)}{_stroke(2 * radius)}/>'
        case Image(x, y, size, href):
            return f'<image x="{x:g}" y="{y:g}" width="{size:g}" height="{size:g}" href="{escape(href)}"/>'
        case Stamp():
            return inks.stamp(shape)


def _draw_curve(curve: Curve, inks: _Inks) -> str:
    """Its parts; the line and the ground share their points."""
    joined, (left, _), (right, end) = _join(curve.points), curve.points[0], curve.points[-1]
    line = inks.write("stroke", curve.ink)
    return (
        f'<path d="M{joined}V{curve.base:.5g}H{left:.5g}z"{inks.write("fill", curve.ground)}/>'
        f'<path d="M{joined}" fill="none"{line}{_stroke(curve.width)}/>'
        f'<path d="M{right:.5g} {end:.5g}h0" fill="none"{line}{_stroke(2 * curve.radius)}/>'
    )


@lru_cache(maxsize=256)
def _stroke(width: float) -> str:
    return f' stroke-width="{width:g}" stroke-linecap="round" stroke-linejoin="round"'


def _join(points: Sequence[Point]) -> str:
    # Hundredths of a pixel. The percent sign, once for all, takes half as long as anything else.
    across, down = zip(*points, strict=True)
    return _columns(across) % down


@lru_cache(maxsize=256)
def _columns(across: tuple[float, ...]) -> str:
    """The places from left to right, which are those of every chart of a size, with room for the heights."""
    return " ".join([f"{x:.5g} %.5g" for x in across])
