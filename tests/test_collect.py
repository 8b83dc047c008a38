"""What collecting does with each input: status, header, stored row. The specification, as a table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.days import local_day
from analytics.instance import Instance
from analytics.model import Range, Totals
from analytics.payload import MAX_BODY
from analytics.web.app import create_app

from .conftest import CHROME, FIREFOX, GOOGLEBOT, Clock, add_site, list_sources


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def stored(instance: Instance) -> list[dict[str, Any]]:
    """Every hit on disk, with its names in place of ids."""
    reader = instance.reader._connection
    cursor = reader.execute(
        "SELECT site.domain, path.path, path.title, kind, coalesce(name.name, '') AS name,"
        " coalesce(source.host, '') AS source, detail FROM hit JOIN site ON site.id = hit.site"
        " JOIN path ON path.id = hit.path LEFT JOIN source ON source.id = hit.source"
        " LEFT JOIN name ON name.id = hit.name ORDER BY hit.id"
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


URL = "https://example.com/a"

TAKEN = [
    ({"n": "pageview", "u": URL}, {"path": "/a", "kind": 0, "name": ""}),
    ({"name": "pageview", "url": URL, "domain": "example.com"}, {"path": "/a", "kind": 0}),
    ({"u": URL}, {"kind": 0}),
    ({"u": "https://www.EXAMPLE.com:443/a/"}, {"path": "/a"}),
    ({"u": "https://example.com/a/index.html?utm_source=x#top"}, {"path": "/a"}),
    ({"u": "https://example.com"}, {"path": "/"}),
    ({"u": "https://example.com/%E4%B8%AD"}, {"path": "/中"}),
    ({"u": URL, "d": "www.example.com"}, {"domain": "example.com"}),
    ({"u": URL, "r": "https://www.news.example/story?id=1"}, {"source": "news.example"}),
    ({"u": URL, "r": "https://example.com/b"}, {"source": ""}),
    ({"u": URL, "r": "http://localhost:3000/"}, {"source": ""}),
    ({"u": URL, "r": None}, {"source": ""}),
    ({"u": URL, "r": "android-app://com.google.android.gm/"}, {"source": "com.google.android.gm"}),
    ({"u": URL, "r": "x" * 9_000}, {"source": ""}),
    ({"u": URL, "t": "A title"}, {"title": "A title"}),
    # What clients in PHP make of no properties, and what hidden pages call their width.
    ({"u": URL, "p": [], "w": 0, "i": None, "h": ""}, {"path": "/a"}),
    ({"u": URL, "t": "t" * 5_000}, {"title": "t" * 2_000}),
    ({"u": URL, "n": "Signup"}, {"kind": 1, "name": "Signup", "path": "/a"}),
    ({"u": URL, "n": "Signup", "i": False}, {"kind": 2, "name": "Signup"}),
    ({"u": URL, "n": 404}, {"kind": 1, "name": "404"}),
    ({"u": URL, "n": "x", "p": {"plan": "pro", "n": 3}}, {"detail": '{"plan":"pro","n":3}'}),
    ({"u": URL, "n": "x", "p": '{"plan":"pro"}'}, {"detail": '{"plan":"pro"}'}),
    ({"u": URL, "n": "x", "m": {"a": "1"}, "props": {"b": "2"}}, {"detail": '{"a":"1"}'}),
    ({"u": URL, "n": "x", "p": {"list": [1], "empty": "", "none": None}}, {"detail": None}),
    ({"u": "https://example.com/a#/about", "h": 1}, {"path": "/a%23/about"}),
    ({"u": URL, "v": 32, "w": 1440, "q": 1, "$": {"amount": 1}}, {"path": "/a"}),
    ({"u": URL, "e": -1, "sd": "x", "a": []}, {"kind": 0, "detail": None}),
    (
        {"u": URL, "n": "engagement", "e": 5_400, "sd": 60},
        {"kind": 3, "path": "/a", "detail": '{"e":5,"sd":60}'},
    ),
    ({"u": URL, "n": "engagement", "e": "61000.7"}, {"kind": 3, "name": "engagement", "detail": '{"e":61}'}),
    ({"u": URL, "n": "engagement", "sd": 100.4, "e": None}, {"kind": 3, "detail": '{"sd":100}'}),
    ({"u": URL, "n": "engagement", "sd": -3}, {"kind": 3, "detail": '{"sd":0}'}),
    ({"u": URL, "n": "engagement", "sd": 1e300, "p": {"x": 1}}, {"kind": 3, "detail": '{"sd":100}'}),
    (
        {"u": URL, "n": "engagement", "sd": 1, "r": "https://news.example/", "i": False},
        {"kind": 3, "source": ""},
    ),
]


@pytest.mark.parametrize(("body", "row"), TAKEN)
def test_taken(client: TestClient, instance: Instance, body: dict[str, Any], row: dict[str, Any]) -> None:
    answer = client.post("/api/event", content=json.dumps(body))
    assert (answer.status_code, answer.text) == (202, "ok")
    assert "x-pagetally" not in answer.headers
    (hit,) = stored(instance)
    assert row.items() <= hit.items()


REFUSED = [
    (b"", 400, "body"),
    (b"{", 400, "body"),
    (b"[]", 400, "body"),
    (b'"text"', 400, "body"),
    (b"\xff\xfe", 400, "body"),
    (b"[" * 50_000, 400, "body"),
    (b"{}", 400, "url"),
    (b'{"u": ""}', 400, "u"),
    (b'{"u": 5}', 400, "u"),
    (b'{"u": "/a"}', 400, "u"),
    (b'{"u": "ftp://example.com/a"}', 400, "u"),
    (b'{"u": "data:text/html,x"}', 400, "u"),
    (b'{"u": "https://"}', 400, "u"),
    (b'{"u": "https://[::1"}', 400, "u"),
    (b'{"u": "https://example.com/' + b"x" * 2_000 + b'"}', 400, "u"),
    (b'{"u": "https://example.com/", "n": ""}', 400, "n"),
    (b'{"u": "https://example.com/", "n": "' + b"x" * 121 + b'"}', 400, "n"),
    (b'{"u": "https://example.com/", "n": {}}', 400, "n"),
    (b'{"u": "https://example.com/", "d": " "}', 400, "d"),
    (b'{"u": "https://example.com/", "d": "' + b"a," * 11 + b'a.b,c,d,e,f,g,h,i,j,k,l"}', 400, "d"),
    (b'{"u": "https://example.com/", "p": "not json"}', 400, "p"),
    (b'{"u": "https://example.com/", "p": [1]}', 400, "p"),
    (b'{"u": "https://example.com/", "p": {"k": "' + b"x" * 2_001 + b'"}}', 400, "p"),
    (b'{"u": "https://example.com/", "p": {"' + b"k" * 301 + b'": 1}}', 400, "p"),
    (json.dumps({"u": URL, "p": {str(n): n for n in range(31)}}).encode(), 400, "p"),
    (b'{"url": "/a"}', 400, "url"),
    (b'{"url": "https://example.com/", "name": ""}', 400, "name"),
    (b'{"url": "https://example.com/", "domain": " "}', 400, "domain"),
    (b'{"url": "https://example.com/", "meta": [1]}', 400, "meta"),
    (b'{"u": "https://example.com/%00"}', 400, "u"),
    (b'{"u": "https://example.com/a\\u0000b"}', 400, "u"),
    (b'{"u": "https://example.com/%C2%85"}', 400, "u"),
    (b'{"u": "https://example.com/", "t": {}}', 400, "t"),
    (b'{"u": "https://example.com/", "w": []}', 400, "w"),
    (b'{"u": "https://example.com/", "screen": true}', 400, "screen"),
    (b'{"u": "https://example.com/", "i": "x"}', 400, "i"),
    (b'{"u": "https://example.com/", "interactive": {}}', 400, "interactive"),
    (b'{"u": "https://example.com/", "hashMode": [1]}', 400, "hashMode"),
    (b'{"u": "https://example.com/", "id": "' + b"x" * 129 + b'"}', 400, "id"),
    (b'{"u": "https://example.com/", "n": "engagement"}', 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "a": 5}', 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "e": -1}', 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "e": 2592000000}', 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "e": "long"}', 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "e": true}', 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "e": "nan"}', 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "e": 1' + b"0" * 400 + b"}", 400, "e"),
    (b'{"u": "https://example.com/", "n": "engagement", "sd": "inf"}', 400, "sd"),
    (b'{"u": "https://example.com/", "n": "engagement", "sd": [1]}', 400, "sd"),
    (b'{"u": "https://example.com/", "n": "engagement", "sd": 5, "a": "x"}', 400, "a"),
    (b'{"u": "https://example.com/", "n": "engagement", "sd": 5, "a": 1e12}', 400, "a"),
    (b'{"u": "https://example.com/", "t": "' + b"x" * MAX_BODY + b'"}', 413, "body"),
]


@pytest.mark.parametrize(("body", "status", "field"), REFUSED)
def test_refused(client: TestClient, instance: Instance, body: bytes, status: int, field: str) -> None:
    answer = client.post("/api/event", content=body)
    assert answer.status_code == status
    assert answer.json()["field"] == field
    assert answer.headers["x-pagetally"] == f"error; {field}"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert stored(instance) == []


DROPPED = [
    ({"u": "https://other.example/"}, {}, "unknown-site"),
    ({"u": URL, "d": "other.example"}, {}, "unknown-site"),
    ({"u": "https://copy.example/a", "d": "example.com"}, {}, "host"),
    ({"u": URL}, {"user-agent": GOOGLEBOT}, "bot"),
    ({"u": URL}, {"user-agent": "curl/8.5.0"}, "bot"),
    ({"u": URL}, {"user-agent": CHROME.replace("Chrome/", "HeadlessChrome/")}, "headless"),
    ({"u": URL}, {"sec-purpose": "prefetch;prerender"}, "prefetch"),
    ({"u": URL}, {"x-moz": "prefetch"}, "prefetch"),
    ({"u": URL}, {"purpose": "preview"}, "prefetch"),
    ({"u": "https://example.com/admin/x"}, {}, "excluded-path"),
    ({"u": "https://example.com/admin/"}, {}, "excluded-path"),
    ({"u": "https://example.com/caf%c3%a9/"}, {}, "excluded-path"),
]


@pytest.mark.parametrize(("body", "headers", "reason"), DROPPED)
def test_dropped(
    client: TestClient, instance: Instance, body: dict[str, Any], headers: dict[str, str], reason: str
) -> None:
    add_site(instance, "private.example", exclude_paths=("/admin/*",))
    site = instance.registry.find("example.com")
    assert site is not None
    add = {"exclude_paths": ("/admin/*", "/caf%C3%A9/index.html")}
    instance.write(lambda store: store.save_site(type(site)(id=site.id, domain=site.domain, **add), 0))
    instance.reload_sites()
    answer = client.post("/api/event", json=body, headers=headers)
    assert (answer.status_code, answer.headers["x-pagetally"]) == (202, f"dropped; {reason}")
    assert stored(instance) == []
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        assert [(told, found.views) for _, told, found in reader.dropped(0)] == [(reason, 1)]


# What an engagement event says, seconds after its view; how many seconds after it the event lies.
LEFT = [
    ({"e": 40_000, "a": 60_000}, 60, 40),
    ({"e": "40000", "a": "60000"}, 60, 40),
    ({"e": 60_000, "a": 60_000}, 61, 61),
    ({"e": 40_000}, 60, 60),
    ({"sd": 50, "a": 60_000}, 60, 0),
    ({"e": 90_000, "a": 60_000}, 60, 60),
    ({"e": 9_000, "a": 7_200_000}, 7_200, 5_400),
]


@pytest.mark.parametrize(("told", "seconds", "length"), LEFT)
def test_an_engagement_event_lies_where_its_page_was_left(
    client: TestClient, instance: Instance, clock: Clock, told: dict[str, Any], seconds: int, length: int
) -> None:
    start = clock.now
    clock.now += seconds
    answer = client.post("/api/event", json={"u": URL, "n": "engagement", **told})
    assert (answer.status_code, answer.text, answer.headers.get("x-pagetally")) == (202, "ok", None)
    (at,) = instance.reader._connection.execute("SELECT at FROM hit").fetchone()
    assert at == int(start) + length


def test_engaged_time_makes_a_visit_longer_and_nothing_else(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    site = instance.registry.find("example.com")
    assert site is not None
    day = local_day(site.timezone, clock.now)

    def figures() -> tuple[dict[int, Totals], int]:
        with instance.borrow_reader() as reader:
            return reader.totals_by_day(site.id, day, day), reader.site_count(site.id).views

    stranger = {"user-agent": CHROME}
    engagement = {"u": URL, "n": "engagement", "e": 45_000, "sd": 70, "a": 60_000}
    client.post("/api/event", json={"u": URL, "r": "https://news.example/"})
    clock.now += 60
    client.post("/api/event", json=engagement)
    alone = client.post("/api/event?counters=1", json=engagement, headers=stranger).json()
    assert alone["site"] == {"domain": "example.com", "views": 1, "visitors": 1, "online": 1}
    expected = {day: Totals(views=1, visits=1, visitors=1, bounces=1, duration=45)}, 1
    assert figures() == expected
    instance.fold()
    assert figures() == expected
    with instance.borrow_reader() as reader:
        assert [row.labels for row in list_sources(reader, site, Range(day, day))] == [("news.example",)]
        assert [text for text in reader.differences() if text] == []


def test_an_engagement_event_after_midnight_belongs_to_the_day_before_where_its_page_was_left_then(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    add_site(instance, "east.example", timezone="Asia/Tokyo")
    url = "https://east.example/"
    midnight = -(-int(clock.now) // 86_400) * 86_400 + 15 * 3600
    clock.now = midnight - 120
    client.post("/api/event", json={"u": url})
    clock.now = midnight + 300
    for told in ({"e": 100_000, "a": 420_000}, {"e": 400_000, "a": 420_000}):
        client.post("/api/event", json={"u": url, "n": "engagement", **told})
    rows = instance.reader._connection.execute(
        "SELECT day, at, visitor FROM hit ORDER BY kind, at"
    ).fetchall()
    today = local_day("Asia/Tokyo", clock.now)
    assert [(day, at - midnight) for day, at, _ in rows] == [
        (today - 1, -120),
        (today - 1, -20),
        (today, 280),
    ]
    assert rows[0][2] == rows[1][2] != rows[2][2]


def test_an_excluded_address_and_an_opted_out_browser_are_not_counted(
    instance: Instance, client: TestClient
) -> None:
    add_site(instance, "quiet.example", exclude_addresses=("10.0.0.0/8",), honour_gpc=True)
    home = TestClient(create_app(instance), headers={"user-agent": FIREFOX}, client=("10.1.2.3", 5))
    view = {"u": "https://quiet.example/"}
    assert home.post("/api/event", json=view).headers["x-pagetally"] == "dropped; excluded-address"
    for name in ("sec-gpc", "dnt"):
        answer = client.post("/api/event", json=view, headers={name: "1"})
        assert answer.headers["x-pagetally"] == "dropped; opt-out"
        assert "x-pagetally" not in client.post("/api/event", json={"u": URL}, headers={name: "1"}).headers
    assert [hit["domain"] for hit in stored(instance)] == ["example.com"] * 2


def test_bots_count_where_the_owner_wants_them(client: TestClient, instance: Instance) -> None:
    add_site(instance, "robots.example", count_bots=True)
    answer = client.post(
        "/api/event", json={"u": "https://robots.example/"}, headers={"user-agent": GOOGLEBOT}
    )
    assert "x-pagetally" not in answer.headers
    assert [hit["domain"] for hit in stored(instance)] == ["robots.example"]


def test_one_event_for_several_sites_is_stored_in_each_that_knows_its_host(
    client: TestClient, instance: Instance
) -> None:
    add_site(instance, "all.example", aliases=("example.com",))
    body = {"u": URL, "d": "example.com, all.example,unknown.example"}
    answer = client.post("/api/event", json=body)
    assert answer.headers["x-pagetally"] == "dropped; unknown-site"
    assert [hit["domain"] for hit in stored(instance)] == ["example.com", "all.example"]


@pytest.mark.parametrize("host", ["bücher.example", "www.BÜCHER.example", "xn--bcher-kva.example"])
@pytest.mark.parametrize("domain", ["bücher.example", "xn--bcher-kva.example", ""])
def test_a_site_is_found_by_its_name_in_any_script(
    client: TestClient, instance: Instance, host: str, domain: str
) -> None:
    add_site(instance, "bücher.example")
    body = {"u": f"https://{host}/a"} | ({"d": domain} if domain else {})
    assert "x-pagetally" not in client.post("/api/event", json=body).headers
    shown = client.get("/api/counters", params={"site": domain or host, "path": f"https://{host}/a"}).json()
    assert (shown["site"]["domain"], shown["site"]["views"]) == ("xn--bcher-kva.example", 1)


def test_a_query_key_of_the_site_makes_a_page_of_its_own(client: TestClient, instance: Instance) -> None:
    add_site(instance, "wp.example", query_keys=("p",))
    for query in ("?p=1&utm_source=x", "?utm_source=y&p=1", "?p=2", ""):
        client.post("/api/event", json={"u": f"https://wp.example/{query}"})
    assert [hit["path"] for hit in stored(instance)] == ["/?p=1", "/?p=1", "/?p=2", "/"]
    pages = client.get("/api/counters", params={"site": "wp.example", "path": ["/?p=1&x=1", "/"]}).json()[
        "pages"
    ]
    assert {path: count["views"] for path, count in pages.items()} == {"/?p=1&x=1": 2, "/": 1}


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/x-www-form-urlencoded", ""])
def test_any_content_type_will_do(client: TestClient, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = client.post("/api/event", content=json.dumps({"u": URL}), headers=headers)
    assert answer.status_code == 202


def test_counters_come_with_the_view_in_them(client: TestClient) -> None:
    first = client.post("/api/event?counters=1", json={"u": URL})
    second = client.post("/api/event?counters=1", json={"u": URL}, headers={"user-agent": CHROME})
    assert first.json()["pages"] == {"/a": {"views": 1, "visitors": 1}}
    assert second.json() == {
        "site": {"domain": "example.com", "views": 2, "visitors": 2, "online": 2},
        "pages": {"/a": {"views": 2, "visitors": 2}},
    }
    dropped = client.post("/api/event?counters=1", json={"u": URL}, headers={"user-agent": GOOGLEBOT})
    assert dropped.headers["x-pagetally"] == "dropped; bot"
    assert dropped.json()["pages"] == {"/a": {"views": 2, "visitors": 2}}


def test_a_repeated_event_id_is_stored_once(client: TestClient, instance: Instance, clock: Clock) -> None:
    for hours in (0, 0, 1, 23):
        clock.now += hours * 3600
        assert client.post("/api/event", json={"u": URL, "id": "abc"}).status_code == 202
    client.post("/api/event", json={"u": URL, "id": "abd"})
    assert len(stored(instance)) == 2


def test_new_paths_over_the_cap_count_for_the_site_and_for_the_other_row(
    client: TestClient, instance: Instance
) -> None:
    from analytics.store.ingest import Caps

    instance.write(lambda store: setattr(store._ingest, "_caps", Caps(path=3)))
    for number in range(6):
        client.post("/api/event", json={"u": f"https://example.com/{number}"})
    client.post("/api/event", json={"u": "https://example.com/1"})
    paths = [hit["path"] for hit in stored(instance)]
    assert paths == ["/0", "/1", "/2", "(other)", "(other)", "(other)", "/1"]
    assert client.get("/api/counters?site=example.com").json()["site"]["views"] == 7


def test_the_reader_of_a_page_over_the_cap_is_told_no_number_of_it(
    client: TestClient, instance: Instance
) -> None:
    from analytics.store.ingest import Caps

    instance.write(lambda store: setattr(store._ingest, "_caps", Caps(path=1)))

    def view(path: str) -> Any:
        return client.post("/api/event?counters=1", json={"u": f"https://example.com{path}"}).json()["pages"]

    known = {"/a": {"views": 1, "visitors": 1}}
    assert (view("/a"), view("/b")) == (known, {})
    foreign = client.get(
        "/jsonp?callback=F", headers={"referer": "https://example.com/c", "user-agent": FIREFOX}
    )
    assert '"site_pv":3,"site_uv":1,"page_pv":"–"' in foreign.text
    clicked = {"u": "https://example.com/d", "n": "click"}
    told = client.post("/api/event?counters=1", json=clicked).json()["pages"]
    assert told == {"/d": {"views": 0, "visitors": 0}}
    assert client.get("/api/counters?site=example.com&path=/b").json()["pages"]["/b"]["views"] == 0


PIXELS = [
    ("?u=https://example.com/p", {}, 200, None),
    ("?u=https://example.com/p&d=example.com&r=https://news.example/&t=T", {}, 200, None),
    ("", {"referer": "https://example.com/from-referer"}, 200, None),
    ("", {}, 400, "error; url: is required"),
    ("?u=nonsense", {}, 400, "error; u: must begin with http:// or https://"),
    ("?u=https://other.example/", {}, 202, "dropped; unknown-site"),
    ("?u=https://example.com/p", {"user-agent": GOOGLEBOT}, 202, "dropped; bot"),
    ("?" + "a=1&" * 5_000, {}, 400, "error; query: has too many fields"),
]


@pytest.mark.parametrize(("query", "headers", "status", "said"), PIXELS)
def test_pixel(
    client: TestClient, instance: Instance, query: str, headers: dict[str, str], status: int, said: str | None
) -> None:
    answer = client.get(f"/api/pixel.gif{query}", headers=headers)
    assert (answer.status_code, answer.headers.get("x-pagetally")) == (status, said)
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.content) == 43
    assert len(stored(instance)) == (status == 200)


def test_a_head_request_of_the_pixel_counts_nothing(client: TestClient, instance: Instance) -> None:
    answer = client.head("/api/pixel.gif?u=https://example.com/p")
    assert (answer.status_code, answer.headers["x-pagetally"]) == (202, "dropped; head")
    assert stored(instance) == []
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        assert reader.dropped(0) == []


@pytest.mark.parametrize(
    "path", ["/event", "/counters?site=example.com", "/pixel.gif?u=https://example.com/"]
)
@pytest.mark.parametrize("base", ["/stats", ""])
def test_a_base_path_may_be_passed_on_or_taken_off(instance: Instance, path: str, base: str) -> None:
    app = create_app(instance, base_path="/stats", trusted_proxies=["127.0.0.1"])
    client = TestClient(app, headers={"user-agent": FIREFOX}, follow_redirects=False)
    if path == "/event":
        assert client.post(f"{base}/api{path}", json={"u": URL}).status_code == 202
    else:
        assert client.get(f"{base}/api{path}").status_code == 200
    assert client.get(f"{base}/").headers["location"] == "/stats/login"
    assert 'href="/stats/style.css' in client.get(f"{base}/nowhere").text
    assert client.get(f"{base}/pt.js").status_code == 200


@pytest.mark.parametrize("path", ["/api/event", "/api/counters", "/api/nothing", "/pt.js"])
def test_every_page_may_ask(client: TestClient, path: str) -> None:
    preflight = client.options(path, headers={"origin": "https://blog.example"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/event", 405),
        ("POST", "/api/counters", 405),
        ("POST", "/api/pixel.gif", 405),
        ("PUT", "/api/pixel.gif", 405),
        ("GET", "/api/nothing", 404),
    ],
)
def test_errors_can_be_read_by_every_page(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "error" in answer.json()
    assert ("allow" in answer.headers) == (status == 405)


def test_a_pixel_counts_for_each_site_that_it_names(client: TestClient, instance: Instance) -> None:
    add_site(instance, "all.example", aliases=("example.com",))
    answer = client.get("/api/pixel.gif", params={"u": URL, "d": "example.com, all.example"})
    assert (answer.status_code, "x-pagetally" in answer.headers) == (200, False)
    assert [hit["domain"] for hit in stored(instance)] == ["example.com", "all.example"]


def test_events_count_for_the_visit_and_not_as_views(client: TestClient, instance: Instance) -> None:
    client.post("/api/event", json={"u": URL})
    client.post("/api/event", json={"u": URL, "n": "Signup"})
    assert client.get("/api/counters?site=example.com&path=/a").json()["pages"]["/a"]["views"] == 1
    with instance.borrow_reader() as reader:
        (totals,) = reader.totals_by_day(1, 0, 99_999).values()
    assert (totals.views, totals.visits, totals.visitors, totals.bounces) == (1, 1, 1, 0)


def test_a_view_whose_site_goes_while_it_is_on_its_way_is_dropped(
    client: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = add_site(instance, "leaving.example")
    submit = instance.writer.submit

    def remove_first(*words: Any) -> Any:
        instance.write(lambda store: store.remove_site(site.id))
        return submit(*words)

    monkeypatch.setattr(instance.writer, "submit", remove_first)
    answer = client.post("/api/event", json={"u": "https://leaving.example/"})
    assert (answer.status_code, answer.headers["x-pagetally"]) == (202, "dropped; unknown-site")
    assert stored(instance) == []
