"""A new site: what to paste, and a sign that turns with the first view or says why there is none."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from analytics.instance import Instance

from .conftest import FIREFOX, GOOGLEBOT, add_site
from .test_migrate import owner  # noqa: F401

NEW = "/sites/new.example"


@pytest.fixture
def fresh(owner: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    """A site that nobody has viewed."""
    add_site(instance, "new.example")
    return owner


def send(client: TestClient, instance: Instance, address: str, agent: str = FIREFOX) -> None:
    client.post("/api/event", json={"n": "pageview", "u": address}, headers={"user-agent": agent})
    instance.flush_tallies()


def ask_again(text: str) -> str:
    """Where the sign asks whether it is still true."""
    return re.findall(r'hx-get="([^"]*/first[^"]*)"', text)[0]


def test_a_new_site_says_what_to_paste_and_waits(fresh: TestClient) -> None:
    text = fresh.get(NEW).text
    assert re.search(r"<code>&lt;script defer src=&#34;http[^&]+/pt.js&#34;&gt;&lt;/script&gt;</code>", text)
    assert "Waiting for the first view" in text
    assert f'<a href="{NEW}">Look again</a>' in text
    assert fresh.get(ask_again(text)).status_code == 204


def test_the_sign_turns_with_the_first_view(fresh: TestClient, instance: Instance) -> None:
    again = ask_again(fresh.get(NEW).text)
    send(fresh, instance, "https://new.example/hello")
    sign = fresh.get(again)
    assert sign.status_code == 200
    assert "The first view is here:</" not in sign.text
    assert "<bdi>/hello</bdi>" in sign.text
    assert "hx-get" not in sign.text
    assert "No views yet" not in fresh.get(NEW).text


def test_what_came_and_did_not_count_says_why(fresh: TestClient, instance: Instance) -> None:
    again = ask_again(fresh.get(NEW).text)
    send(fresh, instance, "https://new.example/hello", GOOGLEBOT)
    sign = fresh.get(again).text
    assert "1 view came today and did not count.</b> The reader says it is a crawler" in sign
    assert fresh.get(ask_again(sign)).status_code == 204
    send(fresh, instance, "https://elsewhere.example/hello")
    sign = fresh.get(ask_again(sign)).text
    assert "1 view of no site here came today." in sign
    assert 'href="/dropped"' in sign


def test_the_sign_is_for_the_owner_only(fresh: TestClient) -> None:
    assert fresh.get("/sites/nowhere.example/first").status_code == 204
    fresh.cookies.clear()
    assert (fresh.get(f"{NEW}/first").status_code, fresh.get(f"{NEW}/first").text) == (204, "")


def test_all_sites_say_which_have_no_views(fresh: TestClient, instance: Instance) -> None:
    assert fresh.get("/").text.count("No views yet") == 2
    send(fresh, instance, "https://new.example/hello")
    assert fresh.get("/").text.count("No views yet") == 1
