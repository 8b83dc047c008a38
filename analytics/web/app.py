"""`create_app`: an instance to an ASGI app, which serves alone or mounted in another app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import __version__
from ..complaints import explain
from ..errors import InputError, PagetallyError, StoreFailed, TooLarge, Unavailable
from ..instance import Instance
from ..language import _
from ..openapi import describe
from ..store.connect import DatabaseError
from .answers import CORS, JSON
from .auth import AuthRoutes, Owner
from .beginning import BeginningRoutes
from .bots import BotsRoutes
from .collect import TOKEN, EventEndpoint, PixelEndpoint
from .compat import compat_routes, last_routes
from .compat.bridge import Bridge, refuse
from .compat.shield import tell_refusal
from .counters import CountersEndpoint
from .dashboard import DashboardRoutes
from .definitions import definition_route
from .directory import Directory
from .dropped import DroppedRoutes
from .forms import KINDS, FormEndpoint
from .gate import Gate
from .goal import GoalRoutes
from .guard import Disconnected, SecurityHeaders, TrustedProxies
from .keep import KeepRoutes
from .lane import Lane
from .listing import ListRoutes
from .metrics import Metrics
from .migrate import MigrateRoutes
from .numbers import NumbersRoutes
from .pages import Pages
from .popular import ListEndpoints
from .ranking import RankingRoutes
from .reading import Answer, Reading
from .static import JAVASCRIPT, StaticFile
from .stats import StatsRoutes
from .widgets import WidgetRoutes

SCRIPTS = (
    "pt.js",
    "pt-lite.js",
    "pt-more.js",
    "drop-in.js",
    "page-count.js",
    "page-list.js",
    "copy.js",
    "htmx.js",
    "keys.js",
)

STATIC = {
    **dict.fromkeys(SCRIPTS, JAVASCRIPT),
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "map.svg": "image/svg+xml",
}
"""What is served of analytics/static, and as what."""

TOKENS = "/k/"
"""What is before a page's token, which is before the public addresses: /k/TOKEN/api/event."""

ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(
    instance: Instance,
    *,
    base_path: str = "",
    trusted_proxies: Sequence[str] = (),
    compat: Sequence[str] = ("all",),
    extra_routes: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """The ASGI app of an open instance. `app.state.owner` holds the one-time set-up token.

    `compat`: the foreign protocols that are answered (`compat.FAMILIES`); `extra_routes` come before ours.
    """
    pages, owner = Pages(), Owner(instance)
    gate = Gate(instance, owner, pages)
    bridge = Bridge(instance)
    event, counters, forms = EventEndpoint(instance), CountersEndpoint(instance), FormEndpoint(instance)
    public: list[BaseRoute] = [
        Route("/api/event", event),
        Route("/api/counters", counters),
        Route("/api/pixel.gif", PixelEndpoint(instance)),
        *reading_routes(instance, pages, base_path),
        *compat_routes(bridge, compat),
        *(Route(f"/{form}/{{rest:path}}", forms) for form in KINDS),
        Route("/api/{rest:path}", unknown_endpoint, methods=ANY_METHOD),
        *(Route(f"/{name}", StaticFile(name, kind)) for name, kind in STATIC.items()),
        *last_routes(bridge, compat),
    ]
    guarded = Starlette(
        routes=[
            Route("/health", Health(instance).answer),
            Route("/metrics", Metrics(instance, is_direct=not trusted_proxies).answer),
            *AuthRoutes(instance, owner, pages).routes,
            *owner_routes(instance, gate, pages),
            *MigrateRoutes(instance, gate, pages, public).routes,
        ],
        exception_handlers=error_pages(pages),
    )
    app = under_base(base_path, [*extra_routes, *public, Mount("/", SecurityHeaders(guarded))])
    app.state.owner = owner
    app.state.lane = Lane(event, addresses_of("/api/event", base_path), trusted_proxies)
    busy: dict[str, ASGIApp] = {"/api/event": event, "/api/counters": counters}
    busy |= dict.fromkeys(forms.addresses(), forms)
    keyed = Keyed(under_base(base_path, public), busy, base_path)
    front = FrontDoor(app, {f"{base_path}{path}": endpoint for path, endpoint in busy.items()}, keyed)
    outermost: ASGIApp = BasePath(front, base_path) if base_path else front
    return TrustedProxies(outermost, trusted_proxies) if trusted_proxies else outermost


def reading_routes(instance: Instance, pages: Pages, base_path: str) -> list[BaseRoute]:
    """What anybody, or a program with a token, may ask for besides counters and their forms."""
    lists = ListEndpoints(instance, pages)
    return [
        Route("/api/popular", lists.popular),
        Route("/api/related", lists.related),
        Route("/popular.html", lists.popular_page),
        Route("/related.html", lists.related_page),
        definition_route(pages),
        *StatsRoutes(instance).routes,
        Route("/api/openapi.json", Description(base_path)),
    ]


def owner_routes(instance: Instance, gate: Gate, pages: Pages) -> list[BaseRoute]:
    """The owner's pages of sites."""
    kinds = (
        *(DashboardRoutes, BeginningRoutes, ListRoutes, KeepRoutes, GoalRoutes, BotsRoutes, DroppedRoutes),
        *(WidgetRoutes, RankingRoutes, NumbersRoutes),
    )
    return [route for kind in kinds for route in kind(instance, gate, pages).routes]


def under_base(base_path: str, routes: Sequence[BaseRoute]) -> Starlette:
    """An app of these routes, whose errors every page can read."""
    app = Starlette(exception_handlers=error_answers())
    directory = Directory(routes)
    app.router = Directory([Mount(base_path, app=directory)]) if base_path else directory
    return app


def addresses_of(path: str, base_path: str) -> set[str]:
    """How a path of ours may come in: with the base path, and without where `BasePath` puts it back."""
    return {base_path + path} | (set() if path.startswith(f"{base_path}/") else {path})


class BasePath:
    """Puts the base path back that a proxy may have taken off before it passed a request on."""

    def __init__(self, app: FrontDoor, base_path: str) -> None:
        self._app = app
        self._base = base_path
        self.state = app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not f"{scope['path']}/".startswith(f"{self._base}/"):
            scope = dict(scope, path=self._base + scope["path"])
        await self._app(scope, receive, send)


class FrontDoor:
    """Leads the busiest addresses straight to their endpoints, and all else to the router.

    Starlette's middleware and routing take longer than storing a view does.
    """

    def __init__(self, app: Starlette, busy: Mapping[str, ASGIApp], keyed: Keyed) -> None:
        self._app = app
        self._busy = busy
        self._keyed = keyed
        self.state = app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            endpoint = self._busy.get(scope["path"])
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
            if scope["path"].startswith(self._keyed.prefix):
                await self._keyed(scope, receive, send)
                return
        await self._app(scope, receive, send)


class Keyed:
    """The public addresses once more, behind /k/TOKEN: the way in which a page carries its token.

    A script tag can say so by its attributes alone, and so can every client that takes a base address.
    """

    def __init__(self, public: Starlette, busy: Mapping[str, ASGIApp], base_path: str) -> None:
        self._public = public
        self._busy = busy
        self._base = base_path
        self.prefix = base_path + TOKENS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token, _, rest = scope["path"].removeprefix(self.prefix).partition("/")
        scope = dict(scope, path=f"{self._base}/{rest}") | {TOKEN: token}
        await self._busy.get(f"/{rest}", self._public)(scope, receive, send)


async def unknown_endpoint(request: Request) -> Response:
    """An address under /api that is not ours; readable by every page like the others."""
    headers = {name.decode(): value.decode() for name, value in CORS}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=headers)
    return JSONResponse({"error": "there is no such endpoint"}, status_code=404, headers=headers)


def error_answers() -> dict[Any, Any]:
    """What answers for an error of a public endpoint that did not answer itself, readable by every page."""

    async def refused(request: Request, error: Exception) -> Response:
        if not isinstance(error, InputError | Unavailable):
            error = StoreFailed("cannot be read now")
        answer = refuse(request, error)
        answer.headers.update(tell_refusal(request, error, answer.status_code))
        return answer

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=408)

    return {
        Unavailable: refused,
        DatabaseError: refused,
        InputError: refused,
        Disconnected: gone,
    }


def error_pages(pages: Pages) -> dict[Any, Any]:
    """What answers for each kind of error on the owner's pages."""

    async def not_found(request: Request, __: Exception) -> Response:
        answer = pages.message(request, 404, _("There is no such page"), _("The address may be mistyped."))
        # A foreign script may ask for what is not here, or is switched off: its page can read that.
        answer.headers.update({name.decode(): value.decode() for name, value in CORS})
        return answer

    async def too_large(request: Request, __: Exception) -> Response:
        answer = pages.message(
            request, 413, _("That was too much"), _("The form does not take so much text.")
        )
        answer.headers["connection"] = "close"
        return answer

    async def unavailable(request: Request, error: PagetallyError) -> Response:
        answer = pages.message(
            request, 503, _("This cannot be stored now"), f"{explain(error)} " + _("Try again in a moment.")
        )
        answer.headers["retry-after"] = str(Unavailable.retry_after)
        return answer

    async def slow(request: Request, __: Exception) -> Response:
        return pages.message(
            request, 503, _("This took too long to count"), _("Try again, or a shorter period.")
        )

    async def gone(_request: Request, __: Exception) -> Response:
        return Response(status_code=408)

    return {
        404: not_found,
        TooLarge: too_large,
        Unavailable: unavailable,
        DatabaseError: slow,
        Disconnected: gone,
    }


class Description(Reading):
    """GET /api/openapi.json, an ASGI app: what can be asked, for programs that make clients of it."""

    def __init__(self, base_path: str) -> None:
        super().__init__(self._read)
        self._body = msgspec.json.encode(describe(base_path))

    async def _read(self, scope: Scope) -> Answer:
        return [JSON, (b"cache-control", b"max-age=3600")], self._body


class Health:
    """GET /health: green (200) while views can be stored, red (503) while they cannot."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    async def answer(self, request: Request) -> Response:
        """One small JSON object, without anything private in it."""
        writer = self._instance.writer
        failure = writer.failure
        body: dict[str, Any] = {
            "status": "red" if failure else "green",
            "version": __version__,
            "waiting": writer.waiting,
        }
        if failure:
            body["error"] = str(failure)
        return JSONResponse(body, status_code=503 if failure else 200)
