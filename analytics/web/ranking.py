"""/sites/{domain}/popular: the lists that a site's readers can be shown, as the owner sees them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..instance import Instance
from ..language import N_
from ..lists import Wish, list_pages
from ..model import ListedPage, PageList, Site
from ..periods import find_period
from ..selection import Selection, pick
from .gate import Gate
from .listing import addresses
from .pages import Pages

LISTS = {
    N_("Most viewed in 30 days"): Wish(window="30d", limit=20),
    N_("Trending in 7 days"): Wish(window="7d", metric="trending", limit=20),
}


class RankingRoutes:
    """The page, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [gate.site_page("/sites/{domain}/popular", self.popular)]

    async def popular(self, request: Request, site: Site) -> Response:
        """The most viewed pages, and those that trend."""
        lists = await run_in_threadpool(self._read, site)
        values = {"site": site, "lists": lists, **addresses(request, site), "view": _view}
        return self._pages.render(request, "ranking.html", signed_in=True, **values)

    def _read(self, site: Site) -> dict[str, PageList]:
        now = self._instance.clock()
        with self._instance.borrow_reader() as reader:
            return {title: list_pages(reader, site, wish, now) for title, wish in LISTS.items()}


def _view(title: str, page: ListedPage) -> Selection:
    """The summary of a page in a list, in the days of the list."""
    return Selection(find_period(LISTS[title].window)).with_condition(pick("page", page.path))
