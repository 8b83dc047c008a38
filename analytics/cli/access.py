"""`pagetally token`: keys with which programs ask for figures."""

from __future__ import annotations

import click

from .. import wording
from ..commands import AddToken, RemoveToken
from ..model import SCOPES
from .common import NUMBER, data_option, find_folder, performer, reader

UTC_DAY = 86_400

PURPOSES = {
    "read": "ask for figures",
    "annotate": "ask for figures and note things on days",
    "numbers": "ask for figures and change counts",
}
"""What a key of each scope is for."""


@click.group(short_help="Keys for programs that ask for figures.")
def token() -> None:
    """Keys with which programs ask for figures, sent as "Authorization: Bearer KEY"."""


@token.command(short_help="Make a key.")
@click.option("--site", "domain", metavar="DOMAIN", default="", help="Of one site; else of all.")
@click.option("--scope", type=click.Choice(SCOPES), default="read", show_default=True, help="What it is for.")
@click.option("--note", default="", help="Who has it, for you to know.")
@data_option
def add(domain: str, scope: str, note: str, data: str | None) -> None:
    """Make a key and print it. It is shown this once: only a digest of it is kept."""
    with performer(find_folder(data)) as desk:
        key = desk.perform(AddToken(domain, scope, note))
    # Beside what $(…) takes, which is the key alone.
    whose = domain or "every site"
    click.echo(
        f'With this key, sent as "Authorization: Bearer KEY", a program may {PURPOSES[scope]} of {whose}.',
        err=True,
    )
    click.echo("It is shown this once: keep it. To end it: pagetally token remove NUMBER", err=True)
    click.echo(key)


@token.command("list", short_help="List the keys.")
@data_option
def show(data: str | None) -> None:
    """List the keys: number, site, scope, day, note."""
    with reader(find_folder(data)) as store:
        domains = {site.id: site.domain for site in store.sites()}
        for one in store.list_tokens():
            where = domains.get(one.site, "every site")
            day = wording.date(one.created // UTC_DAY)
            click.echo(f"{one.id}  {where}  {one.scope}  {day}  {one.note}".rstrip())


@token.command(short_help="End a key.")
@click.argument("number", type=NUMBER)
@data_option
def remove(number: int, data: str | None) -> None:
    """End the key of that NUMBER (see: pagetally token list)."""
    with performer(find_folder(data)) as desk:
        desk.perform(RemoveToken(number))
    click.echo(f"Key {number} is ended.")


COMMANDS = (token,)
