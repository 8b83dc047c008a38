"""Whom the snippet leaves alone, and what it leaves behind: nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page

from ..conftest import pagetally
from .conftest import (
    Blog,
    OpenContext,
    Stats,
    Traffic,
    await_timers,
    count_timers,
    expect_counters,
    view_sentinel,
)


def ask_once_more(page: Page) -> None:
    """Read the counters once more; what was sent before is then known."""
    with page.expect_response("**/api/counters?**"):
        page.evaluate("pagetally.fill()")


@pytest.mark.parametrize(
    ("host", "is_automated", "script", "views"),
    [
        pytest.param("", False, "", 1, id="somebody"),
        pytest.param("", True, "", 0, id="automated"),
        pytest.param("", True, " data-everywhere", 1, id="automated, everywhere"),
        pytest.param("localhost", False, "", 0, id="localhost"),
        pytest.param("localhost", False, " data-everywhere", 1, id="localhost, everywhere"),
        pytest.param("127.0.0.1", False, "", 0, id="127.0.0.1"),
        pytest.param("", False, " data-manual", 0, id="manual"),
    ],
)
def test_who_is_counted(
    blog: Blog, page: Page, host: str, is_automated: bool, script: str, views: int
) -> None:
    blog.words["script"] = f' data-site="{blog.domain}"{script}'
    traffic = Traffic(page.context)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setAutomationOverride", {"enabled": is_automated})
    page.goto(blog.url("/", host))
    if "manual" in script:
        page.evaluate("pagetally.fill()")
    expect_counters(page, views, views)
    ask_once_more(page)
    assert len(traffic.hits) == views
    assert (blog.views("/"), blog.site_views) == ([views], views)


def test_a_page_that_counts_by_hand_is_counted_when_it_says_so(blog: Blog, page: Page) -> None:
    blog.words["script"] = " data-manual"
    page.goto(blog.url("/"))
    for views in 1, 2:
        page.evaluate("pagetally.view()")
        expect_counters(page, views, views)
    page.evaluate("history.pushState(null, '', '/two')")
    ask_once_more(page)
    assert (blog.views("/", "/two"), blog.site_views) == ([2, 0], 2)


def test_the_owner_stops_counting_a_browser_and_resumes(blog: Blog, page: Page) -> None:
    traffic = Traffic(page.context)
    page.goto(blog.url("/#pagetally-off"))
    expect_counters(page, 0, 0)
    for path in "/about", "/":
        page.goto(blog.url(path))
        expect_counters(page, 0, 0)
    page.evaluate("pagetally.view(); pagetally.event('vote')")
    ask_once_more(page)
    assert traffic.hits == []
    assert page.evaluate("JSON.stringify(localStorage)") == '{"pagetally":"off"}'
    page.goto(blog.url("/about#pagetally-on"))
    expect_counters(page, 1, 1)
    page.goto(blog.url("/"))
    expect_counters(page, 1, 2)
    assert page.evaluate("localStorage.length") == 0
    assert blog.views("/", "/about") == [1, 1]


def test_the_opt_out_holds_on_the_page_that_is_open(blog: Blog, page: Page) -> None:
    count_timers(page)
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    page.evaluate("location.hash = 'pagetally-off'")
    await_timers(page)
    page.evaluate("history.pushState(null, '', '/about')")
    expect_counters(page, 0, 1)
    assert (blog.views("/", "/about"), blog.site_views) == ([1, 0], 1)


REMAINS = """async () => ({
  cookie: document.cookie,
  local: localStorage.length,
  session: sessionStorage.length,
  databases: (await indexedDB.databases()).length,
  name: window.name,
})"""
NO_REMAINS = {"cookie": "", "local": 0, "session": 0, "databases": 0, "name": ""}


WISHES: dict[str, dict[str, str]] = {
    "no wish": {},
    "DNT": {"DNT": "1"},
    "GPC": {"Sec-GPC": "1"},
    "DNT and GPC": {"DNT": "1", "Sec-GPC": "1"},
}


@pytest.mark.parametrize("headers", WISHES.values(), ids=WISHES)
def test_ten_pages_leave_nothing_behind_and_tell_nobody_else(
    blog: Blog, open_context: OpenContext, headers: dict[str, str]
) -> None:
    context = open_context(extra_http_headers=headers)
    traffic, page = Traffic(context), context.new_page()
    for number in range(1, 11):
        if number % 3:
            page.goto(blog.url(f"/page/{number}?q=private"))
        else:
            page.evaluate(f"history.pushState(null, '', '/page/{number}')")
        expect_counters(page, 1, number)
        assert page.evaluate(REMAINS) == NO_REMAINS
    view_sentinel(page)
    assert blog.site_views == 11
    assert_nothing_stored(context)
    assert {urlsplit(request.url).hostname for request in traffic.requests} == {blog.domain, "stats.example"}
    assert "private" not in str(traffic.hits)


def assert_nothing_stored(context: BrowserContext) -> None:
    """No cookie and no storage of any origin."""
    assert context.cookies() == []
    assert context.storage_state(indexed_db=True) == {"cookies": [], "origins": []}


def test_a_site_that_honours_the_wish_of_a_browser_counts_only_others(
    blog: Blog, stats: Stats, open_context: OpenContext
) -> None:
    pagetally("site", "edit", blog.domain, "--honour-gpc", data=stats.server.data)
    for headers in WISHES.values():
        page = open_context(extra_http_headers=headers).new_page()
        with page.expect_response("**/api/event?counters=1") as answer:
            page.goto(blog.url("/"))
        assert answer.value.status == 202
        assert answer.value.headers.get("x-pagetally") == ("dropped; opt-out" if headers else None)
        expect_counters(page, 1, 1)
    assert (blog.views("/"), blog.site_views) == ([1], 1)
