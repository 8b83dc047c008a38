"""Everybody can use the owner's pages: axe-core finds nothing wrong, and the keyboard reaches everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import OpenContext
from .test_dashboard import HOSTILE, PLAIN, UNSEEN, Office, badge, office, open_owner  # noqa: F401

AXE = Path(__file__).parents[2] / "snippet/node_modules/axe-core/axe.min.js"

PAGES = (
    "/",
    f"/sites/{PLAIN}",
    f"/sites/{PLAIN}?period=today&f=page:contains:/&tab=places:city",
    f"/sites/{HOSTILE}",
    f"/sites/{UNSEEN}",
    f"/sites/{PLAIN}/bots?action=condemn&filter=page:is:/lamp",
    f"/sites/{PLAIN}/numbers",
    f"/sites/{PLAIN}/popular",
    f"/sites/{PLAIN}/widgets",
    f"/sites/{PLAIN}/dropped",
    "/migrate",
)
RUN = """async () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
  const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing(
    office: Office,  # noqa: F811
    open_owner: OpenContext,  # noqa: F811
    scheme: str,
    width: int,
) -> None:
    if not AXE.is_file():
        pytest.skip("npm package axe-core is not installed; run `npm ci` in snippet/")
    context = open_owner(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    found = {}
    for path in PAGES:
        page.goto(office.url(path))
        # Evaluated, not added as an element, which the page's policy forbids.
        page.evaluate(AXE.read_text())
        violations = page.evaluate(RUN)
        if violations:
            found[path] = violations
    assert found == {}


def test_the_keys_of_a_sites_page(office: Office, open_owner: OpenContext) -> None:  # noqa: F811
    page = open_owner().new_page()
    page.goto(office.url(f"/sites/{PLAIN}"))
    for key, query in (("w", "?period=7d"), ("t", "?period=today"), ("y", "?period=yesterday"), ("m", "")):
        page.keyboard.press(key)
        expect(page).to_have_url(office.url(f"/sites/{PLAIN}{query}"))
        expect(page.locator("#summary")).not_to_have_class("htmx-request")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("What")).to_be_focused()
    page.get_by_label("Value").fill("today")
    expect(page).to_have_url(office.url(f"/sites/{PLAIN}"))


def test_a_click_filters_without_loading_the_page_anew(office: Office, open_owner: OpenContext) -> None:  # noqa: F811
    page = open_owner().new_page()
    page.goto(office.url(f"/sites/{PLAIN}"))
    page.evaluate("window.stays = true")
    page.get_by_role("region", name="Sources").get_by_role("link", name="radio.example").click()
    expect(page.get_by_role("list", name="Filters").get_by_role("link").first).to_contain_text(
        "radio.example"
    )
    expect(page.locator("dl.figures dd .value").first).to_have_text("1")
    assert page.evaluate("window.stays")
    page.go_back()
    expect(page.locator("dl.figures dd .value").first).to_have_text("8")
