"""Figures for programs: the answers are those of the site's page, and errors name the parameter."""

from __future__ import annotations

import json
import pickle
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from analytics.aside import Aside
from analytics.commands import AddToken, RemoveToken, perform
from analytics.instance import Instance
from analytics.web.app import create_app
from analytics.web.stats import AN_HOUR

from .conftest import PYTHON, Clock, add_site, pagetally
from .test_breakdown import moment
from .test_migrate import owner  # noqa: F401
from .test_site_page import TODAY, hit, page  # noqa: F401

V2 = "/api/v2/query"
ASK = {"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d"}


@pytest.fixture
def client(page: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    key = perform(instance, AddToken("example.com", "read", ""))
    return TestClient(create_app(instance), headers={"authorization": f"Bearer {key}"})


def ask(client: TestClient, **more: Any) -> Any:
    answer = client.post(V2, json=ASK | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, [[[], [4]]]),
        (
            {
                "metrics": [
                    "visits",
                    "pageviews",
                    "views_per_visit",
                    "bounce_rate",
                    "visit_duration",
                    "events",
                ]
            },
            [[[], [4, 5, 1.25, 75, 15, 6]]],
        ),
        (
            {"dimensions": ["visit:city"], "metrics": ["visitors", "percentage"]},
            [[["Berlin"], [2, 50.0]], [["Paris"], [2, 50.0]]],
        ),
        (
            {"dimensions": ["event:page"], "metrics": ["pageviews"]},
            [[["/a"], [3]], [["/=sum(1)"], [1]], [["/b"], [1]]],
        ),
        (
            {"dimensions": ["event:name"], "metrics": ["visitors", "pageviews", "events"]},
            [[["Signup"], [1, 0, 1]]],
        ),
        (
            {"dimensions": ["event:props:plan"], "metrics": ["pageviews", "events"]},
            [[["pro"], [0, 1]]],
        ),
        (
            {"dimensions": ["event:page"], "metrics": ["events", "pageviews", "visitors"]},
            [[["/a"], [3, 3, 3]], [["/b"], [2, 1, 1]], [["/=sum(1)"], [1, 1, 1]]],
        ),
        (
            {"dimensions": ["time:hour"], "metrics": ["pageviews", "events"], "date_range": "day"},
            [[["2025-11-25 00:00"], [3, 4]], [["2025-11-25 02:00"], [1, 1]]],
        ),
        (
            {
                "dimensions": ["event:page"],
                "metrics": ["visitors", "pageviews", "events"],
                "filters": [["is", "event:name", ["Signup"]]],
            },
            [[["/b"], [1, 0, 1]]],
        ),
        ({"dimensions": ["time:day"], "date_range": "all"}, [[["2025-11-24"], [1]], [["2025-11-25"], [3]]]),
        (
            {"dimensions": ["time"], "date_range": "day"},
            [[["2025-11-25 00:00"], [2]], [["2025-11-25 02:00"], [1]]],
        ),
        (
            {"dimensions": ["time", "time:day"], "order_by": [["time", "desc"]]},
            [[["2025-11-25"], [3]], [["2025-11-24"], [1]]],
        ),
        ({"filters": [["is", "visit:country", ["DE"]]]}, [[[], [2]]]),
        ({"filters": [["is", "visit:country", ["de"], {"case_sensitive": False}]]}, [[[], [2]]]),
        ({"filters": [["is", "visit:device", ["Mobile", "Tablet"]]]}, [[[], [3]]]),
        ({"filters": [["is_not", "visit:device", ["Mobile"]]]}, [[[], [1]]]),
        (
            {"filters": [["is", "visit:device", ["Mobile"]]], "dimensions": ["visit:device"]},
            [[["mobile"], [3]]],
        ),
        (
            {"filters": [["is", "event:name", ["pageview"]]], "metrics": ["pageviews", "events", "visitors"]},
            [[[], [5, 5, 4]]],
        ),
        (
            {"filters": [["or", [["is", "visit:country", ["FR"]], ["contains", "event:page", ["b"]]]]]},
            [[[], [3]]],
        ),
        ({"filters": [["not", ["is", "visit:browser", ["Safari"]]]]}, [[[], [1]]]),
        ({"filters": [["has_done", ["is", "event:name", ["Signup"]]]]}, [[[], [1]]]),
        ({"filters": [["has_not_done", ["is", "event:name", ["Signup"]]]]}, [[[], [3]]]),
        ({"filters": [["matches", "event:page", ["^/[ab]$"]]], "metrics": ["pageviews"]}, [[[], [4]]]),
        ({"date_range": ["2025-11-24", "2025-11-24"]}, [[[], [1]]]),
        ({"date_range": ["2020-01-01", "2020-01-31"]}, [[[], [0]]]),
        ({"date_range": "24h"}, [[[], [3]]]),
        ({"date_range": ["2025-11-24T00:00:09Z", "2025-11-25T00:00:04+00:00"]}, [[[], [2]]]),
        ({"date_range": ["2025-11-24T00:00:10Z", "2025-11-25T03:00:00+03:00"]}, [[[], [1]]]),
        (
            {
                "date_range": ["2025-11-25T00:00:01Z", "2025-11-25T01:00:00Z"],
                "metrics": ["visits", "pageviews", "bounce_rate", "visit_duration", "events"],
            },
            [[[], [2, 2, 50, 30, 3]]],
        ),
        (
            {"date_range": ["2025-11-24T23:00:00Z", "2025-11-25T23:00:00Z"], "dimensions": ["time"]},
            [[["2025-11-25 00:00"], [2]], [["2025-11-25 02:00"], [1]]],
        ),
        (
            {
                "dimensions": ["visit:country", "visit:browser"],
                "order_by": [["visit:country", "desc"], ["visitors", "asc"]],
            },
            [[["FR", "Safari"], [2]], [["DE", "Firefox"], [1]], [["DE", "Safari"], [1]]],
        ),
        ({"dimensions": ["event:page"], "pagination": {"limit": 1, "offset": 1}}, [[["/=sum(1)"], [1]]]),
    ],
)
def test_version_2(client: TestClient, more: dict[str, Any], expected: Any) -> None:
    found = ask(client, **more)
    assert [[one["dimensions"], one["metrics"]] for one in found["results"]] == expected


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_told_so(client: TestClient, method: str) -> None:
    answer = client.request(method, V2)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")
    if method != "GET":
        answer = client.request(method, f"{V1}/aggregate")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_all_time_ends_with_the_last_view_be_it_of_a_clock_that_was_ahead(
    client: TestClient, instance: Instance
) -> None:
    instance.write(lambda store: store.write([hit(4, "/a", 5, TODAY + 40)]))
    found = ask(client, date_range="all", include={"time_labels": True}, dimensions=["time:day"])
    assert found["query"]["date_range"] == ["2025-11-24", "2026-01-04"]
    assert found["results"][-1] == {"metrics": [1], "dimensions": ["2026-01-04"]}
    assert found["meta"]["time_labels"][-1] == "2026-01-04"


def test_every_minute_is_told(client: TestClient) -> None:
    found = ask(client, dimensions=["time:minute"], include={"time_labels": True}, date_range="day")
    labels = found["meta"]["time_labels"]
    assert (len(labels), labels[0], labels[-1]) == (1_440, "2025-11-25 00:00", "2025-11-25 23:59")
    assert {one["dimensions"][0] for one in found["results"]} <= set(labels)


def test_a_day_and_a_night_are_told_hour_by_hour(client: TestClient, clock: Clock) -> None:
    clock.now = moment("2025-11-25T14:30:15")
    found = ask(client, dimensions=["time"], include={"time_labels": True}, date_range="24h")
    labels = found["meta"]["time_labels"]
    assert (len(labels), labels[0], labels[-1]) == (25, "2025-11-24 14:00", "2025-11-25 14:00")
    assert found["query"]["date_range"] == ["2025-11-24T14:30:16+00:00", "2025-11-25T14:30:15+00:00"]
    more = {"date_range": ["2025-11-25T00:01:30Z", "2025-11-25T00:04:00Z"], "dimensions": ["time:minute"]}
    labels = ask(client, include={"time_labels": True}, **more)["meta"]["time_labels"]
    assert labels == [f"2025-11-25 00:0{minute}" for minute in (1, 2, 3, 4)]


def test_what_is_included_and_what_was_understood(client: TestClient) -> None:
    more = {"dimensions": ["time:day"], "include": {"time_labels": True, "total_rows": True}}
    found = ask(client, **more)
    assert ask(client, include={"imports": True})["meta"] == {"imports_included": True}
    assert found["meta"] == {"total_rows": 2, "time_labels": [f"2025-11-{day}" for day in range(19, 26)]}
    assert found["query"] == {
        "site_id": "example.com",
        "metrics": ["visitors"],
        "date_range": ["2025-11-19", "2025-11-25"],
        "dimensions": ["time:day"],
        "filters": [],
        "order_by": [["time:day", "asc"]],
        "include": {
            "time_labels": True,
            "total_rows": True,
            "imports": False,
            "trim_relative_date_range": False,
        },
        "pagination": {"limit": 10_000, "offset": 0},
    }


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"metrics": []}, "metrics"),
        ({"metrics": ["karma"]}, "metrics"),
        ({"metrics": "visitors"}, "metrics"),
        ({"metrics": ["bounce_rate"], "dimensions": ["event:title"]}, "metrics"),
        ({"metrics": ["group_conversion_rate"], "dimensions": ["event:page"]}, "metrics"),
        ({"dimensions": ["visit:planet"]}, "dimensions"),
        (
            {"dimensions": ["visit:city"] * 9 + ["visit:os", "visit:region", "visit:device", "visit:screen"]},
            "dimensions",
        ),
        ({"dimensions": [1]}, "dimensions"),
        ({"date_range": "soon"}, "date_range"),
        ({"date_range": "9999999d"}, "date_range"),
        ({"date_range": ["2025-11-24", "2025-11-23"]}, "date_range"),
        ({"date_range": ["x", "y"]}, "date_range"),
        ({"date_range": None}, "date_range"),
        ({"filters": "x"}, "filters"),
        ({"filters": [["is"]]}, "filters"),
        ({"filters": [["is", "visit:city", [1]]]}, "filters"),
        ({"filters": [["like", "visit:city", ["x"]]]}, "filters"),
        ({"filters": [["matches", "visit:city", ["("]]]}, "filters"),
        ({"filters": [["is", "visit:city", ["x"]]] * 101}, "filters"),
        ({"order_by": [["pageviews", "desc"]]}, "order_by"),
        ({"order_by": [["time", "desc"]]}, "order_by"),
        ({"pagination": {"limit": 0}}, "pagination"),
        ({"pagination": {"limit": True}}, "pagination"),
        ({"include": ["x"]}, "include"),
        ({"include": {"comparisons": {}}}, "include"),
        ({"include": {"comparisons": {"mode": ["x"]}}}, "include"),
        ({"include": {"comparisons": {"mode": "custom", "date_range": "7d"}}}, "include"),
        (
            {
                "dimensions": ["time:minute"],
                "date_range": "day",
                "include": {"comparisons": {"mode": "custom", "date_range": ["1990-01-01", "2025-01-01"]}},
            },
            "include",
        ),
        ({"pagination": {"limit": 3, "page": 2}}, "pagination"),
        ({"filters": [["is", "visit:city", ["x"], {"case": False}]]}, "filters"),
        ({"date_range": ["2025-11-24T00:00:00", "2025-11-24T12:00:00"]}, "date_range"),
        ({"date_range": ["2025-11-24", "2025-11-24T12:00:00Z"]}, "date_range"),
        ({"date_range": ["2025-11-24T12:00:01Z", "2025-11-24T12:00:00Z"]}, "date_range"),
        ({"date_range": ["2025-11-24T25:00:00Z", "2025-11-24T26:00:00Z"]}, "date_range"),
        ({"date_range": ["0001-01-01T00:00:00+14:00", "2025-11-24T26:00:00Z"]}, "date_range"),
        ({"date_range": ["2025-11-24T00:00:00Z", "9999-12-31T23:59:59-12:00"]}, "date_range"),
        ({"date_range": ["2025-11-24T00:00:00Z"]}, "date_range"),
        ({"date_range": [1, 2]}, "date_range"),
        (
            {"dimensions": ["time:minute"], "include": {"time_labels": True}, "date_range": "6mo"},
            "date_range",
        ),
        ({"limit": 3}, "limit"),
        ({"site_id": 3}, "site_id"),
    ],
)
def test_an_error_names_the_parameter(client: TestClient, more: dict[str, Any], field: str) -> None:
    answer = client.post(V2, json=ASK | more)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert PYTHON.search(answer.text) is None, answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 5_000, b'{"site_id": "example.com"}'])
def test_a_broken_body_is_a_400(client: TestClient, body: bytes) -> None:
    answer = client.post(V2, content=body)
    assert (answer.status_code, PYTHON.search(answer.text)) == (400, None), answer.text
    assert client.post(V2, content=b" " * 70_000).status_code == 413


HALVES = [r"\ud83d", r"\uDE00", r"\ud83dx\ud83d\ude00\udc00"]
"""Halves of characters, as a page has them that cuts a text in the midst of an emoji."""


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    "body",
    [
        {"filters": [["is", "event:page", ["HALF"]]]},
        {"filters": [["contains_not", "event:title", ["HALF"]]]},
        {"filters": [["matches", "event:page", ["^HALF"]]]},
        {"filters": [["is", "event:props:HALF", ["HALF"]]], "dimensions": ["event:props:HALF"]},
    ],
)
def test_half_a_character_is_one_that_nobody_has(client: TestClient, body: Any, half: str) -> None:
    answer = client.post(V2, content=json.dumps(ASK | body).replace("HALF", half))
    assert answer.status_code == 200, answer.text
    assert "\ufffd" in json.dumps(answer.json()["query"], ensure_ascii=False)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    "field", ["site_id", "metrics", "date_range", "dimensions", "filters", "order_by", "include"]
)
def test_half_a_character_that_fits_nowhere_is_a_4xx(client: TestClient, field: str, half: str) -> None:
    for value in ("HALF", ["HALF"], {"HALF": "HALF"}, [["HALF", "HALF"]]):
        answer = client.post(V2, content=json.dumps(ASK | {field: value}).replace("HALF", half))
        assert answer.status_code in (400, 401), answer.text


V1 = "/api/v1/stats"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "aggregate?period=day&metrics=visitors,pageviews",
            {"visitors": {"value": 3}, "pageviews": {"value": 4}},
        ),
        (
            "aggregate?period=day&metrics=visitors&compare=previous_period",
            {"visitors": {"value": 3, "change": 200}},
        ),
        ("aggregate?period=day&filters=visit:country==DE", {"visitors": {"value": 2}}),
        ("aggregate?period=day&filters=visit:country!=DE|AT;event:page==/*", {"visitors": {"value": 1}}),
        ("aggregate?period=custom&date=2025-11-24,2025-11-24", {"visitors": {"value": 1}}),
        ("aggregate?period=day&filters=event:props:plan==pro", {"visitors": {"value": 1}}),
        ("aggregate?period=day&filters=event:props:Some Plan==pro", {"visitors": {"value": 0}}),
        ("aggregate?period=day&filters=visit:source==Direct / None", {"visitors": {"value": 1}}),
        ("aggregate?period=day&filters=visit:device==Mobile", {"visitors": {"value": 2}}),
        (
            "timeseries?period=7d&date=2025-11-26&metrics=visitors",
            [{"date": f"2025-11-{day}", "visitors": {24: 1, 25: 3}.get(day, 0)} for day in range(20, 27)],
        ),
        (
            "breakdown?period=day&property=visit:city",
            [{"city": "Berlin", "visitors": 2}, {"city": "Paris", "visitors": 1}],
        ),
        ("breakdown?period=day&property=event:page&limit=1&page=2", [{"page": "/b", "visitors": 1}]),
        (
            "breakdown?period=day&property=event:page&metrics=visits,bounce_rate",
            [
                {"page": "/a", "visits": 3, "bounce_rate": 67},
                {"page": "/b", "visits": 1, "bounce_rate": None},
            ],
        ),
        (
            "breakdown?period=day&property=visit:country_name",
            [{"country_name": "Germany", "visitors": 2}, {"country_name": "France", "visitors": 1}],
        ),
    ],
)
def test_version_1(client: TestClient, path: str, expected: Any) -> None:
    answer = client.get(f"{V1}/{path}&site_id=example.com")
    assert answer.json() == {"results": expected}


def test_a_long_series_of_version_1_is_whole(client: TestClient, instance: Instance) -> None:
    instance.write(lambda store: store.write([hit(9, "/a", 5, TODAY - ago) for ago in range(2, 170)]))
    for period, interval in (("6mo", "date"), ("30d", "hour")):
        asked = f"site_id=example.com&period={period}&metrics=pageviews"
        series = client.get(f"{V1}/timeseries?{asked}&interval={interval}").json()["results"]
        total = client.get(f"{V1}/aggregate?{asked}").json()["results"]["pageviews"]["value"]
        assert sum(one["pageviews"] for one in series) == total > 30


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (r"==/a\|b/c", 1),
        (r"==/a\|b/*", 1),
        (r"!=/a\|b/*", 6),
        (r"==/\**", 1),
        (r"==/\*\**", 0),
        (r"~a\|b", 1),
        (r"==/x\;*|/a\|b**", 2),
    ],
)
def test_what_divides_values_of_version_1_can_be_part_of_one(
    client: TestClient, instance: Instance, question: str, expected: int
) -> None:
    instance.write(lambda store: store.write([hit(9, path) for path in ("/a|b/c", "/*c", "/x;y")]))
    known = {"site_id": "example.com", "metrics": "pageviews", "period": "day"}
    answer = client.get(f"{V1}/aggregate", params=known | {"filters": f"event:page{question}"})
    assert answer.json()["results"]["pageviews"]["value"] == expected


class Elsewhere:
    """A process for questions, as far as they must be able to travel to one."""

    def __init__(self, instance: Instance) -> None:
        self.instance, self.asked = instance, 0

    def ask(self, work: Any) -> Any:
        self.asked += 1
        with self.instance.borrow_reader() as reader:
            return pickle.loads(pickle.dumps(work))(reader)

    def close(self) -> None:
        pass


def test_no_question_is_answered_by_the_process_that_takes_views(
    client: TestClient, instance: Instance
) -> None:
    elsewhere = Elsewhere(instance)
    instance.aside = cast(Aside, elsewhere)
    ask(client, dimensions=["event:page"], filters=[["is", "event:name", ["Signup"]]])
    for path in ("aggregate?compare=previous_period", "timeseries?", "breakdown?property=visit:city"):
        assert client.get(f"{V1}/{path}&site_id=example.com").status_code == 200
    assert elsewhere.asked == 4


def test_who_is_there_now(client: TestClient) -> None:
    body = {"u": "https://example.com/a"}
    client.post("/api/event", json=body, headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/130.0"})
    assert client.get(f"{V1}/realtime/visitors?site_id=example.com").json() == 1


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("aggregate?period=1y", "period"),
        ("aggregate?date=x", "date"),
        ("aggregate?period=custom", "date"),
        ("aggregate?period=custom&date=2025-11-24", "date"),
        ("aggregate?period=custom&date=2025-11-24,x", "date"),
        ("aggregate?period=custom&date=2025-11-24,2025-11-23", "date"),
        ("aggregate?compare=year", "compare"),
        ("aggregate?filters=x", "filters"),
        ("aggregate?metrics=karma", "metrics"),
        ("timeseries?interval=second", "interval"),
        ("breakdown?property=x", "property"),
        ("breakdown?property=visit:city&page=0", "page"),
        ("breakdown?property=visit:city&limit=1e3", "limit"),
    ],
)
def test_an_error_of_version_1_names_the_parameter(client: TestClient, path: str, field: str) -> None:
    answer = client.get(f"{V1}/{path}&site_id=example.com")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_only_a_key_that_is_for_the_site_opens_it(client: TestClient, instance: Instance) -> None:
    add_site(instance, "other.example")
    stranger = TestClient(create_app(instance))
    of_other = perform(instance, AddToken("other.example", "read", ""))
    of_all = perform(instance, AddToken("", "numbers", ""))
    of_deploys = perform(instance, AddToken("", "annotate", ""))
    for key, status in [("", 401), ("nonsense", 401), (of_other, 401), (of_deploys, 401), (of_all, 200)]:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        assert stranger.post(V2, json=ASK, headers=headers).status_code == status
        assert stranger.get(f"{V1}/aggregate?site_id=example.com", headers=headers).status_code == status
    assert client.post(V2, json=ASK | {"site_id": "nobody.example"}).status_code == 401
    perform(instance, RemoveToken(1))
    assert client.post(V2, json=ASK).status_code == 401
    # No other endpoint takes a key for the owner.
    assert (
        stranger.get("/", headers={"authorization": f"Bearer {of_all}"}, follow_redirects=False).status_code
        == 303
    )


def test_a_key_is_spent_for_a_while_when_it_asks_too_much(client: TestClient, clock: Clock) -> None:
    url = f"{V1}/realtime/visitors?site_id=example.com"
    assert {client.get(url).status_code for _ in range(AN_HOUR)} == {200}
    answer = client.get(url)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "6")
    clock.now += 6
    assert client.get(url).status_code == 200


def test_the_command_makes_lists_and_ends_keys(tmp_path: Any) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    made = pagetally("token", "add", "--site", "example.com", "--note", "for the wall", data=data)
    key = made.stdout.strip()
    assert (key.startswith("pt_"), key.split()) == (True, [key])
    for told in ("a program may ask for figures of example.com", "shown this once", "token remove NUMBER"):
        assert told in made.stderr
    listed = pagetally("token", "list", data=data).stdout
    assert "example.com  read" in listed
    assert "for the wall" in listed
    assert key not in listed
    assert key.encode() not in b"".join(file.read_bytes() for file in data.iterdir() if file.is_file())
    pagetally("token", "remove", "1", data=data)
    assert pagetally("token", "list", data=data).stdout == ""
    assert pagetally("token", "remove", "1", data=data, check=False).returncode == 2
    assert pagetally("token", "add", "--site", "nobody.example", data=data, check=False).returncode == 2
