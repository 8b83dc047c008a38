"""Questions of a morning, each answered on the site page within three clicks.

With the environment variable SCREENSHOTS (a folder) the answers are kept as pictures, to be looked at.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from analytics.days import local_day
from analytics.instance import Instance
from analytics.model import NO_CAMPAIGN, Campaign, Client, Hit, Kind, Place
from analytics.wording import weekday

from ..conftest import Server, add_site, pagetally
from .conftest import Stats

PASSWORD = "lantern-and-rope"
DOMAIN = "morning.example"
MOST_CLICKS = 3
RELOADS = 200

DESKTOP, PHONE = (
    Client("Firefox", "140", "Windows", "11", "desktop"),
    Client("Safari", "18", "iOS", "18", "mobile"),
)
GERMANY, FRANCE = Place("DE", "DE-BE", "Berlin", "", "de"), Place("FR", "FR-75C", "Paris", "", "fr")
LETTER = Campaign("letter", "email", "november")
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@dataclass(frozen=True)
class Readers:
    """So many visitors a day: where they come from, what they read one after the other, and do at last."""

    count: int
    source: str
    paths: tuple[str, ...]
    client: Client = DESKTOP
    place: Place = GERMANY
    campaign: Campaign = NO_CAMPAIGN
    event: str = ""


EVERY_DAY = (
    Readers(10, "", ("/", "/choir")),
    Readers(6, "www.google.com", ("/ferry", "/bridge"), PHONE),
    Readers(2, "duckduckgo.com", ("/bridge",)),
    Readers(3, "chatgpt.com", ("/choir",), PHONE, FRANCE),
    Readers(1, "", ("/lamp",), campaign=LETTER, event="signup"),
)
SPIKE = (Readers(120, "news.ycombinator.com", ("/lamp",)),)
YEAR_BEFORE = (Readers(5, "", ("/",)),)


def hits_of(site: int, day: int, groups: tuple[Readers, ...]) -> Iterator[Hit]:
    """What groups of readers did on a day, in UTC."""
    visitor = 0
    for group in groups:
        for _ in range(group.count):
            visitor += 1
            at = day * 86_400 + visitor * 60
            for path in group.paths:
                more = (group.client, group.place, group.campaign)
                yield Hit(
                    site,
                    day,
                    at,
                    visitor,
                    Kind.VIEW,
                    "",
                    path,
                    group.source,
                    f"The {path[1:]}",
                    None,
                    None,
                    *more,
                )
                at += 60
            if group.event:
                more = (group.client, group.place, group.campaign)
                yield Hit(site, day, at, visitor, Kind.EVENT, group.event, path, "", "", None, None, *more)


class Morning:
    """A Pagetally in which much has happened, and whoever asks about it."""

    def __init__(self, folder: Path) -> None:
        instance = Instance(folder).open()
        try:
            site = add_site(instance, DOMAIN)
            today = local_day(site.timezone, instance.clock())
            days = range(today - 27, today)
            self.spike = next(day for day in days[7:] if weekday(day).startswith("Tue"))
            for day in days:
                groups = EVERY_DAY + (SPIKE if day == self.spike else ())
                instance.write(
                    lambda store, day=day, groups=groups: store.write(list(hits_of(site.id, day, groups)))
                )
            for day in range(today - 410, today - 360):
                instance.write(lambda store, day=day: store.write(list(hits_of(site.id, day, YEAR_BEFORE))))
            instance.fold()
        finally:
            instance.close()
        self.server = Server(folder)
        self.stats = Stats(self.server)
        pagetally("password", "--password", PASSWORD, data=folder)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    """A Pagetally with four weeks of readers, and some of a year before."""
    found = Morning(tmp_path_factory.mktemp("morning") / "data")
    yield found
    found.stats.close()


@pytest.fixture(scope="module")
def owner(morning: Morning, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which the owner is signed in."""
    with contextlib.closing(browser.new_context(viewport={"width": 1280, "height": 900})) as context:
        page = context.new_page()
        page.goto(f"{morning.server.url}/login")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_title("Sites · Pagetally")
        yield context


class Asker:
    """Someone at the summary of a site, who counts how often a click is needed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, target: Locator) -> None:
        """One click more."""
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS
        target.click()
        expect(self.page.locator("#summary")).not_to_have_class("htmx-request")

    def card(self, name: str) -> Locator:
        """One of the lists."""
        return self.page.get_by_role("region", name=name, exact=True)

    def tab(self, card: str, name: str) -> None:
        """Choose another list of a card."""
        link = self.card(card).get_by_role("link", name=name, exact=True)
        self.click(link)
        expect(self.card(card).get_by_role("link", name=name, exact=True)).to_have_attribute(
            "aria-current", "true"
        )

    def pick(self, card: str, name: str) -> None:
        """Filter by a row of a list."""
        self.click(self.row(card, name).get_by_role("link"))
        expect(self.page.get_by_role("list", name="Filters")).to_contain_text(name)

    def row(self, card: str, name: str) -> Locator:
        """The row of a list that has a name."""
        return self.card(card).get_by_role("row").filter(has_text=name)

    def expect_first(self, card: str, *texts: str) -> None:
        """The first row of a list says so."""
        row = self.card(card).locator("tbody tr").first
        for text in texts:
            expect(row).to_contain_text(text)


@pytest.fixture
def asker(morning: Morning, owner: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Asker]:
    """Someone who opens the summary in the morning."""
    page = owner.new_page()
    page.goto(f"{morning.server.url}/sites/{DOMAIN}")
    yield Asker(page)
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{request.node.name}.png", full_page=True)
    page.close()


def test_why_the_spike_on_tuesday(morning: Morning, asker: Asker) -> None:
    asker.click(asker.page.locator(".chart a").filter(has_text=weekday(morning.spike)))
    asker.expect_first("Sources", "Hacker News", "120")
    asker.expect_first("Pages", "/lamp", "121")


def test_which_posts_bring_readers_from_search(asker: Asker) -> None:
    asker.tab("Sources", "Channel")
    asker.pick("Sources", "Organic search")
    asker.tab("Pages", "Entry page")
    asker.expect_first("Pages", "/ferry", "162")
    expect(asker.row("Pages", "/bridge")).to_contain_text("54")


def test_where_the_readers_of_a_post_come_from(asker: Asker) -> None:
    asker.pick("Pages", "/ferry")
    asker.expect_first("Sources", "Google", "162")


def test_how_many_read_on_a_phone(asker: Asker) -> None:
    asker.tab("Devices", "Device")
    expect(asker.row("Devices", "mobile")).to_contain_text("243")


def test_whether_the_newsletter_made_readers_sign_up(asker: Asker) -> None:
    asker.pick("Campaigns", "november")
    asker.expect_first("Events", "signup", "27")


def test_who_signs_up(asker: Asker) -> None:
    asker.pick("Events", "signup")
    asker.tab("Pages", "Entry page")
    asker.expect_first("Pages", "/lamp", "27")
    asker.expect_first("Campaigns", "november")


def test_whether_more_is_read_than_a_year_ago(asker: Asker) -> None:
    asker.click(asker.page.get_by_text("Other days, comparison and interval"))
    asker.clicks += 1
    asker.page.get_by_label("Compare with").select_option("A year before")
    asker.click(asker.page.get_by_role("button", name="Show", exact=True))
    expect(asker.page.locator("dl.figures > div").first).to_contain_text("against 150 in the period before")


def test_where_readers_leave(asker: Asker) -> None:
    asker.tab("Pages", "Exit page")
    asker.expect_first("Pages", "/choir", "351")


def test_which_ai_assistants_send_readers(asker: Asker) -> None:
    asker.tab("Sources", "Channel")
    asker.pick("Sources", "AI assistants")
    asker.tab("Sources", "Source")
    asker.expect_first("Sources", "ChatGPT", "81")


def test_what_is_read_abroad(asker: Asker) -> None:
    asker.pick("Places", "France")
    asker.expect_first("Pages", "/choir", "81")


def test_which_machines_were_not_counted(morning: Morning, asker: Asker) -> None:
    sent = {"n": "pageview", "u": f"https://{DOMAIN}/lamp"}
    answer = asker.page.request.post(
        f"{morning.server.url}/api/event", data=sent, headers={"user-agent": GOOGLEBOT}
    )
    assert answer.headers["x-pagetally"] == "dropped; bot"
    bots = asker.page.get_by_role("navigation", name=DOMAIN).get_by_role("link", name="Bots")
    asker.clicks += 1
    bots.click()
    row = asker.page.get_by_role("row").filter(has_text="Googlebot")
    for _ in range(RELOADS):
        # What is kept apart is stored by the schedule.
        if row.count():
            break
        asker.page.reload()
    expect(row).to_be_visible()
