"""Waline's page views: `GET /api/article?path=a,b` reads, `POST` with `inc` counts.

`/article` is the old form. Read in: walinejs/waline, packages/client/src/pageview.ts.
Reactions are not kept: they are 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ...model import Drop, Hit
from ...report import MAX_PATHS
from .bridge import Bridge, answer_json, json_of, status_of, text_of
from .views import count_view, read_pages

TIME = "time"


class Waline:
    """The endpoint, in both forms."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def article(self, request: Request) -> Response:
        """`{"errno", "errmsg", "data": [{"time"}]}`, in the order asked for."""
        paths, kinds, results = await self._take(request)
        if not paths:
            return answer_json({"errno": 1, "errmsg": "path is required"})
        counts = await read_pages(self._bridge, self._bridge.find_site(request), paths)
        data = [{kind: counts[path].views if kind == TIME else 0 for kind in kinds} for path in paths]
        return answer_json({"errno": 0, "errmsg": "", "data": data}, results=results)

    async def old_article(self, request: Request) -> Response:
        """One number, or where several were asked for an array."""
        paths, kinds, results = await self._take(request)
        counts = await read_pages(self._bridge, self._bridge.find_site(request), paths)
        times = [counts[path].views for path in paths]
        if kinds != [TIME]:
            data = [{kind: time if kind == TIME else 0 for kind in kinds} for time in times]
            return answer_json(data, results=results)
        return answer_json(times[0] if len(times) == 1 else times, results=results)

    async def _take(self, request: Request) -> tuple[list[str], list[str], list[Hit | Drop]]:
        if request.method != "POST":
            query = request.query_params
            paths = [path for path in query.get("path", "").split(",") if path]
            kinds = [kind[:20] for kind in query.get("type", TIME).split(",") if kind][:20]
            return paths[:MAX_PATHS], kinds or [TIME], []
        told = await json_of(request)
        path, kind = text_of(told, "path"), text_of(told, "type") or TIME
        results: list[Hit | Drop] = []
        if kind == TIME and told.get("action", "inc") == "inc":
            site = self._bridge.find_site(request)
            if path:
                results = await count_view(self._bridge, request, site, path)
            else:
                results = self._bridge.drop(request, site, "unusable-address")
        return [path] if path else [], [kind[:20]], results


def refuse(request: Request, error: PagetallyError) -> Response:
    """Its client looks at `errno` before it looks for numbers."""
    return answer_json({"errno": 1, "errmsg": str(error)}, status=status_of(error))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = Waline(bridge)
    methods = ["GET", "POST"]
    return [
        Route("/api/article", ours.article, methods=methods),
        Route("/article", ours.old_article, methods=methods),
    ]
