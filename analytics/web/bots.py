"""/sites/{domain}/bots: what is kept apart and why, AI crawlers, AI assistants' readers, and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..agents import AI, ai_kind
from ..breakdown import Grouping, tabulate
from ..channels import ASSISTANTS
from ..commands import AddRule, AdvanceRule, UndoRule, perform
from ..days import local_day
from ..errors import InputError, Refused
from ..filters import OPERATORS, condition, read_condition, write_condition
from ..instance import Instance
from ..language import _
from ..model import ACTIONS, Range, Rule, Site
from ..panels import write_csv
from ..periods import BY_NAME, DEFAULT, Period, find_period, range_of
from ..rules import ruled
from ..selection import read_form as read_condition_form
from ..summary import make_panel
from ..wording import NOBODY
from .auth import read_form, redirect
from .dropped import by_reason
from .gate import BOTH, Gate
from .pages import Pages

SHOWN = tuple(BY_NAME[name] for name in ("today", "7d", "30d", "90d"))
"""Longer than 90 days nothing is kept apart."""
ROWS = 20
MAX_ROWS = 100_000
PATIENCE = 60.0
"""Seconds that the page may take: ten million views are some ten."""


class BotsRoutes:
    """The page, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [
            gate.site_page("/sites/{domain}/bots", self.bots, BOTH),
            gate.site_page("/sites/{domain}/bots.csv", self.table),
        ]

    async def bots(self, request: Request, site: Site) -> Response:
        """What was kept apart in some days; the preview of a rule (GET), a rule applied or undone (POST)."""
        try:
            if request.method == "POST":
                form = await read_form(request)
                period = self._period(form)
                await run_in_threadpool(self._apply, site, form)
                return redirect(request, f"/sites/{site.domain}/bots?period={period.name}#rules")
            values = await run_in_threadpool(self._read, site, request.query_params.multi_items())
        except (InputError, Refused) as error:
            is_rule = request.method == "POST" or {"filter", "what"} & {*request.query_params}
            title = _("That rule cannot be made") if is_rule else _("That address is not known")
            return self._pages.wrong(request, title, error, site)
        here = f"{request.scope.get('root_path', '')}/sites/{quote(site.domain)}/bots"
        values |= {
            "here": here,
            "actions": ACTIONS,
            "ruled": ruled(),
            "operators": OPERATORS,
            "nobody": NOBODY,
        }
        return self._pages.render(request, "bots.html", signed_in=True, site=site, **values)

    async def table(self, request: Request, site: Site) -> Response:
        """One list of the page as CSV: `list` is machines or crawled (pages by AI crawlers)."""
        asked = dict(request.query_params)
        text = await run_in_threadpool(self._write, site, asked)
        name = f"{site.domain}-{asked['list']}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type="text/csv", headers=headers)

    def _write(self, site: Site, asked: Mapping[str, str]) -> str:
        span = self._span(site, asked)
        with self._instance.borrow_reader(PATIENCE) as reader:
            match asked.get("list", ""):
                case "machines":
                    rows = [row[:5] for row in reader.apart_by_client(site.id, span, MAX_ROWS)]
                    return write_csv(("name", "reason", "views", "pages", "last"), rows)
                case "crawled":
                    return write_csv(("page", "views"), reader.apart_pages(site.id, span, list(AI), MAX_ROWS))
                case other:
                    hint = "One of machines, crawled."
                    raise InputError("list", f"{other[:40]!r} is no list", hint=hint)

    def _span(self, site: Site, asked: Mapping[str, str]) -> Range:
        return range_of(self._period(asked), local_day(site.timezone, self._instance.clock()), None)

    def _period(self, asked: Mapping[str, str]) -> Period:
        period = find_period(asked.get("period", DEFAULT.name))
        if period not in SHOWN:
            hint = "Use one of " + ", ".join(one.name for one in SHOWN) + "."
            raise InputError("period", f"{period.name!r} is not a period", hint=hint)
        return period

    def _apply(self, site: Site, form: Mapping[str, str]) -> None:
        if form.get("undo"):
            number = (
                int(form["undo"])
                if form["undo"].isascii() and form["undo"].isdigit() and len(form["undo"]) < 10
                else 0
            )
            perform(self._instance, UndoRule(number))
        else:
            number = perform(
                self._instance, AddRule(site.domain, form.get("action", ""), form.get("filter", ""))
            )
        while perform(self._instance, AdvanceRule(number)):
            pass

    def _read(self, site: Site, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        asked = dict(pairs)
        span = self._span(site, asked)
        # As the form has it, or in an address.
        action = asked.get("action", "")
        text = write_condition(read_condition_form(pairs)[0]) if "what" in asked else asked.get("filter", "")
        if text and action not in ACTIONS:
            raise InputError("action", "is none", hint="One of " + ", ".join(ACTIONS))
        by_source = Grouping(("source",))
        # A preview looks at everything that is stored.
        with self._instance.borrow_reader(PATIENCE) as reader:
            clients = reader.apart_by_client(site.id, span, ROWS)
            assistants = tabulate(reader, site, span, [by_source], condition("channel", "is", [ASSISTANTS]))[
                by_source
            ]
            return {
                "span": span,
                "periods": SHOWN,
                "period": self._period(asked),
                "reasons": by_reason(reader.apart_by_reason(site.id, span), span),
                "clients": [(*row, ai_kind(row[0])) for row in clients],
                "pages": reader.apart_pages(site.id, span, list(AI), ROWS),
                "assistants": make_panel("source", assistants, ROWS),
                "rules": [(one, read_condition(one.filter)) for one in reader.rules(site.id)],
                "effects": reader.preview_rule(Rule(0, site.id, action, text)) if text else None,
                "action": action,
                "filter": text,
                "chosen": read_condition(text) if text else None,
            }
