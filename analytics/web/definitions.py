"""GET /definitions: what each number means, for everybody who reads one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .guard import SecurityHeaders
from .pages import Pages

KEPT = "public, max-age=3600"


def definition_route(pages: Pages) -> Route:
    """The route, with the headers and in the languages of the owner's pages."""

    async def show(request: Request) -> Response:
        answer = pages.render(request, "counted.html")
        answer.headers["cache-control"] = KEPT
        return answer

    inner = Route("/definitions", show)
    return Route("/definitions", SecurityHeaders(inner))
