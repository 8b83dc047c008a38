"""POST /api/event and GET /api/pixel.gif: a view comes in, and is on disk before it is answered.

Plain ASGI, for speed: this is the one path that is taken ten thousand times a second.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from .. import clients, payload, pipeline
from ..days import local_day
from ..errors import InputError, PagetallyError, SiteRemoved, TooLarge, TooMany, Unavailable
from ..instance import Instance
from ..model import Arrival, Drop, Event, Hit, Kind
from ..store.connect import DatabaseError
from ..urls import read_page
from ..visitors import read_address
from .answers import (
    ANYBODY,
    CORS,
    EXPOSED,
    JSON,
    NO_STORE,
    TEXT,
    RawHeaders,
    Reply,
    answer_error,
    drop_header,
    send_answer,
    send_error,
    send_preflight,
)
from .counters import read_counters
from .guard import Disconnected, read_body

GIF = base64.b64decode("R0lGODlhAQABAPAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

TICKET_BYTES = 1_000
"""About what a waiting view weighs besides its body."""

TOKEN = "pagetally.token"  # noqa: S105 (a key)
"""Where a request's scope keeps the token that its address carried."""

log = logging.getLogger("pagetally")

CLOSE = (b"connection", b"close")


PURPOSES = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")

HINTS = {name.encode(): name for name in clients.HINTS}

HINTED, ASKING = frozenset(HINTS), frozenset(PURPOSES)
NOTHING: Mapping[str, str] = {}


def read_arrival(scope: Scope, now: float) -> Arrival:
    """What the request tells of its sender."""
    # A browser sends some fifteen headers: each that is wanted is looked up, which is a quarter of the work
    # of looking at each that came.
    told = dict(scope["headers"])
    client = scope.get("client")
    return Arrival(
        at=now,
        address=read_address(client[0]) if client else "",
        agent=told.get(b"user-agent", b"").decode("latin-1"),
        language=told.get(b"accept-language", b"").decode("latin-1"),
        hints=NOTHING if HINTED.isdisjoint(told) else _read_hints(told),
        purpose="" if ASKING.isdisjoint(told) else _read_purpose(told),
        gpc=told.get(b"sec-gpc") == b"1" or told.get(b"dnt") == b"1",
        token=scope.get(TOKEN, ""),
    )


def _read_hints(told: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name: told[header].decode("latin-1") for header, name in HINTS.items() if header in told}


def _read_purpose(told: Mapping[bytes, bytes]) -> str:
    return next(told[header].decode("latin-1").lower() for header in PURPOSES if header in told)


class Collector:
    """Takes events in and answers when they are stored; the part that both endpoints share."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    async def take(self, event: Event, scope: Scope, weight: int) -> list[Hit | Drop]:
        """Run an event through the pipeline and store what is left; InputError or Unavailable (TooMany)."""
        return await self.store(self.judge(event, scope), weight)

    def judge(self, event: Event, scope: Scope) -> list[Hit | Drop]:
        """What is to become of an event; what is dropped is tallied. InputError or TooMany."""
        instance = self._instance
        arrival = read_arrival(scope, instance.clock())
        wait = instance.throttle.admit(arrival.address, arrival.at)
        if wait:
            self.tally([Drop(self._find_site(event), "rate-limit", is_view=event.name == payload.PAGEVIEW)])
            raise TooMany(wait)
        results = pipeline.run(
            event,
            arrival,
            instance.registry.by_host,
            instance.salts.of,
            instance.geo.find,
            instance.registry.judges,
        )
        results = [result if isinstance(result, Drop) else self._cool(result) for result in results]
        drops = [result for result in results if isinstance(result, Drop)]
        if drops:
            self.tally(drops)
        return results

    async def store(self, results: list[Hit | Drop], weight: int) -> list[Hit | Drop]:
        """Store the hits among what was judged, all or none; what became of each of it. Unavailable."""
        stored = self.submit(results, weight)
        if stored is None:
            return results
        try:
            await stored
        except (SiteRemoved, Unavailable) as error:
            return self.settle(results, error)
        return results

    def submit(self, results: list[Hit | Drop], weight: int) -> asyncio.Future[None] | None:
        """Hand the hits among what was judged to the writer; None where there are none. QueueFull.

        How the future ends, `settle` is to be told.
        """
        hits = [result for result in results if isinstance(result, Hit)]
        if not hits:
            return None
        loop = asyncio.get_running_loop()
        try:
            return self._instance.writer.submit(hits, weight + TICKET_BYTES * len(hits), loop)
        except Unavailable:
            self._release(results)
            raise

    def settle(self, results: list[Hit | Drop], error: BaseException | None) -> list[Hit | Drop]:
        """What became of what was judged, when all of it was stored or (with an error) none. Unavailable."""
        if error is None:
            return results
        if isinstance(error, SiteRemoved):
            return [Drop(0, "unknown-site") if isinstance(one, Hit) else one for one in results]
        self._release(results)
        raise error

    def _release(self, results: list[Hit | Drop]) -> None:
        """What was not stored does not keep the next view of its visitor from being counted."""
        for result in results:
            if isinstance(result, Hit):
                self._instance.cooldown.release(result)

    def _cool(self, result: Hit) -> Hit | Drop:
        """A drop in place of a view that its visitor has just been counted for."""
        site = self._instance.registry.by_id.get(result.site)
        if site is None or not site.cooldown or self._instance.cooldown.claim(result, site.cooldown):
            return result
        return Drop(result.site, "cooldown", is_view=is_view(result))

    def _find_site(self, event: Event) -> int:
        """The first site that an event is for, as far as that can be told at a glance; 0 for none."""
        try:
            name = event.domains[0] if event.domains else urlsplit(event.url).netloc
        except ValueError:
            return 0
        site = self._instance.registry.find(name)
        return site.id if site else 0

    def tally(self, drops: list[Drop]) -> None:
        """Count what is deliberately not stored, by site, day and reason."""
        instance = self._instance
        for drop in drops:
            site = instance.registry.by_id.get(drop.site)
            day = local_day(site.timezone if site else "UTC", instance.clock())
            instance.writer.tally(drop, day)

    def refuse(self, scope: Scope, error: InputError) -> None:
        """Tally what could not be used, for the site of the page that sent it, where that is told."""
        if scope["method"] == "HEAD":
            return
        told = {name: value.decode("latin-1") for name, value in scope["headers"]}
        sender = Event(name="", url=told.get(b"origin") or told.get(b"referer", ""))
        reason = "unusable-address" if error.field in ("u", "url") else "unusable-event"
        self.tally([Drop(self._find_site(sender), reason)])

    async def count(self, event: Event, results: list[Hit | Drop]) -> bytes | None:
        """The counters of the event's page, as JSON; None when its site is not ours.

        A page that has no count though its view is stored is over the cap of its day: nobody knows its
        number, which is left out, so that its reader sees the placeholder and not 0.
        """
        site = self._instance.registry.by_id.get(results[0].site)
        if site is None:
            return None
        path = read_page(event.url, query_keys=site.query_keys, hash_mode=event.hash_mode).path
        try:
            found = await read_counters(self._instance, site, [path])
            if not found.pages[path].views and any(is_view(result) for result in results):
                found = replace(found, pages={})
            return msgspec.json.encode(found)
        except DatabaseError:
            # The view is stored: that is what the answer must say, with numbers or without.
            log.exception("the counters of a stored view cannot be read")
            return None


class EventEndpoint:
    """POST /api/event, an ASGI app."""

    def __init__(self, instance: Instance) -> None:
        self.collector = Collector(instance)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send_preflight(send)
            return
        if scope["method"] != "POST":
            await send_error(send, 405, InputError("method", "must be POST"), [(b"allow", b"POST, OPTIONS")])
            return
        try:
            reply = await self._take(scope, receive)
        except (InputError, Unavailable) as error:
            reply = self.refuse(scope, error)
        except Disconnected:
            return
        await send_answer(send, *reply)

    async def _take(self, scope: Scope, receive: Receive) -> Reply:
        body = await read_body(scope["headers"], receive, payload.MAX_BODY)
        event, results = self.judge(scope, body)
        results = await self.collector.store(results, len(body))
        if b"counters=1" in scope["query_string"]:
            counters = await self.collector.count(event, results)
            if counters is not None:
                return accept(results, JSON, counters)
        return accept(results)

    def judge(self, scope: Scope, body: bytes) -> tuple[Event, list[Hit | Drop]]:
        """The event of a body, and what is to become of it; nothing is on disk yet. InputError or TooMany."""
        try:
            event = payload.read_event(body)
            return event, self.collector.judge(event, scope)
        except InputError as error:
            raise payload.as_written(error, payload.given_in(body)) from None

    def refuse(self, scope: Scope, error: InputError | Unavailable) -> Reply:
        """The answer where nothing was stored; what cannot be used is tallied."""
        if isinstance(error, Unavailable):
            return answer_error(error.status, error, [(b"retry-after", str(error.retry_after).encode())])
        self.collector.refuse(scope, error)
        return answer_error(413, error, [CLOSE]) if isinstance(error, TooLarge) else answer_error(400, error)


def accept(results: list[Hit | Drop], kind: tuple[bytes, bytes] = TEXT, body: bytes = b"ok") -> Reply:
    """The answer once all that is to be stored is on disk."""
    return 202, [ANYBODY, *tell_drops(results), kind], body


class PixelEndpoint:
    """GET /api/pixel.gif, an ASGI app: a view of a page that runs no JavaScript.

    The page is the query's `u` (or `url`), else the Referer header; `r`, `t`, `d` as in an event.
    """

    def __init__(self, instance: Instance) -> None:
        self._collector = Collector(instance)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: RawHeaders = [*CORS, NO_STORE, (b"content-type", b"image/gif")]
        if scope["method"] == "OPTIONS":
            await send_preflight(send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            allowed = (b"allow", b"GET, HEAD, OPTIONS")
            await send_error(send, 405, InputError("method", "must be GET"), [allowed])
            return
        try:
            event = read_pixel(scope)
            results: list[Hit | Drop]
            if scope["method"] == "HEAD":
                # Whoever sends it sees no page. It is no view that went uncounted either: no tally.
                results = [Drop(0, "head")]
            else:
                results = await self._collector.take(event, scope, 0)
        except Unavailable as error:
            retry = (b"retry-after", str(error.retry_after).encode())
            await send_answer(send, error.status, [*headers, _reason(error), retry], GIF)
        except InputError as error:
            self._collector.refuse(scope, error)
            error = payload.as_written(error, parse_qs(scope["query_string"].decode("latin-1")))
            await send_answer(send, 400, [*headers, _reason(error)], GIF)
        else:
            dropped = drop_header(results)
            await send_answer(send, 202 if dropped else 200, [*headers, *dropped], GIF)


def is_view(result: Hit | Drop) -> bool:
    """Whether a view was stored."""
    return isinstance(result, Hit) and result.kind == Kind.VIEW


def tell_drops(results: list[Hit | Drop]) -> RawHeaders:
    """The headers that say what was dropped, Plausible's among them; empty when nothing was."""
    headers = drop_header(results)
    if headers:
        dropped = sum(isinstance(result, Drop) for result in results)
        headers += [EXPOSED, (b"x-plausible-dropped", str(dropped).encode())]
    return headers


def _reason(error: PagetallyError) -> tuple[bytes, bytes]:
    text = "".join(char if " " <= char <= "~" else "?" for char in f"error; {error}")
    return (b"x-pagetally", text.encode())


def read_pixel(scope: Scope) -> Event:
    """The event that a pixel's query and Referer speak of; InputError names the field at fault."""
    try:
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=50)
    except ValueError:
        raise InputError("query", "has too many fields") from None

    def first(*names: str) -> str:
        return next((query[name][0] for name in names if name in query), "")

    referer = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"referer"), "")
    url = first("u", "url") or referer
    if not url:
        raise InputError("url", "is required", hint="Give the page's address as ?u=.")
    return Event(
        name=payload.PAGEVIEW,
        url=url,
        domains=payload.read_domains(first("d", "domain") or None),
        referrer=first("r", "referrer")[: payload.MAX_TEXT],
        title=first("t", "title")[: payload.MAX_TEXT],
        id=payload.read_id(first("id")),
    )
