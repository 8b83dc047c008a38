"""Badges of hits: seeyoufarm, hitscounter.dev, hits.sh, dwyl, visitor-badge and komarev.

A badge counts the page of a site: by an address that is the site's, or by a name that the site has among
its foreign ids: `hits:<user>/<repo>` (page `/<user>/<repo>`), `komarev:<user>` (page `/<user>`).
dwyl's JSON and seeyoufarm's `/keep/` only read. Addresses of dwyl and hits.sh are answered for known
names alone, because they could be any address.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from ...forms.chart import draw_chart
from ...forms.figure import METRICS
from ...forms.numbers import write_number
from ...forms.svg import draw_svg
from ...model import Count, Site
from ...report import read_key
from ..forms import read_course
from .badge import draw_badge
from .bridge import Bridge, answer, answer_json
from .hitwebcounter import read_number
from .views import count_named, path_of_name, read_page

UNCACHED = "max-age=0, no-cache, no-store, must-revalidate"
MAX_BASE = 9_999_999_999
DAYS = 30


class Named(NamedTuple):
    """What a badge counts: a site (or none that is known) and the name of its page."""

    site: Site | None
    name: str


class Badges:
    """The endpoints of all of them."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def find(self, kind: str, text: str) -> Named:
        """By a foreign id, or by an address of a site (`https://host/path`, `host/path`)."""
        registry = self._bridge.instance.registry
        address = text.partition("://")[2] or text
        address = address.partition("#")[0].partition("?")[0].strip("/")
        site = registry.by_foreign_id.get(f"{kind}:{address}")
        if site is not None:
            return Named(site, address)
        host, _, path = address.partition("/")
        return Named(registry.find(host), path)

    async def by_url(self, request: Request) -> Response:
        """seeyoufarm's `incr` and hitscounter.dev: a view; today and all time."""
        await self._count(request, self.find("hits", request.query_params.get("url", "")))
        return await self.keep(request)

    async def keep(self, request: Request) -> Response:
        """seeyoufarm's `keep`: today and all time, without counting."""
        query = request.query_params
        named = self.find("hits", query.get("url", ""))
        total, today = await self._read(named), await self._read(named, "today")
        label = query.get("title") or query.get("label") or "hits"
        colors = {"color": query.get("count_bg") or query.get("color", "")}
        colors["label_color"] = query.get("title_bg", "")
        style = "flat-square" if query.get("edge_flat", "").lower() == "true" else "flat"
        message, exact = f" {today.views} / {total.views} ", f"{today.views:,} today, {total.views:,} in all"
        return picture(draw_badge(label, message, exact, **colors, style=style))

    async def days(self, request: Request) -> Response:
        """seeyoufarm's `/graph/dailyhits.svg`: the views of each of the last 30 days; it only reads."""
        site, name = self.find("hits", request.query_params.get("url", ""))
        values: Sequence[int] = (0,) * DAYS
        if site is not None:
            instance, path = self._bridge.instance, read_key(path_of_name(name), site)
            values = await read_course(instance, site, METRICS["page-views"], path, DAYS)
        total = f"{sum(values):,}"
        title = f"hits in {DAYS} days: {total}"
        return picture(draw_svg(draw_chart(values, f"hits in {DAYS} days", total, title, 420, 120)))

    async def by_path(self, request: Request) -> Response:
        """hits.sh: `/<host>/<path>.svg`; dwyl: `/<user>/<repo>.svg`."""
        query = request.query_params
        named = self.find("hits", request.path_params["address"])
        await self._count(request, named)
        number = (await self._read(named)).views + read_number(query.get("extraCount", ""), MAX_BASE)
        message, exact = str(number), f"{number:,}"
        if query.get("view") == "today-total":
            today = (await self._read(named, "today")).views
            message, exact = f"{today} / {number}", f"{today:,} today, {number:,} in all"
        return self._styled(request, query.get("label") or "hits", message, exact)

    async def by_repo(self, request: Request) -> Response:
        """dwyl's `/<user>/<repo>.json`: only reads, in the form of shields.io."""
        given = request.path_params
        named = self.find("hits", f"{given['user']}/{given['repo']}")
        told = {"schemaVersion": 1, "label": "hits", "message": str((await self._read(named)).views)}
        return answer_json(told)

    async def by_user(self, request: Request) -> Response:
        """komarev: `/ghpvc/?username=`."""
        query = request.query_params
        named = self.find("komarev", query.get("username", ""))
        await self._count(request, named)
        number = (await self._read(named)).views + read_number(query.get("base", ""), MAX_BASE)
        if query.get("style") == "pixel":
            return picture('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
        form = "compact" if query.get("abbreviated", "").lower() == "true" else "grouped"
        label = query.get("label") or "Profile views"
        return self._styled(request, label, write_number(number, form), f"{number:,}")

    async def by_page(self, request: Request) -> Response:
        """visitor-badge: `/badge?page_id=`; visitorbadge.io: `/api/visitors?path=`, with `readonly`.

        They say "visitors" of every time they are shown, which are views, and so is the usual label here.
        """
        query = request.query_params
        named = self.find("hits", query.get("page_id") or query.get("path", ""))
        if query.get("readonly", "").lower() not in ("1", "true"):
            await self._count(request, named)
        label = query.get("left_text") or query.get("label") or "views"
        number = (await self._read(named)).views
        return self._styled(request, label, str(number), f"{number:,}")

    def _styled(self, request: Request, label: str, message: str, exact: str) -> Response:
        query = request.query_params
        color = query.get("color") or query.get("countColor", "")
        label_color = query.get("labelColor", "")
        style = query.get("style", "")
        colors = {"color": color, "label_color": label_color}
        return picture(draw_badge(label, message, exact, **colors, style=style))

    async def _count(self, request: Request, named: Named) -> None:
        await count_named(self._bridge, request, named.site, named.name)

    async def _read(self, named: Named, window: str = "") -> Count:
        return await read_page(self._bridge, named.site, path_of_name(named.name), window)


class KnownRoute(Route):
    """A route whose address could be anything: it matches what is the name of a site alone."""

    ours: Badges

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As a route does; none for a name that is not known."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            given = child["path_params"]
            name = given.get("address") or f"{given['user']}/{given['repo']}"
            if self.ours.find("hits", name).site is None:
                return Match.NONE, {}
        return match, child


def picture(drawn: str) -> Response:
    """A badge that no proxy keeps: it must be asked for each time to count."""
    return answer(drawn, "image/svg+xml; charset=utf-8", cache=UNCACHED)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Their addresses, those that could be anything last."""
    ours = Badges(bridge)
    open_ended = [
        KnownRoute("/hits/{address:path}.svg", ours.by_path),
        KnownRoute("/{user}/{repo}.json", ours.by_repo),
        KnownRoute("/{address:path}.svg", ours.by_path),
    ]
    for route in open_ended:
        route.ours = ours
    return [
        Route("/api/count/incr/badge.svg", ours.by_url),
        Route("/api/count/keep/badge.svg", ours.keep),
        Route("/api/count/graph/dailyhits.svg", ours.days),
        Route("/graph/dailyhits.svg", ours.days),
        Route("/api/hit", ours.by_url),
        Route("/api/visitors", ours.by_page),
        Route("/badge", ours.by_page),
        Route("/ghpvc/", ours.by_user),
        *open_ended,
    ]
