"""/sites/{domain}/goal: one goal in a form, and how many would reach it as it stands there."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..errors import InputError
from ..goals import check_goal, describe_goal
from ..instance import Instance
from ..model import GOAL_KINDS, Goal, Site
from ..selection import question, read_selection
from ..summary import NONE, Trial, try_goals
from .gate import Gate
from .keep import read_goal
from .listing import addresses
from .pages import Pages
from .wanted import read_while_wanted

BLANK = Goal(0, 0, "", "event", "")


class GoalRoutes:
    """The page, for the owner only. What it is told to keep goes to /keep."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [gate.site_page("/sites/{domain}/goal", self.goal)]

    async def goal(self, request: Request, site: Site) -> Response:
        """The goal of a number, or a new one; with the fields of its form what it would be."""
        asked = dict(request.query_params)
        selection = read_selection(request.query_params.multi_items())
        draft = read_goal({"kind": BLANK.kind} | asked)
        kept = await run_in_threadpool(self._find, site, draft.id) if draft.id else None
        is_tried = "kind" in asked
        goals = [one for one in (kept, check_goal(draft) if is_tried else None) if one is not None]
        trial: Trial | None = None
        if is_tried:
            query = replace(question(site, selection, self._instance.clock()), compare=NONE)
            trial = await read_while_wanted(
                request, self._instance, partial(try_goals, query=query, goals=goals)
            )
        values = {
            "site": site,
            "selection": selection,
            "goal": draft if is_tried else kept or BLANK,
            "kept": kept,
            "trial": trial,
            "goal_kinds": GOAL_KINDS,
            "describe_goal": describe_goal,
            **addresses(request, site),
        }
        return self._pages.render(request, "goal.html", signed_in=True, **values)

    def _find(self, site: Site, number: int) -> Goal:
        with self._instance.borrow_reader() as reader:
            for one in reader.kept(site.id).goals:
                if one.id == number:
                    return one
        raise InputError("goal", f"there is none of the number {number}")
