"""The bugs of other counters, by their number in the list of regressions: tests here or in a browser.

| # | what went wrong elsewhere |
|---|---|
| 1 | every page of a site shows the same number, because the Referer is cut to its origin |
| 2 | 0 in the short format is printed as NaN |
| 3 | the ids of the original stay empty |
| 4 | reading makes rows |
| 5 | a page that nobody reads for months loses its count |
| 6 | a request that fails shows another page's number |
| 7 | a visitor is lost when the first request fails |
| 8 | spellings of one address are several pages, when writing or when reading |
| 9 | a path is cut off where "index" is in it |
| 10 | two widgets of one page share a picture although their styles differ |
| 11 | themes show a wrong number, or none |
| 12 | reading counts |
| 13 | pjax and pushState count twice |
| 14 | an error cannot be read by the page that asked |
| 15 | views that come while others are written, or before a crash, are lost |
| 16 | a copy of the site on another host counts |
| 17 | a page rendered ahead counts |
| 18 | the first visit shows nothing |
| 19 | a JSONP callback is a way in for scripts |
| 20 | 0 is not shown as 0, or is told after a view |
"""

from __future__ import annotations

import importlib
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import FIREFOX

ELSEWHERE = {
    2: ["browser.test_drop_in.test_zero_in_the_short_style_is_zero"],
    3: ["browser.test_drop_in.test_a_theme_fills_with_the_right_numbers_by_one_view"],
    6: ["browser.test_drop_in.test_where_no_number_comes_no_label_hangs_and_nothing_spins"],
    7: ["browser.test_drop_in.test_a_visitor_is_not_lost_when_the_first_request_fails"],
    11: [
        "browser.test_themes.test_a_theme_counts_once_and_shows_the_number",
        "browser.test_themes.test_next_lists_the_numbers_of_its_posts_and_counts_none",
        "browser.test_drop_in.test_a_theme_fills_with_the_right_numbers_by_one_view",
        "clients.test_trackers.test_fluid_and_butterfly_show_umamis_numbers",
    ],
    13: [
        "browser.test_drop_in.test_pjax_that_changes_the_address_and_runs_the_script_makes_one_view",
        "browser.test_drop_in.test_the_script_run_again_is_a_view_a_second_later_and_none_before",
    ],
    14: ["test_abuse.test_one_client_is_told_to_wait"],
    15: [
        "test_durability.test_killed_under_load_it_loses_and_doubles_nothing",
        "test_durability.test_10000_mixed_views_of_50_clients_are_exact",
        "test_durability.test_every_answer_leaves_after_its_view_was_flushed",
    ],
    17: ["browser.test_drop_in.test_a_page_that_was_rendered_ahead_and_never_shown_is_no_view"],
    20: ["browser.test_drop_in.test_zero_in_the_short_style_is_zero"],
}
"""Which tests outside of the files of regressions are about a number."""


def test_every_regression_has_a_test() -> None:
    every = list(range(1, 21))
    names = [
        name for file in (__name__, f"{__name__}_counters") for name in dir(importlib.import_module(file))
    ]
    here = {int(name.split("_")[1]) for name in names if re.match(r"test_\d", name)}
    assert sorted(here | set(ELSEWHERE)) == every
    told = re.findall(r"^\| (\d+) \|", __doc__ or "", re.MULTILINE)
    assert [int(number) for number in told] == every


@pytest.mark.parametrize("name", [name for names in ELSEWHERE.values() for name in names])
def test_regressions_that_are_tested_elsewhere_are(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert callable(getattr(importlib.import_module(f"tests.{module}"), function))


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


Call = Callable[[TestClient, str], Any]


def numbers_of_jsonp(text: str) -> dict[str, str]:
    """The numbers in `try{F({…});}catch(e){}`, as text."""
    return dict(re.findall(r'"(\w+)":"?([^",}]+)', text))


# Protocols that say which page they are on: how each counts, and how each reads, the views of an address.

COUNT: dict[str, Call] = {
    "own": lambda http, url: http.post("/api/event?counters=1", json={"u": url}),
    "vercount": lambda http, url: http.post("/api/v2/log", json={"url": url}),
    "vercount v1": lambda http, url: http.post("/log", json={"url": url}),
    "soxft": lambda http, url: http.post("/api", headers={"x-bsz-referer": url}),
    "whyneh": lambda http, url: http.get("/busuanzi/api", headers={"x-referer": url}),
    "jkjoy": lambda http, url: http.get("/api/count", params={"site": "example.com", "page": url}),
    "busuanzi": lambda http, url: http.get("/busuanzi?jsonpCallback=F", headers={"referer": url}),
    "soxft JSONP": lambda http, url: http.get("/jsonp?callback=F", headers={"referer": url}),
}
READ: dict[str, Call] = {
    "own": lambda http, url: http.get("/api/counters", params={"site": "example.com", "path": url}),
    "vercount": lambda http, url: http.get("/api/v2/log", params={"url": url}),
    "vercount v1": lambda http, url: http.get("/log", params={"url": url}),
    "soxft": lambda http, url: http.get("/api", headers={"x-bsz-referer": url}),
    "whyneh": lambda http, url: http.get("/busuanzi/api/getStatistics", headers={"x-referer": url}),
    "jkjoy": lambda http, url: http.get("/api/count", params={"site": "example.com", "page": url, "ro": 1}),
    "busuanzi": lambda http, url: http.get("/busuanzi?jsonpCallback=F&ro=1", headers={"referer": url}),
    "soxft JSONP": lambda http, url: http.get("/jsonp?callback=F&ro=1", headers={"referer": url}),
}
NAMES = list(COUNT)


def views_in(answer: Any) -> int:
    """The page's views, in an answer of whichever protocol."""
    assert answer.status_code in (200, 202), answer.text
    found = re.search(r'"page_pv":(\d+)', answer.text) or re.search(
        r'"pages":\{[^{]*\{"views":(\d+)', answer.text
    )
    assert found, answer.text
    return int(found[1])


@pytest.mark.parametrize("name", ["own", "vercount", "vercount v1", "soxft", "whyneh", "jkjoy"])
def test_1_pages_differ_where_the_referer_is_the_origin_alone(client: TestClient, name: str) -> None:
    client.headers["referer"] = "https://example.com/"
    for url in ("https://example.com/a", "https://example.com/a", "https://example.com/b"):
        COUNT[name](client, url)
    assert views_in(READ[name](client, "https://example.com/a")) == 2
    assert views_in(READ[name](client, "https://example.com/b")) == 1


@pytest.mark.parametrize("name", ["busuanzi", "soxft JSONP"])
def test_1_who_knows_the_origin_alone_says_so_and_no_number(client: TestClient, name: str) -> None:
    for site_views in ("1", "2"):
        numbers = numbers_of_jsonp(COUNT[name](client, "https://example.com/").text)
        assert (numbers["page_pv"], numbers["site_pv"]) == ("–", site_views)


def count_rows(instance: Instance) -> dict[str, int]:
    """Rows of every table."""
    with closing(sqlite3.connect(instance.folder / "pagetally.db")) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}


def test_4_reading_10000_addresses_makes_no_row(client: TestClient, instance: Instance) -> None:
    COUNT["own"](client, "https://example.com/a")
    before = count_rows(instance)
    assert before["path"] == 1
    for start in range(0, 9_000, 100):
        paths = [f"/random/{number}" for number in range(start, start + 100)]
        client.get("/api/counters", params={"site": "example.com", "path": paths})
    for number in range(9_000, 10_000):
        READ[NAMES[number % len(NAMES)]](client, f"https://example.com/random/{number}")
    assert count_rows(instance) == before


SPELLINGS = (
    "https://example.com/a",
    "https://example.com/a/",
    "https://example.com//a",
    "https://example.com/a/index.html",
    "https://example.com/a?utm_source=x",
    "https://example.com/a?b=1#c",
    "https://EXAMPLE.com:443/a",
    "https://www.example.com/%61",
)


@pytest.mark.parametrize("name", NAMES)
def test_8_every_spelling_of_an_address_is_one_page(client: TestClient, name: str) -> None:
    for views, url in enumerate(SPELLINGS, 1):
        assert views_in(COUNT[name](client, url)) == views
    for url in SPELLINGS:
        assert views_in(READ[name](client, url)) == len(SPELLINGS)


@pytest.mark.parametrize("name", ["own", "vercount", "vercount v1", "jkjoy"])
def test_8_escaped_and_plain_letters_are_one_page(client: TestClient, name: str) -> None:
    COUNT[name](client, "https://example.com/中")
    assert views_in(COUNT[name](client, "https://example.com/%E4%B8%AD")) == 2
    assert views_in(READ[name](client, "https://example.com/中")) == 2


@pytest.mark.parametrize("name", NAMES)
def test_9_a_path_is_not_cut_where_index_is_in_it(client: TestClient, name: str) -> None:
    assert views_in(COUNT[name](client, "https://example.com/posts/index-funds/x")) == 1
    assert views_in(COUNT[name](client, "https://example.com/posts")) == 1
    assert views_in(READ[name](client, "https://example.com/posts/index-funds/x")) == 1


@pytest.mark.parametrize("form", ["badge", "digits"])
def test_10_two_looks_share_no_picture_but_two_pages_may(client: TestClient, form: str) -> None:
    for path in "ab":
        COUNT["own"](client, f"https://example.com/{path}")
    look = {"color": "ff0000"}, {"color": "0000ff"}, {"label-color": "00ff00"}, {"style": "plastic"}, {}
    looks = [options for options in look if form == "badge" or "style" not in options]

    def draw(path: str, options: dict[str, str]) -> str:
        return client.get(f"/{form}/page-views.svg", params={"path": path} | options).text

    pictures = [draw("/a", options) for options in looks]
    assert len(set(pictures)) == len(looks)
    assert pictures == [draw("/b", options) for options in looks]
    COUNT["own"](client, "https://example.com/b")
    assert not set(pictures) & {draw("/b", options) for options in looks}


@pytest.mark.parametrize(
    "address",
    [
        *(f"/badge/page-views.{kind}?path=/a" for kind in ("svg", "png", "json")),
        "/digits/page-views.svg?path=/a",
        "/chart/page-views.svg?path=/a",
        "/card/page-views?path=/a",
        "/text/page-views?path=/a",
        "/api/popular?site=example.com",
        "/popular.html?site=example.com",
    ],
)
def test_12_looking_at_a_form_does_not_count(client: TestClient, address: str) -> None:
    COUNT["own"](client, "https://example.com/a")
    for _ in range(3):
        assert client.get(address, headers={"referer": "https://example.com/a"}).status_code == 200
    assert views_in(READ["own"](client, "https://example.com/a")) == 1


@pytest.mark.parametrize("name", NAMES)
def test_12_reading_does_not_count(client: TestClient, name: str) -> None:
    COUNT[name](client, "https://example.com/a")
    for _ in range(3):
        assert views_in(READ[name](client, "https://example.com/a")) == 1


@pytest.mark.parametrize("name", NAMES)
def test_16_a_copy_on_another_host_changes_nothing(client: TestClient, name: str) -> None:
    before = {"origin": "https://evil.example"}
    client.headers |= before
    answer = COUNT[name](client, "https://evil.example/a")
    assert answer.headers["x-pagetally"].startswith("dropped; ")
    client.headers.pop("origin")
    assert views_in(READ[name](client, "https://example.com/a")) == 0


@pytest.mark.parametrize("callback", ["alert(1)//", "a;b", "<script>", "a\n", "a" * 65, ""])
@pytest.mark.parametrize("address", ["/busuanzi", "/busuanzi/api/jsonp", "/", "/jsonp", "/api/count"])
def test_19_a_callback_is_a_name_or_refused(client: TestClient, address: str, callback: str) -> None:
    key = "callback" if address in ("/jsonp", "/api/count") else "jsonpCallback"
    answer = client.get(address, params={key: callback, "site": "example.com"})
    assert answer.status_code == (200 if address == "/api/count" and not callback else 400)
    assert "alert" not in answer.text


@pytest.mark.parametrize("name", NAMES)
def test_20_after_a_view_no_number_is_zero_and_before_it_zero_is_a_number(
    client: TestClient, name: str
) -> None:
    assert views_in(READ[name](client, "https://example.com/a")) == 0
    answer = COUNT[name](client, "https://example.com/a")
    assert not re.findall(r'"(?:\w+_[pu]v|views|visitors)":(?:0|null|"|u)', answer.text)
