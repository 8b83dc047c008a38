"""What a foreign protocol's route stands behind: every page may ask whether it may ask, and no answer
keeps quiet about a view that was dropped.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..answers import drop_header
from .bridge import RESULTS, Bridge, preflight


class Shield:
    """Wraps the app of a route."""

    def __init__(self, app: ASGIApp, bridge: Bridge, *, answers_options: bool) -> None:
        self._app = app
        self._bridge = bridge
        self._answers_options = answers_options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and not self._answers_options:
            await preflight(Request(scope))(scope, receive, send)
            return
        scope[RESULTS] = []

        async def send_with_drops(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 413:
                # No protocol gets to see a body that is too large.
                request = Request(scope)
                self._bridge.drop(request, self._bridge.find_site(request), "unusable-event")
            if message["type"] == "http.response.start" and scope[RESULTS]:
                headers = message["headers"]
                if all(name != b"x-pagetally" for name, _ in headers):
                    message["headers"] = [*headers, *drop_header(scope[RESULTS])]
            await send(message)

        await self._app(scope, receive, send_with_drops)


def shield(route: BaseRoute, bridge: Bridge) -> BaseRoute:
    """The route, behind a shield."""
    if isinstance(route, Route):
        route.app = Shield(route.app, bridge, answers_options="OPTIONS" in (route.methods or ()))
        if route.methods is not None:
            route.methods.add("OPTIONS")
    return route
