"""Badges of hits: seeyoufarm, hitscounter.dev, hits.sh, dwyl, visitor-badge and komarev.

A badge counts the page of a site: by an address that is the site's, or by a name that the site has among
its foreign ids: `hits:<user>/<repo>` (page `/<user>/<repo>`), `komarev:<user>` (page `/<user>`).
dwyl's JSON and seeyoufarm's `/keep/` only read. Addresses of dwyl and hits.sh could be any address: before
our own are those of known names alone. A badge leads to the page of its name: at dwyl and hits.sh
its address without `.svg`, at hitscounter.dev `/history?url=`, at visitorbadge.io `/status?path=`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from ...errors import PagetallyError
from ...forms.chart import draw_chart
from ...forms.figure import METRICS
from ...forms.history import POLICY, draw_history, draw_unknown
from ...forms.numbers import write_number
from ...forms.svg import draw_svg
from ...model import Count, Site
from ...report import read_key
from ..forms import read_course
from .badge import draw_badge
from .bridge import UNKNOWN, Bridge, answer, answer_json, status_of
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
        registry, address = self._bridge.instance.registry, bare_address(text)
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
        named = self.find("hits", request.query_params.get("url", ""))
        return picture(await self._draw_days(named, "hits", "light"))

    async def history(self, request: Request) -> Response:
        """hitscounter.dev's `/history?url=`, visitorbadge.io's `/status?path=`: the page of a name."""
        query = request.query_params
        return await self._tell(request, query.get("url") or query.get("path", ""))

    async def history_of_path(self, request: Request) -> Response:
        """The page of a name at dwyl and hits.sh: the badge's address without its end."""
        return await self._tell(request, request.path_params["address"])

    async def _tell(self, request: Request, text: str) -> Response:
        """The page of a name or an address, for people; it only reads."""
        named = self.find("hits", text)
        kind, headers = "text/html; charset=utf-8", {"content-security-policy": POLICY}
        if named.site is None:
            return answer(draw_unknown(), kind, status=404, headers=headers)
        total, today = await self._read(named), await self._read(named, "today")
        chart = await self._draw_days(named, "views", "auto")
        link = f"{request.scope.get('root_path', '')}/definitions#views"
        page = draw_history(bare_address(text), total.views, today.views, chart, link)
        return answer(page, kind, headers=headers)

    async def _draw_days(self, named: Named, noun: str, theme: str) -> str:
        values: Sequence[int] = (0,) * DAYS
        if named.site is not None:
            instance, path = self._bridge.instance, read_key(path_of_name(named.name), named.site)
            values = await read_course(instance, named.site, METRICS["page-views"], path, DAYS)
        label, total = f"{noun} in {DAYS} days", f"{sum(values):,}"
        return draw_svg(draw_chart(values, label, total, f"{label}: {total}", 420, 120), theme)

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
            name = given["address"] if "address" in given else f"{given['user']}/{given['repo']}"
            if self.ours.find("hits", name).site is None or not self.may_be(name):
                return Match.NONE, {}
        return match, child

    @staticmethod
    def may_be(name: str) -> bool:
        """Whether a known name is one of this route's."""
        return True


class PageRoute(KnownRoute):
    """A route for the page of a name, whose address has no end: one word alone is left to our own pages."""

    @staticmethod
    def may_be(name: str) -> bool:
        """Whether it is `user/repo`, or has a host in it."""
        return "." in name or "/" in name.strip("/")


class StrangeRoute(Route):
    """A route for addresses of the shape `user/repo` or `host/path`: no other file is meant for a badge."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As a route does; none for another shape."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            first, *rest = child["path_params"]["address"].strip("/").split("/")
            if len(rest) != 1 and not (rest and "." in first):
                return Match.NONE, {}
        return match, child


def bare_address(text: str) -> str:
    """An address without scheme, query and slashes around it; a name is as it was."""
    address = text.partition("://")[2] or text
    return address.partition("#")[0].partition("?")[0].strip("/")


def picture(drawn: str) -> Response:
    """A badge that no proxy keeps: it must be asked for each time to count."""
    return answer(drawn, "image/svg+xml; charset=utf-8", cache=UNCACHED)


def refuse(request: Request, error: PagetallyError) -> Response:
    """A badge with a dash, or what shields.io makes one of; a sentence for who opens it as a page."""
    label = request.query_params.get("label", "hits")
    if request.url.path.endswith(".json"):
        return answer_json({"schemaVersion": 1, "label": label, "message": UNKNOWN, "isError": True})
    if "text/html" in request.headers.get("accept", ""):
        return answer(str(error), status=status_of(error))
    return picture(draw_badge(label, UNKNOWN, str(error)))


def last_routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """What only looks like theirs and is of no name that is known, after all that is ours: badges, too.

    So the owner who forgot to set a name finds the views in the tally, and the README has no broken picture.
    """
    ours = Badges(bridge)
    return [
        Route("/hits/{address:path}.svg", ours.by_path),
        Route("/{user}/{repo}.json", ours.by_repo),
        StrangeRoute("/{address:path}.svg", ours.by_path),
    ]


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Their addresses, those that could be anything last."""
    ours = Badges(bridge)
    open_ended = [
        KnownRoute("/hits/{address:path}.svg", ours.by_path),
        KnownRoute("/{user}/{repo}.json", ours.by_repo),
        KnownRoute("/{address:path}.svg", ours.by_path),
        KnownRoute("/hits/{address:path}.html", ours.history_of_path),
        KnownRoute("/{address:path}.html", ours.history_of_path),
        KnownRoute("/hits/{address:path}", ours.history_of_path),
        PageRoute("/{address:path}", ours.history_of_path),
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
        Route("/history", ours.history),
        Route("/status", ours.history),
        *open_ended,
    ]
