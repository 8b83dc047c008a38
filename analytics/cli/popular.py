"""`pagetally popular`: a list of pages, in the terminal or as a static file for building a site."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import msgspec

from ..lists import LIMIT, METRICS, MOST, WINDOW, list_pages, read_wish
from ..model import PageList
from .common import data_option, find_folder, reader
from .sites import find_site


@click.command()
@click.argument("domain")
@click.option("--window", default=WINDOW, show_default=True, help="today, 7d, 30d, 365d, all, since:DATE ...")
@click.option("--metric", type=click.Choice(METRICS), default=METRICS[0], show_default=True)
@click.option("--limit", type=click.IntRange(1, MOST), default=LIMIT, show_default=True)
@click.option("--freshness", default="", metavar="30d", help="Only pages first seen within so many days.")
@click.option("--exclude", multiple=True, metavar="PATH", help="Leave out, * for anything (repeatable).")
@click.option("--include", default="", metavar="PREFIX", help="Only paths that begin with this.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON of /api/popular there.")
@data_option
def popular(
    domain: str,
    window: str,
    metric: str,
    limit: int,
    freshness: str,
    exclude: tuple[str, ...],
    include: str,
    out: Path | None,
    data: str | None,
) -> None:
    """List the most viewed pages of DOMAIN, or those that trend."""
    wish = read_wish(window, metric, str(limit), freshness, exclude, include)
    folder = find_folder(data)
    site = find_site(folder, domain)
    with reader(folder) as store:
        found = list_pages(store, site, wish, time.time())
    if out is None:
        _show(found)
    else:
        _save(out, msgspec.json.encode(found))
        click.echo(f"{out}: {len(found.pages)} pages.")


def _save(file: Path, body: bytes) -> None:
    # Whole or not at all: the build of a site may read it meanwhile.
    part = file.with_name(file.name + ".part")
    part.write_bytes(body + b"\n")
    os.replace(part, file)


def _show(found: PageList) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim")
    table.add_column("page", overflow="ellipsis", no_wrap=True, ratio=1)
    for name in ("views", "visitors"):
        table.add_column(name, justify="right")
    for page in found.pages:
        # Text, not markup: a path is what a visitor sent.
        table.add_row(Text(page.path), f"{page.views:,}", f"{page.visitors:,}")
    Console().print(table)


COMMANDS = (popular,)
