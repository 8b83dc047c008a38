"""`pagetally site`: add, list, edit and remove sites."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from ..clock import system_clock
from ..commands import RemoveSite, SaveSite
from ..errors import InputError, PagetallyError
from ..model import Site
from ..registry import Registry, check_foreign_ids, check_site
from .common import data_option, find_folder, performer, reader, yes_option

SPANS = (
    'Page View: <span data-pagetally="page-views">–</span>',
    'Site View: <span data-pagetally="site-views">–</span>',
)
"""What shows a page its numbers."""

LISTS = {
    "alias": ("aliases", "Another host the site is seen under (may be repeated)."),
    "exclude-address": (
        "exclude_addresses",
        "An address or network whose views are not counted (may be repeated).",
    ),
    "exclude-path": (
        "exclude_paths",
        "A path that is not counted, * for anything, /admin/* with /admin (may be repeated).",
    ),
    "foreign-id": (
        "foreign_ids",
        "A name that foreign clients have for it, such as umami:UUID or matomo:1 (may be repeated).",
    ),
    "query-key": ("query_keys", "A query key that makes a different page, such as p (may be repeated)."),
}


def site_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `add` and `edit` share."""
    command = click.option(
        "--honour-gpc/--ignore-gpc",
        "honour_gpc",
        default=None,
        help="Whether a browser that sends Sec-GPC or DNT is left out.  [default: ignore]",
    )(command)
    command = click.option(
        "--count-bots/--drop-bots",
        "count_bots",
        default=None,
        help="Whether views of crawlers, tools and headless browsers count.  [default: drop]",
    )(command)
    command = click.option(
        "--require-token/--no-token",
        "needs_token",
        default=None,
        help="Whether only pages that carry a token of yours count (`pagetally site sign`).  [default: no]",
    )(command)
    command = click.option(
        "--cooldown",
        type=int,
        metavar="SECONDS",
        help="How soon a visitor's next view of the same page counts.  [default: 0, at once]",
    )(command)
    command = click.option(
        "--keep-days",
        type=int,
        metavar="DAYS",
        help="After how many days a day is erased; it stays in the all-time counts.  [default: 0, never]",
    )(command)
    for option, (field, text) in reversed(LISTS.items()):
        command = click.option(f"--{option}", field, multiple=True, help=text)(command)
    return click.option("--timezone", help="IANA time zone of the site's days, such as Europe/London.")(
        command
    )


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options with which `edit` adds to a list, or takes out of it."""
    for option, (field, _) in reversed(LISTS.items()):
        for what, text in (("remove", "Take one out of those of"), ("add", "Add one to those of")):
            name = f"{what}_{field}"
            help_text = f"{text} --{option}."
            command = click.option(f"--{what}-{option}", name, multiple=True, help=help_text)(command)
    return command


@click.group()
def site() -> None:
    """Add, list, edit and remove sites."""


@site.command()
@click.argument("domain")
@site_options
@data_option
def add(domain: str, data: str | None, **given: Any) -> None:
    """Count DOMAIN from now on."""
    # Before a folder is made for it.
    new, folder = check_site(_apply(Site(id=0, domain=domain), given)), find_folder(data)
    check_foreign_ids(new.foreign_ids)
    with performer(folder, creates=True) as desk:
        saved = msgspec.convert(desk.perform(SaveSite(new)), Site)
    click.echo(f"{saved.domain} is counted from now on; its days are those of {saved.timezone}.")
    click.echo("\n".join(["Put this into its pages:", "", script_line(saved), *SPANS]))
    tell_of_shared(folder, saved)
    tell_of_tokens(saved)


def script_line(site: Site) -> str:
    """The line with which a site's pages count."""
    everywhere = " data-everywhere" if site.is_local else ""
    return f'<script defer src="https://YOUR-PAGETALLY-HOST/pt.js"{everywhere}></script>'


@site.command("list")
@data_option
def list_(data: str | None) -> None:
    """List the sites and what is set for each."""
    with reader(find_folder(data)) as store:
        for found in store.sites():
            show(found)


def show(found: Site) -> None:
    """Print a site and what is set for it."""
    click.echo(f"{found.domain}  {found.timezone}")
    for what, values in describe(found).items():
        if values:
            click.echo(f"  {what}: {' '.join(values)}")


def describe(found: Site) -> dict[str, tuple[str, ...]]:
    """What is set for a site beyond its domain and time zone."""
    return {
        "aliases": found.aliases,
        "excluded": (*found.exclude_addresses, *found.exclude_paths),
        "query keys": found.query_keys,
        "GPC and DNT": ("honoured",) if found.honour_gpc else (),
        "bots": ("counted",) if found.count_bots else (),
        "foreign ids": found.foreign_ids,
        "cooldown": (f"{found.cooldown} s",) if found.cooldown else (),
        "kept for": (f"{found.keep_days} days",) if found.keep_days else (),
        "tokens": ("required",) if found.needs_token else (),
        "former secret": (former,) if (former := describe_former(found)) else (),
    }


def describe_former(found: Site) -> str:
    """Until when tokens of a site's former secret are good; empty when none are."""
    if not found.former_secret or system_clock() >= found.former_until:
        return ""
    return f"good until {datetime.fromtimestamp(found.former_until, UTC):%Y-%m-%d %H:%M} UTC"


@site.command()
@click.argument("domain")
@site_options
@list_options
@click.option("--domain", "new_domain", help="The site's new domain; the old one becomes an alias.")
@data_option
def edit(domain: str, new_domain: str | None, data: str | None, **given: Any) -> None:
    """Change what is set for DOMAIN, and show it.

    A list that is given replaces the one that was ("" empties it); --add-... and --remove-... keep the rest.

    Days that are stored keep the time zone they were stored in.
    """
    folder = find_folder(data)
    old = found = find_site(folder, domain)
    if not new_domain and all(value in (None, ()) for value in given.values()):
        click.echo("Nothing was given to change. What is set:")
        show(found)
        return
    if new_domain:
        found = msgspec.structs.replace(found, domain=new_domain, aliases=(*found.aliases, found.domain))
    new = _apply(found, merge_lists(found, given))
    with performer(folder) as desk:
        saved = msgspec.convert(desk.perform(SaveSite(new)), Site)
    tell_of_changes(old, saved)
    tell_of_shared(folder, saved)
    tell_of_tokens(saved)


def merge_lists(old: Site, given: dict[str, Any]) -> dict[str, Any]:
    """What was given, with whole lists where something was to be added to them or taken out of them."""
    whole = {name: value for name, value in given.items() if not name.startswith(("add_", "remove_"))}
    for option, (field, _) in LISTS.items():
        added, removed = given[f"add_{field}"], given[f"remove_{field}"]
        have = dict.fromkeys((*(whole[field] or getattr(old, field)), *added))
        taken = [one if one in have else _as_kept(old, field, one) for one in removed]
        for one in taken:
            if one not in have:
                hint = f"Set: {' '.join(have) or 'none'}."
                raise InputError(f"remove-{option}", f"{one!r} is not among what is set", hint=hint)
        if added or removed:
            whole[field] = tuple(one for one in have if one not in taken) or ("",)
    return whole


def _as_kept(site: Site, field: str, text: str) -> str:
    """What a list has once a text was added to it, so that the same words take it out again."""
    kept = getattr(check_site(msgspec.structs.replace(site, **{field: (text,)})), field)
    return kept[0] if kept else text


def tell_of_changes(old: Site, new: Site) -> None:
    """Say what is set otherwise than before."""
    before, after = (
        {"domain": (one.domain,), "time zone": (one.timezone,), **describe(one)} for one in (old, new)
    )
    changed = [what for what in after if before[what] != after[what]]
    click.echo(f"{new.domain} is changed:" if changed else f"{new.domain} is as it was.")
    for what in changed:
        was, now = (" ".join(values) or "not set" for values in (before[what], after[what]))
        click.echo(f"  {what}: {was} -> {now}")


def tell_of_shared(folder: Path, saved: Site) -> None:
    """Say which aliases of a site are other sites: those count them, unless a page says otherwise."""
    with reader(folder) as store:
        registry = Registry(store.sites())
    for host in sorted(saved.hosts):
        owner = registry.by_host[host]
        if owner.id != saved.id:
            click.echo(f"Beware: {host} is a site of its own, and its views count there.")
            click.echo(f'Where a page names both, for both: data-site="{host},{saved.domain}".')


def tell_of_tokens(saved: Site) -> None:
    """Say where tokens come from, once a site counts no page without one."""
    if saved.needs_token:
        click.echo("Only pages that carry a token of yours count. To make them: pagetally site sign --help")


@site.command(short_help="Delete DOMAIN and all that was counted for it.")
@click.argument("domain")
@yes_option
@data_option
def remove(domain: str, yes: bool, data: str | None) -> None:
    """Delete DOMAIN and everything that was counted for it."""
    folder = find_folder(data)
    found = find_site(folder, domain)
    if not yes:
        confirm(f"Delete {found.domain} and all its views? This cannot be undone")
    with performer(folder) as desk:
        desk.perform(RemoveSite(found.domain))
    click.echo(f"{found.domain} and its views are deleted.")


def confirm(question: str, otherwise: str = "nothing was deleted") -> None:
    """Go on only after a yes; where nobody is there to give one, say how to do without."""
    try:
        click.confirm(question, abort=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo()
        raise PagetallyError(otherwise, hint="Without a terminal, say so with --yes.") from None


def find_site(folder: Path, domain: str | None) -> Site:
    """The site of a domain or alias in a data folder; without one, the only site. InputError for none."""
    with reader(folder) as store:
        sites = store.sites()
    if domain is None and len(sites) == 1:
        return sites[0]
    found = None if domain is None else Registry(sites).find(domain)
    if found is None:
        known = ", ".join(one.domain for one in sites) or "none yet"
        what = "is required" if domain is None else f"{domain!r} is not known here"
        raise InputError("site", what, hint=f"Sites: {known}.")
    return found


def _apply(old: Site, given: dict[str, Any]) -> Site:
    """A site with what was given on the command line in place of what it had."""
    changes = {}
    for field, value in given.items():
        if isinstance(value, tuple):
            if value:
                changes[field] = tuple(one for one in value if one)
        elif value is not None:
            changes[field] = value
    return msgspec.structs.replace(old, **changes)


COMMANDS = (site,)
