"""CountAPI and its heirs (abacus): named counters. `/hit/<ns>/<key>` counts, `/get` and `/info` read.

A namespace is a site by its domain or by the foreign id `countapi:<ns>`; a key is its page `/<key>`.
Values are set by the owner in Pagetally, so `/set`, `/update` and `/create` are refused here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...model import Site
from .bridge import Bridge, answer, answer_json
from .views import count_named, path_of_name, read_page

NAME = re.compile(r"[A-Za-z0-9_.-]{3,64}\Z")
CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,63}\Z", re.ASCII)


class CountApi:
    """Its endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def hit(self, request: Request) -> Response:
        """A view; the number after it."""
        site, key = self._find(request)
        if site is None:
            await count_named(self._bridge, request, None, key)
            return say(request, {"value": 0})
        await count_named(self._bridge, request, site, key)
        return say(request, {"value": await self._read(site, key)})

    async def get(self, request: Request) -> Response:
        """The number; 404 and null for a counter that has none."""
        site, key = self._find(request)
        value = await self._read(site, key) if site else 0
        return say(request, {"value": value or None}, 200 if value else 404)

    async def info(self, request: Request) -> Response:
        """The number and the names."""
        site, key = self._find(request)
        value = await self._read(site, key) if site else 0
        told = {"namespace": request.path_params["ns"], "key": key, "value": value or None}
        return say(request, told, 200 if value else 404)

    async def refuse(self, request: Request) -> Response:
        """What would set a number."""
        return say(request, {"error": "numbers are set by the owner, in Pagetally"}, 403)

    def _find(self, request: Request) -> tuple[Site | None, str]:
        ns, key = request.path_params["ns"], request.path_params["key"]
        if not (NAME.match(ns) and NAME.match(key)):
            return None, key
        registry = self._bridge.instance.registry
        return registry.by_foreign_id.get(f"countapi:{ns}") or registry.find(ns), key

    async def _read(self, site: Site, key: str) -> int:
        return (await read_page(self._bridge, site, path_of_name(key))).views


def say(request: Request, told: dict[str, Any], status: int = 200) -> Response:
    """JSON, or a call of `?callback=` with it."""
    callback = request.query_params.get("callback")
    if callback is None:
        return answer_json(told, status=status)
    if not CALLBACK.match(callback):
        return answer_json({"error": "callback: is no name of a function"}, status=400)
    return answer(f"{callback}({json.dumps(told)});", "text/javascript; charset=utf-8", status=status)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = CountApi(bridge)
    named = {"hit": ours.hit, "get": ours.get, "info": ours.info, "set": ours.refuse, "update": ours.refuse}
    return [
        *(Route(f"/{verb}/{{ns}}/{{key}}", answer_it) for verb, answer_it in named.items()),
        Route("/create", ours.refuse),
        Route("/create/{ns}/{key}", ours.refuse),
    ]
