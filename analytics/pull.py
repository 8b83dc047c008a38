"""Asking a counter that still runs for its numbers: busuanzi, Vercount, GoatCounter, page by page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from .counts import Row, xml_parser
from .errors import InputError, PagetallyError
from .model import SITE, Site
from .remote import Reply

Fetch = Callable[[str, Mapping[str, str]], Reply]
"""Gets an address with headers."""

MAX_SITEMAPS = 50

PAUSES = {"busuanzi": 0.3, "vercount": 0.8, "goatcounter": 0.3}
"""Seconds between two questions. Vercount takes 80 a minute from one address."""

WAITS = (2.0, 10.0, 60.0)
"""Seconds before each further try, where the server does not say when."""

LONGEST_WAIT = 120.0

PASSING = {"busuanzi": (429, 503)}
"""Answers that mean "not now". A busuanzi may have counted what it answers with another error."""

GIVE_UP = 5
"""Pages in a row without an answer."""

COUNTING = ("busuanzi",)
"""Protocols without a reading: each question is a view there, of the page and the site, and in the answer."""

CALLBACK = "BusuanziCallback_777487655111"
"""As long as the name that the script makes: others cut the answer at fixed places."""


def pull_busuanzi(fetch: Fetch, base: str, site: Site, path: str) -> Iterator[Row]:
    """The page is told by the Referer alone."""
    if urlsplit(base).path in ("", "/"):
        base = base.rstrip("/") + "/busuanzi"
    reply = fetch(f"{base}?jsonpCallback={CALLBACK}", {"Referer": _page(site, path)})
    match = re.search(rb"\((\{.*?\})\)", reply.body, re.DOTALL)
    numbers = _object(reply, match[1] if match else b"")
    yield {"path": path, "views": numbers.get("page_pv"), "visitors": numbers.get("page_uv")}
    yield {"path": SITE, "views": numbers.get("site_pv"), "visitors": numbers.get("site_uv")}


def pull_vercount(fetch: Fetch, base: str, site: Site, path: str) -> Iterator[Row]:
    """GET reads, and counts nothing."""
    reply = fetch(f"{base.rstrip('/')}/api/v2/log?url={quote(_page(site, path), safe='')}", {})
    numbers = _object(reply, reply.body).get("data")
    if not isinstance(numbers, dict):
        raise PagetallyError(f"the answer for {path} has no numbers")
    yield {"path": path, "views": numbers.get("page_pv"), "visitors": numbers.get("page_uv")}
    yield {"path": SITE, "views": numbers.get("site_pv"), "visitors": numbers.get("site_uv")}


def pull_goatcounter(fetch: Fetch, base: str, site: Site, path: str) -> Iterator[Row]:
    """The public counter; a page it does not know is answered with 404 and zeros. The site is asked apart."""
    name = "TOTAL" if path == SITE else quote(path, safe="")
    reply = fetch(f"{base.rstrip('/')}/counter/{name}.json", {})
    if reply.status == 403:
        hint = "Allow visitor counts in its settings."
        raise PagetallyError("that GoatCounter does not show its counts", hint=hint)
    numbers = _object(reply, reply.body, also=404)
    yield {"path": path, "views": numbers.get("count"), "visitors": numbers.get("count_unique")}


PROTOCOLS: dict[str, Callable[[Fetch, str, Site, str], Iterator[Row]]] = {
    "busuanzi": pull_busuanzi,
    "vercount": pull_vercount,
    "goatcounter": pull_goatcounter,
}


def be_patient(fetch: Fetch, protocol: str, pause: float, sleep: Callable[[float], None]) -> Fetch:
    """The same, with a pause before each question, and asked again where the server says: not now."""
    passing = PASSING.get(protocol, (429, 500, 502, 503, 504))

    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        sleep(pause)
        reply = fetch(url, headers)
        for usual in WAITS:
            wait = read_wait(reply.retry_after, usual)
            if reply.status not in passing or wait > LONGEST_WAIT:
                break
            sleep(max(wait, pause))
            reply = fetch(url, headers)
        return reply

    return ask


def read_wait(text: str, usual: float) -> float:
    """The seconds of a Retry-After; the usual ones where it is a date or missing."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else usual


def pull(
    fetch: Fetch,
    protocol: str,
    base: str,
    site: Site,
    paths: list[str],
    progress: Callable[[], None] = lambda: None,
    report: Callable[[str, str], None] = lambda path, why: None,
    report_own: Callable[[int], None] = lambda views: None,
) -> Iterator[Row]:
    """The rows of pages, then what the server last said of the whole site.

    A page that nobody has counted there keeps the count that it has here. One that is not answered is
    reported with the reason, and left out; after some in a row the others are not asked any more.
    Views that the questions themselves added are taken off, where that is certain, and their number reported.
    PagetallyError when there was no answer to any.
    """
    pages, sites = list[Row](), list[Row]()
    problem: PagetallyError | None = None
    failed, is_answered = 0, False
    asked = [*paths, SITE] if protocol == "goatcounter" else paths
    for index, path in enumerate(asked):
        try:
            rows = list(PROTOCOLS[protocol](fetch, base, site, path))
        except InputError:
            raise
        except PagetallyError as error:
            problem, failed, rows = error, failed + 1, []
            report(path, str(error))
        else:
            failed, is_answered = 0, True
        for row in rows:
            (sites if row["path"] == SITE else pages).append(row)
        progress()
        if failed == GIVE_UP:
            for path in asked[index + 1 :]:
                report(path, f"was not asked, because {GIVE_UP} in a row had no answer")
            break
    if problem is not None and not is_answered:
        raise problem
    own = len(sites) if protocol in COUNTING and _grows(sites) else 0
    if own:
        report_own(own)
    yield from (_without(row, 1 if own else 0) for row in pages)
    yield from (_without(row, own) for row in sites[-1:])


def _grows(sites: list[Row]) -> bool:
    """Whether each answer says more views of the site than the one before, so that each question counted."""
    views = [row["views"] for row in sites]
    if not all(isinstance(one, int) for one in views):
        return False
    return len(views) > 1 and all(one < after for one, after in pairwise(views))


def _without(row: Row, own: int) -> Row:
    """A row without the views that are our own, and without what says nothing."""
    views = row["views"]
    if own and isinstance(views, int):
        views -= own
    return {name: _more_than_nought(value) for name, value in {**row, "views": views}.items()}


def _more_than_nought(value: Any) -> Any:
    """The number; None for 0, which an unknown page has, and any after a loss: it would wipe ours out."""
    return None if value in (0, "0") else value


def _page(site: Site, path: str) -> str:
    text = path if path.startswith(("http://", "https://")) else f"https://{site.domain}{path}"
    return quote(text, safe=":/?&=%@!$'()*,;~+[]")


def _object(reply: Reply, body: bytes, also: int = 200) -> dict[str, Any]:
    try:
        found = json.loads(body) if reply.status in (200, also) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PagetallyError(f"the server answers {reply.status}, and no numbers")
    return found


def read_sitemap(fetch: Fetch, url: str) -> list[str]:
    """The addresses in a sitemap, and in those it leads to."""
    pages: dict[str, None] = {}
    waiting, seen = [url], 0
    while waiting and seen < MAX_SITEMAPS:
        reply = fetch(waiting.pop(0), {})
        seen += 1
        if reply.status != 200:
            raise PagetallyError(f"the sitemap answers {reply.status}")
        for kind, address in _locations(reply.body):
            if kind == "sitemap":
                waiting.append(address)
            else:
                pages[address] = None
    return [urlunsplit(urlsplit(page)._replace(fragment="")) for page in pages]


def _locations(body: bytes) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    location = ""

    def end(name: str, text: str) -> None:
        nonlocal location
        if name == "loc":
            location = text.strip()
        elif name in ("url", "sitemap") and location:
            found.append((name, location))
            location = ""

    try:
        xml_parser(end).Parse(body, True)
    except ValueError as error:
        raise InputError("sitemap", f"is no XML: {error}") from None
    except Exception as error:
        if isinstance(error, PagetallyError):
            raise
        raise InputError("sitemap", f"is no XML: {error}") from None
    return found
