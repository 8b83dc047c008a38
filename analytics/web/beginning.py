"""/sites/{domain}/first: whether the first view of a new site has come, and what became of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ..days import local_day
from ..instance import Instance
from ..model import Range, Site
from .dropped import Reason, by_reason
from .gate import Gate
from .listing import addresses
from .pages import Pages


@dataclass(frozen=True)
class Beginning:
    """How far a new site has come today."""

    path: str
    """The page of the first view; empty where none has come."""
    dropped: Sequence[Reason]
    """Why views and events of this site were not counted."""
    strangers: int
    """Views that belong to no site here."""

    @property
    def state(self) -> str:
        """What changes when there is something else to say."""
        return f"{self.path}{sum(one.views + one.events for one in self.dropped)}.{self.strangers}"


def read_beginning(instance: Instance, site: Site) -> Beginning:
    """How far a new site has come."""
    today = local_day(site.timezone, instance.clock())
    span = Range(today, today)
    nobody = local_day("UTC", instance.clock())
    with instance.borrow_reader() as reader:
        pages, _count = reader.top_pages(site.id, None, 1)
        path = pages[0].path if pages else "/" if reader.first_day(site.id) is not None else ""
        dropped = by_reason(reader.dropped_by_day(site.id, today), span)
        strangers = by_reason(reader.dropped_by_day(0, nobody), Range(nobody, nobody))
    unknown = sum(one.views for one in strangers if one.name == "unknown-site")
    return Beginning(path, dropped, unknown)


class BeginningRoutes:
    """The route, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [gate.fragment("/sites/{domain}/first", self.first)]

    async def first(self, request: Request, site: Site) -> Response:
        """The sign, for the page of a new site to ask again and again; 204 while it is as `state` says."""
        beginning = await run_in_threadpool(partial(read_beginning, self._instance, site))
        if beginning.state == request.query_params.get("state"):
            return PlainTextResponse("", 204)
        return self._pages.render(
            request, "first.html", site=site, beginning=beginning, **addresses(request, site)
        )
