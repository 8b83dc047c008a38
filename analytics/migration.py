"""From the snippet that somebody has to the one they need: recognise, read, propose. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser

from .incumbents import ELEMENTS, INCUMBENTS, Incumbent

MAX_MARKUP = 64 * 1024
"""Bytes of markup that are looked at."""

MAX_FOUND = 200
"""Elements and addresses that are listed at most."""

NO_ID = "ID"
YOUR_DOMAIN = "example.com"

OURS = ("data-pagetally", "page-count")
"""Signs of markup that is ours already."""


@dataclass(frozen=True)
class Element:
    """An element that some counter fills: its id or class, by whom, and with what."""

    name: str
    incumbent: str
    shows: str


@dataclass(frozen=True)
class Markup:
    """What stands in pasted markup."""

    elements: tuple[Element, ...]
    scripts: tuple[str, ...]
    """Addresses of scripts and images."""
    is_ours: bool


@dataclass(frozen=True)
class Proposal:
    """What to do about one system that was recognised."""

    incumbent: Incumbent
    line: str
    own: str
    foreign_id: str
    """As `--foreign-id` takes it; empty when there is none to set."""
    commands: tuple[str, ...]


def recognise(text: str) -> list[Incumbent]:
    """The systems that markup, a snippet or a theme's settings speak of, in the order of the table."""
    return [one for one in INCUMBENTS if _sign(one.signs).search(text[:MAX_MARKUP])]


def propose(incumbent: Incumbent, text: str, base: str, domain: str) -> Proposal:
    """What replaces a system, for the server at `base` and a site; ids are those of the markup."""
    found = _sign(incumbent.id_sign).search(text[:MAX_MARKUP]) if incumbent.id_sign else None
    values = {
        "base": base,
        "host": base.partition("//")[2],
        "domain": domain or YOUR_DOMAIN,
        "id": found[1] if found else NO_ID,
    }
    foreign_id = f"{incumbent.foreign}:{values['id']}" if incumbent.foreign else ""
    commands = []
    if foreign_id:
        commands.append(f"pagetally site edit {values['domain']} --foreign-id {foreign_id}")
    if incumbent.importer:
        commands.append(incumbent.importer.format_map(values))
    return Proposal(
        incumbent,
        incumbent.line.format_map(values),
        incumbent.own.format_map(values),
        foreign_id,
        tuple(commands),
    )


def read_markup(text: str) -> Markup:
    """The elements that a counter fills, and the scripts; whatever is pasted, nothing is run."""
    reader = _Reader()
    # The parser takes any text; what is left open at its end is of no interest.
    reader.feed(text[:MAX_MARKUP])
    return Markup(
        tuple(dict.fromkeys(reader.elements))[:MAX_FOUND],
        tuple(dict.fromkeys(reader.scripts))[:MAX_FOUND],
        any(sign in text for sign in OURS),
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in (given.get("id", ""), *given.get("class", "").split()):
            self.elements += find_elements(name)
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.scripts.append(given["src"])


def find_elements(name: str) -> Iterator[Element]:
    """Who fills an element of this id or class; nothing when nobody does."""
    for pattern, incumbent, shows in ELEMENTS:
        if len(name) <= 80 and _sign(pattern).fullmatch(name):
            yield Element(name, incumbent, shows)
            return


Answers = Callable[[str], bool]
"""Whether this server answers `METHOD /path`."""


def is_filled(element: Element, answers: Answers) -> bool:
    """Whether what fills an element would be answered here."""
    return any(answers(one.asks[0]) for one in INCUMBENTS if one.name == element.incumbent)


@lru_cache(maxsize=128)
def _sign(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.ASCII)
