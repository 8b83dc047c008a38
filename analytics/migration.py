"""From the snippet that somebody has to the one they need: recognise, read, propose. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from html import unescape
from html.parser import HTMLParser
from shlex import quote
from textwrap import dedent
from urllib.parse import quote as quote_url
from urllib.parse import unquote

from msgspec.structs import replace

from .incumbents import ELEMENTS, INCUMBENTS, SPANS, VISITORS, Incumbent
from .model import Site
from .urls import bare_host

MAX_MARKUP = 64 * 1024
"""Bytes of markup that are looked at."""

MAX_LOOKED = 8 * MAX_MARKUP
"""Characters of a page's different tags that are looked at: whoever made it may want that to take long."""

MAX_FOUND = 200
"""Elements and addresses that are listed at most."""

MAX_IDS = 20
"""Foreign ids that one proposal speaks of."""

MAX_BLOCK = 4_096
"""Characters of one block of settings."""

NO_ID = "ID"
NO_SITE = Site(id=0, domain="example.com", hosts=frozenset(("example.com",)))
"""Stands for a site that is not there yet."""

OURS = ("data-pagetally", "page-count")
"""Signs of markup that is ours already."""

_LINK = re.compile(r"<a\b[^<>]*>", re.IGNORECASE)
_SCRIPT, _SCRIPT_END = re.compile(r"<script\b", re.IGNORECASE), re.compile(r"</script\s*>|\Z", re.IGNORECASE)
_TABLE, _NEXT_TABLE = (
    re.compile(r"[ \t]*\[[\w.\[\] -]{1,90}\]"),
    re.compile(r"^[ \t]*\[|^[ \t]*$", re.MULTILINE),
)
_IMAGE = re.compile(r"<(?:img|iframe)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-z][^<>]{0,2000}>", re.IGNORECASE)
_INTEGRITY = re.compile(r"""\s+integrity=(?:"[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)


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
    foreign_ids: tuple[str, ...]
    """As `--foreign-id` takes them; empty when there is none to set."""
    commands: tuple[str, ...]
    exporter: str = ""
    """The command that makes the file which is imported, where the other system runs."""


def pick_out(page: str) -> str:
    """Of a whole page, which may be larger than what is read, the scripts and tags that tell its counters."""
    kept, looked = [], 0
    for tag in dict.fromkeys(_find_tags(page)):
        looked += len(tag)
        if looked > MAX_LOOKED:
            break
        if _speaks(tag):
            kept.append(tag)
    return "\n".join(kept).encode()[:MAX_MARKUP].decode("utf-8", "ignore")


def _find_tags(page: str) -> Iterator[str]:
    """The scripts of a page, and the tags between them, as far as they are looked at."""
    for piece in cut(page):
        if _SCRIPT.match(piece):
            yield piece[:MAX_BLOCK]
        elif "<" in piece:
            yield from _TAG.findall(piece)


def _speaks(tag: str) -> bool:
    """Whether a tag is of a counter that is known, or ours."""
    return any(sign in tag for sign in OURS) or bool(recognise(tag))


def recognise(text: str) -> list[Incumbent]:
    """The systems that markup, a snippet or a theme's settings speak of, in the order of the table."""
    text = _LINK.sub("", text[:MAX_MARKUP])  # where readers may go says nothing of what counts them
    return [one for one in INCUMBENTS if _sign(one.signs).search(text)]


def propose_all(text: str, base: str, site: Site) -> list[Proposal]:
    """What replaces each system in the markup, for the server at `base` and a site of it.

    A command replaces the site's foreign ids, so each names those that it must not lose.
    """
    proposals = []
    for one in recognise(text):
        made = propose(one, text, base, site)
        site = replace(site, foreign_ids=tuple(dict.fromkeys((*site.foreign_ids, *made.foreign_ids))))
        proposals.append(made)
    return proposals


def propose(incumbent: Incumbent, text: str, base: str, site: Site) -> Proposal:
    """What replaces a system, for the server at `base` and a site; ids are those of the markup."""
    text = text[:MAX_MARKUP]
    ids = find_ids(incumbent, text, site)
    name = ids[0].partition(":")[2] if ids else NO_ID
    pages = "--paths FILE" if site.is_local else f"--sitemap https://{site.domain}/sitemap.xml"
    values = {"base": base, "domain": site.domain, "id": name, "pages": pages}
    commands = []
    if ids:
        asked = dict.fromkeys((*site.foreign_ids, *ids))
        options = " ".join(f"--foreign-id {quote(one)}" for one in asked)
        commands.append(f"pagetally site edit {site.domain} {options}")
    if incumbent.importer:
        made = (incumbent.importer.format_map(values | {"page": page}) for page in find_pages(ids))
        commands += dict.fromkeys(made)
    own = incumbent.own + (_name_visitors(text) if incumbent.own == SPANS else "")
    line = own if incumbent.line == incumbent.own else incumbent.line
    line, own = rewrite(incumbent, text, base) or line.format_map(values), own.format_map(values)
    if site.is_local:
        line, own = _count_everywhere(line, base), _count_everywhere(own, base)
    return Proposal(incumbent, line, own, ids, tuple(commands), incumbent.exporter)


def _name_visitors(text: str) -> str:
    """What shows the visitors that the markup shows."""
    return "".join(shown for sign, shown in VISITORS if _sign(sign).search(text))


def _count_everywhere(line: str, base: str) -> str:
    """The line for a local server: our own script and the drop-in count there where their tag says so."""
    tag = rf"""(<script\b[^<>]*?) (src=["']?{re.escape(base)}/(?:pt\.js|js|busuanzi/[\w./]+)["'\s>])"""
    return _sign(tag).sub(r"\1 data-everywhere \2", line)


def find_ids(incumbent: Incumbent, text: str, site: Site) -> tuple[str, ...]:
    """The foreign ids that the site needs so that the markup counts for it."""
    found = [(kind, one[1]) for kind, sign in incumbent.ids for one in _sign(sign).finditer(text)]
    names = dict.fromkeys((kind, read_name(kind, raw)) for kind, raw in found)
    ids = tuple(f"{kind}:{name}" for kind, name in names if name and not is_address(kind, name, site))
    if not found and incumbent.needs_id:
        return (f"{incumbent.ids[0][0]}:{NO_ID}",)
    return ids[:MAX_IDS]


def find_pages(ids: tuple[str, ...]) -> list[str]:
    """The pages that named counters are, as words of a command; one to be filled in where there is none."""
    names = [name.partition(":")[2] for name in ids]
    return [quote("/" + quote_url(name, safe="/")) for name in names if name != NO_ID] or ["/PAGE"]


def read_name(kind: str, raw: str) -> str:
    """The name in an address, as the adapter of its protocol reads it; empty when it has a blank in it."""
    name = unquote(unescape(raw))
    if kind == "hits":
        name = (name.partition("://")[2] or name).partition("#")[0].partition("?")[0].strip("/")
    return name if name.isprintable() and " " not in name else ""


def is_address(kind: str, name: str, site: Site) -> bool:
    """Whether a name is an address of the site, so that nothing needs to be said of it."""
    return kind in ("hits", "countapi") and bare_host(name.partition("/")[0]) in site.hosts


def rewrite(incumbent: Incumbent, text: str, base: str) -> str:
    """The scripts, images and lines of the markup that ask the old host, asking `base` instead.

    Whatever else stands in them is kept; empty where nothing asks the old host.
    """
    kept, is_changed = [], False
    for piece in cut(text, incumbent.signs if incumbent.has_settings else ""):
        if not _sign(incumbent.signs).search(piece):
            continue
        made = piece
        for pattern, text_of in incumbent.rules:
            made = _sign(pattern).sub(partial(_expand, text_of, base), made)
        if made != piece:
            # Of another file it is no hash.
            made = _INTEGRITY.sub("", made)
            is_changed = True
        if made != piece or _SCRIPT.match(piece):
            kept.append(made.strip())
    return "\n".join(kept[:MAX_FOUND]) if is_changed else ""


def _expand(text_of: str, base: str, match: re.Match[str]) -> str:
    return match.expand(text_of).replace("{base}", base).replace("{quoted}", quote_url(base, safe=""))


def cut(text: str, signs: str = "") -> Iterator[str]:
    """Markup in pieces: scripts whole, images and frames, and the lines between them.

    With the signs of a system whose settings are meant, the blocks between scripts in which it is spoken of.
    """

    def cut_rest(part: str) -> Iterator[str]:
        return _cut_blocks(part, signs) if signs else _cut_lines(part)

    place = 0
    for opening in _SCRIPT.finditer(text):
        if opening.start() < place:
            continue
        yield from cut_rest(text[place : opening.start()])
        closing = _SCRIPT_END.search(text, opening.end())
        place = closing.end() if closing else len(text)
        yield text[opening.start() : place]
    yield from cut_rest(text[place:])


def _cut_blocks(text: str, signs: str) -> Iterator[str]:
    place = 0
    for found in _sign(signs).finditer(text):
        if found.start() >= place:
            start = text.rfind("\n", 0, found.start()) + 1
            place = _end_of_block(text, start)
            yield dedent(text[start:place])


def _end_of_block(text: str, start: int) -> int:
    """Where what begins in a line ends: a table of TOML, a key of YAML with what is under it, a call."""
    end = _end_of_line(text, start)
    line = text[start:end].rstrip()
    if _TABLE.fullmatch(line):
        following = _NEXT_TABLE.search(text, end)
        return min(following.start() if following else len(text), start + MAX_BLOCK)
    if line.endswith(":"):
        indent = len(line) - len(line.lstrip())
        while end < min(len(text), start + MAX_BLOCK):
            after = _end_of_line(text, end)
            under = text[end:after]
            if under.strip() and len(under) - len(under.lstrip()) <= indent:
                break
            end = after
        return end
    depth = 0
    for place in range(start, min(len(text), start + MAX_BLOCK)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if place >= end - 1 and depth <= 0:
            return _end_of_line(text, place)
    return end


def _end_of_line(text: str, place: int) -> int:
    """The place after the line's end."""
    return (text.find("\n", place) + 1) or len(text)


def _cut_lines(text: str) -> Iterator[str]:
    place = 0
    for tag in _IMAGE.finditer(text):
        yield from text[place : tag.start()].splitlines()
        yield tag[0]
        place = tag.end()
    yield from text[place:].splitlines()


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

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        # As browsers read `<![`. The parser's own way is of SGML, and fails where no name follows.
        return self.parse_bogus_comment(i, report)

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
    """Whether what fills an element would be answered here; never where it asks its own server."""
    mine = (one for one in INCUMBENTS if one.name == element.incumbent)
    return any(one.line != one.own and answers(one.asks[0]) for one in mine)


@lru_cache(maxsize=256)
def _sign(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.ASCII | re.MULTILINE)
