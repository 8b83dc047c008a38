"""The headline figures of a summary: what each is of some totals, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil

from .language import N_
from .model import Totals
from .wording import change, compact, decimal, number, percent, points, seconds, tenths

MOST_TICKS = 5
"""Between the lines of a value axis."""

TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 18_000)
"""Seconds between the lines of an axis of lengths of time."""


def nice_ticks(top: float) -> list[int]:
    """Round values from 0 to `top` or just above it, evenly spaced."""
    scale = 1
    while True:
        for tenth in (10, 20, 25, 50):
            size, rest = divmod(tenth * scale, 10)
            if not rest and size * MOST_TICKS >= top:
                return [size * count for count in range(ceil(top / size) + 1)]
        scale *= 10


def time_ticks(top: float) -> list[int]:
    """The same of seconds: round minutes and hours."""
    size = next((one for one in TIME_STEPS if one * MOST_TICKS >= top), TIME_STEPS[-1])
    return [size * count for count in range(ceil(top / size) + 1)]


def short_time(value: int) -> str:
    """Seconds as an axis has room for: 30s, 2m, 2m 30s"""
    return seconds(value).removesuffix(" 00s").removesuffix(" 00m")


@dataclass(frozen=True)
class Figure:
    """One headline figure."""

    name: str
    """As an address has it."""
    label: str
    anchor: str
    """Of its definition."""
    of: Callable[[Totals], float | None]
    write: Callable[[float | None], str]
    change: Callable[[float | None, float | None], str]
    """How much it moved."""
    scale: int = 1
    """By what it is multiplied for its axis, whose marks are whole numbers."""
    ticks: Callable[[float], list[int]] = nice_ticks
    mark: Callable[[int], str] = compact
    """A mark of that axis."""
    is_of_visits: bool = False
    """Whether it is one of whole visits, which hours and minutes cut."""
    is_better: bool = True
    """Whether more of it is better."""


def _count(value: float | None) -> str:
    return number(int(value or 0))


VIEWS = Figure("views", N_("Views"), "views", lambda of: of.views, _count, change)
HEADLINES = (
    VIEWS,
    Figure("visitors", N_("Visitors"), "visitors", lambda of: of.visitors, _count, change),
    Figure("visits", N_("Visits"), "visits", lambda of: of.visits, _count, change),
    Figure(
        "per_visit",
        N_("Views a visit"),
        "per-visit",
        lambda of: of.per_visit,
        decimal,
        tenths,
        scale=10,
        mark=lambda tick: decimal(tick / 10),
        is_of_visits=True,
    ),
    Figure(
        "bounce_rate",
        N_("Bounce rate"),
        "bounces",
        lambda of: of.bounce_rate,
        percent,
        points,
        scale=100,
        mark=lambda tick: percent(tick / 100),
        is_of_visits=True,
        is_better=False,
    ),
    Figure(
        "visit_duration",
        N_("Visit duration"),
        "duration",
        lambda of: of.visit_duration,
        seconds,
        change,
        ticks=time_ticks,
        mark=short_time,
        is_of_visits=True,
    ),
)
"""In the order of the page."""

BY_NAME: Mapping[str, Figure] = {one.name: one for one in HEADLINES}
