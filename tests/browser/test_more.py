"""The second file: how long and how far a page is looked at, and what is done on it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from analytics.store.connect import FILE

from .conftest import Blog, Tabs, Traffic, await_timers, count_timers, expect_counters, footer

STORED = """SELECT path.path, kind, coalesce(name.name, ''), detail FROM hit
JOIN site ON site.id = hit.site JOIN path ON path.id = hit.path LEFT JOIN name ON name.id = hit.name
WHERE domain = ? AND kind > 0 ORDER BY hit.id"""

Told = tuple[str, str, dict[str, Any]]
"""Path, name of the event, and what it says."""


@pytest.fixture
def site(blog: Blog) -> Blog:
    """A site whose pages load both files; the clock of its pages is that of site/hasten.js."""
    blog.files |= dict.fromkeys(("/", "/two", "/gone"), "more.html")
    blog.words |= {"html": "", "elsewhere": f"http://elsewhere.example:{blog.port}"}
    return blog


@pytest.fixture
def open_page(site: Blog, page: Page) -> Page:
    """The front page of that site, when it is counted."""
    count_timers(page)
    page.set_viewport_size({"width": 800, "height": 400})
    page.goto(site.url("/"))
    expect_counters(page, 1, 1)
    await_timers(page)
    return page


def stored(site: Blog) -> list[Told]:
    """What the server has kept besides views."""
    file = f"file:{site.stats.server.data / FILE}?mode=ro"
    with contextlib.closing(sqlite3.connect(file, uri=True)) as database:
        rows = database.execute(STORED, (site.domain,)).fetchall()
    return [(path, name, json.loads(detail or "{}")) for path, _, name, detail in rows]


def await_stored(site: Blog, page: Page, times: int) -> list[Told]:
    """What the server has kept, as soon as it is as much: the last words of a page are not seen otherwise."""
    for _ in range(600):
        if len(stored(site)) >= times:
            break
        page.evaluate("new Promise(requestAnimationFrame)")
    return stored(site)


def look(page: Page, seconds: int) -> None:
    """Look at a page."""
    page.evaluate(f"seconds += {seconds}")


def scroll(page: Page, top: int) -> None:
    """Scroll, and wait until the page has heard of it: two leaps between two frames are told as one."""
    page.evaluate(
        f"new Promise(done => {{ addEventListener('scroll', done, {{once: true}}); scrollTo(0, {top}) }})"
    )


def read(path: str, seconds: int, depth: int) -> Told:
    """An engagement event."""
    return path, "engagement", {"e": seconds, "sd": depth}


def test_a_page_that_is_left_tells_how_long_and_how_far_it_was_read(site: Blog, open_page: Page) -> None:
    page = open_page
    scroll(page, 1600)
    scroll(page, 0)
    look(page, 40)
    page.locator("#inside").click()
    expect_counters(page, 1, 2)
    # Once before it goes, and once more when it has gone, ten seconds later by its clock.
    assert await_stored(site, page, 2) == [read("/", 40, 50), read("/", 50, 50)]
    assert (site.views("/", "/about"), site.site_views) == ([1, 1], 2)


def test_a_page_that_is_left_at_once_tells_nothing(site: Blog, open_page: Page) -> None:
    traffic = Traffic(open_page.context)
    open_page.evaluate("addEventListener('visibilitychange', () => (seconds -= 10), true)")
    open_page.evaluate("dispatchEvent(new Event('blur'))")
    look(open_page, 2)
    open_page.evaluate("history.pushState(null, '', '/two')")
    expect_counters(open_page, 1, 2)
    assert [hit for hit in traffic.hits if "n" in hit] == []


def test_each_page_of_a_single_page_app_has_its_own_time(site: Blog, open_page: Page) -> None:
    page, steps = open_page, ["pushState(null, '', '/two')", "replaceState(null, '', '/two?q=1')", "back()"]
    for number, step in enumerate([*steps, "forward()"]):
        look(page, 10 + number)
        page.evaluate(f"history.{step}")
        page.wait_for_function(f"location.pathname == '{'/' if step == 'back()' else '/two'}'")
        await_timers(page)
        page.evaluate("dispatchEvent(new Event('scroll'))")
    # The last page's view goes out after the last words of the page before it, and can be stored after them.
    expect_counters(page, 2, 4)
    told = await_stored(site, page, 4)
    assert [(path, said["e"]) for path, _, said in told] == [("/", 10), ("/two", 11), ("/two", 23), ("/", 13)]
    assert site.views("/", "/two") == [2, 2]


def test_a_page_out_of_the_back_forward_cache_begins_anew(site: Blog, open_page: Page) -> None:
    page = open_page
    look(page, 40)
    page.goto(site.url("/about"))
    expect_counters(page, 1, 2)
    page.go_back(wait_until="commit")
    expect_counters(page, 2, 3)
    assert page.evaluate("seconds") > 40  # it was in the cache
    look(page, 5)
    page.goto(site.url("/about"))
    expect_counters(page, 2, 4)
    told = await_stored(site, page, 2)
    assert [(path, said["e"]) for path, _, said in told] == [("/", 50), ("/", 15)]


def test_a_tab_behind_others_is_not_looked_at(site: Blog, page: Page, tabs: Tabs) -> None:
    page.goto(site.url("/about"))
    first = tabs.open(site.url("/"))
    site.await_report(page="/", event="visible")
    tabs.open(site.url("/about"))
    site.await_report(page="/", event="hidden")
    tabs.show(first)
    site.await_report(page="/", event="visible")
    tabs.open(site.url("/about"))
    site.await_report(page="/", event="hidden")
    told = await_stored(site, page, 2)
    assert [(path, said["e"]) for path, _, said in told] == [("/", 10), ("/", 20)]


LINKS: list[tuple[str, str, list[tuple[str, dict[str, str]]]]] = [
    ("#outside", "left", [("Outbound Link: Click", {"url": "{elsewhere}/x"})]),
    ("#outside", "middle", [("Outbound Link: Click", {"url": "{elsewhere}/x"})]),
    ("#outside", "right", []),
    ("#outside", "Enter", [("Outbound Link: Click", {"url": "{elsewhere}/x"})]),
    ("#file", "left", [("File Download", {"url": "{here}/paper.pdf"})]),
    ("#file", "Enter", [("File Download", {"url": "{here}/paper.pdf"})]),
    ("#mail", "left", []),
    ("#button", "left", [("Signup", {"plan": "pro"})]),
    ("#button", "Space", [("Signup", {"plan": "pro"})]),
    ("#button", "right", []),
    ("#go", "left", []),
    ("#word", "left", []),
]


@pytest.mark.parametrize(("place", "press", "expected"), LINKS)
def test_what_is_clicked_is_told(
    site: Blog, open_page: Page, place: str, press: str, expected: list[tuple[str, dict[str, str]]]
) -> None:
    page, traffic = open_page, Traffic(open_page.context)
    # The page keeps the click to itself, or it would be gone.
    page.evaluate("document.onclick = () => false")
    page.locator(place).evaluate("it => it.onclick = event => { event.stopPropagation(); return false }")
    if press in ("left", "middle", "right"):
        page.locator(place).click(button=press)  # type: ignore[arg-type]
    else:
        page.locator(place).press(press)
    words = {"{elsewhere}": site.words["elsewhere"], "{here}": site.url("")}
    wanted = [(name, {key: _fill(value, words) for key, value in props.items()}) for name, props in expected]
    page.evaluate("pagetally.event('last')")
    assert [(hit["n"], hit.get("p")) for hit in traffic.hits if "n" in hit] == [*wanted, ("last", None)]


def _fill(text: str, words: dict[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def test_a_link_that_leads_away_is_told_and_followed(site: Blog, open_page: Page) -> None:
    open_page.route("http://elsewhere.example:*/**", lambda route: route.fulfill(body="elsewhere"))
    open_page.locator("#outside").click()
    open_page.wait_for_url("**/x?token=1")
    url = f"{site.words['elsewhere']}/x"
    assert await_stored(site, open_page, 1)[0] == ("/", "Outbound Link: Click", {"url": url})


def test_a_form_is_told_once_when_it_is_sent(site: Blog, open_page: Page) -> None:
    open_page.locator("#go").click()  # it lacks a word
    expect(open_page.locator("#word")).to_be_focused()
    open_page.locator("#word").fill("harbour")
    open_page.locator("#word").press("Enter")
    open_page.wait_for_url("**/about?q=harbour")
    expect_counters(open_page, 1, 2)
    told = [(path, name, said) for path, name, said in await_stored(site, open_page, 1) if name == "Search"]
    assert told == [("/", "Search", {"where": "top"})]


def test_a_page_that_says_that_it_is_missing_is_told(site: Blog, page: Page) -> None:
    site.words["html"] = " data-pagetally-404"
    page.goto(site.url("/gone?x=1"), referer="https://news.example/")
    expect_counters(page, 1, 1)
    assert await_stored(site, page, 1) == [("/gone", "404", {"path": "/gone"})]


@pytest.mark.parametrize("reason", ["automated", "opted out", "localhost"])
def test_whom_the_script_leaves_alone(site: Blog, page: Page, reason: str) -> None:
    site.words |= {"html": " data-pagetally-404", "script": f' data-site="{site.domain}"'}
    traffic = Traffic(page.context)
    if reason == "automated":
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setAutomationOverride", {"enabled": True})
    page.goto(
        site.url("/#pagetally-off" if reason == "opted out" else "/", "localhost" * (reason == "localhost"))
    )
    expect_counters(page, 0, 0)
    page.locator("#button").click()
    look(page, 60)
    page.goto(site.url("/about"))
    footer(page).wait_for()
    assert [hit for hit in traffic.hits if "n" in hit] == []
    assert stored(site) == []
