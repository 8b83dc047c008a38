"""Fathom Lite: `GET /collect?p=/path&h=https://host`, and its script.

Read in: usefathom/fathom, assets/src/js/tracker.js, pkg/api/collect.go. Whether somebody is new is
decided here, and no cookie is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ..static import JAVASCRIPT, StaticFile
from .bridge import Bridge, answer, answer_gif, status_of, was_stored
from .intake import Intake, Message, allow_credentials, collecting, parse_query

HEADERS = {"tk": "N", "expires": "Mon, 01 Jan 1990 00:00:00 GMT"}


class Fathom:
    """The endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._intake = Intake(bridge)

    async def collect(self, request: Request) -> Response:
        """A view: the pixel when it is stored, an empty answer when it is not."""
        headers = HEADERS | allow_credentials(request)
        message = read_message(parse_query(request.url.query))
        results = await self._intake.take(request, message)
        if message is None:
            return answer(headers=headers | {"x-pagetally": "error; h and p"})
        if not was_stored(results):
            return answer(results=results, headers=headers)
        return answer_gif(results=results, headers=headers)


def read_message(fields: Mapping[str, str]) -> Message | None:
    """What the query says; None without host or path."""
    host, path, site = fields.get("h", ""), fields.get("p", ""), fields.get("sid", "")
    if not host or not path:
        return None
    return Message(
        site_id=f"fathom:{site}" if site else "",
        url=f"{host.rstrip('/')}/{path.lstrip('/')}",
        referrer=fields.get("r", ""),
    )


def refuse(request: Request, error: PagetallyError) -> Response:
    """No pixel: nothing is stored."""
    return answer(status=status_of(error), headers=HEADERS | allow_credentials(request))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    return [
        Route("/collect", collecting(Fathom(bridge).collect), methods=["GET", "OPTIONS"]),
        Route("/tracker.js", StaticFile("fathom.js", JAVASCRIPT)),
    ]
