"""How many views may come from one corner of the net: a leaky bucket for each address prefix, in memory.

A prefix is what one household, office or machine can choose addresses from: a /24 of IPv4, a /56
of IPv6. No address is kept, and nothing here reaches a disk or a log.
"""

from __future__ import annotations

import ipaddress
import math
from functools import lru_cache

BURST_SECONDS = 5
"""What may come at once: the views of so many seconds."""

CAPACITY = 50_000
"""Prefixes that are remembered at once; beyond them the longest known are forgotten."""

IPV6_PREFIX = 56


class Throttle:
    """Admits `rate` views a second from each prefix, and five seconds' worth at once; 0 admits all.

    A bucket is one number: the moment at which it will have leaked empty.
    """

    def __init__(self, rate: float = 0) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._empty_at: dict[str, float] = {}

    def admit(self, address: str, now: float) -> int:
        """0 when a view of this address may come in, else the whole seconds to wait.

        Views of this machine itself (and of a socket without an address) say nothing of a sender:
        they are a proxy's that nobody named, or the owner's, and are always admitted.
        """
        interval = self._interval
        if not interval:
            return 0
        prefix = prefix_of(address)
        if not prefix:
            return 0
        empty_at = self._empty_at.get(prefix, 0.0)
        # Further ahead than a bucket can be: the clock was set back.
        if empty_at < now or empty_at > now + BURST_SECONDS + interval:
            empty_at = now
        wait = empty_at + interval - now - BURST_SECONDS
        # A hair of tolerance, since the sum of many intervals is not exact.
        if wait > 1e-6:
            return math.ceil(wait)
        self._empty_at[prefix] = empty_at + interval
        if len(self._empty_at) > CAPACITY:
            self._forget(now)
        return 0

    def _forget(self, now: float) -> None:
        """Forget the empty buckets, and where that is not enough, a tenth of the others."""
        kept = [(prefix, moment) for prefix, moment in self._empty_at.items() if moment > now]
        self._empty_at = dict(kept[CAPACITY // 10 :] if len(kept) > CAPACITY * 9 // 10 else kept)


@lru_cache(maxsize=16_384)
def prefix_of(address: str) -> str:
    """The prefix of a canonical address; empty for this machine's own, and for what is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.is_loopback:
        return ""
    if found.version == 4:
        return address.rpartition(".")[0]
    return f"{int(found) >> (128 - IPV6_PREFIX):x}:"


class Quota:
    """So many questions an hour for each key; all of them may come at once."""

    def __init__(self, an_hour: int) -> None:
        self._interval = 3_600 / an_hour
        self._empty_at: dict[int, float] = {}

    def admit(self, key: int, now: float) -> int:
        """0 when a question may be asked, else the whole seconds to wait."""
        empty_at = self._empty_at.get(key, 0.0)
        if empty_at < now or empty_at > now + 3_600 + self._interval:
            empty_at = now
        wait = empty_at + self._interval - now - 3_600
        if wait > 1e-6:
            return math.ceil(wait)
        self._empty_at[key] = empty_at + self._interval
        return 0
