"""A drawing as a list of shapes, which `svg` and `png` draw alike. Lengths are pixels."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from .colours import Ink

Point = tuple[float, float]
Shade = tuple[tuple[float, Ink], ...]
"""A fill from top to bottom: colours at shares of the height."""


class Box(Struct, frozen=True, gc=False):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: Ink | Shade
    radius: float = 0


class Area(Struct, frozen=True, gc=False):
    """A filled polygon."""

    points: Sequence[Point]
    fill: Ink


class Curve(Struct, frozen=True, gc=False):
    """A line from left to right on a ground that is filled down to `base`, with a disc at its end."""

    points: Sequence[Point]
    ink: Ink
    ground: Ink
    base: float
    width: float
    radius: float

    @property
    def parts(self) -> tuple[Area, Line, Dots]:
        """What it is made of, from below."""
        corners = (self.points[-1][0], self.base), (self.points[0][0], self.base)
        ground = Area([*self.points, *corners], self.ground)
        line = Line(self.points, self.ink, self.width)
        return ground, line, Dots(self.points[-1:], self.ink, self.radius)


class Line(Struct, frozen=True, gc=False):
    """A line with round ends and corners."""

    points: Sequence[Point]
    ink: Ink
    width: float


class Dots(Struct, frozen=True, gc=False):
    """Discs of one size."""

    points: Sequence[Point]
    ink: Ink
    radius: float


class Text(Struct, frozen=True, gc=False):
    """A line of text around the middle x, on the baseline y, fitted to its width."""

    x: float
    y: float
    text: str
    size: float
    ink: Ink
    width: float
    bold: bool = False
    spaced: bool = False
    """Whether room is left between the letters, not in them."""


class Image(Struct, frozen=True, gc=False):
    """A picture of somebody else, as a checked data: address; in SVG alone."""

    x: float
    y: float
    size: float
    href: str


class Stamp(Struct, frozen=True, gc=False):
    """A picture that the owner gave, and that was looked into before it was kept."""

    x: float
    y: float
    width: float
    height: float
    mime: str
    data: bytes


Shape = Box | Area | Curve | Line | Dots | Text | Image | Stamp


class Frame(Struct, frozen=True, eq=False, gc=False):
    """Shapes that are drawn first, as one thing: pictures that share it have it written out once."""

    shapes: tuple[Shape, ...]


class Picture(Struct, frozen=True, gc=False):
    """A drawing. `title` is what it says to who cannot see it; all is cut to round corners of `radius`."""

    width: float
    height: float
    title: str
    shapes: Sequence[Shape]
    radius: float = 0
    zoom: float = 1
    """How much larger it is shown than it is drawn."""
    frame: Frame | None = None
    """What many pictures have in common, below the shapes."""


def blank() -> Picture:
    """A picture of nothing, for what shall be hidden."""
    return Picture(1, 1, "", ())
