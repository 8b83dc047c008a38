"""Everybody can use the owner's pages: axe-core finds nothing wrong, and the keyboard reaches everything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from ..conftest import Server
from .conftest import OpenContext
from .test_dashboard import HOSTILE, PLAIN, UNSEEN, Office, badge, office, open_owner  # noqa: F401

AXE = Path(__file__).parents[2] / "snippet/node_modules/axe-core/axe.min.js"

PAGES = (
    "/",
    f"/sites/{PLAIN}",
    f"/sites/{PLAIN}?period=today&f=page:contains:/&tab=places:city",
    f"/sites/{PLAIN}?metric=bounce_rate",
    f"/sites/{PLAIN}?metric=visit_duration&period=today",
    f"/sites/{HOSTILE}",
    f"/sites/{UNSEEN}",
    f"/sites/{PLAIN}/bots?action=condemn&filter=page:is:/lamp",
    f"/sites/{PLAIN}/numbers",
    f"/sites/{PLAIN}/numbers?do=set&path=/lamp&views=18815",
    f"/sites/{PLAIN}/numbers?do=set&path=lamp&views=-1",
    f"/sites/{HOSTILE}/numbers?do=rename&path=/from&target=/<script>alert(1)</script>",
    f"/sites/{PLAIN}/popular",
    f"/sites/{PLAIN}/bots",
    f"/sites/{PLAIN}/list?list=page",
    f"/sites/{PLAIN}/list?list=country&q=nothing",
    f"/sites/{PLAIN}/list?list=source&sort=bounce_rate&f=page:contains:/",
    f"/sites/{PLAIN}/filter?what=country",
    f"/sites/{PLAIN}?period=yesterday&by=minute",
    f"/sites/{PLAIN}?period=nonsense",
    "/sites/nowhere.example",
    "/nowhere",
    "/dropped",
    f"/sites/{PLAIN}/widgets",
    f"/sites/{PLAIN}/dropped",
    "/migrate",
)
STRANGERS_PAGES = (
    "/login",
    "/setup/wrong",
    f"/popular.html?site={PLAIN}",
    f"/popular.html?site={PLAIN}&theme=dark",
)
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async (runOnly) => {
  const menus = [...document.querySelectorAll('.menu details')];
  for (const details of document.querySelectorAll('details')) details.open = !menus.includes(details);
  const found = [await axe.run({ runOnly })];
  // A menu lies over what is below it while it is open.
  for (const menu of menus) {
    menu.open = true;
    found.push(await axe.run(menu, { runOnly }));
    menu.open = false;
  }
  return found.flatMap(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`)));
}"""


@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing(
    office: Office,  # noqa: F811
    open_owner: OpenContext,  # noqa: F811
    open_context: OpenContext,
    width: int,
) -> None:
    options = {"viewport": {"width": width, "height": 800}}
    found = look_into(open_owner(**options), [office.url(path) for path in PAGES])
    found |= look_into(open_context(**options), [office.url(path) for path in STRANGERS_PAGES])
    assert found == {}


def test_axe_finds_nothing_where_the_password_is_set(server: Server, open_context: OpenContext) -> None:
    assert look_into(open_context(), [server.setup_url]) == {}


def test_axe_would_find_something(page: Page) -> None:
    page.set_content("<html><body><img src=x></body></html>")
    page.evaluate(read_axe())
    assert {one.partition(":")[0] for one in page.evaluate(RUN, LEVELS)} >= {"html-has-lang", "image-alt"}


def read_axe() -> str:
    """The text of axe-core. Without it there is nothing to be found, which in CI is a failure."""
    if not AXE.is_file():
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("npm package axe-core is not installed; run `npm ci` in snippet/")
    return AXE.read_text()


def look_into(context: BrowserContext, addresses: list[str]) -> dict[str, list[str]]:
    """What axe-core finds in each page, with everything opened that can be; of the dark look, its colours."""
    page, found = context.new_page(), {}
    for address in addresses:
        page.emulate_media(color_scheme="light")
        page.goto(address)
        # Evaluated, not added as an element, which the page's policy forbids.
        page.evaluate(read_axe())
        violations = page.evaluate(RUN, LEVELS)
        page.emulate_media(color_scheme="dark")
        if violations := violations + page.evaluate(RUN, {"type": "rule", "values": ["color-contrast"]}):
            found[address] = violations
    return found


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
    expect(page.get_by_role("dialog")).to_be_hidden()
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


def test_a_number_is_changed_and_put_back_from_the_keyboard_without_a_script(
    office: Office,  # noqa: F811
    open_owner: OpenContext,  # noqa: F811
) -> None:
    page = open_owner(java_script_enabled=False).new_page()
    page.goto(office.url(f"/sites/{PLAIN}/numbers"))
    change = page.get_by_role("region", name="Change a number")
    expect(change.get_by_label("New path")).to_be_hidden()
    change.get_by_label("What", exact=True).focus()
    for key in ("R", "Tab"):
        page.keyboard.press(key)
    expect(change.get_by_label("Views")).to_be_hidden()
    page.keyboard.type("/choir")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="reset /choir").get_by_role("row").nth(1)).to_contain_text("1 → 0")
    page.get_by_role("button", name="Reset it").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(office.url(f"/sites/{PLAIN}/numbers#changes"))
    row = page.get_by_role("row", name="reset /choir")
    undo = row.get_by_role("button", name="Undo")
    undo.focus()
    page.keyboard.press("Enter")
    expect(undo).to_have_count(0)
    expect(row).to_contain_text("undone")
