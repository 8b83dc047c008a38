"""The plain recipe of docs/recipes.md, as it stands there, in a browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ..test_recipes import PAGE
from .conftest import Blog


def test_the_plain_page_counts_and_shows(blog: Blog, page: Page) -> None:
    (html,) = re.findall(r"^```html\n(<!doctype.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    html = html.replace("https://stats.example.com", blog.stats.url)
    page.route(blog.url("/hello"), lambda route: route.fulfill(body=html, content_type="text/html"))
    for views in ("1", "2"):
        page.goto(blog.url("/hello"))
        expect(page.locator("#views")).to_have_text(views)
    assert blog.views("/hello") == [2]
