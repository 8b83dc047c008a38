"""A site's summary page: every view has an address, filters hold for every number on it, lists as CSV."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import StringIO

import pytest
from jinja2 import Environment
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.commands import SaveSite, perform
from analytics.counts import revive
from analytics.days import local_day
from analytics.instance import Instance
from analytics.model import Campaign, Client, Hit, Kind, Place
from analytics.periods import BY_NAME
from analytics.web.pages import compile_templates

from .conftest import NOON, Clock
from .test_migrate import owner  # noqa: F401

TODAY = local_day("UTC", NOON)
PLAN = '{"plan":"pro","seats":3}'
FIREFOX, SAFARI = (
    Client("Firefox", "140", "Windows", "11", "desktop", "1440+"),
    Client("Safari", device="mobile"),
)
BERLIN, PARIS = (
    Place("DE", "DE-BE", "Berlin", "AS1 Net", "de"),
    Place("FR", "FR-75", "Paris", "AS2 Net", "fr"),
)


def hit(visitor: int, path: str, second: int = 0, day: int = TODAY) -> Hit:
    return Hit(1, day, day * 86_400 + second, visitor, Kind.VIEW, "", path, "", f"On {path}", None, None)


@pytest.fixture
def page(instance: Instance, owner: TestClient) -> TestClient:  # noqa: F811
    """Two visitors from Berlin, one from Paris who was there the day before as well."""
    letter = Campaign("letter", "email", "may")
    hits = [
        replace(hit(1, "/a"), client=FIREFOX, place=BERLIN, source="news.example"),
        replace(hit(1, "/b", 60), client=FIREFOX, place=BERLIN),
        replace(hit(1, "/b", 60), client=FIREFOX, place=BERLIN, kind=Kind.EVENT, name="Signup", detail=PLAN),
        replace(hit(2, "/a", 5), client=SAFARI, place=BERLIN, campaign=letter),
        replace(hit(3, "/a", 7_300), client=SAFARI, place=PARIS),
        replace(hit(3, "/=sum(1)", 9, TODAY - 1), client=SAFARI, place=PARIS),
    ]
    instance.write(lambda store: store.write(hits))
    return owner


def figures(client: TestClient, query: str) -> list[str]:
    """Views, visitors, visits, views a visit, bounce rate, duration."""
    return re.findall(r'<span class="value">([^<]+)', client.get(f"/sites/example.com?{query}").text)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("period=today", ["4", "3", "3", "1.3", "67%", "20s"]),
        ("", ["5", "4", "4", "1.2", "75%", "15s"]),
        ("f=city:is:Berlin", ["3", "2", "2", "1.5", "50%", "30s"]),
        ("f=country:is_not:DE", ["2", "2", "2", "1.0", "100%", "0s"]),
        ("f=page:is:/b", ["1", "1", "1", "1.0", "0%", "1m 00s"]),
        ("f=event:is:Signup", ["0", "1", "1", "0.0", "0%", "1m 00s"]),
        ("f=browser:is:Firefox&f=country:is:FR", ["0", "0", "0", "–", "–", "–"]),
        ("f=browser:is:Firefox&f=country:is:FR&any=1", ["4", "3", "3", "1.3", "67%", "20s"]),
        ("f=utm_campaign:is:may", ["1", "1", "1", "1.0", "100%", "0s"]),
        ("what=page&how=contains&value=sum", ["1", "1", "1", "1.0", "100%", "0s"]),
        ("from=2025-11-24&to=2025-11-24", ["1", "1", "1", "1.0", "100%", "0s"]),
        ("period=yesterday", ["1", "1", "1", "1.0", "100%", "0s"]),
    ],
)
def test_a_filter_holds_for_every_figure(page: TestClient, query: str, expected: list[str]) -> None:
    assert figures(page, query) == expected


@pytest.mark.parametrize(
    ("tab", "card", "rows"),
    [
        ("places:city", "places", [("Berlin", "2", "2"), ("Paris", "1", "1")]),
        ("devices:browser", "devices", [("Safari", "2", "2"), ("Firefox", "1", "1")]),
        ("pages:entry", "pages", [("On /a", "3", "3")]),
        ("pages:exit", "pages", [("On /a", "2", "2"), ("On /b", "1", "1")]),
        ("sources:referrer", "sources", [("Direct or unknown", "2", "2"), ("news.example", "1", "1")]),
        ("campaigns:utm_source", "campaigns", [("letter", "1", "1")]),
        ("", "events", [("Signup", "1", "1")]),
    ],
)
def test_a_card_shows_the_list_that_was_chosen(
    page: TestClient, tab: str, card: str, rows: list[tuple[str, str, str]]
) -> None:
    text = page.get(f"/sites/example.com?period=today&compare=none{f'&tab={tab}' if tab else ''}").text
    section = text.partition(f'id="card-{card}"')[2].partition("</section>")[0]
    found = re.findall(
        r'<bdi class="name[^"]*">([^<]*)</bdi>.*?<td class="n">([^<]*)</td>\s*<td class="n">([^<]*)</td>',
        section,
        re.S,
    )
    assert found == rows


def test_visits_without_a_campaign_are_named_below_the_others(page: TestClient) -> None:
    text = page.get("/sites/example.com?period=today&tab=campaigns:utm_source").text
    card = text.partition('id="card-campaigns"')[2].partition("</section>")[0]
    (link,) = re.findall(r'<a href="([^"]+)">2 visits without one \(67%\)</a>', card)
    assert figures(page, link.replace("&amp;", "&").partition("?")[2])[2] == "2"
    # The bar of the longest one fills its row.
    assert re.findall(r'<rect width="([^"]+)"', card) == ["100.00%"]


def test_what_a_row_links_to_shows_the_same_number(page: TestClient) -> None:
    text = page.get("/sites/example.com?tab=places:city").text
    (link,) = re.findall(r'<a class="pick" href="([^"]+)"[^>]*><bdi class="name">Berlin<', text)
    assert "f=city:is:Berlin" in link
    chosen = page.get(link.replace("&amp;", "&")).text
    assert re.findall(r'<span class="value">([^<]+)', chosen)[1] == "2"
    assert re.search(r'<a class="chip" href="/sites/example.com\?tab=places:city"', chosen)


def test_properties_of_events_are_listed_and_filtered_by(page: TestClient) -> None:
    text = page.get("/sites/example.com?tab=events:property").text
    card = text.partition('id="card-events"')[2].partition("</section>")[0]
    rows = re.findall(r'href="([^"]+)"[^>]*><bdi class="name">([^<]*)<', card)
    assert [name for _, name in rows] == ["plan: pro", "seats: 3"]
    chosen = page.get(rows[0][0].replace("&amp;", "&")).text
    assert re.search(r"<span>plan is</span> <b>pro</b>", chosen)
    assert figures(page, "f=prop.plan:is:pro")[1] == "1"
    assert figures(page, "f=prop.plan:is:free")[1] == "0"
    answer = page.get("/sites/example.com/list.csv?list=prop.plan")
    assert answer.text.splitlines() == ["prop.plan,visitors,visits,events", "pro,1,1,1"]


def test_of_a_page_it_says_how_it_was_looked_at(page: TestClient, instance: Instance) -> None:
    stays = [(2, '{"e":65,"sd":50}'), (3, '{"e":2,"sd":10}'), (3, '{"e":3,"sd":70}')]
    hits = [
        replace(hit(visitor, "/a", 7_310 + at), kind=Kind.ENGAGEMENT, detail=detail)
        for at, (visitor, detail) in enumerate(stays)
    ]
    instance.write(lambda store: store.write(hits))
    assert figures(page, "f=page:is:/a")[6:] == ["35s", "60%"]
    assert figures(page, "f=page:is:/b")[6:] == []
    assert figures(page, "")[6:] == []


def test_a_list_as_csv_is_whole_and_no_formula(page: TestClient) -> None:
    answer = page.get("/sites/example.com/list.csv?list=page&f=country:is:FR")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="example.com-page.csv"'
    rows = list(csv.reader(StringIO(answer.text)))
    assert rows == [
        ["page", "title", "visitors", "views"],
        ["/=sum(1)", "On /=sum(1)", "1", "1"],
        ["/a", "On /a", "1", "1"],
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "list=page",
            ["page,title,visitors,views", "/a,On /a,3,3", "/b,On /b,1,1", "/=sum(1),On /=sum(1),1,1"],
        ),
        ("list=page&f=event:is:Signup", ["page,title,visitors,events", "/b,On /b,1,1"]),
        ("list=title&f=event:is:Signup", ["title,visitors,events", "On /b,1,1"]),
        ("list=event", ["event,visitors,visits,events", "Signup,1,1,1"]),
        ("list=property", ["property,visitors,visits,events", "plan=pro,1,1,1", "seats=3,1,1,1"]),
        (
            "list=city",
            ["city,visitors,visits,views,bounces,duration", "Berlin,2,2,3,1,60", "Paris,2,2,2,2,0"],
        ),
        ("list=hour&period=yesterday", ["hour,visitors,visits,views", "2025-11-24 00:00,1,1,1"]),
    ],
)
def test_a_list_has_the_columns_that_mean_something(
    page: TestClient, query: str, expected: list[str]
) -> None:
    assert page.get(f"/sites/example.com/list.csv?{query}").text.splitlines() == expected


def test_a_list_as_csv_gives_its_words_back(page: TestClient, instance: Instance) -> None:
    names = ["=1+1", "'=1+1", "''=1+1", "-5", "'quoted'", "\tx", "@a", "+1", "plain"]
    hits = [replace(hit(10 + n, "/c"), campaign=Campaign(name=name)) for n, name in enumerate(names)]
    instance.write(lambda store: store.write(hits))
    text = page.get("/sites/example.com/list.csv?list=utm_campaign&f=page:is:/c").text
    rows = list(csv.reader(StringIO(text)))[1:]
    assert not [cell for cell, *_ in rows if cell.startswith(("=", "-", "+", "@", "\t"))]
    assert sorted(revive(cell) for cell, *_ in rows) == sorted(names)


def test_the_page_of_a_sign_up_is_told(page: TestClient) -> None:
    text = page.get("/sites/example.com?f=event:is:Signup").text
    card = text.partition('id="card-pages"')[2].partition("</section>")[0]
    assert re.findall(r'<td class="n">([^<]*)</td>', card) == ["1", "1"]
    assert "On /b" in card
    assert ">Events</th>" in card


@pytest.mark.parametrize(
    ("query", "bars"),
    [
        ("period=today", 13),
        ("period=today&by=minute", 60),
        ("", 30),
        ("by=week", 5),
        ("period=12mo&by=month", 12),
    ],
)
def test_the_chart_by_any_interval(page: TestClient, query: str, bars: int) -> None:
    text = page.get(f"/sites/example.com?{query}").text
    assert text.count('<g class="column') == bars


@pytest.mark.parametrize(
    ("query", "caption", "first", "last", "beside"),
    [
        ("", "11:01 to 12:00", "11:01", "12:00", ["10:01"]),
        ("&at=2025-11-25+02:00", "02:00 to 02:59", "02:00", "02:59", ["01:00", "03:00"]),
        ("&at=2025-11-25+00:30", "00:30 to 01:29", "00:30", "01:29", ["00:00", "01:30"]),
        ("&at=2025-11-25+11:30", "11:30 to 12:00", "11:30", "12:00", ["10:30"]),
        ("&at=2020-01-01+00:00", "00:00 to 00:59", "00:00", "00:59", ["01:00"]),
    ],
)
def test_a_chart_by_minutes_says_which_hour_it_shows(
    page: TestClient, query: str, caption: str, first: str, last: str, beside: list[str]
) -> None:
    text = page.get(f"/sites/example.com?period=today&by=minute{query}").text
    assert f"By minute: Tue 25 Nov 2025, {caption}." in text
    bars = re.findall(r"<title>Tue 25 Nov 2025, (\d\d:\d\d)", text)
    assert (bars[0], bars[-1]) == (first, last)
    hours = text.partition('class="small hours"')[2].partition("</p>")[0]
    assert re.findall(r"at=2025-11-25\+(\d\d:\d\d)", hours) == beside


def test_the_minutes_of_a_past_day_end_with_it(page: TestClient) -> None:
    text = page.get("/sites/example.com?period=yesterday&by=minute").text
    assert "By minute: Mon 24 Nov 2025, 23:00 to 23:59." in text
    assert "25 Nov" not in text.partition('class="bars"')[2].partition("</details>")[0]


def test_today_is_compared_with_yesterday_until_the_same_time(page: TestClient, instance: Instance) -> None:
    late = [hit(51, "/a", second, TODAY - 1) for second in (30, 43_200, 43_259, 43_260, 80_000)]
    older = hit(52, "/a", 5, TODAY - 20)
    instance.write(lambda store: store.write([*late, older]))
    text = page.get("/sites/example.com?period=today").text
    assert "Compared with Mon 24 Nov 2025 until 12:00." in text
    # Of yesterday's six views, one of which another visitor's, two are of 12:01 and later.
    told = re.findall(r"against ([^ ]+) in the period before", text)
    assert told[:3] == ["4", "2", "3"]
    assert figures(page, "period=yesterday")[:3] == ["6", "2", "4"]
    past = page.get("/sites/example.com?from=2025-11-24&to=2025-11-24").text
    assert "until" not in past.partition("<figcaption>")[2].partition("</figcaption>")[0]


def column_before(text: str) -> list[int]:
    """The last column of the chart as a table."""
    table = text.partition('<details class="days">')[2].partition("</table>")[0]
    return [
        int(cells[2]) for row in re.findall(r"<tr>(.*)</tr>", table) if (cells := re.findall(r">(\d+)<", row))
    ]


@pytest.mark.parametrize(
    ("query", "last"),
    [
        ("period=today", "Tue 25 Nov 2025, 12:00 (not complete)"),
        ("period=today&by=minute", "Tue 25 Nov 2025, 12:00 (not complete)"),
        ("period=today&f=page:is:/a", "Tue 25 Nov 2025, 12:00 (not complete)"),
        ("from=2025-11-24&to=2025-11-25&by=hour", "Tue 25 Nov 2025, 12:00 (not complete)"),
        ("period=7d", "Tue 25 Nov 2025 (not complete)"),
    ],
)
def test_bars_are_compared_until_the_moment_that_the_figures_are(
    page: TestClient, instance: Instance, query: str, last: str
) -> None:
    days = (TODAY - 1, TODAY - 2, TODAY - 7)
    late = [hit(51, "/a", at, day) for day in days for at in (42_000, 43_200, 43_259, 43_260, 45_000, 80_000)]
    instance.write(lambda store: store.write([*late, hit(52, "/a", 5, TODAY - 20)]))
    text = page.get(f"/sites/example.com?{query}").text
    figure = int(re.findall(r"against ([^ ]+) in the period before", text)[0])
    assert sum(column_before(text)) == figure - (1 if "minute" in query else 0)
    tip = re.findall(r"<title>([^<]*)</title>", text.partition('class="bars"')[2])
    told = [one for one in tip if "until" in one]
    assert [one.partition("\n")[0] for one in told] == [last]
    assert "Period before, until 12:00: " in told[0]
    assert "The last row ends at 12:00, in the period before as well." in text


@pytest.mark.parametrize(
    ("query", "last"),
    [
        ("from=2025-11-17&to=2025-11-23", ""),
        ("from=2025-11-10&to=2025-11-23&by=week", ""),
        ("from=2025-11-10&to=2025-11-22&by=week", "17–22 Nov 2025 (not complete)"),
        ("from=2025-11-17&to=2025-11-25", "Tue 25 Nov 2025 (not complete)"),
        ("from=2025-11-24&to=2025-11-25&by=week", ""),
    ],
)
def test_only_bars_of_what_is_not_over_are_not_complete(page: TestClient, query: str, last: str) -> None:
    drawing = page.get(f"/sites/example.com?{query}").text.partition('class="bars"')[2]
    assert re.findall(r"<title>([^<\n]*not complete\))", drawing) == ([last] if last else [])


def test_days_to_come_are_left_out_and_compared_with_nothing(page: TestClient, instance: Instance) -> None:
    instance.write(lambda store: store.write([hit(52, "/a", 5, TODAY - ago) for ago in range(60)]))
    tables = []
    for last in "2025-11-25", "2025-12-05":
        text = page.get(f"/sites/example.com?from=2025-11-16&to={last}").text
        assert "Compared with 6–15 Nov 2025 until 12:00." in text
        tables.append(charted(text))
    assert tables[0] == tables[1]
    assert figures(page, "from=2025-12-01&to=2025-12-05")[0] == "0"
    # A clock was ahead.
    instance.write(lambda store: store.write([hit(53, "/a", 5, TODAY + 2)]))
    assert figures(page, "from=2025-11-26&to=2025-12-05")[0] == "1"


@pytest.mark.parametrize(
    ("query", "compared"),
    [
        ("from=2025-02-26&to=2025-03-02", "26 Feb – 1 Mar 2024"),
        ("from=2025-02-26&to=2025-03-02&by=hour", "26 Feb – 1 Mar 2024"),
        ("from=2024-02-26&to=2024-03-02", "26 Feb – 3 Mar 2023"),
        ("from=2024-02-29&to=2024-03-01", "28 Feb – 1 Mar 2023"),
    ],
)
def test_a_year_before_has_as_many_days(
    page: TestClient, instance: Instance, query: str, compared: str
) -> None:
    instance.write(lambda store: store.write([hit(7, "/a", 5, TODAY - ago) for ago in range(1_100)]))
    text = page.get(f"/sites/example.com?{query}&compare=year").text
    assert f"Compared with {compared}." in text
    figure = int(re.findall(r"against ([^ ]+) in the period before", text)[0])
    assert sum(column_before(text)) == figure


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_hours_of_a_day_by_another_time_zone_are_shown(
    page: TestClient, instance: Instance, zone: str
) -> None:
    hits = [
        hit(second % 7, "/a", second, TODAY - ago) for second in range(0, 86_400, 3_600) for ago in (2, 3)
    ]
    instance.write(lambda store: store.write(hits))
    perform(instance, SaveSite(replace(instance.registry.sites[0], timezone=zone)))
    for query in "from=2025-11-23&to=2025-11-23", "from=2025-11-22&to=2025-11-23":
        text = page.get(f"/sites/example.com?{query}&by=hour").text
        assert sum(int(views) for _, views, *_ in charted(text)[1:]) == int(figures(page, query)[0]) >= 24


def test_what_is_over_ends_at_no_time(page: TestClient, instance: Instance) -> None:
    instance.write(lambda store: store.write([hit(52, "/a", 5, TODAY - 20), hit(53, "/a", 7_300, TODAY - 2)]))
    for query in "period=yesterday&by=hour", "period=today&by=minute&at=2025-11-25+02:00":
        assert "The last row ends" not in page.get(f"/sites/example.com?{query}").text


def test_hours_are_compared_and_have_notes(page: TestClient, instance: Instance) -> None:
    instance.write(lambda store: store.write([hit(52, "/a", 5, TODAY - 20), hit(53, "/a", 7_300, TODAY - 1)]))
    for text in "Moved", "Launched":
        page.post("/sites/example.com/keep", data={"keep": "annotation", "date": "2025-11-25", "text": text})
    chart = page.get("/sites/example.com?period=today").text.partition('class="bars"')[2]
    bars, notes = re.findall(r"<title>([^<]*, 0[0-3]:00[^<]*)</title>", chart), chart.count("<circle")
    assert [re.findall("Period before: (.*)", bar) for bar in bars] == [
        ["1 view"],
        ["0 views"],
        ["1 view"],
        ["0 views"],
    ]
    assert notes == 1
    assert "<title>25 Nov 2025: Moved\n25 Nov 2025: Launched</title>" in chart
    assert '<polyline points="' in chart


@pytest.mark.parametrize(
    ("query", "earlier", "later"),
    [
        ("period=today", "?period=yesterday", ""),
        ("period=yesterday", "?from=2025-11-23&amp;to=2025-11-23", "?period=today"),
        ("period=7d", "?from=2025-11-12&amp;to=2025-11-18", ""),
        (
            "from=2025-11-12&to=2025-11-18",
            "?from=2025-11-05&amp;to=2025-11-11",
            "?from=2025-11-19&amp;to=2025-11-25",
        ),
        ("period=month", "?from=2025-10-01&amp;to=2025-10-31", ""),
        (
            "from=2025-11-14&to=2025-11-20",
            "?from=2025-11-07&amp;to=2025-11-13",
            "?from=2025-11-21&amp;to=2025-11-27",
        ),
        ("from=2025-11-21&to=2025-11-27", "?from=2025-11-14&amp;to=2025-11-20", ""),
        (
            "from=2025-10-01&to=2025-10-31",
            "?from=2025-09-01&amp;to=2025-09-30",
            "?from=2025-11-01&amp;to=2025-11-25",
        ),
        ("period=year", "?from=2024-01-01&amp;to=2024-12-31", ""),
        ("period=all", "", ""),
    ],
)
def test_arrows_lead_to_the_days_beside(
    page: TestClient, instance: Instance, query: str, earlier: str, later: str
) -> None:
    instance.write(lambda store: store.write([hit(52, "/a", 5, TODAY - 600)]))
    text = page.get(f"/sites/example.com?{query}").text
    found = dict(re.findall(r'<a class="arrow" href="/sites/example.com([^"]*)" title="(\w+)', text))
    assert {what: link for link, what in found.items()} == {
        what: link for what, link in (("Earlier", earlier), ("Later", later)) if link
    }


@pytest.mark.parametrize(
    ("day", "query", "earlier"),
    [
        ("2025-11-01", "period=today", "?period=yesterday"),
        ("2025-11-01", "period=month", "?from=2025-10-01&amp;to=2025-10-31"),
        ("2025-11-07", "period=7d", "?from=2025-10-25&amp;to=2025-10-31"),
        ("2025-11-30", "", "?from=2025-10-02&amp;to=2025-10-31"),
    ],
)
def test_days_that_begin_with_a_month_have_as_many_before_them(
    page: TestClient, instance: Instance, clock: Clock, day: str, query: str, earlier: str
) -> None:
    instance.write(lambda store: store.write([hit(52, "/a", 5, TODAY - 600)]))
    clock.now = (date.fromisoformat(day) - date(1970, 1, 1)).days * 86_400 + 60
    text = page.get(f"/sites/example.com?{query}").text
    assert re.findall(r'<a class="arrow" href="/sites/example.com([^"]*)" title="Earlier', text) == [earlier]


@pytest.mark.parametrize("name", [*BY_NAME])
def test_every_period_has_a_link_and_is_marked(page: TestClient, name: str) -> None:
    nav = (
        page.get(f"/sites/example.com?period={name}")
        .text.partition('<nav class="periods"')[2]
        .partition("</nav>")[0]
    )
    links = re.findall(r'href="/sites/example.com(?:\?period=(\w+))?"( aria-current="page")?', nav)
    assert {link or "30d" for link, _ in links} >= set(BY_NAME)
    assert [link or "30d" for link, is_current in links if is_current] == [name]


@pytest.mark.parametrize(
    ("query", "compared"),
    [
        ("period=today", "24 Nov 2025 until 12:00"),
        ("period=today&compare=none", ""),
        ("period=today&compare=2025-11-24", "24 Nov 2025 until 12:00"),
        ("period=today&compare=year", ""),
    ],
)
def test_what_it_is_compared_with(page: TestClient, query: str, compared: str) -> None:
    found = re.findall(r"Compared with (?:\w+ )?([^,.<]+)", page.get(f"/sites/example.com?{query}").text)
    assert found == ([compared] if compared else [])


@pytest.mark.parametrize(
    ("compare", "told"),
    [
        ("2025-11-12", "Compared with 12–18 Nov 2025 until 12:00."),
        # It is not over.
        ("2025-11-20", ""),
        ("2025-10-01", "counted since 17 Oct 2025"),
        ("none", ""),
    ],
)
def test_why_there_is_nothing_to_compare_with(
    page: TestClient, instance: Instance, compare: str, told: str
) -> None:
    instance.write(lambda store: store.write([hit(7, "/a", 5, TODAY - ago) for ago in range(40)]))
    text = page.get(f"/sites/example.com?period=7d&compare={compare}").text
    assert re.findall(r"Compared with [^.]*\.|counted since [^<]*", text) == ([told] if told else [])


@pytest.mark.parametrize(
    "query",
    [
        "period=1y",
        "f=x",
        "f=page:matches:(",
        "by=minute&period=90d",
        "compare=soon",
        "compare=day",
        "compare=day&compare_from=",
        "compare=day&compare_from=soon",
        "tab=x:y",
        "from=1&to=2",
        "period=today&by=minute&at=x",
        "metric=bounces",
    ],
)
@pytest.mark.parametrize("path", ["", "/list.csv"])
def test_a_wrong_address_is_told(page: TestClient, query: str, path: str) -> None:
    if path and query.startswith(("by=", "period=today")):
        pytest.skip("a list has no chart")
    answer = page.get(f"/sites/example.com{path}?list=page&{query}")
    assert answer.status_code == 400


def charted(text: str) -> list[list[str]]:
    """The rows of the chart as a table, its head first."""
    table = text.partition('<details class="days">')[2].partition("</table>")[0]
    rows = re.findall(r"<tr>(.*)</tr>", table)
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


@pytest.mark.parametrize(
    ("label", "metric", "rows", "axis"),
    [
        ("Views", "views", ["1", "4"], "4"),
        ("Visitors", "visitors", ["1", "3"], "3"),
        ("Visits", "visits", ["1", "3"], "3"),
        ("Views a visit", "per_visit", ["1.0", "1.3"], "1.5"),
        ("Bounce rate", "bounce_rate", ["100%", "67%"], "100%"),
        ("Visit duration", "visit_duration", ["0s", "20s"], "20s"),
    ],
)
def test_a_figure_is_shown_over_time(
    page: TestClient, label: str, metric: str, rows: list[str], axis: str
) -> None:
    usual = page.get("/sites/example.com").text
    (link,) = re.findall(rf'<dt><a class="headline" href="([^"]+)">{label}</a>', usual)
    assert link == f"/sites/example.com?metric={metric}"
    text = page.get(link).text
    assert re.findall(r'<dt><a[^>]*aria-current="true">([^<]*)', text) == [label]
    head, *days = charted(text)
    assert head == ["Day", label]
    assert [day[1] for day in days[-2:]] == rows
    assert re.findall(r">([^<]*)</text>", text.partition('class="values"')[2])[:9].count(axis) == 1
    drawing = text.partition('class="bars"')[2].partition("</figure>")[0]
    assert f">{label} by day, 27 Oct – 25 Nov 2025</title>" in drawing
    assert f"<title>Tue 25 Nov 2025 (not complete)\n{label}: {rows[1]}</title>" in drawing
    assert 'class="visitors"' not in drawing
    # There is a way back, after which all is as it was.
    assert '<a href="/sites/example.com">‹ Views and visitors</a>' in drawing
    assert charted(usual)[0] == ["Day", "Views", "Visitors"]
    assert "‹ Views and visitors" not in usual


@pytest.mark.parametrize(
    ("query", "metric", "unit", "last"),
    [
        ("by=week", "bounce_rate", "Week", "75%"),
        ("by=month&period=12mo", "visit_duration", "Month", "15s"),
        ("f=city:is:Berlin", "per_visit", "Day", "1.5"),
        ("f=browser:is:Firefox&f=country:is:FR", "bounce_rate", "Day", "–"),
        ("from=2025-11-24&to=2025-11-25&by=hour", "visits", "Hour", "0"),
        ("from=2025-11-24&to=2025-11-25&by=hour", "visit_duration", "Day", "20s"),
        ("from=2025-11-24&to=2025-11-25&by=minute", "bounce_rate", "Day", "67%"),
    ],
)
def test_a_figure_is_shown_by_any_interval(
    page: TestClient, query: str, metric: str, unit: str, last: str
) -> None:
    text = page.get(f"/sites/example.com?{query}&metric={metric}").text
    head, *rows = charted(text)
    assert (head[0], rows[-1][1]) == (unit, last)
    # Visits go on beyond hours and minutes, and so do their means.
    is_cut = "by=hour" in query or "by=minute" in query
    assert ("Not by hour or minute: visits last beyond them." in text) == (is_cut and unit == "Day")
    assert "An hour earlier" not in text


def test_hours_tell_their_visits(page: TestClient) -> None:
    _, *rows = charted(page.get("/sites/example.com?period=today&metric=visits").text)
    assert [row[1] for row in rows] == ["2", "0", "1", *["0"] * 10]


def test_a_figure_of_one_day_stands_beside_that_of_the_day_before(
    page: TestClient, instance: Instance
) -> None:
    late = [hit(51, "/b", second, TODAY - 1) for second in (30, 60, 80_000)]
    instance.write(lambda store: store.write([*late, hit(52, "/a", 5, TODAY - 20)]))
    text = page.get("/sites/example.com?period=today&metric=bounce_rate").text
    bars = text.partition('<ul class="versus one">')[2].partition("</ul>")[0]
    # Until noon, as in the headline: one of two visits.
    assert re.findall(r'<span class="n">([^<]*)', bars) == ["67%", "50%"]
    assert re.findall(r'<rect class="(\w+)" width="([^"]+)"', bars) == [
        ("views", "83.333%"),
        ("views", "62.5%"),
    ]


def test_a_figure_is_compared_with_itself(page: TestClient, instance: Instance) -> None:
    before = [hit(61, "/a", 0, TODAY - 4), hit(61, "/b", 90, TODAY - 4), hit(62, "/a", 0, TODAY - 60)]
    instance.write(lambda store: store.write(before))
    query = "from=2025-11-23&to=2025-11-25&metric=visit_duration"
    text = page.get(f"/sites/example.com?{query}").text
    assert charted(text) == [
        ["Day", "Visit duration", "Visit duration before"],
        ["Sun 23 Nov 2025", "–", "–"],
        ["Mon 24 Nov 2025", "0s", "1m 30s"],
        ["Tue 25 Nov 2025", "20s", "–"],
    ]
    assert "Visit duration in the period before" in text
    assert "\nVisit duration: 0s\nPeriod before: 1m 30s</title>" in text
    assert "before" not in charted(page.get(f"/sites/example.com?{query}&compare=none").text)[0][-1]


def test_the_figure_is_kept_by_whatever_leads_on(page: TestClient) -> None:
    page.post("/sites/example.com/keep", data={"keep": "annotation", "date": "2025-11-24", "text": "Moved"})
    text = page.get("/sites/example.com?metric=bounce_rate&f=city:is:Berlin").text
    assert "<title>24 Nov 2025: Moved</title>" in text
    summary = text.partition('<div id="summary"')[2].partition("</main>")[0]
    links = re.findall(r'href="/sites/example.com(\?[^"]*|)"', summary)
    others = [link for link in links if "metric=bounce_rate" not in link]
    # But for those that show another figure, and the way back.
    assert len(others) == 6
    assert len(links) > 30
    forms = re.findall(r'<form class="row" method="get".*?</form>', text, re.S)
    assert forms
    assert all('name="metric" value="bounce_rate"' in form for form in forms)


def test_a_wrong_figure_is_named(page: TestClient) -> None:
    text = page.get("/sites/example.com?metric=bounces").text
    assert "Figure: “bounces” is not a figure. One of views, visitors, visits, per_visit" in text


@pytest.mark.parametrize("path", ["", "/list.csv?list=page"])
def test_it_is_for_the_owner_only(page: TestClient, path: str) -> None:
    page.cookies.clear()
    assert page.get(f"/sites/example.com{path}", follow_redirects=False).status_code == 303


def test_a_page_is_small_enough_for_a_slow_line(page: TestClient) -> None:
    """With everything that it loads: 150 KB."""
    loaded = ["/sites/example.com?period=12mo", "/style.css", "/htmx.js", "/keys.js", "/icon.svg"]
    assert sum(len(page.get(path).content) for path in loaded) < 150_000


MOVED = r'<span class="moved[^>]*>([^<]*)<'


def test_all_sites_are_compared_as_each_on_its_page(page: TestClient, instance: Instance) -> None:
    assert re.findall(MOVED, page.get("/").text) == []
    # It is noon: what came on the evening of the last of those days counts not yet, as today's does not.
    before = [hit(60, "/a", 0, TODAY - 59), hit(61, "/a", 0, TODAY - 30), hit(62, "/a", 80_000, TODAY - 30)]
    instance.write(lambda store: store.write([hit(59, "/a", 0, TODAY - 60), *before]))
    assert re.findall(MOVED, page.get("/").text) == ["+150%", "+100%"]
    assert re.findall(MOVED, page.get("/sites/example.com").text)[:2] == ["+150%", "+100%"]
    assert "against 2 in the period before" in page.get("/").text


def test_views_a_visit_are_compared_as_they_are_shown(page: TestClient, instance: Instance) -> None:
    views = [hit(60 + number // 6, "/a", number, TODAY - 1) for number in range(6)]
    instance.write(lambda store: store.write([hit(59, "/a", 0, TODAY - 2), *views]))
    text = page.get("/sites/example.com?period=today").text.partition('href="#per-visit"')[2]
    # 4 views in 3 visits, after 7 in 2.
    assert (re.findall(r'"value">([^<]*)', text)[0], re.findall(MOVED, text)[0]) == ("1.3", "−2.2")


def test_compiled_templates_are_not_compiled_again(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_templates()

    def refuse(*_: object) -> None:
        raise AssertionError("compiled by a question")

    monkeypatch.setattr(Environment, "compile", refuse)
    for below in ("", "/list?list=page", "/filter?what=page", "/numbers", "/bots", "/dropped", "/widgets"):
        assert page.get(f"/sites/example.com{below}").status_code == 200
