"""What a summary shows as CSV: its lists, its goals and its chart."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from .counts import defuse
from .days import to_date
from .dimensions import Level
from .summary import COLUMNS, MAX_DAYS_OF, Panel, Report, by_interval


def panel_csv(panel: Panel, report: Report) -> str:
    """A list of a summary as CSV. Cells that a spreadsheet would take for a formula begin with an apostrophe.

    Where it is compared, each row has its figures then as well, and of which days they are.
    """
    titles = ("title",) if panel.dimension == "page" else ()
    stays = ("time_on_page", "scroll_depth") if panel.has_stays else ()
    days = compared_days(report)
    then = panel.columns if days else ()
    return write_csv(
        [panel.dimension, *titles, *panel.columns, *stays, *_heads_before(then)],
        (
            [
                item.label,
                *(item.title for _ in titles),
                *(getattr(item.totals, one) for one in panel.columns),
                *(_rounded(getattr(item.stay, one, None)) for one in stays),
                *(getattr(item.before, one) for one in then),
                *days,
            ]
            for item in panel.items
        ),
    )


def compared_days(report: Report) -> tuple[str, ...]:
    """The first and the last day that a summary is compared with, the last until a time where it is so;
    nothing where it is compared with nothing."""
    if report.before is None or report.range_before is None:
        return ()
    first, last = (to_date(day).isoformat() for day in (report.range_before.first, report.range_before.last))
    return first, f"{last}T{report.until}" if report.until else last


def _heads_before(figures: Iterable[str]) -> list[str]:
    """What the columns are called that tell of the days that a list is compared with."""
    heads = [f"{one}_before" for one in figures]
    return [*heads, "compared_from", "compared_to"] if heads else []


OF_GOALS = ("visitors", "visits", "rate")


def goals_csv(report: Report) -> str:
    """The goals of a site as CSV; the rate is a share of one."""
    days = compared_days(report)
    then = OF_GOALS if days else ()
    return write_csv(
        ["goal", "kind", "target", "amount", *OF_GOALS, *_heads_before(then)],
        (
            [
                *(getattr(one.goal, name) for name in ("name", "kind", "target", "amount")),
                *(getattr(one, name) for name in OF_GOALS),
                *(getattr(one.before, name) for name in then),
                *days,
            ]
            for one in report.goals
        ),
    )


def chart_csv(report: Report) -> str:
    """The chart of a summary as CSV: every day, week or month; of minutes and hours those that have views."""
    interval = report.query.interval
    if interval in MAX_DAYS_OF:
        columns, points = COLUMNS[Level.TIME], report.points
    else:
        columns, days = COLUMNS[Level.VISIT], by_interval(report.series, interval)
        points = [(to_date(day).isoformat(), now) for day, now in days]
    return write_csv(
        [interval, *columns], ([label, *(getattr(now, one) for one in columns)] for label, now in points)
    )


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
