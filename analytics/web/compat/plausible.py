"""Plausible: the addresses of its script. Its `POST /api/event` is our own.

Read in: plausible/analytics, tracker/src, lib/plausible_web/plugs/tracker.ex; npm plausible-tracker and
@plausible-analytics/tracker. The script reads its extensions from its own name.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from ..static import JAVASCRIPT, StaticFile
from .bridge import Bridge

SCRIPTS = (
    "/js/script.js",
    "/js/script.{extensions}.js",
    "/js/plausible.js",
    "/js/plausible.{extensions}.js",
    "/js/pa-{id}.js",
)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    script = StaticFile("plausible.js", JAVASCRIPT)
    return [Route(path, script) for path in SCRIPTS]
