"""`pagetally doctor`, `backup`, `recount` and `password`: looking after an instance."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from ..commands import UNFINISHED, Fold, RebuildTotals, ResetDay, SetPassword
from ..control import connect
from ..errors import InputError, PagetallyError
from ..lock import find_owner
from ..passwords import hash_password
from ..store import backup as backups
from ..store.connect import FILE, SAFE_SQLITE, DatabaseError, explain, sqlite_version
from ..store.sqlite import SqliteReader
from .common import CUT_OFF, data_option, find_folder, import_state, performer, reader

LITTLE_SPACE = 256 * 1024 * 1024
FIRST_GOOD_YEAR = 2025

Finding = tuple[str, bool, str]
"""What was looked at, whether it is well, and what was found."""


@click.command(short_help="Look over the database, the machine, and what was not counted.")
@data_option
def doctor(data: str | None) -> None:
    """Look an instance over: SQLite, settings of the file, clock, lock, disk, what was dropped."""
    from rich.console import Console
    from rich.table import Table

    folder = find_folder(data)
    findings = [*_look_at_machine(folder), *_look_at_database(folder)]
    table = Table("", "what", "found", box=None, header_style="bold")
    for what, is_well, found in findings:
        table.add_row("[green]ok[/]" if is_well else "[red]look[/]", what, found)
    Console().print(table)
    with contextlib.suppress(DatabaseError):  # which is among the findings
        _show_dropped(folder)
    if not all(is_well for _, is_well, _ in findings):
        raise SystemExit(1)


def _look_at_machine(folder: Path) -> Iterator[Finding]:
    version = sqlite_version()
    is_safe = version >= SAFE_SQLITE
    note = (
        ""
        if is_safe
        else ": older ones can damage a log that two connections write; Pagetally writes with one"
    )
    yield "SQLite", True, ".".join(map(str, version)) + note
    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    yield "clock", time.gmtime(now).tm_year >= FIRST_GOOD_YEAR, stamp
    if folder.exists():
        free = shutil.disk_usage(folder).free
        yield "free disk", free > LITTLE_SPACE, f"{free / 1024**3:,.1f} GiB in {folder}"
    yield from _look_at_server(folder)


def _look_at_server(folder: Path) -> Iterator[Finding]:
    """Who has the folder, and whether commands reach a server: both, or neither."""
    owner = find_owner(folder)
    held = f"held by process {owner.process}{', ' * bool(owner.command)}{owner.command}" if owner else "free"
    yield "lock", True, held
    client = connect(folder)
    if client is not None:
        client.close()
        found = "running" if owner else "running, but does not hold the folder: stop it, and start it anew"
        yield "server", bool(owner), found
    else:
        is_silent = owner is not None and not owner.command
        found = f"process {owner.process} takes no commands: it starts, or hangs" if owner else ""
        yield "server", not is_silent, found if is_silent else "not running"


def _look_at_database(folder: Path) -> Iterator[Finding]:
    try:
        yield from _look_inside(folder)
    except DatabaseError as error:
        yield "database", False, str(explain(error))


def _look_inside(folder: Path) -> Iterator[Finding]:
    with reader(folder) as store:
        mode = store.pragma("journal_mode")
        # A copy is one file, without a log; the start of the server gives it one.
        is_copy = mode == "delete"
        yield "journal mode", is_copy or mode == "wal", f"{mode}, until the next start" if is_copy else mode
        level = store.pragma("synchronous")
        yield "synchronous", level == 2, {1: "normal", 2: "full"}.get(level, str(level))
        answer = store.pragma("quick_check")
        yield "database", answer == "ok", answer
        health = store.health()
        waiting = health["pending_site_days"]
        yield "site-days", True, f"{health['site_days']:,}, of which {waiting:,} wait to be folded"
        yield from _look_at_imports(store, is_owned=bool(find_owner(folder)))
    file = folder / FILE
    is_private = not file.stat().st_mode & 0o077
    yield "rights", is_private, "readable by its owner only" if is_private else f"others may read {file}"


def _look_at_imports(store: SqliteReader, *, is_owned: bool) -> Iterator[Finding]:
    """Imports that are not finished."""
    for row in store.imports():
        if row["state"] in UNFINISHED:
            state = import_state(str(row["state"]), is_owned=is_owned)
            hint = f"pagetally import undo {row['id']} takes it back"
            yield f"import {row['id']}", state != CUT_OFF, f"{row['stored']:,} views; {state}: {hint}"


def _show_dropped(folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    month_ago = int(time.time()) // 86_400 - 30
    with reader(folder) as store:
        rows = store.dropped(month_ago)
    if rows:
        table = Table("site", "not counted because", "views", "events", title="Dropped in 30 days", box=None)
        for domain, reason, found in rows:
            table.add_row(domain or "(unknown)", reason, f"{found.views:,}", f"{found.events:,}")
        Console().print(table)


@click.command(short_help="Copy the database to FILE while the server runs.")
@click.argument("file")
@data_option
def backup(file: str, data: str | None) -> None:
    """Copy the database to FILE while the server runs, and check the copy.

    To restore, put it as pagetally.db into an empty data folder.
    """
    folder = find_folder(data)
    if not (folder / FILE).exists():
        raise PagetallyError(
            f"there is no Pagetally database in {folder}", hint="Name the folder with --data."
        )
    if not file.strip():
        raise InputError("file", "is empty", hint="Name a file that does not exist yet.")
    hits = backups.save(folder / FILE, Path(file))
    click.echo(f"{file}: {hits:,} hits, checked.")


@click.command(short_help="Compare the totals with the raw hits, or build them anew.")
@click.option("--check", is_flag=True, help="Only compare; change nothing.")
@data_option
def recount(check: bool, data: str | None) -> None:
    """Build visits and totals anew from raw hits; with --check, compare them only."""
    folder = find_folder(data)
    if check:
        _check(folder)
    else:
        _rebuild(folder)


def _check(folder: Path) -> None:
    days = 0
    with reader(folder) as store:
        found = []
        for difference in store.differences():
            if difference is None:
                days += 1
            else:
                found.append(difference)
                click.echo(difference)
    click.echo(
        f"{days:,} site-days recounted from raw hits: {len(found) or 'no'} difference{'s' * (len(found) > 1)}"
    )
    if found:
        raise PagetallyError("the totals differ from the raw hits", hint="Rebuild them: pagetally recount")


def _rebuild(folder: Path) -> None:
    with reader(folder) as store:
        days = store.site_days()
    with performer(folder) as desk:
        with click.progressbar(days, label="Recounting site-days") as progress:
            for site, day in progress:
                desk.perform(ResetDay(site, day))
                desk.perform(Fold())
        desk.perform(RebuildTotals())
    click.echo(f"{len(days):,} site-days rebuilt from raw hits.")


@click.command(short_help="Set a new owner's password.")
@click.option("--password", help="The new password; without it, it is asked for, or read from a pipe.")
@data_option
def password(password: str | None, data: str | None) -> None:
    """Set a new owner's password; whoever is signed in is signed out."""
    kept = hash_password(ask_password() if password is None else password)
    with performer(find_folder(data)) as desk:
        desk.perform(SetPassword(kept))
    click.echo("The owner's password is changed.")


def ask_password() -> str:
    """A password that is typed twice, and not shown; where nobody types, the first line of the input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    try:
        found = sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError("password", "is not UTF-8") from None
    if not found:
        raise InputError("password", "is required", hint="Type it at a terminal, or pipe it in.")
    return found


COMMANDS = (doctor, backup, recount, password)
