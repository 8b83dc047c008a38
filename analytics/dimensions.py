"""What figures can be grouped and filtered by, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .errors import InputError


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
        ("source", "Source", "name"),
        ("channel", "Channel", "channel"),
        ("medium", "Medium", "medium"),
        ("referrer", "Referring host", "host"),
        ("utm_source", "Campaign source", "utm_source"),
        ("utm_medium", "Campaign medium", "utm_medium"),
        ("utm_campaign", "Campaign", "utm_campaign"),
        ("utm_content", "Campaign content", "utm_content"),
        ("utm_term", "Campaign term", "utm_term"),
        ("click", "Click id", "click"),
    ),
    *_of_visits(
        "client",
        "client",
        ("browser", "Browser", "browser"),
        ("browser_version", "Browser version", "browser || ' ' || browser_version"),
        ("os", "System", "os"),
        ("os_version", "System version", "os || ' ' || os_version"),
        ("device", "Device", "device"),
        ("screen", "Screen", "screen"),
    ),
    *_of_visits(
        "place",
        "place",
        ("country", "Country", "country"),
        ("region", "Region", "region"),
        ("city", "City", "city"),
        ("network", "Network", "network"),
        ("language", "Language", "language"),
    ),
    *_of_visits("entry", "path", ("entry", "Entry page", "path")),
    *_of_visits("exit", "path", ("exit", "Exit page", "path")),
    Dimension("page", "Page", Level.VIEW, "view_path", "path", "path"),
    Dimension("title", "Title", Level.VIEW, "view_path", "path", "title"),
    Dimension("event", "Event", Level.EVENT, "event_name", "name", "name"),
    Dimension("minute", "Minute", Level.TIME, "view_at"),
    Dimension("hour", "Hour", Level.TIME, "view_at"),
    Dimension("day", "Day", Level.VISIT, "day"),
    Dimension("week", "Week", Level.VISIT, "day"),
    Dimension("month", "Month", Level.VISIT, "day"),
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
