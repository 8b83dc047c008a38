"""POST /api/v2/query and GET /api/v1/stats/...: figures for programs that carry a token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .. import statsapi
from ..access import find_token, may_read
from ..commands import Keep, perform
from ..days import read_day, to_date
from ..errors import InputError, PagetallyError, TooLarge
from ..instance import Instance
from ..model import Annotation, ApiToken, Site
from ..payload import decode_json, explain_json
from ..spans import Span
from ..store.connect import DatabaseError
from ..store.sqlite import SqliteReader
from ..throttle import Quota
from .answers import CORS, JSON, NO_STORE, PREFLIGHT, RawHeaders, error_body
from .guard import Disconnected, read_body
from .wanted import read_while_wanted

MAX_BODY = 64 * 1024
AN_HOUR = 600
"""Questions that one token may ask."""

MAX_WAITING = 8
"""Questions of programs that wait for one another: each keeps a thread of the server's few."""

Answer = dict[str, Any] | int


class Denied(PagetallyError):
    """A request without a token that may ask this."""

    hint = 'Send "Authorization: Bearer KEY"; make a key with: pagetally token add --site DOMAIN'


class Spent(PagetallyError):
    """A token that asked too much."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"this key has asked {AN_HOUR} times within an hour")
        self.wait = wait


class StatsRoutes:
    """The routes that answer programs."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._quota = Quota(AN_HOUR)
        self._waiting = 0
        self._turn = asyncio.Lock()
        v1 = "/api/v1/stats"
        self.routes: list[BaseRoute] = [
            _route("POST", "/api/v2/query", self.query),
            _route("POST", "/api/v1/annotations", self.annotate),
            _route("GET", f"{v1}/aggregate", self.aggregate),
            _route("GET", f"{v1}/timeseries", self.timeseries),
            _route("GET", f"{v1}/breakdown", self.breakdown),
            _route("GET", f"{v1}/realtime/visitors", self.realtime),
        ]

    def _admit(self, request: Request, scope: str = "read") -> ApiToken:
        token = find_token(self._instance.api_tokens, request.headers.get("authorization", ""), scope)
        if token is None:
            # A key that is for something else looks to its holder like one that should do.
            more = "" if scope == "read" else f" --scope {scope}"
            raise Denied(
                f"a key of the scope {scope} is needed, and this request has none that is known here",
                hint=f"{Denied.hint}{more}",
            )
        wait = self._quota.admit(token.id, self._instance.clock())
        if wait:
            raise Spent(wait)
        return token

    def _site(self, token: ApiToken, domain: object) -> Site:
        if not isinstance(domain, str) or not domain:
            raise InputError("site_id", "is required", hint="The domain of a site.")
        site = self._instance.registry.find(domain)
        if site is None or not may_read(token, site.id):
            raise Denied(f"this key is for no site {domain[:80]!r}")
        return site

    async def query(self, request: Request) -> bytes:
        """Figures by any dimensions and filters."""
        token = self._admit(request)
        body = await _read_json(request)
        site = self._site(token, body.get("site_id"))
        return await self._ask(request, partial(_query, body=body, site=site, now=self._instance.clock()))

    async def annotate(self, request: Request) -> Answer:
        """Note something on a day, with a token of the scope annotate."""
        token = self._admit(request, "annotate")
        body = await _read_json(request)
        site = self._site(token, body.get("site_id"))
        texts = {name: body.get(name, "") for name in ("text", "date", "link")}
        for name, value in texts.items():
            if not isinstance(value, str):
                raise InputError(name, "must be text")
        today = statsapi.today_of(site, self._instance.clock())
        day = read_day("date", texts["date"]) if texts["date"] else today
        note = Annotation(0, site.id, day, texts["text"].strip(), texts["link"].strip())
        command = Keep(site.domain, annotation=note)
        number = await run_in_threadpool(partial(perform, self._instance, command))
        return {"id": number, "site_id": site.domain, "date": to_date(day).isoformat(), "text": note.text}

    async def aggregate(self, request: Request) -> bytes:
        """The head figures of a range."""
        site = self._site(self._admit(request), request.query_params.get("site_id"))
        known = dict(request.query_params)
        compare = known.get("compare", "")
        if compare not in ("", "previous_period"):
            raise InputError("compare", f"{compare[:40]!r} is not possible", hint="Use previous_period.")
        ask = statsapi.read_v1_ask(known, site, self._today(site))
        before = replace(ask, span=Span(ask.span.days.before())) if compare else None
        return await self._ask(request, partial(statsapi.aggregate, ask=ask, before=before))

    async def timeseries(self, request: Request) -> bytes:
        """Figures by day or month."""
        site = self._site(self._admit(request), request.query_params.get("site_id"))
        known = dict(request.query_params)
        ask = statsapi.read_v1_ask(known, site, self._today(site))
        interval = known.get("interval") or ask.span.interval
        if interval not in ("hour", "day", "week", "month", "date"):
            hint = "One of hour, day, week, month."
            raise InputError("interval", f"{interval[:40]!r} is not an interval", hint=hint)
        name = "time:day" if interval == "date" else f"time:{interval}"
        statsapi.check_metrics(ask.metrics, (name,))
        ask = replace(ask, dimensions=(name,), order=((name, False),))
        return await self._ask(request, partial(statsapi.timeseries, ask=ask))

    async def breakdown(self, request: Request) -> bytes:
        """Figures by one dimension."""
        site = self._site(self._admit(request), request.query_params.get("site_id"))
        known = dict(request.query_params)
        if known.get("property") != statsapi.GOAL:
            statsapi.find(known.get("property", ""), "property")
        page = statsapi.read_number(known, "page", 1, 100_000)
        ask = statsapi.read_v1_ask(known, site, self._today(site), known["property"])
        return await self._ask(request, partial(statsapi.breakdown, ask=ask, page=page))

    async def realtime(self, request: Request) -> Answer:
        """How many visitors are there now."""
        site = self._site(self._admit(request), request.query_params.get("site_id"))
        return self._instance.presence.count(site.id, self._instance.clock())

    def _today(self, site: Site) -> int:
        return statsapi.today_of(site, self._instance.clock())

    async def _ask(self, request: Request, work: Callable[[SqliteReader], Answer]) -> bytes:
        """An answer as JSON, made where it holds no view up, and only while somebody waits for it."""
        if self._waiting >= MAX_WAITING:
            raise DatabaseError("too many questions wait")
        self._waiting += 1
        try:
            # One of them at a time beside the owner's pages, which wait for two at most.
            async with self._turn:
                return await read_while_wanted(request, self._instance, partial(_as_json, work=work))
        finally:
            self._waiting -= 1


def _query(reader: SqliteReader, body: object, site: Site, now: float) -> Answer:
    known = reader.first_day(site.id), reader.last_day(site.id)
    return statsapi.answer(reader, statsapi.read_ask(body, site, now, *known))


def _as_json(reader: SqliteReader, work: Callable[[SqliteReader], Answer]) -> bytes:
    return msgspec.json.encode(work(reader))


async def _read_json(request: Request) -> dict[str, Any]:
    raw = await read_body(request.scope["headers"], request.receive, MAX_BODY)
    try:
        body = decode_json(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("body", f"is not JSON: {explain_json(error)}") from None
    if not isinstance(body, dict):
        raise InputError("body", "must be an object")
    return body


METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


def _route(method: str, path: str, endpoint: Callable[[Request], Awaitable[Answer | bytes]]) -> Route:
    """The route of an endpoint; other methods are told so, and do not fall through to what is unknown."""
    return Route(path, _answering(method, endpoint), methods=METHODS)


def _answering(
    method: str, endpoint: Callable[[Request], Awaitable[Answer | bytes]]
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint whose errors are answers, for programs and for pages of other hosts."""
    allowed = (method, "HEAD") if method == "GET" else (method,)

    async def run(request: Request) -> Response:
        if request.method not in (*allowed, "OPTIONS"):
            error = PagetallyError(f"{request.method} is not possible here", hint=f"Use {method}.")
            return _reply(405, error_body(error), [(b"allow", ", ".join((*allowed, "OPTIONS")).encode())])
        if request.method == "OPTIONS":
            headers = [*PREFLIGHT[:-1], (b"access-control-allow-headers", b"authorization")]
            return _reply(204, b"", headers)
        try:
            answer = await endpoint(request)
            body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        except Denied as error:
            return _reply(401, error_body(error), [(b"www-authenticate", b"Bearer")])
        except Spent as error:
            return _reply(429, error_body(error), [(b"retry-after", str(error.wait).encode())])
        except InputError as error:
            return _reply(413 if isinstance(error, TooLarge) else 400, error_body(error))
        except DatabaseError:
            slow = PagetallyError("this took too long to count", hint="Ask for fewer days.")
            return _reply(503, error_body(slow), [(b"retry-after", b"10")])
        except Disconnected:
            return Response(status_code=499)
        return _reply(200, body)

    return run


def _reply(status: int, body: bytes, extra: RawHeaders | None = None) -> Response:
    answer = Response(body, status)
    answer.raw_headers = [
        *CORS,
        JSON,
        NO_STORE,
        *(extra or []),
        (b"content-length", str(len(body)).encode()),
    ]
    return answer
