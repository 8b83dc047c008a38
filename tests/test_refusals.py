"""What a foreign client says that nobody can use: it stores nothing, and its owner finds it in the tally."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from starlette.testclient import TestClient

from analytics.errors import DiskFailed, QueueFull, StoreBusy, StoreFailed
from analytics.instance import Instance
from analytics.store.connect import DatabaseError
from analytics.web.app import create_app
from analytics.web.compat import FAMILIES

from .conftest import FIREFOX, PYTHON, add_site

SITE = {"origin": "https://blog.example"}
BROKEN = '{"broken'
IDS = (
    *("leancloud:app", "moe:joe", "umami:uuid", "matomo:1", "ga4:G-ABC"),
    *("ackee:1", "hitwebcounter:a", "fathom:1"),
)
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
    """What was dropped, by reason."""
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        return {reason: found.views + found.events for _, reason, found in reader.dropped(0)}


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
        assert [(reason, dropped.views) for _, reason, dropped in reader.dropped_by_day(found.id, 0)] == [
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


# What cannot be stored, or read, at the moment

PAGE = {"origin": "https://blog.example", "referer": "https://blog.example/a"}
JSONP, JSON, SVG, GIF, TEXT = (
    "application/javascript",
    "application/json",
    "image/svg+xml",
    "image/gif",
    "text/",
)
SHOWN = 200


class Told(NamedTuple):
    """What a client is told where a view cannot be stored, and where no number can be read either."""

    call: tuple[str, str, Any, dict[str, str]]
    kind: str
    """The start of the content type, in both cases."""
    put_off: str
    """What is in the body where the view cannot be stored; one was stored before."""
    unread: str
    status: int = 0
    """The status in both cases; 0 for that of the error."""
    status_put_off: int = SHOWN


def tracker(call: tuple[str, str, Any, dict[str, str]], kind: str, text: str, status: int = 0) -> Told:
    """A tracker's client shows no number: the same is told in both cases."""
    return Told(call, kind, text, text, status, status)


UMAMI = {"type": "event", "payload": {"website": "uuid", "hostname": "blog.example", "url": "/a"}}
GA4 = {"events": [{"name": "page_view", "params": {"page_location": "https://blog.example/a"}}]}
ACKEE = {
    "query": "mutation createRecord { }",
    "variables": {"domainId": "1", "input": {"siteLocation": "https://blog.example/a"}},
}
BSZ = PAGE | {"x-bsz-referer": "https://blog.example/a", "x-referer": "https://blog.example/a"}
LC = PAGE | {"x-lc-id": "app"}
V2 = {"url": "https://blog.example/a"}

TOLD: dict[str, Told] = {
    "umami": tracker(("POST", "/api/send", UMAMI, PAGE), JSON, '{"error":{"message":"'),
    "umami v1": tracker(("POST", "/api/collect", UMAMI, PAGE), JSON, '{"error":{"message":"'),
    "matomo": tracker(
        ("GET", "/matomo.php?idsite=1&rec=1&url=https://blog.example/a", None, PAGE), GIF, "GIF"
    ),
    "matomo, many": tracker(
        ("POST", "/matomo.php", {"requests": ["?idsite=1&rec=1&url=https://blog.example/a"]}, PAGE),
        JSON,
        '{"status":"error","tracked":0',
    ),
    "ga4": tracker(("POST", "/mp/collect?measurement_id=G-ABC", GA4, PAGE), TEXT, ""),
    "fathom": tracker(("GET", "/collect?p=/a&h=https://blog.example", None, PAGE), TEXT, ""),
    "ackee": tracker(("POST", "/api", ACKEE, PAGE), JSON, '{"id":"88888888-', SHOWN),
    "busuanzi": Told(
        ("GET", "/busuanzi?jsonpCallback=F", None, PAGE),
        JSONP,
        'try{F({"site_uv":1,"page_pv":1,"version":2.4,"site_pv":1,"page_uv":1});}catch(e){}',
        'try{F({"site_uv":"–","page_pv":"–","version":2.4,"site_pv":"–","page_uv":"–"});}catch(e){}',
        SHOWN,
    ),
    "soxft": Told(("POST", "/api", None, BSZ), JSON, '"success":true', '{"success":false,'),
    "soxft JSONP": Told(
        ("GET", "/jsonp?callback=F", None, PAGE), JSONP, 'F({"site_pv":1,', 'F({"site_pv":"–",', SHOWN
    ),
    "whyneh": Told(("GET", "/busuanzi/api", None, BSZ), JSON, '"page_pv":1,', '"page_pv":"–",'),
    "jkjoy": Told(
        ("GET", "/api/count?site=blog.example&page=/a", None, PAGE), JSON, '"page_pv":1', '"page_pv":"–"'
    ),
    "jkjoy JSONP": Told(
        ("GET", "/api/count?site=blog.example&page=/a&callback=F", None, PAGE),
        JSONP,
        'F({"site_pv":1,',
        'F({"site_pv":"–",',
        SHOWN,
    ),
    "finicounter": Told(("GET", "/counter?host=blog.example", None, PAGE), JSON, '"views":1', '"views":"–"'),
    "vercount": Told(("POST", "/api/v2/log", V2, PAGE), JSON, '"page_pv":1', '{"status":"error"'),
    "vercount v1": Told(("POST", "/log", V2, PAGE), JSON, '"page_pv":1', '{"error":'),
    "leancloud": Told(
        ("POST", "/1.1/classes/Counter", {"url": "/a", "time": 1}, LC), JSON, '"objectId"', '{"code":', 0, 201
    ),
    "waline": Told(
        ("POST", "/api/article", {"path": "/a"}, PAGE), JSON, '"data":[{"time":1}]', '{"errno":1,'
    ),
    "artalk": Told(("POST", "/api/v2/pages/pv", {"page_key": "/a"}, PAGE), JSON, '{"pv":1}', '{"msg":'),
    "twikoo": Told(
        ("POST", "/twikoo", {"event": "COUNTER_GET", "url": "/a"}, PAGE), JSON, '"time":1', '{"code":1000,'
    ),
    "openkounter": Told(
        ("POST", "/api/counter", {"action": "inc", "target": "/a"}, PAGE), JSON, '"time":1', '{"code":1,'
    ),
    "umami-stats": Told(
        ("GET", "/api/websites/uuid/stats?url=/a", None, PAGE), JSON, '"pageviews":{"value":1', '{"error":'
    ),
    "hitwebcounter": Told(
        ("GET", "/counter/counter.php?page=a", None, PAGE), SVG, "counter: 1<", "cannot be read now", SHOWN
    ),
    "goatcounter": tracker(("GET", "/count?p=/a", None, PAGE), GIF, "GIF"),
    "goatcounter, a picture": Told(
        ("GET", "/counter/a.svg", None, PAGE), SVG, ">1</text>", ">–</text>", SHOWN
    ),
    "goatcounter, pixels": Told(("GET", "/counter/a.png", None, PAGE), "image/", "PNG", ">–</text>", SHOWN),
    "goatcounter, a frame": Told(
        ("GET", "/counter/a.html", None, PAGE), "text/html", ">1</div>", ">–</div>", SHOWN
    ),
    "goatcounter, JSON": Told(("GET", "/counter/a.json", None, PAGE), JSON, '"count":"1"', '{"error":'),
    "countapi": Told(
        ("GET", "/hit/blog.example/abc", None, PAGE), JSON, '{"value": 0}'.replace(" ", ""), '{"value":"–"'
    ),
    "countapi JSONP": Told(
        ("GET", "/hit/blog.example/abc?callback=F", None, PAGE), "text/javascript", "F({", "F({", SHOWN
    ),
    "moecounter": Told(
        ("GET", "/@joe", None, PAGE | {"accept": "image/avif,*/*"}),
        SVG,
        "counter: 0<",
        "cannot be read",
        SHOWN,
    ),
    "badges": Told(
        ("GET", "/badge?page_id=blog.example/a", None, PAGE), SVG, "views: 1<", "hits: cannot be read", SHOWN
    ),
    "badges, in a README": Told(
        ("GET", "/badge?page_id=blog.example/a", None, PAGE | {"user-agent": "github-camo (876de43e)"}),
        SVG,
        "views: 1<",
        "hits: cannot be read",
        SHOWN,
    ),
    "badges, JSON": Told(
        ("GET", "/blog.example/a.json", None, PAGE),
        JSON,
        '"message":"1"',
        '"message":"–","isError":true',
        SHOWN,
    ),
}
"""Of each family, what its clients survive: pictures and scripts are 200, or they would not be shown."""


def ask_for(client: TestClient, told: Told) -> Any:
    return send(client, (*told.call, ""))


@pytest.fixture
def viewed(client: TestClient, instance: Instance) -> TestClient:
    """A client of an instance that has stored one view of /a."""
    client.post("/api/event", json={"u": "https://blog.example/a"})
    assert stored(instance) == 1
    return client


def refuse_views(monkeypatch: pytest.MonkeyPatch, instance: Instance, status: int) -> None:
    """Have no view be stored any more, because too many came or because the disk is full."""

    async def fail(*_: object) -> None:
        raise StoreFailed("the disk is full")

    if status == 429:
        monkeypatch.setattr(instance.throttle, "admit", lambda *_: 7)
    else:
        monkeypatch.setattr(instance.writer, "submit", fail)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("name", TOLD)
def test_who_cannot_be_counted_now_is_told_what_its_client_survives(
    viewed: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    told = TOLD[name]
    refuse_views(monkeypatch, instance, status)
    answer = ask_for(viewed, told)
    assert answer.headers["content-type"].startswith(told.kind)
    assert told.put_off in answer.content.decode("utf-8", "replace")
    assert answer.headers["access-control-allow-origin"] in ("*", PAGE["origin"])
    is_view = "x-pagetally" in answer.headers  # what only reads was told all
    # A 2xx means stored, or says that it was dropped: what only is not on disk is neither.
    assert answer.status_code == (503 if is_view and status == 503 else told.status_put_off or status)
    if is_view:
        assert answer.status_code >= 400 or answer.headers["x-pagetally"] == "dropped; rate-limit"
        assert answer.headers["retry-after"] == ("7" if status == 429 else "2")
    assert stored(instance) == 1
    assert tallied(instance).get("rate-limit", 0) == (status == 429 and "retry-after" in answer.headers)


@pytest.mark.parametrize("name", TOLD)
def test_where_nothing_can_be_read_a_placeholder_stands(
    viewed: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    told = TOLD[name]

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError("the disk cannot be read")

    refuse_views(monkeypatch, instance, 503)
    monkeypatch.setattr(instance.glance, "renew", fail)
    monkeypatch.setattr(type(instance), "borrow_reader", fail)
    answer = ask_for(viewed, told)
    assert answer.headers["content-type"].startswith(told.kind)
    assert told.unread in answer.text
    is_view = "error; " in answer.headers.get("x-pagetally", "")
    assert answer.status_code == (503 if is_view else told.status or 503)
    assert (answer.headers["retry-after"], answer.headers["cache-control"][-8:]) in (
        ("2", "no-store"),
        ("2", "validate"),
    )
    assert answer.status_code >= 400 or answer.headers["x-pagetally"] == "dropped; unavailable"


def test_every_family_is_told_how_to_refuse() -> None:
    tried = {name.partition(",")[0].partition(" ")[0] for name in TOLD}
    assert set(FAMILIES) - {"plausible"} == tried


GTAG = "\n".join(["en=page_view&dl=https://blog.example/a"] * 70)
MANY: dict[str, Call] = {
    "umami": ("POST", "/api/batch", [UMAMI] * 70, PAGE, ""),
    "matomo": (
        "POST",
        "/piwik.php",
        {"requests": ["?idsite=1&rec=1&url=https://blog.example/a"] * 70},
        PAGE,
        "",
    ),
    "ga4": ("POST", "/mp/collect?measurement_id=G-ABC", {"events": GA4["events"] * 70}, PAGE, ""),
    "gtag": ("POST", "/g/collect?tid=G-ABC", GTAG, PAGE, ""),
}
"""Messages of one request, more than the writer is handed at once."""


@pytest.mark.parametrize("name", MANY)
def test_what_comes_together_is_stored_together_or_not_at_all(
    client: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    submit, left = instance.writer.submit, 60

    def submit_some(hits: Any, *given: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise QueueFull("too many views wait for the disk")
        return submit(hits, *given)

    monkeypatch.setattr(instance.writer, "submit", submit_some)
    answer = send(client, MANY[name])
    assert (answer.status_code < 300, stored(instance)) in ((True, 70), (False, 0))
    left = 0
    answer, before = send(client, MANY[name]), stored(instance)
    assert (answer.status_code, answer.headers["retry-after"], stored(instance)) == (503, "2", before)


@pytest.mark.parametrize("name", MANY)
def test_what_comes_together_and_is_too_much_says_so(
    client: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    waits = iter([0] * 60 + [7] * 10)
    monkeypatch.setattr(instance.throttle, "admit", lambda *_: next(waits))
    answer = send(client, MANY[name])
    assert (stored(instance), tallied(instance)) == (60, {"rate-limit": 10})
    assert (answer.headers["x-pagetally"], answer.headers["retry-after"]) == ("dropped; rate-limit", "7")
    if name in ("umami", "matomo"):
        assert answer.json().get("errors", answer.json().get("invalid")) == 10


PICTURES = (
    "/@joe?scale=9",
    "/count",
    "/matomo.php",
    "/badge",
    "/counter/counter.php",
    "/counter/a.svg?start=never",
    "/badge/nothing.svg",
    "/badge/page-views.png",
    "/digits/site-views.svg?site=unknown.example&style=none",
    "/chart/online.svg",
    "/api/pixel.gif",
)


@pytest.mark.parametrize("address", PICTURES)
def test_a_picture_that_cannot_be_is_a_picture(client: TestClient, address: str) -> None:
    answer = client.get(address, headers={"accept": "image/avif,image/webp,*/*;q=0.8"})
    assert answer.headers["content-type"].startswith("image/")
    assert answer.content.startswith((b"GIF", b"<svg"))


def test_a_frame_of_what_cannot_be_is_a_page(client: TestClient) -> None:
    for address in ("/card/nothing", "/popular.html?site=other.example"):
        answer = client.get(address, headers={"sec-fetch-dest": "iframe"})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "frame-ancestors *" in answer.headers["content-security-policy"]
        assert client.get(address).json()["error"]
