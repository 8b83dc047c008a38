"""The drop-in script under busuanzi's and Vercount's names: themes' markup as it is fills, by one view."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from .conftest import Blog, Tabs, Traffic, fetch_script, view_sentinel

CLASSIC = {"busuanzi_value_page_pv": "4", "busuanzi_value_site_pv": "5", "busuanzi_value_site_uv": "5"}

# Page of site/themes, and what its elements hold after somebody's first view.
THEMES: dict[str, dict[str, str]] = {
    "next": CLASSIC,
    "butterfly": CLASSIC,
    "fluid": CLASSIC,
    "fixit": CLASSIC,
    "teek": {
        f"{source}-{key}": value
        for source in ("event", "kept")
        for key, value in {"page_pv": "4", "site_pv": "5", "site_uv": "5"}.items()
    },
    "vercount": {"vercount_value_page_pv": "4", "vercount_value_site_pv": "5", "vercount_value_site_uv": "5"},
    "soxft": {"stat_page_pv": "4", "stat_page_uv": "4", "stat_site_pv": "5", "busuanzi_site_uv": "5"},
    "others": {
        "finicount_views": "5",
        "eo_count_page_pv": "4",
        "busuanzi_value_today_pv": "5",
        "busuanzi_value_today_uv": "5",
        "busuanzi_value_online": "5",
    },
}

READABLE = {"access-control-allow-origin": "*"}


def open_theme(blog: Blog, page: Page, theme: str) -> None:
    """Open the page /post, which was seen three times before, in a theme's markup."""
    blog.files["/post"] = f"themes/{theme}.html"
    blog.stats.count_views(blog.url("/post"), 3)
    blog.stats.count_views(blog.url("/"))
    page.goto(blog.url("/post"))


def expect_texts(page: Page, texts: dict[str, str]) -> None:
    """Wait for every element of these ids to be seen with its text."""
    for id, text in texts.items():
        elements = page.locator(f'[id="{id}"]').all()
        assert elements, id
        for element in elements:
            expect(element).to_have_text(text)
            expect(element).to_be_visible()


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_fills_with_the_right_numbers_by_one_view(blog: Blog, page: Page, theme: str) -> None:
    traffic = Traffic(page.context)
    open_theme(blog, page, theme)
    expect_texts(page, THEMES[theme])
    for container in page.locator('[id*="_container"]').all():
        expect(container).to_be_visible()
    expect(page.locator(".fa-spinner")).to_have_count(0)
    view_sentinel(page)
    assert (blog.views("/post", "/sentinel"), blog.site_views) == ([4, 1], 6)
    assert len(traffic.hits) == 2


@pytest.mark.parametrize("theme", ["next", "butterfly", "fluid", "fixit"])
def test_where_no_number_comes_no_label_hangs_and_nothing_spins(blog: Blog, page: Page, theme: str) -> None:
    page.clock.install()
    page.route("**/api/event**", lambda route: route.abort())
    # What another page of the site left there is no number of this one.
    page.add_init_script('localStorage.visitorCountData = \'{"page_pv": 777, "site_pv": 888}\'')
    with page.expect_event("requestfailed"):
        open_theme(blog, page, theme)
    with page.expect_event("requestfailed"):
        page.clock.fast_forward(2000)
    if theme == "butterfly":
        for id in CLASSIC:
            expect(page.locator(f"#{id}")).to_have_text("–")
    for container in page.locator('[id*="_container_"]').all():
        expect(container).to_be_hidden()
    expect(page.locator(".fa-spinner")).to_have_count(0)
    text = page.locator("body").inner_text()
    assert not {"777", "888", "undefined", "NaN"} & set(text.split())
    assert blog.site_views == 4


def test_an_answer_that_takes_long_ends_the_spinners_and_fills_when_it_comes(blog: Blog, page: Page) -> None:
    page.clock.install()
    held: list[Route] = []
    page.route("**/api/event**", lambda route: held.append(route))
    with page.expect_request("**/api/event**"):
        open_theme(blog, page, "butterfly")
    expect(page.locator(".fa-spinner")).to_have_count(3)
    page.clock.fast_forward(5000)
    expect(page.locator(".fa-spinner")).to_have_count(0)
    held[0].continue_()
    expect_texts(page, CLASSIC)


def test_a_page_whose_number_nobody_knows_has_a_dash(blog: Blog, page: Page) -> None:
    site = {"views": 6, "visitors": 5, "online": 5}
    told = {"site": site, "pages": {}}
    page.route("**/api/event**", lambda route: route.fulfill(status=202, json=told, headers=READABLE))
    open_theme(blog, page, "butterfly")
    expect_texts(page, CLASSIC | {"busuanzi_value_page_pv": "–", "busuanzi_value_site_pv": "6"})


def test_a_visitor_is_not_lost_when_the_first_request_fails(blog: Blog, page: Page) -> None:
    page.clock.install()
    page.route("**/api/event**", lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):
        open_theme(blog, page, "next")
    page.clock.fast_forward(2000)
    expect_texts(page, CLASSIC)
    assert blog.views("/post") == [4]


def test_zero_in_the_short_style_is_zero(blog: Blog, page: Page) -> None:
    blog.words["script"] = ' data-style="short"'
    open_theme(blog, page, "next")
    expect_texts(page, CLASSIC)
    page.evaluate("bszTag.texts({ page_pv: 0, site_pv: 999950, site_uv: 12345 })")
    expect_texts(
        page,
        {"busuanzi_value_page_pv": "0", "busuanzi_value_site_pv": "1M", "busuanzi_value_site_uv": "12K"},
    )


# Frameworks

RUN_AGAIN = """() => {
  const old = document.querySelector('script[data-pjax]'), script = document.createElement('script');
  for (const { name, value } of old.attributes) script.setAttribute(name, value);
  document.querySelector('#busuanzi_value_page_pv').textContent = '';
  return new Promise(done => { script.onload = done; old.replaceWith(script); });
}"""
GO = "path => history.pushState(null, '', path)"


@pytest.mark.parametrize("first", ["address", "script"])
def test_pjax_that_changes_the_address_and_runs_the_script_makes_one_view(
    blog: Blog, page: Page, first: str
) -> None:
    page.clock.install(time=0)
    open_theme(blog, page, "next")
    # From here on its time goes only when it is told to, however long this machine takes.
    page.clock.pause_at(60)
    expect_texts(page, CLASSIC)
    for views, path in enumerate(("/b", "/c"), 6):
        steps = [lambda path=path: page.evaluate(GO, path), lambda: page.evaluate(RUN_AGAIN)]
        for step in steps if first == "address" else reversed(steps):
            step()
            page.clock.run_for(50)
        page.clock.run_for(2000)
        expect_texts(page, {"busuanzi_value_page_pv": "1", "busuanzi_value_site_pv": str(views)})
    assert (blog.views("/post", "/b", "/c"), blog.site_views) == ([4, 1, 1], 7)


@pytest.mark.alone
def test_the_script_run_again_is_a_view_a_second_later_and_none_before(blog: Blog, page: Page) -> None:
    page.clock.install()
    open_theme(blog, page, "next")
    page.clock.run_for(500)
    expect_texts(page, CLASSIC)
    page.evaluate(RUN_AGAIN)
    page.clock.run_for(200)
    expect_texts(page, CLASSIC)
    page.clock.run_for(1000)
    page.evaluate(RUN_AGAIN)
    page.clock.run_for(200)
    expect_texts(page, {"busuanzi_value_page_pv": "5", "busuanzi_value_site_pv": "6"})
    assert blog.views("/post") == [5]


def test_a_theme_that_calls_bszcaller_gets_the_numbers_from_here(blog: Blog, page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    open_theme(blog, page, "fluid")
    expect_texts(page, CLASSIC)
    page.evaluate(GO, "/b")
    found = page.evaluate(
        """() => new Promise(done => {
          bszTag.hides();
          bszCaller.fetch('//busuanzi.ibruce.info/busuanzi?jsonpCallback=BusuanziCallback', numbers => {
            bszTag.texts(numbers);
            bszTag.shows();
            done(numbers);
          });
        })"""
    )
    assert found == {
        "site_pv": 6,
        "site_uv": 5,
        "page_pv": 1,
        "page_uv": 1,
        "online": 5,
        "version": 2.4,
    }
    assert page.evaluate("bszTag.bszs") == ["site_pv", "page_pv", "site_uv"]
    assert not [url for url in requests if "ibruce" in url]
    assert blog.views("/b") == [1]


def test_back_and_forward_are_views(blog: Blog, page: Page) -> None:
    open_theme(blog, page, "next")
    expect_texts(page, CLASSIC)
    page.evaluate(GO, "/b")
    expect_texts(page, {"busuanzi_value_page_pv": "1", "busuanzi_value_site_pv": "6"})
    page.go_back()
    expect_texts(page, {"busuanzi_value_page_pv": "5", "busuanzi_value_site_pv": "7"})
    page.goto("about:blank")
    page.go_back(wait_until="commit")
    expect_texts(page, {"busuanzi_value_page_pv": "6", "busuanzi_value_site_pv": "8"})


@pytest.mark.alone
def test_a_page_that_was_rendered_ahead_and_never_shown_is_no_view(blog: Blog, tabs: Tabs) -> None:
    blog.files |= {"/": "themes/ahead.html", "/next": "themes/watched.html", "/other": "themes/watched.html"}
    tabs.open(blog.url("/"))
    report = blog.await_report(page="/next", event="load")
    assert (report["prerendering"], report["shown"]) == ("true", "Page View – · Site View –")
    blog.orders.put("/other")
    blog.await_report(page="/other", event="filled", shown="Page View 1 · Site View 2")
    assert (blog.views("/", "/next", "/other"), blog.site_views) == ([1, 0, 1], 2)


# Privacy


def what_is_kept(context: BrowserContext, page: Page) -> tuple[list[object], dict[str, str]]:
    """Cookies, and the page's storage."""
    return [*context.cookies()], page.evaluate("({...localStorage, ...sessionStorage})")


@pytest.mark.parametrize("theme", [theme for theme in THEMES if theme != "teek"])
def test_nothing_is_kept_in_the_browser(blog: Blog, page: Page, theme: str) -> None:
    open_theme(blog, page, theme)
    expect_texts(page, THEMES[theme])
    assert what_is_kept(page.context, page) == ([], {})


def test_only_the_numbers_are_kept_and_only_where_the_tag_asks_for_it(blog: Blog, page: Page) -> None:
    open_theme(blog, page, "teek")
    expect_texts(page, THEMES["teek"])
    kept = {"visitorCountData": '{"site_pv":5,"page_pv":4,"site_uv":5}'}
    assert what_is_kept(page.context, page) == ([], kept)


@pytest.mark.parametrize("is_automated", [False, True])
def test_who_is_not_counted_reads_the_numbers(blog: Blog, page: Page, is_automated: bool) -> None:
    if is_automated:
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setAutomationOverride", {"enabled": True})
    else:
        page.add_init_script("localStorage.pagetally = 'off'")
    traffic = Traffic(page.context)
    open_theme(blog, page, "next")
    expect_texts(page, CLASSIC | {"busuanzi_value_page_pv": "3"} | dict.fromkeys([*CLASSIC][1:], "4"))
    fetch_script(page, blog)
    assert (traffic.hits, blog.views("/post")) == ([], [3])
