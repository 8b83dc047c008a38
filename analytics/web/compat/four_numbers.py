"""What the busuanzi family asks, in whatever words: count this page, tell its four numbers."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from ...errors import InputError, PagetallyError
from ...model import Drop, Hit, Site
from ...store.connect import DatabaseError
from ...urls import bare_host
from .bridge import UNKNOWN, Bridge, answer, answer_json, host_of, status_of, was_stored

JAVASCRIPT = "application/javascript; charset=utf-8"

log = logging.getLogger("pagetally")

_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,63}", re.ASCII)


@dataclass(frozen=True)
class FourNumbers:
    """All-time views (pv) and visitors (uv). The page's are `UNKNOWN` where nobody said which page."""

    site_pv: int | str = 0
    site_uv: int | str = 0
    page_pv: int | str = 0
    page_uv: int | str = 0
    results: Sequence[Hit | Drop] = ()
    """What became of the view that was to be counted; empty for a read."""

    def by_name(self, *names: str) -> dict[str, Any]:
        """The numbers of these names, in that order."""
        return {name: getattr(self, name) for name in names}


NO_NUMBERS = FourNumbers(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
"""What is told where nothing can be read."""


class FourNumbersDesk:
    """Finds out which page a request is about, counts it, reads it."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def count(self, request: Request, *given: str, host: str = "") -> FourNumbers:
        """Count the page that is `given` (or the Referer's), and tell its numbers, this view included.

        `host` names the site where the protocol does. A page on a host that is not the site's
        changes nothing, whatever it says of itself. HEAD and `?ro=1` only read.
        """
        if request.method == "HEAD" or request.query_params.get("ro") == "1":
            return await self.read(request, *given, host=host)
        site, url = self._find(request, given, host)
        if site is None:
            return FourNumbers(results=self._bridge.drop(request, None, "unknown-site"))
        seen_on = _seen_on(request) or next(filter(host_of, given), "") or (host and f"https://{host}/")
        if not seen_on:
            dropped = self._bridge.drop(request, site, "unusable-address")
            return await self._numbers(site, "", dropped)
        if not _is_of(site, seen_on):
            return FourNumbers(results=self._bridge.drop(request, site, "host"))
        is_pageless = not url
        page = url or f"https://{host_of(seen_on)}/"
        results = await self._bridge.try_hit(request, page, site=site, is_pageless=is_pageless)
        try:
            return await self._numbers(site, url, results)
        except DatabaseError:
            if not was_stored(results):
                raise
            # The view is stored: that is what the answer must say, with numbers or without.
            log.exception("the numbers of a stored view cannot be read")
            return replace(NO_NUMBERS, results=results)

    def refuse_callback(self, request: Request) -> Response:
        """The answer to a callback that is missing or is no name: nothing is counted, and that is tallied."""
        self._bridge.drop(request, self._bridge.find_site(request), "unusable-event")
        return answer("The callback must be a name of at most 64 characters.", status=400)

    async def read(self, request: Request, *given: str, host: str = "") -> FourNumbers:
        """The numbers as `count` tells them, without counting."""
        site, url = self._find(request, given, host)
        return await self._numbers(site, url, ()) if site else FourNumbers()

    def _find(self, request: Request, given: Sequence[str], host: str) -> tuple[Site | None, str]:
        """The site, and the page's full address; "" where only the site is known."""
        full = next((text for text in given if host_of(text)), "")
        registry = self._bridge.instance.registry
        site = registry.find(host) if host else self._bridge.find_site(request, url=full)
        return site, self._bridge.find_url(request, site, *given) or _own_root(request)

    async def _numbers(self, site: Site, url: str, results: Sequence[Hit | Drop]) -> FourNumbers:
        paths = [url] if url else []
        try:
            found = await self._bridge.read(site, paths)
        except InputError:  # the address cannot be used; the site's numbers stand
            found = await self._bridge.read(site)
            paths = []
        total = found.site
        if not paths:
            return FourNumbers(total.views, total.visitors, UNKNOWN, UNKNOWN, results)
        page = found.pages[url]
        if not page.views and was_stored(results):  # over the cap of new pages: nobody knows its number
            return FourNumbers(total.views, total.visitors, UNKNOWN, UNKNOWN, results)
        return FourNumbers(total.views, total.visitors, page.views, page.visitors, results)


def _seen_on(request: Request) -> str:
    """The page that sends the request, as the browser says; empty when it does not."""
    told = (request.headers.get("origin", ""), request.headers.get("referer", ""))
    return next((text for text in told if host_of(text)), "")


def _is_of(site: Site, url: str) -> bool:
    return bare_host(host_of(url)) in site.hosts


def _own_root(request: Request) -> str:
    """The Referer, where it is a root that nothing was cut from: the browser tells one's own host all."""
    is_own = request.headers.get("sec-fetch-site") == "same-origin"
    return request.headers.get("referer", "") if is_own and _seen_on(request) else ""


# JSONP


def answer_jsonp(callback: str, body: dict[str, Any], results: Sequence[Hit | Drop]) -> Response:
    """`try{F({…});}catch(e){}`, to the byte: importers cut the numbers out by their place."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return answer(f"try{{{callback}({text});}}catch(e){{}}", JAVASCRIPT, results=results)


def refuse_numbers(error: PagetallyError, body: dict[str, Any], callback: str, **given: Any) -> Response:
    """A body without a number, as JSONP where a callback is given: browsers run no script of an error."""
    if is_callback(callback):
        return answer_jsonp(callback, body, ())
    return answer_json(body, status=status_of(error), **given)


def is_callback(text: str) -> bool:
    """Whether a JSONP callback is a name and nothing else."""
    return bool(_CALLBACK.fullmatch(text))


class QueryRoute(Route):
    """A route that is only there when a key of the query is: so that protocols can share an address."""

    def __init__(self, path: str, endpoint: Any, *, key: str) -> None:
        super().__init__(path, endpoint, methods=["GET"])
        self._key = key

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As a route's, if the key is there."""
        query = scope.get("query_string", b"").decode("latin-1")
        is_asked = any(part.partition("=")[0] == self._key for part in query.split("&"))
        return super().matches(scope) if is_asked else (Match.NONE, {})
