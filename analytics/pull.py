"""Asking a counter that still runs for its numbers: busuanzi, Vercount, GoatCounter, page by page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from .counts import Row, xml_parser
from .errors import InputError, PagetallyError
from .model import SITE, Site
from .remote import Reply

Fetch = Callable[[str, Mapping[str, str]], Reply]
"""Gets an address with headers."""

MAX_SITEMAPS = 50

CALLBACK = "BusuanziCallback_777487655111"
"""As long as the name that the script makes: others cut the answer at fixed places."""


def pull_busuanzi(fetch: Fetch, base: str, site: Site, path: str) -> Iterator[Row]:
    """The page is told by the Referer alone. Each question adds one view there: it has no other call."""
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
    """The public counter; a page it does not know is answered with 404 and zeros."""
    for name, key in ((quote(path, safe=""), path), ("TOTAL", SITE)):
        reply = fetch(f"{base.rstrip('/')}/counter/{name}.json", {})
        if reply.status == 403:
            hint = "Allow visitor counts in its settings."
            raise PagetallyError("that GoatCounter does not show its counts", hint=hint)
        numbers = _object(reply, reply.body, also=404)
        yield {"path": key, "views": numbers.get("count"), "visitors": numbers.get("count_unique")}


PROTOCOLS: dict[str, Callable[[Fetch, str, Site, str], Iterator[Row]]] = {
    "busuanzi": pull_busuanzi,
    "vercount": pull_vercount,
    "goatcounter": pull_goatcounter,
}


def pull(
    fetch: Fetch, protocol: str, base: str, site: Site, paths: list[str], progress: Callable[[], None]
) -> Iterator[Row]:
    """The rows of pages, then what the server last said of the whole site."""
    last: Row | None = None
    for path in paths:
        for row in PROTOCOLS[protocol](fetch, base, site, path):
            if row["path"] == SITE:
                last = row
            else:
                yield row
        progress()
    if last is not None:
        yield last


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
