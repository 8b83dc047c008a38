"""The owner's pages: all sites at a glance, and one site's summary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..days import local_day
from ..dimensions import BY_NAME as DIMENSIONS
from ..figures import BY_NAME as FIGURES
from ..figures import HEADLINES, Figure
from ..filters import condition
from ..goals import describe_goal
from ..instance import Instance
from ..model import GOAL_KINDS, Site, Totals
from ..periods import BY_NAME, DEFAULT
from ..selection import TABS, Selection, pick, question, read_selection
from ..store.sqlite import SqliteReader
from ..summary import (
    INTERVALS,
    MAX_DAYS_OF,
    Query,
    Report,
    days_of,
    hours_beside,
    sum_up,
    summarise,
    times_of,
    total_before,
    total_of,
)
from ..tokens import make_token
from .beginning import read_beginning
from .chart import Chart, draw_chart, draw_spark, draw_times, pin_notes, tell_until
from .gate import Gate
from .lands import draw_lands
from .listing import addresses, choices, filter_form
from .pages import Pages, public_address
from .wanted import read_while_wanted


@dataclass(frozen=True)
class Glimpse:
    """One site among all."""

    site: Site
    today: Totals
    month: Totals
    before: Totals | None
    """Of the 30 days before those of `month`."""
    online: int
    course: str
    since: int | None
    """Its first day; None for one that has no views yet."""


class DashboardRoutes:
    """The routes / and /sites/{domain}, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [
            gate.page("/", self.index),
            gate.site_page("/sites/{domain}", self.site),
            gate.fragment("/sites/{domain}/online", self.online),
        ]

    async def index(self, request: Request) -> Response:
        """Every site with today's and 30 days' views and visitors, and their course before today."""
        rows = await run_in_threadpool(self._overview)
        return self._pages.render(request, "index.html", signed_in=True, rows=rows)

    def _overview(self) -> list[Glimpse]:
        now = self._instance.clock()
        if self._instance.aside is not None:
            self._instance.aside.prepare()
        with self._instance.borrow_reader() as reader:
            return [self._glimpse(reader, site, now) for site in self._instance.registry.sites]

    def _glimpse(self, reader: SqliteReader, site: Site, now: float) -> Glimpse:
        month = Query(site, DEFAULT, now)
        days = days_of(reader, month)
        return Glimpse(
            site,
            today=total_of(reader, Query(site, BY_NAME["today"], now)),
            month=sum_up(figures for _, figures in days),
            before=total_before(reader, month),
            online=self._instance.presence.count(site.id, now),
            # Today is not over: with it every line would end in a fall.
            course=draw_spark([one.visitors for _, one in days[:-1]]),
            since=reader.first_day(site.id),
        )

    async def site(self, request: Request, site: Site) -> Response:
        """One site's totals, daily chart, top pages and top referring hosts."""
        selection = read_selection(request.query_params.multi_items())
        query = replace(question(site, selection, self._instance.clock()), with_kept=True)
        report = await read_while_wanted(request, self._instance, partial(summarise, query=query))
        # Not on the event loop, where views would wait for it.
        return await run_in_threadpool(partial(self._draw, request, selection, report))

    def _draw(self, request: Request, selection: Selection, report: Report) -> Response:
        site, values = report.query.site, self._values(request, selection, report)
        if report.since is None:
            values["beginning"] = read_beginning(self._instance, site)
        return self._pages.render(request, "site.html", signed_in=True, site=site, **values)

    def _values(self, request: Request, selection: Selection, report: Report) -> dict[str, Any]:
        """What the template of a site's page needs besides the site."""
        query, figure = report.query, FIGURES.get(selection.metric)
        chart = chart_of(report, figure)
        site = query.site
        return {
            "report": report,
            "selection": selection,
            **addresses(request, site),
            **filter_form(report),
            **choices(report),
            "hours_beside": hours_beside(query, report.range) if query.interval == "minute" else ("", ""),
            "intervals": intervals_for(report.range.days),
            "interval": query.interval,
            "tabs": TABS,
            "dimensions": DIMENSIONS,
            "condition": condition,
            "pick": pick,
            "describe_goal": describe_goal,
            "goal_kinds": GOAL_KINDS,
            "chart": chart,
            "headlines": HEADLINES,
            "pins": pin_notes(chart, report.notes),
            "lands": draw_lands(report.panels["country"]) if "country" in report.panels else (),
            "is_now": is_today(report),
            "online": self._instance.presence.count(site.id, query.now),
            "public": public_address(request),
            "token": make_token(site, "/", below=True) if site.needs_token else "",
        }

    async def online(self, request: Request, site: Site) -> Response:
        """How many are there now, for the page to ask again and again."""
        count = self._instance.presence.count(site.id, self._instance.clock())
        return self._pages.render(request, "online.html", online=count, **addresses(request, site))


def intervals_for(days: int) -> list[str]:
    """By what the chart of so many days can be drawn."""
    least = {"week": 8, "month": 32, "day": 2}
    return [name for name in INTERVALS if days <= MAX_DAYS_OF.get(name, days) and days >= least.get(name, 1)]


def chart_of(report: Report, figure: Figure | None = None) -> Chart:
    """The chart of a summary, by the interval that was asked for, or by day where the figure has no other."""
    query, span, before = report.query, report.range, report.range_before
    if query.interval not in MAX_DAYS_OF or (figure and figure.is_of_visits):
        chart = draw_chart(
            report.series, report.series_before, query.interval, figure, is_now=is_today(report)
        )
        return tell_until(chart, report.until)
    labels = report.times
    days_back = span.first - before.first if before else 0
    is_now = labels[-1:] == times_of(replace(query, at=""), span)[-1:] and is_today(report)
    chart = draw_times(
        report.points, labels, query.interval, report.points_before, days_back, is_now=is_now, figure=figure
    )
    return tell_until(chart, report.until if is_now else "")


def is_today(report: Report) -> bool:
    """Whether a summary's last day is not over yet."""
    return report.range.last >= local_day(report.query.site.timezone, report.query.now)
