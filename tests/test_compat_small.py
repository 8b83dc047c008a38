"""The small counters: Waline, Artalk, Twikoo, OpenKounter, Umami's stats, CountAPI, digits and badges."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from analytics.commands import AddToken, perform
from analytics.instance import Instance
from analytics.ledger import Desk, undo
from analytics.web.app import create_app

from .conftest import FIREFOX, NOON, Clock, add_site

SITE = {"origin": "https://blog.example"}
NAMES = ("umami:uuid", "countapi:myns", "moe:joe", "hits:joe/repo", "komarev:joe", "hitwebcounter:77")


@pytest.fixture
def client(instance: Instance) -> TestClient:
    add_site(instance, "blog.example", foreign_ids=NAMES)
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def views(instance: Instance) -> int:
    site = instance.registry.find("blog.example")
    assert site is not None
    return instance.reader.site_count(site.id).views


def stored(instance: Instance) -> int:
    return sum(instance.reader.unfolded(site.id) for site in instance.registry.sites)


def test_waline_counts_and_reads_in_the_order_asked(client: TestClient) -> None:
    told = {"path": "/a/", "type": "time", "action": "inc"}
    for number in (1, 2):
        answer = client.post("/api/article?lang=en", json=told, headers=SITE).json()
        assert answer == {"errno": 0, "errmsg": "", "data": [{"time": number}]}
    for unread in ({"action": "desc"}, {"type": "reaction0"}):
        client.post("/api/article", json=told | unread, headers=SITE)
    answer = client.get("/api/article?path=/b,/a&type=time,reaction0", headers=SITE).json()
    assert answer["data"] == [{"time": 0, "reaction0": 0}, {"time": 2, "reaction0": 0}]
    assert client.get("/article?path=/a&type=time", headers=SITE).json() == 2
    assert client.get("/article?path=/a,/b", headers=SITE).json() == [2, 0]
    assert client.post("/article", json=told, headers=SITE).json() == 3
    assert client.get("/api/article").json()["errno"] == 1


def test_artalk(client: TestClient) -> None:
    told = {"page_key": "https://blog.example/a/", "page_title": "A", "site_name": "Blog"}
    assert client.post("/api/v2/pages/pv", json=told, headers=SITE).json() == {"pv": 1}
    assert client.post("/api/v2/pages/pv", json={"page_key": "/b"}, headers=SITE).json() == {"pv": 1}
    client.post("/api/v2/pages/pv", json={"page_key": "/b"}, headers=SITE)
    pages = client.get("/api/v2/stats/page_pv?page_keys=/a,/b,/c", headers=SITE).json()
    assert pages == {"data": {"/a": 1, "/b": 2, "/c": 0}}
    assert client.get("/api/v2/stats/site_pv", headers=SITE).json() == {"data": 3}
    most = client.get("/api/v2/stats/pv_most_pages?limit=1", headers=SITE).json()["data"]
    assert [(page["key"], page["pv"]) for page in most] == [("/b", 2)]
    assert client.get("/api/v2/stats/rand_pages", headers=SITE).status_code == 404
    assert client.post("/api/v2/pages/pv", json={}, headers=SITE).status_code == 400


def test_openkounter_counts_one_view_for_a_batch(client: TestClient) -> None:
    requests = [{"target": target} for target in ("site-pv", "site-uv", "/a/")]
    answer = client.post("/api/counter", json={"action": "batch_inc", "requests": requests}, headers=SITE)
    assert answer.json()["code"] == 0
    assert [one["time"] for one in answer.json()["data"]] == [1, 1, 1]
    for target in ("site-pv", "site-uv", "/a"):
        found = client.get("/api/counter", params={"target": target}, headers=SITE).json()
        assert found == {"code": 0, "data": {"time": 1, "target": target}}


def test_a_view_without_a_page_is_the_site_s_and_leads_nowhere(
    client: TestClient, instance: Instance
) -> None:
    told = {"action": "inc", "target": "site-pv"}
    assert client.post("/api/counter", json=told, headers=SITE).json()["data"]["time"] == 1
    client.post("/twikoo", json={"event": "COUNTER_GET", "url": "/a"}, headers=SITE)
    most = client.get("/api/v2/stats/pv_most_pages", headers=SITE).json()["data"]
    popular = client.get("/api/popular?site=blog.example&window=all").json()["pages"]
    assert [[page["key"] for page in most], [page["path"] for page in popular]] == [["/a"], ["/a"]]
    assert views(instance) == 2


def test_umami_stats_in_both_shapes(client: TestClient, clock: Clock) -> None:
    client.post("/twikoo", json={"event": "COUNTER_GET", "url": "/a"}, headers=SITE)
    clock.now = NOON + 86_400
    client.post("/twikoo", json={"event": "COUNTER_GET", "url": "/b"}, headers=SITE)

    def ask(query: str, id: str = "uuid") -> dict[str, object]:
        return dict(client.get(f"/api/websites/{id}/stats?{query}").json())

    def number(query: str) -> object:
        return ask(f"v=3&{query}")["pageviews"]

    assert ask("startAt=0&endAt=9999999999999")["pageviews"] == {"value": 2, "prev": 0}
    assert ask("url=/a/")["visitors"] == {"value": 1, "prev": 0}
    assert ask("path=/a/") == {"pageviews": 1, "visitors": 1}
    assert ask("v=3", id="unknown") == {"pageviews": 0, "visitors": 0}
    assert number(f"startAt={NOON + 86_400}000") == 1
    assert number(f"endAt={NOON}000") == 1
    assert [number("startAt=x&endAt=-1"), number("startAt=9999999999999")] == [2, 0]


def test_countapi(client: TestClient, instance: Instance) -> None:
    assert client.get("/get/myns/visits").status_code == 404
    assert client.get("/get/myns/visits").json() == {"value": None}
    assert [client.get("/hit/myns/visits").json()["value"] for _ in range(2)] == [1, 2]
    assert client.get("/hit/blog.example/visits").json() == {"value": 3}
    assert client.get("/get/myns/visits?callback=show").text == 'show({"value": 3});'
    nobody = client.get("/get/myns/nobody?callback=show")
    assert (nobody.status_code, nobody.text) == (200, 'show({"value": null});')
    assert client.get("/get/myns/visits?callback=alert(1)//").status_code == 400
    assert client.get("/info/myns/visits").json()["value"] == 3
    assert client.get("/hit/nobody/visits").json() == {"value": 0}
    assert client.get("/hit/myns/a%20b").json() == {"value": 0}
    assert views(instance) == 3
    assert stored(instance) == 3


def test_countapi_changes_a_number_for_who_may(client: TestClient, instance: Instance) -> None:
    [client.get("/hit/myns/visits") for _ in range(2)]
    addresses = ("/set/myns/visits?value=9", "/update/myns/visits?amount=5", "/create/myns/new?initializer=3")
    reader = perform(instance, AddToken("blog.example", "read", ""))
    other = perform(instance, AddToken(add_site(instance, "other.example").domain, "numbers", ""))
    for token in ("", f"Bearer {reader}", f"Bearer {other}", "Bearer x"):
        for address in addresses:
            assert client.get(address, headers={"authorization": token}).status_code == 401
    key = perform(instance, AddToken("blog.example", "numbers", ""))
    client.headers["authorization"] = f"Bearer {key}"
    assert client.get(addresses[0]).json() == {"old_value": 2, "value": 9}
    assert client.post("/update/myns/visits?amount=-4").json() == {"value": 5}
    assert client.get("/update/myns/visits?value=1").json() == {"value": 6}
    assert client.get("/hit/myns/visits").json() == {"value": 7}
    assert client.get(addresses[2]).json() == {"namespace": "myns", "key": "new", "value": 3}
    assert client.get("/create?namespace=myns&key=visits").status_code == 409
    assert client.get("/create?namespace=myns&key=third").status_code == 201
    for wrong in (
        "set/myns/visits",
        "set/myns/visits?value=x",
        "set/myns/visits?value=-1",
        "update/myns/visits",
    ):
        assert client.get(f"/{wrong}").status_code == 400
    assert client.get("/set/nobody/visits?value=1").status_code == 401
    for refused in (*addresses, "/hit/myns/visits?", "/create/myns/fourth?value=1"):
        assert client.get(f"{refused}&callback=a(b").status_code == 400
    assert [client.get(f"/get/myns/{key}").json()["value"] for key in ("visits", "fourth")] == [7, None]
    # Each is an adjustment, and can be taken back.
    with instance.borrow_reader() as reader_:
        numbers = [one.id for one in reader_.adjustments()]
    for number in reversed(numbers):
        undo(Desk(instance), number)
    assert client.get("/get/myns/visits").json() == {"value": 3}


def test_moe_counter(client: TestClient, instance: Instance) -> None:
    answer = client.get("/@joe?theme=moebooru&darkmode=auto&scale=0.5")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "no-store" in answer.headers["cache-control"]
    assert "<title>counter: 1</title>" in answer.text
    assert "<title>counter: 2</title>" in client.get("/get/@joe?padding=2").text
    assert client.get("/record/@joe").json() == {"name": "joe", "num": 2}
    assert "<title>counter: 123,456,789</title>" in client.get("/@demo").text
    assert "<title>counter: 42</title>" in client.get("/@joe?num=42").text
    assert "<title>counter: 0</title>" in client.get("/@stranger").text
    # What stands before the number, and what is cut off, is none of it.
    prefixed = client.get("/@joe?num=1234&prefix=77&padding=16").text
    assert 'aria-label="counter: 1,234"><title>counter: 1,234</title>' in prefixed
    assert views(instance) == 2


WRONG = ["padding=17", "scale=9", "scale=nan", "darkmode=2", "num=x", "align=up"]


@pytest.mark.parametrize("wrong", WRONG)
def test_moe_counter_refuses_bad_options(client: TestClient, instance: Instance, wrong: str) -> None:
    answer = client.get(f"/@joe?{wrong}")
    assert answer.json()["message"].startswith(f"The field {wrong.partition('=')[0]} is invalid.")
    assert (answer.status_code, stored(instance)) == (400, 0)


def test_hitwebcounter(client: TestClient, instance: Instance) -> None:
    address = "/counter/counter.php?page=77&style=0007&nbdigits=6&initCount=100"
    for number in ("000101", "000102"):
        assert f'aria-label="counter: {int(number)}"' in client.get(address).text
    assert 'aria-label="counter: 101"' in client.get(f"{address}&type=ip").text
    assert 'aria-label="counter: 0"' in client.get("/counter/counter.php?page=1&initCount=x").text
    assert views(instance) == 3


@pytest.mark.parametrize(
    ("address", "texts"),
    [
        ("/api/count/incr/badge.svg?url=https://blog.example/a/", ("> 1 / 1 <", "> 2 / 2 <")),
        (
            "/api/count/incr/badge.svg?url=joe/repo&title=seen",
            ("seen: 1 today, 1 in all", "2 today, 2 in all"),
        ),
        ("/api/hit?url=https%3A%2F%2Fblog.example%2Fa", ("1 / 1", "2 / 2")),
        ("/blog.example/a.svg?extraCount=5", ("hits: 6", "hits: 7")),
        ("/hits/blog.example/a.svg?view=today-total", (">1 / 1<", "hits: 2 today, 2 in all")),
        ("/joe/repo.svg", ("hits: 1", "hits: 2")),
        ("/ghpvc/?username=joe&base=1000&label=Seen", ("Seen: 1,001", "Seen: 1,002")),
        ("/badge?page_id=joe/repo", ("views: 1", "views: 2")),
        ("/api/visitors?path=blog.example/a", ("views: 1", "views: 2")),
        ("/api/visitors?path=blog.example/a&label=VISITORS", ("VISITORS: 1", "VISITORS: 2")),
    ],
)
def test_a_badge_counts_also_through_a_picture_proxy(
    client: TestClient, instance: Instance, address: str, texts: tuple[str, str]
) -> None:
    for agent, text in zip((FIREFOX, "github-camo (876de43e)"), texts, strict=True):
        answer = client.get(address, headers={"user-agent": agent, "referer": "https://github.com/"})
        assert answer.headers["content-type"].startswith("image/svg+xml")
        assert text in answer.text
        assert "no-cache" in answer.headers["cache-control"]
    client.head(address)
    client.get(address, headers={"user-agent": "Googlebot/2.1"})
    assert views(instance) == 2


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("/api/count/keep/badge.svg?url=joe/repo", "0 / 0"),
        ("/joe/repo.json", '"message":"0"'),
        ("/badge?page_id=nobody/nothing", "views: 0"),
        ("/api/count/incr/badge.svg?url=https://evil.example/", "0 / 0"),
        ("/api/visitors?path=joe/repo&readonly=true", "views: 0"),
        ("/ghpvc/?username=nobody", "Profile views: 0"),
        ("/ghpvc/?username=nobody&base=999950&abbreviated=true", ">1M</text>"),
        ("/ghpvc/?username=nobody&base=999950&abbreviated=true", "<title>Profile views: 999,950</title>"),
        ("/ghpvc/?username=nobody&base=1234&abbreviated=false", "Profile views: 1,234"),
        ("/api/count/bogus/badge.svg?url=joe/repo", "no such endpoint"),
        ("/graph/dailyhits.svg?url=joe/repo", "hits in 30 days: 0"),
        ("/api/count/graph/dailyhits.svg?url=", "hits in 30 days: 0"),
        ("/nobody/nothing.svg", "hits: 0"),
        ("/nobody/nothing.json", '"message":"0"'),
        ("/hits/github.com/no/body.svg", "hits: 0"),
        ("/evil.example/a/b.svg?extraCount=7", "hits: 7"),
        ("/api/hit?url=", "0 / 0"),
        ("/api/hit?url=joe/repo&label=%3Cscript%3E&color=%22onload=", "&lt;script&gt;"),
    ],
)
def test_what_only_reads_or_is_unknown(
    client: TestClient, instance: Instance, address: str, text: str
) -> None:
    answer = client.get(address)
    assert text in answer.text
    assert "onload" not in answer.text
    assert views(instance) == ("label=" in address)


@pytest.mark.parametrize("address", ["/nobody/nothing.svg", "/hits/no/body.svg", "/evil.example/a/b.svg"])
def test_a_badge_of_a_name_that_nobody_set_is_tallied(
    client: TestClient, instance: Instance, address: str
) -> None:
    for _ in range(2):
        answer = client.get(address, headers={"referer": "https://github.com/"})
        assert (answer.status_code, answer.headers["x-pagetally"]) == (200, "dropped; unknown-site")
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        assert [(reason, found.views) for _, reason, found in reader.dropped(0)] == [("unknown-site", 2)]
    assert (stored(instance), instance.reader.site_count(1).views) == (0, 0)


@pytest.mark.parametrize(
    "address", ["/nothing.svg", "/a/b/c.svg", "/a/b.png", "/a/b/c.json", "/sites/b/c.svg"]
)
def test_other_files_that_are_not_here_are_no_badges(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_a_graph_shows_the_views_of_a_month(client: TestClient, clock: Clock) -> None:
    for days, times in ((0, 2), (29, 1), (1, 3)):
        clock.now = NOON + days * 86_400
        [client.get("/api/count/incr/badge.svg?url=joe/repo") for _ in range(times)]
    clock.now = NOON + 30 * 86_400
    answer = client.get("/graph/dailyhits.svg?url=joe/repo")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "hits in 30 days: 4" in answer.text


PAGES = (
    *(
        "/joe/repo",
        "/joe/repo/",
        "/joe/repo.html",
        "/hits/joe/repo",
        "/hits/joe/repo.html",
        "/history?url=joe/repo",
    ),
    *("/history?url=https%3A%2F%2Fjoe%2Frepo", "/status?path=joe%2Frepo"),
)


@pytest.mark.parametrize("address", PAGES)
def test_a_badge_leads_to_the_page_of_its_name(
    client: TestClient, instance: Instance, clock: Clock, address: str
) -> None:
    for days, times in ((0, 2), (29, 1), (30, 1)):
        clock.now = NOON + days * 86_400
        [client.get("/joe/repo.svg") for _ in range(times)]
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>joe/repo</h1><p><strong>4</strong> views, 1 of them today</p>" in answer.text
    assert "<title>views in 30 days: 2</title>" in answer.text
    assert 'href="/definitions#views"' in answer.text
    assert "script" not in answer.text
    assert client.head(address).status_code == 200
    assert views(instance) == 4


def test_the_page_of_a_badge_is_there_for_what_is_counted(client: TestClient, instance: Instance) -> None:
    client.get("/api/hit?url=https://blog.example/a")
    for address in ("/blog.example/a/", "/history?url=https%3A%2F%2Fblog.example%2Fa"):
        assert (
            "<h1>blog.example/a</h1><p><strong>1</strong> view, 1 of them today</p>"
            in client.get(address).text
        )
    assert "<h1>blog.example</h1><p><strong>0</strong> views" in client.get("/blog.example/").text
    for address in ("/history", "/history?url=%3Cscript%3E", "/status?path=nobody/nothing"):
        answer = client.get(address)
        assert (answer.status_code, "Not counted here" in answer.text) == (404, True)
        assert "<script" not in answer.text
    # A name hides none of our own pages.
    add_site(instance, "other.example", foreign_ids=("hits:login",))
    assert "password" in client.get("/login").text
    assert client.get("/nobody/nothing").status_code == 404
    assert client.get("/").status_code == 200
    assert views(instance) == 1


BODIES = (
    "",
    "[]",
    "null",
    '{"path":[]}',
    '{"requests":{}}',
    '{"requests":[[]],"action":"batch_inc"}',
    "\x00",
    "[" * 9999,
)
ENDS = ("/api/article", "/article", "/api/v2/pages/pv", "/twikoo", "/api/counter", "/1.1/batch", "/count")


@pytest.mark.parametrize("end", ENDS)
def test_bad_bodies_give_no_server_error_and_write_nothing(
    client: TestClient, instance: Instance, end: str
) -> None:
    for body in BODIES:
        answer = client.post(end, content=body, headers=SITE | {"x-lc-id": "x"})
        assert answer.status_code < 500
        assert answer.headers["access-control-allow-origin"] == "*"
    large = client.post(end, content="x" * 100_000, headers=SITE | {"x-lc-id": "x"})
    assert (large.status_code, large.headers["access-control-allow-origin"]) == (
        400 if end == "/count" else 413,
        "*",
    )
    assert stored(instance) == 0


@pytest.mark.parametrize(
    "path", ["/@nobody", "/hit/nobody/key", "/ghpvc/?username=nobody", "/badge?page_id=none"]
)
def test_an_answer_says_when_the_view_was_dropped(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (200, 404)
    assert answer.headers["x-pagetally"] == "dropped; unknown-site"
