"""GET /api/popular, /api/related, and /popular.html: lists of pages for readers. Reads, and only reads."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from hashlib import blake2b, sha256
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from ..errors import InputError, PagetallyError, StoreFailed
from ..instance import Instance
from ..lists import Wish, list_pages, read_limit, read_wish
from ..model import PageList, RelatedPage, Site
from ..report import read_key
from ..store.connect import DatabaseError
from ..store.related import LISTED
from ..store.sqlite import SqliteReader
from .answers import CORS, JSON, RawHeaders, error_body
from .counters import MAX_FIELDS, UnknownSite
from .pages import Pages

AT_ONCE = 2
"""Lists that are made at once, so that a flood of them leaves readers for the owner's pages."""

MAX_AGE = (b"cache-control", b"public, max-age=60")

HTML = (b"content-type", b"text/html; charset=utf-8")

STYLE = """\
:root{color-scheme:light dark}
body{margin:0;font:15px/1.5 system-ui,sans-serif;background:transparent}
ol{margin:0;padding:0 0 0 1.6em}
li::marker{color:GrayText}
a{color:inherit;text-decoration:none}
a:hover,a:focus-visible{text-decoration:underline}
small{color:GrayText;font-variant-numeric:tabular-nums;white-space:nowrap}
"""

T = TypeVar("T")
Query = dict[str, list[str]]


class ListEndpoints:
    """The endpoints for lists of pages: `popular`, `related` and `page`."""

    def __init__(self, instance: Instance, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self._limiter = CapacityLimiter(AT_ONCE)
        digest = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
        self._csp = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors *"
        self.popular = _reading(self._popular)
        self.related = _reading(self._related)
        self.page = _reading(self._show)

    async def _popular(self, request: Request) -> Response:
        _, found = await self._list(_query(request))
        return _answer(request, msgspec.json.encode(found), [JSON])

    async def _show(self, request: Request) -> Response:
        query = _query(request)
        wish, found = await self._list(query)
        body = self._pages.text(
            "popular.html",
            bare=query.get("bare", ["0"])[0] not in ("", "0"),
            style=STYLE,
            metric="views" if wish.metric == "views" else "visitors",
            found=found,
        )
        return _answer(
            request,
            body.encode(),
            [
                HTML,
                (b"content-security-policy", self._csp.encode()),
                (b"referrer-policy", b"no-referrer"),
            ],
        )

    async def _related(self, request: Request) -> Response:
        query = _query(request)
        site = self._site(query)
        limit = read_limit(query.get("limit", [""])[0], LISTED)
        paths = query.get("path", [])
        if len(paths) != 1:
            raise InputError(
                "path", "is required, once", hint="Ask for /api/related?site=example.com&path=/a"
            )
        key = read_key(paths[0], site)

        def read(reader: SqliteReader) -> list[RelatedPage]:
            return reader.related_pages(site.id, key, limit)

        found = {"site": site.domain, "path": key, "pages": await self._ask(read)}
        return _answer(request, msgspec.json.encode(found), [JSON])

    async def _list(self, query: Query) -> tuple[Wish, PageList]:
        site = self._site(query)

        def one(name: str) -> str:
            return query.get(name, [""])[0]

        wish = read_wish(
            one("window"),
            one("metric"),
            one("limit"),
            one("freshness"),
            query.get("exclude", []),
            one("include"),
        )
        now = self._instance.clock()
        return wish, await self._ask(lambda reader: list_pages(reader, site, wish, now))

    def _site(self, query: Query) -> Site:
        domain = query.get("site", [""])[0]
        if not domain:
            raise InputError("site", "is required", hint="Ask for /api/popular?site=example.com")
        site = self._instance.registry.find(domain)
        if site is None:
            raise UnknownSite("site", "is not known here", hint="Add it: pagetally site add DOMAIN")
        return site

    async def _ask(self, question: Callable[[SqliteReader], T]) -> T:
        def ask() -> T:
            with self._instance.borrow_reader() as reader:
                return question(reader)

        return await to_thread.run_sync(ask, limiter=self._limiter)


def _reading(read: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads: other methods and errors are answered for it."""

    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            allowed = (b"access-control-allow-methods", b"GET, OPTIONS")
            return _response(204, b"", [allowed, (b"access-control-max-age", b"86400")])
        if request.method not in ("GET", "HEAD"):
            return _refuse(405, InputError("method", "must be GET"), (b"allow", b"GET, OPTIONS"))
        try:
            return await read(request)
        except UnknownSite as error:
            return _refuse(404, error)
        except InputError as error:
            return _refuse(400, error)
        except DatabaseError as error:
            return _refuse(503, StoreFailed(f"cannot be read: {error}"), (b"retry-after", b"2"))

    return endpoint


def _query(request: Request) -> Query:
    try:
        text = request.scope["query_string"].decode("utf-8", "replace")
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InputError("query", "has too many fields") from None


def _answer(request: Request, body: bytes, headers: RawHeaders) -> Response:
    etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
    headers = [*headers, MAX_AGE, (b"etag", etag.encode())]
    asked = request.headers.get("if-none-match", "")
    known = [part.strip().removeprefix("W/") for part in asked.split(",")]
    if etag in known or "*" in known:
        return _response(304, b"", headers)
    return _response(200, body, headers)


def _refuse(status: int, error: PagetallyError, *extra: tuple[bytes, bytes]) -> Response:
    return _response(status, error_body(error), [JSON, (b"cache-control", b"no-store"), *extra])


def _response(status: int, body: bytes, headers: RawHeaders) -> Response:
    return Response(body, status, {name.decode(): value.decode() for name, value in [*CORS, *headers]})
