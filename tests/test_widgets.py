"""The owner's page that makes the markup: what it offers works, and nothing breaks out of it."""

from __future__ import annotations

import re
from html import unescape

import pytest
from starlette.testclient import TestClient

from analytics.forms.markup import FORMS, write_markup
from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import FIREFOX

PAGE = "/sites/example.com/widgets"


@pytest.fixture
def client(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The owner's browser."""
    monkeypatch.setattr("analytics.web.auth.Owner.is_signed_in", lambda *_: True)
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def markups(text: str) -> list[str]:
    return [unescape(code) for code in re.findall(r"<code>(.*?)</code>", text, re.DOTALL)]


def test_strangers_do_not_see_it(instance: Instance) -> None:
    stranger = TestClient(create_app(instance))
    assert stranger.get(PAGE, follow_redirects=False).headers["location"] == "/login"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("metric", ["page-views", "site-visitors", "online"])
def test_what_is_pasted_answers(client: TestClient, form: str, metric: str) -> None:
    client.post("/api/event", json={"u": "https://example.com/hello"})
    query = {
        "form": form,
        "metric": metric,
        "path": "/hello",
        "period": "7d",
        "days": "365",
        "style": "plastic",
    }
    answer = client.get(PAGE, params=query)
    assert answer.status_code == 200
    pasted = markups(answer.text)
    assert pasted
    addresses = [
        unescape(found) for text in pasted for found in re.findall(r'http://testserver[^"\s)]+', text)
    ]
    assert addresses or form == "shields"
    for address in addresses:
        assert client.get(address).status_code == 200, address


def test_what_is_usual_is_left_out_of_the_markup(client: TestClient) -> None:
    answer = client.get(f"{PAGE}?metric=page-views&path=/a&period=all&format=grouped&theme=auto&style=flat")
    assert markups(answer.text)[0] == (
        '<img src="http://testserver/badge/page-views.svg?site=example.com&amp;path=/a" alt="page views">'
    )
    assert markups(answer.text)[1] == (
        "![page views](http://testserver/badge/page-views.svg?site=example.com&path=/a)"
    )


HOSTILE = "\"'><script>alert(1)</script>](x)"


def test_hostile_text_stays_text_on_the_page_and_in_the_markup(client: TestClient) -> None:
    for form in FORMS:
        answer = client.get(PAGE, params={"form": form, "label": HOSTILE, "path": f"/{HOSTILE}"})
        assert "<script>alert" not in answer.text
        for pasted in markups(answer.text):
            assert "<script>alert" not in pasted
    markdown = write_markup("https://x.example", "badge", "site-views", {}, "a](b)")[1].text
    assert markdown.startswith("![a)(b)](https://x.example/")


def test_the_mistake_is_named(client: TestClient) -> None:
    answer = client.get(f"{PAGE}?color=zz")
    assert answer.status_code == 400
    assert "&#39;zz&#39; is not a colour" in answer.text
    assert client.get(f"{PAGE}?form=nothing&metric=nothing").status_code == 200
    assert client.get("/sites/unknown.example/widgets").status_code == 404


def test_only_our_own_card_may_be_framed_in_it(client: TestClient) -> None:
    policy = client.get(f"{PAGE}?form=card").headers["content-security-policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert f'href="{PAGE}"' in client.get("/sites/example.com").text
