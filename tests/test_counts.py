"""Counts from elsewhere: every format to the same amounts, previewed, applied once, undone, and out again."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analytics import remote
from analytics.cli import main
from analytics.counts import (
    SITE,
    Found,
    collect,
    defuse,
    difference,
    read_rows,
    revive,
    write_csv,
    write_json,
)
from analytics.errors import InputError, PagetallyError
from analytics.model import Amount, Count, Site
from analytics.pull import CALLBACK, be_patient, pull, read_sitemap
from analytics.registry import check_site
from analytics.remote import Reply, fetch, find_address, is_public

from .conftest import StartServer, pagetally

SITE_OF_TESTS = check_site(Site(id=1, domain="example.com", query_keys=("p",)))

LEANCLOUD = """#filetype:JSON-streaming {"type":"Class","class":"Counter"}
{"url":"/a/","title":"A","time":5,"objectId":"1"}
{"target":"/a/index.html","time":2}
{"target":"site-pv","time":900}
{"target":"site-uv","time":300}
{"url":"/none"}
"""
GOATCOUNTER_HEADER = (
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,"
    "FirstVisit,Date\n"
)
GOATCOUNTER = f"""{GOATCOUNTER_HEADER}/a,A,false,,,,s1,0,,,,,true,2024-01-01T00:00:00Z
/a,A,false,,,,s1,0,,,,,false,2024-01-01T00:00:00Z
/b,B,0,,,,s2,0,,,,,1,2024-01-01T00:00:00Z
/b,B,0,,,,s2,150,,,,,1,2024-01-01T00:00:00Z
click,,true,,,,s2,0,,,,,false,2024-01-01T00:00:00Z
"""
WXR = """<?xml version="1.0"?><rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><link>https://example.com</link>
<item><title>A &amp; B</title><link>https://example.com/a/</link>
<wp:postmeta><wp:meta_key>_edit_last</wp:meta_key><wp:meta_value>1</wp:meta_value></wp:postmeta>
<wp:postmeta><wp:meta_key>views</wp:meta_key><wp:meta_value><![CDATA[42]]></wp:meta_value></wp:postmeta></item>
<item><title>No views</title><link>https://example.com/b/</link></item>
<item><link>https://example.com/?p=7</link>
<wp:postmeta><wp:meta_key>post_views_count</wp:meta_key><wp:meta_value>3</wp:meta_value></wp:postmeta></item>
</channel></rss>"""
TWIKOO_DB = {
    "collections": [
        {"name": "comment", "data": [{"url": "/a"}]},
        {"name": "counter", "data": [{"url": "/a/", "title": "A", "time": 7, "updated": 1}]},
    ]
}
WALINE = {
    "type": "waline",
    "version": 1,
    "time": 1_700_000_000_000,
    "tables": ["Comment", "Counter"],
    "data": {
        "Comment": [{"url": "/a"}],
        "Counter": [{"url": "/a", "time": 3, "reaction0": 1}, {"url": "/a/", "time": 4}],
    },
}
ARTALK = {"pages": [{"id": 1, "key": "/a.html", "url": "/a.html", "title": "A", "pv": 12, "site_name": "x"}]}
OURS = {
    "site": {"domain": "example.com", "views": 9, "visitors": 4, "online": 0},
    "pages": {"/a": {"views": 5, "visitors": 3}},
}


def read(data: str | bytes, kind: str = "auto") -> Found:
    raw = data.encode() if isinstance(data, str) else data
    return collect(SITE_OF_TESTS, read_rows(io.BufferedReader(io.BytesIO(raw)), kind))


Expected = dict[str, tuple[int | None, int | None]]


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        ("path,views,visitors\n/a,5,3\n/b,2,\n", "csv", {"/a": (5, 3), "/b": (2, None)}),
        ("\ufeffURL;PV;UV\nhttps://www.example.com/a/;1 234;\n", "csv", {"/a": (1234, None)}),
        ('page\tcount\n/a\t"1,234"\n', "csv", {"/a": (1234, None)}),
        ("path,views\n(site),10\n/a,4\n", "csv", {SITE: (10, None), "/a": (4, None)}),
        ("path,views\n/a,1\n/a/,2\n/a/index.html,3\n/a?utm_source=x,4\n/a?p=1,5\n", "csv",
         {"/a": (10, None), "/a?p=1": (5, None)}),
        ("path,views\nposts/hello/,4\n/中,1\n/%E4%B8%AD,2\n", "csv",
         {"/posts/hello": (4, None), "/中": (3, None)}),
        ('{"/a": 5, "/b": {"pv": 2, "uv": 1}}', "json", {"/a": (5, None), "/b": (2, 1)}),
        ('[{"page": "/a", "views": 5.0}]', "json", {"/a": (5, None)}),
        (json.dumps(OURS), "json", {SITE: (9, 4), "/a": (5, 3)}),
        ("path;views\n/a;1.234\n/b;12\u202f345\n/c;1.234.567\n/d;12,34,567\n/e;0012\n", "csv",
         {"/a": (1_234, None), "/b": (12_345, None), "/c": (1_234_567, None), "/d": (1_234_567, None),
          "/e": (12, None)}),
        ('{"url":"/a","time":{"$numberInt":"9"}}\n{"url":"/b","time":{"$numberLong":"8"}}\n', "twikoo",
         {"/a": (9, None), "/b": (8, None)}),
        ('{"/a": {"$numberInt": "5"}, "/b": {"pv": {"$numberDouble": "2"}}}', "json",
         {"/a": (5, None), "/b": (2, None)}),
        ('{"xid":"/a/","time":3}\n{"url":"/b","xid":"/c","time":4}\n', "leancloud",
         {"/a": (3, None), "/b": (4, None)}),
        (LEANCLOUD, "leancloud", {"/a": (7, None), SITE: (900, 300)}),
        ('{"results":[{"url":"/a","time":5}]}', "leancloud", {"/a": (5, None)}),
        (json.dumps(WALINE), "waline", {"/a": (7, None)}),
        (json.dumps(ARTALK), "artalk", {"/a.html": (12, None)}),
        ('[{"key":"https://example.com/a","pv":"3","title":"A"}]', "artalk", {"/a": (3, None)}),
        (json.dumps(TWIKOO_DB), "twikoo", {"/a": (7, None)}),
        ('{"url":"/a","time":1}\n{"url":"/b","time":2}\n', "twikoo", {"/a": (1, None), "/b": (2, None)}),
        (GOATCOUNTER, "goatcounter", {"/a": (2, 1), "/b": (1, 1)}),
        (WXR, "wordpress", {"/a": (42, None), "/?p=7": (3, None)}),
        ("link,meta_key,meta_value\nhttps://example.com/a/,views,5\nhttps://example.com/a/,_thumb,9\n",
         "wordpress",
         {"/a": (5, None)}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_guessed", [False, True])
def test_each_format_gives_the_same_amounts(
    data: str, kind: str, expected: Expected, is_guessed: bool
) -> None:
    found = read(data, "auto" if is_guessed else kind)
    assert {path: (one.views, one.visitors) for path, one in found.amounts.items()} == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("path,views\nhttps://evil.example/a,5\n", "another host"),
        ("path,views\n/a,-5\n", "no whole number"),
        ("path,views\n/a,12.5\n", "no whole number"),
        ("path,views\n/a,99999999999999999999\n", "no whole number"),
        ("path,views,visitors\n/bad,-5,0\n", "no whole number"),
        ("path,views,visitors\n/big,99999999999999999999,1\n", "no whole number"),
        ("path,views,visitors\n/dec,12.5,1\n", "no whole number"),
        ('path;views;visitors\n/dec;"12,50";1\n', "no whole number"),
        ("path,views,visitors\n/a,5,none\n", "no whole number"),
        ('{"path": "/a", "views": 12.5, "visitors": 1}', "no whole number"),
        ('{"path": "/a", "views": {"$oid": "9"}}', "no whole number"),
        ('{"objectId": "1", "time": 5}', "no page"),
        ("path,views,time\n/a,,1700000000\n", "no count"),
        (f"path,views\n/{'a' * 3_000},5\n", "no page"),
        ("path,views\n(other),5\n", "no page"),
        ("path,views\n,5\n", "no page"),
        ('[{"path": "/a", "views": true}]', "no whole number"),
        ('[{"path": "https://[", "views": 1}]', "no page"),
    ],
)
def test_a_row_that_cannot_be_used_is_left_out_and_told(data: str, reason: str) -> None:
    found = read(data)
    assert found.amounts == {}
    assert found.skipped == {reason: 1}


BOMB = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><rss><item>&b;</item></rss>'


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("", "csv"),
        ("nothing,here\n1,2\n", "csv"),
        ("path,views\n" + '"' + "x" * 200_000, "csv"),
        ("{broken", "json"),
        ("[" * 100_000, "json"),
        (BOMB, "wordpress"),
        ("<rss><item>", "wordpress"),
        (b"\xff\xfe\x00", "json"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(data: str | bytes, kind: str) -> None:
    with pytest.raises(InputError):
        read(data, kind)


@pytest.mark.parametrize(
    ("strategy", "now", "given", "moved"),
    [
        ("replace", Count(10, 5), Amount("/a", 3, 2), Count(-7, -3)),
        ("replace", Count(10, 5), Amount("/a", 30), Count(20, 0)),
        ("higher", Count(10, 5), Amount("/a", 3, 8), Count(0, 3)),
        ("add", Count(10, 5), Amount("/a", 3, 2), Count(3, 2)),
        ("fill", Count(10, 5), Amount("/a", 30, 20), Count(0, 0)),
        ("fill", Count(0, 0), Amount("/a", 30, 20), Count(30, 20)),
    ],
)
def test_strategies(strategy: str, now: Count, given: Amount, moved: Count) -> None:
    assert difference(strategy, now, given) == moved


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\uff1d1", "\uff20a", "'\uff0b1", "'=1", "plain", "'", ""],
)
def test_no_cell_is_a_formula_and_each_comes_back(text: str) -> None:
    assert not defuse(text).startswith(("=", "+", "-", "@", "\t", "\r", *"\uff1d\uff0b\uff0d\uff20"))
    assert revive(defuse(text)) == text
    rows = "".join(write_csv([Amount("/a", 1, 1, text)]))
    assert read(rows).amounts["/a"].title == text


@pytest.mark.parametrize("write", [write_csv, write_json])
def test_what_is_written_is_what_is_read(write: Any) -> None:
    amounts = [Amount(SITE, 99, 50), Amount("/a", 5, 3, "=cmd"), Amount("/中%20b?p=1", 0, 0, 'q"u,o')]
    assert list(read("".join(write(amounts))).amounts.values()) == amounts


def test_an_import_is_previewed_applied_once_undone_and_exported(tmp_path: Path) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    site = ("--site", "example.com")
    file = tmp_path / "Counter.jsonl.gz"
    file.write_bytes(gzip.compress(LEANCLOUD.encode()))
    seen = pagetally("import", "counts", file, *site, "--dry-run", data=data).stdout
    assert "/a" in seen
    assert "Nothing was changed" in seen
    assert "1 with no count" in seen
    assert pagetally("counter", "list", data=data).stdout == ""
    done = pagetally("import", "counts", file, *site, "--yes", "--note", "since 2019", data=data).stdout
    assert "example.com: 900 views, 300 visitors" in done
    again = pagetally("import", "counts", file, *site, "--yes", data=data, check=False)
    assert again.returncode == 1
    assert "imported already: adjustment 1" in again.stderr
    for kind in ("csv", "json"):
        out = tmp_path / f"out.{kind}"
        pagetally("export", "counters", *site, "--format", kind, "--output", out, data=data)
        other = tmp_path / f"data-{kind}"
        pagetally("site", "add", "example.com", data=other)
        pagetally("import", "counts", out, *site, "--yes", data=other)
        shown = pagetally("export", "counters", *site, "--format", kind, data=other).stdout
        assert shown == out.read_text()
        assert "/a" in shown
    pagetally("counter", "undo", "1", data=data)
    assert '"(site)",0,0' in pagetally("export", "counters", *site, data=data).stdout
    assert "example.com: 900 views" in pagetally("import", "counts", file, *site, "--yes", data=data).stdout


def test_without_a_row_for_it_the_site_follows_its_pages(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "a.csv"
    pagetally("site", "add", "example.com", data=data)
    file.write_text("path,views,visitors\n/a,5,3\n/b,2,1\n")
    done = pagetally("import", "counts", file, "--site", "example.com", "--yes", data=data).stdout
    assert "example.com: 7 views, 4 visitors" in done


# Counters that still run


def fake(answers: Mapping[str, tuple[int, str]]) -> Any:
    """A server that answers by address and Referer, and nothing else."""

    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        status, body = answers[" ".join([url, *headers.values()])]
        return Reply(status, body.encode())

    return ask


JSONP = "https://c.example/busuanzi?jsonpCallback=BusuanziCallback_777487655111"
BUSUANZI = (
    'try{BusuanziCallback_777487655111({"site_uv":4,"page_pv":%d,"version":2.4,"site_pv":9});}catch(e){}'
)


@pytest.mark.parametrize(
    ("protocol", "answers"),
    [
        (
            "busuanzi",
            {
                f"{JSONP} https://example.com/a": (
                    200,
                    BUSUANZI % 5,
                ),
                f"{JSONP} https://example.com/b%20c": (
                    200,
                    BUSUANZI % 2,
                ),
            },
        ),
        (
            "vercount",
            {
                "https://c.example/api/v2/log?url=https%3A%2F%2Fexample.com%2Fa": (
                    200,
                    '{"status":"success","data":{"site_uv":4,"site_pv":9,"page_pv":5}}',
                ),
                "https://c.example/api/v2/log?url=https%3A%2F%2Fexample.com%2Fb%2520c": (
                    200,
                    '{"status":"success","data":{"site_uv":4,"site_pv":9,"page_pv":2}}',
                ),
            },
        ),
        (
            "goatcounter",
            {
                "https://c.example/counter/%2Fa.json": (200, '{"count_unique":"5","count":"5"}'),
                "https://c.example/counter/%2Fb%20c.json": (404, '{"count_unique":"2","count":"2"}'),
                "https://c.example/counter/TOTAL.json": (200, '{"count_unique":"4","count":"9"}'),
            },
        ),
    ],
)
def test_pulling(protocol: str, answers: Mapping[str, tuple[int, str]]) -> None:
    rows = pull(fake(answers), protocol, "https://c.example", SITE_OF_TESTS, ["/a", "/b c"], lambda: None)
    found = collect(SITE_OF_TESTS, rows).amounts
    assert {path: one.views for path, one in found.items()} == {"/a": 5, "/b%20c": 2, SITE: 9}
    assert found[SITE].visitors == 4


@pytest.mark.parametrize(
    ("protocol", "reply"),
    [
        ("busuanzi", (200, BUSUANZI.replace('"site_uv":4', '"site_uv":0').replace("9", "0") % 0)),
        ("vercount", (200, '{"status":"success","data":{"site_uv":0,"site_pv":0,"page_pv":0}}')),
        ("goatcounter", (404, '{"count_unique":"0","count":"0"}')),
    ],
)
def test_a_pulled_nought_takes_nothing_away(protocol: str, reply: tuple[int, str]) -> None:
    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        return Reply(reply[0], reply[1].encode())

    found = collect(SITE_OF_TESTS, pull(ask, protocol, "https://c.example", SITE_OF_TESTS, ["/a"]))
    assert found.amounts == {}
    assert found.skipped == {"no count": 2}


@pytest.mark.parametrize(
    ("pages", "sites", "expected", "own"),
    [
        ([5, 2], [9, 10], {"/a": 4, "/b": 1, SITE: 8}, [2]),
        # Somebody else was there, too; and a page that nobody had seen before us.
        ([5, 1], [9, 12], {"/a": 4, SITE: 10}, [2]),
        # It counts no machines, or tells what it knew before.
        ([5, 2], [9, 9], {"/a": 5, "/b": 2, SITE: 9}, []),
        ([5], [9], {"/a": 5, SITE: 9}, []),
        ([5, 2], ["9", "10"], {"/a": 5, "/b": 2, SITE: 10}, []),
    ],
)
def test_views_that_the_questions_added_are_taken_off_where_that_is_certain(
    pages: list[int], sites: list[Any], expected: dict[str, int], own: list[int]
) -> None:
    answers = [{"page_pv": page, "site_pv": site} for page, site in zip(pages, sites, strict=True)]
    waiting, told = iter(answers), list[int]()

    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        return Reply(200, f"{CALLBACK}({json.dumps(next(waiting))});".encode())

    paths = ["/a", "/b"][: len(pages)]
    rows = pull(ask, "busuanzi", "https://c.example", SITE_OF_TESTS, paths, report_own=told.append)
    found = collect(SITE_OF_TESTS, rows).amounts
    assert {path: one.views for path, one in found.items() if one.views} == expected
    assert told == own


@pytest.mark.parametrize("reply", [(502, "Bad Gateway"), (200, "<html>"), (200, "[1]"), (200, "")])
@pytest.mark.parametrize("protocol", ["busuanzi", "vercount", "goatcounter"])
def test_pulling_from_what_answers_nonsense_says_so(protocol: str, reply: tuple[int, str]) -> None:
    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        return Reply(reply[0], reply[1].encode())

    with pytest.raises(PagetallyError):
        list(pull(ask, protocol, "https://c.example", SITE_OF_TESTS, ["/a"], lambda: None))


def vercount(views: int) -> tuple[int, str]:
    return 200, json.dumps({"data": {"page_pv": views, "page_uv": 1, "site_pv": 9, "site_uv": 4}})


BUSY = (429, "slow down")


@pytest.mark.parametrize(
    ("protocol", "replies", "slept", "views"),
    [
        ("vercount", [vercount(5)], [1], {"/a": 5, SITE: 9}),
        ("vercount", [(*BUSY, "7"), vercount(5)], [1, 7], {"/a": 5, SITE: 9}),
        ("vercount", [(*BUSY, "0"), (502, ""), BUSY, vercount(5)], [1, 1, 10, 60], {"/a": 5, SITE: 9}),
        ("vercount", [(503, "", "Wed, 21 Oct 2026 07:28:00 GMT"), vercount(5)], [1, 2], {"/a": 5, SITE: 9}),
        ("vercount", [BUSY, BUSY, BUSY, BUSY], [1, 2, 10, 60], None),
        ("vercount", [(*BUSY, "3600")], [1], None),
        ("vercount", [(404, "")], [1], None),
        ("busuanzi", [BUSY, (200, BUSUANZI % 5)], [1, 2], {"/a": 5, SITE: 9}),
        # It may have counted the question: whoever asks again counts again.
        ("busuanzi", [(502, "")], [1], None),
    ],
)
def test_a_server_that_says_not_now_is_asked_again(
    protocol: str, replies: list[tuple[Any, ...]], slept: list[float], views: dict[str, int] | None
) -> None:
    waiting, sleeps = list(replies), list[float]()

    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        status, body, *after = waiting.pop(0)
        return Reply(status, body.encode(), *after)

    patient = be_patient(ask, protocol, 1, sleeps.append)
    rows = pull(patient, protocol, "https://c.example", SITE_OF_TESTS, ["/a"])
    if views is None:
        with pytest.raises(PagetallyError):
            list(rows)
    else:
        assert {row["path"]: row["views"] for row in rows} == views
    assert (sleeps, waiting) == (slept, [])


def test_pages_that_keep_failing_are_told_and_cost_nothing_that_was_read() -> None:
    told: list[str] = []
    paths = [f"/{number}" for number in range(20)]

    def ask(url: str, headers: Mapping[str, str]) -> Reply:
        page = int(url.rpartition("%2F")[2])
        return Reply(500, b"") if page == 3 or page > 9 else Reply(200, vercount(page)[1].encode())

    rows = pull(
        ask, "vercount", "https://c.example", SITE_OF_TESTS, paths, report=lambda path, why: told.append(path)
    )
    assert [row["path"] for row in rows] == ["/0", "/1", "/2", *paths[4:10], SITE]
    assert told == ["/3", *paths[10:]]


def test_a_sitemap_and_those_it_leads_to() -> None:
    answers = {
        "https://example.com/sitemap.xml": (
            200,
            "<sitemapindex><sitemap><loc>https://example.com/1.xml</loc></sitemap></sitemapindex>",
        ),
        "https://example.com/1.xml": (
            200,
            "<urlset><url><loc> https://example.com/a </loc></url><url><loc>https://example.com/b</loc></url></urlset>",
        ),
    }
    assert read_sitemap(fake(answers), "https://example.com/sitemap.xml") == [
        "https://example.com/a",
        "https://example.com/b",
    ]
    for body in (BOMB, "no xml"):
        with pytest.raises(InputError):
            read_sitemap(fake({"https://x.example/": (200, body)}), "https://x.example/")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "172.16.0.1", "100.64.0.1", "0.0.0.0", "::1",
     "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "224.0.0.1",
     "fec0::1", "64:ff9b:1::7f00:1", "64:ff9b:1::5db8:d822", "64:ff9b::a00:1", "::127.0.0.1", "::10.0.0.1",
     "::ffff:0:7f00:1", "192.0.0.8", "192.0.0.9", "192.88.99.1", "5f00::1", "2002:a00:1::1",
     "2002:5db8:d822::1", "2001:0:7f00:1::1", "2001:0:5db8:d822::f5ff:fffe", "2001:db8::1", "3fff::1",
     "ff0e::1", "4000::1", "240.0.0.1", "255.255.255.255", "198.18.0.1"],
)  # fmt: skip
def test_no_address_inside_is_asked(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "2606:2800:220:1::1", "2001:4860:4860::8888", "::ffff:93.184.216.34",
     "64:ff9b::5db8:d822"],
)  # fmt: skip
def test_public_addresses_are_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/", "http://2130706433/", "file:///etc/passwd",
     "ftp://example.com/", "http://", "https://user:pass@example.com/", "http://example.com:99999/",
     "http://["],
)  # fmt: skip
def test_an_address_that_may_not_be_asked_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        fetch(url)


def test_a_redirect_is_checked_like_the_first_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(url: str, *rest: Any) -> tuple[Reply, str]:
        asked.append(url)
        if url == "http://public.example/":
            return Reply(302, b""), "http://127.0.0.1/secret"
        find_address("127.0.0.1", 80, allow_private=rest[1])
        return Reply(200, b"inside"), ""

    monkeypatch.setattr(remote, "_ask", answer)
    with pytest.raises(InputError, match="no public address"):
        fetch("http://public.example/")
    assert asked == ["http://public.example/", "http://127.0.0.1/secret"]
    assert fetch("http://public.example/", allow_private=True).body == b"inside"
    monkeypatch.setattr(remote, "_ask", lambda *_: (Reply(302, b""), "http://["))
    with pytest.raises(PagetallyError, match="which is no address"):
        fetch("http://public.example/")


ENDLESS = {
    "says nothing": ("http", b"", b""),
    "says nothing of TLS": ("https", b"", b""),
    "is about to answer": ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "has a long header": ("http", b"HTTP/1.1 200 OK\r\n", b"X"),
    "has a long body": ("http", b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
}
"""Servers that come to no end: how they are asked, what they say, and what they then say again and again."""


def test_a_name_server_that_does_not_answer_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        answers.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    start = time.monotonic()
    with pytest.raises(PagetallyError, match="takes too long"):
        fetch("http://a.example/", seconds=0.05)
    assert time.monotonic() - start < 10
    answers.set()


@pytest.mark.parametrize("name", ENDLESS)
def test_a_server_that_comes_to_no_end_takes_too_long(name: str) -> None:
    scheme, begin, more = ENDLESS[name]
    left, gave_up = threading.Event(), threading.Event()

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            connection.sendall(begin)
            end = time.monotonic() + 4
            while time.monotonic() < end and not left.wait(0.02):
                connection.sendall(more)
            if not left.is_set():
                gave_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with pytest.raises(PagetallyError, match="takes too long"):
            fetch(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/", allow_private=True, seconds=0.3)
        left.set()
        thread.join()
    assert not gave_up.is_set()


@pytest.mark.parametrize(
    ("grows", "said"),
    [
        (1, "Taken off: the 2 views"),
        (0, "do not show whether the questions were counted: nothing is taken off"),
    ],
)
def test_a_dry_run_says_that_its_questions_count_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grows: int, said: str
) -> None:
    asked: list[str] = []

    def ask(url: str, headers: Mapping[str, str], **limits: object) -> Reply:
        asked.append(url)
        numbers = {"page_pv": 8, "site_pv": 20 + grows * len(asked)}
        return Reply(200, f"{CALLBACK}({json.dumps(numbers)});".encode())

    monkeypatch.setattr("analytics.cli.pulling.fetch", ask)
    (tmp_path / "paths.txt").write_text("/a\n/b\n")
    data = ("--data", str(tmp_path / "data"))
    CliRunner().invoke(main, ["site", "add", "example.com", *data])
    words = "import pull https://c.example --protocol busuanzi --site example.com --dry-run --pause 0 --paths"
    done = CliRunner().invoke(main, [*words.split(), str(tmp_path / "paths.txt"), *data]).output
    assert "Each question is counted there as a view, in a dry run as well: 2 in all." in done
    assert (len(asked), said in done) == (2, True)
    assert "Nothing was changed here: this was a dry run." in done


def test_counts_come_through_standard_input(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "counts.csv"
    file.write_text("path,views\n/a,41\n")
    pagetally("site", "add", "example.com", data=data)
    words = ["import", "counts", "-", "--site", "example.com", "--data", str(data)]
    for more, code, said in (
        ([], 1, "nothing was changed"),
        (["--yes"], 0, "/a"),
        (["--yes"], 1, "imported already: adjustment 1, of standard input"),
    ):
        with file.open() as piped:
            command = [sys.executable, "-m", "analytics", *words, *more]
            done = subprocess.run(command, stdin=piped, capture_output=True, text=True)
        assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stderr


def test_a_counter_of_this_machine_is_asked_only_when_allowed(
    tmp_path: Path, start_server: StartServer
) -> None:
    """A whole pull, from one Pagetally that answers as Vercount to another."""
    there, here = tmp_path / "there", tmp_path / "here"
    for data in (there, here):
        pagetally("site", "add", "example.com", data=data)
    set_there = ("counter", "set", "/a", "--views", "41", "--visitors", "7", "--site", "example.com")
    pagetally(*set_there, data=there)
    server = start_server(there)
    paths = tmp_path / "paths.txt"
    paths.write_text("# pages\n/a\nhttps://elsewhere.example/a\n")
    words = (
        "import",
        "pull",
        server.url,
        "--protocol",
        "vercount",
        "--site",
        "example.com",
        "--paths",
        paths,
    )
    refused = pagetally(*words, "--yes", data=here, check=False)
    assert refused.returncode == 2
    assert "no public address" in refused.stderr
    done = pagetally(*words, "--yes", "--allow-private", "--pause", "0", data=here).stdout
    assert "example.com: 41 views, 7 visitors" in done
    # Reading changes nothing there; and a server that runs takes commands like any other.
    more = pagetally("counter", "add", "/a", "--views", "1", "--site", "example.com", data=there).stdout
    assert "/a: 42 views" in more
    with pytest.raises(PagetallyError, match="more than"):
        fetch(f"{server.url}/pt.js", allow_private=True, max_bytes=100)
