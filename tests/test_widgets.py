"""The owner's page that makes the markup: what it offers works, and nothing breaks out of it."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from analytics.forms.markup import FORMS, write_markup
from analytics.instance import Instance
from analytics.ledger import Desk, post
from analytics.model import Amount, Detail
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
    assert stranger.get(PAGE, follow_redirects=False).headers["location"] == f"/login?next={PAGE}"


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


def test_the_maker_begins_with_the_page_that_is_seen_most(client: TestClient) -> None:
    assert 'value="/"' in client.get(PAGE).text
    for path in ("/seldom", "/often", "/often"):
        client.post("/api/event", json={"u": f"https://example.com{path}"})
    answer = client.get(PAGE)
    assert 'value="/often"' in answer.text
    assert "path=/often" in markups(answer.text)[0]
    assert "<strong>2</strong>" in client.get(f"{PAGE}?form=span").text


PLACE = r' style="[^"]*"'
ELEMENTS = [
    ("form=page-count&path=/a", '<page-count metric="page-views" path="/a" explain>–</page-count>'),
    (
        "form=page-count&metric=site-visitors&period=today&path=/a&format=compact&min=3&locale=de",
        '<page-count metric="site-visitors" period="today" format="compact" min="3" lang="de" explain>'
        "–</page-count>",
    ),
    (
        'form=page-count&metric=online&label={n} reader"|{n} readers',
        '<page-count metric="online" label="{n} reader&quot;|{n} readers" explain>–</page-count>',
    ),
    ("form=page-list&window=30d&style=plastic", "<page-list>Nothing yet</page-list>"),
    (
        "form=page-list&kind=trending&window=7d&limit=5&exclude=/ /about*&path=/a",
        '<page-list kind="trending" window="7d" limit="5" exclude="/ /about*">Nothing yet</page-list>',
    ),
    ("form=page-list&kind=related&path=/a", '<page-list kind="related" path="/a">Nothing yet</page-list>'),
    ("form=page-list&kind=nothing&window=soon", "<page-list>Nothing yet</page-list>"),
]


@pytest.mark.parametrize(("asked", "written"), ELEMENTS)
def test_elements_are_written_with_what_was_filled_in(client: TestClient, asked: str, written: str) -> None:
    assert re.sub(PLACE, "", markups(client.get(f"{PAGE}?{asked}").text)[-1].splitlines()[1]) == written


@pytest.mark.parametrize("form", FORMS)
def test_what_only_shows_a_number_says_that_it_counts_nothing(client: TestClient, form: str) -> None:
    assert ("counts nothing itself" in client.get(f"{PAGE}?form={form}").text) == (form != "span")


def test_the_span_holds_a_dash_until_its_number_comes(client: TestClient) -> None:
    for metric, path in (("online", ""), ("page-views", ' data-path="/a"')):
        pasted = markups(client.get(f"{PAGE}?form=span&path=/a&metric={metric}").text)[0]
        assert f'<span data-pagetally="{metric}"{path} style="' in pasted
        assert pasted.endswith('">–</span>')


@pytest.mark.parametrize("form", ["span", "page-count"])
@pytest.mark.parametrize(("views", "width"), [(3, 4), (12_345, 7)])
def test_a_pasted_number_leads_to_its_meaning_and_has_its_place_before_it_comes(
    client: TestClient, instance: Instance, form: str, views: int, width: int
) -> None:
    detail = Detail(strategy="replace", path="/a")
    post(Desk(instance), instance.registry.sites[0], "offset", detail, [Amount("/a", views)])
    pasted = markups(client.get(f"{PAGE}?form={form}&path=/a").text)[0]
    place = f'style="display:inline-block;min-width:{width}ch;font-variant-numeric:tabular-nums"'
    if form == "span":
        assert '<a href="http://testserver/definitions#views">page views</a> <span' in pasted
        assert pasted.endswith(f" {place}>–</span>")
    else:
        assert pasted.endswith(f'<page-count metric="page-views" path="/a" explain {place}>–</page-count>')


def test_a_list_is_shown_as_it_is_now(client: TestClient) -> None:
    for path in ("/a", "/b", "/b"):
        client.post("/api/event", json={"u": f"https://example.com{path}"})
    shown = client.get(f"{PAGE}?form=page-list&exclude=/a").text
    assert re.findall("<li><bdi>(.*?)</bdi>", shown) == ["/b"]
    for wrong in ("limit=0", "kind=trending&window=all", "kind=related&limit=99"):
        assert client.get(f"{PAGE}?form=page-list&{wrong}").status_code == 400


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
    assert "“zz” is not a colour" in answer.text
    assert client.get(f"{PAGE}?form=nothing&metric=nothing").status_code == 200
    assert client.get("/sites/unknown.example/widgets").status_code == 404


def test_only_our_own_card_may_be_framed_in_it(client: TestClient) -> None:
    policy = client.get(f"{PAGE}?form=card").headers["content-security-policy"]
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("form", ["badge", "digits", "chart", "card", "text", "shields", "page-count"])
def test_a_least_number_can_be_set_for_each_form(client: TestClient, form: str) -> None:
    answer = client.get(f"{PAGE}?form={form}&path=/a&min=3")
    assert 'name="min" value="3"' in answer.text
    assert all("min=3" in text or 'min="3"' in text or "min%3D3" in text for text in markups(answer.text))


@pytest.mark.parametrize("form", ["badge", "digits", "chart"])
def test_only_the_png_is_scaled(client: TestClient, form: str) -> None:
    for text in markups(client.get(f"{PAGE}?form={form}&path=/a&scale=2").text):
        assert ("scale=2" in text) == (".png" in text)
    usual = markups(client.get(f"{PAGE}?form={form}&path=/a&scale=1").text)
    assert "scale" not in "".join(usual)
    assert client.get(f"{PAGE}?form={form}&scale=9").status_code == 400


@pytest.mark.parametrize("form", ["badge", "chart", "card", "shields", "page-count"])
def test_a_label_with_plurals_is_offered_and_kept(client: TestClient, form: str) -> None:
    client.post("/api/event", json={"u": "https://example.com/a"})
    label = "{n} view|{n} views"
    assert f'name="label" value="" placeholder="{label}"' in client.get(f"{PAGE}?form={form}&path=/a").text
    text = client.get(PAGE, params={"form": form, "path": "/a", "label": label}).text
    first = markups(text)[0]
    assert label in first or quote(label) in first or quote(quote(label)) in first
    if form != "page-count":
        # Who does not see the picture is not told of braces.
        assert re.findall('(?:alt|title)="(.*?)"', first) == ["page views"]
    if form in ("shields", "page-count"):
        assert re.search(">(?:<strong>)?1 view<", text)


def test_an_element_in_the_preview_is_the_live_one(client: TestClient) -> None:
    client.post("/api/event", json={"u": "https://example.com/a"})
    text = client.get(f"{PAGE}?form=page-count&path=/a&label={HOSTILE}").text
    assert '<script defer src="/page-count.js"></script>' in text
    assert '<page-count metric="page-views" path="/a" label="' in text
    assert ' site="example.com" explain>' in text
    assert "<script>alert" not in text
    assert "page-count.js" not in client.get(PAGE).text.partition("<main")[0]
