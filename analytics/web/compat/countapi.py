"""CountAPI and its heirs (abacus): named counters. `/hit/<ns>/<key>` counts, `/get` and `/info` read.

A namespace is a site by its domain or by the foreign id `countapi:<ns>`; a key is its page `/<key>`.
`/set`, `/update` and `/create` change a number for who carries a token of the scope `numbers`: each is an
adjustment of the owner's numbers, which can be undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...access import find_token, may_read
from ...counts import ADD, REPLACE
from ...errors import InputError, PagetallyError, Refused
from ...ledger import Desk, post
from ...model import Amount, ApiToken, Detail, Site
from ...report import read_key
from .bridge import UNKNOWN, Bridge, answer, answer_json, status_of
from .four_numbers import is_callback
from .intake import Handler
from .views import count_named, path_of_name, read_page

NAME = re.compile(r"[A-Za-z0-9_.-]{3,64}\Z")
AMOUNT = re.compile(r"-?[0-9]{1,15}\Z", re.ASCII)


class CountApi:
    """Its endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def checking(self, handler: Handler) -> Handler:
        """The handler, behind a look at the callback: what is refused has changed nothing."""

        async def respond(request: Request) -> Response:
            callback = request.query_params.get("callback")
            if callback is None or is_callback(callback):
                return await handler(request)
            if handler == self.hit:
                self._bridge.drop(request, self._find(request)[0], "unusable-event")
            return answer_json({"error": "callback: is no name of a function"}, status=400)

        return respond

    async def hit(self, request: Request) -> Response:
        """A view; the number after it."""
        site, key = self._find(request)
        if site is None:
            await count_named(self._bridge, request, None, key)
            return say(request, {"value": 0})
        await count_named(self._bridge, request, site, key)
        return say(request, {"value": await self._read(site, key)})

    async def get(self, request: Request) -> Response:
        """The number; 404 and null for a counter that has none."""
        site, key = self._find(request)
        value = await self._read(site, key) if site else 0
        return say(request, {"value": value or None}, 200 if value else 404)

    async def info(self, request: Request) -> Response:
        """The number and the names."""
        site, key = self._find(request)
        value = await self._read(site, key) if site else 0
        told = {"namespace": request.path_params["ns"], "key": key, "value": value or None}
        return say(request, told, 200 if value else 404)

    async def set(self, request: Request) -> Response:
        """Have the number be `value`; it, and the one it was."""
        return await self._change(request, *self._find(request), REPLACE, ("value",))

    async def update(self, request: Request) -> Response:
        """Add `amount` (abacus: `value`), which may be below nothing; the number after it."""
        return await self._change(request, *self._find(request), ADD, ("amount", "value"))

    async def create(self, request: Request) -> Response:
        """Have a counter without a number begin at `value` (abacus: `initializer`); 409 where it has one."""
        query = request.query_params
        names = {"ns": query.get("namespace", ""), "key": query.get("key", "")} | request.path_params
        site, key = self._named(names["ns"], names["key"])
        if site is not None and self._token(request, site) and await self._read(site, key):
            return say(request, {"error": "this counter exists"}, 409)
        return await self._change(request, site, key, REPLACE, ("value", "initializer"), names)

    async def _change(
        self,
        request: Request,
        site: Site | None,
        key: str,
        strategy: str,
        fields: Sequence[str],
        created: Mapping[str, str] | None = None,
    ) -> Response:
        token = self._token(request, site)
        if site is None or token is None:
            hint = "a token of the scope numbers: Authorization: Bearer ..."
            return say(request, {"error": f"changing a number needs {hint}"}, 401)
        given = next((request.query_params[name] for name in fields if name in request.query_params), None)
        given = "0" if given is None and created else given
        if given is None or not AMOUNT.match(given) or (strategy != ADD and given.startswith("-")):
            return say(request, {"error": f"{fields[0]}: is no whole number"}, 400)
        path = read_key(path_of_name(key), site)
        before = await self._read(site, key)
        detail = Detail(way="token", by=f"{token.id} {token.note}".strip(), strategy=strategy, path=path)
        amounts = [Amount(path, int(given))]
        desk = Desk(self._bridge.instance)
        try:
            await run_in_threadpool(partial(post, desk, site, "offset", detail, amounts))
        except (InputError, Refused) as error:
            return say(request, {"error": str(error)}, 400)
        told = {"value": await self._read(site, key)}
        if created is not None:
            return say(request, {"namespace": created["ns"], "key": key, **told}, 201)
        return say(request, {"old_value": before, **told} if strategy == REPLACE else told)

    def _token(self, request: Request, site: Site | None) -> ApiToken | None:
        """The token that a request carries, if it may change the numbers of the site."""
        known = self._bridge.instance.api_tokens
        token = find_token(known, request.headers.get("authorization", ""), "numbers")
        return token if token and site and may_read(token, site.id) else None

    def _find(self, request: Request) -> tuple[Site | None, str]:
        return self._named(request.path_params["ns"], request.path_params["key"])

    def _named(self, ns: str, key: str) -> tuple[Site | None, str]:
        if not (NAME.match(ns) and NAME.match(key)):
            return None, key
        registry = self._bridge.instance.registry
        return registry.by_foreign_id.get(f"countapi:{ns}") or registry.find(ns), key

    async def _read(self, site: Site, key: str) -> int:
        return (await read_page(self._bridge, site, path_of_name(key))).views


def say(request: Request, told: dict[str, Any], status: int = 200) -> Response:
    """JSON, or a call of `?callback=` (which was checked) with it: browsers run no script of an error."""
    callback = request.query_params.get("callback")
    if callback is None:
        return answer_json(told, status=status)
    return answer(f"{callback}({json.dumps(told)});", "text/javascript; charset=utf-8")


def refuse(request: Request, error: PagetallyError) -> Response:
    """A dash, as JSON or JSONP: pages print what they get."""
    return say(request, {"value": UNKNOWN, "error": str(error)}, status_of(error))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = CountApi(bridge)
    named = {"hit": ours.hit, "get": ours.get, "info": ours.info}
    changing = {"/set/{ns}/{key}": ours.set, "/update/{ns}/{key}": ours.update}
    changing |= {"/create": ours.create, "/create/{ns}/{key}": ours.create}
    return [
        *(Route(f"/{verb}/{{ns}}/{{key}}", ours.checking(tell)) for verb, tell in named.items()),
        *(Route(path, ours.checking(change), methods=["GET", "POST"]) for path, change in changing.items()),
    ]
