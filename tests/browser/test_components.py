"""<page-count> and <page-list> in a page of somebody's site."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Blog, OpenContext, Traffic

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"


@pytest.fixture
def widgets(blog: Blog) -> Blog:
    blog.files["/"] = "components.html"
    blog.stats.count_views(blog.url("/lamp"), 3, title="The lamp")
    blog.stats.count_views(blog.url("/ferry"), 1, title=HOSTILE)
    blog.stats.count_views(blog.url("/secret/x"), 9, title="Secret")
    return blog


def test_numbers_and_lists_are_filled_with_text_alone(widgets: Blog, page: Page) -> None:
    traffic = Traffic(page.context)
    page.goto(widgets.url("/"))
    expect(page.locator("#labelled")).to_have_attribute("title", "3")
    expect(page.locator("#labelled span")).to_have_text(["", "3", " views"])
    expect(page.locator("#one span")).to_have_text(["", "1", " view"])
    expect(page.locator("#site span").nth(1)).to_have_text("13")
    expect(page.locator("#popular a")).to_have_text(["The lamp", HOSTILE])
    expect(page.locator("#popular a").first).to_have_attribute("href", widgets.url("/lamp"))
    assert page.locator("#popular img, #popular b").count() == 0
    assert page.title() == "Numbers and lists"
    expect(page.locator("#shy")).to_have_text("few")
    expect(page.locator("#related")).to_have_text("nothing alike")
    asked = [request.url.partition("?")[0].rpartition("/")[2] for request in traffic.requests]
    # One question for each period, however many elements.
    assert asked.count("counters") == 2
    assert widgets.site_views == 13


def test_without_the_server_the_page_keeps_its_own_words(widgets: Blog, page: Page) -> None:
    page.route("**/api/**", lambda route: route.abort())
    with page.expect_event("requestfailed", lambda request: "counters" in request.url):
        page.goto(widgets.url("/"))
    expect(page.locator("#labelled")).to_have_text("–")
    expect(page.locator("#popular")).to_have_text("nothing yet")
    assert "NaN" not in page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_components_take_the_colours_of_the_page(
    widgets: Blog, open_context: OpenContext, tmp_path: Path, scheme: str
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    page.goto(widgets.url("/"))
    expect(page.locator("#popular a")).to_have_count(2)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / f"components-{scheme}.png")
    colour = page.locator("#labelled span").nth(1).evaluate("element => getComputedStyle(element).color")
    assert colour == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]
