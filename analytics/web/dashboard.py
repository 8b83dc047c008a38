"""The owner's pages: all sites at a glance, and one site's summary."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ..days import local_day
from ..dimensions import BY_NAME as DIMENSIONS
from ..dimensions import Level, find_dimension
from ..errors import InputError
from ..filters import OPERATORS, condition
from ..goals import describe_goal
from ..instance import Instance
from ..language import _
from ..model import GOAL_KINDS, Adjustment, Count, Site, Totals
from ..panels import panel_csv
from ..periods import BY_NAME, DEFAULT, PERIODS
from ..selection import TABS, Selection, pick, read_selection
from ..store.connect import DatabaseError
from ..summary import (
    INTERVALS,
    MAX_DAYS_OF,
    NONE,
    Query,
    Report,
    days_of,
    sum_up,
    summarise,
    times_of,
    total_of,
)
from ..tokens import make_token
from .auth import Owner, redirect
from .chart import Chart, draw_chart, draw_spark, draw_times
from .lands import draw_lands
from .pages import Pages, public_address
from .wanted import read_while_wanted

MAX_ROWS = 100_000
"""Rows of a list as CSV."""

KEYS = {"today": "t", "7d": "w", "30d": "m", "90d": "9", "12mo": "q", "all": "a"}
"""Keys that show a period."""

SHOWN = 500
"""Adjustments that a page lists; `pagetally counter list` has them all."""

FILTERABLE = [one for one in DIMENSIONS.values() if one.level is not Level.TIME and one.table]
"""The dimensions that the page offers to filter by."""


class DashboardRoutes:
    """The routes /, /sites/{domain} and /sites/{domain}/numbers, for the owner only."""

    def __init__(self, instance: Instance, owner: Owner, pages: Pages) -> None:
        self._instance = instance
        self._owner = owner
        self._pages = pages
        self.routes = [
            Route("/", self.index),
            Route("/sites/{domain}", self.site),
            Route("/sites/{domain}/list.csv", self.listing),
            Route("/sites/{domain}/online", self.online),
            Route("/sites/{domain}/numbers", self.numbers),
        ]

    async def index(self, request: Request) -> Response:
        """Every site with today's and 30 days' views and visitors, and their course."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        rows = await run_in_threadpool(self._overview)
        return self._pages.render(request, "index.html", signed_in=True, rows=rows)

    def _overview(self) -> list[tuple[Site, Totals, Totals, int, str]]:
        now, rows = self._instance.clock(), []
        with self._instance.borrow_reader() as reader:
            for site in self._instance.registry.sites:
                today = total_of(reader, Query(site, BY_NAME["today"], now))
                days = days_of(reader, Query(site, DEFAULT, now))
                month = sum_up(figures for _, figures in days)
                online = self._instance.presence.count(site.id, now)
                rows.append((site, today, month, online, draw_spark([one.visitors for _, one in days])))
        return rows

    async def site(self, request: Request) -> Response:
        """One site's totals, daily chart, top pages and top referring hosts."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        site = self._instance.registry.find(request.path_params["domain"])
        if site is None:
            return self._pages.no_site(request)
        try:
            selection = read_selection(request.query_params.multi_items())
            query = replace(question(site, selection, self._instance.clock()), with_kept=True)
            report = await read_while_wanted(request, self._instance, partial(summarise, query=query))
        except InputError as error:
            text = f"{error}. {error.hint}" if error.hint else f"{error}."
            return self._pages.message(request, 400, _("That address is not known"), text, signed_in=True)
        except DatabaseError:
            return self._pages.too_slow(request)
        values = self._values(request, selection, report)
        # Not on the event loop, where views would wait for it.
        return await run_in_threadpool(
            partial(self._pages.render, request, "site.html", signed_in=True, site=site, **values)
        )

    def _values(self, request: Request, selection: Selection, report: Report) -> dict[str, Any]:
        """What the template of a site's page needs besides the site."""
        query = report.query
        site = query.site
        return {
            "report": report,
            "selection": selection,
            "here": f"{request.scope.get('root_path', '')}/sites/{quote(site.domain)}",
            "periods": PERIODS,
            "keys_of": KEYS,
            "yesterday": BY_NAME["yesterday"],
            "intervals": intervals_for(report.range.days),
            "interval": query.interval,
            "tabs": TABS,
            "dimensions": DIMENSIONS,
            "filterable": FILTERABLE,
            "operators": OPERATORS,
            "condition": condition,
            "pick": pick,
            "describe_goal": describe_goal,
            "goal_kinds": GOAL_KINDS,
            "chart": chart_of(report),
            "lands": draw_lands(report.panels["country"]) if "country" in report.panels else (),
            "is_now": report.range.last >= local_day(site.timezone, query.now),
            "online": self._instance.presence.count(site.id, query.now),
            "public": public_address(request),
            "token": make_token(site, "/", below=True) if site.needs_token else "",
        }

    async def online(self, request: Request) -> Response:
        """How many are there now, for the page to ask again and again."""
        site = self._instance.registry.find(request.path_params["domain"])
        if site is None or not self._owner.is_signed_in(request):
            return PlainTextResponse("", 204)
        count = self._instance.presence.count(site.id, self._instance.clock())
        here = f"{request.scope.get('root_path', '')}/sites/{quote(site.domain)}"
        return self._pages.render(request, "online.html", online=count, here=here)

    async def listing(self, request: Request) -> Response:
        """One list of a summary, whole, as CSV: `list` names its dimension."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        site = self._instance.registry.find(request.path_params["domain"])
        pairs = request.query_params.multi_items()
        try:
            dimension = find_dimension(dict(pairs).get("list", ""), "list")
            selection = read_selection(pairs)
        except InputError as error:
            return PlainTextResponse(f"{error}\n", 400)
        if site is None:
            return PlainTextResponse("There is no such site.\n", 404)
        query = question(site, selection, self._instance.clock())
        whole = replace(query, panels=(dimension.name,), limit=MAX_ROWS, interval="day", compare=NONE)
        try:
            report = await read_while_wanted(request, self._instance, partial(summarise, query=whole))
        except InputError as error:
            return PlainTextResponse(f"{error}\n", 400)
        except DatabaseError:
            return PlainTextResponse("This took too long to count.\n", 503)
        name = f"{site.domain}-{dimension.name}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(panel_csv(report.panels[dimension.name]), media_type="text/csv", headers=headers)

    async def numbers(self, request: Request) -> Response:
        """What the owner changed in a site's numbers: when, who, what, by how much."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        site = self._instance.registry.find(request.path_params["domain"])
        if site is None:
            return self._pages.no_site(request)
        rows, total = await run_in_threadpool(partial(self._adjustments, site))
        return self._pages.render(request, "numbers.html", signed_in=True, site=site, rows=rows, total=total)

    def _adjustments(self, site: Site) -> tuple[list[tuple[int, Adjustment]], Count]:
        """(day, adjustment), the newest first, and what the site shows now."""
        with self._instance.borrow_reader() as reader:
            found, total = reader.adjustments(site.id), reader.site_count(site.id)
        return [(local_day(site.timezone, one.at), one) for one in reversed(found)][:SHOWN], total


def question(site: Site, selection: Selection, now: float) -> Query:
    """What a selection asks of a site."""
    interval = selection.interval
    return Query(
        site,
        selection.period,
        now,
        tree=selection.tree,
        compare=selection.compare,
        interval=interval or ("hour" if selection.period.days == 1 else "day"),
        panels=selection.shown,
    )


def intervals_for(days: int) -> list[str]:
    """By what the chart of so many days can be drawn."""
    least = {"week": 8, "month": 32, "day": 2}
    return [name for name in INTERVALS if days <= MAX_DAYS_OF.get(name, days) and days >= least.get(name, 1)]


def chart_of(report: Report) -> Chart:
    """The chart of a summary, by the interval that was asked for."""
    query = report.query
    if query.interval in MAX_DAYS_OF:
        return draw_times(report.points, times_of(query, report.range), query.interval)
    return draw_chart(report.series, report.series_before, query.interval)
