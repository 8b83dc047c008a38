"""What the imports of counts share: their options, the preview, and taking them over."""

from __future__ import annotations

import contextlib
import gzip
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ..counts import REPLACE, STRATEGIES, Found, difference
from ..errors import InputError
from ..importer import GZIP_MAGIC
from ..ledger import CHUNK, post
from ..model import SITE, Amount, Count, Detail, Site
from ..store.sqlite import SqliteReader
from .common import find_folder, performer, reader, yes_option
from .counters import TERMINAL, show_done, who
from .sites import confirm

SHOWN = 20
"""Pages that a preview lists."""


def count_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every import of counts."""
    for option in (
        click.option("--note", default="", help='Why, for the trail: "since 2019".'),
        yes_option,
        click.option("--dry-run", is_flag=True, help="Only show what would change."),
        click.option("--pages-only", is_flag=True, help="Leave the site's count as it is."),
        click.option(
            "--strategy",
            type=click.Choice(STRATEGIES),
            default=REPLACE,
            show_default=True,
            help="The given count instead of ours, the higher one, on top, or only where we have none.",
        ),
    ):
        command = option(command)
    return command


@contextlib.contextmanager
def at_hand(file: Path) -> Iterator[Path]:
    """A file that can be read again: of what comes through standard input (-) or a pipe, a copy."""
    if str(file) != "-" and not file.is_fifo():
        yield file
        return
    with tempfile.NamedTemporaryFile() as copy:
        with open(0 if str(file) == "-" else file, "rb", closefd=str(file) != "-") as stream:
            shutil.copyfileobj(stream, copy)
        copy.flush()
        yield Path(copy.name)


def open_file(file: Path) -> io.BufferedReader:
    """A plain or gzipped file; InputError when it cannot be read."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise InputError("file", f"{file} cannot be read: {error.strerror}") from None
    if stream.peek(2)[:2] == GZIP_MAGIC:
        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    return stream


def take_over(
    site: Site,
    found: Found,
    file: str,
    fingerprint: str,
    *,
    data: str | None,
    strategy: str,
    note: str,
    pages_only: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Show what the amounts would change, ask, and change it."""
    folder = find_folder(data)
    if pages_only:
        found.amounts.pop(SITE, None)
    amounts = sorted(found.amounts.values(), key=lambda amount: (amount.path != SITE, amount.path))
    if not amounts:
        raise InputError("file", "has no count of a page", hint=_skipped(found) or "See docs/numbers.md.")
    with reader(folder) as store:
        show_preview(store, site, strategy, amounts)
    if found.skipped:
        click.echo(_skipped(found))
    if dry_run:
        click.echo("Nothing was changed here: this was a dry run.")
        return
    if not yes:
        confirm(f"Change {len(amounts):,} counts of {site.domain}?", "nothing was changed")
    detail = Detail(
        by=who(),
        way=TERMINAL,
        note=note,
        strategy=strategy,
        file=file,
        fingerprint=fingerprint,
        pages_only=pages_only,
    )
    with performer(folder) as desk:
        number = post(desk, site, "import", detail, amounts)
    show_done(folder, site, number)


def _skipped(found: Found) -> str:
    parts = [f"{count:,} with {reason}" for reason, count in found.skipped.most_common()]
    return f"Rows left out: {', '.join(parts)}." if parts else ""


def show_preview(store: SqliteReader, site: Site, strategy: str, amounts: list[Amount]) -> None:
    """A table of the largest changes: what is shown now, what the file says, what will be shown."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    now = {SITE: store.site_count(site.id)}
    for start in range(0, len(amounts), CHUNK):
        now |= store.page_counts(site.id, [amount.path for amount in amounts[start : start + CHUNK]])
    table = Table(box=None, header_style="dim")
    table.add_column("page", overflow="ellipsis", no_wrap=True)
    for name in ("views now", "in the file", "after", "visitors now", "in the file", "after"):
        table.add_column(name, justify="right")
    by_size = sorted(amounts, key=lambda amount: (amount.path != SITE, -(amount.views or 0), amount.path))
    for amount in by_size[:SHOWN]:
        have = now.get(amount.path, Count())
        moved = difference(strategy, have, amount)
        views = _cells(have.views, amount.views, moved.views)
        # Text, not markup: a path is what a visitor sent.
        table.add_row(Text(amount.path), *views, *_cells(have.visitors, amount.visitors, moved.visitors))
    Console().print(table)
    if len(amounts) > SHOWN:
        click.echo(f"and {len(amounts) - SHOWN:,} more")


def _cells(now: int, given: int | None, moved: int) -> tuple[str, str, str]:
    return f"{now:,}", "–" if given is None else f"{given:,}", f"{max(now + moved, 0):,}"
