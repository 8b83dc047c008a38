"""Vercount v1 and v2: `POST {"url", "isNewUv"}` counts, `GET ?url=` reads.

Read in: EvanNotFound/vercount, apps/api/internal. Who is new is decided here, not by the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import InputError
from .bridge import Bridge, answer_json, json_of, preflight, text_of, was_stored

ZEROS = {"site_uv": 0, "site_pv": 0, "page_pv": 0, "page_uv": 0}


class Vercount:
    """The endpoints of both versions."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def log_v2(self, request: Request) -> Response:
        """`{"status", "message", "data"}`."""
        if request.method == "OPTIONS":
            return preflight(request)
        data, problem = await self._log(request)
        if problem:
            return answer_json({"status": "error", "message": problem, "code": 400}, status=400)
        done = "updated" if request.method == "POST" else "retrieved"
        return answer_json({"status": "success", "message": f"Data {done} successfully", "data": data})

    async def log_v1(self, request: Request) -> Response:
        """The numbers alone."""
        if request.method == "OPTIONS":
            return preflight(request)
        data, problem = await self._log(request)
        return answer_json({"error": problem} if problem else data, status=400 if problem else 200)

    async def health(self, request: Request) -> Response:
        """What its monitors ask for."""
        return answer_json({"service": "pagetally", "status": "ready"})

    async def _log(self, request: Request) -> tuple[dict[str, Any], str]:
        is_hit = request.method == "POST"
        url = text_of(await json_of(request), "url") if is_hit else request.query_params.get("url", "")
        if not url:
            return {}, "Missing url"
        site = self._bridge.find_site(request, url=url)
        if is_hit and not was_stored(await self._bridge.try_hit(request, url)) and site is None:
            return ZEROS, ""
        if site is None:
            return ZEROS, ""
        return await self.numbers(site, url), ""

    async def numbers(self, site: Any, url: str) -> dict[str, int]:
        """The four numbers that its clients know; zeros for an address that is none."""
        try:
            found = await self._bridge.read(site, [url])
        except InputError:
            return ZEROS
        page = found.pages[url]
        return {
            "site_uv": found.site.visitors,
            "site_pv": found.site.views,
            "page_pv": page.views,
            "page_uv": page.visitors,
        }


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = Vercount(bridge)
    methods = ["GET", "POST", "OPTIONS"]
    return [
        Route("/api/v2/log", ours.log_v2, methods=methods),
        Route("/api/v1/log", ours.log_v1, methods=methods),
        Route("/log", ours.log_v1, methods=methods),
        Route("/healthz", ours.health),
    ]
