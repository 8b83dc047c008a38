"""SQL, templates and worse in every part of every question: a plain answer or a 400, and nothing changes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.instance import Instance

from .conftest import FIREFOX
from .test_migrate import owner  # noqa: F401
from .test_site_page import hit, page  # noqa: F401
from .test_stats_api import client  # noqa: F401

HARMLESS = "zzz"
HOSTILE = [
    "zzz' OR '1'='1",
    'zzz" OR 1=1 --',
    "zzz'; DROP TABLE hit; --",
    "zzz') UNION SELECT password, 1 FROM meta --",
    "zzz\x00",
    "zzz%27%20OR%201=1",
    "{{7*7}}${7*7}zzz",
    "zzz%(n)s%s%d",
    "../../../etc/zzz",
    "zzz\ud7ff\u202e\u0301",
    "zzz" * 3_000,
    "zzz" + " " * 9_000,
]


def compare(ask: Callable[[str], Any]) -> None:
    """Each hostile text is answered as a harmless one is, or with a 400."""
    plain = ask(HARMLESS)
    for hostile in HOSTILE:
        found = ask(hostile)
        assert found.status_code in (plain.status_code, 400), hostile
        if found.status_code == 200:
            assert same(plain.json(), found.json()), hostile


DAYS = ["0001-01-01", "1989-12-31", "1990-01-01", "1970-01-01", "2099-12-31", "2100-01-01", "9999-12-31"]
PATTERNS = ["(?V1)[a--b]", "(?a)(?u)a", "(?R)*a", "(?R)", "[", "(" * 200 + ")" * 200, "(a{1,99}){1,99}"]
"""Patterns that are none, or never end, each in a way of its own."""


def test_no_address_that_a_visitor_made_up_shuts_the_owners_page(
    instance: Instance,
    page: TestClient,  # noqa: F811
) -> None:
    # As earlier versions stored it: escaped, each of these is a dozen characters of the page's key.
    path = "/" + "%F3%A0%80%81" * 1_900
    instance.write(lambda store: store.write([hit(9, path)]))
    for below in (
        "",
        "?tab=pages:entry",
        "/list?list=page",
        "/list.csv?list=page",
        "/filter?what=page",
        "/popular",
    ):
        answer = page.get(f"/sites/example.com{below}")
        assert answer.status_code == 200, below
        assert "%F3%A0%80%81" * 1_900 in answer.text.replace("%25", "%")


def test_an_address_that_nobody_could_ask_for_is_refused(page: TestClient) -> None:  # noqa: F811
    body = {"u": "https://example.com/" + "\U000e0001" * 1_900, "n": "pageview"}
    answer = page.post("/api/event", json=body, headers={"user-agent": FIREFOX})
    assert (answer.status_code, answer.json()["field"]) == (400, "u")


def check(answer: Any) -> None:
    """An answer, or a 400 that says what was wrong; in both cases soon, and not without end."""
    assert answer.status_code in (200, 400), answer.text
    assert "Traceback" not in answer.text
    assert answer.elapsed.total_seconds() < 10
    assert len(answer.content) < 2_000_000


PERIODS = ["day", "7d", "30d", "month", "6mo", "12mo"]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("period", PERIODS)
def test_days_at_the_edge_of_time(client: TestClient, period: str, day: str) -> None:  # noqa: F811
    for end in ("aggregate?compare=previous_period", "timeseries?", "timeseries?interval=hour"):
        url = f"/api/v1/stats/{end}&site_id=example.com&period={period}&date={day}"
        answer = client.get(url)
        check(answer)
        if answer.status_code == 400:
            assert answer.json()["field"] in ("date", "date_range")


@pytest.mark.parametrize("name", ["month", "week", "day", "hour", "minute"])
def test_ranges_without_end(client: TestClient, name: str) -> None:  # noqa: F811
    for first, last in [
        ("0001-01-01", "9999-12-31"),
        ("1990-01-01", "2099-12-31"),
        ("1990-01-01", "9999-12-31"),
    ]:
        body = {"site_id": "example.com", "metrics": ["visitors"], "dimensions": [f"time:{name}"]}
        more = {"date_range": [first, last], "include": {"time_labels": True}}
        answer = client.post("/api/v2/query", json=body | more)
        check(answer)
        if answer.status_code == 400:
            assert answer.json()["field"] == "date_range"


@pytest.mark.parametrize("by", ["", "minute", "hour", "day", "month"])
def test_the_owner_s_page_at_the_edge_of_time(page: TestClient, by: str) -> None:  # noqa: F811
    for day in DAYS:
        for more in (f"from={day}&to={day}", f"from={day}&to={day}&compare=year", f"compare={day}"):
            check(page.get(f"/sites/example.com?{more}&by={by}"))
    check(page.get(f"/sites/example.com?from=0001-01-01&to=9999-12-31&by={by}"))
    check(page.get(f"/sites/example.com/list.csv?list=page&from=0001-01-01&to=9999-12-31&by={by}"))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_that_are_none(
    client: TestClient,  # noqa: F811
    page: TestClient,  # noqa: F811
    pattern: str,
) -> None:
    body = {"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d"}
    check(client.post("/api/v2/query", json=body | {"filters": [["matches", "event:page", [pattern]]]}))
    text = f"page:matches:{pattern}"
    check(page.get("/sites/example.com", params={"f": text}))
    check(page.get("/sites/example.com/list.csv", params={"list": "page", "f": text}))
    check(page.get("/sites/example.com/bots", params={"action": "condemn", "filter": text}))


@pytest.mark.parametrize(
    "filters", [" " * 9_000, "visit:city" + " " * 9_000 + "x", "==" * 4_500, "~" * 9_000]
)
def test_long_filters_are_read_at_once(client: TestClient, filters: str) -> None:  # noqa: F811
    known = {"site_id": "example.com", "filters": filters}
    answer = client.get("/api/v1/stats/aggregate", params=known)
    check(answer)
    assert (answer.status_code, answer.json()["field"]) == (400, "filters")


@pytest.mark.parametrize(
    "query",
    ["segment=999", "f=goal:is:nope", "f=segment:is:nope", "f=goal:contains:x", "f=prop.:is:x", "tab=x:y"],
)
def test_what_is_not_there(page: TestClient, query: str) -> None:  # noqa: F811
    for path in ("?", "/list.csv?list=page&", "/list.csv?list=city&"):
        assert page.get(f"/sites/example.com{path}{query}").status_code == 400


PARTS = {
    "/api/v1/stats/aggregate": ("period", "date", "metrics", "filters", "compare"),
    "/api/v1/stats/timeseries": ("period", "date", "metrics", "filters", "interval"),
    "/api/v1/stats/breakdown": ("period", "date", "metrics", "filters", "property", "limit", "page"),
    "/api/v1/stats/realtime/visitors": (),
}
USUAL = {"site_id": "example.com", "period": "30d", "property": "event:page"}
VALUE_OF = {"filters": "visit:city=={}", "property": "{}"}


def same(one: Any, other: Any) -> bool:
    """Whether two answers say the same, the question that they repeat aside."""
    strip = {"query"}
    if isinstance(one, dict) and isinstance(other, dict):
        return {k: v for k, v in one.items() if k not in strip} == {
            k: v for k, v in other.items() if k not in strip
        }
    return bool(one == other)


@pytest.mark.parametrize(("path", "part"), [(path, part) for path, parts in PARTS.items() for part in parts])
def test_version_1(client: TestClient, instance: Instance, path: str, part: str) -> None:  # noqa: F811
    def ask(text: str) -> Any:
        return client.get(path, params=USUAL | {part: VALUE_OF.get(part, "{}").replace("{}", text)})

    compare(ask)
    with instance.borrow_reader() as reader:
        assert reader.site_count(1).views == 5


BODY: dict[str, Any] = {
    "site_id": "example.com",
    "metrics": ["visitors", "visits"],
    "date_range": ["2025-11-01", "2025-11-25"],
    "dimensions": ["visit:city", "event:props:plan"],
    "filters": [["or", [["is", "visit:city", ["zzz"]], ["contains", "event:props:zzz", ["zzz"]]]]],
    "order_by": [["visitors", "desc"]],
    "include": {"total_rows": True},
    "pagination": {"limit": 10, "offset": 0},
}
PLACES: list[tuple[Any, ...]] = [
    ("metrics", 0),
    ("date_range",),
    ("date_range", 0),
    ("dimensions", 0),
    ("filters", 0, 0),
    ("filters", 0, 1, 0, 0),
    ("filters", 0, 1, 0, 1),
    ("filters", 0, 1, 0, 2, 0),
    ("filters", 0, 1, 1, 2, 0),
    ("order_by", 0, 0),
    ("order_by", 0, 1),
    ("pagination", "limit"),
    ("include", "total_rows"),
]
KEYS = ["event:props:{}", "visit:{}", "event:{}", "time:{}"]


def replaced(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(BODY)
    inner: Any = body
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return body


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_version_2(client: TestClient, instance: Instance, place: tuple[Any, ...]) -> None:  # noqa: F811
    plain = client.post("/api/v2/query", json=replaced(place, HARMLESS))
    odd = [None, 0, -1, 1e308, True, [], {}, [[]], "", "a" * 100_000]
    for hostile in [*HOSTILE, *odd]:
        found = client.post("/api/v2/query", json=replaced(place, hostile))
        assert found.status_code in (200, 400, 413)
        if isinstance(hostile, str) and found.status_code == plain.status_code == 200 and hostile:
            assert same(plain.json(), found.json())
    with instance.borrow_reader() as reader:
        assert reader.site_count(1).views == 5


@pytest.mark.parametrize("key", KEYS)
def test_names_of_dimensions(client: TestClient, key: str) -> None:  # noqa: F811
    compare(
        lambda text: client.post(
            "/api/v2/query", json=BODY | {"dimensions": [key.replace("{}", text)], "filters": []}
        )
    )


@pytest.mark.parametrize(
    "part", ["period", "from", "to", "compare", "by", "f", "segment", "tab", "what", "how", "value", "list"]
)
def test_the_owner_s_pages(page: TestClient, part: str) -> None:  # noqa: F811
    for hostile in HOSTILE:
        check_page(page, part, hostile)


def check_page(page: TestClient, part: str, hostile: str) -> None:  # noqa: F811
    for path in ("/sites/example.com", "/sites/example.com/list.csv", "/sites/example.com/bots"):
        answer = page.get(path, params={"list": "page", part: hostile})
        assert answer.status_code in (200, 400)
        assert "Traceback" not in answer.text
        filtered = page.get(path, params={"list": "page", "f": f"city:is:{hostile}"})
        assert filtered.status_code in (200, 400)
