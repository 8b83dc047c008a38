"""The command `pagetally`."""

from __future__ import annotations

import sys
from typing import Any

import click

from .. import __version__
from ..errors import InputError, PagetallyError


class People(click.Group):
    """Shows our errors as sentences, not as traces."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PagetallyError as error:
            click.secho(f"Error: {error}", err=True, fg="red")
            if error.hint:
                click.echo(error.hint, err=True)
            sys.exit(2 if isinstance(error, InputError) else 1)


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
