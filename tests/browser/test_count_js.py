"""What GoatCounter's documentation says of its script: each setting, in a page that only changed the host."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from .conftest import Blog

TAG = '<script data-goatcounter="{pagetally}/count" SETTINGS async src="{pagetally}/count.js"></script>'


def tag(settings: str = "") -> str:
    """The script's line with settings as GoatCounter writes them in an attribute."""
    return TAG.replace("SETTINGS", f"data-goatcounter-settings='{settings}'" if settings else "")


def before(code: str) -> str:
    """The line with settings that the page made itself."""
    return f"<script>window.goatcounter = {code}</script>{tag()}"


JKJOY = """<script async src="{pagetally}/count.js"></script>
<p id="eo_count_page_pv_container" style="display: none"><b id="ID"></b></p>
<i id="busuanzi_value_site_uv"></i>"""


@pytest.mark.parametrize("name", ["eo_count_page_pv", "busuanzi_value_page_pv"])
def test_jkjoys_script_of_that_name_fills_elements_and_counts_once(blog: Blog, page: Page, name: str) -> None:
    blog.files["/p/a/"] = "theme.html"
    blog.words = {"markup": JKJOY.replace("ID", name)}
    for views in (1, 2):
        page.goto(blog.url("/p/a/"))
        expect(page.locator(f"#{name}")).to_have_text(str(views))
        expect(page.locator("#busuanzi_value_site_uv")).to_have_text("1")
    expect(page.locator("#eo_count_page_pv_container")).to_be_visible()
    assert (blog.views("/p/a"), blog.site_views) == ([2], 2)


def test_goatcounters_page_with_elements_of_busuanzi_is_goatcounters(blog: Blog, page: Page) -> None:
    blog.files["/p/a/"] = "theme.html"
    blog.words = {"markup": f'{tag()}<b id="busuanzi_value_page_pv">–</b>'}
    with page.expect_response(lambda answer: "/count?" in answer.url):
        page.goto(blog.url("/p/a/"))
    expect(page.locator("#busuanzi_value_page_pv")).to_have_text("–")
    assert blog.views("/p/a") == [1]


HOME = {"p": "/p/a/", "t": "A"}
CASES: dict[str, tuple[str, str, list[dict[str, str]]]] = {
    "nothing set": (tag(), "", [HOME]),
    "no_onload": (tag('{"no_onload": true}'), "", []),
    "no_onload, then count": (tag('{"no_onload": true}'), "goatcounter.count()", [HOME]),
    "path and title": (tag('{"path": "/other", "title": "Mine"}'), "", [{"p": "/other", "t": "Mine"}]),
    "path as a function": (before("{path: path => path + 'more'}"), "", [{"p": "/p/a/more"}]),
    "path that is not to be counted": (before("{path: () => null}"), "", []),
    "title as a function": (before("{title: title => title + '!'}"), "", [{"t": "A!"}]),
    "referrer": (before("{referrer: () => 'https://news.example/x'}"), "", [{"r": "https://news.example/x"}]),
    "canonical": ('<link rel="canonical" href="/p/b/">' + tag(), "", [{"p": "/p/b/"}]),
    "canonical of another host": (
        '<link rel="canonical" href="https://other.example/p/b/">' + tag(),
        "",
        [{"p": "/p/a/"}],
    ),
    "settings that cannot be read": (tag('{"path": '), "", [HOME]),
    "count with values": (
        tag('{"no_onload": true}'),
        "goatcounter.count({path: 'signup', title: 'Sign up', event: true})",
        [{"p": "signup", "t": "Sign up", "e": "true"}],
    ),
    "a click": (
        tag() + '<button data-goatcounter-click="buy" data-goatcounter-title="Buy it">B</button>',
        "document.querySelector('button').click()",
        [HOME, {"p": "buy", "t": "Buy it", "e": "true"}],
    ),
    "a click by the element's name": (
        tag() + '<button id="order" title="Order">B</button>'.replace("id=", "data-goatcounter-click id="),
        "document.querySelector('button').click()",
        [HOME, {"p": "order", "t": "Order", "e": "true"}],
    ),
    "no_events": (
        tag('{"no_events": true}') + '<button data-goatcounter-click="buy">B</button>',
        "document.querySelector('button').click()",
        [HOME],
    ),
    "bind_events for what came later": (
        tag(),
        "document.body.insertAdjacentHTML('beforeend', '<i data-goatcounter-click=\"later\">x</i>');"
        "goatcounter.bind_events(); goatcounter.bind_events();"
        "document.querySelector('i[data-goatcounter-click]').click()",
        [HOME, {"p": "later", "e": "true"}],
    ),
    "opted out": (tag(), "localStorage.skipgc = 't'; goatcounter.count()", [HOME]),
    "a filter says why": (
        tag(),
        "localStorage.skipgc = 't'; document.title = goatcounter.filter();"
        " delete localStorage.skipgc; goatcounter.count()",
        [HOME, {"t": "disabled with #toggle-goatcounter"}],
    ),
    "its own address": (tag(), "fetch(goatcounter.url({path: '/by-hand'}))", [HOME, {"p": "/by-hand"}]),
    "get_query": (
        tag(),
        "goatcounter.count({path: '/q/' + goatcounter.get_query('utm')})",
        [{"p": "/p/a/?utm=x"}, {"p": "/q/x"}],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_setting_does_what_it_says(blog: Blog, page: Page, name: str) -> None:
    markup, act, expected = CASES[name]
    seen: list[dict[str, str]] = []

    def note(request: Any) -> None:
        url = urlsplit(request.url)
        if url.path == "/count":
            seen.append({key: values[0] for key, values in parse_qs(url.query).items()})

    page.on("request", note)
    blog.files["/p/a/"] = "theme.html"
    blog.words = {"markup": markup}
    page.goto(blog.url("/p/a/?utm=x") if "query" in name else blog.url("/p/a/"))
    page.wait_for_function("!!(window.goatcounter && goatcounter.count)")
    # The page counts itself when it is ready, which may be after the script is there.
    wanted = 1 if expected and expected[0].get("p", "/p/a/") != "signup" and "then" not in name else 0
    while len(seen) < wanted:
        page.wait_for_event("request", predicate=lambda request: "/count?" in request.url)
    page.evaluate(f"() => {{ {act} }}")
    with page.expect_response(lambda answer: "sentinel" in answer.url):
        page.evaluate(
            "() => { fetch(goatcounter.endpoint || document.querySelector('[data-goatcounter]')"
            ".dataset.goatcounter.replace(/$/, '?p=/sentinel&rnd=1'), {mode: 'no-cors'}) }"
        )
    found = [one for one in seen if one["p"] != "/sentinel"]
    assert len(found) == len(expected)
    for one, want in zip(found, expected, strict=True):
        assert {key: one.get(key, "") for key in want} == want


@pytest.mark.parametrize(("kind", "element"), [("html", "iframe"), ("svg", "img"), ("png", "img")])
def test_a_card_shows_the_page_s_number(blog: Blog, page: Page, kind: str, element: str) -> None:
    blog.files["/p/a/"] = "theme.html"
    blog.words = {"markup": f'<div id="stats"></div>{tag()}'}
    for _ in range(2):
        with page.expect_response(lambda answer: "/count?" in answer.url):
            page.goto(blog.url("/p/a/"))
    card = f"{{append: '#stats', type: '{kind}', no_branding: true, attr: {{width: '150'}}}}"
    with page.expect_response(lambda answer: "/counter/" in answer.url) as answer:
        page.evaluate(f"() => goatcounter.visit_count({card})")
    assert answer.value.status == 200
    shown = page.locator(f"#stats {element}.goatcounter-visits")
    expect(shown).to_have_attribute("width", "150")
    if kind == "html":
        expect(page.frame_locator("#stats iframe").locator("body")).to_contain_text("2")
