"""The card, and GoatCounter's, in frames: nothing shows around their corners, nothing is cut off."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Frame:
    """What a site's owner puts into a page: an address, its size, and what colour its edge has."""

    address: str
    width: int
    height: int
    line: str = ""

    @property
    def scheme(self) -> str:
        """What the line of markup says of its scheme."""
        if "theme=dark" in self.address:
            return "dark"
        return "light" if self.line == "light" else "light dark"


FRAMES = (
    Frame(f"{CARD}auto", 260, 132),
    Frame(f"{CARD}light", 260, 132, "light"),
    Frame(f"{CARD}dark", 260, 132, "dark"),
    Frame("/counter/%2Fpost.html?site={site}&no_branding=1", 200, 60, "grey"),
    Frame("/counter/%2Fpost.html?site={site}&theme=dark", 200, 80, "grey"),
)
OLD_FRAMES = tuple(
    Frame(address, 200, 80) for address in (f"{CARD}auto", f"{CARD}dark", "/counter/%2Fpost.html?site={site}")
)


def show(blog: Blog, frames: Iterable[tuple[Frame, str]], scheme: str) -> None:
    """Have the front page of a site show frames, each with its style."""
    blog.files["/"] = "theme.html"
    markup = f"<style>:root{{{scheme};background:rgb{GROUND}}} iframe{{display:block;border:0}}</style>"
    for frame, style in frames:
        src = blog.stats.url + frame.address.replace("{site}", blog.domain)
        markup += (
            f'<iframe src="{src}" width="{frame.width}" height="{frame.height}" style="{style}"></iframe>'
        )
    blog.words = {"markup": markup}


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("scheme", ["", "color-scheme:dark", "color-scheme:light dark"])
def test_a_frame_is_whole_and_clear_around_its_corners(
    blog: Blog, open_context: OpenContext, scheme: str, system: str
) -> None:
    blog.stats.count_views(blog.url("/post"), 3)
    show(blog, [(frame, f"color-scheme:{frame.scheme}") for frame in FRAMES], scheme)
    page = open_context(color_scheme=system).new_page()
    page.goto(blog.url("/"))
    for number, frame in enumerate(FRAMES):
        found = page.locator("iframe").nth(number)
        found.content_frame.get_by_text("3", exact=True).wait_for()
        seen, width, height = look(found), frame.width, frame.height
        for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
            assert near(seen.getpixel(corner), GROUND), (frame, corner)
        edge = GREY if frame.line == "grey" else LINES[frame.line or system]
        for place in ((width // 2, 0), (width // 2, height - 1), (0, height // 2), (width - 1, height // 2)):
            assert near(seen.getpixel(place), edge), (frame, place)


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("scheme", ["", "color-scheme:dark", "color-scheme:light dark"])
def test_the_frame_of_an_old_line_has_no_white_corner_around_a_dark_card(
    blog: Blog, open_context: OpenContext, scheme: str, system: str
) -> None:
    show(blog, [(frame, "") for frame in OLD_FRAMES], scheme)
    page = open_context(color_scheme=system).new_page()
    page.goto(blog.url("/"))
    for number, frame in enumerate(OLD_FRAMES):
        found = page.locator("iframe").nth(number)
        found.content_frame.locator("body *").first.wait_for()
        corner = look(found).getpixel((0, 0))
        assert isinstance(corner, tuple)
        is_dark = "dark" in (system, frame.address[-4:])
        assert near(corner, GROUND) or (max(corner) < 60) == is_dark, frame
        if scheme == f"color-scheme:{system}" or ("light dark" in scheme and frame.address.endswith("auto")):
            assert near(corner, GROUND), frame
