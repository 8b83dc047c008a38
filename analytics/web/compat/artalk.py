"""Artalk's page views: `POST /api/v2/pages/pv` counts, `GET /api/v2/stats/…` reads."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ...lists import Wish, list_pages
from ...model import ListedPage, Site
from .bridge import Bridge, answer_json, json_of, status_of, text_of
from .views import count_view, read_page, read_pages, read_site

MOST = 100


class Artalk:
    """Its endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def view(self, request: Request) -> Response:
        """POST: a view; `{"pv"}`."""
        told = await json_of(request)
        key, site = text_of(told, "page_key"), self._bridge.find_site(request)
        if not key:
            self._bridge.drop(request, site, "unusable-address")
            return answer_json({"msg": "page_key is required"}, status=400)
        title = text_of(told, "page_title")
        results = await count_view(self._bridge, request, site, key, title=title)
        count = await read_page(self._bridge, site, key)
        return answer_json({"pv": count.views}, results=results)

    async def stats(self, request: Request) -> Response:
        """GET: the views of pages, of the site, or the pages most viewed."""
        site, query = self._bridge.find_site(request), request.query_params
        kind = request.path_params["kind"]
        if kind == "page_pv":
            keys = [key for key in query.get("page_keys", "").split(",") if key][:MOST]
            counts = await read_pages(self._bridge, site, keys)
            return answer_json({"data": {key: count.views for key, count in counts.items()}})
        if kind == "site_pv":
            return answer_json({"data": (await read_site(self._bridge, site)).views})
        if kind == "pv_most_pages":
            limit = query.get("limit", "")
            most = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 4 else 10
            rows = await self._most_viewed(site, min(max(most, 1), MOST)) if site else []
            return answer_json({"data": [page_of(row, site.domain) for row in rows if site]})
        return answer_json({"msg": "there is no such figure"}, status=404)

    async def _most_viewed(self, site: Site, most: int) -> Sequence[ListedPage]:
        wish, now = Wish(window="all", limit=most), self._bridge.instance.clock()

        def read() -> Sequence[ListedPage]:
            with self._bridge.instance.borrow_reader() as reader:
                return list_pages(reader, site, wish, now).pages

        return await run_in_threadpool(read)


def page_of(row: ListedPage, domain: str) -> dict[str, object]:
    """A page as its client knows them."""
    url = f"https://{domain}{row.path}"
    return {"key": row.path, "title": row.title, "url": url, "site_name": domain, "pv": row.views}


def refuse(request: Request, error: PagetallyError) -> Response:
    """In the form of its errors: its client looks at the status."""
    return answer_json({"msg": str(error)}, status=status_of(error))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = Artalk(bridge)
    return [
        Route("/api/v2/pages/pv", ours.view, methods=["POST"]),
        Route("/api/v2/stats/{kind}", ours.stats),
    ]
