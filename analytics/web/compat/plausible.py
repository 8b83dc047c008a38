"""Plausible: the addresses of its script, and those that monitors ask. Its `POST /api/event` is our own.

Read in: plausible/analytics, tracker/src, lib/plausible_web/plugs/tracker.ex; npm plausible-tracker and
@plausible-analytics/tracker. The script reads its extensions from its own name.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..static import JAVASCRIPT, StaticFile
from .bridge import Bridge, answer_json

SCRIPTS = (
    "/js/script.js",
    "/js/script.{extensions}.js",
    "/js/plausible.js",
    "/js/plausible.{extensions}.js",
    "/js/pa-{id}.js",
)

PARTS = ("postgres", "clickhouse", "sites_cache")
"""What its health tells of. Here one file is all of them."""


class Health:
    """What monitors and orchestrators ask."""

    def __init__(self, bridge: Bridge) -> None:
        self._writer = bridge.instance.writer

    async def live(self, request: Request) -> Response:
        """The process answers: 200."""
        return answer_json({"ok": True})

    async def ready(self, request: Request) -> Response:
        """As `GET /health`: 200 while views can be stored, 503 while they cannot."""
        failure = self._writer.failure
        state = f"error: {failure}" if failure else "ok"
        return answer_json(dict.fromkeys(PARTS, state), status=503 if failure else 200)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    script, health = StaticFile("plausible.js", JAVASCRIPT), Health(bridge)
    return [
        *(Route(path, script) for path in SCRIPTS),
        Route("/api/health", health.ready),
        Route("/api/system/health/ready", health.ready),
        Route("/api/system/health/live", health.live),
    ]
