"""/definitions: what each number means, for everybody, and that numbers lead there."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from analytics.forms.figure import METRICS
from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import FIREFOX


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


@pytest.mark.parametrize(
    ("accepted", "title", "term"),
    [
        ("", "What is counted", "Visitor"),
        ("de-AT,en;q=0.5", "Was gezählt wird", "Besucher"),
        ("fr", "Ce qui est compté", "Visiteur"),
    ],
)
def test_strangers_read_it_in_their_language(
    client: TestClient, accepted: str, title: str, term: str
) -> None:
    answer = client.get("/definitions", headers={"accept-language": accepted})
    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in answer.text
    assert re.search(rf'<div id="visitors"><dt>{term}', answer.text)
    assert "Sign out" not in answer.text


def test_it_is_guarded_as_the_owners_pages_are_and_may_be_kept(client: TestClient) -> None:
    headers, login = client.get("/definitions").headers, client.get("/login").headers
    assert headers["content-security-policy"] == login["content-security-policy"]
    assert headers["cache-control"] == "public, max-age=3600"
    assert "accept-language" in headers["vary"].lower()
    assert client.post("/definitions").status_code in (404, 405)


@pytest.mark.parametrize("prefix", ["", "/k/token"])
@pytest.mark.parametrize("metric", METRICS)
def test_a_card_leads_to_what_its_number_means(client: TestClient, metric: str, prefix: str) -> None:
    card = client.get(f"{prefix}/card/{metric}?path=/")
    (target,) = re.findall(r'<a href="([^"]+)" target="_blank"', card.text)
    address, _, anchor = str(card.url.join(target)).partition("#")
    page = client.get(address)
    assert page.status_code == 200
    assert f'<div id="{anchor}"' in page.text


def test_it_works_under_a_base_path(instance: Instance) -> None:
    client = TestClient(create_app(instance, base_path="/stats"), headers={"user-agent": FIREFOX})
    page = client.get("/stats/definitions")
    assert page.status_code == 200
    assert client.get(re.findall(r'stylesheet" href="([^"]+)', page.text)[0]).status_code == 200


@pytest.mark.parametrize("page", ["numbers", "popular", "bots"])
def test_the_owners_lists_lead_there(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, page: str, instance: Instance
) -> None:
    monkeypatch.setattr("analytics.web.auth.Owner.is_signed_in", lambda *_: True)
    client.post("/api/event", json={"u": "https://example.com/"})
    text = client.get(f"/sites/example.com/{page}").text
    for word in ("Views", "Visitors", "Visits"):
        assert f'<th scope="col" class="n">{word}</th>' not in text
