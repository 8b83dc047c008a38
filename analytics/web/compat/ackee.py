"""Ackee: `POST /api` with GraphQL, told apart by the name of the mutation.

Read in: electerious/Ackee, src/types/records.js, src/types/actions.js; npm ackee-tracker. Its client
throws at `errors`, and stops at the id that Ackee gives to the owner's own visits: so that id is the
answer to whatever is not stored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from ...errors import PagetallyError
from .bridge import Bridge, answer_json, text_of, was_stored
from .intake import Intake, Message, Results, allow_credentials, collecting, map_of, read_json

RECORD = str(uuid5(NAMESPACE_URL, "pagetally:record"))
"""The same for everybody, so that nobody can be told by it."""

IGNORED = "88888888-8888-8888-8888-888888888888"

_MUTATION = re.compile(r"\b(createRecord|updateRecord|createAction|updateAction)\b")


class Ackee:
    """The endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._intake = Intake(bridge)

    async def mutate(self, request: Request) -> Response:
        """A record is a view, an action an event; updates tell how long somebody stayed."""
        body = map_of(await read_json(request))
        asked = _MUTATION.search(text_of(body, "operationName") + " " + text_of(body, "query"))
        headers = allow_credentials(request)
        if asked is None:
            await self._intake.take(request, None)
            return answer_json({"errors": [{"message": "Unknown operation"}]}, headers=headers)
        name, variables = asked[1], map_of(body.get("variables"))
        if name.startswith("update"):
            told: dict[str, Any] = {name: {"success": True}}
            results = self._bridge.drop(request, None, "engagement", is_view=False)
            return answer_json({"data": told}, results=results, headers=headers)
        message = read_record(variables) if name == "createRecord" else read_action(variables, request)
        results = await self._intake.take(request, message)
        told = {name: {"payload": {"id": _id_of(results)}}}
        return answer_json({"data": told}, results=results, headers=headers)


def _id_of(results: Results) -> str:
    return RECORD if was_stored(results) else IGNORED


def read_record(variables: dict[str, Any]) -> Message:
    """A view."""
    record = map_of(variables.get("input"))
    return Message(
        site_id=f"ackee:{text_of(variables, 'domainId')}",
        url=text_of(record, "siteLocation"),
        referrer=text_of(record, "siteReferrer"),
    )


def read_action(variables: dict[str, Any], request: Request) -> Message:
    """An event. It names neither page nor site: the Referer does, or the Origin its root."""
    action = map_of(variables.get("input"))
    origin = request.headers.get("origin", "")
    return Message(
        url=request.headers.get("referer", "") or (f"{origin}/" if origin else ""),
        name=text_of(action, "key") or "action",
        props={"details": text_of(action, "details"), "value": text_of(action, "value")},
    )


class GraphQLRoute(Route):
    """`/api` belongs to soxft, too, whose clients send no JSON but a header: here the two part."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is a GraphQL one."""
        headers = {name: value.lower() for name, value in scope.get("headers", [])}
        kind = headers.get(b"content-type", b"")
        asked = headers.get(b"access-control-request-headers", b"")
        is_ours = b"json" in kind or (b"content-type" in asked and b"x-bsz-referer" not in asked)
        if not is_ours or b"x-bsz-referer" in headers:
            return Match.NONE, {}
        return super().matches(scope)


def refuse(request: Request, error: PagetallyError) -> Response:
    """The id of what is not stored: its client throws at any status but 200."""
    told = {name: {"payload": {"id": IGNORED}} for name in ("createRecord", "createAction")}
    return answer_json({"data": told}, headers=allow_credentials(request))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its address."""
    return [GraphQLRoute("/api", collecting(Ackee(bridge).mutate), methods=["POST", "OPTIONS"])]
