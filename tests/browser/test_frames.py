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
    own = f";color-scheme:{'dark' if 'theme=dark' in address else line if line == 'light' else 'light dark'}"
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


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("scheme", ["", "color-scheme:dark", "color-scheme:light dark"])
@pytest.mark.parametrize("address", [f"{CARD}auto", f"{CARD}dark", "/counter/%2Fpost.html?site={site}"])
def test_the_frame_of_an_old_line_has_no_white_corner_around_a_dark_card(
    blog: Blog, open_context: OpenContext, address: str, scheme: str, system: str
) -> None:
    blog.files["/"] = "theme.html"
    src = blog.stats.url + address.replace("{site}", blog.domain)
    blog.words = {
        "markup": f"<style>:root{{{scheme};background:rgb{GROUND}}}</style>"
        f'<iframe src="{src}" width="200" height="80" style="border:0"></iframe>'
    }
    page = open_context(color_scheme=system).new_page()
    page.goto(blog.url("/"))
    page.frame_locator("iframe").locator("body *").first.wait_for()
    seen = look(page.locator("iframe"))
    is_dark = "dark" in (system, address[-4:])
    corner = seen.getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert near(corner, GROUND) or (max(corner) < 60) == is_dark
    if scheme == f"color-scheme:{system}" or ("light dark" in scheme and address.endswith("auto")):
        assert near(corner, GROUND)
