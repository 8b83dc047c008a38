"""Pictures as PNG, by Pillow, for where SVG is not shown (mail, some forums).

Drawn larger and made smaller, so that edges are smooth. The letters are those of Pillow's own
font, which has the Latin ones; a letter that it lacks is a box.
"""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .colours import Ink, mix
from .picture import Area, Box, Curve, Dots, Line, Picture, Shape, Stamp, Text

if TYPE_CHECKING:
    from PIL.Image import Image as Canvas

MANY_PIXELS = 150_000
"""A picture larger than this is drawn twice its size, a smaller one four times."""

LONGEST = 1.25
"""So much may letters be enlarged to fill the width that they have in Verdana."""


def draw_png(picture: Picture, theme: str = "light", scale: float = 1) -> bytes:
    """The picture as PNG at `scale` times its size. A PNG cannot ask the reader's system: auto is light."""
    # Here, because to load it takes a while, and most never need it.
    from PIL import Image, ImageDraw

    zoom = scale * picture.zoom
    size = max(1, round(picture.width * zoom)), max(1, round(picture.height * zoom))
    finer = 2 if size[0] * size[1] > MANY_PIXELS else 4
    canvas = Image.new("RGBA", (size[0] * finer, size[1] * finer))
    pencil = _Pencil(canvas, zoom * finer, is_dark=theme == "dark")
    for shape in (*(picture.frame.shapes if picture.frame else ()), *picture.shapes):
        pencil.draw(shape)
    if picture.radius:
        mask = Image.new("L", canvas.size)
        box = (0, 0, canvas.width - 1, canvas.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(box, picture.radius * zoom * finer, fill=255)
        canvas.paste((0, 0, 0, 0), mask=mask.point(lambda value: 255 - value))
    out = io.BytesIO()
    canvas.resize(size, Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


@lru_cache(maxsize=32)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


class _Pencil:
    """Draws shapes on a canvas that is `zoom` times their size."""

    def __init__(self, canvas: Canvas, zoom: float, *, is_dark: bool) -> None:
        from PIL import ImageDraw

        self._canvas = canvas
        self._draw = ImageDraw.Draw(canvas)
        self._zoom = zoom
        self._is_dark = is_dark

    def draw(self, shape: Shape) -> None:
        """Draw one shape; a foreign picture is none of ours to decode."""
        match shape:
            case Box():
                self._box(shape)
            case Text():
                self._text(shape)
            case Area(points, fill):
                self._draw.polygon([self._at(x, y) for x, y in points], fill=self._ink(fill))
            case Curve():
                for part in shape.parts:
                    self.draw(part)
            case Line(points, ink, width):
                placed = [self._at(x, y) for x, y in points]
                self._draw.line(placed, fill=self._ink(ink), width=round(width * self._zoom))
                self._discs(points, ink, width / 2)
            case Dots(points, ink, radius):
                self._discs(points, ink, radius)
            case Stamp():
                self._stamp(shape)

    def _stamp(self, stamp: Stamp) -> None:
        from PIL import Image

        left, top = (round(place) for place in self._at(stamp.x, stamp.y))
        right, bottom = (round(place) for place in self._at(stamp.x + stamp.width, stamp.y + stamp.height))
        with Image.open(io.BytesIO(stamp.data)) as image:
            drawn = image.convert("RGBA").resize((max(1, right - left), max(1, bottom - top)))
        self._canvas.alpha_composite(drawn, (max(0, left), max(0, top)))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * self._zoom, y * self._zoom

    def _ink(self, ink: Ink) -> str:
        return ink if isinstance(ink, str) else ink[self._is_dark]

    def _discs(self, points: Any, ink: Ink, radius: float) -> None:
        for x, y in points:
            box = [self._at(x - radius, y - radius), self._at(x + radius, y + radius)]
            self._draw.ellipse(box, fill=self._ink(ink))

    def _box(self, box: Box) -> None:
        from PIL import Image, ImageDraw

        left, top = (round(place) for place in self._at(box.x, box.y))
        right, bottom = (round(place) for place in self._at(box.x + box.width, box.y + box.height))
        width, height = right - left, bottom - top
        if width < 1 or height < 1:
            return
        if isinstance(box.fill, str) or isinstance(box.fill[0], str):
            place = (left, top, right - 1, bottom - 1)
            self._draw.rounded_rectangle(place, box.radius * self._zoom, fill=self._ink(box.fill))
            return
        stops = [(at, self._ink(ink)) for at, ink in box.fill]
        column = Image.new("RGBA", (1, height))
        for row in range(height):
            column.paste(_colour_at(stops, row / height), (0, row, 1, row + 1))
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, width - 1, height - 1), box.radius * self._zoom, fill=255
        )
        self._canvas.paste(column.resize((width, height)), (left, top), mask)

    def _text(self, text: Text) -> None:
        wanted, size = text.width * self._zoom, text.size * self._zoom
        measured = _font(round(size)).getlength(text.text) or 1
        # Spaced and bold letters need room: what is left of the width lies between them.
        longest = 1.12 if text.spaced or text.bold else LONGEST
        font = _font(max(1, round(size * min(longest, wanted / measured))))
        if text.spaced or text.bold:
            self._letters(text, font, wanted)
        else:
            self._draw.text(self._at(text.x, text.y), text.text, self._ink(text.ink), font, "ms")

    def _letters(self, text: Text, font: Any, wanted: float) -> None:
        """A text letter by letter, as wide as wanted; bold is drawn twice, a little apart.

        A stroke around the letters would fill the holes in them.
        """
        thick = font.size / 16 if text.bold else 0
        gap = (wanted - font.getlength(text.text) - thick) / max(1, len(text.text))
        left, base = self._at(text.x, text.y)
        left -= (wanted - gap) / 2
        for index, letter in enumerate(text.text):
            place = left + font.getlength(text.text[:index]) + gap * index
            for shift in (0, thick) if thick else (0,):
                self._draw.text((place + shift, base), letter, self._ink(text.ink), font, "ls")


def _colour_at(stops: list[tuple[float, str]], at: float) -> str:
    for (start, one), (end, other) in pairwise(stops):
        if at <= end:
            return mix(one, other, max(0, at - start) / (end - start or 1))
    return stops[-1][1]
