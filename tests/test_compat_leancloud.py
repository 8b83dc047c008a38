"""LeanCloud's class Counter, as NexT, Fluid and Valine ask for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import FIREFOX, add_site

KEY = {"x-lc-id": "app", "x-lc-key": "public", "origin": "https://blog.example"}
COUNTER = "/1.1/classes/Counter"
PLUS = {"time": {"__op": "Increment", "amount": 1}}


@pytest.fixture
def client(instance: Instance) -> TestClient:
    add_site(instance, "blog.example", foreign_ids=("leancloud:app",))
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX} | KEY)


def find(client: TestClient, where: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.get(COUNTER, params={"where": json.dumps(where)})
    assert answer.status_code == 200
    return list(answer.json()["results"])


def site_views(instance: Instance) -> int:
    site = instance.registry.find("blog.example")
    assert site is not None
    return instance.reader.site_count(site.id).views


def test_next_makes_a_counter_then_counts(client: TestClient, instance: Instance) -> None:
    assert find(client, {"url": "/p/"}) == []
    made = client.post(COUNTER, json={"title": "P", "url": "/p/", "time": 500})
    assert made.status_code == 201
    (found,) = find(client, {"url": "/p/"})
    assert found["objectId"] == made.json()["objectId"]
    assert (found["url"], found["title"], found["time"]) == ("/p/", "P", 1)
    many = {"time": {"__op": "Increment", "amount": 1000}, "title": "hacked"}
    changed = client.put(f"{COUNTER}/{found['objectId']}", json=many).json()
    assert changed["time"] == 2
    assert set(changed) == {"objectId", "updatedAt", "time"}
    assert find(client, {"url": "/p/"})[0]["title"] == "P"
    assert len(found["objectId"]) == 24
    assert site_views(instance) == 2


def test_a_list_and_the_most_read(client: TestClient) -> None:
    for path in ("/a/", "/b/", "/b/"):
        client.post(COUNTER, json={"url": path, "time": 1})
    listed = find(client, {"url": {"$in": ["/b/", "/none/", "/a/index.html"]}})
    assert [(one["url"], one["time"]) for one in listed] == [("/b/", 2), ("/a/index.html", 1)]
    answer = client.get(f"{COUNTER}?order=-time&limit=1")
    assert [(one["url"], one["time"]) for one in answer.json()["results"]] == [("/b", 2)]


def test_fluid_counts_page_and_site_in_one_batch(client: TestClient, instance: Instance) -> None:
    ids = []
    for target in ("/2026/a/", "site-pv", "site-uv"):
        made = client.post(COUNTER, json={"target": target, "time": 0})
        assert made.status_code == 201
        ids.append(made.json()["objectId"])
    assert site_views(instance) == 0
    requests = [{"method": "PUT", "path": f"{COUNTER}/{one}", "body": PLUS} for one in ids]
    answer = client.post("/1.1/batch", json={"requests": requests})
    assert [one["success"]["objectId"] for one in answer.json()] == ids
    numbers = [find(client, {"target": target})[0]["time"] for target in ("/2026/a/", "site-pv", "site-uv")]
    assert numbers == [1, 1, 1]


def test_a_page_without_a_counter_of_its_own_counts_for_the_site(client: TestClient) -> None:
    (total,) = find(client, {"target": "site-pv"})
    requests = [{"method": "PUT", "path": f"{COUNTER}/{total['objectId']}", "body": PLUS}]
    client.post("/1.1/batch", json={"requests": requests})
    assert find(client, {"target": "site-pv"})[0]["time"] == 1
    client.put(f"{COUNTER}/{total['objectId']}", json=PLUS)
    assert find(client, {"target": "/"}) == []
    found = client.get("/api/popular?site=blog.example&window=all").json()
    assert (find(client, {"target": "site-pv"})[0]["time"], found["pages"]) == (2, [])


@pytest.mark.parametrize("id", ["0" * 24, "x" * 24, "", "ab", "6" * 24])
def test_an_id_that_is_not_ours_counts_nothing(client: TestClient, instance: Instance, id: str) -> None:
    client.post(COUNTER, json={"url": "/p/", "time": 1})
    assert client.put(f"{COUNTER}/{id}", json=PLUS).status_code == 404
    batch = {"requests": [{"path": f"{COUNTER}/{id}"}, 7, {"path": None}]}
    assert [list(one) for one in client.post("/1.1/batch", json=batch).json()] == [["error"], ["error"]]
    assert site_views(instance) == 1


def test_who_may_ask(client: TestClient, instance: Instance) -> None:
    answer = client.get(f"{COUNTER}?where={{}}", headers={"x-lc-id": ""})
    assert (answer.status_code, answer.json()["code"]) == (401, 401)
    assert answer.headers["access-control-allow-origin"] == "*"
    stranger = {"x-lc-id": "other", "origin": "https://evil.example"}
    assert client.post(COUNTER, json={"url": "/p/", "time": 1}, headers=stranger).status_code == 401
    copy = {"origin": "https://evil.example"}
    dropped = client.post(COUNTER, json={"url": "/p/", "time": 1}, headers=copy)
    assert dropped.headers["x-pagetally"] == "dropped; host"
    assert site_views(instance) == 0
    allowed = client.options(COUNTER).headers["access-control-allow-headers"]
    assert "x-lc-id" in allowed


MANY = json.dumps({"url": {"$in": ["/"] * 101}})


@pytest.mark.parametrize("where", ["[]", "nonsense", '{"title":"x"}', MANY])
def test_a_condition_that_cannot_be_answered(client: TestClient, where: str) -> None:
    answer = client.get(COUNTER, params={"where": where})
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_router_names_this_host(client: TestClient) -> None:
    assert client.get("/2/route?appId=app").json()["api_server"] == "testserver"
