"""/migrate: what is recognised, what is proposed, what answers here; and that nothing pasted does harm."""

from __future__ import annotations

import re
import time
from html import unescape
from urllib.parse import urlencode

import click
import pytest
from starlette.testclient import TestClient

from analytics import migration
from analytics.cli import main
from analytics.incumbents import ELEMENTS, INCUMBENTS, LEANCLOUD, Incumbent
from analytics.instance import Instance
from analytics.migration import MAX_MARKUP, find_elements, pick_out, propose, read_markup, recognise
from analytics.model import Site
from analytics.remote import Reply
from analytics.web import migrate
from analytics.web.app import create_app

from .conftest import FIREFOX, add_site

PASSWORD = "lantern-and-rope"
HOST = "https://stats.example"
UUID = "94db1cb1-74f4-4a40-ad6c-962362670409"

WORDPRESS = {
    "Post Views Counter": '<div class="post-views content-post post-3253 entry-meta load-static"><span'
    ' class="post-views-label">Post Views:</span> <span class="post-views-count">1,502</span></div>',
    "WP-PostViews": '<script>var viewsCacheL10n = {"admin_ajax_url":"/wp-admin/admin-ajax.php"};</script>',
    "Page View Count": '<p id="pvc_stats_618" class="pvc_stats total_only" data-element-id="618"></p>',
    "Top 10": '<div class="tptn_counter" id="tptn_counter_34">(Visited 21 010 times, 15 visits today)</div>',
    "WP Statistics": "<script>var WP_Statistics_Tracker_Object = {};</script>",
    "Jetpack Stats": '<script src="https://stats.wp.com/e-202548.js" defer></script>',
}
"""What the view counters of WordPress print."""

SNIPPETS = [
    ("busuanzi", '<script async src="//busuanzi.ibruce.info/busuanzi/2.3/busuanzi.pure.mini.js"></script>'),
    ("busuanzi", '<span id="busuanzi_container_page_pv"><span id="busuanzi_value_page_pv"></span></span>'),
    ("busuanzi", "vendors:\n  busuanzi: https://x.example/busuanzi.pure.mini.js"),
    ("soxft/busuanzi", '<script defer src="https://b.example/js" data-prefix="busuanzi"></script>'),
    ("soxft/busuanzi", '<i id="busuanzi_site_pv"></i>'),
    ("Vercount", '<script defer src="https://events.vercount.one/js"></script>'),
    (
        "GoatCounter",
        '<script data-goatcounter="https://a.goatcounter.com/count" src="//gc.zgo.at/count.js"></script>',
    ),
    ("GoatCounter", "pageviews:\n  provider: goatcounter"),
    (LEANCLOUD, "leancloud_visitors:\n  enable: true\n  app_id: AbCdEfGhIjKlMnOpQrSt-gzGzoHsz"),
    (LEANCLOUD, "new Valine({ el: '#v', appId: 'AbCdEfGhIjKlMnOpQrSt-gzGzoHsz' })"),
    ("Waline", '<span class="waline-pageview-count" data-path="/a"></span>'),
    ("Artalk", '<span id="ArtalkPV"></span>'),
    ("Twikoo", '<span id="twikoo_visitors">0</span>'),
    ("OpenKounter", '<span id="openkounter-site-pv"></span>'),
    ("finicounter", '<script src="https://finicounter.eu.org/finicounter.js"></script>'),
    ("CountAPI or abacus", 'fetch("https://api.countapi.xyz/hit/space/key")'),
    (
        "Hits badge",
        "[![Hits](https://hits.seeyoufarm.com/api/count/incr/badge.svg?url=https://a.example)](x)",
    ),
    ("Hits badge", "![](https://komarev.com/ghpvc/?username=somebody)"),
    ("HitWebCounter", '<img src="https://hitwebcounter.com/counter/counter.php?page=1&style=0007">'),
    ("Moe-Counter", "![](https://count.getloli.com/@name)"),
    ("Umami", f'<script defer src="https://cloud.umami.is/script.js" data-website-id="{UUID}"></script>'),
    ("Plausible", '<script defer data-domain="a.example" src="https://plausible.io/js/script.js"></script>'),
    ("Matomo", "_paq.push(['setSiteId', '7']); u='//a.example/';"),
    ("Google Analytics 4", "gtag('config', 'G-ABCDEF1234');"),
    ("Fathom", '<script src="https://cdn.usefathom.com/script.js" data-site="ABCDEFG" defer></script>'),
    (
        "Ackee",
        f'<script src="/t.js" data-ackee-server="https://b.example" data-ackee-domain-id="{UUID}"></script>',
    ),
    ("Ackee", f"ackeeTracker = create('https://ackee.b.example'); ackee-tracker; record('{UUID}')"),
    ("busuanzi", '<script src="https://b.example/busuanzi.js"></script>'),
    ("busuanzi", '<script src="https://b.example/count.js"></script><i id="eo_count_site_pv"></i>'),
    ("busuanzi", 'docAnalysis: { statistics: { provider: "busuanzi" } },'),
    ("Vercount", 'docAnalysis: {\n  statistics: { provider: "vercount", siteView: true },\n}'),
    ("Plausible", '<script async src="https://plausible.io/js/pa-abc.js"></script>'),
    *((name, snippet) for name, snippet in WORDPRESS.items()),
]


@pytest.mark.parametrize(("name", "snippet"), SNIPPETS)
def test_recognised(name: str, snippet: str) -> None:
    (found,) = recognise(snippet)
    assert found.name.startswith(name)


def test_every_system_has_a_snippet_that_is_recognised() -> None:
    assert {found.name for _, snippet in SNIPPETS for found in recognise(snippet)} == {
        one.name for one in INCUMBENTS
    }


STORY = """<h1>A plausible fathom of umami</h1>
<p>It is "plausible", he said; a fathom is six feet. Plausible: yes. The broth has umami.
(Plausible-sounding.) Read <a href="https://plausible.io/blog">more</a> of the
<a href="https://umami.is/docs">taste</a>, and of Matomo.
<svg data-prefix="fas"></svg> <div class="g-recaptcha"></div>
<script src="/js/app.js" data-domain-x="a"></script>"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        '<script src="/jquery.js"></script>',
        "<p id=views>3</p>",
        "G-7",
        '<div class="g-recaptcha" data-sitekey="x"></div>',
        '<script src="https://a.example/count.js.map"></script><img src="/g-abcdefgh.png">',
        STORY,
        re.sub(r"<[^>]*>", "", STORY),
    ],
)
def test_what_is_no_counter_is_not_recognised(text: str) -> None:
    assert recognise(text) == []


SITE = Site(id=1, domain="a.example", hosts=frozenset(("a.example",)))
IDS = {
    "Umami": f"umami:{UUID}",
    "Matomo": "matomo:7",
    "Google Analytics 4": "ga4:G-ABCDEF1234",
    "Fathom": "fathom:ABCDEFG",
    "Ackee": f"ackee:{UUID}",
    "Moe-Counter": "moe:name",
    "HitWebCounter": "hitwebcounter:1",
    "CountAPI or abacus": "countapi:space",
    "Hits badge": "komarev:somebody",
    LEANCLOUD: "leancloud:AbCdEfGhIjKlMnOpQrSt-gzGzoHsz",
}


@pytest.mark.parametrize(("name", "snippet"), SNIPPETS)
def test_the_new_line_is_ready_to_paste(name: str, snippet: str) -> None:
    (found,) = recognise(snippet)
    made = propose(found, snippet, HOST, SITE)
    for text in (made.line, made.own, *made.commands):
        assert "{" not in re.sub(r"\{ ?(el|serverURL|server|transport_url)?:? ?", "", text.replace("{}", ""))
        assert "ID" not in text
        if text.startswith("pagetally import pull"):
            continue  # it asks the old host
        # Nothing of the old host is left in it.
        assert set(re.findall(r"https?://([\w.]+)", text)) <= {"stats.example", "a.example"}
        # What is proposed is of the same system, or ours.
        assert set(recognise(text)) <= {found}
    assert HOST in made.line
    expected = IDS.get(name, "") if "a.example)" not in snippet else ""
    assert made.foreign_ids == ((expected,) if expected else ())
    if expected:
        assert made.commands[0] == f"pagetally site edit a.example --foreign-id {expected}"


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("busuanzi_value_site_pv", "busuanzi"),
        ("busuanzi_container_page_pv", "busuanzi"),
        ("busuanzi_site_uv", "soxft/busuanzi"),
        ("vercount_value_page_pv", "Vercount"),
        ("leancloud-site-pv-container", LEANCLOUD),
        ("leancloud_visitors", LEANCLOUD),
        ("leancloud-visitors-count", LEANCLOUD),
        ("waline-pageview-count", "Waline"),
        ("twikoo_visitors", "Twikoo"),
        ("ArtalkPV", "Artalk"),
        ("openkounter-page-views", "OpenKounter"),
        ("umami-site-pv", "Umami"),
        ("finicount_views", "finicounter"),
        ("pageviews", "GoatCounter"),
        ("page-views", "GoatCounter"),
        ("busuanzi_value_rain_pv", None),
        ("x" * 100, None),
        ("", None),
    ],
)
def test_elements_of_themes(name: str, by: str | None) -> None:
    assert [one.incumbent for one in find_elements(name)] == ([by] if by else [])


def test_elements_name_systems_of_the_table() -> None:
    assert {incumbent for _, incumbent, _ in ELEMENTS} <= {one.name for one in INCUMBENTS}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "<" * MAX_MARKUP,
            "<a " * 20_000,
            "<!--" * 16_000,
            "<![" * 20_000,
            "<script>" * 8_000,
            '<i id="' * 9_000,
        ),
        *("\0\ud83d", "-" * MAX_MARKUP, " " * MAX_MARKUP, "//" + "a" * MAX_MARKUP, "a." * (MAX_MARKUP // 2)),
        *("<script src=//goatcounter " * 2_500, "leancloud:" + " " * MAX_MARKUP, "umami:\n" * 9_000),
        *("https://hits.sh/" * 4_000, "<script " + "data-domain=x src=" * 3_600),
    ],
)
def test_hostile_markup_is_read_soon(text: str) -> None:
    began = time.process_time()
    read_markup(text)
    recognise(text)
    for one in INCUMBENTS:
        propose(one, text, HOST, SITE)
    assert time.process_time() - began < 2


# --- The page ---------------------------------------------------------------------------------------


@pytest.fixture
def owner(instance: Instance) -> TestClient:
    """The owner's browser, signed in."""
    client = TestClient(create_app(instance), base_url=HOST, headers={"user-agent": FIREFOX})
    client.headers["origin"] = HOST
    token = client.app.state.owner.setup_token  # type: ignore[attr-defined]
    assert client.post(f"/setup/{token}", data={"password": PASSWORD}).status_code == 200
    return client


def paste(client: TestClient, markup: str, **more: str) -> str:
    answer = client.post("/migrate", data={"markup": markup, "site": "example.com"} | more)
    assert answer.status_code == 200
    return answer.text


def test_the_page_shows_line_commands_and_checks(owner: TestClient) -> None:
    page = paste(owner, SNIPPETS[5][1] + '<span id="vercount_value_page_pv"></span>')
    assert "&lt;script defer src=&#34;https://stats.example/js&#34;&gt;" in page
    assert "&lt;script defer src=&#34;https://stats.example/pt.js&#34;&gt;" in page
    assert "pagetally import pull https://events.vercount.one --protocol vercount --site example.com" in page
    row = page.partition('title="POST /api/v2/log"')[2].partition("</tr>")[0]
    assert re.findall(r'class="mark (\w+)"', row) == ["good", "good"]
    assert 'title="vercount_value_page_pv"' in page


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (
            0,
            "&lt;script async data-everywhere src=&#34;https://stats.example/busuanzi/2.3/busuanzi.pure.mini.js&#34;&gt;",
        ),
        (5, "&lt;script defer data-everywhere src=&#34;https://stats.example/js&#34;&gt;"),
    ],
)
def test_lines_for_a_local_site_count_there(
    owner: TestClient, instance: Instance, number: int, line: str
) -> None:
    add_site(instance, "localhost")
    page = paste(owner, SNIPPETS[number][1], site="localhost")
    own = "&lt;script defer data-everywhere src=&#34;https://stats.example/pt.js&#34;&gt;"
    assert (line in page, own in page) == (True, True)
    assert "--site localhost --paths FILE" in page
    assert "sitemap" not in page
    assert "data-everywhere" not in paste(owner, SNIPPETS[number][1])
    for address in ("/sites/localhost", "/sites/localhost/widgets?form=span"):
        assert "pt.js&#34; data-everywhere&gt;" in owner.get(address).text
    assert 'pt.js" data-everywhere' in paste(owner, "nothing known", site="localhost")


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ('<i id="vercount_value_site_uv"></i>', ["page-views", "site-views", "site-visitors"]),
        ('<i id="vercount_value_site_pv"></i>', ["page-views", "site-views"]),
        ("<i id=busuanzi_value_page_uv></i>", ["page-views", "site-views", "page-visitors"]),
    ],
)
def test_our_own_line_shows_visitors_where_the_old_one_did(markup: str, shown: list[str]) -> None:
    (found,) = recognise(markup)
    assert re.findall('data-pagetally="([^"]+)"', propose(found, markup, HOST, SITE).own) == shown


def test_where_the_import_counts_there_the_page_says_so(owner: TestClient) -> None:
    said = "The old counter takes each question of the import for a view, with --dry-run as well."
    assert said in paste(owner, SNIPPETS[0][1])
    assert said not in paste(owner, SNIPPETS[5][1])


@pytest.mark.parametrize(
    ("snippet", "ask"),
    [
        ("gtag('config', 'G-ABCDEF1234');", "POST /g/collect"),
        (f'<script src="/u.js" data-website-id="{UUID}"></script>', "POST /api/send"),
        ("_paq.push(['setSiteId', '7']);", "POST /matomo.php"),
        ('<script src="https://cdn.usefathom.com/script.js"></script>', "GET /collect?p=/"),
    ],
)
def test_an_answer_to_the_asking_origin_alone_can_be_read(owner: TestClient, snippet: str, ask: str) -> None:
    row = paste(owner, snippet).partition(f'title="{ask}"')[2].partition("</tr>")[0]
    assert re.findall(r'class="mark (\w+)"', row) == ["good", "good"]


def test_an_element_is_told_in_one_line(owner: TestClient) -> None:
    page = paste(owner, '<span id="vercount_value_page_pv"></span>')
    # A bdi in a list is a line of its own.
    assert '<span class="path">Vercount: the number</span>' in page


def test_what_is_switched_off_does_not_answer(instance: Instance) -> None:
    app = create_app(instance, compat=("none",))
    client = TestClient(app, base_url=HOST, headers={"origin": HOST})
    client.post(f"/setup/{app.state.owner.setup_token}", data={"password": PASSWORD})  # type: ignore[attr-defined]
    page = paste(client, SNIPPETS[5][1])
    assert "not answered here" in page
    row = page.partition('title="POST /api/v2/log"')[2].partition("</tr>")[0]
    assert re.findall(r'class="mark (\w+)"', row) == ["bad", "bad"]


def test_checking_counts_nothing(owner: TestClient, instance: Instance) -> None:
    add_site(instance, "other.example")
    for _, snippet in SNIPPETS:
        paste(owner, snippet)
    instance.flush_tallies()
    with instance.borrow_reader() as reader:
        assert reader.site_count(1).views == 0
        assert reader.dropped(0) == []


def test_an_id_that_is_set_is_told(owner: TestClient, instance: Instance) -> None:
    add_site(instance, "known.example", foreign_ids=(f"umami:{UUID}",))
    assert "its id is set already" in paste(owner, SNIPPETS[20][1], site="known.example")
    assert "its id is set already" not in paste(owner, SNIPPETS[20][1])


@pytest.mark.parametrize(
    "markup",
    [
        "</textarea><script>alert(1)</script> busuanzi.ibruce.info",
        '<i id="leancloud_visitors" class="leancloud-visitors-<script>alert(1)</script>">',
        "app_id: '<script>alert(1)</script>' leancloud",
        "nothing known <script>alert(1)</script>",
    ],
)
def test_what_is_pasted_is_escaped(owner: TestClient, markup: str) -> None:
    page = paste(owner, markup, site="<script>alert(1)</script>; rm -rf .example")
    assert "<script>" not in page
    assert "rm -rf" not in page


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403), ({}, 200)],
)
def test_the_form_is_same_origin(owner: TestClient, headers: dict[str, str], status: int) -> None:
    answer = owner.post("/migrate", data={"markup": "busuanzi_value_page_pv"}, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("size", [MAX_MARKUP + 1, 1_000_000])
def test_the_form_has_a_limit(owner: TestClient, size: int) -> None:
    assert owner.post("/migrate", data={"markup": "x" * size}).status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", urlencode({"markup": ""}).encode(), b"&" * 100, b"a=1&" * 50]
)
def test_odd_forms_are_answered(owner: TestClient, body: bytes) -> None:
    answer = owner.post(
        "/migrate", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 200


def test_strangers_are_sent_to_sign_in(instance: Instance) -> None:
    client = TestClient(create_app(instance), base_url=HOST, follow_redirects=False)
    posted = client.post("/migrate", data={"markup": "x"})
    for answer, there in ((client.get("/migrate"), "/login?next=/migrate"), (posted, "/login")):
        assert (answer.status_code, answer.headers["location"]) == (303, there)


@pytest.mark.parametrize("one", [one for one in INCUMBENTS if one.importer], ids=lambda one: one.name)
def test_each_importer_is_a_command_that_we_have(one: Incumbent) -> None:
    filled = one.importer.format(domain="example.com", page="/a", pages="--paths FILE")
    words = filled.replace("NUMBER", "1").split()
    assert words[0] == "pagetally"
    command: click.Command = main
    context = click.Context(main)
    for place, word in enumerate(words[1:], 1):
        if not isinstance(command, click.Group):
            command.make_context(word, words[place:])
            return
        found = command.get_command(context, word)
        assert found is not None, word
        command = found
    pytest.fail(f"{one.importer} names no file or address")


@pytest.mark.parametrize("one", INCUMBENTS, ids=lambda one: one.name)
def test_what_the_old_pages_ask_for_is_answered_here(instance: Instance, one: Incumbent) -> None:
    client = TestClient(create_app(instance), base_url=HOST, headers={"user-agent": FIREFOX})
    method, path = one.asks[0].split(" ", 1)
    answer = client.request(
        method, path.format(id="x", domain="example.com"), headers={"origin": "https://example.com"}
    )
    assert (answer.status_code, answer.text) != (404, '{"error":"there is no such endpoint"}')
    assert answer.status_code < 500
    assert answer.headers["access-control-allow-origin"] in ("*", "https://example.com")


@pytest.mark.parametrize("name", WORDPRESS)
def test_a_plugin_is_replaced_by_our_line_and_its_numbers_are_exported_first(
    owner: TestClient, name: str
) -> None:
    page = unescape(paste(owner, WORDPRESS[name]))
    assert "Or change the host alone" not in page
    assert f'<script defer src="{HOST}/pt.js"></script>' in page
    file = "wordpress.xml" if name == "WP-PostViews" else "views.csv"
    assert f"pagetally import counts {file} --site example.com" in page
    exported = page.partition("Where WordPress runs:")[2].partition("</code>")[0]
    assert exported.endswith(f"> {file}") or name == "Jetpack Stats"
    assert 'class="mark good">yes' not in page.partition('id="elements"')[2]


FULL = f"""<!doctype html><html><head>{"<meta name=x content=y>" * 9_000}<title>Blog</title>
<script src="/app.js"></script><script>{"let a = 1;" * 900}</script></head><body>
<p class="hello">busuanzi and Waline are words here</p>{WORDPRESS["Post Views Counter"]}
<script defer src="https://cn.vercount.one/js"></script><i id="vercount_value_page_pv"></i></body></html>"""


def test_a_page_is_loaded_and_what_counts_it_is_picked_out(
    owner: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, object]] = []

    def fetch(url: str, headers: object, **limits: object) -> Reply:
        asked.append((url, limits.get("allow_private", False)))
        return Reply(200, FULL.encode())

    monkeypatch.setattr(migrate, "fetch", fetch)
    page = unescape(paste(owner, "", address=" a.example/post "))
    assert asked == [("https://a.example/post", False)]
    found = re.findall(r'<h2 id="system\d">([^<]*)</h2>', page)
    assert found == ["Vercount", "Post Views Counter (WordPress)"]
    box = page.partition("<textarea")[2].partition("</textarea>")[0]
    assert "post-views-count" in box
    assert not {"let a", "app.js", "hello", "meta"} & set(re.findall(r"let a|app.js|hello|meta", box))
    assert 'title="vercount_value_page_pv"' in page
    assert 'value="a.example/post"' in page


def test_a_page_of_nothing_but_tags_is_looked_at_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def speaks(tag: str) -> bool:
        looked.append(tag)
        return True

    monkeypatch.setattr(migration, "_speaks", speaks)
    many = "".join(f'<i title="{number} \ufffd">' for number in range(50_000))
    kept = pick_out(many + "<b>" * 100_000)
    assert len(kept.encode()) <= MAX_MARKUP
    assert sum(map(len, looked)) <= migration.MAX_LOOKED
    looked.clear()
    assert pick_out("<b>" * 100_000) == "<b>"
    assert looked == ["<b>"]


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("http://127.0.0.1:8000/", "is no public address"),
        ("http://[::1]/", "is no public address"),
        ("http://localhost/", "no public address"),
        ("file:///etc/passwd", "is no address that can be asked"),
        ("https://user:word@a.example/", "is no address that can be asked"),
        ("http://169.254.169.254/latest/meta-data", "is no public address"),
    ],
)
def test_no_page_of_this_network_is_loaded(owner: TestClient, address: str, problem: str) -> None:
    page = unescape(paste(owner, "", address=address))
    assert f"{problem}. Paste the page into the box above instead." in page
    assert "Nothing known is in it" not in page


def test_a_page_that_does_not_come_is_told(owner: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "fetch", lambda *_, **__: Reply(404, b"no"))
    assert "https://a.example/x answers 404" in paste(owner, "", address="https://a.example/x")
