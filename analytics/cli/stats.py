"""`pagetally stats`: a site's summary in the terminal, the same as on its page."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
import msgspec

from .. import wording
from ..days import read_day, to_date
from ..dimensions import Level, find_dimension
from ..errors import InputError
from ..filters import join_conditions, read_condition
from ..model import Dropped
from ..panels import compared_days, panel_csv
from ..periods import BY_NAME, DEFAULT, Period, custom_period
from ..summary import (
    COLUMNS,
    INTERVALS,
    MAX_DAYS_OF,
    PREVIOUS,
    TOP,
    Panel,
    Query,
    Report,
    by_interval,
    summarise,
)
from .common import data_option, find_folder, naming, reader
from .sites import SPANS, find_site, script_line

if TYPE_CHECKING:
    from rich.console import Console

    from ..model import Site, Totals

BLOCKS = " ▁▂▃▄▅▆▇█"
WIDEST = 72

HEADINGS = {"page": "top pages", "referrer": "top referring hosts"}


@click.command(short_help="Show DOMAIN's summary.")
@click.argument("domain", required=False)
@click.option(
    "--period",
    type=click.Choice(list(BY_NAME)),
    default=DEFAULT.name,
    show_default=True,
    help="Which days.",
)
@click.option("--from", "first", metavar="DAY", default="", help="First day, as 2026-05-01; needs --to.")
@click.option("--to", "last", metavar="DAY", default="", help="Last day; needs --from.")
@click.option(
    "--filter", "filters", multiple=True, metavar="FILTER", help="Such as country:is:DE|AT (repeatable)."
)
@click.option("--any", "is_any", is_flag=True, help="One of several filters is enough.")
@click.option(
    "--compare",
    default=PREVIOUS,
    show_default=True,
    metavar="WHAT",
    help="previous, year, none, or a first day.",
)
@click.option("--by", "interval", type=click.Choice(INTERVALS), default="day", show_default=True)
@click.option(
    "--list",
    "lists",
    multiple=True,
    default=("page", "referrer"),
    metavar="DIMENSION",
    help="What to list (repeatable): page, source, country, event, property, prop.plan ...  "
    "[default: page, referrer]",
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=TOP, show_default=True, help="Rows of a list."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="The one list that --list names, as CSV.")
@data_option
def stats(
    domain: str | None,
    period: str,
    first: str,
    last: str,
    filters: tuple[str, ...],
    is_any: bool,
    compare: str,
    interval: str,
    lists: tuple[str, ...],
    limit: int,
    as_json: bool,
    as_csv: bool,
    data: str | None,
) -> None:
    """Show DOMAIN's totals, chart over time and lists, as on its page."""
    if as_csv and len(lists) != 1:
        raise InputError("list", "must name one list for --csv", hint="Such as --list page --csv.")
    lists = tuple(dict.fromkeys(find_dimension(name, "list").name for name in lists))
    folder = find_folder(data)
    with naming(filters="filter"):
        tree = join_conditions([read_condition(text) for text in filters], is_any=is_any)
    query = Query(
        find_site(folder, domain),
        read_period(period, first, last),
        time.time(),
        limit,
        tree=tree,
        compare=compare,
        interval=interval,
        panels=lists,
        with_before=True,
    )
    with reader(folder) as store, naming(filters="filter"):
        report = summarise(store, query)
        dropped = store.dropped_by_day(query.site.id, report.range.first)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(as_object(report)), indent=1).decode())
    elif as_csv:
        click.echo(panel_csv(report.panels[lists[0]], report), nl=False)
    elif report.since is None:
        click.echo("\n".join(tell_beginning(query.site, dropped)))
    else:
        show(make_console(), report)


def tell_beginning(site: Site, dropped: Sequence[tuple[int, str, Dropped]]) -> list[str]:
    """What to do where no view has come yet; `dropped` has those that came, as (day, reason, how often)."""
    lines = [f"No views yet. Put this into the pages of {site.domain}:", "", script_line(site), *SPANS]
    views, events = Counter[str](), Counter[str]()
    for _, reason, found in dropped:
        views[reason] += found.views
        events[reason] += found.events
    if views:
        told = ", ".join(
            f"{reason} ({wording.amounts(count, events[reason])})" for reason, count in views.most_common()
        )
        lines += ["", f"What came and did not count: {told}."]
    return lines


def make_console() -> Console:
    """The terminal."""
    from rich.console import Console

    return Console()


def read_period(name: str, first: str, last: str) -> Period:
    """The period of a name, or from one day to another; InputError names the option."""
    if first or last:
        return custom_period(read_day("from", first), read_day("to", last))
    return BY_NAME[name]


def as_object(report: Report) -> dict[str, object]:
    """A report as JSON: see docs/api.md. Times are ISO dates, lengths of time seconds, rates 0 to 1."""
    span = report.range
    return {
        "site": report.query.site.domain,
        "from": to_date(span.first).isoformat(),
        "to": to_date(span.last).isoformat(),
        "totals": _figures(report.totals),
        "before": None if report.before is None else _figures(report.before),
        "compared": dict(zip(("from", "to"), compared_days(report), strict=False)) or None,
        "series": [
            {"date": to_date(day).isoformat(), **_figures(one)}
            for day, one in by_interval(report.series, report.query.interval)
        ],
        "points": [
            {"time": label, **{name: getattr(one, name) for name in COLUMNS[Level.TIME]}}
            for label, one in report.points
        ],
        "lists": {
            name: {
                "rows": [
                    {
                        name: item.label,
                        **({"title": item.title} if item.title else {}),
                        **_figures_of_item(panel, item.totals),
                        **({"before": _figures_of_item(panel, item.before)} if item.before else {}),
                    }
                    for item in panel.items
                ],
                "others": {"rows": panel.rest.rows, panel.amount: panel.rest.amount},
            }
            for name, panel in report.panels.items()
        },
    }


def _figures_of_item(panel: Panel, one: Totals) -> dict[str, object]:
    if "duration" in panel.columns:
        return _figures(one)
    return {name: getattr(one, name) for name in panel.columns}


def _figures(one: Totals) -> dict[str, object]:
    return {
        "views": one.views,
        "visits": one.visits,
        "visitors": one.visitors,
        "bounce_rate": one.bounce_rate,
        "visit_duration": one.visit_duration,
    }


def show(console: Console, report: Report) -> None:
    """Print a report."""
    site, span = report.query.site, report.range
    days = (
        f"{wording.date(span.first)} – {wording.date(span.last)}"
        if span.days > 1
        else wording.date(span.last)
    )
    label = report.query.period.label.lower()
    console.print(f"[bold]{site.domain}[/]  {label}, {days}, {site.timezone}\n")
    _show_totals(console, report)
    console.print(f"\nViews a {report.query.interval}  {sparkline(chart_of(report))}\n", highlight=False)
    for place, panel in enumerate(report.panels.values()):
        if place:
            console.print()
        show_panel(console, panel)


def chart_of(report: Report) -> list[int]:
    """The views of each bar that the chart of the page has: of minutes those of an hour, and none too."""
    query = report.query
    if query.interval not in MAX_DAYS_OF:
        return [figures.views for _, figures in by_interval(report.series, query.interval)]
    found = dict(report.points)
    return [found[time].views if time in found else 0 for time in report.times]


def show_panel(console: Console, panel: Panel) -> None:
    """Print a list."""
    from rich.table import Table
    from rich.text import Text

    kind = find_dimension(panel.dimension).label.lower()
    figure = panel.amount
    table = Table(box=None, header_style="dim")
    heading = HEADINGS.get(panel.dimension, kind)
    table.add_column(heading, overflow="ellipsis", no_wrap=True, ratio=1)
    is_compared = any(item.before for item in panel.items)
    for name in (figure, *(["change"] if is_compared else []), "visitors"):
        table.add_column(name, justify="right")
    for item in panel.items:
        # Text, not markup: it is what a visitor sent.
        label = wording.word(item.label, panel.dimension)
        text = Text(label if item.label else label.lower(), style="" if item.label else "italic")
        amount = getattr(item.totals, figure)
        changes = [wording.change(amount, getattr(item.before, figure)) or "new"] if item.before else []
        table.add_row(text, wording.number(amount), *changes, wording.number(item.totals.visitors))
    if panel.rest.rows:
        others = wording.plural(panel.rest.rows, f"other {'host' if kind == 'referring host' else kind}")
        table.add_row(others, wording.number(panel.rest.amount), style="dim")
    console.print(table)


def sparkline(values: list[int]) -> str:
    """A line of blocks; days are put together when there are more than fit."""
    size = -(-len(values) // WIDEST)
    sums = [sum(values[start : start + size]) for start in range(0, len(values), size)]
    top = max([1, *sums])
    return "".join(BLOCKS[-(-value * (len(BLOCKS) - 1) // top)] for value in sums)


def _show_totals(console: Console, report: Report) -> None:
    from rich.table import Table

    now, before = report.totals, report.before
    table = Table(
        "views", "visitors", "visits", "bounce rate", "visit duration", box=None, header_style="dim"
    )
    table.add_row(
        wording.number(now.views),
        wording.number(now.visitors),
        wording.number(now.visits),
        wording.percent(now.bounce_rate),
        wording.seconds(now.visit_duration),
        style="bold",
    )
    if before is not None:
        table.add_row(
            wording.change(now.views, before.views),
            wording.change(now.visitors, before.visitors),
            wording.change(now.visits, before.visits),
            wording.points(now.bounce_rate, before.bounce_rate),
            wording.change(now.visit_duration, before.visit_duration),
            style="dim",
        )
    console.print(table)
    if report.range_before is not None:
        days = wording.days_between(report.range_before.first, report.range_before.last)
        until = f" until {report.until}" if report.until else ""
        console.print(f"Compared with {days}{until}", style="dim", highlight=False)
    if report.adjusted:
        shown = wording.plural(report.adjusted.views, "view")
        hint = f"pagetally counter list --site {report.query.site.domain}"
        console.print(f"Counters show {shown}: with your adjustments ({hint})", style="dim", highlight=False)
    if report.counted_since is not None:
        console.print(f"Counted since {wording.date(report.counted_since)}", style="dim", highlight=False)


COMMANDS = (stats,)
