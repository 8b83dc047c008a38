"""GET /api/counters: the numbers of a site and its pages. Reads, and only reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from ..days import local_day
from ..instance import Instance
from ..model import Counters, Range, Site
from ..periods import read_window
from ..report import Counting, count_pages
from .answers import JSON
from .reading import Answer, Reading, need_site, read_query

T = TypeVar("T")

FRESH = (b"cache-control", b"no-cache")

GLANCE_SECONDS = 0.005
"""For which a snapshot is shared by the questions that come together."""

MANY_UNFOLDED = 5_000
"""Hits that are looked at on the event loop at most: about a millisecond."""


class CountersEndpoint(Reading):
    """An ASGI app."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(self._count)
        self._instance = instance

    async def _count(self, scope: Scope) -> Answer:
        query = read_query(scope)
        domain = query.get("site", [""])[0]
        site = need_site(self._instance, domain, "/api/counters?site=example.com&path=/")
        paths = [path for path in query.get("path", []) if path]
        found = await read_counters(self._instance, site, paths, query.get("period", [""])[0])
        return [JSON, FRESH], msgspec.json.encode(found)


async def read_counters(
    instance: Instance, site: Site, paths: Sequence[str], window: str | Range = ""
) -> Counters:
    """The counters of a site and of pages, of a window (`periods.read_window`; all time if empty) or range.

    InputError for paths or a window that cannot be used.
    """
    now = instance.clock()
    if isinstance(window, Range):
        span: Range | None = window
    else:
        span = read_window(window, local_day(site.timezone, now)) if window else None
    online = instance.presence.count(site.id, now)
    return await ask_at_once(instance, site, lambda reader: count_pages(reader, site, paths, online, span))


async def ask_at_once(instance: Instance, site: Site, question: Callable[[Counting], T]) -> T:
    """What a quick question about a site finds.

    On the event loop, where a few look-ups by key take less than handing them to a thread; but in
    a thread while much waits to be folded, because every unfolded hit is looked at.
    """
    glance = instance.glance
    if glance.renew():
        asyncio.get_running_loop().call_later(GLANCE_SECONDS, glance.close)
    if glance.unfolded(site.id) > MANY_UNFOLDED:
        return await ask_in_thread(instance, question)
    return question(glance)


async def ask_in_thread(instance: Instance, question: Callable[[Counting], T]) -> T:
    """What a slow question finds, in a snapshot of its own."""

    def ask() -> T:
        with instance.borrow_reader() as reader:
            return question(reader)

    return await run_in_threadpool(ask)
