"""jkjoy/busuanzi-worker: `GET /api/count?site=HOST&page=PATH`, as flat JSON or JSONP.

It also takes a visitor's id (`vid`), which is not looked at: who is new is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from .bridge import Bridge, answer_json, host_of, preflight
from .busuanzi import script_routes
from .four_numbers import NO_NUMBERS, FourNumbersDesk, answer_jsonp, is_callback, refuse_numbers

NAMES = ("site_pv", "site_uv", "page_pv", "page_uv")


class Jkjoy:
    """The endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._desk = FourNumbersDesk(bridge)

    async def count(self, request: Request) -> Response:
        """Counts and tells; with `callback` as JSONP."""
        if request.method == "OPTIONS":
            return preflight(request)
        query = request.query_params
        callback = query.get("callback", "")
        if callback and not is_callback(callback):
            return self._desk.refuse_callback(request)
        site = query.get("site", "")
        numbers = await self._desk.count(request, query.get("page", ""), host=host_of(site) or site)
        body = numbers.by_name(*NAMES)
        if callback:
            return answer_jsonp(callback, body, numbers.results)
        return answer_json(body, results=numbers.results)


def refuse(request: Request, error: PagetallyError) -> Response:
    """Dashes, as JSON or JSONP."""
    callback = request.query_params.get("callback", "")
    return refuse_numbers(error, NO_NUMBERS.by_name(*NAMES), callback)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    count = Route("/api/count", Jkjoy(bridge).count, methods=["GET", "OPTIONS"])
    return [count, *script_routes("/busuanzi.pure.mini.js", "/count.js")]
