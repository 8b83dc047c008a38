"""The owner's numbers, changed by the page: a preview that changes nothing, the change, and its undoing."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from analytics.commands import RemoveSite, perform
from analytics.instance import Instance
from analytics.ledger import Desk, post
from analytics.model import Amount, Detail

from .conftest import CHROME, FIREFOX, add_site
from .test_apart import send
from .test_migrate import HOST, owner  # noqa: F401

PAGE = "/sites/example.com/numbers"
EVIL = "<script>alert(1)</script>"
BEFORE = {"/a": (2, 2), "/b": (1, 1), "site": (3, 2)}


@pytest.fixture
def client(owner: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    """Two readers of /a, of whom one read /b."""
    for path, agent in (("/a", FIREFOX), ("/a", CHROME), ("/b", FIREFOX)):
        send(owner, path, agent)
    instance.flush_tallies()
    instance.fold()
    owner.headers["origin"] = HOST
    return owner


def counts(client: TestClient, *paths: str) -> dict[str, tuple[int, int]]:
    paths = paths or ("/a", "/b")
    found = client.get("/api/counters?" + urlencode([("site", "example.com"), *(("path", p) for p in paths)]))
    answer = found.json()
    rows = answer["pages"] | {"site": answer["site"]}
    return {name: (row["views"], row["visitors"]) for name, row in rows.items()}


def preview(client: TestClient, **form: str) -> str:
    answer = client.get(PAGE, params=form)
    assert answer.status_code == 200, answer.text
    return answer.text


def agree(client: TestClient, text: str) -> Any:
    """Send the form that a preview offers."""
    part = text.partition('<section class="would"')[2].partition("</section>")[0]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', part)
    form = {name: unescape(value) for name, value in hidden}
    return client.post(PAGE, data=form, follow_redirects=False)


def test_a_summary_of_all_time_says_what_counters_show_and_why(client: TestClient) -> None:
    def told(query: str) -> list[str]:
        text = client.get(f"/sites/example.com?{query}").text
        return re.findall(r'Counters show (\S+ \S+): with <a href="(\S+)">your adjustments', text)

    assert told("period=all") == []
    agree(client, preview(client, do="set", path="", views="9007"))
    assert counts(client)["site"][0] == 9_007
    assert told("period=all") == [("9,007 views", PAGE)]
    assert told("period=30d") == told("period=all&f=page:is:/a") == []


def effects(text: str) -> list[tuple[str, str, str]]:
    """(page, views, visitors) as a preview says them: before → after."""
    part = text.partition('<section class="would"')[2].partition("</table>")[0].partition("<tbody>")[2]
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [tuple(re.sub(r"<[^>]*>|\n", "", one).strip() for one in row) for row in cells]  # type: ignore[misc]


CHANGES: list[tuple[dict[str, str], list[tuple[str, str, str]], dict[str, tuple[int, int]]]] = [
    (
        {"do": "set", "path": "/a", "views": "18,815", "visitors": "900"},
        [("/a", "2 → 18,815", "2 → 900"), ("The whole site", "3 → 18,816", "2 → 900")],
        {"/a": (18_815, 900), "/b": (1, 1), "site": (18_816, 900)},
    ),
    (
        {"do": "set", "path": "https://example.com/a/", "views": "10", "pages_only": "1"},
        [("/a", "2 → 10", "2"), ("The whole site", "3", "2")],
        {"/a": (10, 2), "/b": (1, 1), "site": (3, 2)},
    ),
    (
        {"do": "set", "path": "", "views": "20000"},
        [("The whole site", "3 → 20,000", "2")],
        BEFORE | {"site": (20_000, 2)},
    ),
    (
        {"do": "add", "path": "/new", "views": "5", "visitors": "4"},
        [("/new", "0 → 5", "0 → 4"), ("The whole site", "3 → 8", "2 → 6")],
        {"/new": (5, 4), "/a": (2, 2), "site": (8, 6)},
    ),
    (
        {"do": "add", "path": "/a", "views": "−5"},
        [("/a", "2 → 0", "2 → 0"), ("The whole site", "3 → 0", "2 → 0")],
        {"/a": (0, 0), "/b": (1, 1), "site": (0, 0)},
    ),
    (
        {"do": "reset", "path": "/a"},
        [("/a", "2 → 0", "2 → 0"), ("The whole site", "3 → 1", "2 → 0")],
        {"/a": (0, 0), "/b": (1, 1), "site": (1, 0)},
    ),
    (
        {"do": "exclude", "path": "/a*", "with_past": "1"},
        [("/a", "2 → 0", "2 → 0"), ("The whole site", "3 → 1", "2 → 0")],
        {"/a": (0, 0), "/b": (1, 1), "site": (1, 0)},
    ),
    ({"do": "exclude", "path": "/a*"}, [], BEFORE),
    (
        {"do": "rename", "path": "/a", "target": "/n"},
        [("/a", "2 → 0", "2 → 0"), ("/n", "0 → 2", "0 → 2")],
        # Who asks for the old path is told of the new one.
        {"/n": (2, 2), "/a": (2, 2), "/b": (1, 1), "site": (3, 2)},
    ),
    (
        {"do": "rename", "path": "/a", "target": "/b"},
        [("/a", "2 → 0", "2 → 0"), ("/b", "1 → 3", "1 → at most 3")],
        {"/b": (3, 2), "/a": (3, 2), "site": (3, 2)},
    ),
]


@pytest.mark.parametrize(("form", "shown", "after"), CHANGES)
def test_a_change_is_previewed_made_and_undone(
    client: TestClient,
    instance: Instance,
    form: dict[str, str],
    shown: list[tuple[str, str, str]],
    after: dict[str, tuple[int, int]],
) -> None:
    paths = [path for path in after if path != "site"]
    before = counts(client, *paths)
    text = preview(client, **form, note="Why not")
    assert effects(text) == shown
    assert counts(client, *paths) == before
    with instance.borrow_reader() as reader:
        assert reader.adjustments(1) == []
    answer = agree(client, text)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#changes")
    assert counts(client, *paths) == after
    trail = client.get(PAGE).text
    assert "Why not" in trail
    assert re.findall(r'name="undo" value="(\d+)"', trail) == ["1"]
    assert client.post(PAGE, data={"undo": "1"}, follow_redirects=False).status_code == 303
    assert counts(client, *paths) == before
    assert 'name="undo"' not in client.get(PAGE).text
    with instance.borrow_reader() as reader:
        assert [text for text in reader.differences() if text] == []


def test_what_is_excluded_counts_no_more_until_that_is_undone(client: TestClient) -> None:
    text = preview(client, do="exclude", path="/a/*")
    assert "So far it fits 1 page." in text
    agree(client, text)
    assert send(client, "/a", CHROME) == "dropped; excluded-path"
    client.post(PAGE, data={"undo": "1"})
    assert send(client, "/a", CHROME) == ""


def test_views_of_a_page_that_was_renamed_count_under_its_new_name(client: TestClient) -> None:
    text = preview(client, do="rename", path="/a", target="/n")
    assert "The history of <bdi>/a</bdi> moves to <bdi>/n</bdi>" in text
    agree(client, text)
    send(client, "/a", CHROME)
    assert counts(client, "/n")["/n"] == (3, 2)
    merged = preview(client, do="rename", path="/n", target="/b")
    assert "Merge them" in merged
    agree(client, merged)
    assert counts(client, "/b")["/b"][0] == 4


def test_a_rename_whose_target_was_viewed_meanwhile_asks_again(client: TestClient) -> None:
    text = preview(client, do="rename", path="/a", target="/n")
    send(client, "/n", CHROME)
    answer = agree(client, text)
    assert answer.status_code == 400
    assert "/n has a count of its own. To put both together, preview it again." in answer.text
    assert counts(client, "/a", "/n") == {"/a": (2, 2), "/n": (1, 1), "site": (4, 2)}


def test_what_would_change_nothing_is_said_and_not_offered(client: TestClient) -> None:
    for form in ({"do": "set", "path": "/a", "views": "2"}, {"do": "reset", "path": "/none"}):
        text = preview(client, **form)
        assert "It would change nothing." in text
        assert '<button class="main">Set it' not in text
        assert '<button class="main">Reset it' not in text


def test_a_count_below_nothing_is_previewed_as_it_will_be_shown(client: TestClient) -> None:
    agree(client, preview(client, do="add", path="/a", views="-10", pages_only="1"))
    shown = effects(preview(client, do="add", path="/a", views="9", visitors="0", pages_only="1"))
    assert shown[0] == ("/a", "0 → 1", "0 → 1")


def test_an_earlier_change_waits_for_the_later_one(client: TestClient) -> None:
    agree(client, preview(client, do="set", path="/a", views="10"))
    agree(client, preview(client, do="set", path="/a", views="20"))
    answer = client.post(PAGE, data={"undo": "1"}, follow_redirects=False)
    assert answer.status_code == 400
    assert "Adjustment 2 came after 1 and set the same counts. Undo 2 first." in answer.text
    assert counts(client)["/a"] == (20, 2)
    german = client.post(PAGE, data={"undo": "1"}, headers={"accept-language": "de"}).text
    assert "Undo" not in german
    for number, views in (("2", 10), ("1", 2)):
        assert client.post(PAGE, data={"undo": number}, follow_redirects=False).status_code == 303
        assert counts(client)["/a"] == (views, 2)


WRONG = [
    ({"do": "wish"}, "do", "“wish” is none"),
    ({"do": "set", "path": "/a"}, "views", "This is missing. Give views, visitors or both."),
    ({"do": "set", "path": "/a", "views": "many"}, "views", "This is not a number."),
    ({"do": "set", "path": "/a", "views": "9" * 400}, "views", "This is not a number."),
    ({"do": "set", "path": "/a", "views": "²"}, "views", "This is not a number."),
    ({"do": "set", "path": "/a", "views": "1.5"}, "views", "This is not a number."),
    ({"do": "set", "path": "/a", "views": "-"}, "views", "This is not a number."),
    ({"do": "set", "path": "/a", "views": "-1"}, "views", "This is below 0."),
    ({"do": "set", "path": "/a", "visitors": "-1"}, "visitors", "This is below 0."),
    (
        {"do": "set", "path": "/a", "views": "1", "visitors": "2"},
        "visitors",
        "There cannot be more of them than views.",
    ),
    ({"do": "set", "path": "a", "views": "1"}, "path", "“a” does not begin with /."),
    ({"do": "set", "path": "it's", "views": "1"}, "path", "“it&#39;s” does not begin with /."),
    ({"do": "set", "path": "http://[", "views": "1"}, "path", "This is no web address."),
    ({"do": "set", "path": "http://", "views": "1"}, "path", "This has no host."),
    ({"do": "set", "path": "http://x/%00", "views": "1"}, "path", "This has a control character"),
    ({"do": "set", "path": "/" + "x" * 2_000, "views": "1"}, "path", "This is longer than 2,000 characters."),
    ({"do": "set", "path": "/a", "views": "1", "note": "x" * 201}, "note", "This is longer than 200"),
    ({"do": "set", "path": "/a", "views": "1", "note": "a\nb"}, "note", "This is longer than 200"),
    ({"do": "reset", "path": " "}, "path", "This is missing."),
    ({"do": "exclude"}, "path", "This is missing."),
    ({"do": "exclude", "path": "admin"}, "path", "“admin” does not begin with / or *."),
    ({"do": "exclude", "path": "/" + "x" * 2_000}, "path", "This is longer than 2,000 characters."),
    ({"do": "rename", "path": "/a"}, "target", "This is missing."),
    ({"do": "rename", "path": "/a", "target": "b"}, "target", "“b” does not begin with /."),
    ({"do": "rename", "path": "/a", "target": "/a/"}, "target", "This is /a itself."),
    ({"do": "merge", "path": "/none", "target": "/a"}, "path", "“/none” has no count here."),
]


@pytest.mark.parametrize(("form", "field", "told"), WRONG)
def test_what_is_wrong_stands_beside_its_field(
    client: TestClient, instance: Instance, form: dict[str, str], field: str, told: str
) -> None:
    for answer in (client.get(PAGE, params=form), client.post(PAGE, data=form)):
        assert answer.status_code == 400
        about = answer.text.partition(f'id="about-{field}"')[2].partition("</p>")[0]
        assert told in about
        tag = re.search(rf'<(?:input|select) id="{field}"[^>]*>', answer.text)
        assert tag is not None
        assert f'aria-describedby="about-{field}"' in tag[0]
        assert 'aria-invalid="true"' in tag[0]
        assert '<section class="would"' not in answer.text
    german = client.get(PAGE, params=form, headers={"accept-language": "de"}).text
    about = german.partition(f'id="about-{field}"')[2].partition("</span>")[0]
    assert not re.search(r"\b(?:This|There|is|Give|below|missing)\b", about)
    with instance.borrow_reader() as reader:
        assert reader.adjustments(1) == []


def test_what_cannot_be_done_is_told(client: TestClient) -> None:
    form = {"do": "exclude", "path": "/a"}
    assert client.post(PAGE, data=form, follow_redirects=False).status_code == 303
    for answer in (client.get(PAGE, params=form), client.post(PAGE, data=form)):
        assert (answer.status_code, "/a is excluded already." in answer.text) == (400, True)
    agree(client, preview(client, do="rename", path="/b", target="/c"))
    assert (
        "/b is counted as /c already."
        in client.get(PAGE, params={"do": "rename", "path": "/b", "target": "/d"}).text
    )
    for nothing in ("", "x", "²", "99", "9" * 40, "-1"):
        answer = client.post(PAGE, data={"undo": nothing})
        assert (answer.status_code, "There is none of the number" in answer.text) == (400, True)
    client.post(PAGE, data={"undo": "1"})
    answer = client.post(PAGE, data={"undo": "1"})
    assert (answer.status_code, "1 is undone already." in answer.text) == (400, True)
    assert client.post(PAGE, content=b"\xff\xfe&&=").status_code == 400


def test_each_site_undoes_its_own(client: TestClient, instance: Instance) -> None:
    add_site(instance, "other.example")
    agree(client, preview(client, do="set", path="/a", views="10"))
    assert client.post("/sites/other.example/numbers", data={"undo": "1"}).status_code == 400
    assert counts(client)["/a"] == (10, 2)


def test_only_the_owner_and_only_from_our_own_page(client: TestClient) -> None:
    form = {"do": "set", "path": "/a", "views": "10"}
    for foreign in ("https://evil.example", "null", ""):
        client.headers["origin"] = foreign
        for body in (form, {"undo": "1"}):
            assert client.post(PAGE, data=body, follow_redirects=False).status_code == 403
    client.headers["origin"] = HOST
    client.cookies.clear()
    for answer in (
        client.post(PAGE, data=form, follow_redirects=False),
        client.get(PAGE, params=form, follow_redirects=False),
    ):
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")
    assert counts(client)["/a"] == (2, 2)


def test_a_hostile_path_is_text(client: TestClient) -> None:
    for form in (
        {"do": "set", "path": f"/{EVIL}", "views": "1", "note": EVIL},
        {"do": "exclude", "path": f"/{EVIL}*", "note": EVIL},
        {"do": "rename", "path": "/b", "target": f"/{EVIL}", "note": '"><b onclick=x>'},
    ):
        text = preview(client, **form)
        assert EVIL not in text
        assert "&lt;script&gt;" in text
        assert agree(client, text).status_code == 303
    for text in (
        client.get(PAGE).text,
        client.get(PAGE, params={"do": EVIL, "path": EVIL, "views": EVIL}).text,
    ):
        assert EVIL not in text
        assert "<b onclick" not in text


def test_a_pattern_that_fits_many_pages_shows_the_largest(client: TestClient, instance: Instance) -> None:
    site = instance.registry.sites[0]
    amounts = [Amount(f"/many/{number}", number + 1) for number in range(25)]
    post(Desk(instance), site, "import", Detail(strategy="add", file="f"), amounts)
    text = preview(client, do="exclude", path="/many/*", with_past="1")
    shown = effects(text)
    assert [row[0] for row in shown[:2]] == ["/many/24", "/many/23"]
    assert shown[-1] == ("The whole site", "328 → 3", "2")
    assert len(shown) == 21
    assert "and 5 pages more" in text
    agree(client, text)
    assert counts(client)["site"] == (3, 2)


def test_a_site_that_goes_meanwhile_is_none(client: TestClient, instance: Instance) -> None:
    perform(instance, RemoveSite("example.com"))
    assert client.post(PAGE, data={"do": "reset", "path": "/a"}).status_code == 404
