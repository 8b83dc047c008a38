"""What every foreign protocol's route stands behind: an error becomes an answer that every page can read."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ...errors import InputError, StoreFailed, TooLarge, Unavailable
from ...store.connect import DatabaseError
from ..guard import Disconnected
from .bridge import answer_json, preflight, refuse


class Shield:
    """Answers OPTIONS, and the errors of the app it wraps: 400, 413, 503, each with CORS."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "OPTIONS":
                answer = preflight(Request(scope))
            else:
                await self._app(scope, receive, send)
                return
        except Unavailable as error:
            answer = refuse(error)
        except DatabaseError as error:
            answer = refuse(StoreFailed(f"cannot be read: {error}"))
        except TooLarge as error:
            answer = answer_json({"error": str(error)}, status=413, headers={"connection": "close"})
        except InputError as error:
            answer = answer_json({"error": str(error)}, status=400)
        except Disconnected:
            return
        await answer(scope, receive, send)


def shield(route: BaseRoute) -> BaseRoute:
    """The route, behind a shield."""
    if isinstance(route, Route):
        route.app = Shield(route.app)
        if route.methods is not None:
            route.methods.add("OPTIONS")
    return route
