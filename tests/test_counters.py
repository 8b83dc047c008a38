"""Counters: keyed as asked, everything committed included, and never a write."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from analytics.days import local_day
from analytics.instance import Instance
from analytics.periods import BY_NAME
from analytics.store import tails
from analytics.summary import Query, total_of
from analytics.web.app import create_app
from analytics.web.reading import MAX_FIELDS, read_query

from .conftest import CHROME, FIREFOX, Clock


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def view(client: TestClient, path: str) -> None:
    assert client.post("/api/event", json={"u": f"https://example.com{path}"}).status_code == 202


def dump(instance: Instance) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    run = instance.reader._connection.execute
    tables = [name for (name,) in run("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {table: run(f"SELECT * FROM {table}").fetchall() for table in tables}


def test_pages_are_keyed_as_asked_and_unknown_ones_are_zero(client: TestClient) -> None:
    for path in ("/a", "/a/", "/a/index.html", "/a?utm_source=x", "/%E4%B8%AD", "/中"):
        view(client, path)
    asked = ["/a", "/a/", "/a/index.html", "//a", "/中", "/%e4%b8%ad", "/none", "https://example.com/a#x"]
    asked += ["https://www.example.com:443/a", "https://evil.test/a"]
    answer = client.get("/api/counters", params={"site": "www.example.com", "path": asked})
    views = {path: count["views"] for path, count in answer.json()["pages"].items()}
    assert views == {
        "/a": 4,
        "/a/": 4,
        "/a/index.html": 4,
        "//a": 4,
        "/中": 2,
        "/%e4%b8%ad": 2,
        "/none": 0,
        "https://example.com/a#x": 4,
        "https://www.example.com:443/a": 4,
        "https://evil.test/a": 0,
    }


def test_the_answer_is_the_same_before_and_after_a_fold_and_a_rollup(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    for path in ("/a", "/b", "/a"):
        view(client, path)
    seen = [client.get("/api/counters?site=example.com&path=/a&path=/b").json()]
    instance.fold()
    seen.append(client.get("/api/counters?site=example.com&path=/a&path=/b").json())
    clock.now += 2 * 86_400
    assert instance.rollup() == 1
    seen.append(client.get("/api/counters?site=example.com&path=/a&path=/b").json())
    assert seen[0]["site"] == {"domain": "example.com", "views": 3, "visitors": 1, "online": 1}
    assert seen[0]["pages"] == {"/a": {"views": 2, "visitors": 1}, "/b": {"views": 1, "visitors": 1}}
    assert seen[1] == seen[0]
    assert seen[2]["site"] == seen[0]["site"] | {"online": 0}
    assert seen[2]["pages"] == seen[0]["pages"]


@pytest.mark.usefixtures("remembered_tails")
def test_a_backlog_is_looked_at_once_and_counted_right_while_it_is_folded(
    client: TestClient, instance: Instance, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        for path in ("/a", "/b", "/a"):
            view(client, path)
        clock.now += 86_400
    looked: list[tuple[int, int]] = []
    count_day = tails.count_day
    monkeypatch.setattr(tails, "count_day", lambda *asked: looked.append(asked[1]) or count_day(*asked))

    def ask() -> tuple[object, object]:
        answer = client.get("/api/counters?site=example.com&path=/a").json()
        return answer["site"]["views"], answer["pages"]["/a"]

    (site,) = instance.registry.sites
    today = local_day(site.timezone, clock.now)
    assert ask() == (9, {"views": 6, "visitors": 3})
    assert len(looked) == 3
    instance.write(lambda store: store.fold(1, today - 2, 2))
    assert ask() == (9, {"views": 6, "visitors": 3})
    view(client, "/a")
    assert ask() == (10, {"views": 7, "visitors": 4})
    assert looked[3:] == [(1, today)]
    instance.fold()
    assert ask() == (10, {"views": 7, "visitors": 4})
    assert len(looked) == 4


def test_an_answer_that_is_known_is_304_until_a_view_comes(client: TestClient) -> None:
    view(client, "/a")
    address = "/api/counters?site=example.com&path=/a"
    etag = client.get(address).headers["etag"]
    known = client.get(address, headers={"if-none-match": etag})
    assert (known.status_code, known.content) == (304, b"")
    view(client, "/a")
    assert client.get(address, headers={"if-none-match": f"W/{etag}"}).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "site"),
        ("?site=", 400, "site"),
        ("?site=unknown.example", 404, "site"),
        ("?site=example.com&path=" + "x" * 2_001, 400, "path"),
        ("?site=example.com" + "&path=/a{}" * 101, 400, "path"),
        ("?site=example.com" + "&a=1" * 300, 400, "query"),
        ("?site=example.com&path=javascript:alert(1)", 400, "path"),
        ("?site=example.com&path=https://", 400, "path"),
        ("?site=example.com&path=https://example.com/%2500", 400, "path"),
    ],
)
def test_what_cannot_be_answered_names_the_field(
    client: TestClient, query: str, status: int, field: str
) -> None:
    parts = query.split("{}")
    query = "".join(f"{part}{number}" for number, part in enumerate(parts)) if len(parts) > 1 else query
    answer = client.get(f"/api/counters{query}")
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_online_are_the_visitors_of_the_last_five_minutes(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    view(client, "/a")
    for seconds, online in ((0, 1), (299, 1), (2, 0)):
        clock.now += seconds
        assert client.get("/api/counters?site=example.com").json()["site"]["online"] == online


def test_a_clock_that_was_ahead_leaves_nobody_online(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    now = clock.now
    clock.now = now + 400 * 86_400
    view(client, "/a")
    instance.fold()
    clock.now = now
    counters = client.get("/api/counters?site=example.com").json()["site"]
    assert (counters["views"], counters["online"]) == (1, 0)
    view(client, "/a")
    assert client.get("/api/counters?site=example.com").json()["site"]["online"] == 1
    with instance.borrow_reader() as reader:
        site = instance.registry.sites[0]
        assert total_of(reader, Query(site, BY_NAME["all"], clock.now)).views == 2


def test_who_repeats_an_event_id_is_not_online(client: TestClient, instance: Instance) -> None:
    for agent in (FIREFOX, CHROME):
        body = {"u": "https://example.com/a", "id": "abc"}
        assert client.post("/api/event", json=body, headers={"user-agent": agent}).status_code == 202
    site = client.get("/api/counters?site=example.com").json()["site"]
    assert (site["visitors"], site["online"], instance.writer.stored) == (1, 1, 1)


def test_a_restart_remembers_who_is_online(instance: Instance, clock: Clock, client: TestClient) -> None:
    view(client, "/a")
    instance.close()
    again = Instance(instance.folder, clock=clock).open()
    try:
        assert again.presence.count(1, clock.now) == 1
    finally:
        again.close()
        instance._lock.release = lambda: None  # type: ignore[method-assign]


def test_reading_writes_nothing(client: TestClient, instance: Instance) -> None:
    view(client, "/a")
    before = dump(instance)
    for number in range(0, 10_000, 100):
        paths = [f"/random/{number + offset}" for offset in range(100)]
        client.get("/api/counters", params={"site": "example.com", "path": paths})
    client.get("/api/counters?site=unknown.example&path=/x")
    assert dump(instance) == before


@given(st.text(alphabet="ab=&;%2C+?é#\x00", max_size=30).map(str.encode))
def test_a_query_is_read_as_urllib_reads_it(query: bytes) -> None:
    assert read_query({"query_string": query}) == parse_qs(query.decode(), keep_blank_values=True)


def test_a_query_of_too_many_fields_is_refused_however_it_is_written(client: TestClient) -> None:
    for more in ("&a=1", "&a=%31"):
        answer = client.get(f"/api/counters?site=example.com{more * MAX_FIELDS}")
        assert (answer.status_code, answer.json()["field"]) == (400, "query")
