"""/sites/{domain}/list, list.csv, chart.csv and filter: what a summary's page shows a part of, whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from typing import Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..days import local_day
from ..dimensions import BY_NAME as DIMENSIONS
from ..dimensions import Dimension, find_dimension
from ..errors import InputError
from ..figures import BY_NAME as HEADLINES
from ..filters import OPERATORS, condition
from ..instance import Instance
from ..model import Site
from ..panels import chart_csv, goals_csv, panel_csv
from ..periods import MORE_PERIODS, PERIODS
from ..selection import FILTERABLE, GOAL, Selection, beside, pick, question, read_selection
from ..summary import COMPARISONS, NONE, Item, Panel, Report, summarise
from ..wording import NOBODY, word
from .gate import Gate
from .pages import Pages
from .wanted import read_while_wanted

MAX_ROWS = 100_000
"""Rows of a list as CSV, and of one that is looked through."""

ROWS = 100
"""Rows of a list on one page."""

SUGGESTED = 200
"""Values that a form offers."""

MAX_SEARCH = 200

KEYS = {"today": "t", "yesterday": "y", "7d": "w", "30d": "m", "90d": "9", "12mo": "q", "all": "a"}
"""Keys that show a period."""

WORDED = ("country", "language", "channel", "device", "property")
"""Dimensions whose labels people read as other words."""


OF_STAYS = ("time_on_page", "scroll_depth")
CHANGE = "change"
FIGURES = (*HEADLINES, "events", CHANGE, *OF_STAYS)
"""By what a whole list can be sorted: the largest first, or with RISING the smallest."""

RISING = ":asc"


def figure_of(item: Item, name: str, amount: str) -> float | None:
    """One of those figures of a row; None where there is none. `amount`: that of which the change is."""
    if name == CHANGE:
        return None if item.before is None else getattr(item.totals, amount) - getattr(item.before, amount)
    found: float | None = getattr(item.stay if name in OF_STAYS else item.totals, name, None)
    return found


@dataclass(frozen=True)
class Leaf:
    """One page of a list that was searched and sorted."""

    panel: Panel
    text: str
    number: int
    sort: str = ""
    """Empty for the order of the summary's card."""

    @property
    def by(self) -> str:
        """The figure by which it is sorted."""
        return self.sort.removesuffix(RISING) or self.panel.amount

    @property
    def is_rising(self) -> bool:
        """Whether the smallest figure comes first."""
        return self.sort.endswith(RISING)

    def sorted_by(self, figure: str) -> str:
        """`sort` of the list by a figure; of the one by which it is sorted, the other way round."""
        if figure == self.by and not self.is_rising:
            return figure + RISING
        return "" if figure == self.panel.amount else figure

    @property
    def kept(self) -> dict[str, str]:
        """What its address says besides the selection and the page."""
        return self.kept_with(self.sort)

    def kept_with(self, sort: str) -> dict[str, str]:
        """The same of another order."""
        return {name: value for name, value in (("q", self.text), ("sort", sort)) if value}

    @property
    def found(self) -> list[Item]:
        """All rows that have the text in what they are called; those without the figure come last."""
        found = [one for one in self.panel.items if self._has(one)]
        if not self.sort:
            return found
        figures = [(figure_of(one, self.by, self.panel.amount), one) for one in found]
        known = [(figure, one) for figure, one in figures if figure is not None]
        known.sort(key=itemgetter(0), reverse=not self.is_rising)
        return [one for _, one in known] + [one for figure, one in figures if figure is None]

    @property
    def all_pages(self) -> Panel:
        """The list with those rows alone."""
        return replace(self.panel, items=self.found)

    def _has(self, item: Item) -> bool:
        names = (word(item.label, self.panel.dimension), item.title, item.label)
        return not self.text or any(self.text.casefold() in name.casefold() for name in names)


def _csv(site: Site, name: str, text: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{site.domain}-{name}.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


class ListRoutes:
    """The routes, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [
            gate.site_page("/sites/{domain}/list", self.whole),
            gate.site_page("/sites/{domain}/list.csv", self.table),
            gate.site_page("/sites/{domain}/chart.csv", self.chart),
            gate.site_page("/sites/{domain}/filter", self.filter),
        ]

    async def whole(self, request: Request, site: Site) -> Response:
        """One list of a summary to its end: a hundred rows a page, and a field to search it."""
        dimension = find_dimension(request.query_params.get("list", ""), "list")
        selection = read_selection(request.query_params.multi_items())
        leaf, report = await self._leaf(request, site, selection, dimension.name)
        values = self._common(request, site, selection, report) | choices(report)
        # A list may have a hundred thousand rows: not on the event loop, where views wait.
        return await run_in_threadpool(self._show, request, dimension, leaf, values)

    async def _leaf(
        self, request: Request, site: Site, selection: Selection, name: str
    ) -> tuple[Leaf, Report]:
        """A list as its address says it, and the summary that it is of."""
        known = request.query_params
        text, sort = known.get("q", "")[:MAX_SEARCH].strip(), _read_sort(known.get("sort", ""))
        number = _read_page(known.get("page", "1"))
        report = await self._ask(request, site, selection, name)
        return Leaf(report.panels[name], text, number, sort), report

    def _show(self, request: Request, dimension: Dimension, leaf: Leaf, values: dict[str, Any]) -> Response:
        found, number = leaf.found, leaf.number
        return self._pages.render(
            request,
            "list.html",
            signed_in=True,
            **values,
            dimension=dimension.name,
            kind=dimension,
            leaf=leaf,
            found=found,
            shown=found[(number - 1) * ROWS : number * ROWS],
            first=(number - 1) * ROWS + 1,
            last=min(number * ROWS, len(found)),
        )

    async def filter(self, request: Request, site: Site) -> Response:
        """The form of a filter, with the most frequent values of the dimension that `what` names."""
        pairs = request.query_params.multi_items()
        what, how = (dict(pairs).get(name, "") for name in ("what", "how"))
        name = "" if what == GOAL else find_dimension(what or FILTERABLE[0], "what").name
        selection = read_selection([pair for pair in pairs if pair[0] not in ("what", "how", "value")])
        report = await self._ask(request, site, selection, name, SUGGESTED, with_kept=True)
        values = self._common(request, site, selection, report)
        return self._pages.render(
            request, "filter.html", signed_in=True, **values, **filter_form(report, what, how)
        )

    async def table(self, request: Request, site: Site) -> Response:
        """One list of a summary as CSV: `list` names its dimension, or is "goal". Searched and sorted as
        the list is that one takes it from, it has all pages of that."""
        selection = read_selection(request.query_params.multi_items())
        name = request.query_params.get("list", "")
        if name == GOAL:
            report = await self._ask(request, site, selection, "", with_kept=True)
            return _csv(site, "goals", goals_csv(report))
        name = find_dimension(name, "list").name
        leaf, report = await self._leaf(request, site, selection, name)
        return _csv(site, name, await run_in_threadpool(lambda: panel_csv(leaf.all_pages, report)))

    async def chart(self, request: Request, site: Site) -> Response:
        """The chart of a summary as CSV."""
        selection = read_selection(request.query_params.multi_items())
        query = replace(question(site, selection, self._instance.clock()), panels=(), compare=NONE)
        report = await read_while_wanted(request, self._instance, partial(summarise, query=query))
        return _csv(site, "chart", chart_csv(report))

    async def _ask(
        self,
        request: Request,
        site: Site,
        selection: Selection,
        name: str,
        limit: int = MAX_ROWS,
        *,
        with_kept: bool = False,
    ) -> Report:
        """The summary of a selection with one list, and without what only its page shows."""
        query = question(site, selection, self._instance.clock())
        panels = (name,) if name else ()
        whole = replace(
            query,
            panels=panels,
            limit=limit,
            interval="day",
            # What a form offers is compared with nothing.
            compare=NONE if limit == SUGGESTED else query.compare,
            with_before=True,
            with_kept=with_kept,
            with_stays=name == "page" and limit == MAX_ROWS,
        )
        return await read_while_wanted(request, self._instance, partial(summarise, query=whole))

    def _common(self, request: Request, site: Site, selection: Selection, report: Report) -> dict[str, Any]:
        return {
            "site": site,
            "selection": selection,
            "report": report,
            "dimensions": DIMENSIONS,
            "condition": condition,
            "pick": pick,
            **addresses(request, site),
        }


def addresses(request: Request, site: Site) -> dict[str, Any]:
    """`here`, a site's page, and `address`, which makes one of a selection and a page below it."""
    here = f"{request.scope.get('root_path', '')}/sites/{quote(site.domain)}"

    def address(selection: Selection, below: str = "", **more: str | int) -> str:
        query = "&".join(filter(None, (selection.query(), urlencode(more))))
        return f"{here}{below}{'?' if query else ''}{query}"

    return {"here": here, "address": address}


def choices(report: Report) -> dict[str, Any]:
    """The periods that lead on from a report."""
    query = report.query
    today = local_day(query.site.timezone, query.now)
    return {
        "periods": PERIODS,
        "more_periods": MORE_PERIODS,
        "comparisons": COMPARISONS,
        "keys_of": KEYS,
        "beside": beside(query.period, report.range, today, report.since),
    }


def filter_form(report: Report, what: str = "", how: str = "") -> dict[str, Any]:
    """What the form of a filter needs: its choices, and (word, hint) of the values that are most frequent."""
    names = [name for name in FILTERABLE if name != GOAL or report.goals]
    what = what or next((name for name in names if name in report.panels), names[0])
    if what == GOAL:
        values = [(one.goal.name, "") for one in report.goals]
    else:
        items = report.panels[what].items if what in report.panels else ()
        values = [_suggest(item, what) for item in items]
    return {"what": what, "how": how, "filterable": names, "operators": OPERATORS, "values": values}


def _suggest(item: Item, dimension: str) -> tuple[str, str]:
    name = word(item.label, dimension)
    if not item.label:
        return NOBODY, name
    return (name if dimension in WORDED else item.label), item.title


def _read_sort(text: str) -> str:
    if text and text.removesuffix(RISING) not in FIGURES:
        hint = "One of " + ", ".join(FIGURES) + "."
        raise InputError("sort", f"{text[:40]!r} is not a figure", hint=hint)
    return text


def _read_page(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text)):
        raise InputError("page", f"{text[:40]!r} is not a number of a page")
    return int(text)
