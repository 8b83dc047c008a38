"""Foreign protocols, one small file each: old snippets and markup work by a change of host name.

Each file translates to the same two verbs (`bridge.Bridge`): hit and read. Where two protocols
want the same address, the order here settles it, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ...errors import InputError, StoreFailed, TooLarge, Unavailable
from ...store.connect import DatabaseError
from ..guard import Disconnected
from . import (
    ackee,
    busuanzi,
    fathom,
    finicounter,
    ga4,
    jkjoy,
    matomo,
    plausible,
    soxft,
    umami,
    vercount,
    whyneh,
)
from .bridge import Bridge, answer_json, refuse

FAMILIES: dict[str, Callable[[Bridge], Sequence[BaseRoute]]] = {
    "plausible": plausible.routes,
    "umami": umami.routes,
    "matomo": matomo.routes,
    "ga4": ga4.routes,
    "fathom": fathom.routes,
    "ackee": ackee.routes,
    "busuanzi": busuanzi.routes,
    "soxft": soxft.routes,
    "whyneh": whyneh.routes,
    "jkjoy": jkjoy.routes,
    "finicounter": finicounter.routes,
    "vercount": vercount.routes,
}
"""Each family that can be switched on, in the order in which its routes are asked."""


def compat_routes(bridge: Bridge, names: Sequence[str]) -> list[BaseRoute]:
    """The routes of the families that are switched on: their names, or `all`, or `none`.

    InputError for a name that is none.
    """
    unknown = set(names) - set(FAMILIES) - {"all", "none"}
    if unknown:
        hint = f"Use all, none, or some of {', '.join(FAMILIES)}."
        raise InputError("--compat", f"{min(unknown)!r} is no protocol", hint=hint)
    if "all" in names:
        names = list(FAMILIES)
    return [route for name, make in FAMILIES.items() if name in names for route in make(bridge)]


def compat_errors() -> dict[Any, Any]:
    """What answers for each kind of error in a foreign protocol: never a 5xx for bad input, always CORS."""

    async def unavailable(_: Request, error: Exception) -> Response:
        return refuse(error if isinstance(error, Unavailable) else StoreFailed("cannot be read now"))

    async def too_large(_: Request, error: Exception) -> Response:
        return answer_json({"error": str(error)}, status=413, headers={"connection": "close"})

    async def unusable(_: Request, error: Exception) -> Response:
        return answer_json({"error": str(error)}, status=400)

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=408)

    return {
        Unavailable: unavailable,
        DatabaseError: unavailable,
        TooLarge: too_large,
        InputError: unusable,
        Disconnected: gone,
    }
