"""The owner's page that makes the markup of a widget: pick a form, see it live, copy the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import InputError
from ..forms.figure import METRICS, NAMES
from ..forms.markup import CARD_SIZE, FORMS, PICTURES, address_of, write_markup
from ..forms.numbers import FORMATS
from ..forms.options import STYLES, THEMES, read_options, read_question
from ..instance import Instance
from ..model import Site
from ..periods import WINDOWS
from .auth import Owner, redirect
from .forms import read_figure
from .guard import CSP
from .pages import Pages

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
    ),
    "digits": ("path", "period", "style", "color", "label-color", "digits", "width"),
    "chart": ("path", "label", "format", "theme", "color", "days", "width", "height", "locale"),
    "card": ("path", "period", "label", "format", "theme", "locale"),
    "span": ("path",),
    "text": ("path", "period", "format", "locale"),
    "shields": ("path", "period", "label", "format", "style", "color", "label-color", "locale"),
}
"""The parameters that each form takes, as the page offers them."""


class WidgetRoutes:
    """The route /sites/{domain}/widgets, for the owner only."""

    def __init__(self, instance: Instance, owner: Owner, pages: Pages) -> None:
        self._instance = instance
        self._owner = owner
        self._pages = pages
        self.routes = [Route("/sites/{domain}/widgets", self.widgets)]

    async def widgets(self, request: Request) -> Response:
        """A form with GET parameters, the widget as it is now, and the markup."""
        if not self._owner.is_signed_in(request):
            return redirect(request, "/login")
        site = self._instance.registry.find(request.path_params["domain"])
        if site is None:
            hint = "Add it with: pagetally site add DOMAIN"
            return self._pages.message(request, 404, "There is no such site", hint, signed_in=True)
        asked = dict(request.query_params)
        form, metric = asked.get("form", "badge"), asked.get("metric", "page-views")
        form = form if form in FORMS else "badge"
        metric = metric if metric in NAMES and (form, metric) != ("chart", "online") else "page-views"
        values, problem = {"form": form, "metric": metric, "path": asked.get("path", "") or "/"}, ""
        query = {"site": site.domain} | self._query(form, metric, asked)
        shown: dict[str, Any] = {}
        try:
            shown = await self._show(request, site, form, metric, query)
        except InputError as error:
            problem = f"{error}. {error.hint}"
        answer = self._pages.render(
            request,
            "widgets.html",
            status=400 if problem else 200,
            signed_in=True,
            site=site,
            asked=asked | values,
            fields=FIELDS[form],
            choices=choices_of(form),
            forms=FORMS,
            metrics=NAMES,
            problem=problem,
            shown=shown,
        )
        answer.headers["content-security-policy"] = FRAMED_CSP
        return answer

    def _query(self, form: str, metric: str, asked: Mapping[str, str]) -> dict[str, str]:
        """What the widget's address carries: what the form takes and the owner filled in."""
        query = {name: asked.get(name, "") for name in FIELDS[form]}
        is_page = METRICS[metric].scope == "page"
        query["path"] = (query["path"] or "/") if is_page else ""
        for name, choices in choices_of(form).items():
            # What is usual needs no saying; a style of another form is left behind.
            if query.get(name) and (
                query[name] == choices[0] or (name == "style" and query[name] not in choices)
            ):
                query[name] = ""
        return query

    async def _show(
        self, request: Request, site: Site, form: str, metric: str, query: dict[str, str]
    ) -> dict[str, Any]:
        """The widget and its markup. InputError for what cannot be used."""
        url = request.url
        base = request.scope.get("root_path", "")
        options = read_options("badge" if form == "shields" else form, query)
        figure = await read_figure(self._instance, site, METRICS[metric], read_question(query))
        said = figure.label if not options.label else options.label
        public = f"{url.scheme}://{url.netloc}{base}"
        return {
            "kind": "picture" if form in PICTURES else "card" if form == "card" else "text",
            "address": address_of(base, form, metric, query),
            "size": CARD_SIZE,
            "said": said,
            "number": figure.write(options.format, options.locale),
            "markups": write_markup(public, form, metric, query, said),
        }


def choices_of(form: str) -> dict[str, tuple[str, ...]]:
    """The fields of a form that are picked from a list, the usual one first."""
    styles = STYLES.get("badge" if form == "shields" else form, ())
    return {
        "period": WINDOWS,
        "format": FORMATS,
        "theme": THEMES,
        "style": tuple(styles),
        "days": ("30", "365"),
    }
