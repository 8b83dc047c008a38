"""The map of countries: every country where readers are has its shape, and its colour says how many."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from analytics.model import Totals
from analytics.summary import Item, Panel, Rest
from analytics.web.lands import draw_lands, shape_by_country

MAP = (files("analytics") / "static" / "map.svg").read_text("utf-8")


def panel(visits: dict[str, int], listed: int = 10) -> Panel:
    items = [Item(label, Totals(visits=count)) for label, count in visits.items()]
    rest = Rest(len(items[listed:]), 0)
    return Panel("country", items[:listed], rest, max(visits.values()), "visits", items[listed:])


@pytest.mark.parametrize(
    ("country", "shape"),
    [
        ("DE", "c276"), ("FR", "c250"), ("GB", "c826"), ("US", "c840"), ("RU", "c643"), ("SD", "c729"),
        ("ET", "c231"), ("YE", "c887"), ("RS", "c688"), ("NO", "c578"), ("TW", "c158"), ("FJ", "c242"),
    ],
)  # fmt: skip
def test_a_country_has_the_shape_of_its_number(country: str, shape: str) -> None:
    assert shape_by_country()[country] == shape


def test_no_shape_with_a_number_is_without_a_country() -> None:
    drawn = re.findall(r'id="(c\d+)"', MAP)
    assert len(drawn) > 170
    assert sorted(drawn) == sorted(shape_by_country().values())


def test_no_shape_goes_from_one_edge_of_the_map_to_the_other() -> None:
    for shape in re.findall(r' d="([^"]+)"', MAP):
        for ring in shape.split("z"):
            moves = [int(number) for number in re.findall(r"-?\d+", ring)][2:]
            assert all(abs(across) < 300 for across in moves[::2])


def test_the_colour_tells_how_many_came_from_there() -> None:
    found = draw_lands(panel({"DE": 100, "FR": 64, "GB": 25, "US": 16, "NO": 4, "SE": 1, "": 5, "XX": 3}))
    assert {one.item.label: one.strength for one in found} == {
        "DE": 5, "FR": 4, "GB": 3, "US": 2, "NO": 1, "SE": 1,
    }  # fmt: skip


def test_countries_that_the_list_leaves_out_are_on_the_map() -> None:
    found = draw_lands(panel({"DE": 9, "FR": 8, "GB": 7}, listed=1))
    assert [one.item.label for one in found] == ["DE", "FR", "GB"]
