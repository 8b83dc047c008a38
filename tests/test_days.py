"""Each view falls into its site's local day, whatever the zone and whatever the clock does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from analytics.days import to_date
from analytics.instance import Instance
from analytics.model import Totals
from analytics.web.app import create_app

from .conftest import Clock, add_site
from .load import send_view


def at(text: str) -> float:
    """Seconds since 1970 of a time such as 2026-03-29T00:59:59Z."""
    return datetime.fromisoformat(text).timestamp()


def send_all(instance: Instance, clock: Clock, domain: str, times: Sequence[str], client: str = "") -> None:
    """One view at each time; of one visitor when `client` is given, else each of another."""
    app = create_app(instance)
    for number, text in enumerate(times):
        clock.now = at(text)
        answer = send_view(app, f"https://{domain}/", client=client or f"192.0.2.{number}")
        assert answer.status == 202


def totals(instance: Instance, domain: str) -> dict[str, Totals]:
    """Head figures by date, the same before and after folding, with what must hold of all of them."""
    site = instance.registry.find(domain)
    assert site is not None
    found = instance.reader.totals_by_day(site.id, 0, 100_000)
    instance.fold()
    assert instance.reader.totals_by_day(site.id, 0, 100_000) == found
    count = instance.reader.site_count(site.id)
    assert sum(day.views for day in found.values()) == count.views
    assert sum(day.visitors for day in found.values()) == count.visitors
    for day in found.values():
        assert day.views >= day.visits >= day.visitors >= 0
        assert day.duration >= 0
    assert [text for text in instance.reader.differences() if text] == []
    return {str(to_date(day)): figures for day, figures in found.items()}


def views(found: dict[str, Totals]) -> dict[str, int]:
    """Views by date."""
    return {date: figures.views for date, figures in found.items()}


# Zone, what it is about, then each time in UTC and the local date it belongs to.
MIDNIGHTS = [
    (
        "UTC",
        "29 February",
        {
            "2028-02-28T23:59:59Z": "2028-02-28",
            "2028-02-29T00:00:00Z": "2028-02-29",
            "2028-02-29T23:59:59Z": "2028-02-29",
            "2028-03-01T00:00:00Z": "2028-03-01",
        },
    ),
    (
        "UTC",
        "no 29 February",
        {"2026-02-28T23:59:59Z": "2026-02-28", "2026-03-01T00:00:00Z": "2026-03-01"},
    ),
    (
        "Europe/London",
        "day of 23 hours",
        {
            "2026-03-28T23:59:59Z": "2026-03-28",
            "2026-03-29T00:00:00Z": "2026-03-29",
            "2026-03-29T01:00:00Z": "2026-03-29",
            "2026-03-29T22:59:59Z": "2026-03-29",
            "2026-03-29T23:00:00Z": "2026-03-30",
        },
    ),
    (
        "Europe/London",
        "day of 25 hours",
        {
            "2026-10-24T22:59:59Z": "2026-10-24",
            "2026-10-24T23:00:00Z": "2026-10-25",
            "2026-10-25T00:30:00Z": "2026-10-25",
            "2026-10-25T01:30:00Z": "2026-10-25",
            "2026-10-25T23:59:59Z": "2026-10-25",
            "2026-10-26T00:00:00Z": "2026-10-26",
        },
    ),
    (
        "America/New_York",
        "day of 25 hours",
        {
            "2026-11-01T03:59:59Z": "2026-10-31",
            "2026-11-01T04:00:00Z": "2026-11-01",
            "2026-11-02T04:59:59Z": "2026-11-01",
            "2026-11-02T05:00:00Z": "2026-11-02",
        },
    ),
    (
        "America/Santiago",
        "a day without a midnight",
        {
            "2026-09-06T03:59:59Z": "2026-09-05",
            "2026-09-06T04:00:00Z": "2026-09-06",
            "2026-09-07T02:59:59Z": "2026-09-06",
            "2026-09-07T03:00:00Z": "2026-09-07",
        },
    ),
    (
        "Australia/Lord_Howe",
        "half an hour back",
        {
            "2026-04-04T12:59:59Z": "2026-04-04",
            "2026-04-04T13:00:00Z": "2026-04-05",
            "2026-04-05T13:29:59Z": "2026-04-05",
            "2026-04-05T13:30:00Z": "2026-04-06",
        },
    ),
    (
        "Pacific/Kiritimati",
        "UTC+14",
        {"2026-01-01T09:59:59Z": "2026-01-01", "2026-01-01T10:00:00Z": "2026-01-02"},
    ),
    ("Etc/GMT+12", "UTC-12", {"2026-01-01T11:59:59Z": "2025-12-31", "2026-01-01T12:00:00Z": "2026-01-01"}),
    ("Asia/Kolkata", ":30", {"2026-01-01T18:29:59Z": "2026-01-01", "2026-01-01T18:30:00Z": "2026-01-02"}),
    ("Asia/Kathmandu", ":45", {"2026-01-01T18:14:59Z": "2026-01-01", "2026-01-01T18:15:00Z": "2026-01-02"}),
    (
        "Pacific/Chatham",
        ":45 in summer",
        {"2026-01-01T10:14:59Z": "2026-01-01", "2026-01-01T10:15:00Z": "2026-01-02"},
    ),
]


@pytest.mark.parametrize(
    ("zone", "times"),
    [(zone, times) for zone, _, times in MIDNIGHTS],
    ids=[f"{zone}: {what}" for zone, what, _ in MIDNIGHTS],
)
def test_a_view_belongs_to_its_local_day(
    instance: Instance, clock: Clock, zone: str, times: dict[str, str]
) -> None:
    add_site(instance, "days.example", timezone=zone)
    send_all(instance, clock, "days.example", list(times))
    expected = {date: list(times.values()).count(date) for date in times.values()}
    assert views(totals(instance, "days.example")) == expected
    # What is closed and rolled up must say the same.
    clock.now += 70 * 86_400
    assert instance.rollup() > 0
    assert views(totals(instance, "days.example")) == expected


def test_a_visit_ends_with_its_local_day(instance: Instance, clock: Clock) -> None:
    add_site(instance, "days.example", timezone="Asia/Kathmandu")
    times = ["2026-01-01T18:05:00Z", "2026-01-01T18:14:59Z", "2026-01-01T18:15:00Z", "2026-01-01T18:20:00Z"]
    send_all(instance, clock, "days.example", times, client="192.0.2.9")
    assert totals(instance, "days.example") == {
        "2026-01-01": Totals(views=2, visits=1, visitors=1, bounces=0, duration=599),
        "2026-01-02": Totals(views=2, visits=1, visitors=1, bounces=0, duration=300),
    }


def test_a_visit_over_the_end_of_summer_time_is_as_long_as_it_was(instance: Instance, clock: Clock) -> None:
    add_site(instance, "days.example", timezone="Europe/London")
    # 01:50 summer time, then 01:05 winter time: a quarter of an hour later.
    times = ["2026-10-25T00:50:00Z", "2026-10-25T01:05:00Z"]
    send_all(instance, clock, "days.example", times, client="192.0.2.9")
    assert totals(instance, "days.example") == {"2026-10-25": Totals(2, 1, 1, 0, 900)}


# The clock is set back by an hour.


def test_back_over_midnight_each_view_stays_in_its_day(instance: Instance, clock: Clock) -> None:
    times = ["2026-05-01T23:30:00Z", "2026-05-02T00:30:00Z", "2026-05-01T23:31:00Z", "2026-05-02T00:31:00Z"]
    send_all(instance, clock, "example.com", times, client="192.0.2.9")
    assert totals(instance, "example.com") == {
        "2026-05-01": Totals(2, 1, 1, 0, 60),
        "2026-05-02": Totals(2, 1, 1, 0, 60),
    }


def test_back_within_a_visit_no_time_is_negative(instance: Instance, clock: Clock) -> None:
    times = ["2026-05-01T12:00:00Z", "2026-05-01T11:00:00Z", "2026-05-01T11:20:00Z", "2026-05-01T11:40:00Z"]
    for number, text in enumerate(times, start=1):
        send_all(instance, clock, "example.com", [text], client="192.0.2.9")
        assert totals(instance, "example.com")["2026-05-01"].views == number
    assert totals(instance, "example.com") == {"2026-05-01": Totals(4, 1, 1, 0, 3_600)}


def test_back_into_a_day_that_was_closed_the_view_is_counted(instance: Instance, clock: Clock) -> None:
    send_all(instance, clock, "example.com", ["2026-04-30T23:00:00Z"], client="192.0.2.9")
    instance.fold()
    clock.now = at("2026-05-02T12:00:00Z")
    assert instance.rollup() == 2  # the day and its month
    send_all(instance, clock, "example.com", ["2026-04-30T23:10:00Z"], client="192.0.2.9")
    assert totals(instance, "example.com") == {"2026-04-30": Totals(2, 1, 1, 0, 600)}
    clock.now = at("2026-05-02T12:00:00Z")
    assert instance.rollup() == 2
    assert totals(instance, "example.com") == {"2026-04-30": Totals(2, 1, 1, 0, 600)}


def test_a_site_that_moves_to_another_zone_keeps_its_days(instance: Instance, clock: Clock) -> None:
    site = add_site(instance, "days.example", timezone="Pacific/Kiritimati")
    send_all(instance, clock, "days.example", ["2026-01-01T10:00:00Z"])
    moved = {name: getattr(site, name) for name in ("id", "domain", "aliases", "hosts")}
    from analytics.model import Site

    instance.write(lambda store: store.save_site(Site(**moved, timezone="Etc/GMT+12"), clock()))
    instance.reload_sites()
    send_all(instance, clock, "days.example", ["2026-01-01T10:00:01Z"])
    assert views(totals(instance, "days.example")) == {"2026-01-02": 1, "2025-12-31": 1}
