"""<page-count> and <page-list> in a page of somebody's site."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, Route, expect

from analytics.forms.figure import PAGE_VIEWS, Figure
from analytics.forms.label import word_figure
from analytics.forms.numbers import write_number

from .conftest import Blog, OpenContext, Traffic

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"


@pytest.fixture
def widgets(blog: Blog) -> Blog:
    blog.files["/"] = "components.html"
    blog.stats.count_views(blog.url("/lamp"), 3, title="The lamp")
    blog.stats.count_views(blog.url("/ferry"), 1, title=HOSTILE)
    blog.stats.count_views(blog.url("/secret/x"), 9, title="Secret")
    return blog


def test_numbers_and_lists_are_filled_with_text_alone(widgets: Blog, page: Page) -> None:
    traffic = Traffic(page.context)
    page.goto(widgets.url("/"))
    expect(page.locator("#labelled")).to_have_attribute("title", "3")
    expect(page.locator("#labelled span")).to_have_text(["", "3", " views"])
    expect(page.locator("#one span")).to_have_text(["", "1", " view"])
    expect(page.locator("#site span").nth(1)).to_have_text("13")
    expect(page.locator("#popular a")).to_have_text(["The lamp", HOSTILE])
    expect(page.locator("#popular a").first).to_have_attribute("href", widgets.url("/lamp"))
    assert page.locator("#popular img, #popular b").count() == 0
    assert page.title() == "Numbers and lists"
    expect(page.locator("#shy")).to_have_text("few")
    expect(page.locator("#related")).to_have_text("nothing alike")
    asked = [request.url.partition("?")[0].rpartition("/")[2] for request in traffic.requests]
    # One question for each period, however many elements.
    assert asked.count("counters") == 2
    assert widgets.site_views == 13


@pytest.mark.parametrize("script", ["pt.js", "pt-lite.js"])
def test_a_number_has_the_view_that_is_counted_after_it_was_asked_for(
    blog: Blog, page: Page, script: str
) -> None:
    blog.files["/"] = "theme.html"
    scripts = "".join(
        f'<script defer src="{{pagetally}}/{name}"></script>' for name in (script, "page-count.js")
    )
    blog.words = {
        "markup": f'{scripts}<page-count></page-count> <page-count metric="site-views"></page-count>'
    }
    held: list[Route] = []
    page.route("**/api/event*", lambda route: held.append(route))
    page.goto(blog.url("/"))
    numbers = page.locator("page-count")
    expect(numbers).to_have_text(["0", "0"])
    held[0].continue_()
    expect(numbers).to_have_text(["1", "1"])


NUMBERS = (
    0,
    999,
    1_234,
    9_950,
    12_345,
    965_774,
    999_499,
    999_500,
    999_950,
    1_234_567,
    98_765_432,
    1_250_000_000,
)


@pytest.mark.parametrize("language", "en en-GB en-IN hi de de-CH fr-CA pt-BR zh ja ko ar".split())
def test_compact_numbers_of_the_server_are_the_browsers(page: Page, language: str) -> None:
    ask = "([numbers, tag]) => numbers.map(Intl.NumberFormat(tag, {notation: 'compact'}).format)"
    shown = page.evaluate(ask, [NUMBERS, language])
    assert [write_number(number, "compact", language) for number in NUMBERS] == shown


@pytest.mark.parametrize(("number", "text"), [(965_774, "966K"), (999_500, "1M"), (999_950, "1M")])
def test_every_form_is_compact_in_the_same_way(blog: Blog, page: Page, number: int, text: str) -> None:
    blog.files["/"] = "theme.html"
    blog.words = {
        "markup": '<script defer src="{pagetally}/page-count.js"></script>'
        '<script defer src="{pagetally}/js" data-style="short" data-manual></script>'
        '<page-count id="count" metric="site-views" format="compact"></page-count>'
        '<b id="busuanzi_value_site_pv"></b>'
    }
    told = {"views": number, "visitors": 1, "online": 0}
    answer = {"site": told, "pages": {"/": told}}
    page.route(
        "**/api/counters?**",
        lambda route: route.fulfill(json=answer, headers={"access-control-allow-origin": "*"}),
    )
    page.goto(blog.url("/"))
    expect(page.locator("#count")).to_have_text(text)
    page.evaluate("number => bszTag.texts({site_pv: number})", number)
    expect(page.locator("#busuanzi_value_site_pv")).to_have_text(text)
    assert write_number(number, "compact", "en") == text


LABELS = {
    "en": "{n} view|{n} views",
    "fr": "{n} vue|{n} vues",
    "ru": "{n} просмотр|{n} просмотра|{n} просмотров",
    "pl": "wyświetlenie|wyświetlenia|wyświetleń",
    "ar": "{n} صفر|{n} واحد|{n} اثنان|{n} قليل|{n} كثير|{n} آخر",
    "lt": "skaityta {n} kartą|skaityta {n} kartus|skaityta {n} kartų",
    "zh": "{n} view|{n} views",
    "pt-BR": "|{n} vezes",
}


def test_a_label_has_the_plural_that_a_badge_has(blog: Blog, page: Page) -> None:
    numbers = (0, 1, 2, 3, 5, 11, 21, 100, 1_002, 1_000_000)
    elements = "".join(
        f'<page-count lang="{tag}" label="{label}" path="/{number}"></page-count>'
        for tag, label in LABELS.items()
        for number in numbers
    )
    blog.files["/"] = "theme.html"
    blog.words = {"markup": f'<script defer src="{{pagetally}}/page-count.js"></script>{elements}'}
    pages = {f"/{number}": {"views": number, "visitors": 1, "online": 0} for number in numbers}
    page.route(
        "**/api/counters?**",
        lambda route: route.fulfill(
            json={"site": pages["/1"], "pages": pages}, headers={"access-control-allow-origin": "*"}
        ),
    )
    page.goto(blog.url("/"))
    expect(page.locator("page-count").last).to_have_text("1.000.000 vezes")
    shown = page.locator("page-count").evaluate_all(
        "all => all.map(one => one.shadowRoot.textContent.trim())"
    )
    said = [
        word_figure(Figure(PAGE_VIEWS, number), label, "grouped", tag)
        for tag, label in LABELS.items()
        for number in numbers
    ]
    assert [f"{words.label} {words.message}".strip() for words in said] == shown
    assert [words.title for words in said] == shown


MOVED = """() => new Promise(tell => {
  setTimeout(tell, 500, 0);
  const seen = new PerformanceObserver(list => tell(list.getEntries().length));
  seen.observe({type: 'layout-shift', buffered: true});
})"""
"""How often something moved since the page began to load."""

RESERVED = 'style="display: inline-block; min-width: 10ch"'


@pytest.mark.parametrize(("written", "moves"), [(RESERVED, False), ("", True)])
def test_nothing_moves_where_the_room_is_reserved(blog: Blog, page: Page, written: str, moves: bool) -> None:
    element = f'<page-count metric="site-views" label="{{n}} views" {written}>–</page-count>'
    blog.files["/"] = "theme.html"
    blog.words = {"markup": f'{element} of this <script defer src="{{pagetally}}/page-count.js"></script>'}
    held: list[Route] = []
    page.route("**/page-count.js", lambda route: held.append(route))
    page.goto(blog.url("/"), wait_until="commit")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
    held[0].continue_()
    expect(page.locator("page-count [part=number]")).to_have_text("0")
    assert bool(page.evaluate(MOVED)) == moves


def test_without_the_server_the_page_keeps_its_own_words(widgets: Blog, page: Page) -> None:
    page.route("**/api/**", lambda route: route.abort())
    with page.expect_event("requestfailed", lambda request: "counters" in request.url):
        page.goto(widgets.url("/"))
    expect(page.locator("#labelled")).to_have_text("–")
    expect(page.locator("#popular")).to_have_text("nothing yet")
    assert "NaN" not in page.content()


def show_list_in_a_frame(blog: Blog, page: Page, query: str, width: int) -> Frame:
    """A page of the site with /popular.html of another origin in a frame, at its window's width."""
    blog.files["/"] = "theme.html"
    address = f"{blog.stats.url}/popular.html?site={blog.domain}&{query}"
    blog.words = {
        "markup": f'<iframe src="{address}" width="{width}" height="140" style="border:0"'
        ' title="Popular"></iframe>'
    }
    page.goto(blog.url("/"))
    (frame,) = page.main_frame.child_frames
    frame.wait_for_load_state()
    return frame


@pytest.mark.parametrize("width", [160, 300, 600])
def test_a_list_in_a_frame_fits_and_leads_the_whole_window(widgets: Blog, page: Page, width: int) -> None:
    long = "Ein Wort, das kaum in die Zeile passt: Donaudampfschifffahrtsgesellschaftskapitän"
    widgets.stats.count_views(widgets.url("/long"), 2, title=long)
    frame = show_list_in_a_frame(widgets, page, "exclude=/secret*", width)
    expect(frame.locator("a")).to_have_text(["The lamp", long, HOSTILE])
    assert frame.locator("img, b").count() == 0
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    target = f"https://{widgets.domain}/lamp"
    page.route(target, lambda route: route.fulfill(body="<title>The lamp</title>", content_type="text/html"))
    with page.expect_navigation(url=target):
        frame.locator("a").first.click()
    assert page.title() == "The lamp"
    assert page.main_frame.child_frames == []


@pytest.mark.parametrize(
    ("scheme", "theme", "colour"),
    [
        ("light", "", "rgb(0, 0, 0)"),
        ("dark", "", "rgb(255, 255, 255)"),
        ("dark", "light", "rgb(0, 0, 0)"),
        ("light", "dark", "rgb(255, 255, 255)"),
    ],
)
def test_a_list_in_a_frame_has_the_colours_that_are_asked_for(
    widgets: Blog, open_context: OpenContext, tmp_path: Path, scheme: str, theme: str, colour: str
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    frame = show_list_in_a_frame(widgets, page, f"theme={theme}", 300)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / f"list-in-a-frame-{scheme}-{theme}.png")
    assert frame.locator("a").first.evaluate("element => getComputedStyle(element).color") == colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_components_take_the_colours_of_the_page(
    widgets: Blog, open_context: OpenContext, tmp_path: Path, scheme: str
) -> None:
    page = open_context(color_scheme=scheme).new_page()
    page.goto(widgets.url("/"))
    expect(page.locator("#popular a")).to_have_count(2)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    page.screenshot(path=folder / f"components-{scheme}.png")
    colour = page.locator("#labelled span").nth(1).evaluate("element => getComputedStyle(element).color")
    assert colour == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]
