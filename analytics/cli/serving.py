"""`pagetally serve`."""

from __future__ import annotations

import os
from typing import Any

import click

from ..config import SETTINGS, read_config


@click.command(short_help="Collect views and serve counters, until stopped.")
def serve(**given: Any) -> None:
    """Collect views, serve counters and show summaries, until stopped."""
    from ..server import serve as run

    run(read_config(given, os.environ), say=click.echo)


for setting in SETTINGS:
    shown = ",".join(setting.default) if isinstance(setting.default, tuple) else str(setting.default)
    suffix = f"  [env: {setting.variable}; default: {shown or 'none'}]"
    serve = click.option(setting.option, setting.name, metavar=setting.metavar, help=setting.help + suffix)(
        serve
    )

COMMANDS = (serve,)
