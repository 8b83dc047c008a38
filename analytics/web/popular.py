"""GET /api/popular and /api/related, and the same as HTML: lists of pages for readers. They only read."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.types import Scope

from ..errors import InputError
from ..forms.options import THEMES
from ..instance import Instance
from ..lists import Wish, list_pages, read_limit, read_wish, show_related
from ..model import ListedPage, PageList, RelatedPage, Site
from ..report import read_key
from ..store.related import LISTED
from ..store.sqlite import SqliteReader
from .answers import JSON
from .pages import Pages
from .reading import Answer, Reading, need_site, read_query

AT_ONCE = 2
"""Lists that are made at once, so that a flood of them leaves readers for the owner's pages."""

MAX_AGE = (b"cache-control", b"public, max-age=60")

HTML = (b"content-type", b"text/html; charset=utf-8")

STYLE = """\
:root{color-scheme:light dark}
:root.light{color-scheme:light}
:root.dark{color-scheme:dark}
body{margin:0;font:15px/1.5 system-ui,sans-serif;background:transparent}
ol{margin:0;padding:0 0 0 1.8em;overflow-wrap:anywhere}
a{color:inherit;text-decoration:none}
a:hover,a:focus-visible{text-decoration:underline}
small{font-variant-numeric:tabular-nums;white-space:nowrap}
"""

T = TypeVar("T")


class ListEndpoints:
    """The endpoints for lists of pages: `popular` and `related`, and the `page` of either."""

    def __init__(self, instance: Instance, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self._limiter = CapacityLimiter(AT_ONCE)
        digest = base64.b64encode(sha256(STYLE.encode()).digest()).decode()
        self._csp = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors *"
        self.popular = Reading(self._popular)
        self.related = Reading(self._related)
        self.popular_page = Reading(self._show_popular)
        self.related_page = Reading(self._show_related)

    async def _popular(self, scope: Scope) -> Answer:
        _, found = await self._list(read_query(scope))
        return [JSON, MAX_AGE], msgspec.json.encode(found)

    async def _show_popular(self, scope: Scope) -> Answer:
        query = read_query(scope)
        wish, found = await self._list(query)
        return self._show(query, found.site, found.pages, "views" if wish.metric == "views" else "visitors")

    async def _show_related(self, scope: Scope) -> Answer:
        query = read_query(scope)
        site, _, pages = await self._relate(query)
        return self._show(query, site.domain, pages, "")

    def _show(
        self,
        query: Mapping[str, list[str]],
        domain: str,
        pages: Sequence[ListedPage | RelatedPage],
        metric: str,
    ) -> Answer:
        body = self._pages.text(
            "popular.html",
            bare=query.get("bare", ["0"])[0] not in ("", "0"),
            style=STYLE,
            theme=_choose_theme(query.get("theme", [""])[0]),
            metric=metric,
            domain=domain,
            found=pages,
        )
        policy = (b"content-security-policy", self._csp.encode())
        return [HTML, MAX_AGE, policy, (b"referrer-policy", b"no-referrer")], body.encode()

    async def _related(self, scope: Scope) -> Answer:
        site, key, pages = await self._relate(read_query(scope))
        found = {"site": site.domain, "path": key, "pages": pages}
        return [JSON, MAX_AGE], msgspec.json.encode(found)

    async def _relate(self, query: Mapping[str, list[str]]) -> tuple[Site, str, list[RelatedPage]]:
        site = need_site(self._instance, query.get("site", [""])[0], "/api/related?site=example.com&path=/a")
        limit = read_limit(query.get("limit", [""])[0], LISTED)
        paths = query.get("path", [])
        if len(paths) != 1:
            raise InputError(
                "path", "is required, once", hint="Ask for /api/related?site=example.com&path=/a"
            )
        key = read_key(paths[0], site)

        def read(reader: SqliteReader) -> list[RelatedPage]:
            return show_related(reader.related_pages(site.id, key, LISTED), site, limit)

        return site, key, await self._ask(read)

    async def _list(self, query: Mapping[str, list[str]]) -> tuple[Wish, PageList]:
        site = need_site(self._instance, query.get("site", [""])[0], "/api/popular?site=example.com")

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

    async def _ask(self, question: Callable[[SqliteReader], T]) -> T:
        def ask() -> T:
            with self._instance.borrow_reader() as reader:
                return question(reader)

        return await to_thread.run_sync(ask, limiter=self._limiter)


def _choose_theme(text: str) -> str:
    """The colours of a page in a frame. InputError for what is none of ours."""
    if text and text not in THEMES:
        raise InputError("theme", f"{text[:40]!r} is not known", hint=f"Use one of {', '.join(THEMES)}.")
    return text or THEMES[0]
