"""With which days, and times of day, a program's question is compared."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from analytics.days import to_day
from analytics.errors import InputError
from analytics.model import Moments, Range, Site
from analytics.spans import Comparison, Span, compare, read_comparison, read_span, span_of, write_span

from .test_breakdown import moment

SITE = Site(id=1, domain="example.com", timezone="America/New_York")


def day(text: str) -> int:
    return to_day(date.fromisoformat(text))


@pytest.mark.parametrize(
    ("first", "last", "today", "asked", "expected"),
    [
        # Of a month that is not over, the days that are.
        ("2023-03-01", "2023-03-31", "2023-03-02", "previous_period", ("2023-02-27", "2023-02-28")),
        ("2023-03-01", "2023-03-31", "2023-03-01", "previous_period", ("2023-02-28", "2023-02-28")),
        ("2023-03-05", "2023-03-31", "2023-03-01", "previous_period", ("2023-03-04", "2023-03-04")),
        # The next such weekday is the range's own first day: the one before it.
        ("2023-03-01", "2023-03-31", "2023-03-02", "previous_period weekday", ("2023-02-22", "2023-02-23")),
        ("2023-02-01", "2023-02-28", "2023-03-01", "previous_period weekday", ("2023-01-04", "2023-01-31")),
        ("2023-01-01", "2023-01-31", "2023-03-01", "previous_period weekday", ("2022-12-04", "2023-01-03")),
        ("2023-01-01", "2023-01-07", "2023-03-01", "previous_period", ("2022-12-25", "2022-12-31")),
        ("2023-02-01", "2023-02-28", "2023-03-01", "year_over_year", ("2022-02-01", "2022-02-28")),
        # As many days, whatever leap years make of them.
        ("2020-02-01", "2020-02-29", "2023-03-01", "year_over_year", ("2019-02-01", "2019-03-01")),
        ("2020-02-29", "2020-03-01", "2023-03-01", "year_over_year", ("2019-02-28", "2019-03-01")),
        ("2021-02-25", "2021-03-03", "2023-03-01", "year_over_year", ("2020-02-25", "2020-03-02")),
        ("2023-01-01", "2023-12-31", "2023-03-01", "year_over_year weekday", ("2022-01-02", "2022-03-02")),
    ],
)
def test_days_before(first: str, last: str, today: str, asked: str, expected: tuple[str, str]) -> None:
    mode, _, weekday = asked.partition(" ")
    with_what = read_comparison({"mode": mode, "match_day_of_week": bool(weekday)}, SITE)
    found = compare(Span(Range(day(first), day(last))), with_what, SITE, day(today))
    assert tuple(write_span(found, SITE)) == expected


@pytest.mark.parametrize(
    ("first", "last", "asked", "expected"),
    [
        # In UTC, of a site whose clocks went forward on the 12th of March.
        ("2023-03-14T18:30", "2023-03-15T18:30", "previous_period", ("2023-03-13T18:30", "2023-03-14T18:30")),
        (
            "2023-03-14T18:30",
            "2023-03-15T18:30",
            "previous_period weekday",
            ("2023-03-07T19:30", "2023-03-08T19:30"),
        ),
        ("2023-03-14T18:30", "2023-03-15T18:30", "year_over_year", ("2022-03-14T18:30", "2022-03-15T18:30")),
        (
            "2023-03-14T18:30",
            "2023-03-15T18:30",
            "year_over_year weekday",
            ("2022-03-15T18:30", "2022-03-16T18:30"),
        ),
        ("2023-03-14T12:00", "2023-03-14T16:00", "previous_period", ("2023-03-13T12:00", "2023-03-13T16:00")),
        ("2023-03-14T12:00", "2023-03-16T16:00", "previous_period", ("2023-03-11T13:00", "2023-03-13T16:00")),
        (
            "2023-03-14T12:00",
            "2023-03-24T12:00",
            "previous_period weekday",
            ("2023-02-28T13:00", "2023-03-10T13:00"),
        ),
        ("2020-02-29T12:00", "2020-02-29T13:00", "year_over_year", ("2019-02-28T12:00", "2019-02-28T13:00")),
    ],
)
def test_times_before(first: str, last: str, asked: str, expected: tuple[str, str]) -> None:
    mode, _, weekday = asked.partition(" ")
    with_what = read_comparison({"mode": mode, "match_day_of_week": bool(weekday)}, SITE)
    found = compare(span_of(Moments(moment(first), moment(last)), SITE), with_what, SITE, day("2030-01-01"))
    assert found == span_of(Moments(moment(expected[0]), moment(expected[1])), SITE)


BERLIN = Site(id=2, domain="example.de", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("first", "last", "asked", "expected"),
    [
        # A day of 23 hours, and one of 25.
        (
            "2025-03-30T00:00:00+01:00",
            "2025-03-31T00:00:00+02:00",
            "previous_period",
            ("2025-03-29T00:00:00+01:00", "2025-03-30T00:00:00+01:00"),
        ),
        (
            "2025-10-26T00:00:00+02:00",
            "2025-10-27T00:00:00+01:00",
            "previous_period",
            ("2025-10-25T00:00:00+02:00", "2025-10-26T00:00:00+02:00"),
        ),
        # The day after each of them.
        (
            "2025-03-31T08:00:00+02:00",
            "2025-03-31T12:00:00+02:00",
            "previous_period weekday",
            ("2025-03-24T08:00:00+01:00", "2025-03-24T12:00:00+01:00"),
        ),
        (
            "2025-10-27T08:00:00+01:00",
            "2025-10-29T12:00:00+01:00",
            "previous_period",
            ("2025-10-24T08:00:00+02:00", "2025-10-26T12:00:00+01:00"),
        ),
        # A year before, summer time began a day later.
        (
            "2025-03-30T12:00:00+02:00",
            "2025-03-30T18:00:00+02:00",
            "year_over_year",
            ("2024-03-30T12:00:00+01:00", "2024-03-30T18:00:00+01:00"),
        ),
        # In the hour that is lived twice, the clocks of the last second are before those of the first.
        (
            "2025-10-26T02:50:00+02:00",
            "2025-10-26T02:10:00+01:00",
            "previous_period",
            ("2025-10-25T02:50:00+02:00", "2025-10-25T02:50:00+02:00"),
        ),
    ],
)
def test_times_before_are_those_of_the_clocks(
    first: str, last: str, asked: str, expected: tuple[str, str]
) -> None:
    mode, _, weekday = asked.partition(" ")
    with_what = read_comparison({"mode": mode, "match_day_of_week": bool(weekday)}, BERLIN)
    found = compare(read_span([first, last], BERLIN, 0, None), with_what, BERLIN, day("2030-01-01"))
    assert tuple(write_span(found, BERLIN)) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # By the clocks these 24 hours are 25: the same times of day end two days before.
        (
            "2025-03-31T00:30:00+02:00",
            ("2025-03-27T23:30:01+01:00", "2025-03-29T00:30:00+01:00"),
        ),
        (
            "2025-10-26T12:00:00+01:00",
            ("2025-10-24T13:00:01+02:00", "2025-10-25T12:00:00+02:00"),
        ),
        (
            "2025-06-02T12:00:00+02:00",
            ("2025-05-31T12:00:01+02:00", "2025-06-01T12:00:00+02:00"),
        ),
    ],
)
def test_the_24_hours_before_share_no_second_with_the_last(now: str, expected: tuple[str, str]) -> None:
    span = read_span("24h", BERLIN, datetime.fromisoformat(now).timestamp(), None)
    found = compare(span, Comparison("previous_period"), BERLIN, day("2030-01-01"))
    assert tuple(write_span(found, BERLIN)) == expected
    assert span.within is not None
    assert found.within is not None
    assert span.within.last - span.within.first == 86_399
    assert found.within.last < span.within.first


def test_what_is_asked_for_is_compared_with() -> None:
    for pair in (["2022-05-25", "2022-05-30"], ["2022-05-25T00:00:00-04:00", "2022-05-25T12:00:00-04:00"]):
        with_what = read_comparison({"mode": "custom", "date_range": pair}, SITE)
        found = compare(Span(Range(day("2023-01-01"), day("2023-01-07"))), with_what, SITE, day("2023-03-01"))
        assert write_span(found, SITE) == pair
        assert found == read_span(pair, SITE, 0, None)


@pytest.mark.parametrize(
    "value",
    [
        "previous_period",
        [],
        {},
        {"mode": "week"},
        {"mode": ["custom"]},
        {"mode": "custom"},
        {"mode": "custom", "date_range": "7d"},
        {"mode": "custom", "date_range": ["2022-05-25"]},
        {"mode": "custom", "date_range": ["2022-05-25", "2022-05-24"]},
        {"mode": "previous_period", "date_range": ["2022-05-25", "2022-05-26"]},
        {"mode": "previous_period", "match_day_of_week": "yes"},
        {"mode": "previous_period", "weekday": True},
    ],
)
def test_what_is_no_comparison_is_told(value: Any) -> None:
    with pytest.raises(InputError) as error:
        read_comparison(value, SITE)
    assert error.value.field == "include"
