"""How numbers, days and changes are written for people."""

from __future__ import annotations

from datetime import date

import pytest

from analytics import wording
from analytics.days import to_day


@pytest.mark.parametrize(
    ("filter_name", "given", "text"),
    [
        ("number", (0,), "0"),
        ("number", (1_234_567,), "1,234,567"),
        ("plural", (0, "view"), "0 views"),
        ("plural", (1, "view"), "1 view"),
        ("plural", (1_234, "other page"), "1,234 other pages"),
        ("percent", (None,), "–"),
        ("percent", (0.425,), "42%"),
        ("share", (0, 0), "–"),
        ("share", (0, 10), "0%"),
        ("share", (1, 1_000), "<1%"),
        ("share", (1, 8), "12%"),
        ("length_of", (1, 8), "12.50%"),
        ("length_of", (0, 0), "0%"),
        ("seconds", (None,), "–"),
        ("seconds", (0.4,), "0s"),
        ("seconds", (59.6,), "1m 00s"),
        ("seconds", (185,), "3m 05s"),
        ("seconds", (3_725,), "1h 02m"),
        ("zone", ("America/New_York",), "America/New York"),
        ("path", ("/a%20b/%23c%3Fd",), "/a b/#c?d"),
        ("path", ("/50%25/a%2Fb",), "/50%25/a%2Fb"),
        ("path", ("(other)",), "Pages over the daily limit of new pages"),
        ("host", ("",), "Direct or unknown"),
        ("host", ("example.org",), "example.org"),
        ("host", ("(other)",), "Hosts over the daily limit of new hosts"),
        (
            "sentence",
            ("password: is shorter than 10 characters",),
            "The password is shorter than 10 characters.",
        ),
        ("sentence", ("That is not the password.",), "That is not the password."),
        ("sentence", ("Too many: wait.",), "Too many: wait."),
    ],
)
def test_filters(filter_name: str, given: tuple[object, ...], text: str) -> None:
    assert wording.FILTERS[filter_name](*given) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2_500, "2,500"),
        (10_000, "10k"),
        (25_000, "25k"),
        (250_000, "250k"),
        (1_000_000, "1M"),
        (2_500_000, "2.5M"),
        (5_000_000_000, "5B"),
    ],
)
def test_compact(value: int, text: str) -> None:
    assert wording.compact(value) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (None, 5, ""),
        (5, None, ""),
        (5, 0, ""),
        (5, 5, "±0%"),
        (1_004, 1_000, "±0%"),
        (112, 100, "+12%"),
        (95, 100, "−5%"),
        (0, 100, "−100%"),
        (20_000, 10, "+199,900%"),
    ],
)
def test_change(now: float | None, before: float | None, text: str) -> None:
    assert wording.change(now, before) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (None, 0.5, ""),
        (0.5, None, ""),
        (0.5, 0.5, "±0 points"),
        (0.53, 0.52, "+1 point"),
        (0.53, 0.56, "−3 points"),
        (0.0, 1.0, "−100 points"),
        # As the rounded rates that are shown differ, so that nobody finds a mistake.
        (0.526, 0.524, "+1 point"),
    ],
)
def test_points(now: float | None, before: float | None, text: str) -> None:
    assert wording.points(now, before) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [(2.1, 1.9, "+0.2"), (1.86, 1.94, "±0.0"), (1.04, 2, "−1.0"), (None, 2, ""), (2, None, "")],
)
def test_tenths(now: float | None, before: float | None, text: str) -> None:
    assert wording.tenths(now, before) == text


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 11, 5), date(2026, 11, 5), "Thu 5 Nov 2026"),
        (date(2026, 11, 5), date(2026, 11, 11), "5–11 Nov 2026"),
        (date(2026, 10, 25), date(2026, 11, 23), "25 Oct – 23 Nov 2026"),
        (date(2025, 12, 1), date(2026, 11, 23), "1 Dec 2025 – 23 Nov 2026"),
        (date(2025, 11, 1), date(2026, 11, 23), "1 Nov 2025 – 23 Nov 2026"),
    ],
)
def test_days_between(first: date, last: date, text: str) -> None:
    assert wording.days_between(to_day(first), to_day(last)) == text


def test_dates() -> None:
    day = to_day(date(2026, 11, 5))
    assert wording.date(day) == "5 Nov 2026"
    assert wording.weekday(day) == "Thu 5 Nov 2026"
