"""/migrate: paste what you have, or name a page, get the line you need, and see what of it answers here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Message, Scope

from ..complaints import explain
from ..errors import PagetallyError, TooLarge
from ..instance import Instance
from ..migration import MAX_MARKUP, NO_SITE, Element, Proposal, is_filled, pick_out, propose_all, read_markup
from ..remote import fetch
from .auth import read_form
from .gate import BOTH, Gate
from .pages import Pages

FORM_BYTES = 3 * MAX_MARKUP + 1_024
"""A form writes most characters of markup as three."""

PAGE_BYTES, PAGE_SECONDS = 2 * 1024 * 1024, 10.0
"""Of a page that is loaded."""

ASKER = b"https://example.com"
"""The Origin of any page, in whose name the addresses are asked."""


@dataclass(frozen=True)
class Ask:
    """One address that pages ask for, and how it is answered here."""

    what: str
    is_answered: bool
    is_readable: bool
    """Whether the answer to a preflight lets every page read (CORS)."""


class Doors:
    """The public addresses, asked in-process. A preflight counts nothing, so asking changes nothing."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        # What has a place for anything answers that there is nothing.
        self._routes = [route for route in routes if getattr(route, "path", "") != "/api/{rest:path}"]

    def answers(self, ask: str) -> bool:
        """Whether `METHOD /path?query` is answered."""
        return self._find(ask, ask.partition(" ")[0]) is not None

    async def look(self, ask: str) -> Ask:
        """How `METHOD /path?query` is answered."""
        route = self._find(ask, "OPTIONS")
        is_readable = route is not None and await _is_readable(route, _scope(ask, "OPTIONS"))
        return Ask(ask, self.answers(ask), is_readable)

    def _find(self, ask: str, method: str) -> BaseRoute | None:
        for route in self._routes:
            match, _ = route.matches(_scope(ask, method))
            if match == Match.FULL:
                return route
        return None


def _scope(ask: str, method: str) -> Scope:
    path, _, query = ask.partition(" ")[2].partition("?")
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"origin", ASKER)],
    }


async def _is_readable(route: BaseRoute, scope: Scope) -> bool:
    heads: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            heads.append(message)

    _, found = route.matches(scope)
    await route.handle({**scope, **found}, receive, send)
    welcome = {(b"access-control-allow-origin", origin) for origin in (b"*", ASKER)}
    return any(welcome & set(head["headers"]) for head in heads)


class MigrateRoutes:
    """The route /migrate, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages, public: Sequence[BaseRoute]) -> None:
        self._instance = instance
        self._pages = pages
        self._doors = Doors(public)
        self.routes = [gate.page("/migrate", self.migrate, BOTH)]

    async def migrate(self, request: Request) -> Response:
        """The form, and below it what to do about what was pasted, or stands in the page at an address."""
        if request.method != "POST":
            return self._show(request, markup="", domain=request.query_params.get("site", ""))
        form = await read_form(request, FORM_BYTES)
        address, markup = form.get("address", "").strip(), form.get("markup", "")
        if address:
            try:
                markup = await run_in_threadpool(load, address)
            except PagetallyError as error:
                error.hint = ""  # of the terminal's
                given = {"markup": "", "domain": form.get("site", ""), "address": address}
                return self._show(request, problem=explain(error), **given)
        if len(markup.encode("utf-8", "replace")) > MAX_MARKUP:
            raise TooLarge("markup", f"is larger than {MAX_MARKUP:,} bytes")
        # Only a domain of ours gets into a command that the owner copies into a terminal.
        site = self._instance.registry.find(form.get("site", ""))
        domain = site.domain if site else ""
        base = base_address(request)
        # What somebody wrote into a page may take long to look through: not on the event loop.
        proposals = await run_in_threadpool(propose_all, markup, base, site or NO_SITE)
        found = await run_in_threadpool(read_markup, markup)
        return self._show(
            request,
            markup=markup,
            address=address,
            domain=domain,
            proposals=[(one, self._doors.answers(one.incumbent.asks[0])) for one in proposals],
            elements=[(one, self._is_filled(one)) for one in found.elements],
            asks=await self._look(proposals),
            is_ours=found.is_ours,
            known_ids=set(site.foreign_ids) if site else set(),
            is_local=site is not None and site.is_local,
        )

    def _show(self, request: Request, **values: Any) -> Response:
        nothing: dict[str, Any] = {"proposals": [], "elements": [], "asks": [], "is_ours": False}
        nothing |= {"address": "", "problem": "", "is_local": False}
        sites = [site.domain for site in self._instance.registry.sites]
        values = nothing | {"here": base_address(request), "sites": sites, "known_ids": set()} | values
        return self._pages.render(request, "migrate.html", signed_in=True, **values)

    def _is_filled(self, element: Element) -> bool:
        return is_filled(element, self._doors.answers)

    async def _look(self, proposals: Iterable[Proposal]) -> list[Ask]:
        asks = dict.fromkeys(ask for one in proposals for ask in one.incumbent.asks)
        return [await self._doors.look(ask) for ask in asks]


def load(address: str) -> str:
    """What counts the page at an address of the public internet. PagetallyError where it cannot be loaded."""
    if "://" not in address:
        address = f"https://{address}"
    reply = fetch(address, {"Accept": "text/html"}, seconds=PAGE_SECONDS, max_bytes=PAGE_BYTES)
    if reply.status != 200:
        raise PagetallyError(f"{address} answers {reply.status}")
    return pick_out(reply.body.decode("utf-8", "replace"))


def base_address(request: Request) -> str:
    """Where we are, as the owner's browser sees us, without a slash at the end."""
    url = request.url
    return f"{url.scheme}://{url.netloc}{request.scope.get('root_path', '')}"
