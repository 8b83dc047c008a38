"""Tokens: where a site wants them, a page counts that its own build or template signed, and no other."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import os
import re
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.commands import BeginAdjustment, ForgetSecret, RenewSecret, SaveSite, perform
from analytics.instance import Instance
from analytics.logreader import Parser
from analytics.model import Detail, Site
from analytics.store.sqlite import SqliteStore
from analytics.tokens import MAX_DEPTH, is_signed, make_token
from analytics.web.app import create_app

from .conftest import FIREFOX, GOOGLEBOT, NOON, Clock, Server, add_site, pagetally
from .test_abuse import tallied
from .test_migrate import HOST, owner  # noqa: F401

SECRET = "5eafa7e1" * 8
SIGNED = Site(id=1, domain="signed.example", token_secret=SECRET, needs_token=True)
DROPPED = "dropped; token"


def page(path: str) -> str:
    """A token of one page, as the documentation tells templates to make it."""
    return sign(f"page {path}")


def under(path: str) -> str:
    """A token of a path and all below."""
    return sign(f"under {path}")


def sign(message: str) -> str:
    return hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def signed(instance: Instance) -> Instance:
    """An instance with the site signed.example, which wants tokens, beside example.com, which does not."""
    add_site(instance, "signed.example", needs_token=True, token_secret=SECRET)
    return instance


@pytest.fixture
def client(signed: Instance) -> TestClient:
    return TestClient(create_app(signed), headers={"user-agent": FIREFOX})


def views(client: TestClient, *paths: str) -> list[int]:
    """The views of the site and of some of its pages."""
    answer = client.get("/api/counters", params={"site": "signed.example", "path": list(paths)}).json()
    return [answer["site"]["views"], *(answer["pages"][path]["views"] for path in paths)]


# --- What a token is good for ----------------------------------------------------------------------

GOOD = [
    (page("/"), "/"),
    (page("/posts/a"), "/posts/a"),
    (page("/posts/a").upper(), "/posts/a"),
    # Other ways to write the address are the same page; one of its own spellings may be signed.
    (page("/posts/a"), "/posts//a/index.html?utm_source=x#part"),
    (page("/posts/a/"), "/posts/a/"),
    (page("/caf%C3%A9/"), "/caf%C3%A9/"),
    (page("/café"), "/caf%c3%a9/"),
    (under("/"), "/posts/a"),
    (under("/"), "/"),
    (under("/posts"), "/posts/a/b"),
    (under("/posts"), "/posts/"),
    (page("/*"), "/*"),
]
BAD = [
    ("", "/posts/a"),
    ("0" * 64, "/posts/a"),
    ("x" * 64, "/posts/a"),
    ("é" * 64, "/posts/a"),
    ("a" * 5_000, "/posts/a"),
    ("..", "/posts/a"),
    ("%00", "/posts/a"),
    (page("/posts/a")[:-1], "/posts/a"),
    (page("/posts/a"), "/posts/b"),
    (page("/posts/a"), "/posts/a/b"),
    (page("/posts/a/"), "/posts/a"),
    (under("/posts"), "/postscript"),
    (under("/posts/"), "/posts/a"),
    (under("/posts"), "/"),
    # A template that signs whatever is asked for gives no more than that.
    (page("/*"), "/posts/a"),
    (page("/posts/*"), "/posts/a"),
    (page("/posts/a/%2e%2e"), "/posts/a"),
    (sign("page signed.example/posts/a"), "/posts/a"),
    (hmac.new(b"", b"page /posts/a", hashlib.sha256).hexdigest(), "/posts/a"),
    (hmac.new(b"0" * 64, b"page /posts/a", hashlib.sha256).hexdigest(), "/posts/a"),
]


@pytest.mark.parametrize(
    ("token", "path", "counts"), [(*one, True) for one in GOOD] + [(*one, False) for one in BAD]
)
def test_a_view_counts_by_its_token(client: TestClient, token: str, path: str, counts: bool) -> None:
    answer = client.post(f"/k/{token}/api/event", json={"u": f"https://signed.example{path}"})
    if token:
        assert (answer.status_code, answer.headers.get("x-pagetally")) == (202, None if counts else DROPPED)
    assert views(client) == [int(counts)]


def test_a_page_of_its_own_by_query_needs_its_query_signed(signed: Instance) -> None:
    add_site(signed, "asked.example", needs_token=True, token_secret=SECRET, query_keys=("p",))
    client = TestClient(create_app(signed), headers={"user-agent": FIREFOX})
    site = signed.registry.find("asked.example")
    assert site is not None
    tokens = [make_token(site, "/"), make_token(site, "/?p=1"), make_token(site, "/", below=True)]
    for url, expected in {"/": (1, 0, 1), "/?p=1": (0, 1, 1), "/?p=2": (0, 0, 1)}.items():
        for token, counts in zip(tokens, expected, strict=True):
            answer = client.post(f"/k/{token}/api/event", json={"u": f"https://asked.example{url}"})
            assert ("x-pagetally" in answer.headers) is not bool(counts), (url, token)


def test_a_page_keeps_its_token_when_it_is_counted_as_another(client: TestClient, signed: Instance) -> None:
    body = {"u": "https://signed.example/old"}
    client.post(f"/k/{page('/old')}/api/event", json=body)
    perform(signed, BeginAdjustment("signed.example", "merge", Detail(path="/old", target="/new")))
    signed.carry_on()
    client.post(f"/k/{page('/old')}/api/event", json=body)
    client.post(f"/k/{page('/new')}/api/event", json=body)
    assert views(client, "/new") == [2, 2]


def test_a_new_domain_needs_no_new_tokens(client: TestClient, signed: Instance) -> None:
    site = signed.registry.find("signed.example")
    assert site is not None
    perform(signed, SaveSite(replace(site, domain="new.example", aliases=("signed.example",))))
    answer = client.post(f"/k/{page('/a')}/api/event", json={"u": "https://new.example/a"})
    assert "x-pagetally" not in answer.headers


@pytest.mark.parametrize(
    ("grace", "later", "ended", "counts"),
    [(100, 99, False, True), (100, 100, False, False), (100, 0, True, False), (0, 0, False, False)],
)
def test_a_new_secret_leaves_the_former_one_a_grace_time(
    client: TestClient, signed: Instance, clock: Clock, grace: int, later: int, ended: bool, counts: bool
) -> None:
    renewed = perform(signed, RenewSecret("signed.example", grace))
    if ended:
        perform(signed, ForgetSecret("signed.example"))
    clock.now += later
    for token, expected in ((page("/a"), counts), (make_token(renewed, "/a"), True)):
        answer = client.post(f"/k/{token}/api/event", json={"u": "https://signed.example/a"})
        assert ("x-pagetally" not in answer.headers) is expected


def test_deep_addresses_cost_no_more_than_others() -> None:
    deep = "/a" * 900
    assert is_signed(make_token(SIGNED, "/a" * MAX_DEPTH, below=True), SIGNED, deep, deep, NOON)
    assert not is_signed(make_token(SIGNED, "/a" * (MAX_DEPTH + 1), below=True), SIGNED, deep, deep, NOON)
    assert is_signed(make_token(SIGNED, deep), SIGNED, deep, deep, NOON)


# --- Where a token is asked for --------------------------------------------------------------------


def test_every_way_in_wants_it(client: TestClient, signed: Instance) -> None:
    url, token = "https://signed.example/a", page("/a")
    ways: list[tuple[str, str, Any]] = [
        ("POST", "/api/event", {"u": url}),
        ("POST", "/api/event?counters=1", {"u": url}),
        ("POST", "/api/event", {"u": url, "n": "Signup"}),
        ("GET", f"/api/pixel.gif?u={url}", None),
        ("POST", "/log", {"url": url}),
        ("POST", "/api/v2/log", {"url": url}),
    ]
    for method, path, body in ways:
        for wrong in ("", f"/k/{page('/b')}"):
            answer = client.request(method, wrong + path, json=body)
            assert answer.is_success
            assert answer.headers["x-pagetally"] == DROPPED, path
            assert answer.headers["access-control-allow-origin"] == "*"
    assert views(client) == [0]
    for method, path, body in ways:
        answer = client.request(method, f"/k/{token}{path}", json=body)
        assert (answer.is_success, answer.headers.get("x-pagetally")) == (True, None), path
    assert views(client, "/a") == [5, 5]
    # Of the twelve two are events, which are tallied apart.
    assert tallied(signed) == {"signed.example token": 10}


def test_a_dropped_view_still_gets_its_numbers(client: TestClient) -> None:
    body = {"u": "https://signed.example/a"}
    assert client.post(f"/k/{page('/a')}/api/event?counters=1", json=body).json()["pages"]["/a"]["views"] == 1
    answer = client.post("/api/event?counters=1", json=body)
    assert answer.headers["x-pagetally"] == DROPPED
    assert answer.json()["pages"]["/a"]["views"] == 1


def test_other_reasons_come_first(client: TestClient) -> None:
    headers = {"user-agent": GOOGLEBOT}
    answer = client.post("/api/event", json={"u": "https://signed.example/a"}, headers=headers)
    assert answer.headers["x-pagetally"] == "dropped; bot"


def test_a_site_that_wants_none_takes_any(client: TestClient) -> None:
    for base in ("", "/k/0", f"/k/{page('/b')}"):
        answer = client.post(f"{base}/api/event", json={"u": "https://example.com/a"})
        assert (answer.status_code, answer.headers.get("x-pagetally")) == (202, None)


def test_a_view_for_two_sites_is_signed_for_each_alone(client: TestClient, signed: Instance) -> None:
    add_site(signed, "both.example", aliases=("b.signed.example",))
    body = {"u": "https://signed.example/a", "d": "signed.example,example.com"}
    assert client.post("/api/event", json=body).headers["x-pagetally"] == "dropped; token, host"


def test_a_log_of_the_owners_own_server_needs_none() -> None:
    site = Site(id=1, domain="a.example", hosts=frozenset({"a.example"}), needs_token=True)
    parser = Parser(site, now=NOON)
    line = f'192.0.2.1 - - [17/Nov/2025:10:00:00 +0000] "GET /a HTTP/1.1" 200 1 "-" "{FIREFOX}"'
    assert [hit.path for hit in parser.read(line.encode())] == ["/a"]


# --- The addresses behind /k/TOKEN -------------------------------------------------------------------


@pytest.mark.parametrize("base", ["", "/stats"])
def test_what_is_public_is_there_and_nothing_else(signed: Instance, base: str) -> None:
    client = TestClient(create_app(signed, base_path=base), headers={"user-agent": FIREFOX})
    keyed = f"{base}/k/{page('/a')}"
    for path in (
        "/pt.js",
        "/page-count.js",
        "/api/counters?site=example.com",
        "/badge/site-views.svg?site=example.com",
    ):
        answer = client.get(keyed + path)
        assert answer.status_code == 200, path
        assert answer.content == client.get(base + path).content
    assert client.options(f"{keyed}/api/event").status_code == 204
    assert client.get(f"{keyed}/api/nothing").status_code == 404
    for path in ("/login", "/setup", "/", "/sites/example.com", "/migrate", "/health", "/dropped"):
        answer = client.get(keyed + path, follow_redirects=False)
        assert answer.status_code in (404, 405), path
        assert "set-cookie" not in answer.headers
    for path in ("/k", "/k/", "/k/x", "/k//", "/k//api/event", "/k/x/k/y/login"):
        assert client.get(base + path, follow_redirects=False).status_code in (404, 405), path


def test_trackers_that_take_a_base_address_can_carry_it(client: TestClient, signed: Instance) -> None:
    site = signed.registry.find("signed.example")
    assert site is not None
    signed.write(lambda store: store.save_site(replace(site, foreign_ids=("umami:u1",)), NOON))
    signed.reload_sites()
    payload = {"website": "u1", "hostname": "signed.example", "url": "/a", "title": ""}
    for base in ("", f"/k/{page('/a')}"):
        client.post(f"{base}/api/send", json={"type": "event", "payload": payload})
    assert views(client) == [1]
    # A badge by a name is of no page, so no template can sign it.
    client.get("/api/count/incr/badge.svg?url=https://signed.example/a")
    assert views(client) == [1]
    assert tallied(signed) == {"signed.example token": 2}


def test_the_owner_sees_why(owner: TestClient, signed: Instance) -> None:  # noqa: F811
    line = re.search("&lt;script defer.*script&gt;", owner.get("/sites/signed.example").text)
    assert line is not None
    assert f'data-api="{HOST}/k/{under("/")}"' in html.unescape(line[0])
    assert "data-api" not in owner.get("/sites/example.com").text
    owner.post("/api/event", json={"u": "https://signed.example/a"}, headers={"user-agent": FIREFOX})
    signed.flush_tallies()
    shown = owner.get("/sites/signed.example/dropped").text
    assert "<h2>token</h2>" in shown
    assert "counts signed pages only" in shown
    for address in (
        "/",
        "/sites/signed.example",
        "/sites/signed.example/dropped",
        "/sites/signed.example/widgets",
    ):
        assert SECRET not in owner.get(address).text


# --- The commands ------------------------------------------------------------------------------------


def shown(*words: str | Path, data: Path) -> str:
    return pagetally(*words, data=data).stdout


def test_the_owner_switches_it_on_and_signs(server: Server, tmp_path: Path) -> None:
    data = server.data
    said = shown("site", "edit", "example.com", "--require-token", data=data)
    assert "Only pages that carry a token of yours count." in said
    assert shown("site", "list", data=data).splitlines() == ["example.com  UTC", "  tokens: required"]
    secret = shown("site", "secret", "example.com", data=data).strip()
    assert len(secret) == 64
    assert shown("site", "secret", "example.com", data=data).strip() == secret
    shown("site", "edit", "example.com", "--query-key", "p", data=data)

    def token(message: str) -> str:
        return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()

    signed = shown("site", "sign", "example.com", "/posts/a/?p=2&q=3", "/posts/*", "/*", data=data)
    assert signed.splitlines() == [
        f"{token('page /posts/a?p=2')} /posts/a/?p=2&q=3",
        f"{token('under /posts')} /posts/*",
        f"{token('under /')} /*",
    ]
    sitemap = tmp_path / "sitemap.xml"
    sitemap.write_text(
        '<?xml version="1.0"?><urlset xmlns:image="x"><url><loc>https://www.example.com/a&amp;b/</loc>'
        "<image:loc>https://cdn.example/i.png</image:loc></url>"
        "<url><loc>\nhttps://example.com/wiki/*</loc></url></urlset>"
    )
    found = json.loads(shown("site", "sign", "example.com", "--from", sitemap, "--json", data=data))
    assert found == {
        "https://www.example.com/a&b/": token("page /a&b"),
        "https://example.com/wiki/*": token("page /wiki/*"),
    }
    shown("site", "edit", "example.com", "--no-token", data=data)
    assert shown("site", "secret", "example.com", data=data).strip() == secret


def test_the_owner_renews_the_secret(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shown("site", "add", "example.com", "--require-token", data=data)

    def secret(*options: str, code: int = 0) -> tuple[str, str]:
        done = pagetally("site", "secret", "example.com", *options, data=data, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout.strip(), done.stderr

    first, said = secret()
    assert said == ""
    second, said = secret("--new", "--grace", "7")
    assert (len(second), second == first, "are good until 20" in said) == (64, False, True)
    assert "former secret: good until 20" in shown("site", "list", data=data)
    assert secret() == (second, said)
    nothing, said = secret("--new", code=1)
    assert (nothing, "is still good" in said, "--now" in said) == ("", True, True)
    assert secret("--now") == (second, "")
    assert "former secret" not in shown("site", "list", data=data)
    third, said = secret("--new", "--now")
    assert (third == second, said) == (False, "")


def test_the_recipe_for_node_makes_the_same_token() -> None:
    text = (Path(__file__).parents[1] / "docs/tokens.md").read_text()
    recipe = text.split("```js\n")[1].split("```")[0]
    for path in ("/", "/posts/a/", "/caf%C3%A9", "/中"):
        program = f"const path = {json.dumps(path)};\n{recipe}\nconsole.log(token);"
        told = subprocess.run(
            ["node", "--input-type=module", "-e", program],
            env={"PATH": os.environ["PATH"], "PAGETALLY_SECRET": SECRET},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == page(path)


WRONG = [
    (("sign", "example.com"), "is required"),
    (("sign", "example.com", "posts"), "must begin with /"),
    (("sign", "example.com", "https://other.example/"), "is not of example.com"),
    (("sign", "none.example", "/"), "is not known here"),
    (("secret", "none.example"), "is not known here"),
]


def test_wrong_input_is_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "site sign --help" in shown("site", "add", "example.com", "--require-token", data=data)
    (tmp_path / "picture").write_bytes(b"\xff\xd8\xff")
    for words, said in (*WRONG, (("sign", "example.com", "--from", str(tmp_path / "picture")), "is no text")):
        failed = pagetally("site", *words, data=data, check=False)
        assert (failed.returncode, said in failed.stderr) == (2, True), (words, failed.stderr)
        assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("migration", "columns"),
    [
        ("m004_tokens", ("needs_token", "token_secret")),
        ("m005_token_grace", ("former_secret", "former_until")),
    ],
)
def test_an_older_database_wants_no_tokens(tmp_path: Path, migration: str, columns: tuple[str, ...]) -> None:
    store = SqliteStore(tmp_path)
    store.save_site(Site(id=0, domain="a.example"), NOON)
    store.close()
    with sqlite3.connect(tmp_path / "pagetally.db") as older:
        for column in columns:
            older.execute(f"ALTER TABLE site DROP COLUMN {column}")
        older.execute("DELETE FROM _sqlite_migrations WHERE name = ?", (migration,))
    older.close()
    store = SqliteStore(tmp_path)
    (site,) = store.read_sites()
    assert (site.domain, site.needs_token, site.token_secret) == ("a.example", False, "")
    assert (site.former_secret, site.former_until) == ("", 0)
    store.close()
    assert (tmp_path / f"backups/before-{migration}.db").exists()
