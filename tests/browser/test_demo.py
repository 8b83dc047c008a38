"""The demo, as `make demo` starts it: a blog whose footers show two numbers, which move with every view."""

from __future__ import annotations

import html
import re
import sys
import time
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from ..conftest import FIREFOX, Server, StartServer

DEMO = [sys.executable, "-m", "seeds"]
POST = "/blog/night-ferry"
SECONDS_TO_SEED = 150
"""The bench has the bar of 30 s; a shared machine in a bad hour was four times as slow as in a good one."""


def read_footer(server: Server) -> str:
    """The counters in the post's HTML as it is served; to read it so is no view."""
    with httpx2.Client(base_url=server.url, headers={"user-agent": FIREFOX}, trust_env=False) as client:
        page = client.get(POST).text
    text = html.unescape(re.sub(r"<[^>]+>", "", page)).replace("\u00a0", " ")
    (line,) = re.findall(r"Page View.*", text)
    return " ".join(line.split())


def expect_footer(page: Page, page_views: int, site_views: int) -> None:
    """Wait for the page to show these two numbers."""
    expect(page.locator("footer .counters")).to_have_text(f"Page View: {page_views} Site View: {site_views}")


@pytest.mark.alone
def test_the_demo_shows_its_two_numbers_and_moves_them_with_every_view(
    start_server: StartServer, tmp_path: Path, page: Page
) -> None:
    begin = time.monotonic()
    server = start_server(tmp_path / "demo", command=DEMO)
    assert time.monotonic() - begin < SECONDS_TO_SEED
    for _ in range(2):
        assert read_footer(server) == "Page View: 210 Site View: 965774"

    page.goto(server.url + POST)
    expect_footer(page, 211, 965_775)
    page.get_by_role("link", name="All news").click()
    expect(page.get_by_role("article").first).to_contain_text("read 211 times")
    page.get_by_role("article").first.get_by_role("link").click()
    expect_footer(page, 212, 965_777)

    server.kill()
    again = start_server(server.data, command=DEMO)
    assert read_footer(again) == "Page View: 212 Site View: 965777"
    page.goto(again.url + POST)
    expect_footer(page, 213, 965_778)
    assert read_footer(again) == "Page View: 213 Site View: 965778"
    expect_summary(page, again, "965,778")
    expect_to_fit(page, again)


def expect_summary(page: Page, server: Server, views: str) -> None:
    """The owner's page tells the same number."""
    page.goto(server.setup_url)
    page.get_by_label("New password").fill("lantern-and-rope")
    page.get_by_role("button", name="Set password").click()
    page.get_by_role("link", name="lantern.example").click()
    page.get_by_role("link", name="All time").click()
    expect(page.locator("dl.figures dd .value").first).to_have_text(views)


def expect_to_fit(page: Page, server: Server) -> None:
    """The blog needs no scrolling sideways on a phone."""
    page.set_viewport_size({"width": 375, "height": 800})
    for path in "/blog/", POST, "/blog/nowhere":
        page.goto(server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
