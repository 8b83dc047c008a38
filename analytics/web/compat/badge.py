"""A small flat badge: a label and a number."""

from __future__ import annotations

from html import escape

NAMED = {
    "blue": "#007ec6",
    "brightgreen": "#4c1",
    "green": "#97ca00",
    "yellow": "#dfb317",
    "orange": "#fe7d37",
    "red": "#e05d44",
    "lightgrey": "#9f9f9f",
}


def draw_badge(
    label: str, message: str, *, color: str = "", label_color: str = "", square: bool = False
) -> str:
    """A badge as SVG. A colour is a name or hexadecimal digits; anything else is the usual one."""
    label, message = label[:80], message[:80]
    left, right = (round(len(text) * 6.6) + 10 if text else 0 for text in (label, message))
    label, message = escape(label), escape(message)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}: {message}"'
        f' width="{left + right}" height="20" font-family="Verdana,sans-serif" font-size="11"'
        f' text-anchor="middle" fill="#fff"><title>{label}: {message}</title>'
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="{0 if square else 3}"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="{read_color(label_color, "#555")}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{read_color(color, NAMED["blue"])}"/></g>'
        f'<text x="{left / 2:g}" y="14">{label}</text>'
        f'<text x="{left + right / 2:g}" y="14">{message}</text></svg>'
    )


def read_color(text: str, usual: str) -> str:
    """A colour that stands safely in an attribute."""
    digits = text.lstrip("#").lower()
    if len(digits) in (3, 6) and all(char in "0123456789abcdef" for char in digits):
        return f"#{digits}"
    return NAMED.get(text.lower(), usual)
