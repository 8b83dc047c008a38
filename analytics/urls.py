"""One key per page: the canonicaliser that serves writing and reading alike.

host    lower case, no default port, no trailing dot
path    percent-decoded, NFC, `//` collapsed, dot segments resolved, `index.html` and the
        trailing slash dropped (the root stays `/`); no fragment
query   only the keys of an allow-list, sorted

Canonicalising twice changes nothing. So what would read differently the second time stays
percent-encoded: `%` itself, the delimiters `/ ? # \\`, blanks, controls, and bytes that are not UTF-8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from functools import lru_cache, wraps
from typing import NamedTuple, TypeVar
from urllib.parse import quote, unquote_to_bytes, urlsplit

from .errors import InputError

MAX_URL = 2_000
"""Characters of a page's address that are taken; longer ones are refused (as Plausible does)."""

MAX_KEPT = 400
"""Characters of a text whose reading is remembered: of longer ones a stranger could fill gigabytes."""

DEFAULT_PORT = {"http": ":80", "https": ":443"}

_IN_PATH = frozenset("%/?#\\ ")
_IN_QUERY = _IN_PATH | frozenset("&+=")
_PLAIN = re.compile(r"[A-Za-z0-9_.~!$'()*,:@;=/-]*\Z")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_INDEX = re.compile(r"/index\.html?\Z")
_CONTROL = re.compile(r"%(?:[01][0-9A-F]|7F|C2%[89][0-9A-F])")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")


Read = TypeVar("Read")


class Page(NamedTuple):
    """A page's address, taken apart."""

    host: str
    path: str


def remembered(read: Callable[[str], Read]) -> Callable[[str], Read]:
    """A reading of texts that visitors send, remembered for the last 16,384 that are not long."""
    known = lru_cache(maxsize=16_384)(read)

    @wraps(read)
    def ask(text: str) -> Read:
        return known(text) if len(text) <= MAX_KEPT else read(text)

    return ask


def _escape(char: str) -> str:
    return quote(char, safe="", errors="surrogatepass")


def _decode_run(run: str, reserved: Collection[str]) -> str:
    """Decode one run of escapes, but for what must stay escaped."""
    text = unquote_to_bytes(run).decode("utf-8", "surrogateescape")
    return "".join(
        f"%{ord(char) - 0xDC00:02X}"
        if "\udc80" <= char <= "\udcff"
        else _escape(char)
        if char in reserved or not char.isprintable()
        else char
        for char in text
    )


def decode(text: str, reserved: Collection[str] = _IN_PATH) -> str:
    """Percent-decode and compose (NFC), leaving escaped what must stay so; a fixed point."""
    text = _STRAY_PERCENT.sub("%25", text)
    text = _ESCAPES.sub(lambda match: _decode_run(match[0], reserved), text)
    text = unicodedata.normalize("NFC", text)
    return "".join(char if char.isprintable() and char != " " else _escape(char) for char in text)


def _resolve_dots(path: str) -> str:
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if segments:
                segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    return "/" + "/".join(segments)


def canonical_path(path: str) -> str:
    """The key of a path (without query and fragment); see the module's docstring."""
    # One that cannot be shown becomes up to twelve characters, four bytes each, which are not remembered.
    return _known_path(path) if path.isprintable() else _canonical_path(path)


def _canonical_path(path: str) -> str:
    if not _PLAIN.match(path):
        path = decode(path.replace("\\", "/"))
    path = _resolve_dots(path)
    while match := _INDEX.search(path):
        path = path[: match.start()] or "/"
    return path


_known_path = remembered(_canonical_path)


def canonical_query(query: str, keys: Collection[str]) -> str:
    """The allowed part of a query string, sorted, with its `?`; empty when nothing is left."""
    if not query or not keys:
        return ""
    pairs = []
    for part in query.replace("+", "%20").split("&"):
        key, _, value = part.partition("=")
        key, value = decode(key, _IN_QUERY), decode(value.replace("=", "%3D"), _IN_QUERY)
        if key in keys:
            pairs.append(f"{key}={value}")
    return "?" + "&".join(sorted(pairs)) if pairs else ""


def canonical_pattern(pattern: str) -> str:
    """A pattern of pages, in which `*` is any text, with the rest of it as pages' keys have it."""
    path, mark, query = pattern.strip().replace("#", "%23").partition("?")
    key = canonical_path(path)
    if path.startswith("*"):
        key = key.removeprefix("/")
    parts = [decode(part, _IN_QUERY) for part in query.replace("+", "%20").split("&")] if mark else []
    whole = [part if "=" in part or "*" in part else f"{part}=" for part in parts if part]
    return f"{key}?{'&'.join(sorted(whole))}" if whole else key


@lru_cache(maxsize=1_024)
def pattern_expression(pattern: str) -> str:
    """The regular expression of a pattern of pages: `/a/*` is `/a` and all below it.

    However many stars a stranger sends, it does not look twice at the same text.
    """
    key = canonical_pattern(pattern)
    first, *rest = map(re.escape, key.removesuffix("/*").split("*"))
    between = "".join(f"(?>.*?{part})" for part in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    below = "(?:/.*)?" if key.endswith("/*") else ""
    return rf"^{first}{between}{last}{below}\Z"


@lru_cache(maxsize=1_024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of pages, ready to be asked whether a page's key fits (`match`)."""
    return re.compile(pattern_expression(pattern))


def canonical_host(host: str) -> str:
    """A host as it is compared: lower case, without a trailing dot."""
    return host.lower().removesuffix(".")


@remembered
def bare_host(host: str) -> str:
    """A host without `www.` and port, in ASCII (IDNA): what an allow-list is matched on."""
    host = canonical_host(host)
    if not host.endswith("]"):
        host = re.sub(r":\d*\Z", "", host)
    host = host.removeprefix("www.")
    return host if host.isascii() else _to_ascii(host)


def _to_ascii(host: str) -> str:
    """A host as browsers write it, `xn--…`; as it is, where it cannot be written so."""
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


@remembered
def _split(url: str) -> tuple[str, str, str, str]:
    """scheme-less parts of a page's address: host, path, query, fragment."""
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        raise InputError("url", "is not an address") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise InputError("url", "must begin with http:// or https://")
    if not host or host.startswith(":") or any(char.isspace() for char in host):
        raise InputError("url", "has no host")
    host = canonical_host(host).removesuffix(DEFAULT_PORT[parts.scheme.lower()])
    return host, parts.path, parts.query, parts.fragment


def read_page(url: str, *, query_keys: Collection[str] = (), hash_mode: bool = False) -> Page:
    """Take a page's full address apart into host and canonical path.

    `query_keys` are the query keys that make a different page; with `hash_mode` the fragment
    does so too (single-page apps that route by `#/path`). InputError names the field `url`.
    """
    if query_keys or hash_mode or len(url) > MAX_KEPT:
        return _read_page(url, query_keys, hash_mode)
    return _read_plain(url)


@lru_cache(maxsize=16_384)
def _read_plain(url: str) -> Page:
    """What nearly every view asks for."""
    return _read_page(url, (), False)


def _read_page(url: str, query_keys: Collection[str], hash_mode: bool) -> Page:
    if len(url) > MAX_URL:
        raise InputError("url", f"is longer than {MAX_URL:,} characters")
    host, path, query, fragment = _split(url)
    key = canonical_path(path)
    if query_keys:
        key += canonical_query(query, query_keys)
    if hash_mode and fragment:
        key += "%23" + decode(fragment.replace("?", "%3F").replace("#", "%23"))
    if "%" in key and _CONTROL.search(key):
        raise InputError("url", "has a control character in its path")
    if len(key) > MAX_URL:
        # Each character that cannot be shown becomes up to twelve: nobody could ask for that page.
        raise InputError("url", f"is longer than {MAX_URL:,} characters")
    return Page(host, key)


def has_scheme(text: str) -> bool:
    """Whether a text is meant as a full address, not as a path."""
    return _SCHEME.match(text) is not None


def path_in(url: str) -> str:
    """The path of a page's full address as it stands there. InputError names the field `url`."""
    return _split(url)[1]


def read_path(text: str, *, query_keys: Collection[str] = ()) -> str:
    """The key of a path, or of a full address, as a reader asks for it."""
    if has_scheme(text):
        return read_page(text, query_keys=query_keys).path
    path, _, query = text.partition("#")[0].partition("?")
    key = canonical_path(path)
    return key + canonical_query(query, query_keys) if query_keys else key
