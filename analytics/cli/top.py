"""`pagetally top`: who is there now, live in the terminal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import wording
from ..days import local_day
from ..model import ONLINE_WINDOW, Site
from ..periods import BY_NAME
from ..summary import NONE, Query, summarise
from .common import data_option, find_folder, reader
from .sites import find_site
from .stats import chart_of, show_panel, sparkline

if TYPE_CHECKING:
    from rich.console import Console

EVERY = 2.0
"""Seconds between two looks."""
ROWS = 8


@click.command(short_help="Watch DOMAIN live.")
@click.argument("domain", required=False)
@click.option("--once", is_flag=True, help="Look once, and end.")
@data_option
def top(domain: str | None, once: bool, data: str | None) -> None:
    """Watch who is on DOMAIN now: visitors, views a minute, today's pages and sources. Ctrl-C ends it."""
    from rich.console import Console

    folder = find_folder(data)
    site = find_site(folder, domain)
    console = Console()
    if once:
        draw(console, folder, site, time.time())
        return
    try:
        with console.screen(hide_cursor=True):
            while True:
                console.clear()
                draw(console, folder, site, time.time())
                time.sleep(EVERY)
    except KeyboardInterrupt:
        return


def draw(console: Console, folder: Path, site: Site, now: float) -> None:
    """Print one look at a site."""
    query = Query(
        site, BY_NAME["today"], now, ROWS, compare=NONE, interval="minute", panels=("page", "source")
    )
    with reader(folder) as store:
        report = summarise(store, query)
        since = int(now) - ONLINE_WINDOW
        online = len(store.online_visitors(site.id, since, local_day(site.timezone, since)))
    figures = report.totals
    console.print(
        f"[bold]{site.domain}[/]  {wording.number(online)} online now;"
        f" today {wording.plural(figures.views, 'view')}, {wording.plural(figures.visitors, 'visitor')}\n",
        highlight=False,
    )
    console.print(f"Views a minute, the last hour  {sparkline(chart_of(report))}\n", highlight=False)
    show_panel(console, report.panels["page"])
    console.print()
    show_panel(console, report.panels["source"])


COMMANDS = (top,)
