"""Twikoo's page counter: the event COUNTER_GET counts a view. Its `time` is here the number after it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from .bridge import Bridge, answer_json, json_of, status_of, text_of, was_stored
from .views import count_view, read_page

ADDRESSES = ("/twikoo", "/", "/.netlify/functions/twikoo")
"""Ours, that of its servers in a container or on Vercel, and on Netlify."""


class Twikoo:
    """Its one endpoint, which takes every event: `envId` is its address, and often a host alone."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def take(self, request: Request) -> Response:
        """POST /twikoo, and where else its servers have it."""
        told, site = await json_of(request), self._bridge.find_site(request)
        if told.get("event") != "COUNTER_GET":
            if not told:
                self._bridge.drop(request, site, "unusable-event")
            return answer_json({"code": 1001, "message": "Only the page counter is answered here."})
        path = text_of(told, "url")
        if not path:
            self._bridge.drop(request, site, "unusable-address")
            return answer_json({"code": 1000, "message": "url is required"})
        results = await count_view(self._bridge, request, site, path, title=text_of(told, "title"))
        time = (await read_page(self._bridge, site, path)).views
        body = {"data": {"url": path, "time": time}, "time": time, "updated": int(was_stored(results))}
        return answer_json(body, results=results)


def refuse(request: Request, error: PagetallyError) -> Response:
    """In the form of its errors, without a `time`."""
    return answer_json({"code": 1000, "message": str(error)}, status=status_of(error))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    take = Twikoo(bridge).take
    return [Route(path, take, methods=["POST"]) for path in ADDRESSES]
