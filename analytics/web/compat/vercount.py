"""Vercount v1 and v2: `POST {"url", "isNewUv"}` counts, `GET ?url=` reads.

Read in: EvanNotFound/vercount, apps/api/internal. Who is new is decided here, not by the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from .bridge import UNKNOWN, Bridge, answer_json, host_of, json_of, preflight, status_of, text_of
from .busuanzi import script_routes
from .four_numbers import FourNumbers, FourNumbersDesk


class Vercount:
    """The endpoints of both versions."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._desk = FourNumbersDesk(bridge)

    async def log_v2(self, request: Request) -> Response:
        """`{"status", "message", "data"}`."""
        if request.method == "OPTIONS":
            return preflight(request)
        numbers, problem = await self._log(request)
        if problem:
            return answer_json({"status": "error", "message": problem, "code": 400}, status=400)
        done = "updated" if request.method == "POST" else "retrieved"
        body = {"status": "success", "message": f"Data {done} successfully", "data": _data(numbers)}
        return answer_json(body, results=numbers.results)

    async def log_v1(self, request: Request) -> Response:
        """The numbers alone."""
        if request.method == "OPTIONS":
            return preflight(request)
        numbers, problem = await self._log(request)
        if problem:
            return answer_json({"error": problem}, status=400)
        return answer_json(_data(numbers), results=numbers.results)

    async def health(self, request: Request) -> Response:
        """What its monitors ask for."""
        return answer_json({"service": "pagetally", "status": "ready"})

    async def _log(self, request: Request) -> tuple[FourNumbers, str]:
        is_hit = request.method == "POST"
        url = text_of(await json_of(request), "url") if is_hit else request.query_params.get("url", "")
        if not host_of(url):
            if is_hit:
                self._bridge.drop(request, self._bridge.find_site(request), "unusable-address")
            # Its clients survive zeros.
            return FourNumbers(), "" if url else "Missing url"
        return await (self._desk.count if is_hit else self._desk.read)(request, url), ""


def refuse(request: Request, error: PagetallyError) -> Response:
    """Its clients look at the status, and keep the number that they had."""
    status = status_of(error)
    if "/v2/" not in request.url.path:
        return answer_json({"error": str(error)}, status=status)
    return answer_json({"status": "error", "message": str(error), "code": status}, status=status)


def _data(numbers: FourNumbers) -> dict[str, Any]:
    fields = numbers.by_name("site_uv", "site_pv", "page_pv", "page_uv")
    return {name: 0 if value == UNKNOWN else value for name, value in fields.items()}


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = Vercount(bridge)
    methods = ["GET", "POST", "OPTIONS"]
    return [
        Route("/api/v2/log", ours.log_v2, methods=methods),
        Route("/api/v1/log", ours.log_v1, methods=methods),
        Route("/log", ours.log_v1, methods=methods),
        Route("/healthz", ours.health),
        *script_routes("/js", "/js/client.min.js"),
    ]
