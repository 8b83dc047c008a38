"""Machines and spam are kept apart with the reason, seen, and counted after all (or not) by a rule."""

from __future__ import annotations

import csv
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.breakdown import Grouping, tabulate
from analytics.commands import AddRule, AdvanceRule, UndoRule, perform
from analytics.days import local_day
from analytics.dimensions import ALL
from analytics.errors import InputError
from analytics.instance import Instance
from analytics.model import Count, Drop, Hit, Range, Rule, Site
from analytics.rules import judge, word_of
from analytics.store.apart import DAYS_KEPT
from analytics.store.sqlite import SqliteStore

from .conftest import CHROME, FIREFOX, GOOGLEBOT, NOON, Clock, add_site, pagetally
from .test_breakdown import ZONE, filled, make_hits  # noqa: F401
from .test_migrate import HOST, owner  # noqa: F401

TODAY = local_day("UTC", NOON)
GPT = "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)"
HEADLESS = CHROME.replace("Chrome/", "HeadlessChrome/")


def send(client: TestClient, path: str, agent: str, **more: Any) -> str:
    headers = {"user-agent": agent} | more.pop("headers", {})
    answer = client.post("/api/event", json={"u": f"https://example.com{path}", **more}, headers=headers)
    assert answer.status_code == 202
    return answer.headers.get("x-pagetally", "")


@pytest.fixture
def site_page(owner: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    """A person, three machines, a page fetched ahead, a made-up referrer, and a reader of ChatGPT's."""
    assert send(owner, "/a", FIREFOX) == ""
    assert send(owner, "/a", CHROME, r="https://chatgpt.com/") == ""
    assert send(owner, "/a", GOOGLEBOT) == "dropped; bot"
    assert send(owner, "/b", GPT) == "dropped; bot"
    assert send(owner, "/a", GPT, t="A machine's title") == "dropped; bot"
    assert send(owner, "/a", HEADLESS) == "dropped; headless"
    assert send(owner, "/a", FIREFOX, headers={"sec-purpose": "prefetch"}) == "dropped; prefetch"
    assert send(owner, "/a", FIREFOX, r="https://www.semalt.com/x") == "dropped; spam"
    # What is dropped for another reason as well is not kept.
    assert send(owner, "/a", GOOGLEBOT, u="https://other.example/a", d="example.com") == "dropped; bot"
    instance.flush_tallies()
    instance.fold()
    owner.headers["origin"] = HOST
    return owner


def count(instance: Instance) -> Count:
    with instance.borrow_reader() as reader:
        assert [text for text in reader.differences() if text] == []
        return reader.site_count(1)


def run(instance: Instance, command: AddRule | UndoRule) -> int:
    number = perform(instance, command)
    number = command.number if isinstance(command, UndoRule) else number
    while perform(instance, AdvanceRule(number)):
        pass
    return int(number)


@pytest.mark.parametrize(
    ("form", "meant"),
    [
        ("what=browser&how=is&value=GPTBot&value=", "browser:is:GPTBot"),
        ("what=browser&how=is&value=GPTBot&value=Googlebot", "browser:is:GPTBot|Googlebot"),
        ("what=page&how=contains&value=/B", "page:contains:/B"),
        ("what=country&how=is_not&value=Germany", "country:is_not:DE"),
        ("what=referrer&how=is&value=(none)", "referrer:is:"),
    ],
)
def test_a_rule_is_made_by_a_form(site_page: TestClient, form: str, meant: str) -> None:
    text = site_page.get(f"/sites/example.com/bots?action=release&{form}").text
    told = re.search(r'<input type="hidden" name="filter" value="([^"]*)"', text)
    if told:
        assert told[1] == meant
    else:
        assert "It would change nothing." in text
    # What was chosen stands there again; in people's words.
    what = meant.partition(":")[0]
    assert f'<option value="{what}" selected>' in text
    value = form.split("value=")[1].rstrip("&")
    assert f'name="value" required autocomplete="off" value="{value}"' in text
    by_hand = site_page.get(f"/sites/example.com/bots?action=release&filter={meant}").text
    assert f'<option value="{what}" selected>' in by_hand


def test_a_rule_stands_there_in_words(site_page: TestClient) -> None:
    site_page.post("/sites/example.com/bots", data={"action": "release", "filter": "browser:is:GPTBot"})
    text = site_page.get("/sites/example.com/bots").text
    assert "<span>Browser is</span> <b>GPTBot</b>" in text
    for wrong in "what=browser&value=", "what=event&how=is&value=x", "what=zz&value=x":
        answer = site_page.get(f"/sites/example.com/bots?action=release&{wrong}")
        assert (answer.status_code, "That rule cannot be made" in answer.text) == (400, True)


def test_the_page_shows_reasons_machines_and_who_came_by_an_assistant(site_page: TestClient) -> None:
    text = site_page.get("/sites/example.com/bots").text
    assert re.findall(r'<h2>(\w+)</h2><span class="strong">([^<]+)', text) == [
        ("bot", "3 views"),
        ("headless", "1 view"),
        ("prefetch", "1 view"),
        ("spam", "1 view"),
    ]
    rows = re.findall(
        r'<bdi class="name">(\w+)</bdi><bdi class="path">bot</bdi></a></th><td class="n">([^<]+)', text
    )
    assert rows == [("GPTBot", "training"), ("Googlebot", "–")]
    crawled = text.partition('id="crawled"')[2].partition("</section>")[0]
    assert re.findall(r'name">([^<]+)</bdi></th><td class="n">(\d+)', crawled) == [("/a", "1"), ("/b", "1")]
    assistants = text.partition('id="assistants"')[2].partition("</section>")[0]
    assert ">ChatGPT<" in assistants
    assert "A machine" not in text


def test_what_is_kept_apart_counts_nowhere(site_page: TestClient, instance: Instance) -> None:
    assert count(instance) == Count(2, 2)
    assert site_page.get("/api/counters?site=example.com&path=/b").json()["pages"] == {
        "/b": {"views": 0, "visitors": 0}
    }
    assert instance.presence.count(1, NOON) == 2


def test_a_rule_releases_and_is_undone(site_page: TestClient, instance: Instance) -> None:
    rule = AddRule("example.com", "release", "browser:is:GPTBot")
    with instance.borrow_reader() as reader:
        (effect,) = reader.preview_rule(Rule(0, 1, rule.action, rule.filter))
    assert (effect.day, effect.before, effect.after) == (TODAY, Count(2, 2), Count(4, 3))
    number = run(instance, rule)
    assert count(instance) == effect.after
    assert run(instance, UndoRule(number)) == number
    assert count(instance) == effect.before
    # And once more, by the page.
    preview = site_page.get("/sites/example.com/bots?action=release&filter=browser:is:GPTBot").text
    assert re.search(
        r'<td class="n">2</td><td class="n">4</td><td class="n">2</td><td class="n">3</td>', preview
    )
    form = {"action": "release", "filter": "browser:is:GPTBot"}
    assert site_page.post("/sites/example.com/bots", data=form, follow_redirects=False).status_code == 303
    assert count(instance) == effect.after
    (undo,) = re.findall(r'name="undo" value="(\d+)"', site_page.get("/sites/example.com/bots").text)
    site_page.post("/sites/example.com/bots", data={"undo": undo})
    assert count(instance) == effect.before


def test_a_rule_condemns_and_is_undone_whatever_comes_in_between(
    site_page: TestClient, instance: Instance, clock: Clock
) -> None:
    number = run(instance, AddRule("example.com", "condemn", "browser:is:Firefox"))
    assert count(instance) == Count(1, 1)
    clock.now += 60
    send(site_page, "/c", CHROME)
    assert count(instance) == Count(2, 1)
    run(instance, UndoRule(number))
    assert count(instance) == Count(3, 2)


def test_a_rule_holds_for_what_comes_later(site_page: TestClient, instance: Instance, clock: Clock) -> None:
    condemn = run(instance, AddRule("example.com", "condemn", "browser:is:Firefox"))
    assert send(site_page, "/c", FIREFOX) == "dropped; rule"
    release = run(instance, AddRule("example.com", "release", "browser:is:GPTBot"))
    before = count(instance)
    assert send(site_page, "/c", GPT) == ""
    assert count(instance).views == before.views + 1
    assert send(site_page, "/c", GOOGLEBOT) == "dropped; bot"
    instance.flush_tallies()
    run(instance, UndoRule(release))
    assert count(instance) == Count(1, 1)
    assert send(site_page, "/c", GPT) == "dropped; bot"
    run(instance, UndoRule(condemn))
    # The reader of the first page, who had read the second as well.
    assert count(instance) == Count(3, 2)
    assert send(site_page, "/c", FIREFOX) == ""


def test_no_pattern_holds_views_up(site_page: TestClient, instance: Instance) -> None:
    run(instance, AddRule("example.com", "condemn", "page:matches:^/(x+x+)+y$"))
    assert send(site_page, "/xxxy", CHROME) == "dropped; rule"
    started = time.monotonic()
    for number in range(20):
        assert send(site_page, f"/{'x' * 60}{number}", CHROME) == ""
    assert time.monotonic() - started < 10


def test_rules_hold_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path, clock) as instance:
        add_site(instance, "example.com")
        number = run(instance, AddRule("example.com", "condemn", "browser:is:Firefox"))
    with opened(tmp_path, clock) as instance:
        assert [one.action for one in instance.registry.judges[1]] == ["condemn"]
        run(instance, UndoRule(number))
        assert not instance.registry.judges


SEQUENCES = [
    [("condemn", "browser:is:Firefox")],
    [("release", "country:is:DE")],
    [("release", "country:is:DE"), ("condemn", "device:is:desktop")],
    [("condemn", "page:contains:/a"), ("release", "os:is_not:iOS"), ("condemn", "utm_campaign:is:may")],
    [
        ("release", "channel:is:Direct"),
        ("release", "browser_version:contains:13"),
        ("condemn", "title:is:On /b"),
    ],
    [("condemn", "language:is:"), ("condemn", "source:contains:example"), ("release", "page:is_not:/ü")],
]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_rule_means_the_same_of_what_is_stored_and_of_what_comes(
    tmp_path: Path, clock: Clock, sequence: list[tuple[str, str]]
) -> None:
    """One store has the hits when the rules are made, the other gets them afterwards."""
    dice = random.Random(3)
    hits = [(hit, dice.choice(["", "", "bot", "spam"])) for hit in make_hits()]
    clock.now = max(hit.at for hit, _ in hits) + 60
    found = []
    for is_before in (True, False):
        with opened(tmp_path / str(is_before), clock) as instance:
            add_site(instance, "example.com", timezone=ZONE)
            if is_before:
                take_in(instance, hits)
            numbers = [run(instance, AddRule("example.com", *rule)) for rule in sequence]
            if not is_before:
                take_in(instance, hits)
            seen = [days_of(instance)]
            for number in reversed(numbers):
                run(instance, UndoRule(number))
                seen.append(days_of(instance))
            found.append(seen)
    assert found[0] == found[1]
    assert found[0][0] != found[0][-1]


@contextmanager
def opened(folder: Path, clock: Clock) -> Iterator[Instance]:
    folder.mkdir(exist_ok=True)
    instance = Instance(folder, clock=clock).open()
    try:
        yield instance
    finally:
        instance.close()


def take_in(instance: Instance, hits: list[tuple[Hit, str]]) -> None:
    """As the pipeline and the writer do."""
    results = [judge(hit, reason, instance.registry.judges.get(1, ())) for hit, reason in hits]
    kept = [one for one in results if isinstance(one, Hit)]
    instance.write(lambda store: store.write(kept))
    instance.write(lambda store: store.write_apart([one for one in results if isinstance(one, Drop)]))


def days_of(instance: Instance) -> list[tuple[int, int, int]]:
    count(instance)
    with instance.borrow_reader() as reader:
        days = reader.totals_by_day(1, 0, 40_000)
    return [(day, one.views, one.visitors) for day, one in sorted(days.items())]


def test_the_words_of_a_hit_are_those_of_the_tables(filled: tuple[Instance, list[Hit]]) -> None:  # noqa: F811
    instance, hits = filled
    instance.write(lambda store: store.write(hits))
    with instance.borrow_reader() as reader:
        for one in ALL:
            if one.table in ("", "name") or one.name in ("entry", "exit"):
                continue
            column = {"view_path": "path"}.get(one.column, one.column)
            codes, words = reader.lookup(1, one)
            ids = reader._connection.execute(f"SELECT {column} FROM hit").fetchall()
            stored = Counter(words[codes[id]] for (id,) in ids)
            assert Counter(word_of(hit, one) for hit in hits) == stored, one.name


@pytest.mark.parametrize(
    "text", ["x", "entry:is:/a", "event:is:x", "day:is:2025-11-25", "goal:is:x", "page:matches:("]
)
def test_a_rule_is_about_single_views(site_page: TestClient, instance: Instance, text: str) -> None:
    with pytest.raises(InputError):
        perform(instance, AddRule("example.com", "condemn", text))
    assert site_page.get(f"/sites/example.com/bots?action=condemn&filter={text}").status_code == 400
    form = {"action": "condemn", "filter": text}
    assert site_page.post("/sites/example.com/bots", data=form).status_code == 400


def test_only_the_owner_makes_rules_and_only_from_our_own_page(site_page: TestClient) -> None:
    form = {"action": "condemn", "filter": "browser:is:Firefox"}
    site_page.headers["origin"] = "https://evil.example"
    assert site_page.post("/sites/example.com/bots", data=form).status_code == 403
    site_page.cookies.clear()
    assert site_page.get("/sites/example.com/bots", follow_redirects=False).status_code == 303


FILTERS = [
    "browser:is:Firefox",
    "country:is:DE",
    "page:contains:a",
    "referrer:is:",
    "os:is_not:iOS",
    "page:is:/ü",
]


@pytest.mark.parametrize("seed", range(6))
def test_any_history_of_rules_leaves_the_numbers_of_the_hits(
    filled: tuple[Instance, list[Any]],  # noqa: F811
    seed: int,
) -> None:
    """Rules, undone in turn, killed in the middle and carried on: the totals come back exactly."""
    instance, hits = filled
    dice = random.Random(seed)
    instance.write(lambda store: store.write(hits))
    instance.fold()
    instance.rollup()
    site = instance.registry.sites[0]
    span = Range(hits[0].day - 30, hits[0].day + 30)
    groupings = [Grouping(), Grouping(("browser",)), Grouping(("page",)), Grouping(("event", "country"))]

    def look() -> Any:
        with instance.borrow_reader() as reader:
            assert [text for text in reader.differences() if text] == []
            found = tabulate(reader, site, span, groupings)
            return [sorted(found[one], key=str) for one in groupings], reader.site_count(site.id)

    states = [look()]
    numbers: list[int] = []
    for _ in range(4):
        action = dice.choice(["condemn", "condemn", "release"])
        number = perform(instance, AddRule(site.domain, action, dice.choice(FILTERS)))
        for _ in range(dice.randrange(4)):
            perform(instance, AdvanceRule(number))
        # As after a kill: what is under way is carried on.
        instance.carry_on()
        instance.fold()
        if dice.random() < 0.5:
            instance.rollup()
        numbers.append(number)
        states.append(look())
    for number in reversed(numbers):
        assert look() == states.pop()
        perform(instance, UndoRule(number))
        perform(instance, AdvanceRule(number))
        instance.carry_on()
    assert look() == states.pop()


def test_what_came_in_apart_is_forgotten_after_its_time(
    instance: Instance, clock: Clock, site_page: TestClient
) -> None:
    span = Range(0, TODAY)

    def kept() -> int:
        with instance.borrow_reader() as reader:
            return len(reader.apart_by_reason(1, span))

    clock.now += (DAYS_KEPT - 1) * 86_400
    instance.purge()
    assert kept() == 4
    clock.now += 2 * 86_400
    instance.purge()
    assert kept() == 0


def test_machines_do_not_use_up_the_new_paths_of_a_day(tmp_path: Any) -> None:
    from analytics.store.ingest import Caps

    store = SqliteStore(tmp_path, Caps(path=2))
    store.save_site(Site(id=0, domain="example.com"), 0)
    hits = make_hits()
    store.write_apart([Drop(hit.site, "bot", hit) for hit in hits])
    assert store.write(hits[:1]) == [True]
    paths = [
        row[0]
        for row in store._connection.execute("SELECT DISTINCT p.path FROM hit JOIN path p ON p.id = hit.path")
    ]
    assert paths == [hits[0].path]
    store.close()


def test_the_commands(tmp_path: Any) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    words = ("example.com", "condemn", "browser:is:Firefox")
    assert pagetally("rule", "preview", *words, data=data).stdout == "0 days would change.\n"
    assert pagetally("rule", "add", *words, data=data).stdout.startswith(
        "Rule 1: condemn browser:is:Firefox."
    )
    assert (
        pagetally("rule", "list", "example.com", data=data).stdout == "1  condemn  browser:is:Firefox  done\n"
    )
    assert pagetally("rule", "undo", "1", data=data).stdout == "Rule 1 is undone.\n"
    assert pagetally("rule", "undo", "1", data=data, check=False).returncode == 1


def test_the_page_has_periods_a_course_and_csv(site_page: TestClient, clock: Clock) -> None:
    address = "/sites/example.com/bots"
    text = site_page.get(f"{address}?period=today").text
    assert re.search(r'<a href="/sites/example.com/bots\?period=today" aria-current="page">Today</a>', text)
    # One day has no course.
    assert '<svg class="spark"' not in text
    week = site_page.get(f"{address}?period=7d").text
    assert week.count('<svg class="spark"') == week.count('<div class="why">') > 0
    # Who cannot see the courses has their numbers.
    table = week.partition("Day by day</summary>")[2].partition("</table>")[0]
    told = re.findall(r"<td><bdi>(\w+)</bdi></td><td[^>]*>(\d+)</td>", table)
    assert sorted(told) == sorted(
        (name, views) for name, views in re.findall(r'<h2>(\w+)</h2><span class="strong">(\d+) view', week)
    )
    rows = list(csv.reader(StringIO(site_page.get(f"{address}.csv?list=machines").text)))
    assert rows[0] == ["name", "reason", "views", "pages", "last"]
    assert {row[0] for row in rows[1:]} >= {"Googlebot", "GPTBot"}
    assert site_page.get(f"{address}.csv?list=crawled").text.startswith("page,views\r\n/")
    clock.now += 3 * 86_400
    assert "Googlebot" not in site_page.get(f"{address}?period=today").text
    assert "Googlebot" in site_page.get(f"{address}?period=7d").text
    for query in "period=12mo", "period=zz":
        wrong = site_page.get(f"{address}?{query}")
        assert (wrong.status_code, "That address is not known" in wrong.text) == (400, True)
        assert site_page.get(f"{address}.csv?list=machines&{query}").status_code == 400


def test_the_preview_of_a_rule_begins_with_its_sum_and_the_button(site_page: TestClient) -> None:
    text = site_page.get("/sites/example.com/bots?action=release&filter=browser:is:Googlebot").text
    preview = text.partition('class="effect"')[2]
    assert re.search(r"It would change: views \+\d+, visitors \+\d+, on 1 day\.", preview)
    assert preview.index("Release these views") < preview.index("<details>") < preview.index("<table>")


def test_what_is_done_on_the_page_keeps_its_period(site_page: TestClient) -> None:
    address = "/sites/example.com/bots"
    preview = site_page.get(f"{address}?period=7d&action=release&filter=browser:is:Googlebot").text

    def press(text: str, *, form: str) -> str:
        """Send one form of the page as it stands; where that leads."""
        (fields,) = re.findall(
            rf'<form[^>]*method="post"[^>]*>((?:(?!</form>).)*{form}.*?)</form>', text, re.DOTALL
        )
        data = dict(re.findall(r'name="(\w+)" value="([^"]*)"', fields))
        return site_page.post(address, data=data, follow_redirects=False).headers["location"]

    assert press(preview, form="Release these views") == f"{address}?period=7d#rules"
    done = site_page.get(f"{address}?period=7d").text
    assert press(done, form='name="undo"') == f"{address}?period=7d#rules"
    assert f"{address.removesuffix('/bots')}?period=7d&amp;f=source:is:ChatGPT" in done
    wrong = {"period": "zz", "action": "release", "filter": "browser:is:Googlebot"}
    assert site_page.post(address, data=wrong).status_code == 400
