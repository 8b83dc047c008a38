"""/sites/{domain}/popular: the lists that a site's readers can be shown, as the owner sees them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..instance import Instance
from ..language import N_
from ..lists import Wish, list_pages
from ..model import PageList, Site
from ..store.connect import DatabaseError
from .auth import Owner, redirect
from .pages import Pages

LISTS = {
    N_("Most viewed in 30 days"): Wish(window="30d", limit=20),
    N_("Trending in 7 days"): Wish(window="7d", metric="trending", limit=20),
}


class RankingRoutes:
    """The page, for the owner only."""

    def __init__(self, instance: Instance, owner: Owner, pages: Pages) -> None:
        self._instance = instance
        self._owner = owner
        self._pages = pages
        self.routes = [Route("/sites/{domain}/popular", self.popular)]

    async def popular(self, request: Request) -> Response:
        """The most viewed pages, and those that trend."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        site = self._instance.registry.find(request.path_params["domain"])
        if site is None:
            return self._pages.no_site(request)
        try:
            lists = await run_in_threadpool(self._read, site)
        except DatabaseError:
            return self._pages.too_slow(request)
        return self._pages.render(request, "ranking.html", signed_in=True, site=site, lists=lists)

    def _read(self, site: Site) -> dict[str, PageList]:
        now = self._instance.clock()
        with self._instance.borrow_reader() as reader:
            return {title: list_pages(reader, site, wish, now) for title, wish in LISTS.items()}
