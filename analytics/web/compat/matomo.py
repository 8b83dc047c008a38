"""Matomo: `matomo.php`, `piwik.php` and `js/tracker.php`, by query, form, or JSON of many.

Read in: matomo-org/matomo, core/Tracker/Request.php, core/Tracker/Response.php, plugins/BulkTracking;
npm matomo-tracker. What needs a token there (address, time, place) is not looked at here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ...payload import PAGEVIEW
from ..static import JAVASCRIPT, StaticFile
from .bridge import Bridge, answer, answer_gif, answer_json, body_of, status_of, text_of, was_stored
from .intake import (
    Intake,
    Message,
    Results,
    allow_credentials,
    collecting,
    is_limited,
    map_of,
    parse_json,
    parse_query,
)


class Matomo:
    """The endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._intake = Intake(bridge)

    async def track(self, request: Request) -> Response:
        """One action by query or form, or a JSON body with many."""
        fields = parse_query(request.url.query)
        if request.method == "POST":
            body = await body_of(request)
            if body.lstrip().startswith(b"{"):
                return await self._track_bulk(request, parse_json(body))
            fields |= parse_query(body)
        headers = allow_credentials(request)
        message = read_message(fields)
        results = await self._intake.take(request, message)
        if message is None:
            return answer_gif(status=400, headers=headers | {"x-pagetally": "error; idsite and rec=1"})
        if fields.get("send_image") == "0":
            return answer(status=204, results=results, headers=headers)
        return answer_gif(results=results, headers=headers)

    async def _track_bulk(self, request: Request, body: Any) -> Response:
        requests = map_of(body).get("requests")
        headers = allow_credentials(request)
        if not isinstance(requests, list):
            await self._intake.take(request, None)
            told = {"status": "error", "tracked": 0, "invalid": 0}
            return answer_json(told, status=400, headers=headers)
        read = [read_message(parse_query(one) if isinstance(one, str) else map_of(one)) for one in requests]
        outcomes = await self._intake.take_all(request, read)
        everything: Results = []
        tracked = 0
        invalid: list[int] = []
        for index, (message, results) in enumerate(zip(read, outcomes, strict=True)):
            everything += results
            tracked += was_stored(results)
            if message is None or is_limited(results):
                invalid.append(index)
        told = {"status": "success", "tracked": tracked, "invalid": len(invalid), "invalid_indices": invalid}
        return answer_json(told, results=everything, headers=headers)


def read_message(fields: Mapping[str, Any]) -> Message | None:
    """What the fields of one action say; None without a site, or without `rec=1`."""
    site = text_of(fields, "idsite")
    if not site or text_of(fields, "rec") != "1":
        return None
    name, props = read_action(fields)
    # A heartbeat, or an action that only a plugin knows, is nothing to count.
    is_unknown = bool(text_of(fields, "ca")) and not name
    reason = "engagement" if text_of(fields, "ping") else "no-view" if is_unknown else ""
    return Message(
        site_id=f"matomo:{site}",
        url=text_of(fields, "url"),
        name=name or PAGEVIEW,
        title="" if name else text_of(fields, "action_name"),
        referrer=text_of(fields, "urlref"),
        screen=text_of(fields, "res"),
        props={key: value for key, value in props.items() if value},
        reason=reason,
    )


def read_action(fields: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The name and the properties of an event; no name for a view."""

    def said(**names: str) -> dict[str, str]:
        return {key: text_of(fields, name) for key, name in names.items()}

    if text_of(fields, "e_a"):
        return text_of(fields, "e_a"), said(category="e_c", name="e_n", value="e_v")
    if text_of(fields, "download"):
        return "File Download", said(url="download")
    if text_of(fields, "link"):
        return "Outbound Link: Click", said(url="link")
    if text_of(fields, "search"):
        return "Search", said(term="search", category="search_cat", results="search_count")
    if text_of(fields, "c_n"):
        return "Content", said(name="c_n", piece="c_p", target="c_t", interaction="c_i")
    if text_of(fields, "idgoal"):
        return "Goal", said(goal="idgoal", revenue="revenue")
    return "", {}


def refuse(request: Request, error: PagetallyError) -> Response:
    """The pixel, which stands on a page where there is no script; JSON where JSON was sent."""
    status, headers = status_of(error), allow_credentials(request)
    if "json" in request.headers.get("content-type", ""):
        return answer_json({"status": "error", "tracked": 0, "invalid": 0}, status=status, headers=headers)
    return answer_gif(status=status, headers=headers)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    track = collecting(Matomo(bridge).track)
    script = StaticFile("matomo.js", JAVASCRIPT)
    return [
        *(Route(f"/{name}.php", track, methods=["GET", "POST", "OPTIONS"]) for name in ("matomo", "piwik")),
        Route("/js/tracker.php", track, methods=["GET", "POST", "OPTIONS"]),
        Route("/matomo.js", script),
        Route("/piwik.js", script),
    ]
