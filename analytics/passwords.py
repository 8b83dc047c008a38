"""The owner's password: hashed with argon2, and guessed slowly."""

from __future__ import annotations

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


class Attempts:
    """Wrong passwords by address: after a few, each doubles the time to wait."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds that this address has to wait before its next try; 0 when it may try."""
        failures, last = self._failures.get(address, (0, now))
        if failures < FREE_TRIES:
            return 0.0
        return max(0.0, last + min(LONGEST_WAIT, 2.0 ** (failures - FREE_TRIES + 1)) - now)

    def fail(self, address: str, now: float) -> None:
        """A wrong password came from this address."""
        failures, _ = self._failures.pop(address, (0, now))
        self._failures[address] = (failures + 1, now)
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeed(self, address: str) -> None:
        """The right password came from this address."""
        self._failures.pop(address, None)
