"""Every metric by every dimension under many filters, against hits counted one by one in plain Python."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from msgspec.structs import astuple, replace

from analytics import filters
from analytics.breakdown import FIGURES, Grouping, Row, _combine, _Matrix, measure_stays, tabulate
from analytics.channels import classify
from analytics.columns import Figures
from analytics.days import local_day, to_date
from analytics.dimensions import ALL, BY_NAME, MORE, Level, write_property
from analytics.errors import InputError
from analytics.filters import (
    NO_FILTER,
    Condition,
    Done,
    Every,
    Filter,
    Some,
    Unless,
    condition,
    read_condition,
    write_condition,
)
from analytics.instance import Instance
from analytics.model import Campaign, Client, Hit, Kind, Moments, Place, Range, Site
from analytics.statsapi import METRICS

from .conftest import Clock

ZONE = "Europe/London"
START = int(datetime(2026, 3, 27, 22, tzinfo=UTC).timestamp())
"""The clocks go forward on the 29th; the month ends on the 31st."""
LAST = int(datetime(2026, 4, 3, 12, tzinfo=UTC).timestamp())
SPANS = (
    Range(local_day(ZONE, START), local_day(ZONE, LAST)),
    Range(local_day(ZONE, START) - 60, local_day(ZONE, LAST) + 5),
    Range(local_day(ZONE, START) + 2, local_day(ZONE, START) + 3),
)

CLIENTS = (
    Client(),
    Client("Firefox", "140", "Windows", "11", "desktop", "1440+", "example.com"),
    Client("Firefox", "140", "Windows", "11", "desktop", "1440+", "alias.example"),
    Client("Firefox", "139", "Windows", "11", "desktop", "1024-1439"),
    Client("Safari", "18.1", "iOS", "18.1", "mobile", "<576"),
)
PLACES = (
    Place(),
    Place("DE", "DE-BE", "Berlin", "AS3320 Telekom", "de"),
    Place("DE", "DE-BY", "Munich", "AS3320 Telekom", "en"),
    # A file that knows no codes.
    Place("DE", "Bayern", "Munich", "AS3320 Telekom", "en"),
    Place("FR", "", "", "AS12322 Free", "fr"),
)
NAMES = {"": "", "DE": "Germany", "FR": "France", "DE-BE": "Berlin", "DE-BY": "Bayern", "Bayern": "Bayern"}
CAMPAIGNS = (
    Campaign(),
    Campaign(),
    Campaign("letter", "email", "may", "top", "", ""),
    Campaign(click="gclid"),
)
PATHS = ("/", "/a", "/b", "/A/long", "/ü")
EVENTS = ("Signup", "Download")
PROPERTIES: tuple[dict[str, str | bool | float], ...] = (
    {},
    {"plan": "pro", "n": 3},
    {"plan": "free", "paid": True},
    {"a=b:c": "x%=y", "plan": "pro"},
)

FILTERS: tuple[Filter, ...] = (
    NO_FILTER,
    condition("browser", "is", ["Firefox"]),
    condition("browser", "is_not", ["Firefox", ""]),
    condition("country", "is", ["de"], is_exact=False),
    condition("city", "contains", ["i"]),
    condition("country_name", "is", ["germany"], is_exact=False),
    Some((condition("region_name", "is_not", ["Bayern"]), condition("page", "is", ["/a"]))),
    condition("exit_host", "is", ["example.com"]),
    condition("referrer", "contains_not", ["a."]),
    condition("page", "is", ["/a"]),
    condition("page", "is_not", ["/a"]),
    condition("page", "matches", ["^/a", "ü$"], is_exact=False),
    condition("entry", "matches_not", ["^/$"]),
    condition("event", "is", ["Signup"]),
    condition("event", "is_not", ["pageview"]),
    condition("prop.plan", "is", ["pro"]),
    condition("prop.plan", "is_not", ["pro"]),
    # An event without the property has no text for it, though there is a word.
    condition("prop.plan", "contains", ["o"]),
    condition("prop.plan", "contains_not", ["n"]),
    condition("prop.plan", "matches", ["^[^f]"]),
    condition("prop.plan", "is", ["(none)", "free"]),
    Done(condition("prop.paid", "is", ["true"])),
    condition("hour", "contains", [" 01:00"]),
    condition("utm_campaign", "is", ["may"]),
    condition(
        "day", "is", ["2026-03-29", "2026-10-25", "2026-04-05", "2026-03-08", "2025-12-31", "2026-02-28"]
    ),
    Every((condition("device", "is", ["desktop"]), condition("language", "is", ["de", "fr"]))),
    Every((condition("device", "is", ["desktop"]), condition("page", "is", ["/b"]))),
    Some((condition("page", "is", ["/b"]), condition("os", "is", ["iOS"]))),
    Unless(Some((condition("page", "is", ["/b"]), condition("country", "is", ["FR"])))),
    Done(condition("event", "is", ["Download"])),
    Unless(Done(condition("page", "is", ["/"]))),
    Every((Done(condition("page", "is", ["/"])), condition("page", "is_not", ["/"]))),
    Every((condition("browser", "is", ["nobody's"]),)),
    Some(()),
)

GROUPINGS = (
    Grouping(),
    *(Grouping((one.name,)) for one in (*ALL, *MORE)),
    Grouping(("country", "browser")),
    Grouping(("page", "device")),
    Grouping(("region_name", "page")),
    Grouping(("host", "exit_host")),
    Grouping(("day", "page")),
    Grouping(("event", "page")),
    Grouping(("event", "country")),
    Grouping(("prop.plan",)),
    Grouping(("prop.a%3Db%3Ac", "event")),
    Grouping(("page", "property", "device")),
    Grouping(("source", "entry", "month")),
)


def make_hits(zone: str = ZONE, start: int = START, last: int = LAST, visitors: int = 40) -> list[Hit]:
    """A few people with a few clients each; nobody does two things in one second."""
    dice = random.Random(7)
    found = []
    for visitor in range(visitors):
        client, place = dice.choice(CLIENTS), dice.choice(PLACES)
        at = start + dice.randrange(86_400)
        while at < last:
            campaign = dice.choice(CAMPAIGNS)
            host = dice.choice(["", "", "a.example", "news.example"])
            for _ in range(dice.choice([1, 1, 2, 5])):
                kind = dice.choice([Kind.VIEW] * 4 + [Kind.EVENT, Kind.QUIET_EVENT])
                if dice.random() < 0.1:
                    client = dice.choice(CLIENTS)
                name = "" if kind is Kind.VIEW else dice.choice(EVENTS)
                path = dice.choice(PATHS)
                day = local_day(zone, at)
                known = dice.choice(PROPERTIES) if name else {}
                detail = json.dumps(known) if known else None
                hit = Hit(1, day, at, visitor, int(kind), name, path, host, f"On {path}", None, detail)
                found.append(replace(hit, client=client, place=place, campaign=campaign))
                at += dice.choice([5, 60, 900])
            at += dice.choice([1_900, 30_000, 90_000])
    dice.shuffle(found)
    return found


# The oracle


class Visit:
    """Hits of a visitor in a row; knows the words of its first hit."""

    def __init__(self, hits: list[Hit], zone: str, within: Moments | None = None) -> None:
        self.hits = hits
        self.meant = [hit for hit in hits if within is None or within.first <= hit.at <= within.last]
        """Those that are in time."""
        self.zone = ZoneInfo(zone)
        first = hits[0]
        origin = classify(first.source, first.campaign)
        client, place, campaign = first.client, first.place, first.campaign
        self.words = {
            "source": origin.name,
            "channel": origin.channel,
            "medium": origin.medium,
            "referrer": first.source,
            "utm_source": campaign.source,
            "utm_medium": campaign.medium,
            "utm_campaign": campaign.name,
            "utm_content": campaign.content,
            "utm_term": campaign.term,
            "click": campaign.click,
            "browser": client.browser,
            "browser_version": f"{client.browser} {client.browser_version}".strip(),
            "os": client.os,
            "os_version": f"{client.os} {client.os_version}".strip(),
            "device": client.device,
            "screen": client.screen,
            "host": client.host,
            "country": place.country,
            "region": place.region,
            "city": place.city,
            "country_name": NAMES[place.country],
            "region_name": NAMES[place.region],
            "exit_host": hits[-1].client.host,
            "network": place.network,
            "language": place.language,
            "entry": first.path,
            "exit": hits[-1].path,
            "day": to_date(first.day).isoformat(),
            "week": (to_date(first.day) - timedelta(days=to_date(first.day).weekday())).isoformat(),
            "month": f"{to_date(first.day):%Y-%m-01}",
        }

        self.views = [hit for hit in hits if hit.kind == Kind.VIEW]
        self.inner: dict[tuple[int, str], str] = {}

    @property
    def is_bounce(self) -> bool:
        return len(self.views) == 1 and not any(hit.kind == Kind.EVENT for hit in self.hits)


def visits_of(hits: list[Hit], span: Range, zone: str = ZONE, within: Moments | None = None) -> list[Visit]:
    by_visitor: dict[tuple[int, int], list[Hit]] = defaultdict(list)
    for hit in hits:
        if span.first <= hit.day <= span.last:
            by_visitor[hit.day, hit.visitor].append(hit)
    found = []
    for some in by_visitor.values():
        some.sort(key=lambda hit: hit.at)
        cuts = [0, *(n for n, (a, b) in enumerate(pairwise(some), 1) if b.at - a.at >= 1_800), len(some)]
        found += [Visit(some[start:stop], zone, within) for start, stop in pairwise(cuts)]
    return found


def properties_of(hit: Hit) -> dict[str, str]:
    known = json.loads(hit.detail or "{}")
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in known.items()}


def labels_of(visit: Visit, hit: Hit, grouping: Grouping) -> Iterable[tuple[str, ...]]:
    if "property" not in grouping.dimensions:
        return [tuple([word_of(visit, hit, name) for name in grouping.dimensions])]
    words = (
        [write_property(*pair) for pair in properties_of(hit).items()]
        if name == "property"
        else [word_of(visit, hit, name)]
        for name in grouping.dimensions
    )
    return product(*words)


def word_of(visit: Visit, hit: Hit, name: str) -> str:
    if name in visit.words:
        return visit.words[name]
    known = visit.inner.get((id(hit), name))
    if known is None:
        known = visit.inner[id(hit), name] = make_word(visit, hit, name)
    return known


def make_word(visit: Visit, hit: Hit, name: str) -> str:
    if name.startswith("prop."):
        return properties_of(hit).get(unquote(name[5:]), "(none)")
    moment = datetime.fromtimestamp(hit.at, visit.zone)
    return {
        "page": hit.path,
        "title": f"On {hit.path}",
        "event": hit.name or "pageview",
        "hour": f"{moment:%Y-%m-%d %H:00}",
        "minute": f"{moment:%Y-%m-%d %H:%M}",
    }[name]


def is_about_events(tree: Filter) -> bool:
    """Whether it tells events from one another, so that one alone makes a visit count."""
    if isinstance(tree, Condition):
        return tree.dimension == "event" or tree.dimension.startswith("prop.")
    if isinstance(tree, Unless):
        return is_about_events(tree.part)
    return isinstance(tree, Every | Some) and any(map(is_about_events, tree.parts))


def is_of_visits(tree: Filter, visit: Visit) -> bool:
    """Whether it says what a visit is like, and nothing of what happened in it."""
    if isinstance(tree, Condition):
        return tree.dimension in visit.words
    if isinstance(tree, Unless):
        return is_of_visits(tree.part, visit)
    return not isinstance(tree, Every | Some) or all(is_of_visits(part, visit) for part in tree.parts)


def holds(tree: Filter, visit: Visit, hit: Hit) -> bool:
    if isinstance(tree, Every):
        return all(holds(part, visit, hit) for part in tree.parts)
    if isinstance(tree, Some):
        return any(holds(part, visit, hit) for part in tree.parts)
    if isinstance(tree, Unless):
        return not holds(tree.part, visit, hit)
    if isinstance(tree, Done):
        if is_of_visits(tree.part, visit):
            return holds(tree.part, visit, hit)
        is_by_events = is_about_events(tree.part)
        others = [other for other in visit.meant if is_by_events or other.kind == Kind.VIEW]
        return any(holds(tree.part, visit, other) for other in others)
    return meets(tree, word_of(visit, hit, tree.dimension))


def meets(one: Condition, word: str) -> bool:
    import re

    values = [*one.values]
    if not one.is_exact:
        word, values = word.casefold(), [value.casefold() for value in values]
    test: dict[str, Callable[[str], bool]] = {
        "is": lambda value: value == word,
        "contains": lambda value: word != "(none)" and value in word,
        "matches": lambda value: word != "(none)" and re.search(value, word) is not None,
    }
    return any(map(test[one.operator.removesuffix("_not")], values)) != one.operator.endswith("_not")


def choose(visits: list[Visit], tree: Filter) -> list[tuple[Visit, Hit]]:
    return [(visit, hit) for visit in visits for hit in visit.meant if holds(tree, visit, hit)]


Groups = dict[tuple[str, ...], list[tuple[Visit, Hit]]]


def group(chosen: list[tuple[Visit, Hit]], grouping: Grouping) -> Groups:
    """What was chosen, by the labels of a grouping: hits of both kinds, or what only events have."""
    groups: Groups = defaultdict(list)
    is_of_events = grouping.level is Level.EVENT
    for visit, hit in chosen:
        if hit.name or not is_of_events:
            for labels in labels_of(visit, hit, grouping):
                groups[labels].append((visit, hit))
    return groups


def counted_visits(pairs: list[tuple[Visit, Hit]], *, by_events: bool) -> list[Visit]:
    """Visits with a view that have one of some views, or (`by_events`) one of some events."""
    return [
        *{id(visit): visit for visit, hit in pairs if visit.views and (by_events or not hit.name)}.values()
    ]


def count(
    chosen: list[tuple[Visit, Hit]], grouping: Grouping, tree: Filter = NO_FILTER
) -> dict[tuple[str, ...], list[int]]:
    """Visitors, visits, views, bounces, duration, events of each group."""
    found = {}
    level = grouping.level
    by_events = level is Level.EVENT or is_about_events(tree)
    for labels, pairs in group(chosen, grouping).items():
        visits = counted_visits(pairs, by_events=by_events)
        of_visits = visits if level is Level.VISIT else []
        found[labels] = [
            len({(visit.hits[0].day, visit.hits[0].visitor) for visit in visits}),
            len(visits),
            sum(not hit.name for _, hit in pairs),
            sum(visit.is_bounce for visit in of_visits),
            sum(visit.hits[-1].at - visit.hits[0].at for visit in of_visits),
            sum(bool(hit.name) for _, hit in pairs),
        ]
    return found


def figures_of(rows: list[Row]) -> dict[tuple[str, ...], list[int]]:
    found = {
        row.labels: [row.visitors, row.visits, row.views, row.bounces, row.duration, row.events]
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def tell(figures: list[int], level: Level) -> dict[str, float]:
    """The metrics of the API that a group's figures say."""
    visitors, visits, views, bounces, duration, events = figures
    found: dict[str, float] = {
        "visitors": visitors,
        "visits": visits,
        "pageviews": views,
        "events": views + events,
    }
    if level is Level.VISIT:
        found |= {
            "bounce_rate": round(100 * bounces / visits) if visits else 0,
            "visit_duration": round(duration / visits) if visits else 0,
            "views_per_visit": round(views / visits, 2) if visits else 0,
        }
    return found


@pytest.fixture
def filled(instance: Instance, clock: Clock) -> tuple[Instance, list[Hit]]:
    instance.write(lambda store: store.save_site(Site(id=1, domain="example.com", timezone=ZONE), 0))
    instance.reload_sites()
    hits = make_hits()
    clock.now = LAST + 90_000
    return instance, hits


def stages(instance: Instance, hits: list[Hit]) -> Iterator[str]:
    """Nothing folded, half of it, all, and then with days closed and a month summed up."""
    half = len(hits) // 2
    instance.write(lambda store: store.write(hits[:half]))
    instance.fold()
    instance.write(lambda store: store.write(hits[half:]))
    yield "half folded"
    instance.fold()
    yield "folded"
    assert instance.rollup() > 2
    yield "rolled up"


def moment(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


CHANGES = [
    ("Europe/London", "2026-03-27T22:00", "2026-04-01T12:00"),
    ("Europe/London", "2026-10-23T22:00", "2026-10-26T12:00"),
    ("Australia/Lord_Howe", "2026-04-03T10:00", "2026-04-06T12:00"),
    ("America/St_Johns", "2026-03-07T01:00", "2026-03-09T12:00"),
    ("Asia/Kathmandu", "2025-12-30T12:00", "2026-01-02T01:00"),
    ("Pacific/Kiritimati", "2026-02-27T01:00", "2026-03-01T22:00"),
]
"""Clocks go forward, back, back by half an hour, forward (of a half), never (of three quarters, at +14)."""


@pytest.mark.parametrize(("zone", "start", "last"), CHANGES)
def test_every_grouping_under_every_filter_is_what_the_hits_say(
    instance: Instance, clock: Clock, zone: str, start: str, last: str
) -> None:
    instance.write(lambda store: store.save_site(Site(id=1, domain="example.com", timezone=zone), 0))
    instance.reload_sites()
    hits = make_hits(zone, moment(start), moment(last), 12)
    clock.now = moment(last) + 90_000
    days = Range(local_day(zone, moment(start)), local_day(zone, moment(last)))
    # All days, and those on which the clocks change.
    spans = (Range(days.first - 60, days.last + 5), Range(days.first + 1, days.first + 2))
    chosen = {
        (span, place): choose(visits_of(hits, span, zone), tree)
        for span in spans
        for place, tree in enumerate(FILTERS)
    }
    expected = {
        (span, place): {one: count(pairs, one, FILTERS[place]) for one in GROUPINGS}
        for (span, place), pairs in chosen.items()
    }
    assert sum(any(groups.values()) for groups in expected.values()) > len(expected) / 2
    site = instance.registry.sites[0]
    for stage in stages(instance, hits):
        if stage == "folded":
            continue
        for (span, place), want in expected.items():
            with instance.borrow_reader() as reader:
                found = tabulate(reader, site, span, GROUPINGS, FILTERS[place])
            for grouping in GROUPINGS:
                if grouping.dimensions or want[grouping]:
                    shown = figures_of(found[grouping])
                    assert shown == want[grouping], (stage, span, grouping, FILTERS[place])
                level = grouping.level
                for row in found[grouping]:
                    metrics = tell(want[grouping].get(row.labels, [0] * 6), level)
                    assert {name: METRICS[name](row) for name in metrics} == metrics
    with instance.borrow_reader() as reader:
        assert [text for text in reader.differences() if text] == []


WINDOWS = [
    # Two days that lie between others, and end at odd seconds; a day that an hour is missing of.
    ("Europe/London", "2026-03-27T22:00", "2026-04-01T12:00", "2026-03-28T13:59:07", "2026-03-30T09:00:05"),
    ("Europe/London", "2026-10-23T22:00", "2026-10-26T12:00", "2026-10-24T13:00:00", "2026-10-25T12:30:30"),
    ("Asia/Kathmandu", "2025-12-30T12:00", "2026-01-02T01:00", "2025-12-31T10:15:59", "2026-01-01T10:15:59"),
]


@pytest.mark.parametrize(("zone", "start", "last", "since", "until"), WINDOWS)
def test_between_two_times_everything_is_what_the_hits_say(
    instance: Instance, clock: Clock, zone: str, start: str, last: str, since: str, until: str
) -> None:
    instance.write(lambda store: store.save_site(Site(id=1, domain="example.com", timezone=zone), 0))
    instance.reload_sites()
    hits = make_hits(zone, moment(start), moment(last), 12)
    clock.now = moment(last) + 90_000
    edges = sorted(hit.at for hit in hits if moment(since) <= hit.at <= moment(until))
    # One ends with hits, which are in it, and has others just outside.
    windows = [Moments(moment(since), moment(until)), Moments(edges[1], edges[-2])]
    spans = [Range(local_day(zone, one.first), local_day(zone, one.last)) for one in windows]
    expected = {}
    for (number, within), (place, tree) in product(enumerate(windows), enumerate(FILTERS)):
        chosen = choose(visits_of(hits, spans[number], zone, within), tree)
        expected[number, place] = {one: count(chosen, one, tree) for one in GROUPINGS}
    site = instance.registry.sites[0]
    for stage in stages(instance, hits):
        for (number, place), want in expected.items():
            if number and stage != "rolled up":
                continue
            with instance.borrow_reader() as reader:
                found = tabulate(
                    reader, site, spans[number], GROUPINGS, FILTERS[place], within=windows[number]
                )
            for grouping in GROUPINGS:
                if grouping.dimensions or want[grouping]:
                    assert figures_of(found[grouping]) == want[grouping], (stage, number, grouping, place)


TIMES = Moments(START + 100_000, LAST - 70_000)
WINDOW = (Range(local_day(ZONE, TIMES.first), local_day(ZONE, TIMES.last)), TIMES)
STAY_FILTERS: tuple[Filter, ...] = (
    NO_FILTER,
    condition("page", "is", ["/a", "/b"]),
    condition("device", "is", ["desktop"]),
    condition("event", "is", ["Signup"]),
    Done(condition("event", "is", ["Signup"])),
    Every((Done(condition("page", "is", ["/"])), condition("page", "is_not", ["/"]))),
)
STAY_GROUPINGS = (
    Grouping(),
    *(Grouping((name,)) for name in ("page", "title", "entry", "day", "week", "country")),
    Grouping(("page", "browser")),
)


def test_how_pages_were_looked_at_is_what_the_reports_say(filled: tuple[Instance, list[Hit]]) -> None:
    instance, hits = filled
    dice = random.Random(8)
    # A report comes while its visit is on, or before anything else of that day.
    stays = [
        replace(hit, kind=int(Kind.ENGAGEMENT), name="", title="", detail=dice.choice(REPORTS), at=hit.at + 1)
        for hit in hits
        if hit.kind == Kind.VIEW and dice.random() < 0.7 and local_day(ZONE, hit.at + 1) == hit.day
    ]
    site = instance.registry.sites[0]
    for stage in stages(instance, hits + stays):
        for span, within in (*((one, None) for one in SPANS), WINDOW):
            # Whose visit it is: reports make one longer by a second at most, and bring no new one.
            visits = visits_of(hits + stays, span, ZONE, within)
            for tree in STAY_FILTERS:
                pairs = [pair for pair in choose(visits, tree) if pair[1].kind == Kind.ENGAGEMENT]
                for grouping in STAY_GROUPINGS:
                    with instance.borrow_reader() as reader:
                        found = measure_stays(reader, site, span, grouping, tree, within=within)
                    shown = {labels: astuple(stay) for labels, stay in found.items()}
                    assert shown == count_stays(pairs, grouping), (stage, span, grouping, tree)


REPORTS = ('{"e":3,"sd":20}', '{"e":40,"sd":90}', '{"sd":55}', '{"e":7}')


def count_stays(pairs: list[tuple[Visit, Hit]], grouping: Grouping) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Visits, seconds, visits with a depth, sum of their greatest depths, of each group of reports."""
    groups: dict[tuple[str, ...], dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for visit, hit in pairs:
        labels = tuple(word_of(visit, hit, name) for name in grouping.dimensions)
        groups[labels][id(visit)].append(json.loads(hit.detail or ""))
    found = {}
    for labels, by_visit in groups.items():
        depths = [max((one["sd"] for one in some if "sd" in one), default=None) for some in by_visit.values()]
        known = [depth for depth in depths if depth is not None]
        seconds = sum(one.get("e", 0) for some in by_visit.values() for one in some)
        found[labels] = (len(by_visit), seconds, len(known), sum(known))
    return found


def test_a_change_in_a_closed_day_is_seen_at_once(filled: tuple[Instance, list[Hit]]) -> None:
    instance, hits = filled
    late, early = hits[0], hits[1:]
    instance.write(lambda store: store.write(early))
    instance.fold()
    instance.rollup()
    instance.write(lambda store: store.write([late]))
    site, tree = instance.registry.sites[0], condition("device", "is", ["desktop"])
    for step in (lambda: None, instance.fold, instance.rollup):
        step()
        with instance.borrow_reader() as reader:
            for grouping in (Grouping(), Grouping(("page",)), Grouping(("city",))):
                for one in (tree, NO_FILTER):
                    rows = tabulate(reader, site, SPANS[0], [grouping], one)[grouping]
                    chosen = choose(visits_of(hits, SPANS[0]), one)
                    assert figures_of(rows) == count(chosen, grouping, one)


@pytest.mark.parametrize(
    ("dimension", "operator", "values", "what"),
    [
        ("nonsense", "is", ["x"], "is not a dimension"),
        ("page", "like", ["x"], "is not an operator"),
        ("page", "is", [], "has 0 values"),
        ("page", "matches", ["("], "a pattern that is none"),
        ("page", "contains", ["x" * 501], "too long"),
    ],
)
def test_a_wrong_condition_is_told(dimension: str, operator: str, values: list[str], what: str) -> None:
    with pytest.raises(InputError, match=what):
        condition(dimension, operator, values)


def test_a_pattern_that_would_take_years_is_stopped(filled: tuple[Instance, list[Hit]]) -> None:
    instance, hits = filled
    path = "/" + "a" * 60
    instance.write(lambda store: store.write([replace(hits[0], kind=0, name="", path=path)]))
    tree = condition("page", "matches", ["^/(a|aa)+b"])
    with instance.borrow_reader() as reader, pytest.raises(InputError, match="takes too long"):
        tabulate(reader, instance.registry.sites[0], SPANS[0], [Grouping()], tree)


def test_a_pattern_that_is_slow_with_many_values_is_stopped() -> None:
    test = filters.tester(condition("page", "matches", ["^/(a|aa)+b"]), 5, 0.1)
    values = ("/" + "a" * 18 + str(number) for number in range(100_000))
    with pytest.raises(InputError, match="takes too long"):
        any(map(test, values))


@pytest.mark.parametrize("is_exact", [True, False])
@pytest.mark.parametrize(
    "values",
    [["a"], ["a|b", "c"], ["\\"], ["\\|"], ["|\\"], ["\\\\", ""], [r"^/a\d+\|b", "x"], ["a:b", "~"], ["|"]],
)
def test_a_condition_as_text_is_the_same_again(values: list[str], *, is_exact: bool) -> None:
    for operator in ("is", "contains_not"):
        one = condition("page", operator, values, is_exact=is_exact)
        assert read_condition(write_condition(one)) == one


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (r"page:matches:^/\d+$", [r"^/\d+$"]),
        (r"page:is:a\|b|c", ["a|b", "c"]),
        ("page:is:a\\\\|b", ["a\\", "b"]),
    ],
)
def test_a_condition_as_people_write_it(text: str, values: list[str]) -> None:
    assert [*read_condition(text).values] == values


def test_every_dimension_says_where_its_words_are() -> None:
    for one in BY_NAME.values():
        assert bool(one.table) == bool(one.field) == (one.column not in ("day", "view_at", "event_hit"))


def test_groups_of_four_large_dimensions_have_their_own_words() -> None:
    """A hundred thousand pages, titles and sources in a month of minutes are more than 64 bits can number."""
    words = [[str(number) for number in range(size)] for size in (100_000, 100_000, 100_000, 43_200)]
    sizes = [len(part) for part in words]
    dice = random.Random(7)
    sums, expected = _Matrix(), Counter[tuple[str, ...]]()
    rows = [tuple(size - 1 - dice.randrange(3) for size in sizes) for _ in range(300)]
    for chunk in (rows[:200], rows[200:]):
        codes = [np.array(code, np.int64) for code in zip(*chunk, strict=True)]
        key, groups, kept = _combine(codes, sizes, len(chunk))
        each = np.bincount(key, minlength=groups)
        sums.add(Figures(*[each] * len(FIGURES)), kept, sizes)
        expected.update(tuple(map(str, row)) for row in chunk)
    found = [*sums.total(words)]
    assert {row.labels: row.visits for row in found} == expected
    assert len(found) == len(expected)
