"""The busuanzi family over its wire: busuanzi, soxft, whyneh, jkjoy, finicounter, Vercount's script."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.errors import StoreFailed
from analytics.instance import Instance
from analytics.store.connect import DatabaseError
from analytics.web.app import create_app
from analytics.web.compat import bridge, busuanzi

from .conftest import FIREFOX, GOOGLEBOT

PAGE = "https://example.com/a"
ORIGIN = "https://example.com/"


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def site_views(client: TestClient) -> int:
    return int(client.get("/api/counters?site=example.com").json()["site"]["views"])


def page_views(client: TestClient, path: str = "/a") -> int:
    found = client.get("/api/counters", params={"site": "example.com", "path": path}).json()
    return int(found["pages"][path]["views"])


# Every call that counts, as its client sends it: (method, address, headers, JSON body).
HITS: dict[str, tuple[str, str, dict[str, str], Any]] = {
    "busuanzi": ("GET", "/busuanzi?jsonpCallback=F", {"referer": PAGE}, None),
    "busuanzi at the root": ("GET", "/?jsonpCallback=F", {"referer": PAGE}, None),
    "whyneh JSONP": ("GET", "/busuanzi/api/jsonp?jsonpCallback=F", {"referer": PAGE}, None),
    "whyneh": ("GET", "/busuanzi/api", {"x-referer": PAGE}, None),
    "soxft": ("POST", "/api", {"x-bsz-referer": PAGE}, None),
    "soxft PUT": ("PUT", "/api", {"x-bsz-referer": PAGE}, None),
    "soxft JSONP": ("GET", "/jsonp?callback=F", {"referer": PAGE}, None),
    "jkjoy": ("GET", "/api/count?site=example.com&page=/a&vid=x", {"referer": ORIGIN}, None),
    "jkjoy, full address": ("GET", f"/api/count?site={ORIGIN}&page={PAGE}", {"origin": ORIGIN}, None),
    "jkjoy JSONP": ("GET", "/api/count?site=example.com&page=/a&callback=F", {"referer": ORIGIN}, None),
    "finicounter": ("GET", "/counter?host=example.com", {"referer": PAGE}, None),
    "vercount v2": ("POST", "/api/v2/log", {}, {"url": PAGE, "isNewUv": True}),
    "vercount v1": ("POST", "/api/v1/log", {}, {"url": PAGE, "isNewUv": False}),
}


def send(client: TestClient, name: str, **changed: str) -> Any:
    method, address, headers, body = HITS[name]
    return client.request(method, address, headers=headers | changed, json=body)


@pytest.mark.parametrize("name", HITS)
def test_a_call_that_counts_stores_one_view_of_the_page(client: TestClient, name: str) -> None:
    answer = send(client, name)
    assert answer.status_code in (200, 204)
    assert "x-pagetally" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert (page_views(client), site_views(client)) == (1, 1)


@pytest.mark.parametrize("name", HITS)
def test_a_copy_on_another_host_changes_nothing(client: TestClient, name: str) -> None:
    answer = send(client, name, referer="https://evil.example/a", origin="https://evil.example")
    assert answer.status_code in (200, 204)
    assert answer.headers["x-pagetally"] in ("dropped; unknown-site", "dropped; host")
    assert site_views(client) == 0


@pytest.mark.parametrize("name", HITS)
def test_a_view_that_cannot_be_stored_is_no_2xx(
    client: TestClient, instance: Instance, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreFailed("the disk is full")

    monkeypatch.setattr(instance.writer, "submit", fail)
    answer = send(client, name)
    assert answer.status_code == 503
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("name", HITS)
def test_a_view_that_is_stored_is_a_2xx_even_where_no_number_can_be_read(
    client: TestClient, instance: Instance, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseError("the disk cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr(bridge, "read_counters", fail)
        assert send(client, name).status_code in (200, 204)
        reading = client.get("/log", params={"url": PAGE})
    assert (reading.status_code, reading.headers["access-control-allow-origin"]) == (503, "*")
    assert page_views(client) == 1


@pytest.mark.parametrize("name", HITS)
def test_a_bot_is_told_the_numbers_and_not_counted(client: TestClient, name: str) -> None:
    send(client, name)
    answer = send(client, name, **{"user-agent": GOOGLEBOT})
    assert answer.headers["x-pagetally"] == "dropped; bot"
    assert site_views(client) == 1


READS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/busuanzi?jsonpCallback=F&ro=1", {"referer": PAGE}),
    ("HEAD", "/busuanzi?jsonpCallback=F", {"referer": PAGE}),
    ("GET", "/jsonp?callback=F&ro=1", {"referer": PAGE}),
    ("GET", "/busuanzi/api/getStatistics", {"x-referer": PAGE}),
    ("GET", "/busuanzi/api?ro=1", {"x-referer": PAGE}),
    ("HEAD", "/busuanzi/api", {"x-referer": PAGE}),
    ("GET", "/api", {"x-bsz-referer": PAGE}),
    ("HEAD", "/api", {"x-bsz-referer": PAGE}),
    ("GET", "/api/count?site=example.com&page=/a&ro=1", {}),
    ("GET", "/counter?host=example.com&ro=1", {}),
    ("HEAD", "/counter?host=example.com", {}),
    ("GET", f"/api/v2/log?url={PAGE}", {}),
    ("GET", f"/log?url={PAGE}", {}),
    ("GET", "/ping", {}),
    ("OPTIONS", "/api", {"x-bsz-referer": PAGE}),
]


@pytest.mark.parametrize(("method", "address", "headers"), READS, ids=lambda value: str(value)[:40])
def test_a_read_changes_nothing(
    client: TestClient, method: str, address: str, headers: dict[str, str]
) -> None:
    send(client, "soxft")
    answer = client.request(method, address, headers=headers)
    assert answer.status_code in (200, 204)
    assert (page_views(client), site_views(client)) == (1, 1)


# The bytes


def test_the_jsonp_is_busuanzis_to_the_byte(client: TestClient, instance: Instance) -> None:
    address = "/busuanzi?jsonpCallback=BusuanziCallback_777487655111"
    client.get(address, headers={"referer": "https://example.com/b"})
    answer = client.get(address, headers={"referer": PAGE})
    numbers = '{"site_uv":1,"page_pv":1,"version":2.4,"site_pv":2,"page_uv":1}'
    assert answer.text == f"try{{BusuanziCallback_777487655111({numbers});}}catch(e){{}}"
    assert answer.text[34:-13] == numbers  # as its importers cut it out
    assert answer.headers["content-type"] == "application/javascript; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", ["/busuanzi?jsonpCallback=", "/jsonp?callback=", "/?jsonpCallback="])
@pytest.mark.parametrize(
    "callback",
    ["", "alert(1)//", "a;b", "1a", "a b", "<script>", "a\n", "ä", "a" * 65, "a[0]", "𝒜", "a-b", ".a"],
)
def test_a_callback_that_is_no_name_is_refused(client: TestClient, address: str, callback: str) -> None:
    prefix, key = address.split("?")
    answer = client.get(prefix, params={key[:-1]: callback}, headers={"referer": PAGE})
    assert answer.status_code == 400
    assert callback not in answer.text or not callback or callback == "ä"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert site_views(client) == 0


@pytest.mark.parametrize("callback", ["F", "_", "$.f", "a.b.c", "BusuanziCallback_1099511627775", "a" * 64])
def test_a_callback_that_is_a_name_is_called(client: TestClient, callback: str) -> None:
    answer = client.get("/busuanzi", params={"jsonpCallback": callback}, headers={"referer": PAGE})
    assert answer.text.startswith(f"try{{{callback}({{")


@pytest.mark.parametrize(
    "address",
    ["/busuanzi?jsonpCallback=F", "/jsonp?callback=F", "/busuanzi/api/jsonp?jsonpCallback=F"],
)
def test_a_referer_without_a_path_counts_for_the_site_and_for_no_page(
    client: TestClient, address: str
) -> None:
    for views in (1, 2):
        answer = client.get(address, headers={"referer": ORIGIN})
        assert '"page_pv":"–"' in answer.text
        assert '"page_uv":"–"' in answer.text
        assert f'"site_pv":{views},' in answer.text.replace("}", ",")
    assert (site_views(client), page_views(client, "/")) == (2, 0)


def test_the_pageless_views_stand_in_a_row_of_their_own(client: TestClient, instance: Instance) -> None:
    client.get("/busuanzi?jsonpCallback=F", headers={"referer": ORIGIN})
    client.get("/counter?host=example.com", headers={"origin": "https://example.com"})
    for _ in range(2):  # before a fold, and after
        pages, _ = instance.reader.top_pages(1, None, 10)
        assert [(page.path, page.views) for page in pages] == [("(other)", 2)]
        instance.fold()
    assert [text for text in instance.reader.differences() if text] == []


def test_the_root_is_known_where_the_browser_tells_its_own_host_all(client: TestClient) -> None:
    headers = {"referer": ORIGIN, "sec-fetch-site": "same-origin"}
    assert '"page_pv":1' in client.get("/busuanzi?jsonpCallback=F", headers=headers).text
    assert page_views(client, "/") == 1


@pytest.mark.parametrize("address", ["/busuanzi?jsonpCallback=F", "/jsonp?callback=F", "/busuanzi/api"])
def test_who_does_not_say_where_it_is_is_not_counted(client: TestClient, address: str) -> None:
    send(client, "soxft")
    answer = client.get(address)
    assert answer.headers["x-pagetally"] == "dropped; unusable-address"
    assert '"site_pv":1' in answer.text  # the numbers may be read all the same
    assert site_views(client) == 1


# soxft


def test_soxft_tells_page_and_site(client: TestClient) -> None:
    numbers = {"site_pv": 1, "site_uv": 1, "page_pv": 1, "page_uv": 1}
    for method in ("POST", "GET"):
        answer = client.request(method, "/api", headers={"x-bsz-referer": PAGE})
        assert answer.json() == {"success": True, "message": "ok", "data": numbers}
    answer = client.put("/api", headers={"x-bsz-referer": PAGE})
    assert (answer.status_code, answer.content) == (204, b"")
    assert page_views(client) == 2


def test_soxfts_token_is_the_same_for_everybody(client: TestClient) -> None:
    tokens = set()
    for agent in ("one", "two"):
        headers = {"x-bsz-referer": PAGE, "user-agent": f"{FIREFOX} {agent}", "authorization": "Bearer x"}
        answer = client.post("/api", headers=headers)
        tokens.add(answer.headers["set-bsz-identity"])
        (exposed,) = answer.headers.get_list("access-control-expose-headers")
        assert {"x-pagetally", "retry-after", "set-bsz-identity"} <= set(exposed.split(", "))
    assert len(tokens) == 1
    assert client.get("/api", headers={"x-bsz-referer": PAGE}).json()["data"]["site_uv"] == 2


@pytest.mark.parametrize("given", ["", "/a", "nonsense", "javascript:1"])
def test_soxft_answers_an_address_that_is_none_with_success_false(client: TestClient, given: str) -> None:
    for method, status in ("POST", 200), ("GET", 200), ("PUT", 400):
        answer = client.request(method, "/api", headers={"x-bsz-referer": given})
        assert (answer.status_code, answer.json()["success"]) == (status, False)
        assert answer.json()["message"] == "invalid referer"
        assert answer.headers["x-pagetally"].startswith("error")
    assert site_views(client) == 0


def test_a_browser_may_send_soxfts_headers(client: TestClient) -> None:
    asked = {"origin": "https://example.com", "access-control-request-headers": "x-bsz-referer"}
    answer = client.options("/api", headers=asked)
    assert answer.status_code == 204
    assert "x-bsz-referer, " in answer.headers["access-control-allow-headers"]
    assert "authorization, " in answer.headers["access-control-allow-headers"]
    assert "PUT" in answer.headers["access-control-allow-methods"]


# The others


def test_whyneh_tells_flat_numbers(client: TestClient) -> None:
    numbers = {"site_uv": 1, "page_pv": 1, "version": 2.4, "site_pv": 1, "page_uv": 1}
    for address in ("/busuanzi/api", "/busuanzi/api/getStatistics"):
        assert client.get(address, headers={"x-referer": PAGE}).json() == numbers


def test_jkjoy_tells_flat_numbers_or_calls_back(client: TestClient) -> None:
    numbers = {"site_pv": 1, "site_uv": 1, "page_pv": 1, "page_uv": 1}
    assert send(client, "jkjoy").json() == numbers
    assert send(client, "jkjoy JSONP").text.startswith('try{F({"site_pv":2,')
    assert client.get("/api/count?site=example.com&callback=a()").status_code == 400
    assert site_views(client) == 2


def test_finicounter_tells_the_views_of_a_host(client: TestClient) -> None:
    for views in (1, 2):
        answer = client.get("/counter?host=example.com", headers={"origin": "https://example.com"})
        assert answer.json() == {"views": views}
    assert client.get("/counter?host=evil.example").json() == {"views": 0}
    assert client.get("/counter?host=").json() == {"views": 0}
    assert client.get("/counter").status_code == 404


UNUSABLE = [
    "https://[",
    "https://",
    "//",
    "https://example.com:x/a",
    "\x00",
    "https://e.example/" + "a" * 3000,
]


@pytest.mark.parametrize("url", UNUSABLE, ids=range(len(UNUSABLE)))
def test_no_address_makes_a_5xx_or_a_row(client: TestClient, url: str) -> None:
    headers = {"x-bsz-referer": url.replace("\0", "%00"), "x-referer": url.replace("\0", "%00")}
    answers = [
        client.post("/api", headers=headers),
        client.get("/busuanzi/api", headers=headers),
        client.get("/busuanzi?jsonpCallback=F", headers={"referer": headers["x-referer"]}),
        client.get("/api/count", params={"site": url, "page": url}),
        client.get("/counter", params={"host": url}),
        client.post("/api/v2/log", json={"url": url}),
        client.get("/api/v2/log", params={"url": url}),
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert site_views(client) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"url": 7}', b'{"url": []}', b"\xff", b"[" * 50_000])
def test_vercounts_bodies_of_any_kind_are_survived(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/v2/log", content=body)
    assert answer.status_code in (200, 400)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert site_views(client) == 0
    assert client.post("/api/v2/log", content=b" " * 70_000).status_code == 413


def test_the_script_is_one_at_all_its_addresses(client: TestClient) -> None:
    addresses = [
        *busuanzi.SCRIPTS,
        *("/js", "/js/client.min.js", "/js/jsonp", "/js/lite", "/js/lite_pjax", "/finicounter.js"),
    ]
    script = client.get("/drop-in.js")
    for address in addresses:
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, script.content), address
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=86400"
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("families", "address", "script"),
    [
        (("soxft",), "/js", "drop-in.js"),
        (("whyneh",), "/busuanzi.pure.mini.js", "drop-in.js"),
        (("jkjoy",), "/busuanzi.pure.mini.js", "drop-in.js"),
        (("jkjoy",), "/count.js", "drop-in.js"),
        (("jkjoy", "goatcounter"), "/count.js", "count.js"),
        (("all",), "/count.js", "count.js"),
    ],
)
def test_a_family_brings_its_script_unless_an_earlier_one_has_that_address(
    instance: Instance, families: tuple[str, ...], address: str, script: str
) -> None:
    answer = TestClient(create_app(instance, compat=families)).get(address)
    assert answer.content == (files("analytics") / "static" / script).read_bytes()


def test_a_family_can_be_switched_on_alone(instance: Instance) -> None:
    app = TestClient(create_app(instance, compat=("finicounter",)))
    assert app.get("/counter?host=example.com").status_code == 200
    for address in ("/busuanzi?jsonpCallback=F", "/w.js", "/jsonp?callback=F", "/js", "/api", "/api/count"):
        assert app.get(address).status_code == 404, address
