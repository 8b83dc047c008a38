"""`pagetally import`: access logs and counts in, and out again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from .. import wording
from ..clock import system_clock
from ..config import read_config
from ..counts import READERS, collect, read_rows
from ..days import find_zone, local_day
from ..errors import InputError, Refused
from ..importer import Progress, Source, fingerprint_file, rehearse, run_import
from ..importer import undo as undo_import
from ..lock import find_owner
from ..logreader import LogReader, Summary
from ..model import Moments, Site
from ..overlap import Overlap, Past, advise, describe
from .amounts import at_hand, count_options, open_file, take_over
from .common import (
    NUMBER,
    data_option,
    find_folder,
    import_state,
    never_asks,
    performer,
    reader,
    site_option,
    yes_option,
)
from .counters import show_counts
from .pulling import pull
from .sites import confirm, find_site

SHOWN_PAGES = 5


@click.group("import", short_help="Take over views from a log, and undo it.")
def import_() -> None:
    """Take views over from elsewhere, list what was taken over, and undo it."""


@import_.command("access-log", short_help="Import FILE, an Apache or nginx log.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@site_option("The site whose log it is.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--include-bots", is_flag=True, help="Count views of crawlers and tools as well.")
@click.option(
    "--after-last",
    "overlap",
    flag_value=Overlap.SKIP,
    type=Overlap,
    help="Count only what is later than all that was imported for the site.",
)
@click.option(
    "--regardless",
    "overlap",
    flag_value=Overlap.COUNT,
    type=Overlap,
    help="Count all of it, though the same time was imported before.",
)
@never_asks
@data_option
def access_log(
    file: Path,
    domain: str | None,
    dry_run: bool,
    include_bots: bool,
    overlap: Overlap | None,
    data: str | None,
) -> None:
    """Import FILE (- is standard input), an Apache or nginx log in common or combined format, plain or gzip.

    A page view is a GET that was answered with 2xx or 304 and is not a static file. The same content is
    refused a second time, and so is a log of the same time as an earlier one (a log that grew, say),
    unless --after-last or --regardless says what is meant. Feeds and /robots.txt are pages to it: leave
    them out with `pagetally site edit DOMAIN --add-exclude-path /feed.xml`, before the import.
    """
    folder = find_folder(data)
    site = find_site(folder, domain)
    log = LogReader(site, system_clock(), with_bots=include_bots, geo=tuple(read_config({}, os.environ).geo))

    def look() -> Past:
        with reader(folder) as store:
            return Past(store.earlier_imports(site.id), overlap or Overlap.REFUSE)

    number = 0
    with closing(Source(None if str(file) == "-" else file)) as source, show_progress(source) as progress:
        if dry_run:
            rehearse(source, log, progress, look())
        else:
            with performer(folder) as desk, ending_as_by_hand():
                number = run_import(desk, source, log, progress, look)
    show_summary(site, log.summary)
    show_overlap(site, look().without(number).without_rests_of(source.fingerprint), source.span)
    if dry_run:
        click.echo("Nothing was stored: this was a dry run.")
    elif not number:
        click.echo("Nothing was stored: no view is later, so that there is no import to take back.")
    else:
        click.echo(f"Stored as import {number}. To take it back: pagetally import undo {number}")


@contextmanager
def ending_as_by_hand() -> Iterator[None]:
    """Being told to end is like Ctrl-C meanwhile, so that what was begun is taken back."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:  # as under `nohup`
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


@contextmanager
def show_progress(source: Source) -> Iterator[Progress]:
    """A bar on the terminal with the rate in lines a second."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[lines]:,} lines, {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(source.name, total=source.size or None, lines=0, rate=0)

        def progress(position: int, lines: int) -> None:
            rate = lines / max(bar.tasks[0].elapsed or 0, 0.001)
            bar.update(task, completed=position, lines=lines, rate=rate)

        try:
            yield progress
        finally:
            # Of what was refused before it began there is nothing to show.
            bar.live.transient = not bar.tasks[0].fields["lines"]


def show_summary(site: Site, summary: Summary) -> None:
    """Say what became of the lines."""
    page_views = wording.plural(summary.page_views, "page view")
    click.echo(f"{wording.plural(summary.lines, 'line')}: {page_views}, of which {summary.views:,} count")
    for reason, count in summary.dropped.most_common():
        click.echo(f"  {count:>9,} not counted: {reason}")
    click.echo(f"  {summary.no_page:>9,} for something other than a page")
    number, _, noun = wording.plural(summary.broken, "broken line").partition(" ")
    click.echo(f"  {number:>9} {noun}")
    if summary.views:
        days = [local_day(site.timezone, at) for at in (summary.first_at, summary.last_at)]
        click.echo(f"From {wording.date(days[0])} to {wording.date(days[1])} ({site.timezone}). Most viewed:")
        for path, views in summary.pages.most_common(SHOWN_PAGES):
            click.echo(f"  {views:>9,} {path}")


def moment(site: Site, at: int) -> str:
    """A time as the clocks of a site show it: 2026-10-28 00:26:50 (Europe/London)."""
    return f"{datetime.fromtimestamp(at, find_zone(site.timezone)):%Y-%m-%d %H:%M:%S} ({site.timezone})"


def show_overlap(site: Site, past: Past, span: Moments | None) -> None:
    """Say which imports are of the same time as a log, and what that means for it."""
    if past.overlap == Overlap.SKIP:
        at, _ = past.end
        if at:
            last = moment(site, at)
            click.echo(f"The last view that was imported before is of {last}: only what is later counts.")
        return
    shared = past.shared_with(span)
    if shared:
        told = describe(shared, site.timezone)
        click.echo(f"{told[0].upper()}{told[1:]}.")
        click.echo("What is in both counts twice." if past.overlap == Overlap.COUNT else advise(shared))


@import_.command("counts", short_help="Take over the counts in FILE.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@site_option("The site whose counts they are.")
@click.option(
    "--from", "kind", type=click.Choice(["auto", *READERS]), default="auto", help="What wrote the file."
)
@count_options
@data_option
def counts(file: Path, domain: str | None, kind: str, data: str | None, **given: Any) -> None:
    """Take over the counts in FILE (- is standard input).

    It is CSV or JSON with path, views and visitors, or another counter's export. Shows what would change,
    and asks. All of it is one adjustment, which `pagetally counter undo` takes back. The same content is
    refused a second time.
    """
    site = find_site(find_folder(data), domain)
    name = "standard input" if str(file) == "-" else file.name
    with at_hand(file) as copy:
        with open_file(copy) as stream:
            found = collect(site, read_rows(stream, kind))
        fingerprint = fingerprint_file(copy)
    take_over(site, found, name, fingerprint, data=data, **given)


@import_.command("list", short_help="List the imports.")
@data_option
def list_(data: str | None) -> None:
    """List the imports: what each stored then, though some of it may have been erased since.

    Of imports of counts it lists the adjustments that they are.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = ("import", "site", "of", "state", "views stored", "not counted", "broken lines")
    table = Table(*columns, box=None, header_style="bold")
    folder = find_folder(data)
    is_owned = bool(find_owner(folder))
    with reader(folder) as store:
        for row in store.imports():
            summary = msgspec.json.decode(str(row["summary"]))
            dropped, broken = sum(summary.get("dropped", {}).values()), summary.get("broken", 0)
            state = import_state(str(row["state"]), is_owned=is_owned)
            cells = (str(row["id"]), str(row["domain"]), str(row["file"]), state)
            table.add_row(*map(Text, cells), f"{row['stored']:,}", f"{dropped:,}", f"{broken:,}")
        domains = {site.id: site.domain for site in store.sites()}
        adjustments = [one for one in store.adjustments() if one.kind == "import"]
    Console().print(table)
    if table.row_count:
        click.echo("To take one back: pagetally import undo NUMBER")
    if not adjustments:
        return
    table = Table(
        *("adjustment", "site", "counts of", "state", "pages", "site's views"), box=None, header_style="bold"
    )
    for one in adjustments:
        cells = (str(one.id), domains[one.site], one.detail.file, one.state)
        table.add_row(*map(Text, cells), f"{one.detail.pages:,}", f"{one.detail.views:+,}")
    click.echo()
    Console().print(table)
    click.echo("To take one back: pagetally counter undo NUMBER")


@import_.command(short_help="Take import NUMBER back.")
@click.argument("number", type=NUMBER)
@yes_option
@data_option
def undo(number: int, yes: bool, data: str | None) -> None:
    """Take import NUMBER of an access log back: its views are deleted, and the totals follow.

    Says what that is, and asks. Counts are taken back by `pagetally counter undo`.
    """
    folder = find_folder(data)
    site = show_import(folder, number)
    if not yes:
        confirm(f"Take import {number} back?", "nothing was taken back")
    with performer(folder) as desk:
        undo_import(desk, number)
    click.echo(f"Import {number} is undone.")
    show_counts(folder, site)


def show_import(folder: Path, number: int) -> Site:
    """Say what undoing an import would take back; its site. InputError or Refused when there is nothing."""
    with reader(folder) as store:
        row = next((row for row in store.imports() if row["id"] == number), None)
        adjustment = next((one for one in store.adjustments() if one.id == number), None)
        site = next((site for site in store.sites() if row and site.id == row["site"]), None)
        earlier = store.earlier_imports(site.id) if site else []
    others = ""
    if adjustment is not None and adjustment.kind == "import":
        file = adjustment.detail.file
        others = f"The counts of {file} are adjustment {number}: pagetally counter undo {number}"
    if row is None or site is None:
        hint = others or "See: pagetally import list"
        raise InputError("import", f"there is no import {number} to undo", hint=hint)
    if row["state"] == "undone":
        raise Refused(f"import {number} is undone already", hint=others)
    span = next((one.span for one in earlier if one.number == number), None)
    days = (
        wording.days_between(*(local_day(site.timezone, at) for at in (span.first, span.last)))
        if span
        else ""
    )
    what = f"{wording.plural(int(str(row['stored'])), 'view')} of {days}" if days else "nothing is left of it"
    at = moment(site, int(str(row["started"])))
    click.echo(f"Import {number} of {site.domain}: {row['file']}, imported at {at}; {what}.")
    if others:
        click.echo(f"{others} (they stay as they are).")
    return site


import_.add_command(pull)

COMMANDS = (import_,)
