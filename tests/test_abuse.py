"""Against abuse: too many views from one network, the same view again and again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from analytics import cooldown, throttle
from analytics.cooldown import Cooldown
from analytics.errors import InputError, QueueFull
from analytics.instance import Instance
from analytics.model import Hit, Kind, Site
from analytics.registry import check_site
from analytics.throttle import BURST_SECONDS, Throttle, prefix_of
from analytics.web.app import create_app

from .conftest import CHROME, FIREFOX, NOON, Clock, add_site

URL = "https://example.com/a"
PROXY = "10.0.0.1"


@pytest.fixture
def busy(tmp_path: Path, clock: Clock) -> Instance:
    """An instance that takes ten views a second from each network."""
    found = Instance(tmp_path / "busy", clock=clock, rate_limit=10).open()
    add_site(found, "example.com")
    return found


def browser(instance: Instance, address: str = PROXY) -> TestClient:
    app = create_app(instance, trusted_proxies=(PROXY,))
    return TestClient(app, headers={"user-agent": FIREFOX}, client=(address, 5000))


def views(instance: Instance) -> int:
    with instance.borrow_reader() as reader:
        return reader.site_count(1).views


def tallied(instance: Instance) -> dict[str, int]:
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        return {f"{domain} {reason}": found.views for domain, reason, found in reader.dropped(0)}


# --- The rate limit --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:0:1200::1", "2001:db8:0:12ff:ffff::9", True),
        ("2001:db8:0:1200::1", "2001:db8:0:1300::1", False),
        ("1.2.3.4", "102:304::", False),
    ],
)
def test_a_network_is_a_prefix(one: str, other: str, same: bool) -> None:
    assert (prefix_of(one) == prefix_of(other)) is same
    assert prefix_of(one)


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.9.9.9", "::1", "testclient"])
def test_this_machine_itself_is_not_limited(address: str) -> None:
    throttle = Throttle(1)
    assert [throttle.admit(address, NOON) for _ in range(100)] == [0] * 100


def test_a_bucket_leaks_at_its_rate() -> None:
    throttle = Throttle(10)
    admitted = [throttle.admit("192.0.2.1", NOON) == 0 for _ in range(1_000)]
    assert admitted == [True] * 10 * BURST_SECONDS + [False] * (1_000 - 10 * BURST_SECONDS)
    assert [throttle.admit("192.0.2.1", NOON + 1) == 0 for _ in range(20)] == [True] * 10 + [False] * 10
    # An hour of 1,000 a second: what comes in is the rate, and nothing is owed for what was refused.
    taken = sum(throttle.admit("192.0.2.1", NOON + 1 + step / 1_000) == 0 for step in range(60_000))
    assert 590 <= taken <= 600
    assert throttle.admit("198.51.100.1", NOON) == 0


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    throttle = Throttle(10)
    while throttle.admit("192.0.2.1", NOON) == 0:
        pass
    assert throttle.admit("192.0.2.1", NOON) == 1
    assert throttle.admit("192.0.2.1", NOON - 3_600) == 0


def test_buckets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "CAPACITY", 1_000)
    limit = Throttle(0.001)
    for number in range(10_000):
        limit.admit(f"2001:db8:{number:x}::", NOON)
    assert len(limit._empty_at) <= 1_000
    for number in range(2_000):
        limit.admit(f"2001:db8:{number:x}::", NOON + 10**6)
    assert len(limit._empty_at) <= 1_000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/event", {"u": URL}),
        ("GET", f"/api/pixel.gif?u={URL}", None),
    ],
)
def test_one_client_is_told_to_wait(busy: Instance, method: str, path: str, body: object) -> None:
    client = browser(busy)
    sender = {"x-forwarded-for": "203.0.113.9"}
    most = 10 * BURST_SECONDS
    answers = [client.request(method, path, json=body, headers=sender) for _ in range(most + 5)]
    assert all(answer.is_success for answer in answers[:most])
    for answer in answers[most:]:
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-pagetally"].startswith("error; ")
        if method == "POST":
            assert "more views come from your network than are taken" in answer.text
    assert views(busy) == most
    # Others behind the same proxy are not limited, and the owner sees it by the site.
    assert client.request(method, path, json=body, headers={"x-forwarded-for": "203.0.112.9"}).is_success
    assert tallied(busy) == {"example.com rate-limit": 5}
    busy.close()


@pytest.mark.parametrize("path", ["/api/v2/log", "/log"])
def test_one_client_of_a_counter_is_shown_the_number_meanwhile(busy: Instance, path: str) -> None:
    client, sender = browser(busy), {"x-forwarded-for": "203.0.113.9"}
    most = 10 * BURST_SECONDS
    for _ in range(most):
        assert client.post(path, json={"url": URL}, headers=sender).is_success
    answer = client.post(path, json={"url": URL}, headers=sender)
    assert (answer.status_code, answer.headers["x-pagetally"]) == (200, "dropped; rate-limit")
    assert str(most) in answer.text
    assert (views(busy), tallied(busy)) == (most, {"example.com rate-limit": 1})
    busy.close()


def test_500_clients_behind_one_proxy_are_not_limited(busy: Instance) -> None:
    client = browser(busy)
    for number in range(500):
        headers = {"x-forwarded-for": f"203.{number // 250}.{number % 250}.7", "user-agent": FIREFOX}
        assert client.post("/api/event", json={"u": URL}, headers=headers).status_code == 202
    assert views(busy) == 500
    busy.close()


def test_a_forged_header_makes_no_new_sender(busy: Instance) -> None:
    client = browser(busy, "203.0.113.9")
    answers = [
        client.post("/api/event", json={"u": URL}, headers={"x-forwarded-for": f"198.51.{n}.1"})
        for n in range(10 * BURST_SECONDS + 1)
    ]
    assert answers[-1].status_code == 429
    busy.close()


def test_reading_is_not_limited(busy: Instance) -> None:
    client = browser(busy, "203.0.113.9")
    for _ in range(10 * BURST_SECONDS + 1):
        client.post("/api/event", json={"u": URL})
    assert client.get("/api/counters?site=example.com").json()["site"]["views"] == 50
    assert client.get(f"/log?url={URL}").json()["page_pv"] == 50
    busy.close()


@pytest.mark.parametrize("url", ["https://stranger.example/", "https://[", "x" * 9_000, ""])
def test_what_is_refused_may_be_nonsense(busy: Instance, url: str) -> None:
    client = browser(busy, "203.0.113.9")
    for _ in range(10 * BURST_SECONDS):
        client.post("/api/event", json={"u": URL})
    answer = client.post("/api/event", json={"u": url})
    assert answer.status_code == (429 if url else 400)
    busy.close()


# --- The cooldown ----------------------------------------------------------------------------------


@pytest.fixture
def calm(instance: Instance) -> TestClient:
    """A browser on calm.example, where a page counts once in half an hour."""
    add_site(instance, "calm.example", cooldown=1_800)
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def send(client: TestClient, path: str = "/a", **extra: object) -> str:
    """Send a view; why it was dropped, or nothing."""
    agent = str(extra.pop("agent", FIREFOX))
    body = json.dumps({"u": f"https://calm.example{path}"} | extra)
    answer = client.post("/api/event", content=body, headers={"user-agent": agent})
    assert answer.status_code == 202
    return answer.headers.get("x-pagetally", "")


def test_the_same_view_again_counts_after_the_cooldown(
    calm: TestClient, instance: Instance, clock: Clock
) -> None:
    assert [send(calm), send(calm), send(calm, "/a/?utm_source=x")] == ["", *["dropped; cooldown"] * 2]
    assert [send(calm, "/b"), send(calm, agent=CHROME), send(calm, n="Signup"), send(calm, n="Signup")] == [
        ""
    ] * 4
    clock.now += 1_799
    assert send(calm) == "dropped; cooldown"
    clock.now += 1
    assert send(calm) == ""
    assert tallied(instance) == {"calm.example cooldown": 3}
    found = calm.get("/api/counters?site=calm.example&path=/a").json()
    assert found["pages"]["/a"] == {"views": 3, "visitors": 2}


def test_it_holds_for_foreign_protocols_and_the_pixel(calm: TestClient) -> None:
    url = "https://calm.example/a"
    assert calm.post("/log", json={"url": url}).json()["page_pv"] == 1
    assert calm.post("/log", json={"url": url}).json()["page_pv"] == 1
    pixel = calm.get(f"/api/pixel.gif?u={url}")
    assert (pixel.status_code, pixel.headers["x-pagetally"]) == (202, "dropped; cooldown")


def test_it_survives_a_restart(tmp_path: Path, clock: Clock) -> None:
    data = tmp_path / "restarted"
    for views_before in (0, 1, 1):
        instance = Instance(data, clock=clock).open()
        if not views_before:
            add_site(instance, "calm.example", cooldown=1_800)
        client = TestClient(create_app(instance), headers={"user-agent": FIREFOX})
        assert send(client) == ("dropped; cooldown" if views_before else "")
        instance.close()
        clock.now += 600


def test_a_view_that_could_not_be_stored_may_come_again(
    calm: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise QueueFull("full")

    with monkeypatch.context() as broken:
        broken.setattr(instance.writer, "submit", refuse)
        assert calm.post("/api/event", json={"u": "https://calm.example/a"}).status_code == 503
    assert [send(calm), send(calm)] == ["", "dropped; cooldown"]


def test_a_clock_that_is_set_back_counts(calm: TestClient, clock: Clock) -> None:
    assert send(calm) == ""
    clock.now -= 60
    assert send(calm) == ""


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cooldown, "CAPACITY", 100)
    memory = Cooldown()
    for visitor in range(1_000):
        hit = Hit(1, 0, NOON, visitor, Kind.VIEW, "", "/a", "", "", None, None)
        assert memory.claim(hit, 60)
    assert len(memory._counted) <= 100
    assert not memory.claim(hit, 60)


@pytest.mark.parametrize("seconds", [-1, 86_401])
def test_a_cooldown_has_limits(seconds: int) -> None:
    with pytest.raises(InputError, match="cooldown"):
        check_site(Site(id=0, domain="a.example", cooldown=seconds))
