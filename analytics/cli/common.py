"""What the commands share: the data folder, and who performs a command on it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ..commands import UNFINISHED
from ..config import read_config
from ..control import connect
from ..errors import InputError, PagetallyError
from ..importer import Performer
from ..instance import Instance
from ..ledger import Desk
from ..store.connect import FILE
from ..store.sqlite import SqliteReader
from ..writer import SWITCH_SECONDS

CUT_OFF = "cut off"

FOLD_LIMIT_ALONE = 20_000
"""Hits in one slice of folding where no server runs, so that no view has to wait."""

F = Callable[..., Any]


class _Number(click.types.IntParamType):
    """The number of something that is kept; the database gives out none beyond 63 bits."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = super().convert(value, param, ctx)
        if not 0 <= number < 1 << 63:
            self.fail(f"there is none of the number {number}", param, ctx)
        return number


NUMBER = _Number()


def data_option(command: F) -> F:
    """The option that every command takes."""
    return click.option(
        "--data",
        metavar="DIR",
        help="Folder that holds everything.  [env: PAGETALLY_DATA; default: pagetally-data]",
    )(command)


def site_option(text: str) -> Callable[[F], F]:
    """The option that names a site, and may be left out where there is one only (`sites.find_site`)."""
    return click.option("--site", "domain", metavar="DOMAIN", help=f"{text}  [default: the only one]")


def yes_option(command: F) -> F:
    """The option of commands that ask, for scripts."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask.")(command)


def never_asks(command: F) -> F:
    """The same option, of commands that do not ask: a script may give it to all."""
    text = "For scripts; this does not ask."
    return click.option("--yes", "-y", is_flag=True, expose_value=False, help=text)(command)


def find_folder(given: str | None) -> Path:
    """The data folder that the option, the environment or the default names."""
    return read_config({"data": given}, os.environ).data


@contextlib.contextmanager
def naming(**options: str) -> Iterator[None]:
    """A block whose errors name the option that was typed, where a field is called otherwise."""
    try:
        yield
    except InputError as error:
        raise error.named(options.get(error.field, error.field)) from error


@contextlib.contextmanager
def performer(folder: Path, *, creates: bool = False) -> Iterator[Performer]:
    """Whoever may write the data folder: the server if it runs, else this process.

    Only a command that `creates` makes a new database, and says where; PagetallyError where there is none.
    """
    client = connect(folder)
    if client is not None:
        with contextlib.closing(client):
            yield client
        return
    is_new = not (folder / FILE).exists()
    if is_new and not creates:
        raise no_database(folder)
    sys.setswitchinterval(SWITCH_SECONDS)
    command = f"pagetally {click.get_current_context().command_path.partition(' ')[2]}"
    instance = Instance(folder, fold_limit=FOLD_LIMIT_ALONE, command=command).open()
    if is_new:
        click.echo(f"A new data folder is made: {folder.absolute()}", err=True)
    try:
        yield Desk(instance)
    finally:
        instance.close()


def import_state(state: str, *, is_owned: bool) -> str:
    """How an import stands, for people. Nobody works at one where no process has the folder.

    Where one has, whoever sent it the import may be gone all the same.
    """
    if state in UNFINISHED and state != CUT_OFF:
        return f"under way, or {CUT_OFF}" if is_owned else CUT_OFF
    return state


def no_database(folder: Path) -> PagetallyError:
    """What is said of a folder in which nothing was counted yet."""
    hint = "Name the folder with --data, or start there: pagetally serve --data DIR"
    return PagetallyError(f"there is no Pagetally database in {folder}", hint=hint)


@contextlib.contextmanager
def reader(folder: Path) -> Iterator[SqliteReader]:
    """A reader of the data folder, whether a server runs or not."""
    if not (folder / FILE).exists():
        raise no_database(folder)
    found = SqliteReader(folder)
    try:
        if not found.is_up_to_date():
            hint = "It is brought up to date, after a backup, by: pagetally serve"
            raise PagetallyError(f"the database in {folder} is of an earlier version", hint=hint)
        # A deadline is for visitors; whoever types a command may wait.
        with found.snapshot(seconds=None):
            yield found
    finally:
        found.close()
