"""The pages of a site lead to each other, and say which of them is shown."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from analytics.instance import Instance
from analytics.web.app import create_app
from analytics.web.pages import SECTIONS

from .conftest import FIREFOX


@pytest.fixture
def client(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The owner's browser, and a page that was seen."""
    monkeypatch.setattr("analytics.web.auth.Owner.is_signed_in", lambda *_: True)
    client = TestClient(create_app(instance, base_path="/stats"), headers={"user-agent": FIREFOX})
    client.post("/stats/api/event", json={"u": "https://example.com/a<b>", "t": "<b>bold"})
    return client


@pytest.mark.parametrize("shown", SECTIONS)
def test_each_page_of_a_site_leads_to_all_others(client: TestClient, shown: str) -> None:
    text = client.get(f"/stats/sites/example.com{SECTIONS[shown]}").text
    nav = re.search(r'<nav class="sections".*?</nav>', text, re.DOTALL)
    assert nav is not None
    links = re.findall(r'<a href="([^"]*)"( aria-current="page")?>(.*?)</a>', nav[0])
    assert links == [("/stats/", "", "All sites")] + [
        (f"/stats/sites/example.com{path}", ' aria-current="page"' if name == shown else "", name)
        for name, path in SECTIONS.items()
    ]
    assert all(client.get(link).status_code == 200 for link, _, _ in links)


def test_what_belongs_to_no_site_has_no_sections(client: TestClient) -> None:
    assert 'class="sections"' not in client.get("/stats/dropped").text


def test_popular_pages_are_for_the_owner_and_titles_are_text(client: TestClient, instance: Instance) -> None:
    shown = client.get("/stats/sites/example.com/popular").text
    assert "&lt;b&gt;bold" in shown
    assert "<b>bold" not in shown
    assert client.get("/stats/sites/unknown.example/popular").status_code == 404


def test_a_popular_page_leads_to_its_summary_of_the_same_days(client: TestClient, instance: Instance) -> None:
    shown = client.get("/stats/sites/example.com/popular").text
    ((link, name, views),) = re.findall(
        r'<a class="pick" href="([^"]+)".*?class="name">([^<]+)<.*?<td class="n">(\d+)</td>\s*</tr>',
        shown,
        re.S,
    )[:1]
    text = client.get(link.replace("&amp;", "&")).text
    assert re.findall(r'<span class="value">([^<]+)', text)[0] == views
    assert re.search(rf'class="name">{re.escape(name)}<', text.partition('id="card-pages"')[2])


def test_strangers_see_no_popular_page(instance: Instance) -> None:
    stranger = TestClient(create_app(instance))
    answer = stranger.get("/sites/example.com/popular", follow_redirects=False)
    assert answer.headers["location"] == "/login?next=/sites/example.com/popular"
