"""Which days, or times of day, a program's question is about, and with which it is compared.

Facts of the format: https://plausible.io/docs/stats-api. Ranges end today, which counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .days import (
    FIRST_DAY,
    LAST_DAY,
    find_zone,
    local_day,
    month_of,
    month_start,
    read_day,
    to_date,
    to_day,
    year_before,
)
from .errors import InputError
from .model import Moments, Range, Site
from .periods import ALL_TIME, range_of
from .periods import BY_NAME as PERIODS

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


def read_span(value: Any, site: Site, now: float, since: int | None, until: int | None = None) -> Span:
    """A `date_range`; InputError when it is none. `since`, `until`: the site's first and last day with a
    view."""
    if value == "24h":
        # Both ends are in it: so many seconds, none of which is of the day before, too.
        return span_of(Moments(int(now) - DAY + 1, int(now)), site)
    if isinstance(value, list):
        return _read_pair(value, site, "date_range")
    today = local_day(site.timezone, now)
    if value == ALL_TIME:
        return Span(range_of(PERIODS[ALL_TIME], today, since, until))
    return Span(read_range(value, today))


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


def read_range(value: Any, today: int, parameter: str = "date_range") -> Range:
    """The days of one word, but of all time, that end today; InputError when it is none."""
    if not isinstance(value, str):
        raise InputError(parameter, "names no range", hint=HINT)
    if value == "day":
        return Range(today, today)
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
    return read_range(period, end)


# With what it is compared

MODES = ("previous_period", "year_over_year", "custom")


@dataclass(frozen=True)
class Comparison:
    """With what a question's answer is compared, as it was asked."""

    mode: str
    match_day_of_week: bool = False
    custom: Span | None = None


def read_comparison(value: Any, site: Site) -> Comparison:
    """`comparisons` of a question's `include`; InputError when it is none."""
    hint = 'Such as {"mode": "year_over_year"}, or {"mode": "custom", "date_range": […]}.'
    if not isinstance(value, dict) or not set(value) <= {"mode", "match_day_of_week", "date_range"}:
        raise InputError("include", "has comparisons that are none", hint=hint)
    mode, by_weekday = value.get("mode"), value.get("match_day_of_week", False)
    if mode not in MODES:
        raise InputError("include", "has comparisons without a mode", hint="One of " + ", ".join(MODES))
    if not isinstance(by_weekday, bool):
        raise InputError("include", "has a match_day_of_week that is neither true nor false", hint=hint)
    if (mode == "custom") != ("date_range" in value):
        raise InputError("include", "has comparisons whose date_range and mode do not fit", hint=hint)
    custom = _read_pair(value["date_range"], site, "include") if mode == "custom" else None
    return Comparison(mode, by_weekday, custom)


def compare(span: Span, with_what: Comparison, site: Site, today: int) -> Span:
    """The span that another is compared with. Of days that have not come nothing is compared."""
    if with_what.custom is not None:
        return with_what.custom
    if span.within is not None:
        return _compare_times(span.within, with_what, site)
    first = span.days.first
    days = max(min(span.days.last, today) - first + 1, 1)
    begin = first - days if with_what.mode == "previous_period" else year_before(first)
    if with_what.match_day_of_week:
        later = _to_weekday_of(first, begin)
        begin = later - 7 if later == first else later
    return Span(Range(begin, begin + days - 1))


def _compare_times(within: Moments, with_what: Comparison, site: Site) -> Span:
    """The same times of day, as many whole days before as the range is long, or a year."""
    zone = find_zone(site.timezone)
    first, last = (datetime.fromtimestamp(at, zone) for at in (within.first, within.last))
    if with_what.mode == "previous_period":
        step = 7 if with_what.match_day_of_week else 1
        # Between two times of one zone Python goes by its clocks, on which a day that is an hour longer,
        # or shorter, has 24 hours like all others.
        days = max(-((first - last) // timedelta(days=step)), 1) * step
    else:
        days = to_day(first.date()) - year_before(to_day(first.date()))
        if with_what.match_day_of_week:
            days -= days % 7
    then = [int((at - timedelta(days=days)).timestamp()) for at in (first, last)]
    # In the hour that is lived twice the clocks may show the last second as the earlier one.
    return span_of(Moments(then[0], max(then)), site)


def _to_weekday_of(day: int, begin: int) -> int:
    """The first day, from one on, that has the weekday of another."""
    return begin + (day - begin) % 7


def change_of(metric: str, now: float | None, then: float | None) -> float | None:
    """By how many per cent a metric moved; bounce and conversion rate, by how many points."""
    if now is None or then is None:
        return None
    if metric == "bounce_rate":
        return now - then if then else None
    if metric == "conversion_rate":
        return round(now - then, 1)
    return round(100 * (now - then) / then) if then else 100 if now else 0
