"""A summary in the terminal, as JSON and CSV; live; and the views for people who ask the file themselves."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.cli import main
from analytics.instance import Instance
from analytics.ledger import Desk, post
from analytics.model import SITE, Amount, Detail, Kind
from analytics.store.connect import FILE

from .conftest import NOON
from .test_docs import text_of
from .test_migrate import owner  # noqa: F401
from .test_site_page import figures, hit, page  # noqa: F401


@pytest.fixture
def folder(page: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """The data folder of the site page's tests, and how one page was looked at, all of it folded."""
    stay = replace(hit(1, "/b", 60), kind=Kind.ENGAGEMENT, detail='{"e":3,"sd":40}')
    instance.write(lambda store: store.write([stay]))
    instance.fold()
    for module in ("stats", "top"):
        monkeypatch.setattr(f"analytics.cli.{module}.time.time", lambda: NOON)
    return instance.folder


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(folder)], env={"COLUMNS": "100"})


def as_json(folder: Path, *words: str) -> Any:
    done = run(folder, "stats", "example.com", "--json", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), (5, 4, 4)),
        (("--period", "today"), (4, 3, 3)),
        (("--from", "2025-11-24", "--to", "2025-11-24"), (1, 1, 1)),
        (("--filter", "city:is:Berlin"), (3, 2, 2)),
        (("--filter", "city:is:Berlin", "--filter", "browser:is:Safari"), (1, 1, 1)),
        (("--filter", "city:is:Berlin", "--filter", "browser:is:Safari", "--any"), (5, 4, 4)),
    ],
)
def test_the_figures_are_those_of_the_page(
    folder: Path, words: tuple[str, ...], expected: tuple[int, ...]
) -> None:
    totals = as_json(folder, *words)["totals"]
    assert (totals["views"], totals["visits"], totals["visitors"]) == expected


def test_a_report_as_json_has_everything(folder: Path) -> None:
    found = as_json(folder, "--period", "today", "--list", "city", "--by", "hour", "--limit", "1")
    assert (found["site"], found["from"], found["to"]) == ("example.com", "2025-11-25", "2025-11-25")
    assert found["before"]["views"] == 1
    assert found["points"] == [
        {"time": "2025-11-25 00:00", "visitors": 2, "visits": 2, "views": 3},
        {"time": "2025-11-25 02:00", "visitors": 1, "visits": 1, "views": 1},
    ]
    assert [one["date"] for one in found["series"]] == ["2025-11-25"]
    city = found["lists"]["city"]
    assert [(one["city"], one["visits"]) for one in city["rows"]] == [("Berlin", 2)]
    assert city["others"] == {"rows": 1, "visits": 1}


def test_all_time_says_what_counters_show_and_why(folder: Path, instance: Instance) -> None:
    words = ("stats", "example.com", "--period", "all")
    told = "Counters show 9,007 views: with your adjustments"
    assert told not in run(folder, *words).output
    site, detail = instance.registry.sites[0], Detail(strategy="replace")
    post(Desk(instance), site, "offset", detail, [Amount(SITE, 9_007)])
    assert told in run(folder, *words).output
    assert told not in run(folder, "stats", "example.com").output


def test_a_list_as_csv(folder: Path) -> None:
    done = run(folder, "stats", "example.com", "--csv", "--list", "page")
    rows = list(csv.reader(StringIO(done.output)))
    assert rows[0][0] == "page"
    assert {row[0]: row[3] for row in rows[1:]} == {"/a": "3", "/b": "1", "/=sum(1)": "1"}
    assert run(folder, "stats", "example.com", "--csv").exit_code == 2


@pytest.mark.parametrize(
    ("interval", "dates"),
    [("week", ["2025-10-27", "2025-11-17", "2025-11-24"]), ("month", ["2025-10-01", "2025-11-01"])],
)
def test_weeks_and_months(folder: Path, interval: str, dates: list[str]) -> None:
    found = as_json(folder, "--by", interval)["series"]
    assert {*dates} <= {one["date"] for one in found}
    assert len(found) < 7
    assert sum(one["views"] for one in found) == 5
    assert f"Views a {interval}" in run(folder, "stats", "example.com", "--by", interval).output


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--period", "today", "--by", "hour"), "Views a hour  █ ▃"),
        (("--period", "yesterday", "--by", "hour"), "Views a hour  █"),
        (("--period", "today", "--by", "minute"), "Views a minute"),
        (("--from", "2025-11-23", "--to", "2025-11-25"), "Views a day   ▂█"),
    ],
)
def test_the_course_has_its_gaps(folder: Path, words: tuple[str, ...], line: str) -> None:
    shown = run(folder, "stats", "example.com", *words).output.splitlines()
    (found,) = (one for one in shown if one.startswith("Views a "))
    assert found.rstrip() == line


def test_properties_are_listed(folder: Path) -> None:
    names = ("property", "prop.plan", "event", "page")
    lists = as_json(folder, *(word for name in names for word in ("--list", name)))["lists"]
    assert lists["property"]["rows"][0] == {"property": "plan=pro", "visitors": 1, "visits": 1, "events": 1}
    assert lists["prop.plan"]["rows"] == [{"prop.plan": "pro", "visitors": 1, "visits": 1, "events": 1}]
    assert lists["event"]["rows"] == [{"event": "Signup", "visitors": 1, "visits": 1, "events": 1}]
    assert lists["page"]["rows"][0] == {"page": "/a", "title": "On /a", "visitors": 3, "views": 3}
    assert re.search(r"plan: pro +1 +1 *\n", run(folder, "stats", "example.com", "--list", "property").output)


def test_tables_for_people(folder: Path) -> None:
    text = run(folder, "stats", "example.com", "--list", "channel", "--list", "event").output
    assert re.search(r"E-mail +1 +1 *\n", text)
    assert re.search(r"Signup +1 +1 *\n", text)
    assert re.search(r"Direct +2 +2 *\n", text)


@pytest.mark.parametrize(
    "words",
    [
        ("--filter", "x"),
        ("--filter", "page:matches:("),
        ("--from", "2025-11-24"),
        ("--compare", "soon"),
        ("--list", "karma"),
        ("--compare", "year", "--from", "0001-01-01", "--to", "0001-01-02"),
        ("--compare", "9999-12-31"),
        ("--filter", "page:matches:(?V1)[a--b]"),
        ("--by", "minute", "--period", "90d"),
    ],
)
def test_what_cannot_be_asked_is_told(folder: Path, words: tuple[str, ...]) -> None:
    done = run(folder, "stats", "example.com", *words)
    assert done.exit_code == 2
    # It names the option that was typed, or the one that is missing.
    option = "--to" if words == ("--from", "2025-11-24") else "--from" if "--from" in words else words[0]
    assert done.output.startswith(f"Error: {option.removeprefix('--')}: ")


def test_one_look_at_who_is_there(folder: Path) -> None:
    done = run(folder, "top", "example.com", "--once")
    assert done.exit_code == 0, done.output
    assert "example.com  0 online now; today 4 views, 3 visitors" in done.output
    assert re.search(r"/a +3 +3 *\n", done.output)
    assert re.search(r"news\.example +1 +1 *\n", done.output)


QUERIES = re.findall(r"```sql\n(.*?)```", text_of("sql.md"), re.DOTALL)


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("sql", QUERIES)
def test_every_query_of_the_documentation_runs(folder: Path, sql: str) -> None:
    assert "v_" in sql
    assert "channel = " in sql or ask(folder, sql)
    ask(folder, sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM v_view", [(5,)]),
        ("SELECT sum(views), count(*) FROM v_visit", [(5, 4)]),
        ("SELECT event, page FROM v_event", [("Signup", "/b")]),
        ("SELECT page, seconds, scroll FROM v_engagement", [("/b", 3, 40)]),
        ("SELECT DISTINCT host FROM v_view UNION SELECT host FROM v_visit", [("",)]),
        ("SELECT day, views, visitors FROM v_day ORDER BY day", [("2025-11-24", 1, 1), ("2025-11-25", 4, 3)]),
        (
            "SELECT entry, exit, city, browser, duration FROM v_visit WHERE views = 2",
            [("/a", "/b", "Berlin", "Firefox", 60)],
        ),
        (
            "SELECT time, referrer, country FROM v_view WHERE referrer <> ''",
            [("2025-11-25T00:00:00Z", "news.example", "DE")],
        ),
    ],
)
def test_the_views_say_what_the_page_says(folder: Path, sql: str, expected: list[tuple[Any, ...]]) -> None:
    assert ask(folder, sql) == expected


def test_the_documentation_names_every_column_and_no_visitor(folder: Path) -> None:
    rows = dict(re.findall(r"^\| `(v_\w+)` \| [^|]+ \| ([^|]+) \|$", text_of("sql.md"), re.MULTILINE))
    views = {name for (name,) in ask(folder, "SELECT name FROM sqlite_master WHERE type = 'view'")}
    assert set(rows) == views
    for view, columns in rows.items():
        documented = [name.strip().partition(" ")[0] for name in columns.split(",")]
        assert documented == [row[1] for row in ask(folder, f"PRAGMA table_info({view})")]
        assert "visitor" not in documented
