"""`pagetally export`: what is shown, as a file that `pagetally import counts` reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

import click

from ..counts import write_csv, write_json
from ..ledger import CHUNK
from ..model import OTHER, SITE, Amount, Site
from ..store.sqlite import SqliteReader
from .common import data_option, find_folder, reader, site_option
from .sites import find_site


@click.group()
def export() -> None:
    """Write what is counted to a file."""


@export.command("counters")
@site_option("The site whose counts are written.")
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="Where to.")
@data_option
def counters(domain: str | None, kind: str, output: TextIO, data: str | None) -> None:
    """Write the all-time counts of a site and its pages, as counters show them."""
    folder = find_folder(data)
    site = find_site(folder, domain)
    with reader(folder) as store:
        write = write_csv if kind == "csv" else write_json
        for part in write(read_amounts(store, site)):
            output.write(part)


def read_amounts(store: SqliteReader, site: Site) -> Iterator[Amount]:
    """The count of a site, then of each page that has one; not the row of what is over the cap."""
    total = store.site_count(site.id)
    yield Amount(SITE, total.views, total.visitors)
    pages = [page for page in store.page_paths(site.id) if page[0] != OTHER]
    for start in range(0, len(pages), CHUNK):
        part = dict(pages[start : start + CHUNK])
        for path, count in sorted(store.page_counts(site.id, list(part)).items()):
            if count.views or count.visitors:
                yield Amount(path, count.views, count.visitors, part[path])


COMMANDS = (export,)
