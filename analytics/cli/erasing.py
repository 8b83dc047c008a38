"""`pagetally erase`: take views out for good."""

from __future__ import annotations

import click

from .. import wording
from ..commands import EndErasing, EraseDay
from ..days import read_day
from ..errors import InputError
from ..model import Range
from .common import data_option, find_folder, performer, reader, yes_option
from .sites import confirm, find_site

EVER = Range(0, 1_000_000)


@click.command(short_help="Erase views of a site for good.")
@click.argument("domain")
@click.option(
    "--path", "pattern", default="", help="Only pages that fit, such as /draft, or /draft/* with all below."
)
@click.option("--from", "first", default="", metavar="DAY", help="From that day on, as 2026-05-01.")
@click.option("--to", "last", default="", metavar="DAY", help="Up to that day, and on it.")
@yes_option
@data_option
def erase(domain: str, pattern: str, first: str, last: str, yes: bool, data: str | None) -> None:
    """Erase views and events of DOMAIN: of pages, of days, or of both.

    Counts drop by them, and it cannot be undone.

    To erase all of a site: pagetally site remove.
    """
    if not (pattern or first or last):
        raise InputError("path", "is required, or a day", hint="Such as --path /draft, or --to 2025-12-31.")
    span = Range(
        read_day("from", first) if first else EVER.first, read_day("to", last) if last else EVER.last
    )
    folder = find_folder(data)
    site = find_site(folder, domain)
    with reader(folder) as store:
        found = store.count_erasable(site.id, span, pattern)
        days = store.stored_days(site.id, span)
    if not yes:
        visitors = wording.plural(found.visitors, "visitor")
        confirm(f"Erase {wording.plural(found.views, 'view')} by {visitors} of {site.domain}, for good?")
    with performer(folder) as desk:
        for day in days:
            desk.perform(EraseDay(site.domain, day, pattern))
        desk.perform(EndErasing(site.domain, "" if first or last else pattern))
    click.echo(f"{wording.plural(found.views, 'view')} erased.")


COMMANDS = (erase,)
