"""Google Analytics 4: the Measurement Protocol and what gtag.js sends to a server of one's own.

Read in: developers.google.com, Measurement Protocol; npm @minimal-analytics/ga4. Both answer 204 to
everything, so that only the header `x-pagetally` and the tally tell what was dropped. Any API secret
is taken: a snippet's is public, and the hosts of the site stand guard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError, TooLarge
from ...payload import PAGEVIEW
from .bridge import Bridge, answer, answer_json, body_of, status_of, text_of
from .intake import Intake, Message, allow_credentials, collecting, map_of, parse_json, parse_query

NAMES = {"page_view": PAGEVIEW}
ENGAGEMENT = ("user_engagement",)
OF_THE_SESSION = ("session_start", "first_visit", "first_open")
"""What a server concludes by itself."""

QUIET = ("scroll",)
RESERVED = (
    *("page_location", "page_title", "page_referrer", "page_path", "session_id", "session_number"),
    "screen_resolution",
    *("engagement_time_msec", "debug_mode", "client_id", "user_id"),
)


class GoogleAnalytics:
    """The endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._intake = Intake(bridge)

    async def measure(self, request: Request) -> Response:
        """The Measurement Protocol: a JSON list of events."""
        query = request.query_params
        site = text_of(query, "measurement_id", "firebase_app_id")
        return await self._take(request, read_events(site, parse_json(await self._body(request))))

    async def collect(self, request: Request) -> Response:
        """gtag.js: an event in the query, or one in each line of the body."""
        shared = parse_query(request.url.query)
        lines = (await self._body(request)).splitlines() if request.method == "POST" else []
        hits = [shared | parse_query(line) for line in lines if line.strip()] or [shared]
        return await self._take(request, [read_hit(fields) for fields in hits])

    async def debug(self, request: Request) -> Response:
        """What a developer asks; it stores nothing."""
        return answer_json({"validationMessages": []}, headers=allow_credentials(request))

    async def _body(self, request: Request) -> bytes:
        try:
            return await body_of(request)
        except TooLarge:
            # Its clients look at no answer, but the owner sees the tally.
            return b""

    async def _take(self, request: Request, messages: Sequence[Message | None]) -> Response:
        outcomes = await self._intake.take_all(request, messages or [None])
        results = [result for found in outcomes for result in found]
        return answer(status=204, results=results, headers=allow_credentials(request))


def read_events(site: str, body: Any) -> list[Message | None]:
    """What a body of the Measurement Protocol says, None for an event that says nothing."""
    events = map_of(body).get("events")
    found: list[Message | None] = []
    for event in events if site and isinstance(events, list) else []:
        name, params = text_of(map_of(event), "name"), map_of(map_of(event).get("params"))
        found.append(make_message(site, name, params) if name else None)
    return found


def read_hit(fields: Mapping[str, str]) -> Message | None:
    """What the fields of one hit of gtag.js say; None when they name no event or no site."""
    site, name = fields.get("tid", ""), fields.get("en", "")
    if not site or not name:
        return None
    params: dict[str, Any] = {
        key.partition(".")[2]: value for key, value in fields.items() if key.startswith(("ep.", "epn."))
    }
    page = {"page_location": "dl", "page_title": "dt", "page_referrer": "dr", "screen_resolution": "sr"}
    params |= {param: fields[key] for param, key in page.items() if fields.get(key)}
    return make_message(site, name, params)


def make_message(site: str, name: str, params: Mapping[str, Any]) -> Message:
    """One event of either protocol."""
    return Message(
        site_id=f"ga4:{site}",
        url=text_of(params, "page_location", "page_path"),
        name=NAMES.get(name, name),
        title=text_of(params, "page_title"),
        referrer=text_of(params, "page_referrer"),
        screen=text_of(params, "screen_resolution"),
        props={} if name in NAMES else {key: params[key] for key in params if key not in RESERVED},
        interactive=name not in QUIET,
        reason="engagement" if name in ENGAGEMENT else "no-view" if name in OF_THE_SESSION else "",
    )


def refuse(request: Request, error: PagetallyError) -> Response:
    """Nothing but the status, and the headers that say why."""
    return answer(status=status_of(error), headers=allow_credentials(request))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = GoogleAnalytics(bridge)
    return [
        Route("/mp/collect", collecting(ours.measure), methods=["POST", "OPTIONS"]),
        Route("/debug/mp/collect", collecting(ours.debug), methods=["POST", "OPTIONS"]),
        Route("/g/collect", collecting(ours.collect), methods=["GET", "POST", "OPTIONS"]),
    ]
