"""whyneh/busuanzi: busuanzi's numbers as flat JSON, the page in the header `X-Referer`; and JSONP."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .bridge import Bridge, answer_json, preflight
from .busuanzi import SCRIPTS, Busuanzi, classic, script_routes
from .four_numbers import FourNumbersDesk


class Whyneh:
    """The endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._desk = FourNumbersDesk(bridge)

    async def count(self, request: Request) -> Response:
        """Counts, and tells."""
        if request.method == "OPTIONS":
            return preflight(request)
        numbers = await self._desk.count(request, request.headers.get("x-referer", ""))
        return answer_json(classic(numbers), results=numbers.results)

    async def read(self, request: Request) -> Response:
        """Tells."""
        if request.method == "OPTIONS":
            return preflight(request)
        return answer_json(classic(await self._desk.read(request, request.headers.get("x-referer", ""))))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours, methods = Whyneh(bridge), ["GET", "OPTIONS"]
    return [
        Route("/busuanzi/api", ours.count, methods=methods),
        Route("/busuanzi/api/getStatistics", ours.read, methods=methods),
        Route("/busuanzi/api/jsonp", Busuanzi(bridge).jsonp),
        *script_routes(*SCRIPTS),
    ]
