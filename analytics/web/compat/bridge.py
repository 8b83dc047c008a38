"""What every foreign protocol is translated to: find the site, hit, read; and answers that all can read.

No text of a foreign client is trusted further than our own: its address, time and "unique" flag are
not looked at. An unknown site is never stored, a read never writes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ...errors import InputError, PagetallyError, TooLarge, TooMany, Unavailable
from ...instance import Instance
from ...model import Counters, Drop, Event, Hit, Range, Site
from ...payload import MAX_TEXT, PAGEVIEW, decode_json
from ..answers import CORS, drop_header
from ..collect import Collector
from ..counters import read_counters
from ..guard import read_body

ALLOWED_HEADERS = (
    "content-type, authorization, x-bsz-referer, x-referer, x-umami-cache, x-lc-id, x-lc-key, x-lc-sign,"
    " x-lc-session, x-lc-ua, x-lc-prod, openpanel-client-id, *"
)
FOR_ALL = {name.decode(): value.decode() for name, value in CORS}
"""The headers of every answer."""

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""A transparent picture of one pixel, 43 bytes."""


RESULTS = "pagetally.results"
"""Where a request's scope keeps what became of its views."""

PUT_OFF = "pagetally.put-off"
"""Where it keeps why a view could not be stored now, if its client is told the numbers all the same."""

RATE_LIMIT = "rate-limit"
"""The reason of what a network may not send now."""

UNKNOWN = "–"
"""Stands where a number is not known: clients that print whatever they get print this, and no "undefined"."""


class Bridge:
    """The core, as foreign protocols see it."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._collector = Collector(instance)

    # Which site, which page

    def find_site(self, request: Request, *, url: str = "", foreign_id: str = "") -> Site | None:
        """The site a request is about: by foreign id (`umami:<uuid>`), `?site=`, Origin, the URL's
        host, Referer, or because there is only one. None when it is none of ours."""
        registry = self.instance.registry
        if foreign_id:
            return registry.by_foreign_id.get(foreign_id)
        asked = request.query_params.get("site", "")
        if asked:
            return registry.find(asked)
        headers = request.headers
        for text in (headers.get("origin", ""), url, headers.get("referer", "")):
            host = host_of(text)
            if host:
                return registry.find(host)
        return registry.sites[0] if len(registry.sites) == 1 else None

    def find_url(self, request: Request, site: Site | None, *given: str) -> str:
        """The page's full address: the first that is given, else a Referer with a path, else "".

        A given path ("/a") gets the site's domain. An origin-only Referer says nothing of the page.
        """
        for text in given:
            if text.startswith(("http://", "https://")):
                return text
            if text:
                return f"https://{site.domain if site else 'unknown.invalid'}/{text.lstrip('/')}"
        referer = request.headers.get("referer", "")
        try:
            return referer if urlsplit(referer).path not in ("", "/") else ""
        except ValueError:
            return ""

    # The two verbs

    async def hit(self, request: Request, url: str, **given: Any) -> list[Hit | Drop]:
        """Count a view (or an event) of the page at a full address; what was stored, what was dropped.

        It takes what `judge` takes, and returns once the view is on disk. InputError for an address that
        cannot be used, Unavailable when nothing can be stored now, or TooMany: the family answers those
        (`shield.refusing`).
        """
        return await self.store(request, self.judge(request, url, **given))

    def judge(
        self,
        request: Request,
        url: str,
        *,
        site: Site | None = None,
        name: str = PAGEVIEW,
        title: str = "",
        referrer: str = "",
        event_id: str = "",
        detail: str | None = None,
        interactive: bool = True,
        screen: int | None = None,
        is_pageless: bool = False,
    ) -> list[Hit | Drop]:
        """What is to become of a view (or an event); nothing of it is on disk yet. InputError or TooMany."""
        event = Event(
            name=name[:120] or PAGEVIEW,
            url=url,
            domains=(site.domain,) if site else (),
            referrer=referrer[:MAX_TEXT],
            title=title[:MAX_TEXT],
            id=event_id[:128],
            detail=detail,
            interactive=interactive,
            screen=screen,
            is_pageless=is_pageless,
        )
        return self._collector.judge(event, request.scope)

    async def store(self, request: Request, results: list[Hit | Drop]) -> list[Hit | Drop]:
        """Have what was judged be on disk, all of it or none; what became of it. Unavailable."""
        hits = (result for result in results if isinstance(result, Hit))
        weight = sum(len(hit.path) + len(hit.title) + len(hit.detail or "") for hit in hits)
        return _remember(request, await self._collector.store(results, weight))

    async def try_hit(self, request: Request, url: str, **given: Any) -> list[Hit | Drop]:
        """`hit`, for clients that show a number: they are told it, whatever becomes of the view.

        An address that cannot be used is tallied as dropped, and so is what its network may not send now.
        """
        site: Site | None = given.get("site")
        try:
            return await self.hit(request, url, **given)
        except InputError:
            is_view = given.get("name", PAGEVIEW) == PAGEVIEW
            return self.drop(request, site, "unusable-address", is_view=is_view)
        except Unavailable as error:
            request.scope[PUT_OFF] = error
            return _remember(request, [Drop(site.id if site else 0, reason_of(error))])

    def drop(
        self, request: Request, site: Site | None, reason: str, *, is_view: bool = True
    ) -> list[Hit | Drop]:
        """Tally a view (or an event) that is not counted, for a reason that the pipeline does not see.

        What cannot be understood is a view, too, which its owner waits for: whoever refuses it says so
        here, and answers in the words of its protocol. HEAD saw no page, and no view is missing.
        """
        drop = Drop(site.id if site else 0, reason, is_view=is_view)
        if request.method != "HEAD":
            self._collector.tally([drop])
        return _remember(request, [drop])

    async def read(self, site: Site, paths: Iterable[str] = (), window: str | Range = "") -> Counters:
        """The counters of a site and of pages, keyed by the paths (or full addresses) as asked."""
        return await read_counters(self.instance, site, list(paths), window)


def _remember(request: Request, results: list[Hit | Drop]) -> list[Hit | Drop]:
    """For the header of the answer (`shield`)."""
    request.scope.setdefault(RESULTS, []).extend(results)
    return results


def was_stored(results: Sequence[Hit | Drop]) -> bool:
    """Whether a hit was stored."""
    return any(isinstance(result, Hit) for result in results)


def host_of(text: str) -> str:
    """The host of a full address or an Origin; empty when there is none."""
    try:
        return urlsplit(text).netloc.rpartition("@")[2] if "://" in text else ""
    except ValueError:
        return ""


async def body_of(request: Request, most: int = 64 * 1024) -> bytes:
    """The body of a request. TooLarge when it is larger than `most` bytes."""
    return await read_body(request.scope["headers"], request.receive, most)


async def json_of(request: Request, most: int = 64 * 1024) -> dict[str, Any]:
    """The body as a JSON object, whatever its content type; empty for anything else."""
    try:
        # Not `json`, which lets half a character through that no database takes.
        found = decode_json(await body_of(request, most) or b"{}")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text_of(fields: Mapping[str, Any], *names: str) -> str:
    """The first of the fields that holds a text (or a number), as text; else empty."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return ""


# Answers


def answer(
    body: bytes | str = b"",
    kind: str = "text/plain; charset=utf-8",
    *,
    status: int = 200,
    results: Sequence[Hit | Drop] = (),
    cache: str = "no-store",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer that every page may read; it says what was dropped, and is not kept by default."""
    all_headers = {**FOR_ALL, "cache-control": cache, "content-type": kind}
    all_headers |= {name.decode(): value.decode() for name, value in drop_header(list(results))}
    all_headers |= headers or {}
    return Response(body, status, all_headers)


def answer_json(value: Any, *, status: int = 200, **given: Any) -> Response:
    """JSON without blanks, keys in the order given."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return answer(body, "application/json; charset=utf-8", status=status, **given)


def answer_gif(*, status: int = 200, results: Sequence[Hit | Drop] = (), **given: Any) -> Response:
    """The transparent pixel."""
    return answer(GIF, "image/gif", status=status, results=results, **given)


def preflight(request: Request) -> Response:
    """The answer to OPTIONS: everybody may ask, with any of the clients' headers."""
    return answer(
        status=204,
        headers={
            "access-control-allow-methods": "GET, POST, PUT, OPTIONS",
            "access-control-allow-headers": ALLOWED_HEADERS,
            "access-control-max-age": "86400",
        },
    )


def refuse(request: Request, error: PagetallyError) -> Response:
    """What was asked cannot be done: as JSON, where a protocol has no words of its own for it."""
    told = {"error": str(error)}
    if isinstance(error, InputError) and not isinstance(error, TooLarge):
        told["field"] = error.field
    return answer_json(told, status=status_of(error))


def status_of(error: PagetallyError) -> int:
    """The status of an answer that says what is wrong."""
    if isinstance(error, Unavailable):
        return error.status
    return 413 if isinstance(error, TooLarge) else 400


def reason_of(error: PagetallyError) -> str:
    """Why a view was not stored, as the header of its answer says it."""
    if isinstance(error, Unavailable):
        return RATE_LIMIT if isinstance(error, TooMany) else "unavailable"
    return "unusable-event"
