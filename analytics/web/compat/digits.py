"""A number as a picture of lit segments, like an old odometer: our own drawing."""

from __future__ import annotations

# Each digit as the segments that are lit: a top, b and c right, d bottom, e and f left, g middle.
LIT = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")
SEGMENTS = {
    "a": "M5 4h10",
    "b": "M16 5v10",
    "c": "M16 17v10",
    "d": "M5 28h10",
    "e": "M4 17v10",
    "f": "M4 5v10",
    "g": "M5 16h10",
}
WIDTH, HEIGHT = 20, 32
LIGHT, DARK = "#1b5e20", "#88ff88"


def draw_digits(number: int | str, *, padding: int = 0, scale: float = 1.0, dark: bool | None = False) -> str:
    """A number as SVG, filled up with zeros to `padding` digits. `dark` None follows the reader's system."""
    digits = str(number).zfill(padding)
    colour = DARK if dark else LIGHT
    follow = f"@media (prefers-color-scheme: dark) {{ path {{ stroke: {DARK} }} }}" if dark is None else ""
    shapes = ["".join(SEGMENTS[one] for one in LIT[int(digit)]) for digit in digits]
    drawn = "".join(
        f'<path transform="translate({place * WIDTH})" d="{shape}"/>' for place, shape in enumerate(shapes)
    )
    width = WIDTH * len(digits)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{number}"'
        f' width="{width * scale:g}" height="{HEIGHT * scale:g}" viewBox="0 0 {width} {HEIGHT}">'
        f"<title>{number}</title><style>path {{ fill: none; stroke: {colour}; stroke-width: 3;"
        f" stroke-linecap: round }} {follow}</style>{drawn}</svg>"
    )
