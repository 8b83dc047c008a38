"""What figures can be grouped and filtered by, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .errors import InputError
from .language import N_


class Level(Enum):
    """Of what a dimension is a property."""

    VISIT = "visit"
    VIEW = "view"
    EVENT = "event"
    TIME = "time"


@dataclass(frozen=True)
class Dimension:
    """One way to group: the column that has ids, and where the words of those ids stand."""

    name: str
    label: str
    level: Level
    column: str
    table: str = ""
    field: str = ""


def _of_visits(column: str, table: str, *names: tuple[str, str, str]) -> list[Dimension]:
    return [Dimension(name, label, Level.VISIT, column, table, field) for name, label, field in names]


ALL = (
    *_of_visits(
        "source",
        "source",
        ("source", N_("Source"), "name"),
        ("channel", N_("Channel"), "channel"),
        ("medium", N_("Medium"), "medium"),
        ("referrer", N_("Referring host"), "host"),
        ("utm_source", N_("Campaign source"), "utm_source"),
        ("utm_medium", N_("Campaign medium"), "utm_medium"),
        ("utm_campaign", N_("Campaign"), "utm_campaign"),
        ("utm_content", N_("Campaign content"), "utm_content"),
        ("utm_term", N_("Campaign term"), "utm_term"),
        ("click", N_("Click id"), "click"),
    ),
    *_of_visits(
        "client",
        "client",
        ("browser", N_("Browser"), "browser"),
        ("browser_version", N_("Browser version"), "browser || ' ' || browser_version"),
        ("os", N_("System"), "os"),
        ("os_version", N_("System version"), "os || ' ' || os_version"),
        ("device", N_("Device"), "device"),
        ("screen", N_("Screen"), "screen"),
    ),
    *_of_visits(
        "place",
        "place",
        ("country", N_("Country"), "country"),
        ("region", N_("Region"), "region"),
        ("city", N_("City"), "city"),
        ("network", N_("Network"), "network"),
        ("language", N_("Language"), "language"),
    ),
    *_of_visits("entry", "path", ("entry", N_("Entry page"), "path")),
    *_of_visits("exit", "path", ("exit", N_("Exit page"), "path")),
    Dimension("page", N_("Page"), Level.VIEW, "view_path", "path", "path"),
    Dimension("title", N_("Title"), Level.VIEW, "view_path", "path", "title"),
    Dimension("event", N_("Event"), Level.EVENT, "event_name", "name", "name"),
    Dimension("minute", N_("Minute"), Level.TIME, "view_at"),
    Dimension("hour", N_("Hour"), Level.TIME, "view_at"),
    Dimension("day", N_("Day"), Level.VISIT, "day"),
    Dimension("week", N_("Week"), Level.VISIT, "day"),
    Dimension("month", N_("Month"), Level.VISIT, "day"),
)
BY_NAME = {dimension.name: dimension for dimension in ALL}
SUMMED = tuple(one for one in ALL if one.level is Level.VISIT and one.table)
"""Those by which the visits of a month are kept summed up."""


def find_dimension(name: str, parameter: str = "dimensions") -> Dimension:
    """The dimension of that name; InputError when there is none."""
    found = BY_NAME.get(name)
    if found is None:
        raise InputError(parameter, f"{name[:60]!r} is not a dimension", hint="One of " + ", ".join(BY_NAME))
    return found
