"""What the adapters of small counters share: a view of a path, and the numbers after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ...days import local_day
from ...errors import InputError
from ...model import Count, Drop, Hit, Range, Site
from ...report import MAX_PATHS
from .bridge import Bridge, host_of

NOBODYS = "https://unknown.invalid/"
"""An address that is on no site: its view is tallied as dropped."""

PICTURE_PROXY = "github-camo"
"""Fetches the pictures of a README when somebody reads it. No bot, though it is listed as one."""


async def count_view(
    bridge: Bridge,
    request: Request,
    site: Site | None,
    path: str | None,
    *,
    title: str = "",
    referrer: str = "",
) -> list[Hit | Drop]:
    """Count a view of a path (or full address) that a site's page speaks of; what became of it.

    Without a path the site counts it and no page, not even the front one.
    The host is that of the page which asked: a copy of the page on another host counts nothing.
    A HEAD request saw no page, and an unknown site is tallied and never stored.
    """
    if request.method == "HEAD":
        return []
    headers = request.headers
    asker = host_of(headers.get("origin", "")) or host_of(headers.get("referer", ""))
    url, is_pageless, path = NOBODYS, path is None, path or ""
    if site is not None:
        is_full = path.startswith(("http://", "https://"))
        url = path if is_full else f"https://{asker or site.domain}/{path.lstrip('/')}"
        if is_full and asker and bridge.instance.registry.find(asker) != site:
            url = NOBODYS
    return await bridge.try_hit(
        request, url, site=site, title=title, referrer=referrer, is_pageless=is_pageless
    )


async def count_named(bridge: Bridge, request: Request, site: Site | None, name: str) -> list[Hit | Drop]:
    """Count a view of the page `/<name>` of a counter that goes by a name: it may be shown on any host."""
    if request.method == "HEAD":
        return []
    if request.headers.get("user-agent", "").startswith(PICTURE_PROXY):
        headers = [pair for pair in request.scope["headers"] if pair[0] != b"user-agent"]
        # In its own scope, where the shield looks for what became of the view.
        request.scope["headers"] = [*headers, (b"user-agent", b"Picture proxy")]
    url = f"https://{site.domain}{path_of_name(name)}" if site else NOBODYS
    return await bridge.try_hit(request, url, site=site)


def path_of_name(name: str) -> str:
    """The path of the page that a named counter counts."""
    return "/" + quote(name.strip("/"), safe="/")


async def read_pages(
    bridge: Bridge, site: Site | None, paths: Iterable[str], window: str | Range = ""
) -> dict[str, Count]:
    """The counts of paths as asked; zeros for an unknown site and for what is no path."""
    asked = list(dict.fromkeys(paths))[:MAX_PATHS]
    counts = dict.fromkeys(asked, Count())
    if site is None:
        return counts
    try:
        return (await bridge.read(site, asked, window)).pages
    except InputError:
        # One of them cannot be read; it must not hide the others.
        for path in asked if len(asked) > 1 else []:
            counts |= await read_pages(bridge, site, [path], window)
        return counts


async def read_page(bridge: Bridge, site: Site | None, path: str, window: str | Range = "") -> Count:
    """The count of one path; zero for an unknown site and for what is no path."""
    return (await read_pages(bridge, site, [path], window))[path]


async def read_site(bridge: Bridge, site: Site | None, window: str | Range = "") -> Count:
    """The count of a site; zero for an unknown one."""
    if site is None:
        return Count()
    found = (await bridge.read(site, (), window)).site
    return Count(found.views, found.visitors)


async def narrow(bridge: Bridge, site: Site | None, first: int | None, last: int | None) -> str | Range:
    """The window from one local day to another, ends open where None; all time where nothing is left out.

    All time has the owner's offsets in it, which no range of days has.
    """
    if site is None or (first is None and last is None):
        return ""

    def read_first_day() -> int | None:
        with bridge.instance.borrow_reader() as reader:
            return reader.first_day(site.id)

    today = local_day(site.timezone, bridge.instance.clock())
    begin = await run_in_threadpool(read_first_day)
    begin = today if begin is None else begin
    first = begin if first is None else max(first, begin)
    last = today if last is None else min(last, today)
    return "" if (first, last) == (begin, today) else Range(first, last)


def stamp(at: float) -> str:
    """A time as most protocols write it: 2025-11-25T12:00:00.000Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
