"""The map of countries: which shapes of analytics/static/map.svg are coloured, and how strongly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import ceil, sqrt

from ..summary import Item, Panel

STRENGTHS = 5


@dataclass(frozen=True)
class Land:
    """A country of the map: the id of its shape, its figures, how strongly it is coloured (1 to 5)."""

    shape: str
    item: Item
    strength: int


def draw_lands(panel: Panel) -> Sequence[Land]:
    """The countries of a panel that the map has a shape for.

    The colour goes with the square root: one country far ahead must not leave the others all alike.
    """
    shapes = shape_by_country()
    known = [one for one in (*panel.items, *panel.others) if one.label in shapes]
    return [
        Land(
            shapes[one.label],
            one,
            max(1, ceil(STRENGTHS * sqrt(getattr(one.totals, panel.amount) / panel.top))),
        )
        for one in known
    ]


@lru_cache(maxsize=1)
def shape_by_country() -> Mapping[str, str]:
    """The id of the shape of each country (ISO 3166-1 alpha-2), which is its number in ISO 3166-1."""
    # Its tables take a while to load, which a start should not wait for.
    from babel.core import get_global

    drawn = set(re.findall(r'id="(c\d{3})"', (files("analytics") / "static" / "map.svg").read_text("utf-8")))
    # Former countries have numbers, too: the map has only one of each code.
    named = get_global("territory_aliases").items()
    return {codes[0]: f"c{number}" for number, codes in named if len(codes) == 1 and f"c{number}" in drawn}
