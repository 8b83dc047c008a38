"""The owner's pages: how one gets in and out, and that they keep their shape whatever was counted."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from analytics.commands import Keep, perform
from analytics.days import local_day
from analytics.instance import Instance
from analytics.ledger import Desk, post
from analytics.model import Annotation, Campaign, Client, Detail, Goal, Hit, Kind, Place, Segment

from ..conftest import Server, add_site, pagetally
from .conftest import OpenContext, Stats

PASSWORD = "lantern-and-rope"

PLAIN, HOSTILE, UNSEEN = "plain.example", "hostile.example", "unseen.example"
SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
QUOTE = "' onmouseover='alert(1)"

VIEWS = {
    PLAIN: {"/lamp": "The lamp", "/ferry": "The ferry", "/bridge": "The bridge", "/choir": "The choir"},
    HOSTILE: {
        f"/{SCRIPT}": SCRIPT,
        f"/{IMAGE}": IMAGE,
        f"/{QUOTE}": QUOTE,
        f"/{'long' * 400}": "unbroken" * 60,
    },
}
"""Title by path of the views that a site got."""
SOURCES = {
    PLAIN: ["news.example", "radio.example", "blog.example", "search.example"],
    HOSTILE: [SCRIPT, IMAGE, QUOTE, "long" * 60],
}
"""Referring hosts. Such hostile ones are refused today; these are in the database all the same."""


COUNTRIES = ("DE", "FR", "JP", "BR")
"""Of the visitors that come by a source."""


def store_sources(folder: Path) -> None:
    """Store views of the page /from, one from each source, and what else may be called like it."""
    instance = Instance(folder).open()
    try:
        for domain, sources in SOURCES.items():
            site, now = add_site(instance, domain), instance.clock()
            day = local_day(site.timezone, now)
            view = Hit(site.id, day, int(now), 0, Kind.VIEW, "", "/from", "", "", None, None)
            hits = [replace(view, visitor=number, source=source) for number, source in enumerate(sources)]
            hits = [one for hit in hits for one in dress(hit)]
            instance.write(lambda store, hits=hits: store.write(hits))
            keep_words(instance, domain, sources)
            # A row of the trail, which moves no number.
            detail = Detail(strategy="replace", path=f"/draft/{sources[0]}", note=sources[-1])
            post(Desk(instance), site, "exclude", detail, [])
    finally:
        instance.close()


def dress(hit: Hit) -> list[Hit]:
    """A view whose browser, place and campaign are all called like its source, and such an event."""
    word = hit.source
    client = Client(word, word, word, word, word, word)
    place = Place(COUNTRIES[hit.visitor], word, word, word, word)
    campaign = Campaign("", word, word, word, word, word)
    view = replace(hit, client=client, place=place, campaign=campaign)
    event = replace(view, kind=Kind.EVENT, name=word, detail=json.dumps({word: word}))
    return [view, event]


def keep_words(instance: Instance, domain: str, words: list[str]) -> None:
    """Goals, segments and notes of such names."""
    today = local_day("UTC", instance.clock())
    for word in words:
        perform(instance, Keep(domain, goal=Goal(0, 0, word[:80], "event", word)))
        perform(instance, Keep(domain, segment=Segment(0, 0, word[:80], "f=city:is:x")))
        perform(instance, Keep(domain, annotation=Annotation(0, 0, today, word[:200], "")))


class Office:
    """A Pagetally with an owner, and sites with views."""

    def __init__(self, folder: Path) -> None:
        store_sources(folder)
        self._server = Server(folder)
        self.stats = Stats(self._server)
        pagetally("password", "--password", PASSWORD, data=folder)
        self.stats.add_site(UNSEEN)
        for domain, views in VIEWS.items():
            for path, title in views.items():
                self.stats.count_views(f"http://{domain}{path}", title=title)

    def url(self, path: str = "/") -> str:
        """The address of one of the owner's pages."""
        return self._server.url + path

    def close(self) -> None:
        """Stop it."""
        self.stats.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A Pagetally with an owner."""
    with contextlib.closing(Office(tmp_path_factory.mktemp("office") / "data")) as found:
        yield found


@pytest.fixture(scope="module")
def badge(office: Office, browser: Browser) -> Iterator[str]:
    """The owner's session, as the name and value of a cookie."""
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(office.url("/login"))
        sign_in(page, PASSWORD)
        expect(page).to_have_title("Sites · Pagetally")
        (cookie,) = context.cookies()
        yield f"{cookie['name']}={cookie['value']}"


@pytest.fixture
def open_owner(office: Office, badge: str, open_context: OpenContext) -> OpenContext:
    """Open browsers in which the owner is signed in."""
    name, _, value = badge.partition("=")

    def open_one(**options: Any) -> BrowserContext:
        context = open_context(**options)
        context.add_cookies([{"name": name, "value": value, "url": office.url()}])
        return context

    return open_one


def sign_in(page: Page, password: str) -> None:
    """Fill in the page to sign in."""
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_the_owner_sets_a_password_looks_around_signs_out_and_in(server: Server, page: Page) -> None:
    setup_url = server.setup_url
    page.goto(setup_url)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sites")
    page.get_by_role("link", name="example.com").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("example.com")
    line = f'<script defer src="{server.url}/pt.js"></script>'
    expect(page.get_by_text(line, exact=True)).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == line
    expect(page.get_by_role("status")).to_contain_text("Waiting for the first view")
    with contextlib.closing(Stats(server)) as stats:
        stats.count_views("https://example.com/post", 3, title="A post", referrer="https://news.example/")
        # Without a click: the page asks by itself.
        expect(page.get_by_role("status")).to_contain_text("The first view is here: /post")
        page.get_by_role("link", name="Show the figures").click()
        expect(page.locator("dl.figures > div").first).to_contain_text("Views")
        expect(page.locator("dl.figures dd .value").first).to_have_text("3")
        expect(page.get_by_role("row", name="A post")).to_contain_text("/post")
        expect(page.get_by_role("row", name="news.example")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        assert page.context.cookies() == []
        summary, back_to_it = "/sites/example.com?period=7d", "?next=/sites/example.com%3Fperiod%3D7d"
        for path, back in ("/", ""), (summary, back_to_it):
            page.goto(server.url + path)
            expect(page).to_have_url(f"{server.url}/login{back}")
        sign_in(page, "not the password")
        expect(page.get_by_role("alert")).to_have_text("That is not the password.")
        sign_in(page, PASSWORD)
        expect(page).to_have_url(server.url + summary)
        page.goto(setup_url)
        expect(page.get_by_role("heading", level=1)).to_have_text("This set-up address is not valid")


def test_the_owners_pages_need_no_scripts(office: Office, open_context: OpenContext) -> None:
    page = open_context(java_script_enabled=False).new_page()
    page.goto(office.url())
    sign_in(page, PASSWORD)
    page.get_by_role("link", name=PLAIN).click()
    expect(page.locator("dl.figures dd .value").first).to_have_text("8")
    expect(page.locator(".periods")).to_contain_text("counted since")
    for label, name in ("7 days", "7d"), ("Today", "today"), ("All time", "all"):
        page.get_by_role("link", name=label).click()
        expect(page).to_have_url(office.url(f"/sites/{PLAIN}?period={name}"))
        expect(page.get_by_role("link", name=label)).to_have_attribute("aria-current", "page")
        expect(page.locator("dl.figures dd .value").first).to_have_text("8")
    expect(page.locator(".periods")).not_to_contain_text("counted since")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


SKELETON = """[...document.querySelectorAll('*')]
  .map(one => `${one.tagName}(${one.getAttributeNames().sort()})`).join('\\n')"""
WATCH_POLICY = """window.violations = [];
document.addEventListener('securitypolicyviolation', event => violations.push(event.effectiveDirective));"""


ADD_SCRIPT = "document.body.append(Object.assign(document.createElement('script'), {text: 'alert(1)'}))"


class Alarm:
    """What a page must not do: open a dialog, or break its content security policy."""

    def __init__(self, page: Page) -> None:
        self.dialogs: list[str] = []
        self.complaints: list[str] = []
        page.add_init_script(WATCH_POLICY)
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: self.complaints.append(message.text))

    def assert_silent(self, page: Page) -> None:
        """Nothing went off, and it would have."""
        page.mouse.move(10, 10)
        assert (self.dialogs, self.complaints, page.evaluate("violations")) == ([], [], [])
        page.evaluate(ADD_SCRIPT)
        assert (self.dialogs, page.evaluate("violations")) == ([], ["script-src-elem"])
        self.complaints.clear()


def list_row(page: Page, name: str, text: str) -> Locator:
    """The row with a text in one of the lists."""
    rows = page.get_by_role("region", name=name).get_by_role("row")
    return rows.filter(has=page.get_by_text(text, exact=True))


@pytest.mark.parametrize("period", ["today", "30d"])
def test_what_strangers_send_is_text_and_nothing_else(
    office: Office, open_owner: OpenContext, period: str
) -> None:
    page = open_owner().new_page()
    alarm = Alarm(page)
    skeletons = {}
    for domain in PLAIN, HOSTILE:
        page.goto(office.url(f"/sites/{domain}?period={period}"))
        skeletons[domain] = page.evaluate(SKELETON)
        for path, title in VIEWS[domain].items():
            row = list_row(page, "Pages", title)
            expect(row).to_contain_text(path)
            row.hover()
        for source in SOURCES[domain]:
            list_row(page, "Sources", source).hover()
        alarm.assert_silent(page)
    assert skeletons[HOSTILE] == skeletons[PLAIN]


TABS = {
    "sources": ("channel", "referrer", "medium"),
    "campaigns": ("utm_campaign", "utm_medium", "utm_content", "utm_term", "click"),
    "places": ("region", "city", "language", "network"),
    "devices": ("browser", "browser_version", "os", "os_version", "device", "screen"),
    "events": ("event", "property"),
    "pages": ("entry", "exit", "title"),
}


POINT_AT = """(rows) => {
  for (const row of rows) row.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
  return rows.length;
}"""
"""What a pointer that went over all rows would set off."""


@pytest.mark.parametrize("number", range(6))
def test_every_list_shows_what_strangers_send_as_text(
    office: Office, open_owner: OpenContext, number: int
) -> None:
    page = open_owner().new_page()
    alarm = Alarm(page)
    tabs = "&".join(f"tab={card}:{names[number % len(names)]}" for card, names in TABS.items())
    skeletons = {}
    for domain in PLAIN, HOSTILE:
        page.goto(office.url(f"/sites/{domain}?{tabs}"))
        assert page.locator("table.list a.pick").evaluate_all(POINT_AT) > 6
        alarm.assert_silent(page)
        word = quote_plus(SOURCES[domain][1].replace("|", "\\|"))
        page.goto(office.url(f"/sites/{domain}?{tabs}&f=city:is:{word}&f=prop.x:is_not:{word}&any=1"))
        skeletons[domain] = page.evaluate(SKELETON)
        expect(page.locator(".chip")).to_contain_text([SOURCES[domain][1]] * 2)
        alarm.assert_silent(page)
    assert skeletons[HOSTILE] == skeletons[PLAIN]


def test_a_hostile_address_is_text_and_nothing_else(office: Office, open_owner: OpenContext) -> None:
    page = open_owner().new_page()
    alarm = Alarm(page)
    for path in f"/sites/{IMAGE}", f"/sites/{PLAIN}?period={SCRIPT}", f"/{SCRIPT}":
        page.goto(office.url(path))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator("script, img").count() == 0
        alarm.complaints = [text for text in alarm.complaints if "responded with a status of 40" not in text]
        alarm.assert_silent(page)


def test_on_paper_there_is_nothing_to_press(office: Office, open_owner: OpenContext) -> None:
    page = open_owner().new_page()
    controls = page.locator("button, input, select, summary").locator("visible=true")
    page.goto(office.url(f"/sites/{PLAIN}?f=source:is:news.example"))
    assert controls.count() > 0
    page.emulate_media(media="print")
    assert controls.count() == 0
    expect(page.locator("dl.figures dd .value").first).to_be_visible()


OWNERS_PAGES = (
    "/",
    f"/sites/{PLAIN}",
    f"/sites/{HOSTILE}",
    f"/sites/{HOSTILE}?period=today",
    f"/sites/{HOSTILE}?period=12mo",
    f"/sites/{UNSEEN}",
    "/sites/nowhere.example",
)
STRANGERS_PAGES = ("/login", "/setup/wrong")

LAYOUT = """() => {
  const brightness = (colour) => Math.max(...colour.match(/\\d+/g).slice(0, 3).map(Number));
  for (const details of document.querySelectorAll('details')) details.open = true;
  return {
    overflow: document.documentElement.scrollWidth - innerWidth,
    ground: brightness(getComputedStyle(document.body).backgroundColor),
    ink: brightness(getComputedStyle(document.body).color),
  };
}"""
"""With all that can be opened: how much wider than the window it is, and how bright (0 to 255)."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_in_light_and_in_dark(
    office: Office, open_owner: OpenContext, open_context: OpenContext, scheme: str
) -> None:
    options = {"viewport": {"width": 375, "height": 800}, "color_scheme": scheme}
    found = measure(office, open_owner(**options), OWNERS_PAGES)
    found |= measure(office, open_context(**options), STRANGERS_PAGES)
    assert {path: layout["overflow"] for path, layout in found.items() if layout["overflow"] > 0} == {}
    brightness = {(layout["ground"] > 127, layout["ink"] > 127) for layout in found.values()}
    assert brightness == {(scheme == "light", scheme == "dark")}


def measure(office: Office, context: BrowserContext, paths: tuple[str, ...]) -> dict[str, dict[str, int]]:
    """The layout of each page."""
    page, found = context.new_page(), {}
    for path in paths:
        page.goto(office.url(path))
        found[path] = page.evaluate(LAYOUT)
    return found


def test_on_a_phone_a_whole_list_scrolls_to_its_last_column(office: Office, open_owner: OpenContext) -> None:
    page = open_owner(viewport={"width": 375, "height": 800}).new_page()
    page.goto(office.url(f"/sites/{PLAIN}/list?list=source"))
    table = page.get_by_role("region", name="the table")
    last = table.get_by_role("columnheader").last
    expect(last).to_contain_text("Visit duration")
    expect(last).not_to_be_in_viewport()
    table.focus()
    page.keyboard.press("End")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(last).to_be_in_viewport(ratio=1)
    # What its rows are called stays.
    expect(table.get_by_role("rowheader").first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_maker_shows_the_live_element(office: Office, open_owner: OpenContext) -> None:
    page = open_owner().new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(
        office.url(f"/sites/{PLAIN}/widgets?form=page-count&metric=site-views&label={{n}} view|{{n}} views")
    )
    # Its shadow is the script's work: what the server wrote into the element has no parts.
    expect(page.locator("page-count [part=number]")).to_have_text(re.compile(r"^[\d,]+$"))
    page.goto(office.url(f"/sites/{PLAIN}/widgets?form=page-list&limit=2"))
    expect(page.locator("page-list [part=link]")).to_have_count(2)
    assert page.locator("page-list [part=link]").first.get_attribute("href").startswith(f"https://{PLAIN}/")  # type: ignore[union-attr]
    assert refused == []


def test_on_a_phone_the_form_of_a_widget_stands_below_what_it_makes(
    office: Office, open_owner: OpenContext
) -> None:
    page = open_owner(viewport={"width": 375, "height": 800}).new_page()
    page.goto(office.url(f"/sites/{PLAIN}/widgets"))
    parts = [
        page.get_by_role("region", name="As it is now"),
        page.locator("form[data-live]"),
        page.get_by_role("region", name="To paste"),
    ]
    tops = [part.evaluate("one => one.getBoundingClientRect().top") for part in parts]
    assert tops == sorted(tops)
    assert tops[1] < 400
