"""The owner's password: hashed with argon2, and guessed slowly."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from .errors import InputError

SHORTEST = 10
LONGEST = 200

FREE_TRIES = 5
"""Wrong passwords from one address before it has to wait."""

LONGEST_WAIT = 900.0
"""Seconds."""

REMEMBERED = 10_000
"""Addresses whose failures are remembered, in memory."""


def hash_password(password: str) -> str:
    """The hash to keep; InputError when the password is too short or too long."""
    if len(password) < SHORTEST:
        raise InputError("password", f"is shorter than {SHORTEST} characters")
    if len(password) > LONGEST:
        raise InputError("password", f"is longer than {LONGEST} characters")
    # Loads a native library, which only these two need.
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def is_right(password: str, kept: str) -> bool:
    """Whether a password is the one whose hash was kept."""
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(kept, password[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return False


def _network_of(address: str) -> str:
    """Who guesses together: an IPv4 address, or the 64 bits of IPv6 that one subscriber gets."""
    try:
        value = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((int(value) >> 64 << 64, 64))) if value.version == 6 else address


class Attempts:
    """Wrong passwords by address: after a few, each doubles the time to wait."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds that this address has to wait before its next try; 0 when it may try."""
        failures, last = self._failures.get(_network_of(address), (0, now))
        if failures < FREE_TRIES:
            return 0.0
        pause = min(LONGEST_WAIT, 2.0 ** (failures - FREE_TRIES + 1))
        # Never longer than the pause itself, though the clock be set back.
        return min(pause, max(0.0, last + pause - now))

    def fail(self, address: str, now: float) -> None:
        """A wrong password came from this address."""
        network = _network_of(address)
        failures, _ = self._failures.pop(network, (0, now))
        self._failures[network] = (failures + 1, now)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeed(self, address: str) -> None:
        """The right password came from this address."""
        self._failures.pop(_network_of(address), None)
