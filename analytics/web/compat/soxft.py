"""soxft/busuanzi ("bsz"): one address by method, the page in the header `x-bsz-referer`; and JSONP.

Read in: soxft/busuanzi, process/webutil/route.go, app/controller/api.go. Its token is a hash of
address and user agent; ours is the same for everybody, so that nobody can be told by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ..answers import EXPOSED
from .bridge import Bridge, answer, answer_json, host_of, preflight, status_of
from .busuanzi import script_routes
from .four_numbers import NO_NUMBERS, FourNumbers, FourNumbersDesk, answer_jsonp, is_callback

IDENTITY = "00000000000000000000000000000000.0000000000000000000000000000000000000000"
"""What its clients keep and send back; nobody reads it."""

HEADERS = {
    "set-bsz-identity": IDENTITY,
    "access-control-expose-headers": f"{EXPOSED[1].decode()}, set-bsz-identity",
}


class Soxft:
    """The endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._desk = FourNumbersDesk(bridge)

    async def api(self, request: Request) -> Response:
        """POST counts and tells, GET tells, PUT counts."""
        if request.method == "OPTIONS":
            return preflight(request)
        url = request.headers.get("x-bsz-referer", "")
        is_put, is_read = request.method == "PUT", request.method in ("GET", "HEAD")
        if not host_of(url):
            if not is_read:
                self._bridge.drop(request, self._bridge.find_site(request), "unusable-address")
            return refuse_address(status=400 if is_put else 200)
        if is_read:
            numbers = await self._desk.read(request, url)
        else:
            numbers = await self._desk.count(request, url)
        if is_put:
            return answer(status=204, results=numbers.results, headers=HEADERS)
        data = {"success": True, "message": "ok", "data": _data(numbers)}
        return answer_json(data, results=numbers.results, headers=HEADERS)

    async def jsonp(self, request: Request) -> Response:
        """`?callback=F`; counts, unless `?ro=1`."""
        callback = request.query_params.get("callback", "")
        if not is_callback(callback):
            return self._desk.refuse_callback(request)
        numbers = await self._desk.count(request)
        return answer_jsonp(callback, _data(numbers), numbers.results)

    async def ping(self, request: Request) -> Response:
        """What its monitors ask for."""
        return answer_json({"success": True, "message": "pong", "data": {}})


def _data(numbers: FourNumbers) -> dict[str, Any]:
    return numbers.by_name("site_pv", "site_uv", "page_pv", "page_uv")


def refuse(request: Request, error: PagetallyError) -> Response:
    """Dashes by JSONP; else what was wrong, which its clients look at before they look for numbers."""
    callback = request.query_params.get("callback", "")
    if request.url.path.endswith("/jsonp") and is_callback(callback):
        return answer_jsonp(callback, _data(NO_NUMBERS), ())
    told = {"success": False, "message": str(error), "data": {}}
    return answer_json(told, status=status_of(error), headers=HEADERS)


def refuse_address(status: int) -> Response:
    """The answer to a request without a full address; its clients look at `success`."""
    data = {"project": "pagetally", "usage": "send the page's full address as x-bsz-referer"}
    headers = {"x-pagetally": "error; x-bsz-referer"}
    return answer_json(
        {"success": False, "message": "invalid referer", "data": data}, status=status, headers=headers
    )


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = Soxft(bridge)
    return [
        Route("/api", ours.api, methods=["GET", "POST", "PUT", "OPTIONS"]),
        Route("/jsonp", ours.jsonp),
        Route("/ping", ours.ping),
        *script_routes("/js", "/js/jsonp", "/js/lite", "/js/lite_pjax"),
    ]
