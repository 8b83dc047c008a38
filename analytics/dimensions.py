"""What figures can be grouped and filtered by, as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, unquote

from .errors import InputError
from .language import N_
from .places import name_country, name_region


class Level(Enum):
    """Of what a dimension is a property."""

    VISIT = "visit"
    VIEW = "view"
    EVENT = "event"
    TIME = "time"
    STAY = "stay"
    """A report of how long and how far a page was looked at; dimensions of pages stand for it, too."""


@dataclass(frozen=True)
class Dimension:
    """One way to group: the column that has ids, and where the words of those ids stand."""

    name: str
    label: str
    level: Level
    column: str
    table: str = ""
    field: str = ""
    key: str = ""
    """Of a single property of events: how the event calls it."""
    call: Callable[[str], str] | None = None
    """What its words are called, where that is another word."""

    @property
    def is_property(self) -> bool:
        """Whether its words are properties of events, which stand in no table."""
        return self.column == "event_hit"


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
        ("host", N_("Host"), "host"),
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
    Dimension("property", N_("Property"), Level.EVENT, "event_hit"),
    Dimension("minute", N_("Minute"), Level.TIME, "view_at"),
    Dimension("hour", N_("Hour"), Level.TIME, "view_at"),
    Dimension("day", N_("Day"), Level.VISIT, "day"),
    Dimension("week", N_("Week"), Level.VISIT, "day"),
    Dimension("month", N_("Month"), Level.VISIT, "day"),
)
MORE = (
    Dimension("country_name", N_("Country"), Level.VISIT, "place", "place", "country", call=name_country),
    Dimension("region_name", N_("Region"), Level.VISIT, "place", "place", "region", call=name_region),
    Dimension("exit_host", N_("Exit host"), Level.VISIT, "exit_client", "client", "host"),
)
"""What programs ask for besides: names instead of codes, and what is read from single hits."""
BY_NAME = {dimension.name: dimension for dimension in ALL}
SUMMED = tuple(one for one in ALL if one.level is Level.VISIT and one.table)
"""Those by which the visits of a month are kept summed up."""


PROPERTY = "prop."
"""Begins the name of the dimension that is one property of events; its key follows, percent-encoded."""

NO_PROPERTY = "(none)"
"""The word of an event without a property, as Plausible has it, too."""


def name_property(key: str) -> str:
    """The name of the dimension that is a property: "prop.plan" for "plan"."""
    return PROPERTY + quote(key, safe="", errors="replace")


def write_property(key: str, value: str) -> str:
    """A property with its value as one word of the dimension `property`: "plan=pro"."""
    return f"{key.replace('%', '%25').replace('=', '%3D')}={value}"


def split_property(word: str) -> tuple[str, str]:
    """The key and the value of a word of the dimension `property`."""
    key, _, value = word.partition("=")
    return key.replace("%3D", "=").replace("%25", "%"), value


_EVERY = {one.name: one for one in (*ALL, *MORE)}


def find_dimension(name: str, parameter: str = "dimensions") -> Dimension:
    """The dimension of that name; InputError when there is none."""
    found = _EVERY.get(name)
    key = unquote(name[len(PROPERTY) :]) if name.startswith(PROPERTY) else ""
    if key and name_property(key) == name:
        return Dimension(name, key, Level.EVENT, "event_hit", key=key)
    if found is None:
        raise InputError(parameter, f"{name[:60]!r} is not a dimension", hint="One of " + ", ".join(BY_NAME))
    return found
