"""Foreign protocols, one small file each: old snippets and markup work by a change of host name.

Each file translates to the same two verbs (`bridge.Bridge`): hit and read. Where two protocols
want the same address, the order here settles it, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from ...errors import InputError
from . import (
    ackee,
    artalk,
    badges,
    busuanzi,
    countapi,
    fathom,
    finicounter,
    ga4,
    goatcounter,
    hitwebcounter,
    jkjoy,
    leancloud,
    matomo,
    moecounter,
    openkounter,
    plausible,
    soxft,
    twikoo,
    umami,
    umami_stats,
    vercount,
    waline,
    whyneh,
)
from .bridge import Bridge
from .shield import shield

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
    "finicounter": finicounter.routes,
    "vercount": vercount.routes,
    "leancloud": leancloud.routes,
    "waline": waline.routes,
    "artalk": artalk.routes,
    "twikoo": twikoo.routes,
    "openkounter": openkounter.routes,
    "umami-stats": umami_stats.routes,
    # HitWebCounter's one address lies among GoatCounter's.
    "hitwebcounter": hitwebcounter.routes,
    "goatcounter": goatcounter.routes,
    # Its script has the name of GoatCounter's, `/count.js`, which is asked for far more.
    "jkjoy": jkjoy.routes,
    "countapi": countapi.routes,
    "moecounter": moecounter.routes,
    # Last, because some of its addresses could be any.
    "badges": badges.routes,
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
    asked = [make for name, make in FAMILIES.items() if name in names]
    return [shield(route, bridge) for make in asked for route in make(bridge)]
