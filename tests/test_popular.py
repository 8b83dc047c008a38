"""Popular, trending and related pages, beside a slow count of the raw hits in plain Python."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.commands import SaveSite, perform
from analytics.instance import Instance
from analytics.lists import score_trend
from analytics.model import OTHER, Hit, Kind
from analytics.periods import find_period
from analytics.store import ranking, related
from analytics.summary import Query, summarise
from analytics.web.app import create_app

from .conftest import FIREFOX, NOON, Clock, pagetally
from .test_counters import dump

DAY = 86_400
TODAY = NOON // DAY


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def view(day: int, visitor: int, path: str, second: int = 0, title: str = "", kind: int = 0) -> Hit:
    """A view of site 1, `day` days ago."""
    name = "" if kind == Kind.VIEW else "click"
    at = (TODAY - day) * DAY + second
    return Hit(1, TODAY - day, at, visitor, kind, name, path, "", title or f"On {path}", None, None)


def write(instance: Instance, hits: Sequence[Hit]) -> None:
    for start in range(0, len(hits), 500):
        part = hits[start : start + 500]
        instance.write(lambda store, part=part: store.write(part))


def make_history(seed: int = 7) -> list[Hit]:
    """Sixty days of readers who follow a taste, and some noise."""
    chance = random.Random(seed)
    pages = [f"/{folder}/{number}" for folder in ("posts", "notes") for number in range(15)]
    pages += ["/", "/中/лодка", "/100%25", OTHER]
    hits = []
    for day in range(59, -1, -1):
        for visitor in range(chance.randint(2, 12)):
            taste = chance.randrange(4)
            for _ in range(chance.choice([1, 1, 2, 3, 5])):
                choice = pages[taste::4] if chance.random() < 0.8 else pages
                page = chance.choice(choice[: 2 + day % 9])
                kind = Kind.EVENT if chance.random() < 0.1 else Kind.VIEW
                hits.append(view(day, visitor, page, chance.randrange(43_000), kind=int(kind)))
    return hits


# The oracle


def count_pages(hits: Iterable[Hit], first: int, last: int) -> dict[str, tuple[int, int]]:
    """Views and visitors by path, of the days from `first` to `last` days ago."""
    views: Counter[str] = Counter()
    visitors: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for hit in hits:
        if TODAY - first <= hit.day <= TODAY - last and hit.kind == Kind.VIEW:
            views[hit.path] += 1
            visitors[hit.path].add((hit.day, hit.visitor))
    return {path: (count, len(visitors[path])) for path, count in views.items()}


def first_views(hits: Iterable[Hit]) -> dict[str, int]:
    found: dict[str, int] = {}
    for hit in hits:
        if hit.kind == Kind.VIEW:
            found[hit.path] = min(hit.at, found.get(hit.path, hit.at))
    return found


def trend(hits: list[Hit], days: int) -> dict[str, float]:
    """Scores above 1, by the words of the docstring and not by its code."""
    now, before = count_pages(hits, days - 1, 0), count_pages(hits, 2 * days - 1, days)
    growth = sum(b for _, b in now.values()) / sum(b for _, b in before.values())
    found = {}
    for path, (_, n) in now.items():
        total = n + before.get(path, (0, 0))[1]
        p, z2 = n / total, 1.96**2
        low = (p + z2 / (2 * total) - 1.96 * sqrt((p * (1 - p) + z2 / (4 * total)) / total)) / (
            1 + z2 / total
        )
        score = low / (1 - low) / growth
        if score > 1 and path != OTHER:
            found[path] = round(score, 2)
    return found


def relate(hits: Iterable[Hit], days: int = 90) -> dict[str, list[tuple[str, float]]]:
    read: dict[tuple[int, int], set[str]] = defaultdict(set)
    for hit in hits:
        if hit.kind == Kind.VIEW and hit.day > TODAY - days:
            read[hit.day, hit.visitor].add(hit.path)
    readings = [paths for paths in read.values() if len(paths) <= related.MOST_PAGES]
    of_page = Counter(path for paths in readings for path in paths if path not in ("/", OTHER))
    of_pair = Counter(pair for paths in readings for pair in combinations(sorted(paths & set(of_page)), 2))
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for (a, b), both in of_pair.items():
        lift = both * len(readings) / (of_page[a] * of_page[b])
        if both >= 5 and lift > 1:
            found[a].append((b, lift))
            found[b].append((a, lift))
    return found


# Popular


def ask(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/popular", params={"site": "example.com"} | query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["site"] == "example.com"
    pages: list[dict[str, Any]] = answer.json()["pages"]
    return pages


QUESTIONS: list[tuple[dict[str, Any], int, int]] = [
    ({"window": "today"}, 0, 0),
    ({"window": "yesterday"}, 1, 1),
    ({"window": "7d"}, 6, 0),
    ({}, 29, 0),
    ({"window": "365d", "limit": 50}, 364, 0),
    ({"window": "all", "metric": "visitors", "limit": 50}, 999, 0),
    ({"window": "since:2025-11-06", "metric": "visitors", "limit": 3}, 19, 0),
    ({"window": "30d", "include": "/posts/", "limit": 4}, 29, 0),
    ({"window": "30d", "exclude": ["/", "/notes/*", "/posts/1*"], "limit": 50}, 29, 0),
    ({"window": "30d", "freshness": "50d", "limit": 50}, 29, 0),
    ({"window": "all", "freshness": "58d", "exclude": "/posts/*", "limit": 50}, 999, 0),
]


def check_popular(client: TestClient, hits: list[Hit]) -> None:
    for query, first, last in QUESTIONS:
        metric = 1 if query.get("metric") == "visitors" else 0
        excluded = query.get("exclude", [])
        excluded = [excluded] if isinstance(excluded, str) else excluded
        born = NOON - int(query["freshness"][:-1]) * DAY if "freshness" in query else 0
        firsts = first_views(hits)
        expected = {
            path: figures
            for path, figures in count_pages(hits, first, last).items()
            if path != OTHER
            and path.startswith(query.get("include", ""))
            and not any(fnmatchcase(path, pattern) for pattern in excluded)
            and firsts[path] >= born
        }
        found = ask(client, **query)
        limit = query.get("limit", 10)
        best = sorted((figures[metric] for figures in expected.values()), reverse=True)[:limit]
        assert [(page["views"], page["visitors"])[metric] for page in found] == best, query
        assert {page["path"]: (page["views"], page["visitors"]) for page in found}.items() <= expected.items()
        assert len({page["path"] for page in found}) == len(found) == min(limit, len(expected))
        assert all(page["title"] == f"On {page['path']}" for page in found)


def check_trending(client: TestClient, hits: list[Hit]) -> None:
    for days in (1, 7, 30):
        window = "today" if days == 1 else f"{days}d"
        found = ask(client, window=window, metric="trending", limit=50)
        assert {page["path"]: page["score"] for page in found} == trend(hits, days)
        scores = [page["score"] for page in found]
        assert scores == sorted(scores, reverse=True)
        before = count_pages(hits, 2 * days - 1, days)
        assert {page["path"]: page["before"] for page in found} == {
            page["path"]: before.get(page["path"], (0, 0))[1] for page in found
        }


def test_lists_are_those_of_the_raw_hits_before_and_after_a_fold_and_a_rollup(
    client: TestClient, instance: Instance
) -> None:
    hits = make_history()
    # Trends and newcomers among them.
    hits += [view(day, 100 + n, "/posts/new", n) for day in range(3) for n in range(25)]
    assert trend(hits, 7)
    assert (
        len(first_views(hits)) > len([at for at in first_views(hits).values() if at >= NOON - 50 * DAY]) > 0
    )
    late = [view(40, 7, "/posts/new", 3), view(59, 7, "/notes/14", 3)]  # first views that come last
    steps = (
        lambda: write(instance, hits[::2]),
        instance.fold,
        lambda: write(instance, hits[1::2]),
        instance.fold,
        instance.rollup,
        lambda: write(instance, late),
        instance.fold,
        instance.rollup,
    )
    stored = [hits[::2], hits[::2], *[hits] * 3, *[hits + late] * 3]
    for step, known in zip(steps, stored, strict=True):
        step()
        check_popular(client, known)
        check_trending(client, known)
    with instance.borrow_reader() as reader:
        assert [text for text in reader.differences() if text] == []


@pytest.mark.parametrize("period", ["today", "7d", "30d", "90d", "12mo", "all"])
def test_the_list_is_that_of_the_summary(client: TestClient, instance: Instance, period: str) -> None:
    write(instance, make_history())
    instance.fold()
    site = instance.registry.sites[0]
    with instance.borrow_reader() as reader:
        report = summarise(reader, Query(site, find_period(period), NOON, 20))
    pages = [item for item in report.panels["page"].items if item.label != OTHER]
    found = ask(client, window=period, limit=len(pages))
    assert [(page["path"], page["title"], page["views"], page["visitors"]) for page in found] == [
        (item.label, item.title, item.totals.views, item.totals.visitors) for item in pages
    ]


def test_noise_does_not_trend() -> None:
    assert score_trend(3, 0, 1_000, 1_000) < 1
    assert score_trend(110, 100, 1_000, 1_000) < 1
    # Much, and sure: ahead of more, but unsure, and of sure, but little.
    assert score_trend(300, 100, 5_000, 5_000) > score_trend(5, 0, 5_000, 5_000) > 1
    assert score_trend(300, 100, 99_000, 99_000) > score_trend(11_000, 10_000, 99_000, 99_000) > 1
    # The whole site doubled.
    assert score_trend(200, 100, 2_000, 1_000) < 1
    assert score_trend(9, 0, 9, 0) == score_trend(0, 9, 9, 9) == 0


# First views


def test_first_views_of_an_old_database_are_found(instance: Instance, client: TestClient) -> None:
    hits = make_history()
    write(instance, hits)
    instance.fold()
    instance.rollup()
    instance.write(lambda store: store._connection.execute("DELETE FROM page_first"))
    assert ask(client, freshness="365d", window="all") == []
    instance.fold()
    # A page that is not known to be new does not become so by another view.
    write(instance, [view(0, 1, hits[0].path, 40_000)])
    instance.fold()
    assert ask(client, freshness="365d", window="all") == []
    assert instance.find_firsts() == len(first_views(hits))
    assert instance.find_firsts() == 0
    check_popular(client, [*hits, view(0, 1, hits[0].path, 40_000)])
    with instance.borrow_reader() as reader:
        assert [text for text in reader.differences() if text] == []
    instance.write(lambda store: store.rebuild_totals())
    instance.find_firsts()
    check_popular(client, [*hits, view(0, 1, hits[0].path, 40_000)])


# Related


def ask_related(client: TestClient, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/related", params={"site": "example.com", "path": path} | query)
    assert answer.status_code == 200, answer.text
    pages: list[dict[str, Any]] = answer.json()["pages"]
    return pages


def test_related_pages_are_those_of_the_raw_hits(
    client: TestClient, instance: Instance, clock: Clock
) -> None:
    hits = make_history()
    # A machine, which reads everything; and readers of long ago.
    paths = sorted({hit.path for hit in hits})
    hits += [view(1, 999, path, 1) for path in [*paths, *(f"/machine/{n}" for n in range(40))]]
    hits += [view(95, n, path) for n in range(9) for path in ("/posts/1", "/posts/2")]
    expected = relate(hits)
    assert sum(map(len, expected.values())) > 40
    assert any(len(pages) > 3 for pages in expected.values())
    write(instance, hits)
    for step in (instance.fold, instance.rollup):
        assert instance.relate() == 1
        for path in paths:
            found = ask_related(client, path)
            best = sorted((lift for _, lift in expected[path]), reverse=True)[:10]
            assert [page["lift"] for page in found] == pytest.approx(best, abs=0.051), path
            allowed = {(other, round(lift, 1)) for other, lift in expected[path]}
            assert {(page["path"], page["lift"]) for page in found} <= allowed
            assert all(page["title"] == f"On {page['path']}" for page in found)
            assert ask_related(client, path, limit=2) == found[:2]
        step()
        clock.now += 3_600
    assert ask_related(client, "/") == ask_related(client, "/unknown") == []


@pytest.mark.parametrize(("readers", "found"), [(4, 0), (5, 1)])
def test_a_list_tells_of_nobody(client: TestClient, instance: Instance, readers: int, found: int) -> None:
    write(
        instance, [view(n % 3, n, path) for n in range(readers) for path in ("/a", "/b/index.html"[:2], "/a")]
    )
    write(instance, [view(0, 50 + n, "/c") for n in range(20)])
    instance.relate()
    assert len(ask_related(client, "/a")) == len(ask_related(client, "/b/")) == found
    count = instance.reader._connection.execute("SELECT count(*) FROM related").fetchone()[0]
    assert count == 2 * found


def test_no_list_shows_readers_what_the_owner_excluded(
    client: TestClient, instance: Instance, tmp_path: Path
) -> None:
    write(instance, [view(0, n, path) for n in range(6) for path in ("/a", "/b", "/draft/1")])
    write(instance, [view(0, 50 + n, "/c") for n in range(20)])
    instance.fold()
    instance.relate()
    assert {page["path"] for page in ask_related(client, "/a")} == {"/b", "/draft/1"}
    drawn = client.get("/related.html?site=example.com&path=/a&bare=1").text
    assert '<li><a href="https://example.com/draft/1" target="_top">On /draft/1</a></li>' in drawn
    perform(instance, SaveSite(replace(instance.registry.sites[0], exclude_paths=("/draft/*",))))
    assert [page["path"] for page in ask_related(client, "/a", limit=1)] == ["/b"]
    for window in ("30d", "all"):
        assert [page["path"] for page in ask(client, window=window)] == ["/c", "/a", "/b"]
    for address in ("/popular.html?site=example.com", "/related.html?site=example.com&path=/a"):
        assert "draft" not in client.get(address).text
    most = client.get("/api/v2/stats/pv_most_pages?limit=2").json()["data"]
    headers = {"x-lc-id": "any"}
    read = client.get("/1.1/classes/Counter?order=-time&limit=2", headers=headers).json()["results"]
    assert [one["key"] for one in most] == [one["url"] for one in read] == ["/c", "/a"]
    pagetally("related", "example.com", "--out", tmp_path / "all.json", data=instance.folder)
    assert json.loads((tmp_path / "all.json").read_text())["pages"].keys() == {"/a", "/b"}


def test_what_is_related_no_more_goes(client: TestClient, instance: Instance, clock: Clock) -> None:
    write(instance, [view(0, n, path) for n in range(6) for path in ("/a", "/b")])
    write(instance, [view(0, 50 + n, "/c") for n in range(20)])
    instance.relate()
    assert [page["path"] for page in ask_related(client, "/a")] == ["/b"]
    assert instance.relate() == 0  # its turn comes in an hour
    clock.now += 91 * DAY
    assert instance.relate() == 1
    assert ask_related(client, "/a") == []


def test_pairs_are_bounded_and_only_ever_counted_too_low(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    hits = make_history()
    write(instance, hits)
    days = sorted({hit.day for hit in hits})

    def compute() -> dict[int, dict[int, int]]:
        found = related.compute(instance.folder / "pagetally.db", 1, days) or {}
        return {page: {row.other: row.visitors for row in rows} for page, rows in found.items()}

    monkeypatch.setattr(related, "LISTED", 1_000)
    whole = compute()
    monkeypatch.setattr(related, "MOST_PAIRS", 60)
    bounded = compute()
    assert bounded
    for page, others in bounded.items():
        for other, visitors in others.items():
            assert 5 <= visitors <= whole.get(page, {}).get(other, 1_000)
    assert sum(map(len, bounded.values())) < sum(map(len, whole.values()))


def test_computing_ends_when_the_server_leaves(instance: Instance) -> None:
    write(instance, [view(0, n, path) for n in range(6) for path in ("/a", "/b")])
    instance.leave()
    assert instance.relate() == 0
    assert related.compute(instance.folder / "pagetally.db", 1, [TODAY], stop=lambda: True) is None


# The edges


@pytest.mark.parametrize("address", ["/api/popular", "/api/related", "/popular.html", "/related.html"])
@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 400, "site"),
        ({"site": "evil.example"}, 404, "site"),
        ({"site": "example.com", "limit": "0", "path": "/"}, 400, "limit"),
        ({"site": "example.com", "limit": "99", "path": "/"}, 400, "limit"),
        ({"site": "example.com", "limit": "٣", "path": "/"}, 400, "limit"),
        ({"site": "example.com", "a": ["1"] * 300}, 400, "query"),
    ],
)
def test_bad_questions_name_the_field(
    client: TestClient, address: str, query: dict[str, Any], status: int, field: str
) -> None:
    answer = client.get(address, params=query)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("window=24h", "window"),
        ("window=since:x", "window"),
        ("metric=likes", "metric"),
        ("metric=trending&window=all", "window"),
        ("freshness=x", "freshness"),
        ("freshness=99999d", "freshness"),
        ("&".join(["exclude=*"] * 21), "exclude"),
        ("exclude=" + "*a" * 101, "exclude"),
        ("include=" + "a" * 201, "include"),
        ("theme=pink", "theme"),
    ],
)
def test_bad_wishes_name_the_field(client: TestClient, query: str, field: str) -> None:
    address = "/popular.html" if field == "theme" else "/api/popular"
    answer = client.get(f"{address}?site=example.com&{query}")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize("query", ["", "&path=/a&path=/b", "&path=" + "x" * 2_001])
def test_related_takes_one_path(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/related?site=example.com{query}")
    assert (answer.status_code, answer.json()["field"]) == (400, "path")


@pytest.mark.parametrize("address", ["/api/popular", "/api/related", "/popular.html", "/related.html"])
def test_lists_are_read_by_everybody_and_only_read(
    client: TestClient, instance: Instance, address: str
) -> None:
    write(instance, make_history())
    instance.fold()
    before = dump(instance)
    query = urlencode({"site": "www.example.com", "path": "/posts/1"})
    answer = client.get(f"{address}?{query}")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=60"
    known = client.get(f"{address}?{query}", headers={"if-none-match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert client.head(f"{address}?{query}").content == b""
    assert client.post(f"{address}?{query}").status_code == 405
    assert client.options(address).headers["access-control-allow-origin"] == "*"
    for number in range(50):
        client.get(f"{address}?{query}&exclude=/{number}&include=/{number}&freshness={number + 1}d")
    assert dump(instance) == before


def test_the_command_writes_what_is_related_of_one_page_and_of_all(
    client: TestClient, instance: Instance, tmp_path: Path
) -> None:
    write(instance, make_history())
    instance.fold()
    instance.relate()
    data, file = instance.folder, tmp_path / "related.json"

    def ask(*words: str) -> dict[str, Any]:
        pagetally("related", "example.com", *words, "--out", file, data=data)
        return dict(json.loads(file.read_text()))

    pages = ask()["pages"]
    assert len(pages) > 1
    assert pages == {path: ask_related(client, path) for path in pages}
    page = next(path for path in pages if len(pages[path]) > 1)
    assert (
        ask(page, "--limit", "1") == client.get(f"/api/related?site=example.com&path={page}&limit=1").json()
    )
    assert [len(found) for found in ask("--limit", "1")["pages"].values()] == [1] * len(pages)
    assert ask("/unknown")["pages"] == []
    assert page in pagetally("related", "example.com", data=data).stdout


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def test_the_frame_escapes_and_may_be_framed(client: TestClient, instance: Instance) -> None:
    paths = ['/"><script>alert(3)</script>', "/a%3Fb", "/ok"]
    write(instance, [view(0, n, path, title=HOSTILE) for n, path in enumerate(paths)])
    answer = client.get("/popular.html?site=example.com")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "default-src 'none'" in policy
    assert "x-frame-options" not in answer.headers
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert answer.text.count('<a href="https://example.com/') == 3
    assert "<small>1 view</small>" in answer.text
    related = client.get("/related.html?site=example.com&path=/a&theme=dark")
    assert related.headers["content-security-policy"] == answer.headers["content-security-policy"]
    assert 'class="dark"' in related.text
    assert client.get("/related.html?site=example.com").status_code == 400
    bare = client.get("/popular.html?site=example.com&bare=1&metric=visitors")
    assert bare.text.startswith("<ol>")
    assert bare.text.strip().endswith("</ol>")
    assert "1 visitor<" in bare.text


def test_the_command_writes_the_same_as_json(tmp_path: Path) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    file = tmp_path / "popular.json"
    pagetally("popular", "example.com", "--window", "7d", "--out", file, data=data)
    assert json.loads(file.read_text()) == {"site": "example.com", "pages": []}
    assert "page" in pagetally("popular", "example.com", data=data).stdout
    wrong = pagetally("popular", "example.com", "--window", "24h", data=data, check=False)
    assert wrong.returncode == 2
    assert "window" in wrong.stderr


@pytest.mark.parametrize("more", ["true", ranking.WAS_VIEWED_HERE])
def test_what_is_new_looks_at_no_hit_that_is_folded(more: str, instance: Instance) -> None:
    sql = ranking.IS_WANTED.format(fresh=f"{more} AND {ranking.IS_FRESH}")
    place = {"site": 1, "born": 0, "paths": "[1]"}
    plan = [row[3] for row in instance.reader._connection.execute(f"EXPLAIN QUERY PLAN {sql}", place)]
    searches = [step for step in plan if step.startswith("SEARCH hit ")]
    assert searches
    assert all("(site=? AND day=? AND id>?)" in step for step in searches)
