"""Every way to come to a page, and to come back to it, is a view: exactly one."""

from __future__ import annotations

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from .conftest import (
    Blog,
    Tabs,
    Traffic,
    await_timers,
    count_timers,
    expect_counters,
    fetch_at_once,
    fetch_script,
    footer,
    view_sentinel,
)


def test_each_page_of_a_single_page_app_is_counted_once(blog: Blog, page: Page) -> None:
    count_timers(page)
    traffic = Traffic(page.context)
    page.goto(blog.url("/one"), referer="https://news.example/")
    expect_counters(page, 1, 1)
    steps = [
        ("history.pushState(null, '', '/two')", 1, 2),
        ("history.replaceState(null, '', '/three')", 1, 3),
        ("history.back()", 2, 4),  # /one
        ("history.forward()", 2, 5),  # /three
        ("history.pushState(null, '', '/one/')", 3, 6),
    ]
    for script, page_views, site_views in steps:
        await_timers(page)
        page.evaluate(f"() => {{ {script}; document.title = location.pathname }}")
        expect_counters(page, page_views, site_views)
    view_sentinel(page)
    assert blog.views("/one", "/two", "/three") == [3, 1, 2]
    assert blog.site_views == 7
    assert [hit.get("r") for hit in traffic.hits] == ["https://news.example/"] + [""] * 6


def test_the_title_is_the_new_one_where_it_changes_after_the_address(blog: Blog, page: Page) -> None:
    count_timers(page)
    traffic = Traffic(page.context)
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    await_timers(page)
    page.evaluate(
        """() => {
          history.pushState(null, '', '/two');
          setTimeout(() => (document.title = 'The second page'), 20);
        }"""
    )
    expect_counters(page, 1, 2)
    assert [hit["t"] for hit in traffic.hits] == ["Notes from the harbour", "The second page"]


def test_a_page_is_given_its_moment_also_right_after_another_event(blog: Blog, page: Page) -> None:
    count_timers(page)
    traffic = Traffic(page.context)
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    await_timers(page)
    page.evaluate(
        """() => {
          dispatchEvent(new Event('pageshow'));
          setTimeout(() => (document.title = 'The second page'), 100);
          history.pushState(null, '', '/two');
        }"""
    )
    expect_counters(page, 1, 2)
    assert [hit["t"] for hit in traffic.hits] == ["Notes from the harbour", "The second page"]


NO_NEW_PAGE = (
    "location.hash = 'part'",
    "history.pushState(null, '', '?tab=2')",
    "history.replaceState({at: 7}, '')",
    "history.pushState(null, '', location.href)",
    "window.dispatchEvent(new PopStateEvent('popstate'))",
    "document.dispatchEvent(new Event('visibilitychange'))",
    "for (const path of ['/a', '/b', '/one']) history.pushState(null, '', path)",  # redirects
)


def test_what_is_no_new_page_is_no_view(blog: Blog, page: Page) -> None:
    count_timers(page)
    page.goto(blog.url("/one"))
    expect_counters(page, 1, 1)
    traffic = Traffic(page.context)
    for script in NO_NEW_PAGE:
        page.evaluate(f"() => {{ {script} }}")
        await_timers(page)
        assert traffic.hits == [], script
    view_sentinel(page)
    assert (blog.views("/one"), blog.site_views) == ([1], 2)


def test_a_site_that_tidies_its_address_makes_no_second_view(blog: Blog, page: Page) -> None:
    count_timers(page)
    page.goto(blog.url("/?utm_source=letter&q=1"))
    expect_counters(page, 1, 1)
    page.evaluate("history.replaceState(null, '', '/')")
    await_timers(page)
    view_sentinel(page)
    assert (blog.views("/"), blog.site_views) == ([1], 2)


def test_a_page_out_of_the_back_forward_cache_is_seen_anew(blog: Blog, page: Page) -> None:
    page.add_init_script("addEventListener('pageshow', event => { window.persisted = event.persisted })")
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    page.get_by_role("link", name="About").click()
    expect_counters(page, 1, 2)
    page.go_back(wait_until="commit")  # a restored page does not load
    expect_counters(page, 2, 3)
    if not page.evaluate("window.persisted"):
        pytest.skip("this browser has no back-forward cache")
    page.go_forward(wait_until="commit")
    expect_counters(page, 2, 4)
    assert page.evaluate("window.persisted")
    view_sentinel(page)
    assert (blog.views("/", "/about"), blog.site_views) == ([2, 2], 5)


REPLACE_BODY = """() => {
  document.body.innerHTML = `<footer>Page View <span data-pagetally="page-views">–</span> ·
    Site View <span data-pagetally="site-views">–</span></footer>`;
  const script = document.createElement('script');
  script.src = document.querySelector('head script').src;
  document.body.append(script);
  return new Promise(done => (script.onload = done));
}"""
GO = "path => history.pushState(null, '', path)"
GO_AND_REPLACE_BODY = f"async (path) => {{ ({GO})(path); await ({REPLACE_BODY})() }}"


@pytest.mark.parametrize("is_late", [False, True])
def test_a_script_that_pjax_runs_again_counts_once_and_fills_the_new_elements(
    blog: Blog, page: Page, is_late: bool
) -> None:
    count_timers(page)
    page.goto(blog.url("/one"))
    expect_counters(page, 1, 1)
    for path, site_views in ("/two", 2), ("/three", 3):
        await_timers(page)
        page.evaluate(GO if is_late else GO_AND_REPLACE_BODY, path)
        expect_counters(page, 1, site_views)
        if is_late:  # the page was counted before its content came
            page.evaluate(REPLACE_BODY)
            expect_counters(page, 1, site_views)
    view_sentinel(page)
    assert blog.views("/one", "/two", "/three", "/sentinel") == [1, 1, 1, 1]
    assert blog.site_views == 4


def test_a_script_that_runs_again_while_the_view_is_on_its_way_shows_no_older_numbers(
    blog: Blog, page: Page
) -> None:
    views: list[Route] = []
    readings: list[tuple[Route, APIResponse]] = []
    page.goto(blog.url("/one"))
    expect_counters(page, 1, 1)
    page.route("**/api/event?counters=1", lambda route: views.append(route), times=1)
    page.route("**/api/counters?**", lambda route: readings.append((route, fetch_at_once(route))))
    with page.expect_request("**/api/event?counters=1"):
        page.evaluate(GO, "/two")
    page.evaluate(REPLACE_BODY)
    fetch_script(page, blog)
    views[0].continue_()
    expect_counters(page, 1, 2)
    for route, answer in readings:  # those that were asked before the view was stored
        route.fulfill(response=answer)
    fetch_script(page, blog)
    expect_counters(page, 1, 2)


def test_a_tab_that_was_opened_behind_others_is_counted_when_it_is_looked_at(blog: Blog, tabs: Tabs) -> None:
    blog.files |= {"/behind": "watched.html", "/front": "watched.html"}
    front = tabs.open(blog.url("/front"))
    blog.await_report(page="/front", event="filled", shown="Page View 1 · Site View 1")
    behind = tabs.open(blog.url("/behind"), behind=True)
    report = blog.await_report(page="/behind", event="load")
    assert (report["visibility"], report["shown"]) == ("hidden", "Page View – · Site View –")
    assert blog.views("/behind") == [0]
    tabs.show(behind)
    blog.await_report(page="/behind", event="filled", shown="Page View 1 · Site View 2")
    for tab, path in (front, "/front"), (behind, "/behind"):
        tabs.show(tab)
        blog.await_report(page=path, event="visibilitychange", visibility="visible")
    assert (blog.views("/front", "/behind"), blog.site_views) == ([1, 1], 2)


def render_ahead(blog: Blog, tabs: Tabs) -> None:
    """Have a browser prerender the page /next of a page that it shows."""
    blog.files |= {"/": "ahead.html", "/next": "watched.html", "/other": "watched.html"}
    tabs.open(blog.url("/"))
    report = blog.await_report(page="/next", event="load")
    assert report["prerendering"] == "true"
    assert report["shown"] == "Page View – · Site View –"
    assert blog.views("/", "/next") == [1, 0]


@pytest.mark.alone
def test_a_page_that_was_rendered_ahead_is_counted_when_it_is_shown(blog: Blog, tabs: Tabs) -> None:
    render_ahead(blog, tabs)
    blog.orders.put("/next")
    blog.await_report(page="/next", event="prerenderingchange", visibility="visible", prerendering="false")
    blog.await_report(page="/next", event="filled", shown="Page View 1 · Site View 2")
    assert (blog.views("/", "/next"), blog.site_views) == ([1, 1], 2)


@pytest.mark.alone
def test_a_page_that_was_rendered_ahead_and_never_shown_is_no_view(blog: Blog, tabs: Tabs) -> None:
    render_ahead(blog, tabs)
    blog.orders.put("/other")
    blog.await_report(page="/other", event="filled", shown="Page View 1 · Site View 2")
    assert (blog.views("/", "/next", "/other"), blog.site_views) == ([1, 0, 1], 2)


def test_the_numbers_stand_without_a_page_reload_when_asked_for_again(blog: Blog, page: Page) -> None:
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    blog.stats.count_views(blog.url("/"), 3)
    page.evaluate("pagetally.fill()")
    expect_counters(page, 4, 4)
    expect(footer(page).locator("span")).to_have_count(2)
    assert blog.views("/") == [4]
