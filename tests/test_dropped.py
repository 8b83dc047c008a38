"""The owner sees what was dropped, and why."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from analytics import wording
from analytics.instance import Instance
from analytics.model import OTHER, Drop, Dropped, Range
from analytics.web.app import create_app
from analytics.web.dropped import by_reason

from .conftest import CHROME, FIREFOX, GOOGLEBOT, NOON, Clock, add_site
from .test_docs import text_of
from .test_migrate import HOST, owner  # noqa: F401

TODAY = NOON // 86_400


def test_every_documented_reason_has_a_sentence() -> None:
    rows = re.findall(r"^\| (`[a-z`, -]+`) \|", text_of("metrics.md"), re.MULTILINE)
    reasons = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert {"bot", "cooldown", "rate-limit"} <= reasons <= set(wording.REASONS)


def test_reasons_by_day() -> None:
    rows = [(1, "bot", 2), (3, "bot", 5), (2, "host", 9), (0, "host", 100), (4, "host", 100)]
    dropped = [(day, reason, Dropped(views, events=3)) for day, reason, views in rows]
    found = by_reason(dropped, Range(1, 3))
    assert [(one.name, list(one.days), one.views, one.events) for one in found] == [
        ("host", [0, 9, 0], 9, 3),
        ("bot", [2, 0, 5], 7, 6),
    ]


def test_views_are_told_apart_from_events_and_are_those_kept_apart(
    owner: TestClient,  # noqa: F811
    instance: Instance,
) -> None:
    url, headless = "https://example.com/a", CHROME.replace("Chrome/", "HeadlessChrome/")
    for body in ({"u": url}, {"u": url}, {"n": "Signup", "u": url}, {"n": "engagement", "u": url, "e": 900}):
        owner.post("/api/event", json=body, headers={"user-agent": headless})
        owner.post("/api/event", json=body | {"d": "other.example"})
    instance.flush_tallies()
    apart = owner.get("/sites/example.com/bots").text
    assert re.search(r"<h2>headless</h2><span[^>]*>2 views</span>", apart)
    dropped = owner.get("/sites/example.com/dropped").text
    assert re.search(r"<h2>headless</h2><span[^>]*>2 views, 2 events</span>", dropped)
    assert re.search(r"<h2>unknown-site</h2><span[^>]*>2 views, 2 events</span>", owner.get("/dropped").text)
    with instance.borrow_reader() as reader:
        assert {found for _, _, found in reader.dropped(0)} == {Dropped(2, 2)}


def test_the_page_tells_reason_number_and_sentence(
    owner: TestClient,  # noqa: F811
    instance: Instance,
    clock: Clock,
) -> None:
    body = {"u": "https://example.com/a"}
    for _ in range(3):
        owner.post("/api/event", json=body, headers={"user-agent": GOOGLEBOT})
    owner.post("/api/event", json={"u": "https://copy.example/a", "d": "example.com"})
    owner.post("/api/event", json={"u": "https://stranger.example/a"})
    owner.post("/log", json={"url": "https://["})
    instance.flush_tallies()
    page = owner.get("/sites/example.com/dropped").text
    assert re.findall(r'<h2>([\w-]+)</h2><span class="strong">([^<]+)', page) == [
        ("bot", "3 views"),
        ("host", "1 view"),
    ]
    assert wording.REASONS["host"] in page
    assert "Tue 25 Nov 2025" in page
    assert '<a href="/sites/example.com/bots">see them, or count them after all</a>' in page
    assert '/sites/example.com/dropped"' in owner.get("/sites/example.com").text
    # What is of no site is told on a page of its own.
    nobody = owner.get("/dropped").text
    assert ("unknown-site", "1 view") in re.findall(r'<h2>([\w-]+)</h2><span class="strong">([^<]+)', nobody)
    assert '/dropped"' in owner.get("/").text
    clock.now += 30 * 86_400
    assert "Nothing was left out" in owner.get("/sites/example.com/dropped").text


def test_views_over_the_cap_are_told(owner: TestClient, instance: Instance) -> None:  # noqa: F811
    instance.writer._store._ingest._caps = type(instance.writer._store._ingest._caps)(path=1)
    for path in "abc":
        owner.post("/api/event", json={"u": f"https://example.com/{path}"})
    assert (
        "2 views of which the page was not told, as by an old counter’s script, or was beyond the daily limit"
        in owner.get("/sites/example.com/dropped").text
    )
    assert OTHER not in owner.get("/sites/example.com/dropped").text


def test_reasons_are_escaped(owner: TestClient, instance: Instance) -> None:  # noqa: F811
    instance.writer.tally(Drop(1, "<script>alert(1)</script>"), TODAY)
    instance.flush_tallies()
    page = owner.get("/sites/example.com/dropped").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/dropped", "/sites/example.com/dropped"])
def test_strangers_are_sent_to_sign_in(instance: Instance, path: str) -> None:
    client = TestClient(create_app(instance), base_url=HOST, follow_redirects=False)
    assert client.get(path, headers={"user-agent": FIREFOX}).headers["location"] == f"/login?next={path}"


def test_an_unknown_site_is_404(owner: TestClient, instance: Instance) -> None:  # noqa: F811
    add_site(instance, "other.example")
    assert owner.get("/sites/stranger.example/dropped").status_code == 404
    assert owner.get("/sites/other.example/dropped").status_code == 200
