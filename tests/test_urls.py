"""Same page, same key: the canonicaliser."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.agents import is_bot
from analytics.errors import InputError
from analytics.referrers import find_source
from analytics.urls import (
    bare_host,
    canonical_path,
    canonical_pattern,
    canonical_query,
    compile_pattern,
    read_page,
    read_path,
)

PATHS = [
    ("", "/"),
    ("/", "/"),
    ("/a", "/a"),
    ("/a/", "/a"),
    ("//a///b//", "/a/b"),
    ("/a/index.html", "/a"),
    ("/a/index.htm", "/a"),
    ("/index.html", "/"),
    ("/a/index.html/", "/a"),
    ("/posts/index-funds/x", "/posts/index-funds/x"),
    ("/index.php", "/index.php"),
    ("/A/b", "/A/b"),
    ("/a/./b/../c", "/a/c"),
    ("/../..", "/"),
    ("/%2e%2e/a", "/a"),
    ("/%E4%B8%AD", "/中"),
    ("/cafe%CC%81", "/café"),
    ("/caf\u00e9", "/café"),
    ("/a%2Fb", "/a%2Fb"),
    ("/a%2fb", "/a%2Fb"),
    ("/100%", "/100%25"),
    ("/100%25", "/100%25"),
    ("/%zz", "/%25zz"),
    ("/a%20b", "/a%20b"),
    ("/a b", "/a%20b"),
    ("/%FF", "/%FF"),
    ("/a%00b", "/a%00b"),
    ("/a\\b", "/a/b"),
    ("/%E2%80%AEevil", "/%E2%80%AEevil"),
]


@pytest.mark.parametrize(("path", "key"), PATHS)
def test_paths(path: str, key: str) -> None:
    assert canonical_path(path) == key


@given(st.text(max_size=40).map(lambda text: "/" + text))
def test_canonicalising_twice_changes_nothing(path: str) -> None:
    once = canonical_path(path.partition("?")[0].partition("#")[0])
    assert canonical_path(once) == once
    assert read_path(once) == once


@given(
    st.lists(
        st.sampled_from(["%", "25", "2F", "/", ".", "index.html", "é", "e\u0301", "\\", " ", "%E4%B8%AD"])
    )
)
def test_awkward_paths_are_fixed_points_too(parts: list[str]) -> None:
    once = canonical_path("/" + "".join(parts))
    assert canonical_path(once) == once


@given(st.text(alphabet="ap=&+%26B3D ;#é", max_size=30))
def test_canonical_queries_are_fixed_points(query: str) -> None:
    once = canonical_query(query.partition("#")[0], ("a", "p"))
    assert canonical_query(once.removeprefix("?"), ("a", "p")) == once


QUERIES = [
    ("p=1", "?p=1"),
    ("utm_source=x", ""),
    ("p=1&utm_source=x&a=2", "?a=2&p=1"),
    ("p=a+b", "?p=a%20b"),
    ("p=a%26b", "?p=a%26b"),
    ("p", "?p="),
    ("P=1", ""),
]


@pytest.mark.parametrize(("query", "key"), QUERIES)
def test_queries(query: str, key: str) -> None:
    assert canonical_query(query, ("a", "p")) == key


ADDRESSES = [
    ("https://Example.COM:443/a", ("example.com", "/a")),
    ("http://example.com:80", ("example.com", "/")),
    ("http://example.com:8080/a", ("example.com:8080", "/a")),
    ("https://user:pw@example.com/a", ("example.com", "/a")),
    ("https://example.com./a", ("example.com", "/a")),
    ("  https://example.com/a  ", ("example.com", "/a")),
    ("HTTPS://EXAMPLE.COM/A", ("example.com", "/A")),
    ("http://[2001:db8::1]:8000/a", ("[2001:db8::1]:8000", "/a")),
]


@pytest.mark.parametrize(("url", "page"), ADDRESSES)
def test_addresses(url: str, page: tuple[str, str]) -> None:
    assert read_page(url) == page


@pytest.mark.parametrize(
    "url", ["", "/a", "a", "mailto:x@y", "https:///a", "https://:80/", "http://[::1", "https://a b/"]
)
def test_what_is_no_address_names_the_field(url: str) -> None:
    with pytest.raises(InputError) as caught:
        read_page(url)
    assert caught.value.field == "url"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            page = read_page(url)
        except InputError:
            continue
        assert page.path.startswith("/")


HOSTS = [
    ("www.Example.com", "example.com"),
    ("example.com:8080", "example.com"),
    ("example.com.", "example.com"),
    ("[::1]:80", "[::1]"),
    ("[::1]", "[::1]"),
    ("www.BÜCHER.example:8080", "xn--bcher-kva.example"),
    ("bu\u0308cher.example", "xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
    ("ü" * 80 + ".example", "ü" * 80 + ".example"),
]


@pytest.mark.parametrize(("host", "bare"), HOSTS)
def test_bare_hosts(host: str, bare: str) -> None:
    assert bare_host(host) == bare


PATTERNS = [
    ("/private/", "/private", ["/private"], ["/private/x", "/privates"]),
    ("/admin/*", "/admin/*", ["/admin", "/admin/x", "/admin/x/y"], ["/administration", "/x/admin/y"]),
    ("/draft*", "/draft*", ["/draft", "/drafts", "/draft/a"], ["/a/draft"]),
    ("/caf%C3%A9", "/café", ["/café"], ["/cafe"]),
    ("/cafe\u0301/*", "/café/*", ["/café", "/café/a"], []),
    ("/a/index.html", "/a", ["/a"], ["/a/b"]),
    ("//a/./b//", "/a/b", ["/a/b"], []),
    ("/Foo[1]", "/Foo[1]", ["/Foo[1]"], ["/Foo1"]),
    ("/what?", "/what", ["/what"], ["/whats"]),
    ("/a?p=*&b", "/a?b=&p=*", ["/a?b=&p=1"], ["/a", "/ab"]),
    ("/?p=%31", "/?p=1", ["/?p=1"], ["/", "/?p=2"]),
    ("/app#/x", "/app%23/x", ["/app%23/x"], ["/app"]),
    ("*/feed/", "*/feed", ["/feed", "/a/feed"], ["/feeds"]),
    ("*.pdf", "*.pdf", ["/a.pdf", "/b/a.pdf"], ["/a.pdfx", "/apdf"]),
    ("/a/*/b", "/a/*/b", ["/a/x/b", "/a/x/y/b"], ["/a/b"]),
    ("/a/*/b/*", "/a/*/b/*", ["/a/x/b", "/a/x/b/c"], ["/a/b/c"]),
    ("*", "*", ["/", "/a"], []),
    ("/*", "/*", ["/", "/a"], []),
    ("/", "/", ["/"], ["/a"]),
]


@pytest.mark.parametrize(("pattern", "key", "fitting", "other"), PATTERNS)
def test_a_pattern_means_pages_as_they_are_keyed(
    pattern: str, key: str, fitting: list[str], other: list[str]
) -> None:
    assert canonical_pattern(pattern) == canonical_pattern(key) == key
    fits = compile_pattern(pattern).match
    assert [path for path in fitting if not fits(path)] == []
    assert [path for path in other if fits(path)] == []


def test_a_pattern_of_many_stars_is_quick() -> None:
    assert not compile_pattern("/" + "*a" * 60 + "b").match("/" + "a" * 1_900)


def test_hash_mode_makes_the_fragment_part_of_the_page() -> None:
    page = read_page("https://example.com/app#/about?x#y", hash_mode=True)
    assert page.path == "/app%23/about%3Fx%23y"
    assert read_path(page.path) == page.path


UNSEEN = "\U000e0001"

LONG: dict[str, Callable[[int], object]] = {
    "a host": lambda number: bare_host(f"{number}{'X' * 30_000}"),
    "an address": lambda number: _refuse(read_page, f"http://a.b/{number}😀{UNSEEN * 180}{'x' * 1_700}"),
    "a path that is escaped": lambda number: read_path(f"/{number}😀{'%F3%A0%80%81' * 150}"),
    "a path that cannot be shown": lambda number: read_path(f"/{number}😀{UNSEEN * 180}"),
    "a referrer": lambda number: find_source(f"http://a.b/{number}😀{'x' * 1_900}", ()),
    "an agent": lambda number: is_bot(f"{number}{'x' * 30_000}"),
}


def _refuse(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(InputError):
        read(text)


@pytest.mark.parametrize("read", LONG.values(), ids=LONG.keys())
def test_long_texts_of_strangers_are_not_remembered(read: Callable[[int], object]) -> None:
    tracemalloc.start()
    try:
        sizes = []
        # urllib remembers the last 128 addresses of any length.
        for start in (0, 200):
            for number in range(start, start + 200):
                read(number)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[1] - sizes[0] < 200 * 2_000  # of the 16,384 in a cache: 32 MB
