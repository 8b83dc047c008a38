"""The forms of a number: figures, formats, escaping, caching, and that to show is not to write."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from base64 import b64encode
from collections.abc import Mapping
from itertools import groupby
from urllib.parse import quote

import pytest
from PIL import Image
from starlette.testclient import TestClient

from analytics.forms.badge import SPACING, STYLES
from analytics.forms.colours import luminance, text_on
from analytics.forms.digits import SETS, draw_digits, pad_digits, say_count
from analytics.forms.logos import LOGOS
from analytics.forms.numbers import write_number
from analytics.forms.picture import Box, Picture, Text
from analytics.forms.png import draw_png
from analytics.forms.svg import draw_svg
from analytics.forms.widths import text_width
from analytics.instance import Instance
from analytics.store.reads import PAGE_SERIES
from analytics.web.app import create_app
from analytics.web.forms import FormEndpoint

from .conftest import FIREFOX, Clock, add_site
from .test_counters import dump

ADDRESSES = sorted(address for address in FormEndpoint.addresses() if not address.startswith("/chart/online"))
SVG_ADDRESSES = [address for address in ADDRESSES if address.endswith(".svg")]
HOSTILE = "\"'><script>alert(1)</script><foreignObject onload=x>&\x00\x1b"


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def view(client: TestClient, path: str, times: int = 1, *, people: int = 1) -> None:
    for number in range(people):
        for _ in range(times):
            answer = client.post(
                "/api/event",
                json={"u": f"https://example.com{path}"},
                headers={"user-agent": f"{FIREFOX} Person/{number}"},
            )
            assert (answer.status_code, answer.headers.get("x-pagetally")) == (202, None)


@pytest.mark.parametrize(
    ("value", "form", "locale", "text"),
    [
        (0, "grouped", "", "0"),
        (0, "compact", "", "0"),
        (0, "raw", "", "0"),
        (965_774, "raw", "de", "965774"),
        (965_774, "grouped", "", "965,774"),
        (965_774, "grouped", "de", "965.774"),
        (965_774, "grouped", "de-CH", "965'774"),
        (965_774, "grouped", "de_CH", "965'774"),
        (965_774, "grouped", "fr-CA", "965\u00a0774"),
        (965_774, "grouped", "sv-SE", "965\u00a0774"),
        (965_774, "grouped", "xx", "965,774"),
        (9_657, "grouped", "es", "9657"),
        (9_657, "grouped", "de", "9.657"),
        (12_345_678, "grouped", "hi", "1,23,45,678"),
        (10_000_005, "grouped", "en-IN", "1,00,00,005"),
        (999, "compact", "", "999"),
        (1_000, "compact", "", "1K"),
        (1_049, "compact", "", "1K"),
        (1_050, "compact", "", "1.1K"),
        (1_234, "compact", "de", "1234"),
        (12_345, "compact", "de", "12.345"),
        (1_234_567, "compact", "de", "1,2\u00a0Mio."),
        (965_774, "compact", "fr", "966\u00a0k"),
        (1_250_000_000, "compact", "es", "1250\u00a0M"),
        (9_949, "compact", "ko", "9.9천"),
        (9_950, "compact", "", "10K"),
        (12_345, "compact", "", "12K"),
        (999_499, "compact", "", "999K"),
        (999_500, "compact", "", "1M"),
        (999_950, "compact", "", "1M"),
        (999_999_999, "compact", "", "1B"),
        (965_774, "compact", "zh-CN", "97万"),
        (965_774, "compact", "zh-TW", "97萬"),
        (9_999, "compact", "ja", "9999"),
        (99_999_999, "compact", "zh", "1亿"),
    ],
)
def test_numbers_are_written_as_the_reader_does(value: int, form: str, locale: str, text: str) -> None:
    assert write_number(value, form, locale) == text


def message(client: TestClient, metric: str, query: str) -> str:
    """The number as all the forms show it, which must agree."""
    shield = client.get(f"/badge/{metric}.json?{query}").json()["message"]
    svg = client.get(f"/badge/{metric}.svg?{query}").text
    assert re.findall(r"<text[^>]*>([^<]*)</text>", svg)[-1] == shield
    assert f">{shield}</strong>" in client.get(f"/card/{metric}?{query}").text
    assert client.get(f"/text/{metric}?{query}").text == shield
    return str(shield)


FIGURES = {
    ("page-views", "path=/a"): "6",
    ("pv", "path=/a/index.html"): "6",
    ("page_pv", "path=https://example.com/a%3Futm_source=x"): "6",
    ("page-visitors", "path=/a"): "3",
    ("site-views", ""): "10",
    ("site_uv", ""): "4",
    ("today_pv", ""): "10",
    ("site-views", "period=7d&site=www.example.com"): "10",
    ("site-views", "period=yesterday"): "0",
    ("page-views", "path=/a&period=yesterday"): "0",
    ("site-views", "period=since:2030-01-01"): "0",
    ("page-views", "path=/a&period=since:2025-01-01"): "6",
    ("online", ""): "4",
}


def test_every_form_shows_the_same_number_before_and_after_fold_and_rollup(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    view(client, "/a", 2, people=3)
    view(client, "/b", 1, people=4)

    def look() -> dict[tuple[str, str], str]:
        return {asked: message(client, *asked) for asked in FIGURES}

    def look_at_charts() -> list[str]:
        asked = (
            "/chart/site-views.svg",
            "/chart/page-views.svg?path=/a&days=365",
            "/chart/page_uv.svg?path=/a",
        )
        return [client.get(address).text for address in asked]

    assert look() == FIGURES
    charts = look_at_charts()
    assert [re.findall(r"<title>(.*?)</title>", chart)[0] for chart in charts] == [
        "site views, 30 days: 10",
        "page views, 365 days: 6",
        "page visitors, 30 days: 3",
    ]
    instance.fold()
    assert look() == FIGURES
    assert look_at_charts() == charts
    clock.now += 2 * 86_400
    before = look_at_charts()
    assert before != charts
    assert instance.rollup() == 1
    assert look_at_charts() == before
    clock.now += 40 * 86_400
    year = client.get("/chart/page-views.svg?path=/a&days=365").text
    assert instance.rollup() == 1
    assert client.get("/chart/page-views.svg?path=/a&days=365").text == year
    assert ": 6</title>" in year
    assert message(client, "site-views", "") == "10"
    assert message(client, "today_pv", "") == "0"


def test_what_is_not_known_says_so(client: TestClient, instance: Instance) -> None:
    view(client, "/a")
    for query in ("path=/never", "path=/a&site=unknown.example"):
        shield = client.get(f"/badge/page-views.json?{query}&label=reads").json()
        assert shield == {"schemaVersion": 1, "label": "reads", "message": "unknown", "isError": True}
        svg = client.get(f"/badge/page-views.svg?{query}")
        assert (svg.status_code, "page views: unknown" in svg.text) == (200, True)
        assert client.get(f"/text/page-views?{query}").text == "0"
        assert client.get(f"/digits/page-views.svg?{query}").status_code == 200
        assert client.get(f"/chart/page-views.svg?{query}").status_code == 200
        assert ">unknown</strong>" in client.get(f"/card/page-views?{query}").text
    add_site(instance, "other.example")
    assert client.get("/badge/site-views.svg").json()["field"] == "site"


def test_few_online_are_a_dash(client: TestClient) -> None:
    view(client, "/a", people=2)
    assert message(client, "online", "") == "–"
    svg = client.get("/badge/online.svg").text
    assert 'aria-label="online now: fewer than 3"' in svg
    view(client, "/a", people=3)
    assert message(client, "online", "") == "3"


def test_a_badge_says_the_exact_number_and_its_period(client: TestClient, instance: Instance) -> None:
    view(client, "/a")
    instance.write(
        lambda store: store._connection.execute("INSERT INTO site_offset VALUES (1, 999949, 0)") and None
    )
    svg = client.get("/badge/site-views.svg?format=compact").text
    assert 'role="img" aria-label="site views: 999,950"><title>site views: 999,950</title>' in svg
    assert ">1M</text>" in svg
    assert client.get("/badge/site-views.json?period=7d").json()["label"] == "site views, 7 days"
    assert client.get("/badge/site_uv.json?period=today").json()["label"] == "site visitors today"
    assert client.get("/badge/today_uv.json").json()["label"] == "site visitors today"
    assert client.get("/badge/site-views.json?label=").json()["label"] == ""


VIEWS_RU = "{n} просмотр|{n} просмотра|{n} просмотров"
LABELS = [
    ("{n} view|{n} views", "", 1, ("", "1 view"), "1 view"),
    ("{n} view|{n} views", "", 1_500, ("", "1,500 views"), "1,500 views"),
    ("{n} view|{n} views", "format=compact", 1_500, ("", "1.5K views"), "1,500 views"),
    ("{n} vue|{n} vues", "locale=fr", 0, ("", "0 vue"), "0 vue"),
    (
        "{n} Aufruf|{n} Aufrufe",
        "locale=de&format=compact",
        1_500_000,
        ("", "1,5\u00a0Mio. Aufrufe"),
        "1.500.000 Aufrufe",
    ),
    (VIEWS_RU, "locale=ru", 21, ("", "21 просмотр"), "21 просмотр"),
    (VIEWS_RU, "locale=ru-RU", 3, ("", "3 просмотра"), "3 просмотра"),
    (VIEWS_RU, "locale=ru", 11, ("", "11 просмотров"), "11 просмотров"),
    ("{n} view|{n} views", "locale=zh", 5, ("", "5 views"), "5 views"),
    ("read {n} times", "", 1, ("read", "1 times"), "read 1 times"),
    ("read once ({n})|read {n} times", "", 3, ("read", "3 times"), "read 3 times"),
    ("view|views", "", 1, ("view", "1"), "view 1"),
    ("view|views", "", 2, ("views", "2"), "views 2"),
    ("|{n} views", "", 1, ("", "1 views"), "1 views"),
    ("views", "", 7, ("views", "7"), "views: 7"),
]


@pytest.mark.parametrize(("label", "query", "views", "told", "title"), LABELS)
def test_a_label_has_a_form_for_each_plural(
    client: TestClient,
    instance: Instance,
    label: str,
    query: str,
    views: int,
    told: tuple[str, str],
    title: str,
) -> None:
    sql = f"INSERT INTO site_offset VALUES (1, {views}, 0)"
    instance.write(lambda store: store._connection.execute(sql) and None)

    def ask(form: str) -> str:
        return client.get(f"/{form}?{query}&label={quote(label)}").text

    shield = json.loads(ask("badge/site-views.json"))
    assert (shield["label"], shield["message"]) == told
    badge = ET.fromstring(ask("badge/site-views.svg"))
    shown = [element.text for element in badge.iter() if element.tag.endswith("text")]
    assert list(dict.fromkeys(shown)) == [text for text in told if text]
    assert badge.attrib["aria-label"] == title
    card = ask("card/site-views")
    assert re.findall('<p class="w">(.*?)</p>', card) == [told[0]] * bool(told[0])
    (number,) = re.findall("<strong[^>]*>(.*?)</strong>", card)
    assert number.replace("<small>", "").replace("</small>", "") == told[1]
    assert f'<strong title="{title}">' in card


def test_a_label_without_a_number_is_our_own(client: TestClient) -> None:
    template = {"label": "{n} reader|{n} readers", "path": "/never"}
    shield = client.get("/badge/page-views.json", params=template).json()
    assert (shield["label"], shield["message"]) == ("page views", "unknown")
    view(client, "/a")
    shield = client.get("/badge/online.json", params=template).json()
    assert (shield["label"], shield["message"]) == ("", "– readers")
    assert 'aria-label="fewer than 3 readers"' in client.get("/badge/online.svg", params=template).text


def test_a_small_number_can_be_hidden(client: TestClient) -> None:
    view(client, "/a", 9)
    shown, hidden = "site-views", "min=10"
    assert "9" in message(client, shown, "min=9")
    assert client.get(f"/text/{shown}?{hidden}").text == ""
    assert "<strong" not in client.get(f"/card/{shown}?{hidden}").text
    assert client.get(f"/badge/{shown}.json?{hidden}").json()["message"] == "–"
    for form in ("badge", "digits", "chart"):
        assert 'width="1" height="1"' in client.get(f"/{form}/{shown}.svg?{hidden}").text
        png = Image.open(io.BytesIO(client.get(f"/{form}/{shown}.png?{hidden}").content))
        assert (png.size, png.getpixel((0, 0))) == ((1, 1), (0, 0, 0, 0))


@pytest.mark.parametrize("address", ADDRESSES)
def test_each_address_answers_and_may_be_kept_for_a_minute(client: TestClient, address: str) -> None:
    view(client, "/a")
    answer = client.get(f"{address}?path=/a")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=60, stale-while-revalidate=600"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    known = client.get(f"{address}?path=/a", headers={"if-none-match": f'"x", W/{answer.headers["etag"]}'})
    assert (known.status_code, known.content) == (304, b"")
    view(client, "/a", people=2)
    if "online" not in address and not address.endswith("uv"):
        again = client.get(f"{address}?path=/a", headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 200


SHAPES = {
    "svg",
    "rect",
    "path",
    "text",
    "title",
    "g",
    "defs",
    "clipPath",
    "linearGradient",
    "stop",
    "style",
    "image",
}
LOGO = "data:image/png;base64," + b64encode(b"\x89PNG").decode()


@pytest.mark.parametrize("address", SVG_ADDRESSES)
@pytest.mark.parametrize("more", [{}, {"logo": LOGO, "style": "social"}, {"theme": "dark", "label": ""}])
def test_an_svg_holds_nothing_that_runs(client: TestClient, address: str, more: Mapping[str, str]) -> None:
    view(client, "/a")
    query = {"path": "/a", "label": HOSTILE, **more}
    if not address.startswith("/badge"):
        query.pop("style", None)
    answer = client.get(address, params=query)
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    root = ET.fromstring(answer.text)
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in SHAPES
        assert not [name for name in element.attrib if name.startswith("on") or ("href" in name and not more)]
    if "label" not in more and not address.startswith("/digits"):
        texts = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
        assert "".join(HOSTILE.split("\x00")).removesuffix("\x1b") in texts


def test_a_card_may_be_framed_and_runs_nothing(client: TestClient) -> None:
    view(client, "/a")
    answer = client.get("/card/page-views", params={"path": "/a", "label": HOSTILE})
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors *" in policy
    assert "unsafe" not in policy
    assert "x-frame-options" not in answer.headers
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    # No other page of ours may be.
    assert client.get("/login").headers["x-frame-options"] == "DENY"


SCRIPT_LOGO = "data:image/svg+xml;base64," + b64encode(b"<svg><script>alert(1)</script></svg>").decode()
HANDLER_LOGO = "data:image/svg+xml;base64," + b64encode(b"<svg onload=alert(1)/>").decode()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"label": "x" * 81}, "label"),
        ({"label": "x|" + "y" * 81}, "label"),
        ({"label": "x|" * 6}, "label"),
        ({"color": 'red" onload="x'}, "color"),
        ({"color": "12"}, "color"),
        ({"label-color": "url(x)"}, "label-color"),
        ({"labelColor": "zzz"}, "label-color"),
        ({"style": "none"}, "style"),
        ({"theme": "pink"}, "theme"),
        ({"format": "short"}, "format"),
        ({"locale": "d<e"}, "locale"),
        ({"period": "1h"}, "period"),
        ({"period": "1h", "site": "unknown.example"}, "period"),
        ({"path": ""}, "path"),
        ({"path": "x" * 2_001}, "path"),
        ({"label": "{n} of {n} views"}, "label"),
        ({"min": "-1"}, "min"),
        ({"min": "²"}, "min"),
        ({"width": "9" * 30}, "width"),
        ({"height": "1e3"}, "height"),
        ({"scale": "4"}, "scale"),
        ({"digits": "0"}, "digits"),
        ({"days": "31"}, "days"),
        ({"logo": "nobody"}, "logo"),
        ({"logo": "javascript:alert(1)"}, "logo"),
        ({"logo": "https://evil.example/x.png"}, "logo"),
        ({"logo": 'data:image/png;base64,AAAA" onload="x'}, "logo"),
        ({"logo": "data:image/png;base64,A"}, "logo"),
        ({"logo": "data:text/html;base64,AAAA"}, "logo"),
        ({"logo": "data:image/png;base64," + "A" * 8_000}, "logo"),
        ({"logo": SCRIPT_LOGO}, "logo"),
        ({"logo": HANDLER_LOGO}, "logo"),
        ({f"a{number}": "1" for number in range(300)}, "query"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    client: TestClient, query: dict[str, str], field: str
) -> None:
    answer = client.get("/badge/page-views.svg", params={"path": "/a", **query})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "address",
    [
        "/badge/nothing.svg",
        "/badge/site-views",
        "/badge/site-views.gif",
        "/badge/site-views.svg/x",
        "/badge/",
        "/text/site-views.svg",
        "/card/",
        "/chart/online.svg",
        "/digits/site-views.json",
    ],
)
def test_an_unknown_address_is_404_for_every_page_to_read(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, "error" in answer.json()) == (404, True)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_only_reading_is_answered(client: TestClient) -> None:
    assert client.post("/badge/site-views.svg").status_code == 405
    assert client.options("/badge/site-views.svg").headers["access-control-allow-origin"] == "*"
    head = client.head("/badge/site-views.svg")
    assert head.status_code == 200


def test_showing_writes_nothing(client: TestClient, instance: Instance) -> None:
    view(client, "/a")
    before = dump(instance)
    for address in ADDRESSES:
        for number in range(5):
            client.get(address, params={"path": f"/random/{number}", "site": "example.com"})
            client.get(address, params={"path": "/a", "site": f"unknown{number}.example"})
    assert dump(instance) == before


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("logo", ["", *LOGOS])
def test_the_png_is_as_large_as_the_svg(client: TestClient, style: str, logo: str) -> None:
    view(client, "/a")
    query = f"style={style}&logo={logo}"
    svg = ET.fromstring(client.get(f"/badge/site-views.svg?{query}").text)
    size = (int(svg.attrib["width"]), int(svg.attrib["height"]))
    for scale in (1, 2):
        png = Image.open(io.BytesIO(client.get(f"/badge/site-views.png?{query}&scale={scale}").content))
        assert png.size == (size[0] * scale, size[1] * scale)
        colours = png.convert("RGB").getcolors(100_000)
        assert colours is not None
        assert len(colours) > 8  # it has letters, not a plain box


def test_a_logo_of_ones_own_is_for_svg(client: TestClient) -> None:
    assert LOGO in client.get("/badge/site-views.svg", params={"logo": LOGO}).text
    assert client.get("/badge/site-views.png", params={"logo": LOGO}).json()["field"] == "logo"


@pytest.mark.parametrize("digits", SETS)
def test_every_digit_looks_different(digits: str) -> None:
    shapes = {repr(draw_digits(char, "", digits).shapes) for char in "0123456789-"}
    assert len(shapes) == 11


def test_a_png_has_an_end(client: TestClient) -> None:
    large = "width=1200&height=400"
    assert client.get(f"/chart/site-views.png?{large}&scale=1").status_code == 200
    assert client.get(f"/chart/site-views.png?{large}&scale=3").json()["field"] == "scale"


def test_digits_are_padded_and_sized(client: TestClient) -> None:
    assert [pad_digits(7, 6), pad_digits(1_234_567, 6), pad_digits(None, 1)] == ["000007", "1234567", "---"]
    svg = ET.fromstring(client.get("/digits/site-views.svg?digits=4&width=176").text)
    assert (svg.attrib["width"], svg.attrib["height"]) == ("176", "64")


def test_the_theme_follows_the_reader(client: TestClient) -> None:
    assert "prefers-color-scheme:dark" in client.get("/badge/site-views.svg").text
    light, dark = (client.get(f"/chart/site-views.svg?theme={theme}").text for theme in ("light", "dark"))
    assert "prefers-color-scheme" not in light + dark
    assert light != dark


@pytest.mark.parametrize(
    "colour", ["#ffffff", "#ffe08a", "#000000", "#0a7358", "#3fb911", "#cfa60c", "#9aa0a4"]
)
def test_text_on_a_colour_can_be_read(colour: str) -> None:
    ink = text_on(colour)
    assert isinstance(ink, str)
    bright, dim = sorted((luminance(ink) + 0.05, luminance(colour) + 0.05), reverse=True)
    assert bright / dim >= 3


def test_the_chart_of_a_page_looks_at_no_other_page(instance: Instance) -> None:
    place = {"site": 1, "path": "/a", "first": 0, "last": 365}
    plan = [row[3] for row in instance.reader._connection.execute(f"EXPLAIN QUERY PLAN {PAGE_SERIES}", place)]
    for table in ("page_day", "page_visitor"):
        (search,) = [step for step in plan if step.startswith(f"SEARCH {table} ")]
        assert "(site=? AND day=? AND path=?)" in search


@pytest.mark.parametrize(
    ("text", "size", "is_bold", "is_spaced", "least"),
    [("HNHNHN", 10, False, True, 2.4), ("965774", 10, True, True, 1.5), ("nmnmnm", 11, True, False, 1.5)],
)
def test_bold_and_spaced_letters_of_a_png_stand_apart(
    text: str, size: int, is_bold: bool, is_spaced: bool, least: float
) -> None:
    wanted = text_width(text, size, bold=is_bold) + (SPACING * len(text) if is_spaced else 0)
    width, fine = round(wanted) + 20, 4
    letters = Text(width / 2, 20, text, size, "#000000", wanted, is_bold, is_spaced)
    drawn = draw_png(Picture(width, 30, "", [Box(0, 0, width, 30, "#ffffff"), letters]), scale=fine)
    image = Image.open(io.BytesIO(drawn)).convert("L")
    columns = [image.crop((x, 0, x + 1, image.height)).getextrema()[0] for x in range(image.width)]
    runs = [(is_ink, len(list(run)) / fine) for is_ink, run in groupby(value < 128 for value in columns)]  # type: ignore[operator]
    # What is left and right of the text is no gap.
    gaps = [wide for is_ink, wide in runs[1:-1] if not is_ink]
    assert len(gaps) == len(text) - 1
    assert min(gaps) >= least
    assert sum(wide for _, wide in runs[1:-1]) >= 0.9 * wanted


@pytest.mark.parametrize(("number", "said"), [(1, "counter: 1"), (123_456_789, "counter: 123,456,789")])
def test_digits_say_the_exact_number(number: int, said: str) -> None:
    assert f"<title>{said}</title>" in draw_svg(draw_digits(f"{number:010}", say_count(number), "dots"))


@pytest.mark.parametrize("address", ["/@name?padding=7", "/counter/counter.php?page=1&nbdigits=7"])
def test_digits_of_foreign_counters_say_the_exact_number(instance: Instance, address: str) -> None:
    add_site(instance, "digits.example", foreign_ids=("moe:name", "hitwebcounter:1"))
    client = TestClient(create_app(instance), headers={"user-agent": FIREFOX})
    assert "<title>counter: 1</title>" in client.get(address).text
