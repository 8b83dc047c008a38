"""Faults that counters before this one had, by their numbers in our list of twenty; each stays away."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import FIREFOX, Clock, add_site

SITE = {"origin": "https://blog.example"}
NAMES = ("leancloud:app", "moe:joe", "hits:joe/repo")
LEAN = SITE | {"x-lc-id": "app"}
COUNTER = "/1.1/classes/Counter"
HITS = {
    "goatcounter": ("GET", "/count?p={}", None),
    "waline": ("POST", "/api/article", {"path": "{}", "type": "time", "action": "inc"}),
    "twikoo": ("POST", "/twikoo", {"event": "COUNTER_GET", "url": "{}"}),
    "artalk": ("POST", "/api/v2/pages/pv", {"page_key": "{}"}),
    "leancloud": ("POST", COUNTER, {"url": "{}", "time": 1}),
    "openkounter": ("POST", "/api/counter", {"action": "inc", "target": "{}"}),
}
"""How each protocol counts a view of a path."""


@pytest.fixture
def client(instance: Instance) -> TestClient:
    add_site(instance, "blog.example", foreign_ids=NAMES)
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX, "x-lc-id": "app"} | SITE)


def hit(client: TestClient, protocol: str, path: str, **headers: str) -> object:
    method, address, told = HITS[protocol]
    told = json.loads(json.dumps(told).replace("{}", path)) if told else None
    answer = client.request(method, address.format(path), json=told, headers=headers)
    assert answer.status_code < 500
    return answer


def read(client: TestClient, path: str) -> dict[str, int]:
    """The number of a page, as each protocol tells it."""
    lean = client.get(COUNTER, params={"where": json.dumps({"url": path})}).json()["results"]
    quoted = {"path": path, "target": path, "page_keys": path}
    return {
        "goatcounter": int(client.get(f"/counter{path}.json").json()["count"]),
        "waline": client.get("/api/article", params=quoted).json()["data"][0]["time"],
        "artalk": client.get("/api/v2/stats/page_pv", params=quoted).json()["data"][path],
        "openkounter": client.get("/api/counter", params=quoted).json()["data"]["time"],
        "leancloud": lean[0]["time"] if lean else 0,
    }


def rows(instance: Instance) -> int:
    site = instance.registry.find("blog.example")
    assert site is not None
    return len(instance.reader.top_pages(site.id, None, 1_000)[0])


def test_4_reading_makes_no_rows(client: TestClient, instance: Instance) -> None:
    for number in range(200):
        assert set(read(client, f"/never/{number}").values()) == {0}
        client.get(f"/get/blog.example/never{number}")
    assert rows(instance) == 0
    assert instance.reader.unfolded(2) == 0


def test_5_a_page_untouched_for_a_hundred_days_keeps_its_count(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    hit(client, "waline", "/a")
    instance.fold()
    clock.now += 100 * 86_400
    instance.rollup()
    instance.purge()
    assert set(read(client, "/a").values()) == {1}


@pytest.mark.parametrize("protocol", HITS)
def test_8_all_spellings_are_one_page_for_writing_and_reading(client: TestClient, protocol: str) -> None:
    spellings = ["/a", "/a/", "/a/index.html"]
    for path in spellings:
        hit(client, protocol, path)
    for path in [*spellings, "//a"]:
        assert set(read(client, path).values()) == {3}
    hit(client, protocol, "/%E4%B8%AD")
    hit(client, protocol, "/中/")
    assert set(read(client, "/中").values()) == {2}


def test_10_two_styles_share_no_rendering(client: TestClient) -> None:
    hit(client, "goatcounter", "/a")
    red, blue = (client.get(f"/counter/a.svg?style=text{{fill:{color}}}").text for color in ("red", "blue"))
    assert "red" in red
    assert "blue" in blue
    assert "red" not in blue


def test_12_reading_does_not_increment(client: TestClient) -> None:
    for address in ("/@joe", "/joe/repo.svg"):
        client.get(address)
    for _ in range(3):
        assert client.get("/record/@joe").json()["num"] == 1
        assert client.get("/joe/repo.json").json()["message"] == "1"
        assert "1 / 1" in client.get("/api/count/keep/badge.svg?url=joe/repo").text
        assert set(read(client, "/joe").values()) == {1}


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/counter/none.json", 404),
        ("GET", "/counter/none.txt", 400),
        ("GET", "/count", 400),
        ("PUT", f"{COUNTER}/0", 404),
        ("GET", "/get/myns/none", 404),
        ("GET", "/api/v2/stats/none", 404),
        ("GET", "/api/counter", 400),
        ("GET", "/@joe?padding=99", 400),
        ("GET", "/1.1/classes/Other", 404),
        ("GET", "/counter", 404),
    ],
)
def test_14_errors_carry_cors(client: TestClient, method: str, address: str, status: int) -> None:
    answer = client.request(method, address)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")


@pytest.mark.parametrize("protocol", HITS)
def test_16_a_copy_on_another_host_changes_nothing(
    client: TestClient, instance: Instance, protocol: str
) -> None:
    hit(client, protocol, "/a")
    hit(client, protocol, "/a", origin="https://copy.example")
    hit(client, protocol, "https://blog.example/a", origin="https://copy.example")
    assert set(read(client, "/a").values()) == {1}
    assert rows(instance) == 1


@pytest.mark.parametrize("address", ["/twikoo", "/", "/.netlify/functions/twikoo"])
def test_18_the_first_visit_shows_one(client: TestClient, address: str) -> None:
    answer = client.post(address, json={"event": "COUNTER_GET", "url": "/a"})
    assert answer.json()["time"] == 1
    assert "Pagetally" in client.get("/", follow_redirects=True).text


def test_20_nought_is_shown_as_nought(client: TestClient) -> None:
    assert client.get("/counter/none.json").json() == {"count_unique": "0", "count": "0"}
    assert client.get("/article?path=/none").json() == 0
    assert client.get("/api/websites/none/stats").json()["pageviews"]["value"] == 0
    assert "<title>counter: 0</title>" in client.get("/@nobody").text
