"""`pagetally counter`: what the owner changes in the numbers, with a trail, and each with an undo."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .. import wording
from ..counts import ADD, MAX_COUNT, REPLACE, read_number
from ..days import local_day
from ..errors import InputError
from ..ledger import check_shown, fitting, page_of, path_of, post
from ..ledger import move as move_page
from ..ledger import undo as undo_adjustment
from ..model import SITE, Actor, Amount, Detail, Site
from .common import NUMBER, data_option, find_folder, never_asks, performer, reader, site_option
from .sites import find_site


class _Count(click.types.IntParamType):
    """A number as people write it: 18815, or 18,815 as our tables show it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = None
        with contextlib.suppress(InputError):
            number = read_number("count", str(value))
        if number is None:
            self.fail(f"{value!r} is no number; write 18815 or 18,815, up to {MAX_COUNT:,}", param, ctx)
        return number


COUNT = _Count()


@click.group()
def counter() -> None:
    """Change what is counted: offsets, resets, exclusions, renames. Each can be undone."""


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every change takes."""
    command = click.option("--note", default="", help='Why, for the trail: "since 2019, imported".')(
        data_option(command)
    )
    return site_option("The site whose numbers change.")(never_asks(command))


TERMINAL = "terminal"
"""The way in which its changes come, for the trail."""


def who() -> str:
    """The name of whoever types, for the trail."""
    with contextlib.suppress(OSError, KeyError, ImportError):
        return getpass.getuser()[:100]
    return ""


def amount_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A page or the whole site, and how much."""
    command = click.option(
        "--pages-only", is_flag=True, help="Leave the site's count as it is; else it moves with the page's."
    )(command)
    command = click.option("--visitors", type=COUNT, help="How many visitors.")(command)
    command = click.option("--views", type=COUNT, help="How many views.")(command)
    return click.argument("path", required=False)(command)


@counter.command("set")
@amount_options
@common_options
def set_(path: str | None, **given: Any) -> None:
    """Have PATH (without it: the site) show these numbers now; new views come on top."""
    check_shown(given["views"], given["visitors"])
    change(path, "offset", REPLACE, **given)


@counter.command()
@amount_options
@common_options
def add(path: str | None, **given: Any) -> None:
    """Add to what PATH (without it: the site) shows; a number below nothing takes away."""
    change(path, "offset", ADD, **given)


@counter.command()
@click.argument("path")
@click.option("--pages-only", is_flag=True, help="Leave the site's count as it is; else it drops by as much.")
@common_options
def reset(path: str, **given: Any) -> None:
    """Have PATH show nothing from now on. What was counted stays in the history of the days."""
    change(path, "reset", REPLACE, views=0, visitors=0, **given)


def change(
    path: str | None,
    kind: str,
    strategy: str,
    *,
    domain: str | None,
    views: int | None,
    visitors: int | None,
    pages_only: bool,
    note: str,
    data: str | None,
) -> None:
    """Change one page's count, or the site's."""
    if views is None and visitors is None:
        raise InputError("views", "is required", hint="Give --views, --visitors or both.")
    folder = find_folder(data)
    site = find_site(folder, domain)
    key = page_of(site, path) if path else SITE
    shown = "" if key == SITE else key
    detail = Detail(by=who(), way=TERMINAL, note=note, strategy=strategy, path=shown, pages_only=pages_only)
    with performer(folder) as desk:
        number = post(desk, site, kind, detail, [Amount(key, views, visitors)])
    show_done(folder, site, number, key)


def show_done(folder: Path, site: Site, number: int, *keys: str) -> None:
    """Say what pages and the site count now, and how to take it back."""
    show_counts(folder, site, *keys)
    click.echo(f"This is adjustment {number}. To take it back: pagetally counter undo {number}")


def show_counts(folder: Path, site: Site, *keys: str) -> None:
    """Say what counters show of pages and of the site."""
    with reader(folder) as store:
        total = store.site_count(site.id)
        counts = store.page_counts(site.id, [key for key in keys if key != SITE])
    for key in keys:
        if key != SITE:
            views, visitors = (counts[key].views, counts[key].visitors) if key in counts else (0, 0)
            click.echo(f"{key}: {wording.plural(views, 'view')}, {wording.plural(visitors, 'visitor')}")
    click.echo(
        f"{site.domain}: {wording.plural(total.views, 'view')}, {wording.plural(total.visitors, 'visitor')}"
    )


@counter.command()
@click.argument("pattern")
@click.option("--with-past", is_flag=True, help="Also have the pages that fit show nothing, as by reset.")
@common_options
def exclude(pattern: str, with_past: bool, domain: str | None, note: str, data: str | None) -> None:
    """Count views of PATTERN (a path, * for anything, /a/* with /a) no more.

    What was counted stays, unless --with-past.
    """
    folder = find_folder(data)
    site = find_site(folder, domain)
    amounts = []
    if with_past:
        with reader(folder) as store:
            fit = fitting((path for path, _ in store.page_paths(site.id)), pattern)
        amounts = [Amount(path, 0, 0) for path in fit]
    detail = Detail(by=who(), way=TERMINAL, note=note, strategy=REPLACE, path=pattern)
    with performer(folder) as desk:
        number = post(desk, site, "exclude", detail, amounts)
    show_done(folder, site, number)


@counter.command()
@click.argument("path")
@click.argument("target")
@common_options
def rename(path: str, target: str, domain: str | None, note: str, data: str | None) -> None:
    """Have PATH be called TARGET: its history moves, and views of PATH count there from now on."""
    run_move("rename", path, target, domain, note, data)


@counter.command()
@click.argument("path")
@click.argument("target")
@common_options
def merge(path: str, target: str, domain: str | None, note: str, data: str | None) -> None:
    """Put PATH into TARGET, which has views of its own; views of PATH count there from now on."""
    run_move("merge", path, target, domain, note, data)


def run_move(kind: str, path: str, target: str, domain: str | None, note: str, data: str | None) -> None:
    """Rename or merge a page."""
    folder = find_folder(data)
    site = find_site(folder, domain)
    source = path_of(site, path)
    detail = Detail(by=who(), way=TERMINAL, note=note, path=source, target=page_of(site, target, "target"))
    with performer(folder) as desk:
        number = move_page(desk, site, kind, detail)
    show_done(folder, site, number, detail.target)


@counter.command()
@click.argument("number", type=NUMBER)
@never_asks
@data_option
def undo(number: int, data: str | None) -> None:
    """Take adjustment NUMBER back, and show what counters show then."""
    folder = find_folder(data)
    with performer(folder) as desk:
        undo_adjustment(desk, number, Actor(TERMINAL, who()))
    click.echo(f"Adjustment {number} is undone.")
    with reader(folder) as store:
        one = next(one for one in store.adjustments() if one.id == number)
        site = next(site for site in store.sites() if site.id == one.site)
    paths = () if one.kind == "exclude" else (one.detail.path, one.detail.target)
    show_counts(folder, site, *filter(None, paths))


@counter.command("list")
@click.option("--site", "domain", help="Only those of one site.")
@data_option
def list_(domain: str | None, data: str | None) -> None:
    """List what was changed: when, by whom, what, by how much, and how it stands."""
    folder = find_folder(data)
    only = find_site(folder, domain).id if domain else None
    with reader(folder) as store:
        sites = {site.id: site for site in store.sites()}
        for one in store.adjustments(only):
            site, detail = sites[one.site], one.detail
            day = wording.date(local_day(site.timezone, one.at))
            made = wording.maker(one)
            undone = wording.actor(detail.undone)
            head = f"{one.id}  {day}{made and f' {made}'}  {site.domain}: {wording.adjustment(one)}"
            click.echo(f"{head}  ({one.state}{undone and f' {undone}'})")
            for what, views, visitors in movements(detail):
                click.echo(f"   {what} moved by {views:+,} views, {visitors:+,} visitors")
            if detail.note:
                click.echo(f"   {detail.note}")


def movements(detail: Detail) -> list[tuple[str, int, int]]:
    """What an adjustment moved, and by how many views and visitors."""
    pages = "the page" if detail.pages == 1 else f"{detail.pages:,} pages"
    found = [(pages, detail.page_views, detail.page_visitors)] if detail.pages else []
    return [*found, ("the site", detail.views, detail.visitors)]


COMMANDS = (counter,)
