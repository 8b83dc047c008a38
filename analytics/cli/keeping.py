"""`pagetally goal`, `segment` and `annotate`: what an owner keeps of a site under a name."""

from __future__ import annotations

import time

import click

from .. import wording
from ..commands import Keep, RemoveKept
from ..days import local_day, read_day, to_date
from ..filters import read_condition
from ..goals import describe_goal, write_filters
from ..model import GOAL_KINDS, Annotation, Goal, Range, Segment
from .common import NUMBER, data_option, find_folder, performer, reader
from .sites import find_site

FOREVER = Range(0, 100_000)


@click.group(short_help="Goals: what visitors should do.")
def goal() -> None:
    """Goals of a site: events, pages, scrolling and engaged time that visitors should reach."""


@goal.command("add", short_help="Add a goal.")
@click.argument("domain")
@click.argument("name")
@click.option("--kind", type=click.Choice(GOAL_KINDS), default="event", show_default=True)
@click.option("--target", default="", help="The event's name (default: NAME), or a path, * for any text.")
@click.option("--amount", type=int, default=0, help="Per cent scrolled, or seconds engaged.")
@data_option
def add_goal(domain: str, name: str, kind: str, target: str, amount: int, data: str | None) -> None:
    """Add the goal NAME to DOMAIN, or change the one of that name."""
    target = target or (name if kind == "event" else "")
    with performer(find_folder(data)) as desk:
        number = desk.perform(Keep(domain, goal=Goal(0, 0, name, kind, target, amount)))
    click.echo(f"Goal {number}: {name}")


@goal.command("list", short_help="List the goals.")
@click.argument("domain", required=False)
@data_option
def list_goals(domain: str | None, data: str | None) -> None:
    """List the goals of DOMAIN."""
    folder = find_folder(data)
    with reader(folder) as store:
        for one in store.kept(find_site(folder, domain).id).goals:
            click.echo(f"{one.id}  {one.name}  {describe_goal(one)}")


@goal.command("remove", short_help="Forget a goal.")
@click.argument("domain")
@click.argument("number", type=NUMBER)
@data_option
def remove_goal(domain: str, number: int, data: str | None) -> None:
    """Forget the goal of that NUMBER of DOMAIN."""
    with performer(find_folder(data)) as desk:
        desk.perform(RemoveKept(domain, "goal", number))


@click.group(short_help="Segments: filters under a name.")
def segment() -> None:
    """Segments of a site: filters that are kept under a name."""


@segment.command("add", short_help="Keep filters.")
@click.argument("domain")
@click.argument("name")
@click.option("--filter", "filters", multiple=True, required=True, metavar="FILTER", help="country:is:DE ...")
@click.option("--any", "is_any", is_flag=True, help="One of several filters is enough.")
@data_option
def add_segment(domain: str, name: str, filters: tuple[str, ...], is_any: bool, data: str | None) -> None:
    """Keep filters of DOMAIN under NAME, in place of those of that name."""
    text = write_filters([read_condition(one) for one in filters], is_any=is_any)
    with performer(find_folder(data)) as desk:
        number = desk.perform(Keep(domain, segment=Segment(0, 0, name, text)))
    click.echo(f"Segment {number}: {name}")


@segment.command("list", short_help="List the segments.")
@click.argument("domain", required=False)
@data_option
def list_segments(domain: str | None, data: str | None) -> None:
    """List the segments of DOMAIN."""
    folder = find_folder(data)
    with reader(folder) as store:
        for one in store.kept(find_site(folder, domain).id).segments:
            click.echo(f"{one.id}  {one.name}  {one.filters}")


@segment.command("remove", short_help="Forget a segment.")
@click.argument("domain")
@click.argument("number", type=NUMBER)
@data_option
def remove_segment(domain: str, number: int, data: str | None) -> None:
    """Forget the segment of that NUMBER of DOMAIN."""
    with performer(find_folder(data)) as desk:
        desk.perform(RemoveKept(domain, "segment", number))


@click.command(short_help="Note something on a day.")
@click.argument("domain")
@click.argument("text", default="")
@click.option("--day", metavar="DAY", default="", help="As 2026-05-01; today without it.")
@click.option("--link", default="", help="Where more stands.")
@click.option("--remove", type=NUMBER, metavar="NUMBER", help="Forget the note of that number instead.")
@data_option
def annotate(domain: str, text: str, day: str, link: str, remove: int | None, data: str | None) -> None:
    """Note TEXT on a day of DOMAIN, to be shown with the chart; without TEXT list the notes."""
    folder = find_folder(data)
    site = find_site(folder, domain)
    if remove is not None:
        with performer(folder) as desk:
            desk.perform(RemoveKept(domain, "annotation", remove))
    elif text:
        number = read_day("day", day) if day else local_day(site.timezone, time.time())
        with performer(folder) as desk:
            desk.perform(Keep(domain, annotation=Annotation(0, 0, number, text, link)))
        click.echo(f"{wording.date(number)}: {text}")
    else:
        with reader(folder) as store:
            for one in store.annotations(site.id, FOREVER):
                click.echo(f"{one.id}  {to_date(one.day)}  {one.text}  {one.link}".rstrip())


COMMANDS = (goal, segment, annotate)
