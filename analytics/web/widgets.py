"""The owner's page that makes the markup of a widget: pick a form, see it live, copy the line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..complaints import explain
from ..errors import InputError
from ..forms.figure import METRICS, NAMES
from ..forms.label import is_template, word_figure
from ..forms.markup import CARD_SIZE, ELEMENTS, FORMS, PICTURES, address_of, open_element, write_markup
from ..forms.numbers import FORMATS
from ..forms.options import STYLES, THEMES, read_options, read_question
from ..instance import Instance
from ..language import N_
from ..lists import list_pages, read_limit, read_wish, show_related
from ..model import OTHER, ListedPage, RelatedPage, Site
from ..periods import WINDOWS
from ..report import read_key
from ..store.related import LISTED
from .forms import check_png, is_hidden, read_figure
from .gate import Gate
from .guard import CSP
from .pages import Pages, public_address

FRAMED_CSP = f"{CSP}; frame-src 'self'"
"""The page shows a card of our own in a frame."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "badge": (
        "path",
        "period",
        "label",
        "format",
        "theme",
        "style",
        "color",
        "label-color",
        "logo",
        "locale",
        "min",
        "scale",
    ),
    "digits": ("path", "period", "style", "color", "label-color", "digits", "width", "min", "scale"),
    "chart": (
        *("path", "label", "format", "theme", "color", "days", "width", "height", "locale", "min", "scale"),
    ),
    "card": ("path", "period", "label", "format", "theme", "locale", "min"),
    "span": ("path",),
    "text": ("path", "period", "format", "locale", "min"),
    "shields": ("path", "period", "label", "format", "style", "color", "label-color", "locale", "min"),
    "page-count": ("path", "period", "label", "format", "min", "locale"),
    "page-list": ("kind", "window", "limit", "exclude", "path"),
}
"""The parameters that each form takes, as the page offers them."""


LABELS: Mapping[str, str] = {
    "path": N_("Page"),
    "period": N_("Period"),
    "label": N_("Label"),
    "format": N_("Format"),
    "theme": N_("Theme"),
    "style": N_("Style"),
    "color": N_("Colour"),
    "label-color": N_("Label colour"),
    "logo": N_("Logo"),
    "locale": N_("Language"),
    "digits": N_("Least digits"),
    "width": N_("Width"),
    "height": N_("Height"),
    "days": N_("Days"),
    "min": N_("Shown from"),
    "scale": N_("Scale of the PNG"),
    "kind": N_("Kind"),
    "window": N_("Window"),
    "limit": N_("Limit"),
    "exclude": N_("Exclude"),
}
METRIC_LABELS: Mapping[str, str] = {
    "page-views": N_("Page views"),
    "page-visitors": N_("Page visitors"),
    "site-views": N_("Site views"),
    "site-visitors": N_("Site visitors"),
    "online": N_("Online"),
}


class WidgetRoutes:
    """The route /sites/{domain}/widgets, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [gate.site_page("/sites/{domain}/widgets", self.widgets)]

    async def widgets(self, request: Request, site: Site) -> Response:
        """A form with GET parameters, the widget as it is now, and the markup."""
        asked = dict(request.query_params)
        form, metric = asked.get("form", "badge"), asked.get("metric", "page-views")
        form = form if form in FORMS else "badge"
        metric = metric if metric in NAMES and (form, metric) != ("chart", "online") else "page-views"
        path = asked.get("path", "") or await run_in_threadpool(self._most_viewed, site)
        asked |= {"form": form, "metric": metric, "path": path}
        query = {"site": site.domain} | read_query(form, metric, asked, self._instance.digit_sets)
        shown: dict[str, Any] = {}
        problem = ""
        try:
            if form == "page-list":
                shown = await run_in_threadpool(self._show_list, request, site, query)
            else:
                shown = await self._show(request, site, form, metric, query)
        except InputError as error:
            problem = explain(error)
        answer = self._pages.render(
            request,
            "widgets.html",
            status=400 if problem else 200,
            signed_in=True,
            site=site,
            asked=asked,
            fields=fields_of(form, metric, asked),
            choices=choices_of(form, self._instance.digit_sets),
            forms=FORMS,
            metrics=METRIC_LABELS,
            labels=LABELS,
            problem=problem,
            shown=shown,
        )
        answer.headers["content-security-policy"] = FRAMED_CSP
        return answer

    def _most_viewed(self, site: Site) -> str:
        """The page that the maker begins with."""
        with self._instance.borrow_reader() as reader:
            rows, _ = reader.top_pages(site.id, None, 2)
        return next((row.path for row in rows if row.path != OTHER), "/")

    def _show_list(self, request: Request, site: Site, query: Mapping[str, str]) -> dict[str, Any]:
        """A list of pages as it is now, and its markup. InputError for what cannot be used."""
        pages: Sequence[ListedPage | RelatedPage]
        trend = "trending" if query["kind"] == "trending" else ""
        wish = read_wish(query["window"], trend, query["limit"], exclude=query["exclude"].split())
        with self._instance.borrow_reader() as reader:
            if query["kind"] == "related":
                key = read_key(query["path"], site)
                limit = read_limit(query["limit"], LISTED)
                pages = show_related(reader.related_pages(site.id, key, LISTED), site, limit)
            else:
                pages = list_pages(reader, site, wish, self._instance.clock()).pages
        markups = write_markup(public_address(request), "page-list", "", query, "")
        opening = open_element("page-list", "", query, site.domain)
        return {"kind": "list", "pages": pages, "opening": opening, "markups": markups, "number": ""}

    async def _show(
        self, request: Request, site: Site, form: str, metric: str, query: dict[str, str]
    ) -> dict[str, Any]:
        """The widget and its markup. InputError for what cannot be used."""
        base = request.scope.get("root_path", "")
        options = read_options("badge" if form == "shields" else form, query, self._instance.digit_sets)
        if options.scale > 1:
            check_png(options)
        figure = await read_figure(self._instance, site, METRICS[metric], read_question(query))
        words = word_figure(figure, options.label or None, options.format, options.locale)
        # Who cannot see a picture is told what it counts, where the label has no meaning without its number.
        said = figure.label if is_template(options.label or "") else words.label
        number = "" if is_hidden(figure, options) else words.message
        held = f"{words.label} {number}".strip() if number and options.label else number
        return {
            "kind": "picture" if form in PICTURES else "card" if form == "card" else "text",
            "address": address_of(base, form, metric, query),
            "size": CARD_SIZE,
            "said": said,
            "label": words.label,
            "number": number,
            "held": held,
            "opening": open_element(form, metric, query, site.domain) if form in ELEMENTS else "",
            "markups": write_markup(
                public_address(request), form, metric, query, said, held, is_local=site.is_local
            ),
        }


def read_query(form: str, metric: str, asked: Mapping[str, str], own: Iterable[str] = ()) -> dict[str, str]:
    """What the widget's address carries: what the form takes and the owner filled in."""
    query = {name: asked.get(name, "") for name in FIELDS[form]}
    query |= {name: "" for name in query if name not in fields_of(form, metric, asked)}
    for name, choices in choices_of(form, own).items():
        # What is usual needs no saying; what another form knows is left behind.
        is_strange = name in ("style", "kind", "window") and query.get(name) not in choices
        if query.get(name) and (query[name] == choices[0] or is_strange):
            query[name] = ""
    return query


def fields_of(form: str, metric: str, asked: Mapping[str, str]) -> list[str]:
    """The fields that the maker shows: a page is asked for only where there is one."""
    is_of_page = asked.get("kind") == "related" if form == "page-list" else METRICS[metric].scope == "page"
    return [name for name in FIELDS[form] if name != "path" or is_of_page]


def choices_of(form: str, own: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """The fields of a form that are picked from a list, the usual one first; `own`: the owner's digits."""
    styles = (*STYLES.get("badge" if form == "shields" else form, ()), *(own if form == "digits" else ()))
    return {
        "period": WINDOWS,
        "format": FORMATS,
        "theme": THEMES,
        "style": styles,
        "days": ("30", "365"),
        "scale": ("1", "2", "3"),
        "kind": ("popular", "trending", "related"),
        "window": ("30d", *(name for name in WINDOWS if name != "30d")),
    }
