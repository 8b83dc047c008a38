"""What a foreign protocol's route stands behind: every page may ask whether it may ask, no answer keeps
quiet about a view that was dropped, and what cannot be done is said in the words of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, request_response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...errors import InputError, PagetallyError, StoreFailed, TooLarge, TooMany, Unavailable
from ...store.connect import DatabaseError
from ..answers import drop_header, say_error
from .bridge import PUT_OFF, RESULTS, Bridge, preflight, reason_of
from .intake import Handler

Refusal = Callable[[Request, PagetallyError], Response]
"""How a protocol says what is wrong, so that its clients survive it: they show a placeholder, not 0.

A picture and JSONP are 200, because proxies pass no other picture on and browsers run no other script; what
programs fetch has the error's status. The headers are the same for all (`refusing`), and so is the status
where a view should be on disk and is not (`own_up`).
"""


class Shield:
    """Wraps the app of a route."""

    def __init__(self, app: ASGIApp, *, answers_options: bool) -> None:
        self._app = app
        self._answers_options = answers_options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and not self._answers_options:
            await preflight(Request(scope))(scope, receive, send)
            return
        scope[RESULTS] = []

        async def send_with_drops(message: Message) -> None:
            if message["type"] == "http.response.start" and scope[RESULTS]:
                headers = message["headers"]
                if all(name != b"x-pagetally" for name, _ in headers):
                    message["headers"] = [*headers, *drop_header(scope[RESULTS])]
            await send(message)

        await self._app(scope, receive, send_with_drops)


def refusing(handler: Handler, bridge: Bridge, refuse: Refusal) -> Handler:
    """The handler, whose errors are answered by the refusal of its family."""

    async def respond(request: Request) -> Response:
        error: PagetallyError
        try:
            response = await handler(request)
        except InputError as raised:
            error = raised
        except Unavailable as raised:
            error = request.scope[PUT_OFF] = raised
        except DatabaseError:
            error = StoreFailed("cannot be read now")
        else:
            return own_up(response, request.scope.get(PUT_OFF))
        if isinstance(error, TooLarge):
            # No protocol gets to see a body that is too large.
            bridge.drop(request, bridge.find_site(request), reason_of(error))
        response = refuse(request, error)
        response.headers.update(tell_refusal(request, error, response.status_code))
        return own_up(response, request.scope.get(PUT_OFF))

    return respond


def own_up(response: Response, why: Unavailable | None) -> Response:
    """The answer to a view that may not be stored, whatever number it tells.

    What is over a limit was dropped, which its headers say; but what should be on disk and is not is no 2xx.
    """
    if why is not None:
        response.headers["retry-after"] = str(why.retry_after)
        if not isinstance(why, TooMany):
            response.status_code = why.status
            response.headers["x-pagetally"] = say_error(why)[1].decode()
    return response


def tell_refusal(request: Request, error: PagetallyError, status: int) -> dict[str, str]:
    """The headers that say what was wrong, whatever the body says."""
    told = {}
    if status >= 400:
        told["x-pagetally"] = say_error(error)[1].decode()
    elif not request.scope.get(RESULTS):  # else what became of the view is told (Shield)
        told["x-pagetally"] = f"dropped; {reason_of(error)}"
    if isinstance(error, Unavailable):
        told["retry-after"] = str(error.retry_after)
    if isinstance(error, TooLarge):
        told["connection"] = "close"
    return told


def shield(route: BaseRoute, bridge: Bridge, refuse: Refusal) -> BaseRoute:
    """The route, behind a shield."""
    if isinstance(route, Route):
        if iscoroutinefunction(route.endpoint):
            route.app = request_response(refusing(route.endpoint, bridge, refuse))
        route.app = Shield(route.app, answers_options="OPTIONS" in (route.methods or ()))
        if route.methods is not None:
            route.methods.add("OPTIONS")
    return route
