"""Umami's figures of a website or a page, as Fluid and Butterfly show them: public, no token is asked for.

The site is the foreign id `umami:<website id>`. Numbers come as objects, as in version 2, which both
themes read; as plain numbers, as in version 3, with `?v=3` or where only `path` names the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...days import local_day
from ...model import Range, Site
from .bridge import Bridge, answer_json
from .views import narrow, read_page, read_site

LONGEST = 15
"""Digits of a time in milliseconds."""


class UmamiStats:
    """The endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def stats(self, request: Request) -> Response:
        """GET /api/websites/<id>/stats?startAt&endAt&url|path."""
        query = request.query_params
        site = self._bridge.find_site(request, foreign_id=f"umami:{request.path_params['id']}")
        window = await self._read_window(site, query)
        page = query.get("url") or query.get("path")
        if page:
            count = await read_page(self._bridge, site, page, window)
        else:
            count = await read_site(self._bridge, site, window)
        told = {"pageviews": count.views, "visitors": count.visitors}
        version = query.get("v") or ("3" if "path" in query and "url" not in query else "2")
        if version == "2":
            return answer_json({name: {"value": number, "prev": 0} for name, number in told.items()})
        return answer_json(told)

    async def _read_window(self, site: Site | None, query: Mapping[str, str]) -> str | Range:
        zone = site.timezone if site else "UTC"
        first, last = (read_day(query.get(name, ""), zone) for name in ("startAt", "endAt"))
        return await narrow(self._bridge, site, first, last)


def read_day(text: str, zone: str) -> int | None:
    """The local day of a time in milliseconds; None for what is no time."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
        return None
    try:
        return local_day(zone, int(text) / 1000)
    except (ValueError, OverflowError, OSError):
        return None


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its address."""
    return [Route("/api/websites/{id}/stats", UmamiStats(bridge).stats)]
