"""OpenKounter, Fluid's counter after LeanCloud: `GET ?target=` reads, `batch_inc` counts one view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ...model import Drop, Hit, Site
from .bridge import Bridge, answer_json, json_of, status_of, text_of
from .views import count_view, read_pages, read_site

SITE_VIEWS, SITE_VISITORS = "site-pv", "site-uv"
MOST = 50


class OpenKounter:
    """Its one endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def counter(self, request: Request) -> Response:
        """A number by its target: a path, `site-pv` or `site-uv`."""
        site = self._bridge.find_site(request)
        if request.method != "POST":
            target = request.query_params.get("target", "")
            if not target:
                return answer_json({"code": 1, "message": "target is required"}, status=400)
            return answer_json({"code": 0, "data": (await self._read(site, [target]))[0]})
        told = await json_of(request)
        asked = told.get("requests") if told.get("action") == "batch_inc" else [told]
        asked = asked if isinstance(asked, list) else []
        targets = [text_of(one, "target") for one in asked[:MOST] if isinstance(one, dict)]
        pages = [target for target in targets if target not in (SITE_VIEWS, SITE_VISITORS, "")]
        results: list[Hit | Drop] = []
        if told.get("action") in ("inc", "batch_inc", None):
            if told.get("action") and (pages or SITE_VIEWS in targets):
                results = await count_view(self._bridge, request, site, pages[0] if pages else None)
            elif SITE_VISITORS not in targets:
                results = self._bridge.drop(request, site, "unusable-address")
        data = await self._read(site, targets)
        one: Any = data if told.get("action") == "batch_inc" else (data or [{}])[0]
        return answer_json({"code": 0, "data": one}, results=results)

    async def _read(self, site: Site | None, targets: Sequence[str]) -> list[dict[str, Any]]:
        total = await read_site(self._bridge, site)
        of_site = {SITE_VIEWS: total.views, SITE_VISITORS: total.visitors}
        counts = await read_pages(self._bridge, site, [text for text in targets if text not in of_site])
        return [
            {"time": of_site[text] if text in of_site else counts[text].views, "target": text}
            for text in targets
        ]


def refuse(request: Request, error: PagetallyError) -> Response:
    """In the form of its errors: the theme looks at `code` before it looks for numbers."""
    return answer_json({"code": 1, "message": str(error)}, status=status_of(error))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its address."""
    return [Route("/api/counter", OpenKounter(bridge).counter, methods=["GET", "POST"])]
