"""How numbers, days and changes are written for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..days import to_date


def number(value: int) -> str:
    """1,234,567"""
    return f"{value:,}"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as 42%; a dash when there is none."""
    return "–" if share is None else f"{share:.0%}"


def seconds(value: float | None) -> str:
    """A length of time as 3m 05s; a dash when there is none."""
    if value is None:
        return "–"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


def date(day: int) -> str:
    """A day number as 5 Nov 2026."""
    value = to_date(day)
    return f"{value.day} {value:%b %Y}"


def weekday(day: int) -> str:
    """A day number as Thu 5 Nov 2026."""
    return f"{to_date(day):%a} {date(day)}"


def change(now: float | None, before: float | None) -> str:
    """How much a figure changed against the one before, as +12% or −5%; empty where that means nothing."""
    if now is None or not before:
        return ""
    share = (now - before) / before
    return "±0%" if abs(share) < 0.005 else f"{share:+.0%}".replace("-", "−")


FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "percent": percent,
    "seconds": seconds,
    "date": date,
    "weekday": weekday,
    "change": change,
}
