"""Each row of a list against the days that the summary is compared with: on pages, as CSV, in a terminal."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace

import msgspec
import pytest
from msgspec.structs import replace as changed
from starlette.testclient import TestClient

from analytics.commands import Keep, perform
from analytics.days import to_date
from analytics.instance import Instance
from analytics.model import Campaign, Goal, Hit, Kind
from analytics.selection import TABS, question, read_selection
from analytics.summary import Panel, Report, summarise

from .conftest import NOON, pagetally
from .test_kept import keep
from .test_migrate import HOST, owner  # noqa: F401
from .test_site_page import BERLIN, FIREFOX, PARIS, PLAN, SAFARI, TODAY, hit

HERE = "/sites/example.com"


def day_of(day: int, dice: random.Random) -> list[Hit]:
    """Some visits of a day, each with a few views and perhaps a sign-up."""
    found = []
    for visitor in range(1, dice.randrange(8, 20)):
        more = {"client": dice.choice((FIREFOX, SAFARI)), "place": dice.choice((BERLIN, PARIS))}
        more |= {"source": dice.choice(("", "news.example")), "campaign": Campaign(name=dice.choice("ab"))}
        at = dice.randrange(80_000)
        for step in range(dice.randrange(1, 4)):
            path = f"/{dice.choice('abc')}{day % 2 if dice.random() < 0.2 else ''}"
            found.append(changed(hit(visitor, path, at + 30 * step, day), **more))
        if dice.random() < 0.5:
            found.append(changed(found[-1], kind=Kind.EVENT, name="Signup", detail=PLAN))
    return found


@pytest.fixture
def page(instance: Instance, owner: TestClient) -> TestClient:  # noqa: F811
    """A site of five days, the last of which is half over."""
    dice = random.Random(11)
    hits = [one for day in range(TODAY - 4, TODAY + 1) for one in day_of(day, dice)]
    instance.write(lambda store: store.write([one for one in hits if one.at <= NOON]))
    instance.write(lambda store: store.write([hit(99, "/gone", 5, TODAY - 3)]))
    owner.headers["origin"] = HOST
    return owner


def ask(instance: Instance, query: str, lists: tuple[str, ...], now: float = NOON, **more: bool) -> Report:
    pairs = [tuple(part.split("=", 1)) for part in query.split("&") if part]
    asked = question(instance.registry.sites[0], read_selection(pairs), now)  # type: ignore[arg-type]
    with instance.borrow_reader() as reader:
        return summarise(reader, replace(asked, panels=lists, limit=1_000, **more))  # type: ignore[arg-type]


LISTS = tuple(name for names in TABS.values() for name in names)


def amounts(panel: Panel) -> dict[str, int]:
    return {item.label: getattr(item.totals, panel.amount) for item in panel.items}


@pytest.mark.parametrize("filters", ["", "&f=city:is:Berlin", "&f=page:is:/a", "&f=event:is:Signup"])
@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("from=2025-11-23&to=2025-11-24", "from=2025-11-21&to=2025-11-22"),
        ("period=yesterday&compare=2025-11-21", "from=2025-11-21&to=2025-11-21"),
    ],
)
def test_a_row_says_what_the_same_question_says_of_the_days_before(
    page: TestClient, instance: Instance, now: str, then: str, filters: str
) -> None:
    for step in (lambda: None, instance.fold):
        step()
        report, full = (ask(instance, now + filters, LISTS, with_before=one) for one in (False, True))
        earlier = ask(instance, then + filters, LISTS)
        for name in LISTS:
            known, panel = {one.label: one.totals for one in earlier.panels[name].items}, report.panels[name]
            for quick, item in zip(panel.items, full.panels[name].items, strict=True):
                assert quick.before
                assert item.before
                of = panel.amount
                expected = known.get(item.label)
                assert getattr(quick.before, of) == (getattr(expected, of) if expected else 0), (name, item)
                assert item.before == expected or (not expected and not getattr(item.before, of))


def test_today_is_compared_until_the_same_time(page: TestClient, instance: Instance) -> None:
    report = ask(instance, "period=today", ("page", "browser"))
    hours = "|".join(f"2025-11-24 {hour:02}:00" for hour in range(12))
    then, whole = (
        ask(instance, f"period=yesterday{more}", ("page",)) for more in (f"&f=hour:is:{hours}", "")
    )
    told = {item.label: item.before.views for item in report.panels["page"].items if item.before}
    morning = amounts(then.panels["page"])
    assert told == {path: morning.get(path, 0) for path in told}
    assert sum(told.values()) < sum(amounts(whole.panels["page"]).values())
    visits = sum(item.before.visits for item in report.panels["browser"].items if item.before)
    assert report.before
    assert visits == report.before.visits


def rows(text: str, card: str) -> list[tuple[str, ...]]:
    """Of each row of a card: what it is of, its amount, its change, and what is told of then."""
    section = text.partition(card)[2].partition("</table>")[0]
    return re.findall(
        r'<bdi class="name[^"]*">([^<]*)</bdi>.*?<td class="n">([^<]*)</td>\s*<td class="n moves">\s*'
        r'<span class="moved [a-z]*" title="([^"]*)">([^<]*)<',
        section,
        re.S,
    )


def test_a_card_shows_each_change_and_names_the_figure_then(page: TestClient, instance: Instance) -> None:
    hits = [hit(70 + one, "/fresh", one, TODAY - 1) for one in range(3)]
    hits += [hit(70 + one, "/grown", one, TODAY - 1) for one in range(30)]
    hits += [hit(70 + one, "/grown", one, TODAY - 2) for one in range(20)]
    instance.write(lambda store: store.write(hits))
    text = page.get(f"{HERE}?period=yesterday").text
    found = {row[0]: row[1:] for row in rows(text, 'id="card-pages"')}
    assert found["On /grown"] == ("30", "20 in the period before", "+50%")
    assert found["On /fresh"] == ("3", "0 in the period before", "new")
    assert '+50%<span class="unseen"> against 20 in the period before</span>' in text
    assert "moves" not in page.get(f"{HERE}?period=yesterday&compare=none").text
    # The first day has none before it.
    assert "moves" not in page.get(f"{HERE}?from=2025-11-21&to=2025-11-21").text
    whole = page.get(f"{HERE}/list?list=page&period=yesterday&sort=change").text
    assert re.findall(r'<td class="n moves">([^< ]*)', whole)[0] == "+10"
    assert "Compared with Sun 23 Nov 2025." in whole
    assert 'aria-sort="descending"' in whole


@pytest.mark.parametrize("path", ["", "/list?list=page"])
def test_the_comparison_is_chosen_by_one_form(page: TestClient, path: str) -> None:
    mark = "&" if path else "?"
    text = page.get(f"{HERE}{path}{mark}period=yesterday&f=page:contains:/&compare=2025-11-22").text
    form = text.partition('<select name="compare">')[0].rpartition("<form")[2]
    kept = {"period": "yesterday", "f": "page:contains:/"} | ({"list": "page"} if path else {})
    assert dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', form)) == kept
    assert '<option value="day" selected>' in text
    assert 'name="compare_from" value="2025-11-22"' in text
    chosen = page.get(f"{HERE}{path}{mark}period=yesterday&compare=day&compare_from=2025-11-21").text
    assert "Compared with Fri 21 Nov 2025." in chosen
    # A day that stands there counts only where it is chosen.
    assert (
        "21 Nov"
        not in page.get(f"{HERE}{path}{mark}period=yesterday&compare=none&compare_from=2025-11-21").text
    )
    assert (
        "compare_from"
        not in page.get(f"{HERE}?compare=day&compare_from=2025-11-21")
        .text.partition("<nav")[2]
        .partition("</nav>")[0]
    )


def test_csv_has_the_figures_then_and_of_which_days_they_are(page: TestClient, instance: Instance) -> None:
    instance.write(lambda store: store.write([hit(70, "/x", 1, TODAY - 1), hit(70, "/x", 1, TODAY - 2)]))
    lines = page.get(f"{HERE}/list.csv?list=page&period=yesterday&q=/x").text.splitlines()
    assert lines == [
        "page,title,visitors,views,visitors_before,views_before,compared_from,compared_to",
        "/x,On /x,1,1,1,1,2025-11-23,2025-11-23",
    ]
    head, *more = page.get(f"{HERE}/list.csv?list=browser&period=today").text.splitlines()
    assert head.endswith("bounces_before,duration_before,compared_from,compared_to")
    assert all(one.endswith(",2025-11-24,2025-11-24T12:00") for one in more)
    plain = page.get(f"{HERE}/list.csv?list=browser&period=today&compare=none").text
    assert plain.startswith("browser,visitors,visits,views,bounces,duration\r\n")


def test_goals_are_compared(page: TestClient, instance: Instance) -> None:
    keep(page, keep="goal", name="Saw grown", kind="page", target="/grown")
    hits = [hit(70 + one, "/grown", one, TODAY - 1) for one in range(30)]
    hits += [hit(70 + one, "/grown", one, TODAY - 2) for one in range(5)]
    instance.write(lambda store: store.write(hits))
    now, then = (ask(instance, f"from={day}&to={day}", ()).totals for day in ("2025-11-24", "2025-11-23"))
    rate, before = (round(100 * part / of.visitors) for part, of in ((30, now), (5, then)))
    text = page.get(f"{HERE}?period=yesterday").text.partition('id="card-goals"')[2]
    assert f'title="{before}%, 5 visitors in the period before">+{rate - before} points<' in text
    head, line = page.get(f"{HERE}/list.csv?list=goal&period=yesterday").text.splitlines()
    assert head.endswith(
        ",visitors,visits,rate,visitors_before,visits_before,rate_before,compared_from,compared_to"
    )
    assert line.startswith("Saw grown,page,/grown,0,30,30,")
    assert ",5,5," in line


@pytest.mark.parametrize(("first", "is_compared"), [("2025-11-23", True), ("2025-11-24", False)])
def test_days_that_are_not_over_are_not_compared_with(
    page: TestClient, instance: Instance, first: str, is_compared: bool
) -> None:
    report = ask(instance, f"from=2025-11-21&to=2025-11-22&compare={first}", ("page",))
    assert bool(report.before) == bool(report.range_before) == is_compared
    assert all(bool(item.before) == is_compared for item in report.panels["page"].items)


def test_what_was_done_later_in_the_day_before_is_not_compared_with(instance: Instance) -> None:
    noon, yesterday = 12 * 3_600, TODAY - 1
    hits = [hit(1, "/a", noon - 600, yesterday), hit(1, "/thanks", noon + 600, yesterday)]
    hits += [changed(one, kind=Kind.EVENT, name="Signup") for one in hits[1:]]
    hits += [hit(2, "/thanks", 5, yesterday), hit(3, "/a", 5), hit(4, "/a", 5, TODAY - 2)]
    hits.append(changed(hits[3], kind=Kind.EVENT, name="Signup"))
    instance.write(lambda store: store.write(hits))
    for name, kind, target in (("Event", "event", "Signup"), ("Page", "page", "/thanks")):
        perform(instance, Keep("example.com", goal=Goal(0, 0, name, kind, target)))
    report = ask(instance, "period=today", (), with_kept=True)
    told = [(one.goal.name, one.before and one.before.visitors) for one in report.goals]
    assert told == [("Event", 1), ("Page", 1)]
    filtered = ask(instance, "period=today&f=goal:is:Event&f=goal:is:Page", ())
    assert filtered.before
    assert filtered.before.visitors == 1
    assert sum(figures.visitors for _, figures in filtered.points_before) == 1


def test_the_terminal_names_the_days_and_each_row_then(instance: Instance) -> None:
    today = int(time.time() // 86_400)
    hits = [hit(1, "/a", 1, today - 1), hit(2, "/a", 1, today - 2), hit(3, "/a", 1, today - 2)]
    instance.write(lambda store: store.write(hits))

    def stats(*words: str) -> str:
        days = [to_date(today - 1).isoformat()] * 2
        span = ("--from", days[0], "--to", days[1])
        return pagetally("stats", "example.com", *span, *words, data=instance.folder).stdout

    found = msgspec.json.decode(stats("--list", "page", "--json"))
    day = to_date(today - 2).isoformat()
    assert found["compared"] == {"from": day, "to": day}
    assert found["lists"]["page"]["rows"][0]["before"] == {"visitors": 2, "views": 2}
    assert "−50%" in stats("--list", "page").partition("top pages")[2]
    assert msgspec.json.decode(stats("--compare", "none", "--json"))["compared"] is None
