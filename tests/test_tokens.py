"""Sites that count signed pages only: tokens, addresses that carry them, commands that make them."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.commands import SaveSite, perform
from analytics.instance import Instance
from analytics.model import Site
from analytics.tokens import make_token
from analytics.web.app import create_app

from .conftest import FIREFOX, pagetally

HOST = "https://example.com"


@pytest.fixture
def site(instance: Instance) -> Site:
    """example.com, which counts signed pages only."""
    perform(instance, SaveSite(replace(instance.registry.sites[0], needs_token=True)))
    return instance.registry.sites[0]


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def send(client: TestClient, url: str, token: str = "") -> str:
    """Send a view by an address that carries the token; what was dropped, or "stored"."""
    prefix = f"/k/{token}" if token else ""
    answer = client.post(f"{prefix}/api/event", content=json.dumps({"u": url}))
    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer.headers.get("x-pagetally", "stored")


DROPPED = "dropped; token"


@pytest.mark.parametrize(
    ("signed", "below", "url", "outcome"),
    [
        ("/a", False, "/a", "stored"),
        ("/a", False, "/a/?x=1#top", "stored"),
        ("/a", False, "/b", DROPPED),
        ("/a", False, "/a/b", DROPPED),
        ("/a", True, "/a", "stored"),
        ("/a", True, "/a/b/c", "stored"),
        ("/a", True, "/ab", DROPPED),
        ("/a", True, "/", DROPPED),
        ("/", True, "/a/b", "stored"),
        ("/", False, "/a", DROPPED),
        ("/", False, "/index.html", "stored"),
        ("/*", False, "/a", DROPPED),  # a page of that name
        ("/中", False, "/%E4%B8%AD", "stored"),
    ],
)
def test_a_token_is_good_for_its_page(
    client: TestClient, site: Site, signed: str, below: bool, url: str, outcome: str
) -> None:
    assert send(client, HOST + url, make_token(site, signed, below=below)) == outcome


@pytest.mark.parametrize("token", ["", "0", "0" * 64, "zz" * 32, "é" * 64, "a" * 5_000, "..", "%00"])
def test_without_a_good_token_nothing_is_stored_and_the_owner_is_told(
    client: TestClient, instance: Instance, site: Site, token: str
) -> None:
    assert send(client, f"{HOST}/a", token) == DROPPED
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        assert reader.site_count(site.id).views == 0
        assert reader.dropped(0) == [("example.com", "token", 1)]


def test_another_site_s_token_is_none(client: TestClient, instance: Instance, site: Site) -> None:
    other = replace(site, token_secret="00" * 32)
    assert send(client, f"{HOST}/a", make_token(other, "/a")) == DROPPED


def test_the_answer_with_counters_and_the_pixel_take_tokens_too(client: TestClient, site: Site) -> None:
    token = make_token(site, "/a")
    body = json.dumps({"u": f"{HOST}/a"})
    assert client.post(f"/k/{token}/api/event?counters=1", content=body).json()["site"]["views"] == 1
    assert client.get(f"/k/{token}/api/pixel.gif?u={HOST}/a").status_code == 200
    assert client.get(f"/k/{token}/api/pixel.gif?u={HOST}/b").headers["x-pagetally"] == DROPPED
    assert client.get(f"/k/{token}/api/counters?site=example.com").json()["site"]["views"] == 2


def test_a_foreign_client_s_view_carries_none(client: TestClient, instance: Instance, site: Site) -> None:
    client.get("/count?p=/a", headers={"referer": f"{HOST}/a"})
    with instance.borrow_reader() as reader:
        assert reader.site_count(site.id).views == 0


def test_the_owner_s_pages_do_not_stand_behind_a_token(client: TestClient, site: Site) -> None:
    for path in ("/", "/login", "/sites/example.com"):
        assert client.get(f"/k/{make_token(site, '/')}{path}", follow_redirects=False).status_code == 404


def test_a_site_without_the_setting_counts_with_and_without_a_token(client: TestClient) -> None:
    assert send(client, f"{HOST}/a") == "stored"
    assert send(client, f"{HOST}/a", "0" * 64) == "stored"


def test_a_template_can_make_the_token_by_itself(site: Site) -> None:
    """As docs/operations.md tells it: HMAC-SHA256 of a short text, the secret's text being the key."""

    def sign(text: str) -> str:
        return hmac.new(site.token_secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    assert make_token(site, "/posts/a") == sign("page example.com/posts/a")
    assert make_token(site, "/posts", below=True) == sign("under example.com/posts")
    assert make_token(site, "/", below=True) == sign("under example.com/")


def test_the_commands_make_tokens_for_paths_and_sitemaps(tmp_path: Path) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", "--require-token", data=data)
    secret = pagetally("site", "secret", "example.com", data=data).stdout.strip()
    assert len(secret) == 64
    found = Site(id=1, domain="example.com", token_secret=secret)
    sitemap = tmp_path / "sitemap.xml"
    sitemap.write_text("<urlset><url><loc>https://example.com/a?x=1&amp;y=2</loc></url></urlset>")
    said = pagetally("site", "sign", "example.com", "/posts/*", "--from", sitemap, "--json", data=data).stdout
    assert json.loads(said) == {
        "/posts/*": make_token(found, "/posts", below=True),
        "https://example.com/a?x=1&y=2": make_token(found, "/a"),
    }
    assert pagetally("site", "secret", "example.com", "--new", data=data).stdout.strip() != secret
