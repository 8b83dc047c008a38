"""GoatCounter: `/count`, `/counter/<path>.<form>` in all its spellings, and the forms."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from analytics.instance import Instance
from analytics.model import Count, Range
from analytics.web.app import create_app

from .conftest import CHROME, FIREFOX, NOON, Clock, add_site, list_sources

SITE = {"origin": "https://example.com"}


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def views(instance: Instance, path: str) -> int:
    found = instance.reader.page_counts(1, (path,)).get(path)
    return found.views if found else 0


def test_a_view_is_counted_by_get_and_by_post(client: TestClient, instance: Instance) -> None:
    for ask in (client.get, client.post):
        answer = ask("/count?p=/a/&t=A&r=https://news.example/x&e=false&s=1920&b=0&q=&rnd=xy")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
        assert len(answer.content) == 43
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "x-goatcounter" not in answer.headers
    assert views(instance, "/a") == 2
    sources = list_sources(instance.reader, instance.registry.sites[0], Range(20_000, 21_000))
    assert [row.labels for row in sources] == [("news.example",)]


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("", 400, "p: must be set"),
        ("p=%20", 400, "p: must be set"),
        ("p=/a&b=1", 400, "b: is no mark"),
        ("p=/a&b=149", 400, "b: is no mark"),
        ("p=/a&b=-1", 400, "b: is no number"),
        ("p=/a&b=²", 400, "b: is no number"),
        ("p=/a&b=150", 202, "bot"),
        ("p=/a&b=153", 202, "bot"),
        ("p=/" + "a" * 2048, 400, "p: is longer"),
        ("p=https://evil.example/a", 202, "ignored: host"),
    ],
)
def test_what_is_not_counted_says_why(
    client: TestClient, instance: Instance, query: str, status: int, reason: str
) -> None:
    answer = client.get(f"/count?{query}")
    assert answer.status_code == status
    assert answer.headers["x-goatcounter"].startswith(reason)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert instance.reader.site_count(1).views == 0


def test_an_event_is_no_view(client: TestClient, instance: Instance) -> None:
    assert client.post("/count?p=download&e=true&t=PDF").status_code == 200
    assert client.head("/count?p=/a").status_code == 200
    assert instance.reader.site_count(1).views == 0
    assert instance.reader.unfolded(1) == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("%2Fposts%2Fa.json", "3"),
        ("/posts/a.json", "3"),
        ("posts/a.json", "3"),
        ("%2Fposts%2Fa%2F.json", "3"),
        ("%2Fposts%2Fa%2Findex.html.json", "3"),
        ("%2Fposts%2Fa%3Futm_source=x.json", "3"),
        ("%2Ftest.html.json", "1"),
        ("/test.html.json", "1"),
        ("%2F%E4%B8%AD.json", "1"),
        ("%2F%25E4%25B8%25AD.json", "1"),
        (".json", "2"),
        ("/.json", "2"),
        ("%2F.json", "2"),
        ("TOTAL.json", "7"),
        ("%2Ftotal.json", "0"),
    ],
)
def test_every_spelling_of_a_path(client: TestClient, asked: str, expected: str) -> None:
    for path in ("/", "/", "/posts/a", "/posts/a/", "/posts/a/index.html", "/test.html", "/中"):
        client.get("/count", params={"p": path})
    answer = client.get(f"/counter/{asked}", headers=SITE)
    assert answer.json() == {"count_unique": expected, "count": expected}
    assert answer.status_code == (404 if expected == "0" else 200)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_ranges_of_days(client: TestClient, clock: Clock) -> None:
    clock.now = NOON - 40 * 86_400
    client.get("/count?p=/a")
    clock.now = NOON
    client.get("/count?p=/a")

    def count(query: str) -> str:
        return str(client.get(f"/counter/a.json?{query}").json()["count"])

    assert [count(q) for q in ("", "start=month", "end=2025-11-01", "start=2025-01-01")] == [*"2112"]
    assert [count(q) for q in ("start=9999-12-31", "end=0001-01-01")] == ["0", "0"]
    for wrong in ("start=yesterday-ish", "end=2025-13-01"):
        answer = client.get(f"/counter/a.json?{wrong}")
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, "*")


@pytest.mark.parametrize("form", ["html", "svg"])
@pytest.mark.parametrize(
    ("lang", "label", "number"),
    [
        ("", "Views for this site:", "1,234"),
        ("de", "Aufrufe dieser Website:", "1.234"),
        ("de-AT", "Aufrufe dieser Website:", "1.234"),
        ("fr", "Vues de ce site :", "1\u202f234"),
        ("xx", "Views for this site:", "1,234"),
    ],
)
def test_a_card_speaks_the_language_that_is_asked_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, form: str, lang: str, label: str, number: str
) -> None:
    async def read(*_: object) -> Count:
        return Count(1_234, 1)

    monkeypatch.setattr("analytics.web.compat.goatcounter.read_site", read)
    shown = client.get(f"/counter/TOTAL.{form}?lang={lang}").text
    assert f">{label}<" in shown
    assert f">{number}<" in shown
    own = {"lang": lang, "label": "read {n} time|read {n} & more times"}
    shown = client.get(f"/counter/TOTAL.{form}", params=own).text
    assert ">read<" in shown
    assert f">{number} &amp; more times<" in shown
    assert f"<title>read {number} &amp; more times</title>" in shown


@pytest.mark.parametrize(
    ("theme", "has_light", "has_dark"),
    [("", True, True), ("light", True, False), ("dark", False, True), ("x", True, True)],
)
def test_a_card_has_the_theme_that_is_asked_for(
    client: TestClient, theme: str, has_light: bool, has_dark: bool
) -> None:
    for form in ("html", "svg"):
        shown = client.get(f"/counter/TOTAL.{form}?theme={theme}").text
        assert ("background: #ffffff" in shown, "background: #181818" in shown) == (has_light, has_dark)
    light, dark = (client.get(f"/counter/TOTAL.png?theme={one}").content for one in ("light", "dark"))
    assert client.get(f"/counter/TOTAL.png?theme={theme}").content == (dark if theme == "dark" else light)


@pytest.mark.parametrize("form", ["html", "svg"])
def test_cards_carry_their_own_style_and_nothing_else(client: TestClient, form: str) -> None:
    client.get("/count?p=/a")
    hostile = "</style><script>alert(1)</script>"
    first = client.get(f"/counter/a.{form}", params={"style": "#gcvc-for { color: red }", "no_branding": "1"})
    second = client.get(f"/counter/a.{form}", params={"style": hostile, "label": "<b>&"})
    third = client.get(f"/counter/a.{form}")
    assert "color: red" in first.text
    assert "color: red" not in second.text + third.text
    assert "Pagetally" not in first.text
    assert "Pagetally" in third.text
    assert "Views for this page:" in third.text
    assert "<script" not in second.text
    assert "&lt;b&gt;&amp;" in second.text
    assert "default-src 'none'" in second.headers["content-security-policy"]


def test_a_picture_in_pixels(client: TestClient) -> None:
    client.get("/count?p=/a")
    answer = client.get("/counter/%2Fa.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert client.get("/counter/a.exe").status_code == 400


@pytest.mark.parametrize(
    ("hosts", "query", "is_kept"),
    [
        ((), "", True),
        (("blog.example",), "?site=example.com", True),
        (("blog.example",), "", False),
    ],
)
def test_a_cache_keeps_only_what_the_address_tells_apart(
    client: TestClient, instance: Instance, hosts: tuple[str, ...], query: str, is_kept: bool
) -> None:
    for host in hosts:
        add_site(instance, host)
    client.get("/count?p=/a", headers=SITE)
    for address in (f"/counter/a.json{query}", f"/counter/TOTAL.svg{query}"):
        answer = client.get(address, headers=SITE)
        assert (answer.status_code, "public" in answer.headers["cache-control"]) == (200, is_kept)
    assert client.get(f"/counter/b.json{query}", headers=SITE).headers["cache-control"] == "no-store"


def test_which_site(client: TestClient, instance: Instance) -> None:
    add_site(instance, "blog.example")
    for host in ("example.com", "blog.example", "blog.example", "copy.example"):
        client.get("/count?p=/a", headers={"referer": f"https://{host}/"})
    answer = client.get("/counter/a.json", headers={"origin": "https://blog.example"})
    assert answer.json()["count"] == "2"
    assert client.get("/counter/TOTAL.json?site=example.com").json()["count"] == "1"
    assert client.get("/counter/TOTAL.json").status_code == 404
    assert client.get("/count?p=/a", headers={"user-agent": CHROME}).status_code == 202


def test_its_script_is_ours(client: TestClient) -> None:
    answer = client.get("/count.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "goatcounter" in answer.text
