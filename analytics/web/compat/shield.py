"""What a foreign protocol's route stands behind: every page may ask whether it may ask."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .bridge import preflight


class Shield:
    """Answers OPTIONS before the app it wraps."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = preflight(Request(scope)) if scope["method"] == "OPTIONS" else self._app
        await app(scope, receive, send)


def shield(route: BaseRoute) -> BaseRoute:
    """The route, behind a shield unless it answers OPTIONS itself."""
    if isinstance(route, Route) and "OPTIONS" not in (route.methods or ()):
        route.app = Shield(route.app)
        if route.methods is not None:
            route.methods.add("OPTIONS")
    return route
