"""What /migrate proposes: the pasted line on our host, and commands after which that line counts one view."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import msgspec
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from analytics.cli import main
from analytics.incumbents import INCUMBENTS
from analytics.instance import Instance
from analytics.migration import propose, propose_all, recognise
from analytics.web.app import create_app

from .conftest import FIREFOX
from .test_migrate import HOST, SITE, UUID, WORDPRESS

OLD = "https://old.example"

REWRITTEN = [
    (
        "<script defer src='https://b.example/js' data-prefix='cnt' data-style=short pjax></script>",
        "<script defer src='HOST/js' data-prefix='cnt' data-style=short pjax></script>",
    ),
    (
        '<script async src="//busuanzi.ibruce.info/busuanzi/2.3/busuanzi.pure.mini.js" data-pjax></script>',
        '<script async src="HOST/busuanzi/2.3/busuanzi.pure.mini.js" data-pjax></script>',
    ),
    (
        '<script src="http://b.example:10010/busuanzi.js"></script>',  # whyneh
        '<script src="HOST/busuanzi/2.3/busuanzi.pure.mini.js"></script>',
    ),
    (
        "fetch('http://b.example:10010/busuanzi/api', {headers: {'X-Referer': location.href}})",
        "fetch('HOST/busuanzi/api', {headers: {'X-Referer': location.href}})",
    ),
    (
        '<p>x</p><script async src="https://b.example/count.js"></script><i id="eo_count_site_pv">',
        '<script async src="HOST/count.js"></script>',
    ),
    (
        '<script defer data-domain="a.example" src="https://plausible.io/js/script.hash.outbound-links.js">'
        "</script>",
        '<script defer data-domain="a.example" src="HOST/js/script.hash.outbound-links.js"></script>',
    ),
    (
        '<script async src="https://plausible.io/js/pa-abc.js"></script>\n<script>window.plausible='
        "window.plausible||function(){};plausible.init({hashBasedRouting:true})</script>",
        '<script async src="HOST/js/pa-abc.js"></script>\n<script>window.plausible='
        "window.plausible||function(){};plausible.init({hashBasedRouting:true})</script>",
    ),
    (
        '<script defer data-domain="a.example" data-api="/stats/event" src="/stats/s.js"></script>',
        '<script defer data-domain="a.example" data-api="HOST/api/event" src="HOST/js/script.js"></script>',
    ),
    (
        f'<script defer src="{OLD}/u.js" data-website-id="{UUID}" data-host-url="{OLD}"'
        ' data-domains="a.example" data-tag="blue" integrity="sha384-abc"></script>',
        f'<script defer src="HOST/script.js" data-website-id="{UUID}" data-host-url="HOST"'
        ' data-domains="a.example" data-tag="blue"></script>',
    ),
    (
        '<script data-goatcounter="https://x.goatcounter.com/count"'
        """ data-goatcounter-settings='{"allow_local": true}' async src="//gc.zgo.at/count.v4.js\""""
        ' crossorigin="anonymous" integrity="sha384-abc"></script>',
        '<script data-goatcounter="HOST/count"'
        """ data-goatcounter-settings='{"allow_local": true}' async src="HOST/count.js\""""
        ' crossorigin="anonymous"></script>',
    ),
    (
        '<noscript><img src="https://x.goatcounter.com/count?p=/test"></noscript>',
        '<img src="HOST/count?p=/test">',
    ),
    (
        f'<script async src="{OLD}/t.js" data-ackee-server="{OLD}" data-ackee-domain-id="{UUID}"'
        """ data-ackee-opts='{"detailed": true}'></script>""",
        f'<script async src="{OLD}/t.js" data-ackee-server="HOST" data-ackee-domain-id="{UUID}"'
        """ data-ackee-opts='{"detailed": true}'></script>""",
    ),
    (
        "<script>var _paq = window._paq || []; _paq.push(['disableCookies']);\n"
        '(function() { var u="//m.example/";'
        " _paq.push(['setTrackerUrl', u+'matomo.php']); _paq.push(['setSiteId', '7']);\n"
        "g.src='https://cdn.matomo.cloud/m.example/matomo.js'; })();</script>",
        "<script>var _paq = window._paq || []; _paq.push(['disableCookies']);\n"
        '(function() { var u="HOST/";'
        " _paq.push(['setTrackerUrl', u+'matomo.php']); _paq.push(['setSiteId', '7']);\n"
        "g.src='HOST/matomo.js'; })();</script>",
    ),
    (
        "gtag('config', 'G-ABCDEF1234', {anonymize_ip: true});",
        'gtag("config", "G-ABCDEF1234", {transport_url: "HOST", anonymize_ip: true});',
    ),
    (
        '<script src="https://cdn.usefathom.com/script.js" data-site="ABCDEFG" data-spa="auto"></script>',
        '<script src="HOST/tracker.js" data-site="ABCDEFG" data-spa="auto"></script>',
    ),
    (
        '<script defer src="https://cn.vercount.one/js" data-x></script>',
        '<script defer src="HOST/js" data-x></script>',
    ),
    (
        "![:name](https://count.getloli.com/get/@joe?theme=rule34&padding=5)",
        "![:name](HOST/get/@joe?theme=rule34&padding=5)",
    ),
    (
        "<a href='https://www.hitwebcounter.com'><img src='https://hitwebcounter.com/counter/counter.php"
        "?page=77&style=0007&nbdigits=5&type=ip&initCount=100' /></a>",
        "<img src='HOST/counter/counter.php?page=77&style=0007&nbdigits=5&type=ip&initCount=100' />",
    ),
    (
        "![](https://hits.sh/github.com/joe/repo.svg?style=flat&extraCount=9)",
        "![](HOST/github.com/joe/repo.svg?style=flat&extraCount=9)",
    ),
    (
        "[![](https://hits.sh/github.com/joe/repo.svg)](https://hits.sh/github.com/joe/repo/)",
        "[![](HOST/github.com/joe/repo.svg)](HOST/github.com/joe/repo/)",
    ),
    (
        "[![](https://api.visitorbadge.io/api/visitors?path=a)](https://visitorbadge.io/status?path=a)",
        "[![](HOST/api/visitors?path=a)](HOST/status?path=a)",
    ),
    (
        "![](https://img.shields.io/endpoint?url=https%3A%2F%2Fhits.dwyl.com%2Fjoe%2Frepo.json%3Fcolor%3Dpink)",
        "![](https://img.shields.io/endpoint?url=QUOTED%2Fjoe%2Frepo.json%3Fcolor%3Dpink)",
    ),
    (
        "vendors:\n  busuanzi: https://x.example/y/busuanzi.pure.mini.js # ours",
        "busuanzi: HOST/busuanzi/2.3/busuanzi.pure.mini.js # ours",
    ),
    (
        "static_prefix:\n  busuanzi: https://busuanzi.ibruce.info/busuanzi/2.3/",
        "busuanzi: HOST/busuanzi/2.3/",
    ),
]


APP = "AbCdEfGhIjKlMnOpQrSt-gzGzoHsz"
NEXT = f"""leancloud_visitors:
  enable: true
  app_id: {APP} # <your app id>
  app_key: key
  # Required for apps from CN region
  server_url: # <your server url>
  security: false

other: 1"""
FLUID = f"""web_analytics:
  enable: true
  leancloud:
    app_id: {APP}
    app_key: key
    server_url:
    path: window.location.pathname
    ignore_local: false
  51la:
    id:"""
FLUID_HERE = f"""leancloud:
  app_id: {APP}
  app_key: key
  server_url: HOST
  path: window.location.pathname
  ignore_local: false"""
VALINE = f"""new Valine({{
  el: '#vcomments',
  appId: '{APP}',
  appKey: 'key',
  visitor: true,
  serverURLs: 'https://abcd.lncldglobal.com',
}})"""
LOVEIT = f"""[params.page.comment.valine]
  enable = true
  appId = "{APP}"
  serverURLs = ""
[params.page.comment.disqus]
  enable = false"""
WALINE = """import { init } from 'https://cdn.example/@waline/client@v3/dist/waline.js';

init({
  el: '#waline',
  serverURL: 'https://w.example',
  pageview: '.views',
  path: '/post',
});
console.log(1);"""
WALINE_HERE = """import { pageviewCount } from 'https://cdn.example/@waline/client@v3/dist/waline.js';
pageviewCount({
  el: '#waline',
  serverURL: 'HOST',
  selector: '.views',
  path: '/post',
});"""
SETTINGS = [
    (NEXT, NEXT.replace("url: #", "url: HOST #").removesuffix("\n\nother: 1")),
    (FLUID, FLUID_HERE),
    (
        f"valine:\n  appId: {APP}\n  visitor: true",
        f'valine:\n  appId: {APP}\n  serverURLs: "HOST"\n  visitor: true',
    ),
    (VALINE, VALINE.replace("https://abcd.lncldglobal.com", "HOST")),
    (
        f"new Valine({{el: '#v', appId: '{APP}', path: 1}})",
        f"new Valine({{el: '#v', serverURLs: \"HOST\", appId: '{APP}', path: 1}})",
    ),
    (LOVEIT, LOVEIT.partition("\n[params.page.comment.disqus]")[0].replace('URLs = ""', 'URLs = "HOST"')),
    (WALINE, WALINE_HERE),
    (
        "<script>Waline.init({serverURL:`https://w.example/`, pageview: true, lang: 'en'})</script>",
        "<script>Waline.pageviewCount({serverURL:`HOST`, pageview: true, lang: 'en'})</script>",
    ),
    (
        "comments:\n  waline:\n    serverURL: https://w.example\n    pageview: true",
        "waline:\n  serverURL: HOST\n  pageview: true",
    ),
    (
        "Artalk.init({ el: '#c', pageKey: '/post', server: 'https://w.example', site: 'Blog', pvEl: '#pv' })",
        "Artalk.init({ el: '#c', pageKey: '/post', server: 'HOST', site: 'Blog', pvEl: '#pv' })",
    ),
    ("artalk:\n  site: Blog\n  server: https://w.example", "artalk:\n  site: Blog\n  server: HOST"),
    (
        "twikoo.init({\n  envId: 'https://w.example',\n  el: '#t', // here\n  lang: 'en',\n})",
        "twikoo.init({\n  envId: 'HOST/twikoo',\n  el: '#t', // here\n  lang: 'en',\n})",
    ),
    ("twikoo:\n  envId:\n  visitor: true", "twikoo:\n  envId: HOST/twikoo\n  visitor: true"),
]


@pytest.mark.parametrize(("pasted", "line"), [*REWRITTEN, *SETTINGS])
def test_the_pasted_tag_keeps_whatever_is_not_its_host(pasted: str, line: str) -> None:
    (found,) = recognise(pasted)
    made = propose(found, pasted, HOST, SITE)
    assert made.line == line.replace("HOST", HOST).replace("QUOTED", "https%3A%2F%2Fstats.example")


def badge(text: str, *ids: str) -> tuple[str, tuple[str, ...]]:
    return text, ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        badge("https://komarev.com/ghpvc/?color=blue&amp;username=joe&label=x", "komarev:joe"),
        badge("https://hits.sh/github.com/joe/repo.svg?view=total", "hits:github.com/joe/repo"),
        badge("https://hits.sh/a.example/post.svg"),
        badge("https://hits.dwyl.com/joe/repo.svg", "hits:joe/repo"),
        badge("https://hits.dwyl.io/joe/repo.json", "hits:joe/repo"),
        badge("https://visitor-badge.laobi.icu/badge?page_id=joe.repo", "hits:joe.repo"),
        badge("https://api.visitorbadge.io/api/visitors?path=joe%2Frepo&label=x", "hits:joe/repo"),
        badge(
            "https://hits.seeyoufarm.com/api/count/incr/badge.svg?url=https%3A%2F%2Fgithub.com%2Fjoe%2F&title=x",
            "hits:github.com/joe",
        ),
        badge("https://hits.seeyoufarm.com/api/count/keep/badge.svg?url=https%3A%2F%2Fwww.a.example%2Fp"),
        badge(
            "https://hitscounter.dev/api/hit?label=x&url=https%3A%2F%2Fgithub.com%2Fjoe",
            "hits:github.com/joe",
        ),
        badge(
            "![](https://hits.sh/b/c.svg) ![](https://komarev.com/ghpvc/?username=d)", "komarev:d", "hits:b/c"
        ),
        badge("https://komarev.com/ghpvc/?username=a%20b"),
        badge("https://komarev.com/ghpvc/?username=%27;rm", "komarev:';rm"),
    ],
)
def test_badges_keep_the_name_that_they_count(text: str, ids: tuple[str, ...]) -> None:
    (found,) = recognise(text)
    made = propose(found, text, HOST, SITE)
    assert made.foreign_ids == ids
    commands = [shlex.split(one) for one in made.commands]
    assert [words[4:] for words in commands if words[1] == "site"] == (
        [[word for one in ids for word in ("--foreign-id", one)]] if ids else []
    )
    pages = [f"/{quote(one.partition(':')[2])}" for one in ids] or ["/PAGE"]
    assert [words[3] for words in commands if words[1] == "counter"] == pages


def test_commands_lose_no_id_that_is_set() -> None:
    site = msgspec.structs.replace(SITE, foreign_ids=("matomo:7",))
    one, two = propose_all(
        f'<script data-website-id="{UUID}">\n![](https://count.getloli.com/@name)', HOST, site
    )
    edit = "pagetally site edit a.example --foreign-id matomo:7 --foreign-id moe:name"
    assert one.commands == (edit, "pagetally counter set /name --views NUMBER --site a.example")
    assert two.commands == (f"{edit} --foreign-id umami:{UUID}",)


# --- Done as it says, it counts ----------------------------------------------------------------------

PAGE = "https://a.example/post"


class Client:
    """What a browser with the page open does: it asks as the old script does, from the page's origin."""

    def __init__(self, http: TestClient, line: str) -> None:
        self._http, self.line = http, line

    def ask(self, address: str, method: str = "", **given: Any) -> Any:
        """The answer from an address in the line, or from a path of the host."""
        assert address.startswith((HOST, "/")), address
        method = method or ("POST" if given else "GET")
        answer = self._http.request(method, address.removeprefix(HOST), **given)
        assert answer.status_code < 300, answer.text
        assert not answer.headers.get("x-pagetally"), answer.headers["x-pagetally"]
        return answer

    def show(self) -> Any:
        """The picture in the line."""
        (address,) = re.findall(rf"{HOST}[^\s\"')]+", self.line)
        return self.ask(address.replace("&amp;", "&"))

    def load(self) -> None:
        """The script of the line, which must be one."""
        (address,) = re.findall(r"""src=["']?([^"'\s>]+)""", self.line)
        assert "javascript" in self.ask(address).headers["content-type"]

    def find(self, pattern: str) -> str:
        """What stands in the line."""
        (found,) = re.findall(pattern, self.line)
        return str(found)


def call_ackee(client: Client) -> None:
    variables = {"domainId": client.find('domain-id="([^"]+)'), "input": {"siteLocation": PAGE}}
    body = {"query": "mutation createRecord { createRecord }", "variables": variables}
    client.ask(client.find('server="([^"]+)') + "/api", json=body)


def call_busuanzi(client: Client) -> None:
    client.load()
    client.ask("/api/event?counters=1", content=json.dumps({"u": PAGE}))


def call_countapi(client: Client) -> None:
    assert client.show().json() == {"value": 1}


def call_fathom(client: Client) -> None:
    client.load()
    site = client.find('data-site="([^"]+)')
    client.ask(f"/collect?h=https://a.example&p=/post&sid={site}")


def call_finicounter(client: Client) -> None:
    client.load()
    assert client.ask("/counter?host=a.example").json() == {"views": 42}


def call_ga4(client: Client) -> None:
    host, tid = client.find('transport_url: "([^"]+)'), client.find('"(G-[^"]+)')
    client.ask(f"{host}/g/collect?v=2&tid={tid}&en=page_view&dl={quote(PAGE, safe='')}", "POST")


def call_goatcounter(client: Client) -> None:
    client.load()
    client.ask(client.find('data-goatcounter="([^"]+)') + "?p=/post")
    assert client.ask("/counter/%2Fpost.json").json()["count"] == "1"


def find_setting(client: Client, name: str) -> str:
    """A setting in the line, of a theme's file or of a call."""
    return client.find(rf"""(?<!\w){name}["']?\s*[:=]\s*["'`]?([^"'`\s,;}}]+)""")


def call_leancloud(client: Client) -> None:
    host = find_setting(client, "server_?(?:url|URLs)")
    headers = {"x-lc-id": "AbCdEfGhIjKlMnOpQrSt-gzGzoHsz", "x-lc-key": "key"}
    where = quote(json.dumps({"url": "/post"}))
    assert client.ask(f"{host}/1.1/classes/Counter?where={where}", headers=headers, method="GET").json() == {
        "results": []
    }
    client.ask(f"{host}/1.1/classes/Counter", headers=headers, json={"url": "/post", "time": 1})


def call_matomo(client: Client) -> None:
    base, site = client.find('u="([^"]+)"'), client.find(r"setSiteId\W+(\d+)")
    assert "javascript" in client.ask(f"{base}matomo.js").headers["content-type"]
    client.ask(f"{base}matomo.php", data={"idsite": site, "rec": "1", "url": PAGE})


def call_openkounter(client: Client) -> None:
    body = {"action": "batch_inc", "requests": [{"target": "/post"}]}
    client.ask(client.find(r"server_url: (\S+)") + "/api/counter", json=body)


def call_plausible(client: Client) -> None:
    client.load()
    body = {"n": "pageview", "u": PAGE, "d": client.find('data-domain="([^"]+)')}
    client.ask("/api/event", content=json.dumps(body))


def call_soxft(client: Client) -> None:
    client.load()
    client.ask("/api", "POST", headers={"x-bsz-referer": PAGE})


def call_twikoo(client: Client) -> None:
    body = {"event": "COUNTER_GET", "url": "/post"}
    assert client.ask(find_setting(client, "envId"), json=body).json()["time"] == 1


def call_umami(client: Client) -> None:
    client.load()
    payload = {"website": client.find('website-id="([^"]+)'), "hostname": "a.example", "url": "/post"}
    client.ask("/api/send", json={"type": "event", "payload": payload})


def call_vercount(client: Client) -> None:
    client.load()
    client.ask("/api/v2/log", json={"url": PAGE, "isNewUv": True})


def call_waline(client: Client) -> None:
    body = {"path": "/post", "type": "time", "action": "inc"}
    client.ask(find_setting(client, "serverURL") + "/api/article", json=body)


def call_artalk(client: Client) -> None:
    # The call that reads, loadCountWidget, counts nothing.
    assert "loadCountWidget" not in client.line
    client.ask(find_setting(client, "server") + "/api/v2/pages/pv", json={"page_key": "/post"})


def call_whyneh(client: Client) -> None:
    client.ask(client.find("'([^']+/api)'"), "GET", headers={"x-referer": PAGE})


def say_one(client: Client) -> None:
    assert "1" in client.show().text


def call_ours(client: Client) -> None:
    """The script's view, for which the page is told."""
    assert f'src="{HOST}/pt.js"' in client.line
    client.ask("/api/event", json={"u": PAGE})


def badge_of(url: str, path: str) -> tuple[str, str, Callable[[Client], None], str]:
    return "Hits badge", f"![]({url})", say_one, path


COMMENTS = {"LeanCloud": call_leancloud, "Waline": call_waline, "Artalk": call_artalk, "Twikoo": call_twikoo}
CASES = [
    *((name, pasted, call_ours, "") for name, pasted in WORDPRESS.items()),
    (
        "busuanzi",
        '<script src="//busuanzi.ibruce.info/busuanzi/2.3/busuanzi.pure.mini.js">',
        call_busuanzi,
        "",
    ),
    ("busuanzi", '<script src="https://b.example/busuanzi.js"></script>', call_busuanzi, ""),
    ("busuanzi", '<script async src="https://b.example/count.js"></script>', call_busuanzi, ""),
    ("busuanzi", "fetch('https://b.example/busuanzi/api', {headers: {}})", call_whyneh, ""),
    ("soxft/busuanzi", '<script src="https://b.example/js" data-prefix="cnt"></script>', call_soxft, ""),
    ("Vercount", '<script defer src="https://events.vercount.one/js"></script>', call_vercount, ""),
    (
        "GoatCounter",
        '<script data-goatcounter="https://x.goatcounter.com/count" src="//gc.zgo.at/count.js"></script>',
        call_goatcounter,
        "",
    ),
    ("LeanCloud", "leancloud_visitors:\n  app_id: AbCdEfGhIjKlMnOpQrSt-gzGzoHsz", call_leancloud, ""),
    ("Waline", '<span class="waline-pageview-count" data-path="/post">', call_waline, ""),
    ("Artalk", '<span id="ArtalkPV"></span>', call_artalk, ""),
    ("Twikoo", '<span id="twikoo_visitors"></span>', call_twikoo, ""),
    *(
        (name, pasted, call, "")
        for name, call in COMMENTS.items()
        for pasted, _ in SETTINGS
        if recognise(pasted)[0].name.startswith(name)
    ),
    ("OpenKounter", "openkounter:\n  server_url: https://w.example", call_openkounter, ""),
    ("finicounter", '<script src="https://finicounter.eu.org/finicounter.js">', call_finicounter, "(site)"),
    ("CountAPI", 'fetch("https://api.countapi.xyz/hit/space/key")', call_countapi, "/key"),
    ("CountAPI", 'fetch("https://api.countapi.xyz/hit/a.example/key")', call_countapi, "/key"),
    badge_of("https://komarev.com/ghpvc/?username=joe&color=red", "/joe"),
    badge_of("https://hits.sh/github.com/joe/repo.svg?style=flat", "/github.com/joe/repo"),
    badge_of("https://hits.sh/a.example/post.svg", "/post"),
    badge_of("https://hits.dwyl.com/joe/repo.svg", "/joe/repo"),
    badge_of("https://visitor-badge.laobi.icu/badge?page_id=joe.repo", "/joe.repo"),
    badge_of("https://api.visitorbadge.io/api/visitors?path=joe%2Frepo", "/joe/repo"),
    badge_of(
        "https://hits.seeyoufarm.com/api/count/incr/badge.svg?url=https%3A%2F%2Fa.example%2Fpost", "/post"
    ),
    badge_of(
        "https://hits.seeyoufarm.com/api/count/incr/badge.svg?url=https%3A%2F%2Fgithub.com%2Fjoe%2Frepo&title=hits",
        "/github.com/joe/repo",
    ),
    badge_of("https://hitscounter.dev/api/hit?url=https%3A%2F%2Fgithub.com%2Fjoe", "/github.com/joe"),
    ("HitWebCounter", '<img src="https://hitwebcounter.com/counter/counter.php?page=77">', say_one, "/77"),
    ("Moe-Counter", "![](https://count.getloli.com/@joe?theme=moebooru)", say_one, "/joe"),
    ("Moe-Counter", "![](https://count.getloli.com/get/@joe)", say_one, "/joe"),
    ("Umami", f'<script src="https://u.example/u.js" data-website-id="{UUID}"></script>', call_umami, ""),
    (
        "Plausible",
        '<script data-domain="a.example" src="https://p.example/js/script.hash.js">',
        call_plausible,
        "",
    ),
    (
        "Matomo",
        "<script>var u='//m.example/'; _paq.push(['setSiteId', '7']); g.src=u+'matomo.js'</script>",
        call_matomo,
        "",
    ),
    ("Google Analytics 4", "gtag('config', 'G-ABCDEF1234');", call_ga4, ""),
    ("Fathom", '<script src="https://cdn.usefathom.com/script.js" data-site="ABCDEFG">', call_fathom, ""),
    (
        "Ackee",
        f'<script src="https://x.example/tracker.js" data-ackee-server="https://x.example"'
        f' data-ackee-domain-id="{UUID}"></script>',
        call_ackee,
        "",
    ),
]


def run(words: list[str], data: Path) -> None:
    done = CliRunner().invoke(main, [*words, "--data", str(data)], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("name", "pasted", "call", "path"),
    CASES,
    ids=lambda value: value[:90] if isinstance(value, str) else value.__name__,
)
def test_what_is_proposed_counts_exactly_one_view(
    tmp_path: Path, name: str, pasted: str, call: Callable[[Client], None], path: str
) -> None:
    data = tmp_path / "data"
    run(["site", "add", "a.example"], data)
    # A second site: nothing may be counted because there is only one.
    run(["site", "add", "other.example"], data)
    (found,) = recognise(pasted)
    assert found.name.startswith(name)
    made = propose(found, pasted, HOST, SITE)
    start = 0
    for command in made.commands:
        words = shlex.split(command)
        assert words[0] == "pagetally"
        if words[1] == "site":
            run(words[1:], data)
        if words[1] == "counter" and words[3] not in ("/PAGE", "/KEY"):
            start = 41
            run([str(start) if word == "NUMBER" else word for word in words[1:]], data)
    with contextlib.closing(Instance(data).open()) as instance:
        headers = {"user-agent": FIREFOX, "origin": "https://a.example"}
        http = TestClient(create_app(instance), base_url=HOST, headers=headers)
        call(Client(http, made.line))
        page = quote(path or "/post", safe="/")
        told = http.get(f"/api/counters?site=a.example&path={quote(unquote(page))}").json()
    assert told["site"]["views"] == start + 1
    if path != "(site)":  # it says nothing of the page
        assert [page["views"] for page in told["pages"].values()] == [start + 1]


def test_every_system_is_tried() -> None:
    assert {found.name for _, pasted, _, _ in CASES for found in recognise(pasted)} == {
        one.name for one in INCUMBENTS
    }


@pytest.mark.parametrize(
    ("pasted", "field"),
    [
        ("https://hits.dwyl.com/joe/repo.json", "message"),
        ("https://api.countapi.xyz/get/space/joe", "value"),
        ("https://count.getloli.com/record/@joe", "num"),
    ],
)
def test_what_only_reads_tells_the_number_and_counts_nothing(tmp_path: Path, pasted: str, field: str) -> None:
    data = tmp_path / "data"
    run(["site", "add", "a.example"], data)
    (found,) = recognise(pasted)
    made = propose(found, pasted, HOST, SITE)
    run(shlex.split(made.commands[0])[1:], data)
    path = "/joe/repo" if "repo" in pasted else "/joe"
    with contextlib.closing(Instance(data).open()) as instance:
        http = TestClient(create_app(instance), base_url=HOST, headers={"user-agent": FIREFOX})
        for _ in range(3):
            assert http.post("/api/event", json={"u": f"https://a.example{path}"}).status_code == 202
        for _ in range(2):
            assert str(http.get(made.line.removeprefix(HOST)).json()[field]) == "3"
