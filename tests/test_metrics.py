"""/metrics: each line is as the format says, the figures are those of the process, and it is never public."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics import __version__
from analytics.commands import AddToken, perform
from analytics.gauges import FAMILIES, write_exposition
from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import FIREFOX, GOOGLEBOT, add_site

SAMPLE = re.compile(
    r"(?P<name>[a-z_][a-z0-9_]*)"
    r'(?:\{(?P<labels>[a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*)\})?'
    r" (?P<value>-?[0-9]+(?:\.[0-9]+)?)"
)


def parse(text: str) -> dict[str, float]:
    """The samples by name and labels; a line that is not as the format says fails."""
    assert text.endswith("\n")
    found: dict[str, float] = {}
    family, kinds = "", set()
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in kinds, "a family is told once"
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family
            assert kind in ("gauge", "counter")
            assert (kind == "counter") == name.endswith("_total")
            kinds.add(name)
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match["name"] == family
            key = line.rpartition(" ")[0]
            assert key not in found
            found[key] = float(match["value"])
    assert kinds <= set(FAMILIES)
    return found


def here(instance: Instance, **more: Any) -> TestClient:
    """A client on the server's own machine."""
    return TestClient(create_app(instance, **more), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 9))


def test_the_figures_are_those_of_the_process(instance: Instance) -> None:
    add_site(instance, "other.example")
    client = here(instance)
    body = {"u": "https://example.com/a"}
    for agent, times in [(FIREFOX, 3), (GOOGLEBOT, 2)]:
        for _ in range(times):
            client.post("/api/event", json=body, headers={"user-agent": agent})
    client.post("/api/event", json={"u": "https://nobody.example/"}, headers={"user-agent": FIREFOX})
    instance.flush_tallies()  # what is written down stays counted
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = parse(answer.text)
    assert found[f'pagetally_build_info{{version="{__version__}"}}'] == 1
    assert found["pagetally_can_store"] == 1
    assert found["pagetally_stored_total"] == 3
    assert found['pagetally_dropped_total{reason="bot"}'] == 2
    assert found['pagetally_dropped_total{reason="unknown-site"}'] == 1
    assert found["pagetally_commits_total"] == instance.writer.commits
    assert found["pagetally_queue_views"] == found["pagetally_queue_bytes"] == 0
    assert found["pagetally_fold_pending_days"] == 1
    assert found['pagetally_online_visitors{site="example.com"}'] == 1
    assert found['pagetally_online_visitors{site="other.example"}'] == 0
    assert found["pagetally_database_bytes"] == (instance.folder / "pagetally.db").stat().st_size
    assert found["pagetally_wal_bytes"] > 0
    assert found.get("process_resident_memory_bytes", 1e8) > 1e6
    instance.fold()
    assert parse(client.get("/metrics").text)["pagetally_fold_pending_days"] == 0


def test_labels_are_escaped() -> None:
    text = write_exposition({"pagetally_dropped_total": [((("reason", 'a"b\\c\nd'),), 1)]})
    assert parse(text) == {'pagetally_dropped_total{reason="a\\"b\\\\c\\nd"}': 1}


@pytest.mark.parametrize(
    ("address", "host", "headers", "proxies", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8000", {}, (), 200),
        ("::1", "[::1]:8000", {}, (), 200),
        ("::ffff:127.0.0.1", "localhost:8000", {}, (), 200),
        ("192.0.2.7", "127.0.0.1:8000", {}, (), 401),
        ("testclient", "127.0.0.1:8000", {}, (), 401),
        ("127.0.0.1", "stats.example.com", {}, (), 401),
        ("127.0.0.1", "127.0.0.1:8000", {"x-forwarded-for": "127.0.0.1"}, (), 401),
        ("127.0.0.1", "127.0.0.1:8000", {"via": "1.1 proxy"}, (), 401),
        ("127.0.0.1", "127.0.0.1:8000", {}, ("127.0.0.1",), 401),
        ("192.0.2.7", "127.0.0.1:8000", {"x-forwarded-for": "127.0.0.1"}, ("192.0.2.7",), 401),
    ],
)
def test_only_this_machine_needs_no_key(
    instance: Instance, address: str, host: str, headers: dict[str, str], proxies: Any, status: int
) -> None:
    app = create_app(instance, trusted_proxies=proxies)
    client = TestClient(app, base_url=f"http://{host}", client=(address, 9))
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert ("pagetally_" in answer.text) == (status == 200)
    assert "access-control-allow-origin" not in answer.headers


def test_elsewhere_a_key_of_every_site_opens_it(instance: Instance) -> None:
    client = TestClient(create_app(instance, trusted_proxies=("127.0.0.1",)))
    of_all = perform(instance, AddToken("", "read", ""))
    of_one = perform(instance, AddToken("example.com", "read", ""))
    for key, status in [(of_all, 200), (of_one, 401), ("nonsense", 401)]:
        answer = client.get("/metrics", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == status
    assert client.get("/metrics").headers["www-authenticate"] == "Bearer"
    assert client.get("/k/x/metrics").status_code == 404
