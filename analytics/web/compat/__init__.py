"""Foreign protocols, one small file each: old snippets and markup work by a change of host name.

Each file translates to the same two verbs (`bridge.Bridge`): hit and read. Where two protocols
want the same address, the order here settles it, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

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
from .bridge import Bridge, refuse
from .shield import Refusal, shield


def no_routes(_: Bridge) -> Sequence[BaseRoute]:
    """None."""
    return ()


class Family(NamedTuple):
    """A foreign protocol: its routes, and how it says that something cannot be done."""

    routes: Callable[[Bridge], Sequence[BaseRoute]]
    refuse: Refusal = refuse
    last: Callable[[Bridge], Sequence[BaseRoute]] = no_routes
    """What it answers only where nothing of ours does."""


FAMILIES: dict[str, Family] = {
    "plausible": Family(plausible.routes),
    "umami": Family(umami.routes, umami.refuse),
    "matomo": Family(matomo.routes, matomo.refuse),
    "ga4": Family(ga4.routes, ga4.refuse),
    "fathom": Family(fathom.routes, fathom.refuse),
    "ackee": Family(ackee.routes, ackee.refuse),
    "busuanzi": Family(busuanzi.routes, busuanzi.refuse),
    "soxft": Family(soxft.routes, soxft.refuse),
    "whyneh": Family(whyneh.routes, busuanzi.refuse),
    "finicounter": Family(finicounter.routes, finicounter.refuse),
    "vercount": Family(vercount.routes, vercount.refuse),
    "leancloud": Family(leancloud.routes, leancloud.refuse),
    "waline": Family(waline.routes, waline.refuse),
    "artalk": Family(artalk.routes, artalk.refuse),
    "twikoo": Family(twikoo.routes, twikoo.refuse),
    "openkounter": Family(openkounter.routes, openkounter.refuse),
    "umami-stats": Family(umami_stats.routes, umami.refuse),
    # HitWebCounter's one address lies among GoatCounter's.
    "hitwebcounter": Family(hitwebcounter.routes, hitwebcounter.refuse),
    "goatcounter": Family(goatcounter.routes, goatcounter.refuse),
    # Its script has the name of GoatCounter's, `/count.js`, which is asked for far more.
    "jkjoy": Family(jkjoy.routes, jkjoy.refuse),
    "countapi": Family(countapi.routes, countapi.refuse),
    "moecounter": Family(moecounter.routes, moecounter.refuse),
    # Last, because some of its addresses could be any.
    "badges": Family(badges.routes, badges.refuse, badges.last_routes),
}
"""Each family that can be switched on, in the order in which its routes are asked."""


def compat_routes(bridge: Bridge, names: Sequence[str]) -> list[BaseRoute]:
    """The routes of the families that are switched on: their names, or `all`, or `none`.

    InputError for a name that is none.
    """
    families = find_families(names)
    return [shield(route, bridge, family.refuse) for family in families for route in family.routes(bridge)]


def last_routes(bridge: Bridge, names: Sequence[str]) -> list[BaseRoute]:
    """Those that are asked after all other public routes."""
    families = find_families(names)
    return [shield(route, bridge, family.refuse) for family in families for route in family.last(bridge)]


def find_families(names: Sequence[str]) -> list[Family]:
    """The families of these names. InputError for a name that is none."""
    unknown = set(names) - set(FAMILIES) - {"all", "none"}
    if unknown:
        hint = f"Use all, none, or some of {', '.join(FAMILIES)}."
        raise InputError("--compat", f"{min(unknown)!r} is no protocol", hint=hint)
    return [family for name, family in FAMILIES.items() if name in names or "all" in names]
