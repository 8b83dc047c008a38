"""LeanCloud's class Counter, as NexT, Fluid, Valine and their like use it.

`GET …/Counter?where=` reads, `POST …/Counter` makes a counter (with `time` above 0: and counts one
view), `PUT …/Counter/<id>` counts one view, `POST /1.1/batch` counts one view however much is in it.
`X-LC-Id` names the site (`leancloud:<app id>` in its settings); it is public and no secret.

An object id holds the row of its page and a check, so it needs no table and outlives a restart. A page
that was not viewed yet has no row: its id is a hash, remembered for the moment until its PUT comes.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import InputError, PagetallyError
from ...lists import Wish, list_pages
from ...model import Drop, Hit, Site
from ...report import MAX_PATHS
from ...urls import read_path
from .bridge import Bridge, answer_json, body_of, json_of, status_of, text_of
from .views import count_view, read_pages, read_site, stamp

SITE_VIEWS, SITE_VISITORS = "site-pv", "site-uv"
OF_SITE = {SITE_VIEWS: 1, SITE_VISITORS: 2}
"""Targets that are no pages, by the number in their ids."""

KEYS = ("url", "target", "xid")
MAX_PENDING = 10_000
MAX_REQUESTS = 50
ROW, TARGET, PENDING = 0, 1, 2
"""What an id speaks of."""


class Ids:
    """Object ids: 1 byte of kind, 5 of number, 6 of a keyed check; 24 hexadecimal digits."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._pending: OrderedDict[tuple[int, int], str] = OrderedDict()

    def write(self, site: int, kind: int, number: int) -> str:
        """The id of a row or a target."""
        told = bytes([kind]) + number.to_bytes(5, "big")
        return (told + self._check(site, told)).hex()

    def write_pending(self, site: int, path: str) -> str:
        """The id of a page that has no row yet."""
        number = int.from_bytes(blake2b(path.encode(), digest_size=5, key=self._secret).digest(), "big")
        self._pending[site, number] = path
        self._pending.move_to_end((site, number))
        if len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)
        return self.write(site, PENDING, number)

    def read(self, site: int, text: str) -> tuple[int, int] | None:
        """Kind and number of an id that we gave for this site; None for any other."""
        try:
            raw = bytes.fromhex(text) if len(text) == 24 else b""
        except ValueError:
            return None
        is_ours = raw and raw[6:] == self._check(site, raw[:6])
        return (raw[0], int.from_bytes(raw[1:6], "big")) if is_ours else None

    def pending(self, site: int, number: int) -> str | None:
        """The path of a page that has no row yet."""
        return self._pending.get((site, number))

    def _check(self, site: int, told: bytes) -> bytes:
        return blake2b(told + site.to_bytes(8, "big"), digest_size=6, key=self._secret).digest()


class LeanCloud:
    """Its endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._ids = Ids(bridge.instance.secret)

    def _site(self, request: Request) -> Site | None:
        app = request.headers.get("x-lc-id", "")
        known = self._bridge.find_site(request, foreign_id=f"leancloud:{app}") if app else None
        return known or (self._bridge.find_site(request) if app else None)

    async def counters(self, request: Request) -> Response:
        """GET finds counters, POST makes one."""
        site = self._site(request)
        if site is None:
            return self._refuse_app(request)
        if request.method == "POST":
            return await self._create(request, site)
        try:
            asked = read_where(request.query_params.get("where", ""))
        except InputError as error:
            return answer_json({"code": 107, "error": str(error)}, status=400)
        if asked is None:
            asked = ("url", await self._most_read(site, request.query_params))
        return answer_json({"results": await self._find(site, *asked)})

    async def _find(self, site: Site, key: str, asked: Sequence[str]) -> list[dict[str, Any]]:
        """The counters that exist of those asked for, in that order; two names of one page are two."""
        paths = {text: key_of(text, site) for text in asked if text not in OF_SITE}
        rows = await self._rows(site, [path for path in paths.values() if path])
        counts = await read_pages(self._bridge, site, [path for path in paths.values() if path])
        total = await read_site(self._bridge, site)
        found = []
        for text in asked:
            path = paths.get(text, "")
            if text in OF_SITE:
                time = total.views if text == SITE_VIEWS else total.visitors
                found.append(self._object(site, key, text, TARGET, OF_SITE[text], time))
            elif path in rows:
                row, title = rows[path]
                found.append(self._object(site, key, text, ROW, row, counts[path].views, title))
        return found

    def _object(
        self, site: Site, key: str, text: str, kind: int, number: int, time: int, title: str = ""
    ) -> dict[str, Any]:
        now = stamp(self._bridge.instance.clock())
        names = {"url": text, "target": text} | {key: text}
        told = {"objectId": self._ids.write(site.id, kind, number), **names, "title": title, "time": time}
        return told | {"createdAt": now, "updatedAt": now}

    async def _rows(self, site: Site, paths: Sequence[str]) -> dict[str, tuple[int, str]]:
        def read() -> dict[str, tuple[int, str]]:
            with self._bridge.instance.borrow_reader() as reader:
                return reader.page_rows(site.id, tuple(dict.fromkeys(paths)))

        return await run_in_threadpool(read) if paths else {}

    async def _most_read(self, site: Site, query: Mapping[str, str]) -> list[str]:
        limit = query.get("limit", "")
        number = min(int(limit), MAX_PATHS) if limit.isascii() and limit.isdigit() and len(limit) < 9 else 100

        wish, now = Wish(window="all", limit=number), self._bridge.instance.clock()

        def read() -> list[str]:
            with self._bridge.instance.borrow_reader() as reader:
                return [page.path for page in list_pages(reader, site, wish, now).pages]

        return await run_in_threadpool(read) if number else []

    async def _create(self, request: Request, site: Site) -> Response:
        told = await json_of(request)
        text = text_of(told, *KEYS)
        path = key_of(text, site)
        if not path and text not in OF_SITE:
            self._bridge.drop(request, site, "unusable-address")
            return answer_json({"code": 142, "error": "a counter needs a url or a target"}, status=400)
        now = stamp(self._bridge.instance.clock())
        if text in OF_SITE:
            made = self._ids.write(site.id, TARGET, OF_SITE[text])
            return answer_json({"objectId": made, "createdAt": now}, status=201)
        time = told.get("time")
        results: list[Hit | Drop] = []
        if isinstance(time, int | float) and time > 0:
            results = await count_view(self._bridge, request, site, path, title=text_of(told, "title"))
        row = (await self._rows(site, [path])).get(path)
        made = self._ids.write(site.id, ROW, row[0]) if row else self._ids.write_pending(site.id, path)
        return answer_json({"objectId": made, "createdAt": now}, status=201, results=results)

    async def counter(self, request: Request) -> Response:
        """PUT counts one view, whatever amount is given; GET reads one counter."""
        site = self._site(request)
        if site is None:
            return self._refuse_app(request)
        is_put = request.method == "PUT"
        text = await self._text_of(site, request.path_params["id"])
        if text is None:
            if is_put:
                self._bridge.drop(request, site, "unusable-address")
            return not_found()
        results: list[Hit | Drop] = []
        asked = await json_of(request) if is_put else {}
        if is_increment(asked) and text != SITE_VISITORS:
            page = None if text == SITE_VIEWS else text
            results = await count_view(self._bridge, request, site, page)
        elif is_put and not asked:
            results = self._bridge.drop(request, site, "unusable-event")
        found = await self._find(site, "url", [text])
        time = found[0]["time"] if found else 0
        now = stamp(self._bridge.instance.clock())
        told = {"objectId": request.path_params["id"], "updatedAt": now, "time": time}
        return answer_json(told, results=results)

    async def _text_of(self, site: Site, id: str) -> str | None:
        """The path or target of an object id; None when it is none of ours."""
        kind, number = self._ids.read(site.id, id) or (None, 0)
        if kind == TARGET:
            return next((text for text, known in OF_SITE.items() if known == number), None)
        if kind == PENDING:
            return self._ids.pending(site.id, number)
        if kind is None:
            return None

        def read() -> str | None:
            with self._bridge.instance.borrow_reader() as reader:
                return reader.path_of_row(site.id, number)

        return await run_in_threadpool(read)

    async def batch(self, request: Request) -> Response:
        """POST /1.1/batch: Fluid's, with the page, the site's views and its visitors in one: one view."""
        site = self._site(request)
        if site is None:
            return self._refuse_app(request)
        asked = (await json_of(request)).get("requests")
        asked = [one for one in asked if isinstance(one, dict)] if isinstance(asked, list) else []
        ids = [text_of(one, "path").rpartition("/")[2] for one in asked[:MAX_REQUESTS]]
        texts = [await self._text_of(site, id) for id in ids]
        pages = [text for text in texts if text is not None and text not in OF_SITE]
        results: list[Hit | Drop] = []
        if pages or SITE_VIEWS in texts:
            results = await count_view(self._bridge, request, site, pages[0] if pages else None)
        elif SITE_VISITORS not in texts:
            results = self._bridge.drop(request, site, "unusable-address")
        now = stamp(self._bridge.instance.clock())
        told = [
            {"error": {"code": 101, "error": "Object not found."}}
            if text is None
            else {"success": {"objectId": id, "updatedAt": now}}
            for id, text in zip(ids, texts, strict=True)
        ]
        return answer_json(told, results=results)

    def _refuse_app(self, request: Request) -> Response:
        """The app id is missing, or its site is not known here."""
        if request.method not in ("GET", "HEAD"):
            self._bridge.drop(request, None, "unknown-site")
        return answer_json({"code": 401, "error": "Unauthorized."}, status=401)

    async def route(self, request: Request) -> Response:
        """GET /2/route: which host answers for an app; this one."""
        host = request.headers.get("host", "")
        names = ("api", "engine", "push", "rtm_router", "stats")
        return answer_json({"ttl": 3600} | {f"{name}_server": host for name in names})

    async def comments(self, request: Request) -> Response:
        """GET /1.1/classes/Comment: there are none here, which Valine must hear to go on."""
        return answer_json({"results": [], "count": 0})

    async def date(self, request: Request) -> Response:
        """GET /1.1/date, by which the SDK sets its clock."""
        await body_of(request)
        return answer_json({"__type": "Date", "iso": stamp(self._bridge.instance.clock())})


def not_found() -> Response:
    """There is no such counter."""
    return answer_json({"code": 101, "error": "Object not found."}, status=404)


def is_increment(told: Mapping[str, Any]) -> bool:
    """Whether a change adds to `time`; its amount is not looked at."""
    time = told.get("time")
    return isinstance(time, dict) and time.get("__op") == "Increment"


def key_of(text: str, site: Site) -> str:
    """The canonical path of what a theme calls its page; empty for what is none."""
    try:
        return (
            read_path(text if "://" in text else "/" + text.lstrip("/"), query_keys=site.query_keys)
            if text
            else ""
        )
    except InputError:
        return ""


def read_where(where: str) -> tuple[str, list[str]] | None:
    """The key and the values of a condition; None for none. InputError for what cannot be answered."""
    try:
        condition = json.loads(where or "{}")
    except (ValueError, RecursionError):
        raise InputError("where", "is no JSON") from None
    if not isinstance(condition, dict):
        raise InputError("where", "is no JSON object")
    for key in KEYS:
        value = condition.get(key)
        if isinstance(value, dict):
            value = value.get("$in")
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list):
            texts = [text for text in values if isinstance(text, str)]
            if len(texts) > MAX_PATHS:
                raise InputError("where", f"asks for more than {MAX_PATHS}")
            return key, list(dict.fromkeys(texts))
    if condition:
        raise InputError("where", f"must ask by {', '.join(KEYS)}")
    return None


def refuse(request: Request, error: PagetallyError) -> Response:
    """In the form of its errors: themes leave the number's place as it is."""
    status = status_of(error)
    return answer_json({"code": status, "error": str(error)}, status=status)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = LeanCloud(bridge)
    return [
        Route("/1.1/classes/Counter", ours.counters, methods=["GET", "POST"]),
        Route("/1.1/classes/Counter/{id}", ours.counter, methods=["GET", "PUT"]),
        Route("/1.1/classes/Comment", ours.comments),
        Route("/1.1/batch", ours.batch, methods=["POST"]),
        Route("/1.1/date", ours.date),
        Route("/2/route", ours.route),
    ]
