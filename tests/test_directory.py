"""The router that looks addresses up: it must choose as one does that asks every route."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import Message, Receive, Scope, Send

from analytics.instance import Instance
from analytics.web.compat import compat_routes, last_routes
from analytics.web.compat.bridge import Bridge
from analytics.web.directory import Directory

REQUESTS: list[tuple[str, bytes, list[tuple[bytes, bytes]]]] = [
    ("GET", b"", []),
    ("GET", b"jsonpCallback=F", []),
    ("POST", b"", [(b"content-type", b"application/json")]),
    ("POST", b"", [(b"x-bsz-referer", b"https://example.com/a")]),
    ("PUT", b"", []),
    ("OPTIONS", b"", []),
]


class Noted(Exception):
    """Raised where a route would answer."""


def choose(router: Router, scope: Scope, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """The route that a router hands a request to and with what, or how it is refused."""

    async def note(route: BaseRoute, scope: Scope, receive: Receive, send: Send) -> None:
        raise Noted(id(route), scope["path_params"], scope.get("root_path"))

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        raise Noted(message)

    monkeypatch.setattr(Route, "handle", note)
    try:
        asyncio.run(router(dict(scope, app=None), receive, send))
    except HTTPException as error:
        return (error.status_code,)
    except Noted as noted:
        return noted.args
    raise AssertionError("nobody answered")


def all_routes(instance: Instance) -> Sequence[BaseRoute]:
    bridge = Bridge(instance)
    return [*compat_routes(bridge, ("all",)), *last_routes(bridge, ("all",))]


def test_the_directory_chooses_as_a_router_does(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = all_routes(instance)
    plain = {route.path for route in routes if isinstance(route, Route)}
    paths = sorted(plain | {f"{path}/" for path in plain} | {"/nothing", "/hits/u/r.svg"})
    router, directory = Router(routes), Directory(routes)
    chosen = set()
    for path in paths:
        for method, query, headers in REQUESTS:
            scope = {"type": "http", "method": method, "path": path, "query_string": query}
            scope |= {"headers": [(b"host", b"example.com"), *headers]}
            wanted = choose(router, scope, monkeypatch)
            assert choose(directory, scope, monkeypatch) == wanted, (method, path, query)
            chosen.add(str(wanted))
    assert len(chosen) > len(plain) / 2


@pytest.mark.parametrize("path", ["/base/busuanzi", "/base/hits/a/b.svg", "/busuanzi", "/base", "/base/"])
def test_below_a_base_path_too(path: str, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = all_routes(instance)
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", b"x")]}
    router = Router([Mount("/base", app=Router(routes))])
    directory = Directory([Mount("/base", app=Directory(routes))])
    assert choose(directory, scope, monkeypatch) == choose(router, scope, monkeypatch)


def test_a_route_that_comes_before_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        """Never called."""

    wide, plain = Route("/{name}", answer), Route("/plain", answer)
    scope = {"type": "http", "method": "GET", "path": "/plain", "query_string": b"", "headers": []}
    assert choose(Directory([wide, plain]), scope, monkeypatch)[0] == id(wide)
    assert choose(Directory([plain, wide]), scope, monkeypatch)[0] == id(plain)
