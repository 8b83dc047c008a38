"""The ranges of days that a summary can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from .days import month_of, month_start, read_day, to_date, to_day
from .errors import InputError
from .language import N_
from .model import Range

ALL_TIME = "all"
CUSTOM = "custom"


@dataclass(frozen=True)
class Period:
    """A range by name: a number of days or of calendar months that ends today, or all time."""

    name: str
    label: str
    days: int = 0
    months: int = 0
    ends: int = 0
    """Days before today on which it ends."""
    is_year: bool = False
    """The calendar year up to today."""
    span: Range | None = None
    """Days that somebody chose."""

    @property
    def has_before(self) -> bool:
        """Whether there is a period of that length before it; all time has none."""
        return self.name != ALL_TIME


PERIODS: tuple[Period, ...] = (
    Period("today", N_("Today"), days=1),
    Period("7d", N_("7 days"), days=7),
    Period("30d", N_("30 days"), days=30),
    Period("90d", N_("90 days"), days=90),
    Period("12mo", N_("12 months"), months=12),
    Period("all", N_("All time")),
)

MORE_PERIODS: tuple[Period, ...] = (
    Period("yesterday", N_("Yesterday"), days=1, ends=1),
    Period("month", N_("This month"), months=1),
    Period("6mo", N_("6 months"), months=6),
    Period("year", N_("This year"), is_year=True),
)
"""Known by name, and not among the links of a page."""

BY_NAME: Mapping[str, Period] = {period.name: period for period in (*PERIODS, *MORE_PERIODS)}
DEFAULT = BY_NAME["30d"]


def find_period(name: str) -> Period:
    """The period of that name; InputError when there is none."""
    period = BY_NAME.get(name)
    if period is None:
        hint = "Use one of " + ", ".join(BY_NAME) + "."
        raise InputError("period", f"{name!r} is not a period", hint=hint)
    return period


def range_of(period: Period, today: int, first_day: int | None, last_day: int | None = None) -> Range:
    """The days of a period that ends today. `first_day` and `last_day` are the site's with a view.

    All time ends with the last day, be it after today: a clock was ahead, and counters show those views.
    Twelve months are the current calendar month and the eleven before it. Of days that somebody chose those
    to come are left out, for nothing can be said of them, nor compared with them.
    """
    if period.span is not None:
        latest = max(today, today if last_day is None else last_day)
        is_begun = period.span.first <= latest < period.span.last
        return Range(period.span.first, latest) if is_begun else period.span
    if period.days:
        return Range(today - period.ends - period.days + 1, today - period.ends)
    if period.is_year:
        return Range(to_day(to_date(today).replace(month=1, day=1)), today)
    if period.months:
        return Range(month_start(month_of(today) - period.months + 1), today)
    return Range(
        min(today, today if first_day is None else first_day),
        max(today, today if last_day is None else last_day),
    )


def custom_period(first: int, last: int) -> Period:
    """The period from one day to another, both in it; InputError when the last is before the first."""
    if last < first:
        raise InputError("to", "is before the first day")
    label = f"{to_date(first)} – {to_date(last)}" if last > first else f"{to_date(first)}"
    return Period(CUSTOM, label, span=Range(first, last))


def shift_range(period: Period, span: Range, today: int, steps: int) -> Range:
    """The range as long as one, so many of it later: whole months after whole months, else as many days.

    `span` are the days of the period. From the first of a month up to today is whole months, too: those
    that began, or a year; but not for a period of so many days, which may happen to begin with a month.
    """
    first, last = to_date(span.first), span.last
    if not period.days and first.day == 1 and (to_date(last + 1).day == 1 or last == today):
        months = 12 if period.is_year else month_of(last) - month_of(span.first) + 1
        start = month_of(span.first) + steps * months
        return Range(month_start(start), min(month_start(start + months) - 1, max(today, span.last)))
    return Range(span.first + steps * span.days, last + steps * span.days)


def name_range(span: Range, today: int) -> Period:
    """The period of these days, by its name where it is today or yesterday."""
    if span.days == 1 and 0 <= today - span.last <= 1:
        return BY_NAME["yesterday" if today - span.last else "today"]
    return custom_period(span.first, span.last)


WINDOWS = (ALL_TIME, "today", "yesterday", "7d", "30d", "90d", "365d", "12mo")
"""The ranges by name that a counter can be asked for; besides them `since:2024-05-01`."""


def read_window(text: str, today: int) -> Range | None:
    """The days of a counter's window that ends today; None for all time. InputError for no window.

    Since a day to come is that day alone, on which nothing was seen.
    """
    if text in ("", ALL_TIME):
        return None
    if text == "yesterday":
        return Range(today - 1, today - 1)
    if text == "365d":
        return Range(today - 364, today)
    if text in BY_NAME:
        return range_of(BY_NAME[text], today, None)
    if text.startswith("since:"):
        with suppress(InputError):
            first = read_day("period", text.removeprefix("since:"))
            return Range(first, max(first, today))
    hint = f"Use one of {', '.join(WINDOWS)}, or since:2024-05-01."
    raise InputError("period", f"{text[:40]!r} is not a period", hint=hint)
