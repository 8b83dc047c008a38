"""The geometry of the daily chart: figures to points, without a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..model import Totals

WIDTH, HEIGHT = 960, 240


@dataclass(frozen=True)
class Bar:
    """One day (or one group of days, when there are many) of the chart."""

    first: int
    last: int
    views: int
    visitors: int
    views_before: int | None
    x: float
    width: float
    height: float
    """Of the views, in units of the drawing."""


@dataclass(frozen=True)
class Chart:
    """Bars of views, and the greatest value they are drawn against."""

    bars: Sequence[Bar]
    top: int


def draw_chart(series: Sequence[tuple[int, Totals]], before: Sequence[tuple[int, Totals]]) -> Chart:
    """Place the days of a report."""
    top = max([1, *(figures.views for _, figures in series)])
    width = WIDTH / max(1, len(series))
    bars = [
        Bar(
            first=day,
            last=day,
            views=figures.views,
            visitors=figures.visitors,
            views_before=before[index][1].views if index < len(before) else None,
            x=index * width,
            width=width,
            height=figures.views / top * HEIGHT,
        )
        for index, (day, figures) in enumerate(series)
    ]
    return Chart(bars, top)
