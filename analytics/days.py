"""Local days as numbers: days since 1970-01-01 in a site's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from .errors import InputError

EPOCH = date(1970, 1, 1)

FIRST_DAY, LAST_DAY = (date(1990, 1, 1) - EPOCH).days, (date(2099, 12, 31) - EPOCH).days
"""Days that can be asked for: what is said of a range takes time and room for each of its days."""

# Midnights and changes of offset fall on quarters of an hour (of UTC) in every zone since 1972.
QUARTER = 900


@lru_cache(maxsize=512)
def find_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; InputError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _no_zone(name) from None


def check_zone(name: str) -> None:
    """InputError unless the name is that of a time zone, which is the same on every machine.

    Beside the zones lie files that can be read as one, such as `localtime`, `posixrules` and `right/UTC`.
    """
    if name not in _list_zones():
        raise _no_zone(name)


@lru_cache(maxsize=1)
def _list_zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _no_zone(name: str) -> InputError:
    hint = "Use a name such as Europe/London, America/New_York or UTC."
    return InputError("timezone", f"{name!r} is not a time zone", hint=hint)


@lru_cache(maxsize=65_536)
def _day_of_quarter(zone: str, quarter: int) -> int:
    moment = datetime.fromtimestamp(quarter * QUARTER, UTC).astimezone(find_zone(zone))
    return (moment.date() - EPOCH).days


def local_day(zone: str, at: float) -> int:
    """The number of the local day in `zone` at `at` (seconds since 1970)."""
    return _day_of_quarter(zone, int(at // QUARTER))


def to_date(day: int) -> date:
    """The calendar date of a day number."""
    return EPOCH + timedelta(days=day)


def to_day(value: date) -> int:
    """The day number of a calendar date."""
    return (value - EPOCH).days


def read_day(name: str, text: str, hint: str = "Write it as 2026-05-01.") -> int:
    """The number of a day written as 2026-05-01; InputError names the parameter."""
    try:
        found = to_day(date.fromisoformat(text))
    except ValueError:
        raise InputError(name, f"{text[:40]!r} is not a day", hint=hint) from None
    if not FIRST_DAY <= found <= LAST_DAY:
        hint = f"Days are of {to_date(FIRST_DAY).year} to {to_date(LAST_DAY).year}."
        raise InputError(name, f"{text[:40]!r} is too far away", hint=hint)
    return found


def year_before(day: int) -> int:
    """The same day a year before; the 28th of February where there is no 29th."""
    value = to_date(day)
    is_leap_day = (value.month, value.day) == (2, 29)
    return to_day(value.replace(year=value.year - 1, day=28 if is_leap_day else value.day))


def month_of(day: int) -> int:
    """The month that holds a day, as year * 12 + month - 1."""
    value = to_date(day)
    return value.year * 12 + value.month - 1


def month_start(month: int) -> int:
    """The first day number of a month."""
    return to_day(date(month // 12, month % 12 + 1, 1))
