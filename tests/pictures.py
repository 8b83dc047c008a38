"""`python -m tests.pictures` (`make pictures`): the pictures of docs/images that show the demo, made anew.

It seeds a demo of its own, so that they show what `make demo` shows on the day on which they are made.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from seeds.fill import DOMAIN
from seeds.posts import BLOG

from .browser.conftest import FLAGS, find_chromium
from .conftest import Server, pagetally

FOLDER = Path(__file__).parent.parent / "docs" / "images"
PASSWORD = "lantern-and-rope"
WIDE: dict[str, Any] = {"viewport": {"width": 1280, "height": 1060}, "color_scheme": "light"}
NARROW: dict[str, Any] = {"viewport": {"width": 375, "height": 1060}, "color_scheme": "dark"}


def main() -> None:
    """Seed, serve, and take the pictures."""
    with TemporaryDirectory() as folder:
        data = Path(folder) / "demo"
        command = [sys.executable, "-m", "seeds"]
        Server(data, command=command).stop()
        pagetally("password", "--password", PASSWORD, data=data)
        server = Server(data, command=command)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
                take_pictures(browser, server.url)
                browser.close()
        finally:
            server.stop()


def take_pictures(browser: Browser, url: str) -> None:
    """The footer of a post, and the summary: wide and light, narrow and dark."""
    context = browser.new_context(viewport={"width": 640, "height": 900}, device_scale_factor=1.5)
    # The picture shows the figures that are seeded, and so its own view does not count.
    context.route("**/api/event", lambda route: route.abort())
    post = context.new_page()
    post.goto(f"{url}{BLOG}/night-ferry", wait_until="networkidle")
    save("footer", post.locator("footer").screenshot())
    for name, options in ("summary-wide", WIDE), ("summary-narrow", NARROW):
        context = browser.new_context(**options)
        sign_in(context, url)
        page = context.new_page()
        page.goto(f"{url}/sites/{DOMAIN}?period=30d", wait_until="networkidle")
        save(name, page.screenshot())


def sign_in(context: BrowserContext, url: str) -> None:
    """Sign the owner in."""
    page = context.new_page()
    page.goto(f"{url}/login")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Sites").wait_for()


def save(name: str, picture: bytes) -> None:
    """Write a picture as small as it gets without losing anything."""
    Image.open(BytesIO(picture)).convert("RGB").save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
