"""`pagetally popular`, `pagetally related`: lists for readers, in the terminal or as files for a build."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from ..ledger import page_of
from ..lists import LIMIT, METRICS, MOST, WINDOW, list_pages, read_wish, show_related, shows
from ..model import PageList, RelatedPage
from ..store.related import LISTED
from .common import data_option, find_folder, reader
from .sites import find_site


@click.command()
@click.argument("domain", required=False)
@click.option("--window", default=WINDOW, show_default=True, help="today, 7d, 30d, 365d, all, since:DATE ...")
@click.option("--metric", type=click.Choice(METRICS), default=METRICS[0], show_default=True)
@click.option("--limit", type=click.IntRange(1, MOST), default=LIMIT, show_default=True)
@click.option("--freshness", default="", metavar="30d", help="Only pages first seen within so many days.")
@click.option("--exclude", multiple=True, metavar="PATH", help="Leave out, * for anything (repeatable).")
@click.option("--include", default="", metavar="PREFIX", help="Only paths that begin with this.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON of /api/popular there.")
@data_option
def popular(
    domain: str | None,
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


@click.command(short_help="List what the readers of a page also read.")
@click.argument("domain")
@click.argument("path", required=False)
@click.option(
    "--limit", type=click.IntRange(1, LISTED), default=LISTED, show_default=True, help="Of each page."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write JSON there.")
@data_option
def related(domain: str, path: str | None, limit: int, out: Path | None, data: str | None) -> None:
    """List what the readers of PATH (without it: of each page) of DOMAIN also read.

    With --out as JSON: of one page that of /api/related, else all pages in one file.
    """
    folder = find_folder(data)
    site = find_site(folder, domain)
    with reader(folder) as store:
        if path is None:
            every, is_shown = store.all_related_pages(site.id, LISTED), shows(site)
            chosen = {key: show_related(every[key], site, limit) for key in every if is_shown(key)}
            pages = {key: found for key, found in chosen.items() if found}
        else:
            key = page_of(site, path)
            pages = {key: show_related(store.related_pages(site.id, key, LISTED), site, limit)}
    if out is None:
        _show_related(pages)
        return
    told: dict[str, object] = {"site": site.domain}
    told |= {"pages": pages} if path is None else {"path": key, "pages": pages[key]}
    _save(out, msgspec.json.encode(told))
    click.echo(f"{out}: {len(pages) if path is None else len(pages[key])} pages.")


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


def _show_related(pages: Mapping[str, Sequence[RelatedPage]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim")
    for name in ("readers of", "also read"):
        table.add_column(name, overflow="ellipsis", no_wrap=True, ratio=1)
    table.add_column("lift", justify="right")
    for path, others in pages.items():
        for other in others:
            table.add_row(Text(path), Text(other.path), f"{other.lift:,.1f}")
    Console().print(table)


COMMANDS = (popular, related)
