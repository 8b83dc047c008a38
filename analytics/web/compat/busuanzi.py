"""busuanzi, the original: JSONP that learns the page from the Referer, and the script's many addresses.

Read in: zkeq/Busuanzi_backend_self, npm busuanzi.pure.js. Browsers tell another host only the
origin, so untouched scripts count for the site and for the page "(other)"; the script that is
served here sends the address.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ..static import JAVASCRIPT, StaticFile
from .bridge import Bridge
from .four_numbers import (
    NO_NUMBERS,
    FourNumbers,
    FourNumbersDesk,
    QueryRoute,
    answer_jsonp,
    is_callback,
    refuse_numbers,
)

SCRIPTS = (
    "/busuanzi/2.3/busuanzi.pure.mini.js",
    "/busuanzi.pure.mini.js",
    "/busuanzi.js",
    "/js/busuanzi.pure.mini.js",
    "/w.js",
)


class Busuanzi:
    """The call that counts."""

    def __init__(self, bridge: Bridge) -> None:
        self._desk = FourNumbersDesk(bridge)

    async def jsonp(self, request: Request) -> Response:
        """`?jsonpCallback=F`; counts, unless `?ro=1`."""
        callback = request.query_params.get("jsonpCallback", "")
        if not is_callback(callback):
            return self._desk.refuse_callback(request)
        numbers = await self._desk.count(request)
        return answer_jsonp(callback, classic(numbers), numbers.results)


def classic(numbers: FourNumbers) -> dict[str, int | float | str]:
    """The numbers with the version, in busuanzi's order."""
    return {
        "site_uv": numbers.site_uv,
        "page_pv": numbers.page_pv,
        "version": 2.4,
        "site_pv": numbers.site_pv,
        "page_uv": numbers.page_uv,
    }


def refuse(request: Request, error: PagetallyError) -> Response:
    """Dashes: its clients print what they get."""
    callback = request.query_params.get("jsonpCallback", "")
    return refuse_numbers(error, classic(NO_NUMBERS), callback)


def script_routes(*paths: str) -> Sequence[BaseRoute]:
    """The drop-in script at these addresses."""
    script = StaticFile("drop-in.js", JAVASCRIPT)
    return [Route(path, script) for path in paths]


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = Busuanzi(bridge)
    return [
        Route("/busuanzi", ours.jsonp),
        QueryRoute("/", ours.jsonp, key="jsonpCallback"),
        *script_routes(*SCRIPTS),
    ]
