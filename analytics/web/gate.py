"""What every page of the owner's asks first: who comes, from where, and about which site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..errors import InputError
from ..instance import Instance
from ..model import Site
from ..store.connect import DatabaseError
from .auth import Owner, refuse_foreign, to_sign_in
from .guard import is_same_origin
from .pages import Pages

Show = Callable[[Request], Awaitable[Response]]
ShowSite = Callable[[Request, Site], Awaitable[Response]]

READ, FORM, BOTH = ("GET",), ("POST",), ("GET", "POST")
"""What a page is asked with."""


class Gate:
    """Makes the routes of the owner's pages: nobody else gets past it, and no form of another site's."""

    def __init__(self, instance: Instance, owner: Owner, pages: Pages) -> None:
        self._instance = instance
        self._owner = owner
        self._pages = pages

    def page(self, path: str, show: Show, methods: tuple[str, ...] = READ) -> Route:
        """A page about all sites, or about none."""

        async def answer(request: Request) -> Response:
            return self._refuse(request) or await show(request)

        return Route(path, answer, methods=methods)

    def site_page(self, path: str, show: ShowSite, methods: tuple[str, ...] = READ) -> Route:
        """A page about the site that `{domain}` in its path names.

        An InputError is an address that is not known, a DatabaseError a question that took too long.
        """

        async def answer(request: Request) -> Response:
            if refusal := self._refuse(request):
                return refusal
            site = self._find(request)
            if site is None:
                return self._pages.no_site(request)
            try:
                return await show(request, site)
            except InputError as error:
                return self._pages.wrong_address(request, error, site)
            except DatabaseError:
                return self._pages.too_slow(request, site)

        return Route(path, answer, methods=methods)

    def fragment(self, path: str, show: ShowSite) -> Route:
        """A part of a site's page, which it asks for again and again: 204 for who may not see it."""

        async def answer(request: Request) -> Response:
            site = self._find(request)
            if site is None or not self._owner.is_signed_in(request):
                return PlainTextResponse("", 204)
            return await show(request, site)

        return Route(path, answer)

    def _refuse(self, request: Request) -> Response | None:
        if not self._owner.is_signed_in(request):
            return to_sign_in(request)
        if request.method == "POST" and not is_same_origin(request):
            return refuse_foreign()
        return None

    def _find(self, request: Request) -> Site | None:
        return self._instance.registry.find(request.path_params["domain"])
