"""Umami: `POST /api/send`, `/api/batch`, and `/api/collect` of its first version.

Read in: umami-software/umami v3.1, src/app/api/send/route.ts, src/tracker/index.js; npm @umami/node.
Address, user agent and time that a client claims are not looked at. The ids in the answers are the
same for everybody, so that nobody can be told by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ...payload import PAGEVIEW
from ..static import JAVASCRIPT, StaticFile
from .bridge import Bridge, answer, answer_json, status_of, text_of
from .intake import (
    Intake,
    Message,
    Results,
    allow_credentials,
    collecting,
    is_limited,
    map_of,
    read_json,
    reasons_of,
)

SESSION = {
    "cache": "pagetally",
    "sessionId": str(uuid5(NAMESPACE_URL, "pagetally:session")),
    "visitId": str(uuid5(NAMESPACE_URL, "pagetally:visit")),
}
BOT = {"beep": "boop"}


class Umami:
    """The endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._intake = Intake(bridge)

    async def send(self, request: Request) -> Response:
        """One event."""
        message = read_message(await read_json(request))
        results = await self._intake.take(request, message)
        if message is None:
            return _refuse("payload.website is required", allow_credentials(request))
        return answer_json(_tell(results), results=results, headers=allow_credentials(request))

    async def batch(self, request: Request) -> Response:
        """A list of them."""
        bodies = await read_json(request)
        if not isinstance(bodies, list):
            await self._intake.take(request, None)
            return _refuse("must be a list", allow_credentials(request))
        read = [read_message(body) for body in bodies]
        outcomes = await self._intake.take_all(request, read)
        details: list[dict[str, Any]] = []
        everything: Results = []
        for index, (message, results) in enumerate(zip(read, outcomes, strict=True)):
            everything += results
            if message is None or is_limited(results):
                details.append({"index": index, "response": {"error": "Bad request"}})
        counts = {"size": len(bodies), "processed": len(bodies) - len(details), "errors": len(details)}
        told = counts | {"details": details, "cache": SESSION["cache"]}
        return answer_json(told, results=everything, headers=allow_credentials(request))

    async def collect(self, request: Request) -> Response:
        """An event of a script of the first version; it wants the token as plain text."""
        message = read_message(await read_json(request))
        results = await self._intake.take(request, message)
        if message is None:
            return answer("Bad request", status=400, headers=allow_credentials(request))
        return answer(SESSION["cache"], results=results, headers=allow_credentials(request))


def _tell(results: Results) -> dict[str, str]:
    return BOT if "bot" in reasons_of(results) else SESSION


def refuse(request: Request, error: PagetallyError) -> Response:
    """In the form of its errors; its scripts send cookies along."""
    return _refuse(str(error), allow_credentials(request), status_of(error))


def _refuse(why: str, headers: dict[str, str], status: int = 400) -> Response:
    return answer_json({"error": {"message": why}}, status=status, headers=headers)


def read_message(body: Any) -> Message | None:
    """What one body says; None when it names no site."""
    payload = map_of(map_of(body).get("payload"))
    website = text_of(payload, "website", "link", "pixel")
    if not website:
        return None
    kind = text_of(map_of(body), "type")
    url, host = text_of(payload, "url"), text_of(payload, "hostname")
    name = text_of(payload, "name", "event_name", "event_value")
    return Message(
        site_id=f"umami:{website}",
        url=f"https://{host}/{url.lstrip('/')}" if host and "://" not in url else url,
        name=name or PAGEVIEW,
        title=text_of(payload, "title"),
        referrer=text_of(payload, "referrer"),
        screen=text_of(payload, "screen"),
        props=map_of(payload.get("data") or payload.get("event_data")),
        # To introduce somebody or to time a page is no view.
        reason="" if kind in ("", "event", "pageview") else "no-view",
    )


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = Umami(bridge)
    methods = ["POST", "OPTIONS"]
    script = StaticFile("umami.js", JAVASCRIPT)
    return [
        Route("/api/send", collecting(ours.send), methods=methods),
        Route("/api/batch", collecting(ours.batch), methods=methods),
        Route("/api/collect", collecting(ours.collect), methods=methods),
        Route("/script.js", script),
        Route("/umami.js", script),
    ]
