"""`python -m seeds`: seed a demo folder if it is empty, then serve it with the blog."""

from __future__ import annotations

from pathlib import Path

import click

from analytics.config import Config
from analytics.errors import PagetallyError
from analytics.server import serve

from .blog import Demo
from .fill import DOMAIN, DONE, clear, fill
from .posts import BLOG
from .traffic import DAYS, SITE_VIEWS


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path(".demo"), show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8000, show_default=True)
@click.option("--only-seed", is_flag=True, help="Fill the folder, and do not serve it.")
def main(data: Path, host: str, port: int, only_seed: bool) -> None:
    """Serve the demo blog with its counters."""
    try:
        if not (data / DONE).exists():
            _seed(data)
        if not only_seed:
            serve(Config(data=data, host=host, port=port), say=_say, make_app=Demo)
    except PagetallyError as error:
        raise click.ClickException(f"{error}\n{error.hint}") from None


def _seed(folder: Path) -> None:
    clear(folder)
    with click.progressbar(range(DAYS), label=f"Seeding {SITE_VIEWS:,} views over {DAYS} days") as days:
        fill(folder, days)


def _say(line: str) -> None:
    click.echo(line)
    if line.startswith("Pagetally listens on "):
        url = line.rpartition(" ")[2]
        click.echo(f"The demo blog:      {url}{BLOG}/")
        click.echo(f"Its first post:     {url}{BLOG}/night-ferry")
        click.echo(f"The owner's page:   {url}/sites/{DOMAIN}")


if __name__ == "__main__":
    main(prog_name="python -m seeds")
