"""The protocols of other trackers, over the wire: what is stored, what is answered, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.errors import DiskFailed
from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import FIREFOX, GOOGLEBOT, NOON

UUID = "3f2c0b5e-9d1a-4c55-8f0e-1f6a2d3b4c5d"
IDS = (f"umami:{UUID}", "matomo:1", "ga4:G-ABC", "fathom:XYZ", f"ackee:{UUID}")
PAGE = "https://example.com/a"
FROM = "https://news.example/item?id=1"
IGNORED = "88888888-8888-8888-8888-888888888888"

Row = tuple[str, str, str, str, str | None, int]
VIEW: Row = ("", "/a", "news.example", "A", None, NOON)


@pytest.fixture
def client(instance: Instance) -> TestClient:
    """A browser, and a site that is known to the trackers by these ids."""
    site = replace(instance.registry.sites[0], foreign_ids=IDS)
    instance.write(lambda store: store.save_site(site, instance.clock()))
    instance.reload_sites()
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def hits_of(instance: Instance) -> list[Row]:
    """Every stored hit: event, path, source, title of the path, properties, time."""
    sql = (
        "SELECT coalesce(name.name, ''), path.path, coalesce(source.host, ''), path.title, detail, at"
        " FROM hit JOIN path ON path.id = hit.path LEFT JOIN name ON name.id = hit.name"
        " LEFT JOIN source ON source.id = hit.source ORDER BY hit.id"
    )
    return instance.reader._connection.execute(sql).fetchall()


def drops_of(instance: Instance) -> dict[str, int]:
    """What was tallied as dropped, by reason."""
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        return {reason: found.views + found.events for _, reason, found in reader.dropped(0)}


def umami(kind: str = "event", **payload: Any) -> dict[str, Any]:
    whole = {"website": UUID, "hostname": "example.com", "url": "/a", "referrer": FROM, "title": "A"}
    return {"type": kind, "payload": whole | payload}


def matomo(**fields: Any) -> str:
    whole = {"idsite": 1, "rec": 1, "url": PAGE, "urlref": FROM, "action_name": "A"}
    return urlencode(whole | fields)


def ga4(name: str = "page_view", **params: Any) -> dict[str, Any]:
    page = {"page_location": PAGE, "page_referrer": FROM, "page_title": "A"}
    return {"client_id": "1.2", "events": [{"name": name, "params": page | params}]}


def gtag(**fields: Any) -> str:
    whole = {"v": 2, "tid": "G-ABC", "cid": "1.2", "en": "page_view", "dl": PAGE, "dr": FROM, "dt": "A"}
    return urlencode(whole | fields)


def fathom(**fields: Any) -> str:
    return urlencode({"p": "/a", "h": "https://example.com", "r": FROM, "u": 1, "sid": "XYZ"} | fields)


def ackee(operation: str = "createRecord", **variables: Any) -> dict[str, Any]:
    record = {"domainId": UUID, "input": {"siteLocation": PAGE, "siteReferrer": FROM, "screenWidth": 9}}
    return {"query": f"mutation {operation}($a: ID!) {{ {operation} }}", "variables": record | variables}


MP = "/mp/collect?measurement_id=G-ABC&api_secret=any"
FORM = {"content-type": "application/x-www-form-urlencoded"}
LIES = {"ip": "1.2.3.4", "userAgent": "Nokia", "timestamp": 1_000_000_000, "id": "me"}
VIEWS: dict[str, tuple[str, str, Any, int]] = {
    "umami": ("POST", "/api/send", umami(**LIES), 200),
    "umami with a full address": ("POST", "/api/send", umami(url=PAGE, hostname=None), 200),
    "umami with a path alone": ("POST", "/api/send", umami(hostname=None), 200),
    "umami 1": ("POST", "/api/collect", umami("pageview"), 200),
    "matomo by GET": (
        "GET",
        f"/matomo.php?{matomo(cip='1.2.3.4', cdt=1_000_000_000, _id='0' * 16)}",
        None,
        200,
    ),
    "matomo by its old name": ("GET", f"/piwik.php?{matomo()}", None, 200),
    "matomo by form": ("POST", "/js/tracker.php", matomo(), 200),
    "matomo without a picture": ("GET", f"/matomo.php?{matomo(send_image=0)}", None, 204),
    "measurement protocol": ("POST", MP, ga4() | {"timestamp_micros": 1}, 204),
    "gtag by GET": ("GET", f"/g/collect?{gtag()}", None, 204),
    "gtag by POST": ("POST", f"/g/collect?{gtag()}", "", 204),
    "fathom": ("GET", f"/collect?{fathom(nv=0, ns=1)}", None, 200),
    "ackee": ("POST", "/api", ackee(), 200),
}


def ask(client: TestClient, method: str, url: str, body: Any = None, **headers: str) -> Any:
    """Send a request as its client does: JSON for what is no text."""
    content = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
    kind = "application/json" if content is not body else FORM["content-type"]
    return client.request(method, url, content=content, headers={"content-type": kind} | headers)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_stored_once_with_page_referrer_title_and_our_time(
    client: TestClient, instance: Instance, name: str
) -> None:
    method, url, body, status = VIEWS[name]
    answer = ask(client, method, url, body, origin="https://example.com")
    assert answer.status_code == status
    assert "x-pagetally" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "https://example.com"
    found = hits_of(instance)
    # Only these two protocols send no title.
    assert found == [(*VIEW[:3], "" if name in ("fathom", "ackee") else "A", None, NOON)]
    # The same person by our own script: no client decides who is new.
    client.post("/api/event", json={"u": PAGE})
    with instance.borrow_reader() as reader:
        count = reader.site_count(1)
    assert (count.views, count.visitors) == (2, 1)


@pytest.mark.parametrize("name", VIEWS)
def test_a_bot_is_not_counted_and_survives_the_answer(
    client: TestClient, instance: Instance, name: str
) -> None:
    method, url, body, status = VIEWS[name]
    answer = ask(client, method, url, body, **{"user-agent": GOOGLEBOT})
    assert (answer.status_code, answer.headers["x-pagetally"]) == (status, "dropped; bot")
    assert hits_of(instance) == []
    assert drops_of(instance) == {"bot": 1}


@pytest.mark.parametrize("name", VIEWS)
def test_an_id_that_is_nobodys_stores_nothing(instance: Instance, name: str) -> None:
    client = TestClient(create_app(instance), headers={"user-agent": FIREFOX})
    method, url, body, status = VIEWS[name]
    answer = ask(client, method, url, body)
    assert (answer.status_code, answer.headers["x-pagetally"]) == (status, "dropped; unknown-site")
    assert hits_of(instance) == []
    assert drops_of(instance) == {"unknown-site": 1}


HOSTS: dict[str, tuple[str, str, Any]] = {
    "umami": ("POST", "/api/send", umami(hostname="evil.example")),
    "matomo": ("GET", f"/matomo.php?{matomo(url='https://evil.example/')}", None),
    "measurement protocol": ("POST", MP, ga4(page_location="https://evil.example/")),
    "gtag": ("POST", f"/g/collect?{gtag(dl='https://evil.example/')}", ""),
    "fathom": ("GET", f"/collect?{fathom(h='https://evil.example')}", None),
    "ackee": ("POST", "/api", ackee(input={"siteLocation": "https://evil.example/"})),
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_known_id_does_not_open_the_site_to_other_hosts(
    client: TestClient, instance: Instance, name: str
) -> None:
    answer = ask(client, *HOSTS[name])
    assert answer.headers["x-pagetally"] == "dropped; host"
    assert hits_of(instance) == []


EVENTS: list[tuple[str, str, Any, str, dict[str, Any] | None]] = [
    ("POST", "/api/send", umami(name="buy", data={"plan": "pro", "list": [1]}), "buy", {"plan": "pro"}),
    ("POST", "/api/collect", umami("event", event_name="old"), "old", None),
    (
        "GET",
        f"/matomo.php?{matomo(e_c='Video', e_a='Play', e_v=3)}",
        None,
        "Play",
        {"category": "Video", "value": "3"},
    ),
    (
        "GET",
        f"/matomo.php?{matomo(download='https://example.com/x.pdf')}",
        None,
        "File Download",
        {"url": "https://example.com/x.pdf"},
    ),
    (
        "GET",
        f"/matomo.php?{matomo(link='https://else.example/')}",
        None,
        "Outbound Link: Click",
        {"url": "https://else.example/"},
    ),
    (
        "GET",
        f"/matomo.php?{matomo(search='tea', search_count=0)}",
        None,
        "Search",
        {"term": "tea", "results": "0"},
    ),
    ("POST", MP, ga4("purchase", value=9.5, session_id="1"), "purchase", {"value": 9.5}),
    (
        "GET",
        f"/g/collect?{gtag(en='login', **{'ep.method': 'mail', 'epn.n': 2})}",
        None,
        "login",
        {"method": "mail", "n": "2"},
    ),
    (
        "POST",
        "/api",
        ackee("createAction", eventId=UUID, input={"key": "click", "value": 1}),
        "click",
        {"value": "1"},
    ),
]


@pytest.mark.parametrize(("method", "url", "body", "name", "props"), EVENTS)
def test_an_event_is_stored_with_its_properties(
    client: TestClient, instance: Instance, method: str, url: str, body: Any, name: str, props: Any
) -> None:
    ask(client, method, url, body, referer=PAGE)
    ((found, path, *_, detail, _),) = hits_of(instance)
    assert (found, path) == (name, "/a")
    assert json.loads(detail or "null") == props
    with instance.borrow_reader() as reader:
        assert reader.site_count(1).views == 0


NO_VIEWS: list[tuple[str, str, Any, str]] = [
    ("POST", "/api/send", umami("identify"), "no-view"),
    ("POST", "/api/send", umami("performance", lcp=1), "no-view"),
    ("GET", f"/matomo.php?{matomo(ping=1)}", None, "engagement"),
    ("GET", f"/matomo.php?{matomo(ca=1)}", None, "no-view"),
    ("POST", MP, ga4("session_start"), "no-view"),
    ("POST", MP, ga4("user_engagement"), "engagement"),
]


@pytest.mark.parametrize(("method", "url", "body", "reason"), NO_VIEWS)
def test_what_is_no_view_is_tallied(
    client: TestClient, instance: Instance, method: str, url: str, body: Any, reason: str
) -> None:
    assert ask(client, method, url, body).headers["x-pagetally"] == f"dropped; {reason}"
    assert hits_of(instance) == []
    assert drops_of(instance) == {reason: 1}


def test_umami_answers_alike_to_everybody(client: TestClient) -> None:
    first = ask(client, "POST", "/api/send", umami()).json()
    assert list(first) == ["cache", "sessionId", "visitId"]
    other = ask(client, "POST", "/api/send", umami(), **{"user-agent": "Mozilla/5.0 Other"})
    assert other.json() == first
    assert ask(client, "POST", "/api/collect", umami("pageview")).text == first["cache"]
    bot = ask(client, "POST", "/api/send", umami(), **{"user-agent": GOOGLEBOT})
    assert bot.json() == {"beep": "boop"}
    assert ask(client, "POST", "/api/send", {"type": "event", "payload": {}}).status_code == 400


def test_umami_takes_a_batch(client: TestClient, instance: Instance) -> None:
    told = ask(client, "POST", "/api/batch", [umami(), 7, umami(url="/b")]).json()
    assert told == {
        "size": 3,
        "processed": 2,
        "errors": 1,
        "details": [{"index": 1, "response": {"error": "Bad request"}}],
        "cache": "pagetally",
    }
    assert [row[1] for row in hits_of(instance)] == ["/a", "/b"]


def test_matomo_takes_many_at_once(client: TestClient, instance: Instance) -> None:
    requests = [f"?{matomo()}", {"idsite": 1, "rec": 1, "url": PAGE, "e_a": "x"}, "?rec=1", 5]
    told = ask(client, "POST", "/matomo.php", {"requests": requests, "token_auth": "x"}).json()
    assert told == {"status": "success", "tracked": 2, "invalid": 2, "invalid_indices": [2, 3]}
    assert [row[0] for row in hits_of(instance)] == ["", "x"]


def test_gtag_sends_an_event_in_each_line(client: TestClient, instance: Instance) -> None:
    lines = "en=page_view&_et=5\r\nen=login&ep.method=mail\r\nen=user_engagement&_et=9"
    answer = ask(client, "POST", f"/g/collect?{gtag(en='')}", lines)
    assert (answer.status_code, answer.headers["x-pagetally"]) == (204, "dropped; engagement")
    assert [(row[0], row[1]) for row in hits_of(instance)] == [("", "/a"), ("login", "/a")]


def test_more_than_a_hundred_messages_are_tallied(client: TestClient, instance: Instance) -> None:
    ask(client, "POST", "/api/batch", [umami(title="") for _ in range(103)])
    assert len(hits_of(instance)) == 100
    assert drops_of(instance) == {"too-many": 3}


def test_ackee_stops_where_nothing_is_stored(client: TestClient, instance: Instance) -> None:
    stored = ask(client, "POST", "/api", ackee()).json()
    assert stored["data"]["createRecord"]["payload"]["id"] != IGNORED
    dropped = ask(client, "POST", "/api", ackee(domainId="other")).json()
    assert dropped == {"data": {"createRecord": {"payload": {"id": IGNORED}}}}
    update = ask(client, "POST", "/api", ackee("updateRecord")).json()
    assert update == {"data": {"updateRecord": {"success": True}}}
    assert ask(client, "POST", "/api", {"query": "{ domains { id } }"}).json()["errors"]
    assert len(hits_of(instance)) == 1


def test_ackee_and_soxft_share_an_address(client: TestClient, instance: Instance) -> None:
    soxft = client.post("/api", headers={"x-bsz-referer": PAGE})
    assert soxft.json()["data"]["page_pv"] == 1
    asked = {"access-control-request-method": "POST", "origin": "https://example.com"}
    mine = client.options("/api", headers=asked | {"access-control-request-headers": "content-type"})
    assert mine.headers["access-control-allow-credentials"] == "true"
    theirs = client.options("/api", headers=asked | {"access-control-request-headers": "x-bsz-referer"})
    assert theirs.headers["access-control-allow-origin"] == "*"


def test_fathom_tells_a_view_from_nothing(client: TestClient, instance: Instance) -> None:
    stored = client.get(f"/collect?{fathom()}")
    assert (len(stored.content), stored.headers["tk"]) == (43, "N")
    without_id = client.get(f"/collect?{fathom(sid='')}")
    assert len(without_id.content) == 43
    assert client.get("/collect?p=/a").content == b""
    assert len(hits_of(instance)) == 2


def test_matomo_refuses_what_is_no_request(client: TestClient, instance: Instance) -> None:
    for url in ("/matomo.php", "/matomo.php?idsite=1", "/matomo.php?rec=1"):
        answer = client.get(url)
        assert (answer.status_code, len(answer.content)) == (400, 43)
    assert client.head(f"/matomo.php?{matomo()}").status_code == 200
    assert hits_of(instance) == []


def test_plausible_counts_what_it_dropped(client: TestClient) -> None:
    view = {"n": "pageview", "u": PAGE, "d": "example.com,nobody.example,else.example"}
    answer = client.post("/api/event", json=view)
    assert (answer.status_code, answer.headers["x-plausible-dropped"]) == (202, "2")
    (exposed,) = answer.headers.get_list("access-control-expose-headers")
    assert {"x-pagetally", "x-plausible-dropped"} <= set(exposed.split(", "))
    assert "x-plausible-dropped" not in client.post("/api/event", json={"u": PAGE}).headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_monitors_of_plausible_are_answered(client: TestClient, instance: Instance, method: str) -> None:
    ready = ("/api/health", "/api/system/health/ready")
    for path in (*ready, "/api/system/health/live"):
        assert client.request(method, path).status_code == 200
    parts = ("postgres", "clickhouse", "sites_cache")
    assert client.get(ready[0]).json() == dict.fromkeys(parts, "ok")
    instance.writer.failure = DiskFailed("the disk is full")
    for path in ready:
        assert client.request(method, path).status_code == 503
    assert client.get(ready[1]).json() == dict.fromkeys(parts, "error: the disk is full")
    live = client.get("/api/system/health/live")
    assert (live.status_code, live.json()) == (200, {"ok": True})
    without = TestClient(create_app(instance, compat=("umami",)))
    assert {without.get(path).status_code for path in (*ready, "/api/system/health/live")} == {404}


def test_long_texts_are_cut_and_never_refused(client: TestClient, instance: Instance) -> None:
    props = {f"k{number}": "v" * 3_000 for number in range(10)}
    body = umami(title="t" * 9_000, referrer=FROM + "x" * 9_000, data=props)
    assert "x-pagetally" not in ask(client, "POST", "/api/send", body).headers
    (view,) = hits_of(instance)
    assert (len(view[3]), view[2]) == (2_000, "news.example")
    body = umami(name="n" * 500, data={f"k{number}": 1 for number in range(60)} | {"k" * 400: 1})
    assert "x-pagetally" not in ask(client, "POST", "/api/send", body).headers
    _, event = hits_of(instance)
    assert (len(event[0]), len(json.loads(event[4] or ""))) == (120, 30)


@pytest.mark.parametrize(("url", "body"), [("/api/send", umami), (MP, lambda title: ga4(page_title=title))])
def test_half_an_emoji_loses_no_view(
    client: TestClient, instance: Instance, url: str, body: Callable[..., Any]
) -> None:
    ask(client, "POST", url, body(title="Party \ud83c"))
    assert [view[3] for view in hits_of(instance)] == ["Party �"]


SCRIPTS = (
    *("/script.js", "/umami.js", "/matomo.js", "/piwik.js", "/tracker.js", "/js/script.js"),
    *("/js/script.hash.outbound-links.js", "/js/plausible.js", "/js/plausible.hash.js", "/js/pa-Xy_1.js"),
)


@pytest.mark.parametrize("path", SCRIPTS)
def test_each_script_is_where_pages_look_for_it(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age" in answer.headers["cache-control"]


ROUTES = (
    *("/api/send", "/api/batch", "/api/collect", "/matomo.php", "/piwik.php", "/js/tracker.php"),
    *("/mp/collect", MP, "/debug/mp/collect", "/g/collect", "/collect", "/api"),
)
NASTY: tuple[Any, ...] = (
    *(
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"x"',
        b"\xff\xfe",
        b"[" * 60_000,
        b"a" * 70_000,
        b"%",
        b"%zz=%&&==;",
    ),
    *(
        b'{"type":"event","payload":[]}',
        b'{"payload":{"website":{}}}',
        b'{"requests":7}',
        b'{"requests":[7,[],null]}',
    ),
    *(
        b'{"events":{}}',
        b'{"events":[7,null,{"name":[]},{"name":"x","params":[]}]}',
        b'{"query":7,"variables":7}',
    ),
    *(
        umami(url=url, hostname=None)
        for url in ("data:x", "https://", "https://[", "nonsense", "javascript:1", "ftp://example.com/")
    ),
    *(
        umami(url="/" + "x" * 9_000),
        umami(hostname="["),
        umami(hostname="ex ample.com"),
        umami(website=["x"]),
    ),
    *(
        ga4(page_location=7),
        ga4(page_location="https://[x"),
        ackee(input=7),
        ackee(input={"siteLocation": ["x"]}),
    ),
    *(
        ackee("createAction", input=[]),
        matomo(url="https://["),
        matomo(url="x" * 5_000),
        matomo(idsite="1\0"),
    ),
    *("&".join(f"a{number}=1" for number in range(3_000)), {"requests": [matomo(url="data:x")] * 3}),
)


@pytest.mark.parametrize("path", ROUTES)
def test_junk_never_breaks_anything_and_stores_nothing(
    client: TestClient, instance: Instance, path: str
) -> None:
    client = TestClient(client.app, headers={"user-agent": FIREFOX}, raise_server_exceptions=False)
    for nasty in NASTY:
        for kind in ("application/json", "text/plain", FORM["content-type"]):
            answer = ask(client, "POST", path, nasty, **{"content-type": kind})
            assert answer.status_code < 500, (path, nasty)
    for query in (
        "%",
        "%ff%fe=%00",
        "idsite=1&rec=1&url=https://[",
        "tid=G-ABC&en=x&dl=%ff",
        "p=%&h=%",
        "a&" * 2_000,
    ):
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            assert client.request(method, f"{path.partition('?')[0]}?{query}").status_code < 500
    assert hits_of(instance) == []
