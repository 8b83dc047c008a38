"""The owner's pages: all sites at a glance, and one site's summary."""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..days import local_day
from ..errors import InputError
from ..instance import Instance
from ..model import Adjustment, Count, Site, Totals
from ..periods import BY_NAME, DEFAULT, PERIODS, find_period
from ..store.connect import DatabaseError
from ..summary import Query, Report, summarise, total_of
from .auth import Owner, redirect
from .chart import draw_chart
from .pages import Pages

SHOWN = 500
"""Adjustments that a page lists; `pagetally counter list` has them all."""


class DashboardRoutes:
    """The routes /, /sites/{domain} and /sites/{domain}/numbers, for the owner only."""

    def __init__(self, instance: Instance, owner: Owner, pages: Pages) -> None:
        self._instance = instance
        self._owner = owner
        self._pages = pages
        self.routes = [
            Route("/", self.index),
            Route("/sites/{domain}", self.site),
            Route("/sites/{domain}/numbers", self.numbers),
        ]

    async def index(self, request: Request) -> Response:
        """Every site with today's and 30 days' views and visitors."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        rows = await run_in_threadpool(self._overview)
        return self._pages.render(request, "index.html", signed_in=True, rows=rows)

    def _overview(self) -> list[tuple[Site, Totals, Totals, int]]:
        now, rows = self._instance.clock(), []
        with self._instance.borrow_reader() as reader:
            for site in self._instance.registry.sites:
                today = total_of(reader, Query(site, BY_NAME["today"], now))
                month = total_of(reader, Query(site, DEFAULT, now))
                rows.append((site, today, month, self._instance.presence.count(site.id, now)))
        return rows

    async def site(self, request: Request) -> Response:
        """One site's totals, daily chart, top pages and top referring hosts."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        site = self._instance.registry.find(request.path_params["domain"])
        if site is None:
            return self._pages.message(
                request,
                404,
                "There is no such site",
                "Add it with: pagetally site add DOMAIN",
                signed_in=True,
            )
        try:
            period = find_period(request.query_params.get("period", DEFAULT.name))
        except InputError as error:
            return self._pages.message(
                request, 400, "That period is not known", f"{error}. {error.hint}", signed_in=True
            )
        query = Query(site, period, self._instance.clock())
        try:
            report = await run_in_threadpool(partial(self._summarise, query))
        except DatabaseError:
            return self._pages.message(
                request, 503, "This took too long to count", "Try a shorter period.", signed_in=True
            )
        return self._pages.render(
            request,
            "site.html",
            signed_in=True,
            site=site,
            report=report,
            periods=PERIODS,
            chart=draw_chart(report.series, report.series_before),
            online=self._instance.presence.count(site.id, query.now),
            script=script_address(request),
        )

    async def numbers(self, request: Request) -> Response:
        """What the owner changed in a site's numbers: when, who, what, by how much."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        site = self._instance.registry.find(request.path_params["domain"])
        if site is None:
            return self._pages.message(
                request, 404, "There is no such site", "The address may be mistyped.", signed_in=True
            )
        rows, total = await run_in_threadpool(partial(self._adjustments, site))
        return self._pages.render(request, "numbers.html", signed_in=True, site=site, rows=rows, total=total)

    def _adjustments(self, site: Site) -> tuple[list[tuple[int, Adjustment]], Count]:
        """(day, adjustment), the newest first, and what the site shows now."""
        with self._instance.borrow_reader() as reader:
            found, total = reader.adjustments(site.id), reader.site_count(site.id)
        return [(local_day(site.timezone, one.at), one) for one in reversed(found)][:SHOWN], total

    def _summarise(self, query: Query) -> Report:
        with self._instance.borrow_reader() as reader:
            return summarise(reader, query)


def script_address(request: Request) -> str:
    """Where the script is, as the owner's browser sees us; `request.base_url` leaves out the base path."""
    url = request.url
    return f"{url.scheme}://{url.netloc}{request.scope.get('root_path', '')}/pt.js"
