"""The command `pagetally`."""

from __future__ import annotations

import errno
import sys
from typing import Any

import click

from .. import __version__
from ..errors import InputError, PagetallyError, explain_system
from ..store.connect import DatabaseError, explain


class People(click.Group):
    """Shows our errors as sentences, not as traces."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PagetallyError as error:
            _tell(error)
            sys.exit(2 if isinstance(error, InputError) else 1)
        except DatabaseError as error:
            _tell(explain(error))
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read what we print has enough: click ends without a word
                raise
            _tell(explain_system(error))
        sys.exit(1)


def _tell(error: PagetallyError) -> None:
    click.secho(f"Error: {error}", err=True, fg="red")
    if error.hint:
        click.echo(error.hint, err=True)


@click.group(cls=People, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pagetally")
def main() -> None:
    """Page-view counters and traffic analytics that you own."""


from . import (  # noqa: E402
    access,
    care,
    counters,
    digits,
    erasing,
    exports,
    imports,
    keeping,
    popular,
    rules,
    serving,
    signing,
    sites,
    stats,
    top,
)

for module in (
    serving,
    sites,
    signing,
    stats,
    top,
    keeping,
    popular,
    counters,
    digits,
    erasing,
    rules,
    imports,
    exports,
    access,
    care,
):
    for command in module.COMMANDS:
        main.add_command(command)
