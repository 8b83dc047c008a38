"""The plain recipe of docs/recipes.md, as it stands there, in a browser."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from ..test_recipes import PAGE
from .conftest import Blog


def test_the_plain_page_counts_and_shows(blog: Blog, page: Page, tmp_path: Path) -> None:
    (html,) = re.findall(r"^```html\n(<!doctype.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    file = tmp_path / "hello.html"
    file.write_text(html.replace("https://stats.example.com", blog.stats.url))
    blog.files["/hello"] = str(file)
    for views in ("1", "2"):
        page.goto(blog.url("/hello"))
        expect(page.locator("#views")).to_have_text(views)
    assert blog.views("/hello") == [2]
