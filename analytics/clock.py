"""The one place that asks what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Gives seconds since 1970."""


def system_clock() -> float:
    """The machine's clock."""
    return time.time()
