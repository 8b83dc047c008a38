"""Answers to programs, every metric by many dimensions under many filters, beside hits counted singly."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from analytics.breakdown import Grouping
from analytics.commands import Keep, perform
from analytics.days import local_day, to_date
from analytics.dimensions import Level
from analytics.errors import InputError
from analytics.filters import NO_FILTER, Done, Every, Filter, Some, Unless, condition
from analytics.instance import Instance
from analytics.model import Goal, Moments, Range, Site
from analytics.statsapi import METRICS, OF_STAYS, answer, find, read_ask

from .conftest import Clock
from .test_breakdown import (
    LAST,
    START,
    ZONE,
    Visit,
    choose,
    count,
    make_hits,
    stages,
    tell,
    visits_of,
)

GOALS: dict[str, tuple[Goal, Filter]] = {
    "Signed up": (Goal(0, 1, "Signed up", "event", "Signup"), condition("event", "is", ["Signup"])),
    "Read": (
        Goal(0, 1, "Read", "page", "/a"),
        Every((condition("event", "is", ["pageview"]), condition("page", "is", ["/a"]))),
    ),
}
DIMENSIONS: list[list[str]] = [
    [],
    ["event:page"],
    ["event:page", "visit:device"],
    ["time:day", "event:page"],
    ["visit:country_name"],
    ["visit:region_name", "visit:exit_page_hostname"],
    ["visit:entry_page"],
    ["time:day"],
    ["event:props:plan"],
    ["event:goal"],
]
PAGES = (["is", "event:page", ["/a", "/b"]], condition("page", "is", ["/a", "/b"]))
GERMANY = (["is", "visit:country_name", ["Germany"]], condition("country_name", "is", ["Germany"]))
PLAN = (["is", "event:props:plan", ["pro"]], condition("prop.plan", "is", ["pro"]))
SIGNED_UP = (["is", "event:goal", ["Signed up"]], Done(GOALS["Signed up"][1]))
DOWNLOADED = (
    ["has_done", ["is", "event:name", ["Download"]]],
    Done(condition("event", "is", ["Download"])),
)
QUESTIONS: list[list[tuple[Any, Filter]]] = [
    [],
    [PAGES],
    [GERMANY],
    [PLAN],
    [SIGNED_UP],
    [SIGNED_UP, GERMANY],
    [PLAN, PAGES, SIGNED_UP],
    [DOWNLOADED, PAGES],
]
"""Filters as programs send them, and as the oracle knows them; all of them hold."""

OF_GOALS = (PLAN, SIGNED_UP)
"""Those that say who reached a goal, and not who might have."""

TIMES = Moments(START + 100_007, LAST - 70_000)
SPANS = [
    (Range(local_day(ZONE, START), local_day(ZONE, LAST)), None),
    (Range(local_day(ZONE, TIMES.first), local_day(ZONE, TIMES.last)), TIMES),
]


def every(parts: list[Filter]) -> Filter:
    return Every(tuple(parts)) if parts else NO_FILTER


def counted(visits: list[Visit], tree: Filter, names: list[str]) -> dict[tuple[str, ...], list[int]]:
    """The figures of each group that there is."""
    if names == ["event:goal"]:
        found: dict[tuple[str, ...], list[int]] = {}
        for name, (_, reached) in GOALS.items():
            reaching = Every((Done(tree), reached))
            for row in count(choose(visits, reaching), Grouping(), reaching).values():
                found[(name,)] = row
    else:
        grouping = Grouping(tuple(find(name, "").name for name in names))
        found = count(choose(visits, tree), grouping, tree)
    found = {labels: row for labels, row in found.items() if row[1] or row[2] or row[5]}
    return found if names else found or {(): [0] * 6}


def share(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0


def expect(
    visits: list[Visit], asked: list[tuple[Any, Filter]], names: list[str]
) -> dict[tuple[str, ...], dict[str, float | None]]:
    """Every metric of every group."""
    tree = every([part for _, part in asked])
    freed = every([part for question, part in asked if (question, part) not in OF_GOALS])
    is_by_goal = names == ["event:goal"]
    grouping = Grouping(
        tuple("entry" if name == "event:page" else find(name, "").name for name in names if not is_by_goal)
    )
    on_entry = every([condition("entry", "is", ["/a", "/b"]) if one == PAGES else one[1] for one in asked])
    entries = count(choose(visits, on_entry), grouping, on_entry) if "event:page" in names else {}
    totals = [counted(visits, one, [])[()][0] for one in (tree, freed)]
    groups = counted(visits, freed, names)
    found: dict[tuple[str, ...], dict[str, float | None]] = {}
    for labels, row in counted(visits, tree, names).items():
        inside = any(name.startswith("event:") for name in names) and not is_by_goal
        found[labels] = dict(tell(row, Level.VIEW if inside else Level.VISIT))
        found[labels]["percentage"] = share(row[0], totals[0])
        found[labels]["conversion_rate"] = share(row[0], totals[1])
        found[labels]["group_conversion_rate"] = share(row[0], groups.get(labels, [0])[0])
        if "event:page" in names:
            _, begun, _, bounces, duration, _ = entries.get(labels, [0] * 6)
            found[labels]["bounce_rate"] = round(100 * bounces / begun) if begun else None
            found[labels]["visit_duration"] = round(duration / begun) if begun else None
    return found


def possible(names: list[str], asked: list[tuple[Any, Filter]]) -> list[str]:
    """The metrics that may be asked for: without a goal no rate, inside of visits none of visits."""
    has_goal = SIGNED_UP in asked or names == ["event:goal"]
    found = [name for name in METRICS if name not in OF_STAYS and (has_goal or "conversion_rate" not in name)]
    if any(name.startswith("event:props") for name in names):
        return [name for name in found if name not in ("bounce_rate", "visit_duration", "views_per_visit")]
    return [name for name in found if name != "views_per_visit" or "event:page" not in names]


@pytest.fixture
def kept(instance: Instance, clock: Clock) -> Instance:
    """A site with goals, and nothing counted yet."""
    instance.write(lambda store: store.save_site(Site(id=1, domain="example.com", timezone=ZONE), 0))
    instance.reload_sites()
    for goal, _ in GOALS.values():
        perform(instance, Keep("example.com", goal=goal))
    clock.now = LAST + 90_000
    return instance


def range_of(span: Range, within: Moments | None) -> list[str]:
    if within is None:
        return [to_date(day).isoformat() for day in (span.first, span.last)]
    return [datetime.fromtimestamp(at, UTC).isoformat() for at in (within.first, within.last)]


def test_every_metric_is_what_the_hits_say(kept: Instance, clock: Clock) -> None:
    hits = make_hits(ZONE, START, LAST, 10)
    site = kept.registry.sites[0]
    for stage in stages(kept, hits):
        if stage == "folded":
            continue
        for (span, within), asked, names in product(SPANS, QUESTIONS, DIMENSIONS):
            visits = visits_of(hits, span, ZONE, within)
            metrics = possible(names, asked)
            body = {
                "site_id": site.domain,
                "metrics": metrics,
                "dimensions": names,
                "filters": [question for question, _ in asked],
                "date_range": range_of(span, within),
            }
            with kept.borrow_reader() as reader:
                found = answer(reader, read_ask(body, site, clock.now, None))["results"]
            shown = {
                tuple(one["dimensions"]): dict(zip(metrics, one["metrics"], strict=True)) for one in found
            }
            assert len(shown) == len(found)
            want = {
                labels: {name: known[name] for name in metrics}
                for labels, known in expect(visits, asked, names).items()
            }
            assert shown.keys() == want.keys(), (stage, body)
            wrong = {labels: (row, want[labels]) for labels, row in shown.items() if row != want[labels]}
            assert not wrong, f"{stage} {body} {wrong}"


READ = (["is", "event:goal", ["Read"]], Done(GOALS["Read"][1]))
EITHER = (["or", [SIGNED_UP[0], GERMANY[0]]], Some((SIGNED_UP[1], GERMANY[1])))
BOTH = (["and", [SIGNED_UP[0], GERMANY[0]]], Every((SIGNED_UP[1], GERMANY[1])))
SHAPES: dict[str, tuple[Any, Filter, Filter]] = {
    "done": (["has_done", SIGNED_UP[0]], SIGNED_UP[1], NO_FILTER),
    "not done": (["has_not_done", SIGNED_UP[0]], Unless(SIGNED_UP[1]), NO_FILTER),
    "not": (["not", SIGNED_UP[0]], Unless(SIGNED_UP[1]), NO_FILTER),
    "not not": (["not", ["not", SIGNED_UP[0]]], SIGNED_UP[1], NO_FILTER),
    "one of two goals": (["or", [SIGNED_UP[0], READ[0]]], Some((SIGNED_UP[1], READ[1])), NO_FILTER),
    "a goal or a place": (*EITHER, NO_FILTER),
    "a goal and a place": (*BOTH, GERMANY[1]),
    "neither goal nor place": (["not", EITHER[0]], Unless(EITHER[1]), Unless(GERMANY[1])),
    "not both": (["not", BOTH[0]], Unless(BOTH[1]), NO_FILTER),
    "both, denied twice": (["not", ["not", BOTH[0]]], BOTH[1], GERMANY[1]),
    "a place beside one of two goals": (
        ["and", [["or", [SIGNED_UP[0], READ[0]]], GERMANY[0]]],
        Every((Some((SIGNED_UP[1], READ[1])), GERMANY[1])),
        GERMANY[1],
    ),
}
"""Filters in which a goal stands deeper, and of whom the rate is a share."""


def test_a_rate_is_a_share_of_those_who_might_however_a_goal_is_named(kept: Instance, clock: Clock) -> None:
    hits = make_hits(ZONE, START, LAST, 10)
    kept.write(lambda store: store.write(hits))
    site, (span, _) = kept.registry.sites[0], SPANS[0]
    visits, metrics = visits_of(hits, span, ZONE, None), ["visitors", "conversion_rate"]
    for shape, (question, tree, freed) in SHAPES.items():
        (part, *_), (whole, *_) = (counted(visits, one, [])[()] for one in (tree, freed))
        assert 0 < part < whole, shape
        body = {"metrics": metrics, "filters": [question], "date_range": range_of(span, None)}
        with kept.borrow_reader() as reader:
            found = answer(reader, read_ask(body, site, clock.now, None))["results"]
        assert found == [{"metrics": [part, share(part, whole)], "dimensions": []}], shape


@pytest.mark.parametrize(
    ("metric", "dimensions"),
    [
        ("bounce_rate", ["event:title"]),
        ("bounce_rate", ["event:page", "event:name"]),
        ("visit_duration", ["event:page", "time:hour"]),
        ("views_per_visit", ["event:page"]),
        ("group_conversion_rate", ["event:page"]),
        ("group_conversion_rate", []),
    ],
)
def test_what_means_nothing_is_told(kept: Instance, clock: Clock, metric: str, dimensions: list[str]) -> None:
    body = {"metrics": ["visits", metric], "dimensions": dimensions, "date_range": "7d"}
    with pytest.raises(InputError, match=metric) as error:
        read_ask(body, kept.registry.sites[0], clock.now, None)
    assert error.value.field == "metrics"


COMPARED: list[list[str]] = [
    [],
    ["event:page"],
    ["event:goal"],
    ["time:day"],
    ["time:day", "visit:device"],
    ["visit:country_name", "visit:browser"],
]
LATER = Range(SPANS[0][0].last - 2, SPANS[0][0].last)
EARLIER: list[tuple[dict[str, Any], Range]] = [
    ({"mode": "previous_period"}, Range(LATER.first - 3, LATER.last - 3)),
    ({"mode": "previous_period", "match_day_of_week": True}, Range(LATER.first - 7, LATER.last - 7)),
    ({"mode": "year_over_year"}, Range(LATER.first - 365, LATER.last - 365)),
    ({"mode": "custom"}, Range(LATER.first - 5, LATER.first - 4)),
]


def moved(metric: str, now: float | None, then: float | None) -> float | None:
    if now is None or then is None or (metric == "bounce_rate" and not then):
        return None
    if metric in ("bounce_rate", "conversion_rate"):
        return round(now - then, 1)
    if not then:
        return 100 if now else 0
    return round(100 * (now - then) / then)


def test_every_comparison_is_what_the_hits_say(kept: Instance, clock: Clock) -> None:
    hits = make_hits(ZONE, START, LAST, 10)
    kept.write(lambda store: store.write(hits))
    clock.now = LAST
    site = kept.registry.sites[0]
    questions: list[list[tuple[Any, Filter]]] = [[], [SIGNED_UP, GERMANY]]
    for (with_what, before), asked, names in product(EARLIER, questions, COMPARED):
        metrics = possible(names, asked)
        now, then = (expect(visits_of(hits, span), asked, names) for span in (LATER, before))
        days = {
            to_date(LATER.first + at).isoformat(): to_date(before.first + at).isoformat()
            for at in range(before.days)
        }
        wanted = {*now} | ({(day,) for day in days} if names == ["time:day"] else set())
        by_page = ("bounce_rate", "visit_duration") if "event:page" in names else ()
        nothing: dict[str, float | None] = {name: None if name in by_page else 0 for name in metrics}
        custom = {"date_range": range_of(before, None)} if with_what["mode"] == "custom" else {}
        body = {
            "metrics": metrics,
            "dimensions": names,
            "filters": [question for question, _ in asked],
            "date_range": range_of(LATER, None),
            "include": {"comparisons": with_what | custom, "total_rows": True},
        }
        with kept.borrow_reader() as reader:
            found = answer(reader, read_ask(body, site, clock.now, None))
        assert found["meta"]["comparison_date_range"] == range_of(before, None)
        assert found["meta"]["total_rows"] == len(found["results"])
        assert {tuple(one["dimensions"]) for one in found["results"]} == wanted
        for one in found["results"]:
            labels, compared = tuple(one["dimensions"]), one["comparison"]
            old = [
                days.get(word) if name == "time:day" else word
                for word, name in zip(labels, names, strict=True)
            ]
            row = now.get(labels, nothing)
            past = nothing if None in old else then.get(tuple(map(str, old)), nothing)
            assert compared["dimensions"] == old
            assert one["metrics"] == [row[name] for name in metrics]
            assert compared["metrics"] == [past[name] for name in metrics], (body, labels)
            assert compared["change"] == [moved(name, row[name], past[name]) for name in metrics]
