"""`pagetally rule`: what was kept apart is counted after all, or the other way round."""

from __future__ import annotations

import click

from .. import wording
from ..commands import AddRule, AdvanceRule, UndoRule
from ..model import ACTIONS, Rule
from .common import NUMBER, data_option, find_folder, performer, reader
from .sites import find_site


@click.group(short_help="Release or condemn views by a rule.")
def rule() -> None:
    """Count views that were kept apart (release), or take counted ones out (condemn), by a condition."""


@rule.command(short_help="Show what a rule would change.")
@click.argument("domain")
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("filter", metavar="FILTER")
@data_option
def preview(domain: str, action: str, filter: str, data: str | None) -> None:
    """Show which days of DOMAIN a rule would change, such as: condemn network:contains:Hosting."""
    folder = find_folder(data)
    site = find_site(folder, domain)
    with reader(folder) as store:
        effects = store.preview_rule(Rule(0, site.id, action, filter))
    for one in effects:
        before, after = one.before, one.after
        click.echo(
            f"{wording.iso(one.day)}  views {before.views:,} -> {after.views:,}"
            f"  visitors {before.visitors:,} -> {after.visitors:,}"
        )
    click.echo(f"{wording.plural(len(effects), 'day')} would change.")


@rule.command(short_help="Apply a rule.")
@click.argument("domain")
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("filter", metavar="FILTER")
@data_option
def add(domain: str, action: str, filter: str, data: str | None) -> None:
    """Apply a rule to what is stored of DOMAIN and to what comes. It can be undone."""
    with performer(find_folder(data)) as desk:
        number = desk.perform(AddRule(domain, action, filter))
        while desk.perform(AdvanceRule(number)):
            pass
    click.echo(f"Rule {number}: {action} {filter}. To take it back: pagetally rule undo {number}")


@rule.command("list", short_help="List the rules.")
@click.argument("domain", required=False)
@data_option
def show(domain: str | None, data: str | None) -> None:
    """List the rules of DOMAIN."""
    folder = find_folder(data)
    with reader(folder) as store:
        for one in store.rules(find_site(folder, domain).id):
            click.echo(f"{one.id}  {one.action}  {one.filter}  {one.state}")


@rule.command(short_help="Take a rule back.")
@click.argument("number", type=NUMBER)
@data_option
def undo(number: int, data: str | None) -> None:
    """Move everything back that the rule of that NUMBER moved."""
    with performer(find_folder(data)) as desk:
        desk.perform(UndoRule(number))
        while desk.perform(AdvanceRule(number)):
            pass
    click.echo(f"Rule {number} is undone.")


COMMANDS = (rule,)
