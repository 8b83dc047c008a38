"""POST /sites/{domain}/keep: goals, segments and notes on days, from the forms of a site's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..commands import Command, Keep, RemoveKept, find_site, perform
from ..days import read_day
from ..errors import InputError, Refused
from ..goals import rename_goals, write_filters
from ..instance import Instance
from ..language import _
from ..model import Annotation, Goal, Segment
from ..selection import Selection, read_selection
from .auth import read_form, redirect
from .gate import FORM, Gate
from .pages import Pages

FORM_BYTES = 32 * 1024


class KeepRoutes:
    """The route that keeps and forgets, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [gate.page("/sites/{domain}/keep", self.keep, FORM)]

    async def keep(self, request: Request) -> Response:
        """Do what the form says, and show the page again as it was."""
        form = await read_form(request, FORM_BYTES)
        domain = request.path_params["domain"]
        try:
            selection = read_selection(parse_qsl(form.get("view", ""), keep_blank_values=True))
            command = read_command(domain, form, selection)
            selection = await run_in_threadpool(self._do, command, selection)
        except (InputError, Refused) as error:
            site = self._instance.registry.find(request.path_params["domain"])
            return self._pages.wrong(request, _("That cannot be kept"), error, site)
        query = selection.query()
        return redirect(request, f"/sites/{quote(domain)}{'?' if query else ''}{query}")

    def _do(self, command: Command, selection: Selection) -> Selection:
        """Do it; the selection to show then. What was filtered by a goal's name is by the new one."""
        names: dict[str, str] = {}
        if isinstance(command, Keep) and command.goal is not None and command.goal.id:
            site = find_site(self._instance, command.domain)
            with self._instance.borrow_reader() as reader:
                goals = reader.kept(site.id).goals
            names = {one.name: command.goal.name for one in goals if one.id == command.goal.id}
        number = perform(self._instance, command)
        if isinstance(command, RemoveKept):
            return selection.unfiltered() if command.table == "segment" else selection
        if isinstance(command, Keep) and command.segment is not None:
            return selection.as_segment(number)
        return replace(selection, conditions=tuple(rename_goals(selection.conditions, names)))


def read_command(domain: str, form: Mapping[str, str], selection: Selection) -> Command:
    """What a form asks for; InputError when it is not all there."""
    if form.get("forget"):
        return RemoveKept(domain, form["forget"], _number(form, "number"))
    match form.get("keep", ""):
        case "segment":
            filters = write_filters(selection.conditions, is_any=selection.is_any)
            number = _number(form, "number") if form.get("over") else 0
            return Keep(domain, segment=Segment(number, 0, form.get("name", "").strip(), filters))
        case "annotation":
            day = read_day("date", form.get("date", ""))
            text, link = form.get("text", "").strip(), form.get("link", "").strip()
            return Keep(domain, annotation=Annotation(0, 0, day, text, link))
        case "goal":
            return Keep(domain, goal=read_goal(form))
        case other:
            raise InputError("keep", f"{other[:40]!r} is nothing that is kept")


def read_goal(form: Mapping[str, str]) -> Goal:
    """The goal of a form, with the number of the one that it changes; not checked yet."""
    amount = _number(form, "amount") if form.get("amount") else 0
    number = _number(form, "number") if form.get("number") else 0
    name, target = form.get("name", "").strip(), form.get("target", "").strip()
    return Goal(number, 0, name, form.get("kind", ""), target, amount)


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(name, "is not a number")
    return int(text)
