"""What a summary shows as CSV: its lists, its goals and its chart."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from .counts import defuse
from .days import to_date
from .model import Totals
from .summary import MAX_DAYS_OF, Panel, Reached, Report, by_interval


def panel_csv(panel: Panel) -> str:
    """A list as CSV. Cells that a spreadsheet would take for a formula begin with an apostrophe."""
    titles = ("title",) if panel.dimension == "page" else ()
    stays = ("time_on_page", "scroll_depth") if panel.has_stays else ()
    return write_csv(
        [panel.dimension, *titles, *panel.columns, *stays],
        (
            [
                item.label,
                *(item.title for _ in titles),
                *(getattr(item.totals, one) for one in panel.columns),
                *(_rounded(getattr(item.stay, one, None)) for one in stays),
            ]
            for item in panel.items
        ),
    )


def goals_csv(goals: Iterable[Reached]) -> str:
    """The goals of a site as CSV; the rate is a share of one."""
    head = ["goal", "kind", "target", "amount", "visitors", "visits", "rate"]
    return write_csv(
        head,
        (
            [
                one.goal.name,
                one.goal.kind,
                one.goal.target,
                one.goal.amount,
                one.visitors,
                one.visits,
                one.rate,
            ]
            for one in goals
        ),
    )


def chart_csv(report: Report) -> str:
    """The chart of a summary as CSV: every minute, hour, day, week or month that has views."""
    interval = report.query.interval
    head = [interval, "visitors", "visits", "views", "bounces", "duration"]
    if interval in MAX_DAYS_OF:
        return write_csv(head, ([label, *_figures(now)] for label, now in report.points))
    days = by_interval(report.series, interval)
    return write_csv(head, ([to_date(day).isoformat(), *_figures(now)] for day, now in days))


def write_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV, safe for a spreadsheet."""
    text = StringIO()
    table = csv.writer(text)
    table.writerow(head)
    for row in rows:
        table.writerow([defuse(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue()


def _rounded(value: float | None) -> float | str:
    return "" if value is None else round(value, 1)


def _figures(now: Totals) -> list[int]:
    return [now.visitors, now.visits, now.views, now.bounces, now.duration]
