"""What a summary shows a part of, whole: lists to their end, CSV, and the form of a filter."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.complaints import explain
from analytics.errors import InputError
from analytics.filters import condition
from analytics.instance import Instance
from analytics.language import LANGUAGES, speak
from analytics.model import Kind
from analytics.selection import TABS, read_selection
from analytics.wording import LISTS

from .test_kept import keep
from .test_migrate import owner  # noqa: F401
from .test_site_page import PARIS, TODAY, figures, hit, page  # noqa: F401

HERE = "/sites/example.com"


@pytest.mark.parametrize(
    ("what", "how", "values", "meant"),
    [
        ("country", "is", ["Germany"], "country:is:DE"),
        ("country", "is", ["germany ", "FRANCE"], "country:is:DE|FR"),
        ("country", "is_not", ["de"], "country:is_not:DE"),
        ("country", "contains", ["germ"], "country:is:DE"),
        ("country", "contains_not", ["Franc"], "country:is_not:FR"),
        ("country", "matches", ["^Ger.*y$"], "country:is:DE"),
        ("country", "is", ["Atlantis"], "country:is:Atlantis"),
        ("country", "is", ["(none)"], "country:is:"),
        ("country", "is", ["Unknown", "DE"], "country:is:|DE"),
        ("language", "is", ["German"], "language:is:de"),
        ("channel", "is", ["direct"], "channel:is:"),
        ("channel", "is", ["e-mail"], "channel:is:E-mail"),
        ("channel", "contains", ["Organic"], "channel:contains:Organic"),
        ("device", "is", ["Mobile", ""], "device:is:mobile"),
        ("source", "is", ["Direct or unknown"], "source:is:"),
        ("utm_campaign", "is", ["None"], "utm_campaign:is:"),
        ("page", "is", ["/a", "/b"], "page:is:/a|/b"),
        ("page", "contains", ["/A"], "page:contains:/A"),
        ("property", "is", ["plan: pro", "plan=free"], "prop.plan:is:pro|free"),
        ("property", "contains", ["plan: p"], "prop.plan:contains:p"),
        ("prop.plan", "is", ["(none)"], "prop.plan:is:(none)"),
        ("goal", "is", ["Signed up"], "goal:is:Signed up"),
    ],
)
def test_a_form_takes_the_words_that_people_read(what: str, how: str, values: list[str], meant: str) -> None:
    pairs = [("what", what), ("how", how), *(("value", value) for value in values)]
    assert dict(read_selection(pairs).pairs()) == {"f": meant}


def test_it_takes_those_of_the_readers_language() -> None:
    speak(LANGUAGES["de"])
    try:
        for value, label in ("Deutschland", "DE"), ("de", "DE"), ("Unbekannt", ""), ("(none)", ""):
            (one,) = read_selection([("what", "country"), ("value", value)]).conditions
            assert one == condition("country", "is", [label])
        (one,) = read_selection([("what", "channel"), ("value", "Organische Suche")]).conditions
        assert one.values == ("Organic search",)
    finally:
        speak(LANGUAGES["en"])


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("what=country&value=", "this is missing"),
        ("what=property&value=pro", "this is not of one property"),
        ("what=property&value=a: 1&value=b: 2", "this is not of one property"),
        ("what=country&how=contains&value=zzz", "“zzz” is in no name of one"),
        ("what=zz&value=1", "“zz” is nothing to group or filter by"),
    ],
)
def test_a_form_says_what_is_wrong(page: TestClient, query: str, told: str) -> None:  # noqa: F811
    answer = page.get(f"{HERE}?{query}")
    assert (answer.status_code, told in answer.text) == (400, True)


def offered(text: str) -> list[str]:
    """The values that a form offers."""
    return re.findall(r'<option value="([^"]*)">', text.partition("<datalist")[2].partition("</datalist")[0])


def test_a_form_offers_the_most_frequent_values(page: TestClient, instance: Instance) -> None:  # noqa: F811
    found = page.get(f"{HERE}/filter?what=country").text
    assert offered(found) == ["Germany", "France"]
    assert offered(page.get(f"{HERE}/filter?what=country&f=city:is:Berlin").text) == ["Germany"]
    assert offered(page.get(f"{HERE}/filter?what=page&period=today").text) == ["/a", "/b"]
    assert offered(page.get(f"{HERE}/filter?what=utm_source").text) == ["(none)", "letter"]
    assert offered(page.get(f"{HERE}/filter?what=property").text) == ["plan: pro", "seats: 3"]
    # Without JavaScript they are links.
    (link,) = re.findall(r'<a class="chip" href="([^"]+)">Germany', found)
    assert figures(page, link.replace("&amp;", "&").partition("?")[2])[1] == "2"


def test_goals_are_filtered_by_in_the_form(page: TestClient) -> None:  # noqa: F811
    assert '<option value="goal"' not in page.get(f"{HERE}/filter?what=country").text
    keep(page, keep="goal", name="Signed up", kind="event", target="Signup")
    assert offered(page.get(f"{HERE}/filter?what=goal").text) == ["Signed up"]
    assert figures(page, "what=goal&how=is&value=Signed+up")[1] == "1"


@pytest.fixture
def long_lists(page: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    """With 250 more pages, the last of them viewed least."""
    hits = [
        replace(hit(100 + place, f"/p{place:03}", 10, TODAY), title=f"Story {place}", place=PARIS)
        for place in range(250)
    ]
    instance.write(lambda store: store.write(hits))
    return page


def names(text: str) -> list[str]:
    return re.findall(r'<bdi class="name[^"]*">([^<]*)<', text)


def test_a_list_is_read_to_its_end(long_lists: TestClient) -> None:
    text = long_lists.get(f"{HERE}?period=today").text
    (link,) = re.findall(r'<a href="([^"]+)">242 other pages, 242 views</a>', text)
    seen: list[str] = []
    while link:
        leaf = long_lists.get(link.replace("&amp;", "&")).text
        seen += names(leaf)
        link = "".join(re.findall(r'<a rel="next" href="([^"]+)"', leaf))
    assert len(seen) == len(set(seen)) == 252
    assert {f"Story {place}" for place in range(250)} < set(seen)
    assert "Rows 201 to 252 of 252." in leaf
    assert 'rel="prev"' in leaf


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("list=page&q=story+24", ["Story 24", *(f"Story {place}" for place in range(240, 250))]),
        ("list=page&q=/P007", ["Story 7"]),
        ("list=country&q=fran", ["France"]),
        ("list=page&q=nowhere", []),
        ("list=page&f=city:is:Berlin", ["On /a", "On /b"]),
        ("list=entry&f=city:is:Berlin", ["On /a"]),
        ("list=prop.plan", ["pro"]),
        ("list=page&page=99", []),
    ],
)
def test_a_list_is_searched(long_lists: TestClient, query: str, found: list[str]) -> None:
    assert names(long_lists.get(f"{HERE}/list?{query}").text) == found


def heading(text: str) -> str:
    return "".join(re.findall(r"<h1>([^<]*)</h1>", text))


@pytest.mark.parametrize(
    ("name", "called"),
    [("page", "Pages"), ("entry", "Entry pages"), ("country", "Countries"), ("prop.plan", "plan")],
)
def test_a_list_is_called_by_what_it_lists(page: TestClient, name: str, called: str) -> None:  # noqa: F811
    assert heading(page.get(f"{HERE}/list?list={name}").text) == called


def test_every_list_has_a_name_for_many() -> None:
    assert {name for names in TABS.values() for name in names} <= {*LISTS}


def follow(client: TestClient, text: str, label: str) -> str:
    """The page behind a link."""
    (link,) = re.findall(rf'<a [^>]*href="([^"]+)"[^>]*>{label}</a>', text)
    return client.get(link.replace("&amp;", "&")).text


def test_a_list_leads_to_the_same_of_other_days(long_lists: TestClient) -> None:
    text = long_lists.get(f"{HERE}/list?list=page&q=story&page=2&period=7d&f=city:is:Paris").text
    for label in "Today", "All time", "Yesterday":
        other = follow(long_lists, text, label)
        assert (heading(other), 'name="q" maxlength="200" value="story"' in other) == ("Pages", True)
        assert re.search(rf'aria-current="page">{label}<', other)
        assert "<span>City is</span>" in other
        # From its beginning: the second page of other days may not be there.
        rows = "Nothing like that" if label == "Yesterday" else "Rows 1 to 100 of 250."
        assert rows in other


def test_a_lists_filters_are_taken_away_one_by_one(page: TestClient) -> None:  # noqa: F811
    text = page.get(f"{HERE}/list?list=page&f=city:is:Berlin&f=country:is:DE").text
    (link,) = re.findall(r'<a class="chip" href="([^"]+)"[^>]*><span>City is</span>', text)
    left = page.get(link.replace("&amp;", "&")).text
    assert (heading(left), re.findall(r"<span>([^<]+ is)</span>", left)) == ("Pages", ["Country is"])
    assert "<span>" not in follow(page, left, "Without filters").partition("<main")[2].partition("<form")[0]


@pytest.mark.parametrize("filters", ["", "&f=country:is:DE"])
def test_a_list_says_of_which_segment_it_is(page: TestClient, filters: str) -> None:  # noqa: F811
    keep(page, keep="segment", name="Berliners", view="f=city:is:Berlin")
    text = page.get(f"{HERE}/list?list=country&segment=1{filters}").text
    assert ("Segment <b>Berliners</b>" in text, names(text)) == (True, ["Germany"])
    assert names(follow(page, text, "Without filters")) == ["Germany", "France"]


def table_of(text: str) -> list[list[str]]:
    """What stands in each row of a list, its heading included."""
    rows = text.partition('<table class="list">')[2].partition("</table>")[0].split("<tr>")[1:]
    rows = [re.sub(r'<a class="sort.*?</a>', "", row) for row in rows]
    cells = [re.findall(r"<t[hd].*?</t[hd]>", row, re.S) for row in rows]
    return [[" ".join(re.sub(r"<[^>]*>", " ", one).split()) for one in row] for row in cells]


def test_a_whole_list_tells_all_that_is_known_of_a_row(page: TestClient) -> None:  # noqa: F811
    text = page.get(f"{HERE}?period=today&compare=none").text
    card = text.partition('id="card-places"')[2].partition("</section>")[0]
    assert table_of(card)[0] == ["Country", "Share", "Visits", "Visitors"]
    assert table_of(follow(page, card, "More figures")) == [
        ["Country", "Share", "Visits", "Visitors", "Views a visit", "Bounce rate", "Visit duration"],
        ["Germany", "67%", "2", "2", "1.5", "50%", "30s"],
        ["France", "33%", "1", "1", "1.0", "100%", "0s"],
    ]


def test_the_table_of_a_whole_list_is_reached_by_the_keyboard(page: TestClient) -> None:  # noqa: F811
    text = page.get(f"{HERE}/list?list=city").text
    assert '<div class="across" role="region" aria-label="Cities: the table" tabindex="0">' in text


def test_a_whole_list_of_pages_tells_how_they_were_read(page: TestClient, instance: Instance) -> None:  # noqa: F811
    address = f"{HERE}/list?list=page&period=today&compare=none"
    assert table_of(page.get(address).text)[0] == ["Page", "Share", "Views", "Visitors"]
    stay = replace(hit(1, "/b", 61), kind=Kind.ENGAGEMENT, detail='{"e":75,"sd":90}')
    instance.write(lambda store: store.write([stay]))
    assert table_of(page.get(address).text) == [
        ["Page", "Share", "Views", "Visitors", "Time on page", "Scroll depth"],
        ["On /a /a", "75%", "3", "3", "–", "–"],
        ["On /b /b", "25%", "1", "1", "1m 15s", "90%"],
    ]
    # Of an hour that is not kept.
    by_hour = page.get(f"{address}&f=hour:is:2025-11-25%2000:00").text
    assert table_of(by_hour)[0] == ["Page", "Share", "Views", "Visitors"]
    rows = read_csv(page.get(address.replace("/list?", "/list.csv?")).text)
    assert rows == [
        ["page", "title", "visitors", "views", "time_on_page", "scroll_depth"],
        ["/a", "On /a", "3", "3", "", ""],
        ["/b", "On /b", "1", "1", "75.0", "90.0"],
    ]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("list=city", ["Berlin", "Paris"]),
        ("list=city&sort=visits:asc", ["Paris", "Berlin"]),
        ("list=city&sort=bounce_rate", ["Paris", "Berlin"]),
        ("list=city&sort=visit_duration", ["Berlin", "Paris"]),
        ("list=city&sort=per_visit:asc&q=r", ["Paris", "Berlin"]),
        ("list=page&sort=time_on_page", ["On /b", "On /a"]),
        # Of /a nobody told.
        ("list=page&sort=scroll_depth:asc", ["On /b", "On /a"]),
    ],
)
def test_a_whole_list_is_sorted_by_any_figure(
    page: TestClient,  # noqa: F811
    instance: Instance,
    query: str,
    rows: list[str],
) -> None:
    stay = replace(hit(1, "/b", 61), kind=Kind.ENGAGEMENT, detail='{"e":75,"sd":90}')
    instance.write(lambda store: store.write([stay]))
    assert names(page.get(f"{HERE}/list?{query}&period=today").text) == rows


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("list=page&sort=views:asc&q=On", ["/b", "/a"]),
        ("list=page&q=/B", ["/b"]),
        ("list=city&sort=bounce_rate", ["Paris", "Berlin"]),
        ("list=city&sort=bounce_rate:asc&q=r&page=2", ["Berlin", "Paris"]),
    ],
)
def test_csv_has_what_the_list_shows_in_its_order(
    page: TestClient,  # noqa: F811
    query: str,
    labels: list[str],
) -> None:
    text = page.get(f"{HERE}/list?{query}&period=today".replace("&page=2", "")).text
    (link,) = re.findall(r'href="([^"]+list\.csv[^"]+)"', text)
    for address in link.replace("&amp;", "&"), f"{HERE}/list.csv?{query}&period=today":
        assert [row[0] for row in read_csv(page.get(address).text)[1:]] == labels


def sort_link(text: str, label: str) -> str:
    (link,) = re.findall(
        rf'<a class="sort[^"]*" href="([^"]+)"[^>]*>(?:(?!</a>).)*: {label}</span></a>', text
    )
    return link.replace("&amp;", "&")


def test_the_headings_of_a_whole_list_sort_it(page: TestClient) -> None:  # noqa: F811
    sorts = []
    text = page.get(f"{HERE}/list?list=city&period=today&q=r").text
    for label in "Visits", "Visits", "Bounce rate", "Bounce rate", "Bounce rate":
        text = page.get(sort_link(text, label)).text
        sorts.append((names(text)[0], *re.findall(r'aria-sort="(\w+)"', text)))
        assert "Rows 1 to 2 of 2." in text
    assert sorts == [
        ("Paris", "ascending"),
        ("Berlin", "descending"),
        ("Paris", "descending"),
        ("Berlin", "ascending"),
        ("Paris", "descending"),
    ]
    # The order stays for other days, and in the form.
    assert 'name="sort" value="bounce_rate"' in text
    assert (
        'aria-sort="descending"><a class="sort' in follow(page, text, "7 days").partition("Views a visit")[2]
    )


@pytest.mark.parametrize("name", ["page", "source"])
def test_what_a_list_counts_is_explained_on_its_page(page: TestClient, name: str) -> None:  # noqa: F811
    text = page.get(f"{HERE}/list?list={name}").text
    asked = set(re.findall(r'href="#([a-z-]+)"', text)) - {"main"}
    assert asked > {"visitors"}
    assert asked <= set(re.findall(r'<div id="([a-z-]+)">', text))


@pytest.mark.parametrize(
    "query", ["list=zz", "list=page&sort=size", "list=page&page=0", "list=page&page=x", "", "list=page&f=x"]
)
def test_a_wrong_address_of_a_list_is_told(page: TestClient, query: str) -> None:  # noqa: F811
    answer = page.get(f"{HERE}/list?{query}")
    assert answer.status_code == 400
    assert f'href="{HERE}"' in answer.text


def read_csv(answer: str) -> list[list[str]]:
    return list(csv.reader(StringIO(answer)))


def test_the_chart_as_csv(page: TestClient) -> None:  # noqa: F811
    rows = read_csv(page.get(f"{HERE}/chart.csv?period=7d").text)
    assert rows[0] == ["day", "visitors", "visits", "views", "bounces", "duration"]
    assert [row[3] for row in rows[1:]] == ["0", "0", "0", "0", "0", "1", "4"]
    by_hour = read_csv(page.get(f"{HERE}/chart.csv?period=today").text)
    # Bounces and durations are of whole visits, which last beyond an hour.
    assert by_hour == [
        ["hour", "visitors", "visits", "views"],
        ["2025-11-25 00:00", "2", "2", "3"],
        ["2025-11-25 02:00", "1", "1", "1"],
    ]
    assert len(read_csv(page.get(f"{HERE}/chart.csv?by=week").text)) == 6


def test_goals_as_csv(page: TestClient) -> None:  # noqa: F811
    keep(page, keep="goal", name="=Signed up", kind="event", target="Signup")
    rows = read_csv(page.get(f"{HERE}/list.csv?list=goal&period=today").text)
    assert rows[1][:6] == ["'=Signed up", "event", "Signup", "0", "1", "1"]
    assert float(rows[1][6]) == pytest.approx(1 / 3)


def test_time_and_depth_are_compared(page: TestClient, instance: Instance) -> None:  # noqa: F811
    for day, detail in (TODAY, '{"e":60,"sd":80}'), (TODAY - 1, '{"e":30,"sd":50}'):
        views = [hit(900, "/a", 100, day), hit(900, "/a", 100, TODAY - 9)]
        stay = replace(hit(900, "/a", 200, day), kind=Kind.ENGAGEMENT, detail=detail)
        instance.write(lambda store, hits=[*views, stay]: store.write(hits))
    text = page.get(f"{HERE}?period=today&f=page:is:/a").text
    told = re.findall(r'<span class="moved[^>]*>([^<]*)<', text.partition("#time-on-page")[2])[:2]
    assert told == ["+100%", "+30 points"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            InputError("period", "'zz' is not a period", hint="Use one of today, 7d."),
            "Période : « zz » n’est pas une période. L’un de : today, 7d.",
        ),
        (
            InputError("x", "is quite new here", hint="Do this."),
            "ceci ne peut pas être utilisé tel quel (x: is quite new here).",
        ),
    ],
)
def test_what_is_wrong_is_told_in_the_readers_language(error: InputError, told: str) -> None:
    speak(LANGUAGES["fr"])
    try:
        assert explain(error).replace("\xa0", " ").replace("\u202f", " ") == told
    finally:
        speak(LANGUAGES["en"])
