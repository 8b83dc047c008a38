"""The card, and GoatCounter's, in frames: nothing shows around their corners, nothing is cut off."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import Locator

from .conftest import Blog, OpenContext

GROUND = (136, 170, 204)
LINES = {"light": (226, 232, 228), "dark": (38, 48, 44)}
GREY = (153, 153, 153)
CARD = "/card/page-views?site={site}&path=/post&theme="


def look(frame: Locator) -> Image.Image:
    """What is seen where a frame is."""
    return Image.open(io.BytesIO(frame.screenshot())).convert("RGB")


def near(one: object, other: tuple[int, int, int]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= 6 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("scheme", ["", "color-scheme:dark", "color-scheme:light dark"])
@pytest.mark.parametrize(
    ("address", "width", "height", "line"),
    [
        (f"{CARD}auto", 260, 132, ""),
        (f"{CARD}light", 260, 132, "light"),
        (f"{CARD}dark", 260, 132, "dark"),
        ("/counter/%2Fpost.html?site={site}&no_branding=1", 200, 60, "grey"),
        ("/counter/%2Fpost.html?site={site}&theme=dark", 200, 80, "grey"),
    ],
)
def test_a_frame_is_whole_and_clear_around_its_corners(
    blog: Blog,
    open_context: OpenContext,
    address: str,
    width: int,
    height: int,
    line: str,
    scheme: str,
    system: str,
) -> None:
    blog.files["/"] = "theme.html"
    blog.stats.count_views(blog.url("/post"), 3)
    # A page that sets no scheme needs no style of the frame, and old lines to paste have none.
    own = ";color-scheme:light" if scheme else ""
    src = blog.stats.url + address.replace("{site}", blog.domain)
    blog.words = {
        "markup": f"<style>:root{{{scheme};background:rgb{GROUND}}}</style>"
        f'<iframe src="{src}" width="{width}" height="{height}" style="border:0{own}"></iframe>'
    }
    page = open_context(color_scheme=system).new_page()
    page.goto(blog.url("/"))
    page.frame_locator("iframe").get_by_text("3", exact=True).wait_for()
    seen = look(page.locator("iframe"))
    for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        assert near(seen.getpixel(corner), GROUND), corner
    edge = GREY if line == "grey" else LINES[line or system]
    for place in ((width // 2, 0), (width // 2, height - 1), (0, height // 2), (width - 1, height // 2)):
        assert near(seen.getpixel(place), edge), place
