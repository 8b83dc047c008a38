"""Which days, or times of day, a program's question is about, and with which it is compared.

Facts of the format: https://plausible.io/docs/stats-api. Ranges end today, which counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .days import FIRST_DAY, LAST_DAY, find_zone, local_day, month_of, month_start, read_day, to_date, to_day
from .errors import InputError
from .model import Moments, Range, Site

DAY = 86_400
TWO_DAYS = 2 * DAY
HINT = (
    'Such as "24h", "7d", "30d", "month", "6mo", "12mo", "year", "all", ["2026-01-01", "2026-01-31"],'
    ' or ["2026-01-01T12:00:00Z", "2026-01-01T18:00:00+02:00"].'
)


@dataclass(frozen=True)
class Span:
    """What a question is about: days of a site and, where it is about times of day, those."""

    days: Range
    within: Moments | None = None

    @property
    def interval(self) -> str:
        """The interval that suits it."""
        if self.within is not None and self.within.last - self.within.first <= TWO_DAYS:
            return "hour"
        return "hour" if self.days.days == 1 else "day" if self.days.days <= 366 else "month"


def span_of(within: Moments, site: Site) -> Span:
    """Two times, and the site's days that they are in."""
    first, last = (local_day(site.timezone, at) for at in (within.first, within.last))
    return Span(Range(first, last), within)


def read_span(value: Any, site: Site, now: float, since: int | None) -> Span:
    """A `date_range`; InputError when it is none. `since`: the site's first day."""
    if value == "24h":
        return span_of(Moments(int(now) - DAY, int(now)), site)
    if isinstance(value, list):
        return _read_pair(value, site, "date_range")
    return Span(read_range(value, local_day(site.timezone, now), since))


def _read_pair(value: Any, site: Site, parameter: str) -> Span:
    """Two days, or two times with an offset."""
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, str) for one in value):
        raise InputError(parameter, "names no range", hint=HINT)
    if all("T" in one or " " in one for one in value):
        first, last = (_read_time(one, parameter) for one in value)
        found = span_of(Moments(first, last), site)
    else:
        first, last = (read_day(parameter, one, HINT) for one in value)
        found = Span(Range(first, last))
    if last < first:
        raise InputError(parameter, "ends before it begins")
    return found


def _read_time(text: str, parameter: str) -> int:
    """Seconds since 1970, of a time as ISO 8601 has it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(parameter, f"{text[:40]!r} is not a time", hint=HINT) from None
    if found.tzinfo is None:
        hint = "End it with Z, or with an offset such as +02:00."
        raise InputError(parameter, f"{text[:40]!r} does not say in which zone", hint=hint)
    seconds = int(found.timestamp() // 1)
    if not FIRST_DAY <= seconds // DAY <= LAST_DAY:
        hint = f"Days are of {to_date(FIRST_DAY).year} to {to_date(LAST_DAY).year}."
        raise InputError(parameter, f"{text[:40]!r} is too far away", hint=hint)
    return seconds


def write_span(span: Span, site: Site) -> list[str]:
    """The two days, or the two times by the site's clocks."""
    if span.within is None:
        return [to_date(day).isoformat() for day in (span.days.first, span.days.last)]
    zone = find_zone(site.timezone)
    ends = (span.within.first, span.within.last)
    return [datetime.fromtimestamp(at, UTC).astimezone(zone).isoformat() for at in ends]


def read_range(value: Any, today: int, since: int | None, parameter: str = "date_range") -> Range:
    """Days by one word; InputError when it is none."""
    if not isinstance(value, str):
        raise InputError(parameter, "names no range", hint=HINT)
    if value == "day":
        return Range(today, today)
    if value == "all":
        return Range(min(today, today if since is None else since), today)
    if value == "month":
        return Range(month_start(month_of(today)), today)
    if value == "year":
        return Range(to_day(to_date(today).replace(month=1, day=1)), today)
    number, unit = value.rstrip("dmo"), value.lstrip("0123456789")
    if number.isascii() and number.isdigit() and len(number) < 5 and int(number):
        if unit == "d":
            return Range(today - int(number) + 1, today)
        if unit == "mo" and int(number) < 1_000:
            return Range(month_start(month_of(today) - int(number) + 1), today)
    raise InputError(parameter, f"{value[:40]!r} is not a range", hint=HINT)


# Version 1, which asks by the query of an address

V1_PERIODS = {"day": "day", "7d": "7d", "30d": "30d", "month": "month", "6mo": "6mo", "12mo": "12mo"}


def read_v1_range(known: Mapping[str, str], today: int) -> Range:
    """The days of `period` and `date`; InputError when they are none."""
    period, text = known.get("period", "30d"), known.get("date", "")
    if period == "custom":
        days = [read_day("date", one, "Such as date=2026-01-01,2026-01-31.") for one in text.split(",")]
        if len(days) != 2:
            raise InputError("date", "names no two days", hint="Such as date=2026-01-01,2026-01-31.")
        if days[1] < days[0]:
            raise InputError("date", "ends before it begins")
        return Range(*days)
    if period not in V1_PERIODS:
        hint = "One of " + ", ".join((*V1_PERIODS, "custom"))
        raise InputError("period", f"{period[:40]!r} is not a period", hint=hint)
    end = read_day("date", text) if text else today
    if period == "month":
        return Range(month_start(month_of(end)), min(month_start(month_of(end) + 1) - 1, max(end, today)))
    return read_range(period, end, None)
