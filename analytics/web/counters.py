"""GET /api/counters: the numbers of a site and its pages. Reads, and only reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import blake2b
from urllib.parse import parse_qs

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from ..days import local_day
from ..errors import InputError, StoreFailed
from ..instance import Instance
from ..model import Counters, Range, Site
from ..periods import read_window
from ..report import Counting, count_pages
from ..store.connect import DatabaseError
from .answers import CORS, JSON, RawHeaders, send_answer, send_error, send_preflight

MAX_FIELDS = 200

GLANCE_SECONDS = 0.005
"""For which a snapshot is shared by the questions that come together."""

MANY_UNFOLDED = 5_000
"""Hits that are looked at on the event loop at most: about a millisecond."""


class CountersEndpoint:
    """An ASGI app."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send_preflight(send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            await send_error(send, 405, InputError("method", "must be GET"), [(b"allow", b"GET, OPTIONS")])
            return
        try:
            body = await self._count(scope["query_string"])
        except UnknownSite as error:
            await send_error(send, 404, error)
        except InputError as error:
            await send_error(send, 400, error)
        except DatabaseError as error:
            await send_error(send, 503, StoreFailed(f"cannot be read: {error}"), [(b"retry-after", b"2")])
        else:
            await _send_counters(scope, send, body)

    async def _count(self, query_string: bytes) -> bytes:
        try:
            query = parse_qs(query_string.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
        except ValueError:
            raise InputError("query", "has too many fields") from None
        instance = self._instance
        domain = query.get("site", [""])[0]
        if not domain:
            raise InputError("site", "is required", hint="Ask for /api/counters?site=example.com&path=/")
        site = instance.registry.find(domain)
        if site is None:
            raise UnknownSite("site", "is not known here", hint="Add it: pagetally site add DOMAIN")
        window = query.get("period", [""])[0]
        return msgspec.json.encode(await read_counters(instance, site, query.get("path", []), window))


async def read_counters(
    instance: Instance, site: Site, paths: Sequence[str], window: str | Range = ""
) -> Counters:
    """The counters of a site and of pages, of a window (`periods.read_window`; all time if empty) or range.

    InputError for paths or a window that cannot be used.

    On the event loop, where a few look-ups by key take less than handing them to a thread; but in
    a thread while much waits to be folded, because every unfolded hit is looked at.
    """

    now = instance.clock()
    if isinstance(window, Range):
        span: Range | None = window
    else:
        span = read_window(window, local_day(site.timezone, now)) if window else None

    def count(reader: Counting) -> Counters:
        return count_pages(reader, site, paths, instance.presence.count(site.id, now), span)

    def count_elsewhere() -> Counters:
        with instance.borrow_reader() as reader:
            return count(reader)

    glance = instance.glance
    if glance.renew():
        asyncio.get_running_loop().call_later(GLANCE_SECONDS, glance.close)
    if glance.unfolded(site.id) > MANY_UNFOLDED:
        return await run_in_threadpool(count_elsewhere)
    return count(glance)


class UnknownSite(InputError):
    """There is no such site."""


async def _send_counters(scope: Scope, send: Send, body: bytes) -> None:
    etag = b'"' + blake2b(body, digest_size=8).hexdigest().encode() + b'"'
    headers: RawHeaders = [*CORS, JSON, (b"etag", etag), (b"cache-control", b"no-cache")]
    asked = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    if etag in [part.strip().removeprefix(b"W/") for part in asked.split(b",")] or asked.strip() == b"*":
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send_answer(send, 200, headers, body)
