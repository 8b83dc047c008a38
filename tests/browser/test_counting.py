"""The one line in a page: its view is counted, and its numbers are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from analytics.model import Site
from analytics.tokens import make_token

from .conftest import Blog, OpenContext, Traffic, Web, expect_counters, fetch_script, footer, view_sentinel


def test_one_line_counts_a_page_and_fills_its_counters(
    blog: Blog, page: Page, open_context: OpenContext
) -> None:
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    page.get_by_role("link", name="About").click()
    expect_counters(page, 1, 2)
    page.get_by_role("link", name="Home").click()
    expect_counters(page, 2, 3)
    page.reload()
    expect_counters(page, 3, 4)
    other = open_context().new_page()
    other.goto(blog.url("/about"))
    expect_counters(other, 2, 5)
    view_sentinel(other)
    assert (blog.views("/", "/about", "/unread"), blog.site_views) == ([3, 2, 0], 6)


def test_a_module_counts_and_fills_as_a_script_does(blog: Blog, page: Page) -> None:
    blog.words["script"] = ' type="module" id="pt" data-query="p"'
    page.goto(blog.url("/?p=1&q=2"))
    expect_counters(page, 1, 1)
    page.get_by_role("link", name="About").click()
    expect_counters(page, 1, 2)
    assert blog.stats.counters(blog.domain)["site"]["views"] == 2


def test_the_view_tells_page_title_referrer_and_screen_and_no_more(blog: Blog, page: Page) -> None:
    traffic = Traffic(page.context)
    page.goto(blog.url("/?q=private&utm_source=letter#part"), referer="https://news.example/story")
    expect_counters(page, 1, 1)
    (hit,) = traffic.hits
    assert hit.pop("id")
    assert hit == {
        "u": blog.url("/?utm_source=letter"),
        "t": "Notes from the harbour",
        "r": "https://news.example/story",
        "w": page.evaluate("screen.width"),
    }


def test_a_list_shows_the_views_of_other_pages_and_does_not_count_them(blog: Blog, page: Page) -> None:
    blog.files["/list"] = "list.html"
    for path, times in {"/lamp/": 3, "/ferry": 2, "/caf%c3%a9": 1}.items():
        blog.stats.count_views(blog.url(path), times)
    page.goto(blog.url("/list"))
    expect_counters(page, 1, 7)
    expect(page.get_by_role("listitem")).to_have_text(["The lamp: 3", "The ferry: 2", "Café: 1", "Unread: 0"])
    view_sentinel(page)
    assert blog.views("/lamp", "/ferry", "/café", "/unread", "/list") == [3, 2, 1, 0, 1]


LANGUAGES = {
    "en": ("1,234", "1,234,567"),
    "de": ("1.234", "1.234.567"),
    "fr": ("1\u202f234", "1\u202f234\u202f567"),
    "en-IN": ("1,234", "12,34,567"),
    "ar-EG": ("١٬٢٣٤", "١٬٢٣٤٬٥٦٧"),
    "": ("1,234", "1,234,567"),  # the browser's own
    "en_US": ("1,234", "1,234,567"),  # what browsers reject
}


def test_numbers_are_written_as_in_the_language_of_the_page(blog: Blog, page: Page) -> None:
    answer = {
        "site": {"domain": blog.domain, "views": 1_234_567, "visitors": 0, "online": 1},
        "pages": {"/": {"views": 1234, "visitors": 12}},
    }
    blog.files["/"] = "numbers.html"
    page.route("**/api/event?counters=1", answering(json.dumps(answer)))
    for lang, (page_views, site_views) in LANGUAGES.items():
        blog.words["lang"] = lang
        page.goto(blog.url("/"))
        page.wait_for_function("!document.querySelector('#visitors').textContent.includes('–')")
        # Not by `expect`, to which all kinds of space are the same.
        assert footer(page).text_content() == f"Page View {page_views} · Site View {site_views}", lang
        assert page.locator("#plain").text_content() == "1234 1234567", lang


def answering(body: str, status: int = 200, kind: str = "application/json") -> Callable[[Route], None]:
    """A handler of requests that answers in Pagetally's place."""
    headers = {"access-control-allow-origin": "*"}
    return lambda route: route.fulfill(status=status, body=body, content_type=kind, headers=headers)


WRONG_ANSWERS: dict[str, dict[str, Any]] = {
    "HTML": {"body": "<!doctype html><title>Sign in to the network</title>", "kind": "text/html"},
    "500": {"body": '{"error": "broken"}', "status": 500},
    "stored, but no numbers": {"body": "ok"},
    "empty": {"body": ""},
    "empty object": {"body": "{}"},
    "list": {"body": "[]"},
    "null": {"body": "null"},
    "page without numbers": {"body": '{"site": {}, "pages": {"/": {}}}'},
    "no pages": {"body": '{"site": {"views": null}, "pages": null}'},
    "text for numbers": {"body": '{"site": {"views": "7"}, "pages": {"/": {"views": "<b>7</b>"}}}'},
}


def test_a_wrong_answer_leaves_the_placeholders(blog: Blog, page: Page) -> None:
    for name, options in WRONG_ANSWERS.items():
        page.route("**/api/**", answering(**options))
        with page.expect_response("**/api/event?counters=1"):
            page.goto(blog.url("/"))
        page.unroute("**/api/**")
        fetch_script(page, blog)
        assert footer(page).text_content() == "Page View – · Site View –", name


def test_an_answer_that_comes_late_is_not_shown_on_the_next_page(blog: Blog, page: Page) -> None:
    blog.stats.count_views(blog.url("/slow"), 5)
    late: list[Route] = []
    page.route("**/api/event?counters=1", lambda route: late.append(route), times=1)
    page.goto(blog.url("/slow"))
    page.evaluate("history.pushState(null, '', '/next')")
    expect_counters(page, 1, 6)
    with page.expect_response(lambda answer: answer.request == late[0].request):
        late[0].continue_()
    expect_counters(page, 1, 6)
    assert blog.views("/slow", "/next") == [6, 1]
    view_sentinel(page)
    expect_counters(page, 1, 8)


def test_a_number_does_not_stay_when_the_next_page_has_none(blog: Blog, page: Page) -> None:
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    page.route("**/api/**", answering("{}"))
    with page.expect_response("**/api/event?counters=1"):
        page.evaluate("history.pushState(null, '', '/next')")
    expect_counters(page, "–", 1)


def test_a_strict_content_security_policy_needs_two_entries(blog: Blog, page: Page) -> None:
    host = blog.stats.url
    blog.headers["content-security-policy"] = (
        f"default-src 'none'; img-src data:; script-src {host}; connect-src {host}"
    )
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(blog.url("/"))
    expect_counters(page, 1, 1)
    assert complaints == []


@pytest.mark.parametrize("has_scripts", [True, False])
def test_the_pixel_counts_where_scripts_do_not_run_and_only_there(
    blog: Blog, open_context: OpenContext, has_scripts: bool
) -> None:
    blog.files["/post"] = "noscript.html"
    page = open_context(java_script_enabled=has_scripts).new_page()
    page.goto(blog.url("/post"))
    if has_scripts:
        expect_counters(page, 1, 1)
    else:
        expect_counters(page, "–", "–")
    assert (blog.views("/post"), blog.site_views) == ([1], 1)


SECRET = "5eafa7e1" * 8


def require_tokens(blog: Blog, domain: str) -> Site:
    """A site of its own that counts signed pages only, shown by the blog."""
    blog.domain = domain
    blog.stats.add_site(domain, needs_token=True, token_secret=SECRET)
    return Site(id=0, domain=domain, token_secret=SECRET)


@pytest.mark.parametrize("script", ["pt.js", "pt-lite.js"])
def test_a_token_travels_with_the_script_as_it_is(web: Web, blog: Blog, page: Page, script: str) -> None:
    site = require_tokens(blog, f"{script[:-3]}.{blog.domain}")
    web.hosts[site.domain] = blog
    page.route("**/pt.js", lambda route: route.continue_(url=route.request.url.replace("pt.js", script)))

    def go(path: str, token: str) -> None:
        base = f"{blog.stats.url}/k/{token}" if token else blog.stats.url
        blog.words["script"] = f' data-api="{base}"'
        with page.expect_response("**/api/event*"):
            page.goto(blog.url(path))

    one, below = make_token(site, "/post"), make_token(site, "/docs", below=True)
    go("/post", "")
    assert blog.site_views == 0
    go("/post", one)
    assert blog.views("/post") == [1]
    # A token of one page is none of the page that an app goes to without loading; one for all below is.
    view_sentinel(page)
    assert blog.site_views == 1
    go("/docs/a", below)
    with page.expect_response("**/api/event*"):
        page.evaluate("history.pushState(null, '', '/docs/b')")
    assert blog.views("/post", "/docs/a", "/docs/b") == [1, 1, 1]
    if script == "pt.js":
        expect_counters(page, 1, 3)
