"""What a foreign client says that nobody can use: it stores nothing, and its owner finds it in the tally."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.errors import DiskFailed, QueueFull, StoreBusy, StoreFailed
from analytics.instance import Instance
from analytics.web.app import create_app
from analytics.web.compat import FAMILIES

from .conftest import FIREFOX, PYTHON, add_site

SITE = {"origin": "https://blog.example"}
BROKEN = '{"broken'
IDS = ("leancloud:app", "moe:joe", "umami:uuid", "matomo:1", "ga4:G-ABC")
LEANCLOUD = SITE | {"x-lc-id": "app"}
ID = "0" * 24

Call = tuple[str, str, Any, dict[str, str], str]
"""Method, address, body, headers, and the reason that is tallied."""

ADDRESS, EVENT = "unusable-address", "unusable-event"
VIEW = {"type": "event", "payload": {"website": "uuid", "hostname": "evil.example", "url": "/a"}}

REFUSED: dict[str, Call] = {
    "ackee, another operation": ("POST", "/api", {"query": "query { facts }"}, SITE, EVENT),
    "artalk, no body": ("POST", "/api/v2/pages/pv", BROKEN, SITE, ADDRESS),
    "pagetally, no body": ("POST", "/api/event", BROKEN, SITE, EVENT),
    "pagetally, no address": ("POST", "/api/event", {"name": "pageview"}, SITE, ADDRESS),
    "pagetally, an address of nothing": ("POST", "/api/event", {"u": "data:x"}, SITE, ADDRESS),
    "pagetally, a picture of no page": ("GET", "/api/pixel.gif", None, SITE, ADDRESS),
    "pagetally, a picture of nothing": ("GET", "/api/pixel.gif?u=x", None, SITE, ADDRESS),
    "busuanzi, no callback": ("GET", "/busuanzi", None, SITE, EVENT),
    "busuanzi, bad callback": ("GET", "/?jsonpCallback=a(b", None, SITE, EVENT),
    "fathom, no host": ("GET", "/collect?p=/a", None, SITE, EVENT),
    "fathom, no path": ("GET", "/collect?h=https://blog.example", None, SITE, EVENT),
    "ga4, no events": ("POST", "/mp/collect?measurement_id=G-ABC", BROKEN, SITE, EVENT),
    "ga4, an event without a name": (
        "POST",
        "/mp/collect?measurement_id=G-ABC",
        {"events": [{"name": "session_start"}, {}]},
        SITE,
        EVENT,
    ),
    "ga4, no name by gtag": ("GET", "/g/collect?tid=G-ABC", None, SITE, EVENT),
    "badges, no page": ("GET", "/badge", None, SITE, "unknown-site"),
    "finicounter, no host": ("GET", "/counter?host=", None, SITE, "unknown-site"),
    "goatcounter, no path": ("GET", "/count", None, SITE, ADDRESS),
    "goatcounter, a long path": ("POST", "/count?p=/" + "a" * 2_048, None, SITE, ADDRESS),
    "goatcounter, a mark of nobody": ("GET", "/count?p=/a&b=7", None, SITE, EVENT),
    "goatcounter, a robot's mark": ("GET", "/count?p=/a&b=150", None, SITE, "bot"),
    "hitwebcounter, no page": ("GET", "/counter/counter.php", None, SITE, "unknown-site"),
    "countapi, no name": ("GET", "/hit/x/y", None, SITE, "unknown-site"),
    "countapi, bad callback": ("GET", "/hit/blog.example/key?callback=a(b", None, SITE, EVENT),
    "jkjoy, bad callback": ("GET", "/api/count?site=blog.example&page=/a&callback=1", None, SITE, EVENT),
    "leancloud, no app": ("POST", "/1.1/classes/Counter", {"url": "/a", "time": 1}, SITE, "unknown-site"),
    "leancloud, no app, batch": ("POST", "/1.1/batch", {}, SITE, "unknown-site"),
    "leancloud, no url": ("POST", "/1.1/classes/Counter", {"time": 1}, LEANCLOUD, ADDRESS),
    "leancloud, no body": ("POST", "/1.1/classes/Counter", BROKEN, LEANCLOUD, ADDRESS),
    "leancloud, no such counter": ("PUT", f"/1.1/classes/Counter/{ID}", {}, LEANCLOUD, ADDRESS),
    "leancloud, no batch": ("POST", "/1.1/batch", BROKEN, LEANCLOUD, ADDRESS),
    "matomo, no ids": ("GET", "/matomo.php", None, SITE, EVENT),
    "matomo, no list": ("POST", "/matomo.php", {"requests": 1}, SITE, EVENT),
    "matomo, one of many": ("POST", "/piwik.php", {"requests": ["?rec=1"]}, SITE, EVENT),
    "moecounter, out of bounds": ("GET", "/@joe?scale=9", None, SITE, EVENT),
    "openkounter, no body": ("POST", "/api/counter", BROKEN, SITE, ADDRESS),
    "openkounter, no target": ("POST", "/api/counter", {"action": "inc"}, SITE, ADDRESS),
    "openkounter, no list": ("POST", "/api/counter", {"action": "batch_inc"}, SITE, ADDRESS),
    "soxft, no page": ("POST", "/api", None, SITE, ADDRESS),
    "soxft PUT, no page": ("PUT", "/api", None, SITE, ADDRESS),
    "soxft JSONP, bad callback": ("GET", "/jsonp?callback=a;b", None, SITE, EVENT),
    "twikoo, no body": ("POST", "/twikoo", BROKEN, SITE, EVENT),
    "twikoo, no path": ("POST", "/twikoo", {"event": "COUNTER_GET"}, SITE, ADDRESS),
    "umami, no site": ("POST", "/api/send", {"type": "event", "payload": {}}, SITE, EVENT),
    "umami, no body": ("POST", "/api/collect", BROKEN, SITE, EVENT),
    "umami, no list": ("POST", "/api/batch", {}, SITE, EVENT),
    "umami, one of many": ("POST", "/api/batch", [VIEW, 1], SITE, EVENT),
    "vercount v1, no body": ("POST", "/api/v1/log", BROKEN, SITE, ADDRESS),
    "vercount v2, no url": ("POST", "/api/v2/log", {}, SITE, ADDRESS),
    "vercount v2, no address": ("POST", "/api/v2/log", {"url": "/a"}, SITE, ADDRESS),
    "waline, no body": ("POST", "/api/article", BROKEN, SITE, ADDRESS),
    "waline, no path": ("POST", "/article", {"action": "inc"}, SITE, ADDRESS),
    "whyneh JSONP, no callback": ("GET", "/busuanzi/api/jsonp", None, SITE, EVENT),
}
"""Of each family, what is meant to count and cannot."""

TAKING_BODIES = (
    "/api/event",
    "/api/v2/pages/pv",
    "/1.1/batch",
    "/matomo.php",
    "/twikoo",
    "/api/send",
    "/api/v2/log",
)


@pytest.fixture
def client(instance: Instance) -> TestClient:
    add_site(instance, "blog.example", foreign_ids=IDS)
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def tallied(instance: Instance) -> dict[str, int]:
    """How many views were dropped, by reason."""
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        return {reason: views for _, reason, views in reader.dropped(0)}


def stored(instance: Instance) -> int:
    return sum(instance.reader.unfolded(site.id) for site in instance.registry.sites)


def send(client: TestClient, call: Call) -> Any:
    method, address, body, headers, _ = call
    content = body if isinstance(body, str | bytes) else json.dumps(body) if body is not None else None
    kind = {"content-type": "application/json"} if body is not None else {}
    return client.request(method, address, content=content, headers=headers | kind)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_tallied_once_and_stores_nothing(
    client: TestClient, instance: Instance, name: str
) -> None:
    answer = send(client, REFUSED[name])
    assert answer.status_code < 500
    assert answer.headers["access-control-allow-origin"] in ("*", SITE["origin"])
    assert answer.headers["x-pagetally"]
    (exposed,) = answer.headers.get_list("access-control-expose-headers")
    assert {"x-pagetally", "retry-after", "x-goatcounter"} <= set(exposed.split(", "))
    assert answer.headers["timing-allow-origin"] == "*"
    assert (tallied(instance).get(REFUSED[name][-1]), stored(instance)) == (1, 0)


def test_every_family_that_counts_is_tried() -> None:
    tried = {name.partition(",")[0].partition(" ")[0] for name in REFUSED}
    # Plausible's calls are our own, and Umami's figures are only read.
    assert set(FAMILIES) - {"plausible", "umami-stats"} == tried - {"pagetally"}


def test_the_tally_is_that_of_the_site_which_asked(client: TestClient, instance: Instance) -> None:
    client.post("/api/v2/log", content=BROKEN, headers=SITE)
    instance.flush_tallies()
    found = instance.registry.find("blog.example")
    assert found is not None
    client.post("/api/event", content=BROKEN, headers={"referer": "https://blog.example/a"})
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        assert [(reason, views) for _, reason, views in reader.dropped_by_day(found.id, 0)] == [
            (ADDRESS, 1),
            (EVENT, 1),
        ]


# What is no event of ours, and what a person is told of it.
WRONG = [
    ("", "body: is not JSON: it ends too early"),
    ("{", "body: is not JSON: it ends too early"),
    ("{a: 1}", "body: is not JSON: object keys must be strings (byte 1)"),
    ('{"p": ' + "[" * 5_000 + "}", "body: is not JSON: it is nested too deeply"),
    (b'{"t": "\xff"}', "body: is not JSON: it is not UTF-8"),
    ("[]", "body: must be an object"),
    ("null", "body: must be an object"),
    ('{"u": 5}', "u: must be text"),
    ('{"u": true}', "u: must be text"),
    ('{"u": "https://[x"}', "u: is not an address"),
    ('{"t": []}', "t: must be text"),
    ('{"n": {}}', "n: must be text or a whole number"),
    ('{"n": 1.5}', "n: must be text or a whole number"),
    ('{"id": []}', "id: must be text or a number"),
    ('{"id": 1e999}', "id: has a number that is too large"),
    ('{"u": "https://blog.example/", "p": "{"}', "p: is text, but not JSON: it ends too early"),
    (
        '{"u": "https://blog.example/", "p": "1e999"}',
        "p: is text, but not JSON: it has a number that is too large",
    ),
]


@pytest.mark.parametrize(("body", "said"), WRONG)
def test_what_is_wrong_with_an_event_is_said_in_words(client: TestClient, body: str, said: str) -> None:
    answer = client.post("/api/event", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, said)


BODIES = (*("", "{", "[]", "null", "1", '"x"', '{"u": 5}', '{"n": {}}', "[" * 5_000), b'{"t": "\xff"}')


def words_of(answer: Any) -> str:
    said = [answer.headers.get(name, "") for name in ("x-pagetally", "x-goatcounter")]
    return "\n".join([*said, answer.text if answer.status_code >= 400 else ""])


@pytest.mark.parametrize("name", REFUSED)
def test_no_answer_speaks_python(client: TestClient, name: str) -> None:
    method, address, body, headers, _ = REFUSED[name]
    for given in (body, *(BODIES if method == "POST" else ())):
        answer = send(client, (method, address, given, headers, ""))
        assert PYTHON.search(words_of(answer)) is None, words_of(answer)


FAULTS = {"busy": StoreBusy, "database": StoreFailed, "disk": DiskFailed, "queue-full": QueueFull}
VIEWS = {
    "/api/event": '{"u": "https://blog.example/a"}',
    "/api/send": {"type": "event", "payload": {"website": "uuid", "url": "/a"}},
    "/count?p=/a": None,
    "/api/pixel.gif?u=https://blog.example/a": None,
}


@pytest.mark.parametrize("address", VIEWS)
@pytest.mark.parametrize("word", FAULTS)
def test_what_cannot_be_stored_is_said_in_a_word(
    client: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch, word: str, address: str
) -> None:
    def refuse(*_: object) -> None:
        raise FAULTS[word]("the disk is full")

    monkeypatch.setattr(instance.writer, "submit", refuse)
    body = VIEWS[address]
    answer = send(client, ("POST" if body else "GET", address, body, SITE, ""))
    assert answer.status_code == 503
    # A picture has no room for a sentence but this.
    said = "the disk is full" if "pixel" in address else word
    assert answer.headers["x-pagetally"] == f"error; {said}"
    assert PYTHON.search(words_of(answer)) is None


@pytest.mark.parametrize("address", TAKING_BODIES)
def test_a_body_that_is_too_large_is_tallied(client: TestClient, instance: Instance, address: str) -> None:
    answer = client.post(address, content="x" * 100_000, headers=LEANCLOUD)
    assert (answer.status_code, tallied(instance), stored(instance)) == (413, {EVENT: 1}, 0)


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/v2/log"),
        ("GET", "/api"),
        ("GET", "/api/article"),
        ("GET", "/api/counter"),
        ("GET", "/1.1/classes/Counter"),
        ("HEAD", "/api/pixel.gif"),
        ("HEAD", "/busuanzi"),
        ("HEAD", "/count"),
        ("HEAD", "/collect"),
        ("OPTIONS", "/api/send"),
    ],
)
def test_what_only_asks_is_no_view_that_went_missing(
    client: TestClient, instance: Instance, method: str, address: str
) -> None:
    client.request(method, address, headers=SITE)
    assert tallied(instance) == {}
