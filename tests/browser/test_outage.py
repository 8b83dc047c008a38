"""Pagetally is away for a while: pages stay as they are, and count again when it is back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route

from ..conftest import Server, StartServer, pagetally
from .conftest import Blog, OpenContext, Stats, expect_counters, fetch_at_once, view_sentinel


@pytest.fixture
def outage_blog(blog: Blog, server: Server) -> Iterator[Blog]:
    """A site that has a Pagetally of its own, which may be killed."""
    pagetally("site", "add", blog.domain, data=server.data)
    blog.stats = Stats(server)
    yield blog
    blog.stats.close()


def test_pages_keep_their_placeholders_and_count_again_afterwards(
    outage_blog: Blog, page: Page, open_context: OpenContext, server: Server, start_server: StartServer
) -> None:
    page.goto(outage_blog.url("/"))
    expect_counters(page, 1, 1)
    server.kill()
    with page.expect_event("requestfailed"):
        page.evaluate("history.pushState(null, '', '/two')")
    expect_counters(page, "–", 1)
    with page.expect_event("requestfailed"):  # the view; the script is in the browser's cache
        page.goto(outage_blog.url("/three"))
    expect_counters(page, "–", "–")
    stranger = open_context().new_page()
    with stranger.expect_event("requestfailed", lambda request: request.url.endswith("/pt.js")):
        stranger.goto(outage_blog.url("/three"))
    expect_counters(stranger, "–", "–")
    page.goto("about:blank")
    start_server(server.data, "--port", str(server.port))
    page.goto(outage_blog.url("/"))
    expect_counters(page, 2, 2)
    view_sentinel(page)
    assert outage_blog.views("/", "/two", "/three", "/sentinel") == [2, 0, 0, 1]


@pytest.mark.parametrize("has_arrived", [False, True])
def test_a_view_whose_answer_is_lost_is_sent_again_and_counts_once(
    blog: Blog, page: Page, has_arrived: bool
) -> None:
    def lose(route: Route) -> None:
        if has_arrived:
            assert fetch_at_once(route).status == 202
        route.abort()

    page.clock.install()
    page.route("**/api/event?counters=1", lose, times=1)
    with page.expect_event("requestfailed"):
        page.goto(blog.url("/"))
    expect_counters(page, "–", "–")
    assert blog.views("/") == [int(has_arrived)]
    page.clock.fast_forward(2000)
    expect_counters(page, 1, 1)
    assert blog.views("/") == [1]
