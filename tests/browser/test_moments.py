"""What a site's page does where something goes wrong, and for whoever uses a keyboard."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import OpenContext
from .test_dashboard import PLAIN, Office, badge, office, open_owner  # noqa: F401

SITE = f"/sites/{PLAIN}"


@pytest.fixture
def page(office: Office, open_owner: OpenContext) -> Page:  # noqa: F811
    """The owner, at the summary of a site."""
    page = open_owner().new_page()
    page.goto(office.url(SITE))
    return page


def fill_filter(page: Page, how: str, value: str) -> None:
    """Fill in the form of a filter on pages."""
    page.get_by_text("Add a filter", exact=True).first.click()
    page.get_by_label("What").select_option("Page")
    page.get_by_label("How").select_option(how)
    page.get_by_label("Value").fill(value)
    page.get_by_role("button", name="Filter", exact=True).click()


def test_what_is_wrong_with_a_filter_is_told_beside_it(page: Page, office: Office) -> None:  # noqa: F811
    fill_filter(page, "matches", "(")
    expect(page.get_by_role("alert")).to_contain_text("the pattern is none")
    expect(page).to_have_url(office.url(SITE))
    # What was filled in is still there to be mended, and the error goes with it.
    page.get_by_label("Value").fill("^/lamp$")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("list", name="Filters")).to_contain_text("^/lamp$")
    expect(page.locator("#trouble")).to_be_empty()


def test_days_the_wrong_way_round_are_told(page: Page) -> None:
    page.get_by_text("Other days, comparison and interval").click()
    page.get_by_label("From", exact=True).fill("2026-05-02")
    page.get_by_label("To", exact=True).fill("2026-05-01")
    page.get_by_role("button", name="Show these days").click()
    expect(page.get_by_role("alert")).to_contain_text("the last day is before the first one")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"status": 503, "body": "<main><h1>This took too long to count</h1></main>"},
            "took too long to count.",
        ),
        ({"status": 502, "body": ""}, "The server did not answer."),
        (None, "The server did not answer."),
    ],
)
def test_a_server_in_trouble_is_told(page: Page, answer: dict[str, object] | None, said: str) -> None:
    def fail(route: Route) -> None:
        if answer is None:
            route.abort()
        else:
            route.fulfill(content_type="text/html", **answer)  # type: ignore[arg-type]

    page.route("**/sites/*?period=7d", fail)
    page.get_by_role("link", name="7 days").click()
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.locator("dl.figures dd .value").first).to_have_text("8")


def test_whose_session_ended_comes_to_sign_in(page: Page, office: Office) -> None:  # noqa: F811
    page.context.clear_cookies()
    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(office.url(f"/login?next=/sites/{PLAIN}%3Fperiod%3D7d"))
    expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize(
    ("start", "link", "arrives"),
    [
        ("", ".lists #card-sources tbody a.pick", ".filters > .chips .chip"),
        ("", "#card-places .tabs a[href*=city]", "#card-places .tabs [aria-current]"),
        ("", ".periods a[href$='period=7d']", ".periods [aria-current]"),
        ("", ".figures a[href$='metric=visits']", ".figures [aria-current]"),
        ("?f=source:is:news.example", ".filters .chip", "#figures"),
    ],
)
def test_the_keyboard_goes_on_at_what_came_of_it(
    page: Page,
    office: Office,  # noqa: F811
    start: str,
    link: str,
    arrives: str,
) -> None:
    page.goto(office.url(SITE + start))
    before = page.url
    page.locator(link).first.focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(before)
    expect(page.locator(arrives).last).to_be_focused()
    seen = ".figures" if arrives == "#figures" else arrives
    expect(page.locator(seen).last).to_be_in_viewport()


def test_the_keys_can_be_switched_off(page: Page, office: Office) -> None:  # noqa: F811
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("These keys work").uncheck()
    page.keyboard.press("Escape")
    for key in ("w", "?", "/"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.reload()
    page.keyboard.press("w")
    expect(page).to_have_url(office.url(SITE))
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("These keys work").check()
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    expect(page).to_have_url(office.url(f"{SITE}?period=7d"))


def test_the_chart_tells_its_figures_to_keyboard_and_pointer(page: Page) -> None:
    bars = page.locator(".bars .column")
    tip = page.locator("#tip")
    # One stop of the keyboard: the newest bar, and the arrows lead on.
    page.locator(".bars a[tabindex='0']").focus()
    expect(tip).to_contain_text("8 views")
    page.keyboard.press("ArrowLeft")
    expect(tip).to_contain_text("0 views")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    bars.last.hover()
    expect(tip).to_contain_text("8 views")
    box, wide = tip.bounding_box(), page.viewport_size
    assert box
    assert wide
    assert 0 <= box["x"] <= wide["width"] - box["width"]
    page.mouse.move(1, 1)
    expect(tip).to_be_hidden()
    page.locator(".bars a[tabindex='-1']").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("from="))


def test_a_headline_figure_is_clicked_to_see_it_over_time(page: Page) -> None:
    figures, tip = page.locator("dl.figures > div"), page.locator("#tip")
    # Anywhere on it, the number too.
    box = figures.filter(has_text="Bounce rate").locator(".value").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile(r"\?metric=bounce_rate$"))
    expect(page.get_by_role("link", name="Bounce rate", exact=True)).to_have_attribute("aria-current", "true")
    shown = figures.filter(has_text="Bounce rate").locator(".value").inner_text()
    page.locator(".bars .column").last.hover()
    expect(tip).to_contain_text(f"Bounce rate: {shown}")
    expect(page.locator(".values text").first).to_have_text("0%")
    page.get_by_role("link", name="7 days").click()
    expect(page).to_have_url(re.compile(r"period=7d&metric=bounce_rate$"))
    expect(page.locator(".legend")).to_contain_text("Bounce rate")
    page.get_by_role("link", name="Views and visitors").click()
    expect(page.locator(".legend")).to_contain_text("Visitors")
    # What is meant by it stays beside it.
    page.get_by_role("link", name="What is counted: Visits").click()
    expect(page.locator("#visits")).to_be_in_viewport()


def test_the_map_is_one_stop_of_the_keyboard(page: Page) -> None:
    countries, tip = page.locator(".map a"), page.locator("#tip")
    names = [name.partition(":")[0] for name in countries.locator("title").all_text_contents()]
    assert set(names) == {"Germany", "France", "Japan", "Brazil"}
    assert page.locator(".map a[tabindex='0']").count() == 1
    page.locator(".map a[tabindex='0']").focus()
    for key, place in (("ArrowRight", 1), ("ArrowDown", 2), ("End", 3), ("ArrowRight", 3), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        expect(tip).to_contain_text(names[place])
    # Who leaves the map and comes back is where they were.
    page.keyboard.press("Tab")
    expect(countries.nth(2)).not_to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(countries.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Filters")).to_contain_text(names[2])


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
@pytest.mark.parametrize("name", ["dropped", "bots"])
def test_the_current_tab_is_in_sight_on_a_phone(
    office: Office,  # noqa: F811
    open_owner: OpenContext,  # noqa: F811
    name: str,
    locale: str,
) -> None:
    options = {"viewport": {"width": 375, "height": 800}, "locale": locale}
    page = open_owner(**options, java_script_enabled=False).new_page()
    page.goto(office.url(f"{SITE}/{name}"))
    box = page.locator(".sections [aria-current]").bounding_box()
    assert box
    # Beyond that the row fades out.
    assert 16 <= box["x"] <= 375 - 40 - box["width"]


def test_what_a_card_says_begins_at_one_edge(page: Page) -> None:
    for width in 1280, 375:
        page.set_viewport_size({"width": width, "height": 800})
        card = page.locator(".card").first.bounding_box()
        places = ".days summary", ".notes summary", "#card-pages .rest a", "#card-goals .inset summary"
        boxes = [page.locator(place).first.bounding_box() for place in places]
        edges = {round(box["x"]) for box in boxes if box and card and box["x"] < card["x"] + 100}
        assert len(edges) == 1, (width, edges)


def test_no_card_leaves_a_hole_beside_it(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    boxes = [card.bounding_box() for card in page.locator(".columns > .card").all()]
    for side in {box["x"] for box in boxes if box}:
        column = sorted((box["y"], box["y"] + box["height"]) for box in boxes if box and box["x"] == side)
        holes = [below[0] - above[1] for above, below in pairwise(column)]
        assert max(holes) < 100
