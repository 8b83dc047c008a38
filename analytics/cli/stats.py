"""`pagetally stats`: a site's summary in the terminal, the same as on its page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from .. import wording
from ..periods import DEFAULT, PERIODS, find_period
from ..summary import TOP, Query, Report, summarise
from .common import data_option, find_folder, reader
from .sites import SCRIPT_LINE, find_site

if TYPE_CHECKING:
    from rich.console import Console

BLOCKS = " ▁▂▃▄▅▆▇█"
WIDEST = 72


@click.command(short_help="Show DOMAIN's summary.")
@click.argument("domain")
@click.option(
    "--period",
    type=click.Choice([period.name for period in PERIODS]),
    default=DEFAULT.name,
    show_default=True,
    help="Which days.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=TOP, show_default=True, help="Rows of a list.")
@data_option
def stats(domain: str, period: str, limit: int, data: str | None) -> None:
    """Show DOMAIN's totals, daily chart, top pages and top referring hosts."""
    from rich.console import Console

    folder = find_folder(data)
    site = find_site(folder, domain)
    with reader(folder) as store:
        report = summarise(store, Query(site, find_period(period), time.time(), limit))
    if report.since is None:
        click.echo(f"No views yet. Put this into the pages of {site.domain}:\n\n{SCRIPT_LINE}")
    else:
        show(Console(), report)


def show(console: Console, report: Report) -> None:
    """Print a report."""
    site, span = report.query.site, report.range
    days = (
        f"{wording.date(span.first)} – {wording.date(span.last)}"
        if span.days > 1
        else wording.date(span.last)
    )
    console.print(f"[bold]{site.domain}[/]  {report.query.period.label.lower()}, {days}, {site.timezone}\n")
    _show_totals(console, report)
    console.print(
        f"\nViews a day  {sparkline([figures.views for _, figures in report.series])}\n", highlight=False
    )
    _show_pages(console, report)
    _show_sources(console, report)


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
    if report.counted_since is not None:
        console.print(f"Counted since {wording.date(report.counted_since)}", style="dim", highlight=False)


def _show_pages(console: Console, report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim")
    table.add_column("top pages", overflow="ellipsis", no_wrap=True, ratio=1)
    for name in ("views", "visitors"):
        table.add_column(name, justify="right")
    for row in report.pages:
        # Text, not markup: a path is what a visitor sent.
        table.add_row(Text(row.path), wording.number(row.views), wording.number(row.visitors))
    if report.other_pages.rows:
        rest = report.other_pages
        table.add_row(
            f"{wording.number(rest.rows)} other pages", wording.number(rest.amount), "", style="dim"
        )
    console.print(table)


def _show_sources(console: Console, report: Report) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim")
    table.add_column("top referring hosts", overflow="ellipsis", no_wrap=True, ratio=1)
    for name in ("visits", "visitors"):
        table.add_column(name, justify="right")
    for row in report.sources:
        host = Text(row.host) if row.host else Text("direct or unknown", style="italic")
        table.add_row(host, wording.number(row.visits), wording.number(row.visitors))
    if report.other_sources.rows:
        rest = report.other_sources
        table.add_row(
            f"{wording.number(rest.rows)} other hosts", wording.number(rest.amount), "", style="dim"
        )
    console.print()
    console.print(table)


COMMANDS = (stats,)
