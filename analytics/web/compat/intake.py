"""What the protocols of trackers share: a message of a client becomes a view, an event, or a tallied drop.

A tracker knows its site by an id of its own, `umami:<uuid>`; which site that is, stands in the site's
settings. Its page must be on one of the site's hosts, as everywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from ...errors import InputError, TooMany
from ...model import Drop, Hit
from ...payload import (
    MAX_PROP_KEY,
    MAX_PROP_VALUE,
    MAX_PROPS,
    PAGEVIEW,
    Scalar,
    decode_json,
    read_props,
    read_width,
)
from .bridge import PUT_OFF, RATE_LIMIT, Bridge, answer, body_of, preflight

MOST = 100
"""Messages of one request that are taken."""

MOST_FIELDS = 400
"""Fields of a query or a form that are looked at."""

Results = list[Hit | Drop]
Handler = Callable[[Request], Awaitable[Response]]


class Message(Struct, frozen=True, kw_only=True):
    """What a tracker says happened."""

    url: str
    """The page: a full address, a path of the site, or empty for the Referer."""
    site_id: str = ""
    """`<protocol>:<id>`; empty where the page's host says which site it is."""
    name: str = PAGEVIEW
    title: str = ""
    referrer: str = ""
    props: Mapping[str, Any] = {}
    interactive: bool = True
    screen: str = ""
    """Its width in pixels, or `1920x1080`."""
    reason: str = ""
    """Why this is nothing to count, such as `engagement`; empty for a view or an event."""

    @property
    def is_view(self) -> bool:
        """Whether it would count as a view."""
        return self.name == PAGEVIEW and not self.reason


class Intake:
    """Takes the messages of all trackers in."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def take(self, request: Request, message: Message | None) -> Results:
        """Store one message, or tally why it is not; None is one that nobody could read.

        Unavailable when nothing can be stored now.
        """
        return await self._bridge.store(request, self._judge(request, message))

    def _judge(self, request: Request, message: Message | None) -> Results:
        """What is to become of a message; what is dropped is tallied. TooMany."""
        if message is None:
            return self._bridge.drop(request, self._bridge.find_site(request), "unusable-event")
        site = self._bridge.find_site(request, url=message.url, foreign_id=message.site_id)
        if site is None:
            return self._bridge.drop(request, None, "unknown-site", is_view=message.is_view)
        if message.reason:
            return self._bridge.drop(request, site, message.reason, is_view=False)
        url = message.url
        if not url or url.startswith("/"):
            url = self._bridge.find_url(request, site, url)
        try:
            return self._bridge.judge(
                request,
                url,
                site=site,
                name=message.name,
                title=message.title,
                referrer=message.referrer,
                detail=keep_props(message.props),
                interactive=message.interactive,
                screen=read_width(message.screen),
            )
        except InputError:
            return self._bridge.drop(request, site, "unusable-address", is_view=message.is_view)

    async def take_all(self, request: Request, messages: Sequence[Message | None]) -> list[Results]:
        """What became of each message.

        They are stored together or not at all, so that a client which sends them all again counts none
        twice. Unavailable when they cannot be stored now, TooMany when not one of them may be sent.
        """
        found: list[Results] = []
        too_many: TooMany | None = None
        for message in messages[:MOST]:
            try:
                found.append(self._judge(request, message))
            except TooMany as error:
                too_many = error
                found.append([Drop(0, RATE_LIMIT)])
        if too_many is not None:
            if all(is_limited(results) for results in found):
                raise too_many
            request.scope[PUT_OFF] = too_many
        became = iter(await self._bridge.store(request, [result for results in found for result in results]))
        found = [[next(became) for _ in results] for results in found]
        return found + [
            self._bridge.drop(request, None, "too-many", is_view=message is None or message.is_view)
            for message in messages[MOST:]
        ]


def collecting(handler: Handler) -> Handler:
    """An endpoint that counts: OPTIONS asks whether it may, and HEAD is nobody who sees a page."""

    async def respond(request: Request) -> Response:
        if request.method == "OPTIONS":
            found = preflight(request)
            found.headers.update(allow_credentials(request))
            return found
        if request.method == "HEAD":
            return answer(headers=allow_credentials(request))
        return await handler(request)

    return respond


def allow_credentials(request: Request) -> dict[str, str]:
    """Headers for clients that send cookies along and read no answer without them; nobody reads those."""
    origin = request.headers.get("origin", "")
    if not origin:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "vary": "origin",
    }


# What clients send


async def read_json(request: Request) -> Any:
    """The body as JSON, whatever its content type; None for anything else. TooLarge."""
    return parse_json(await body_of(request))


def parse_json(body: bytes) -> Any:
    """A JSON value whose every text can be stored; None for anything else."""
    try:
        return decode_json(body)
    except (ValueError, RecursionError):
        return None


def parse_query(text: str | bytes) -> dict[str, str]:
    """The fields of a query or of a form, the last of each name; empty when there are far too many."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text.removeprefix("?"), errors="replace", max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def map_of(value: Any) -> dict[str, Any]:
    """The value, if it is a JSON object; else an empty one."""
    return value if isinstance(value, dict) else {}


def keep_props(props: Mapping[str, Any]) -> str | None:
    """The properties that can be stored, as JSON; what is over the limits is cut, never refused."""
    kept: dict[str, Any] = {}
    for key, value in props.items():
        if key and isinstance(value, Scalar) and value != "" and len(kept) < MAX_PROPS:
            kept[key[:MAX_PROP_KEY]] = value[:MAX_PROP_VALUE] if isinstance(value, str) else value
    try:
        return read_props(kept)
    except (InputError, ValueError):
        return None


def is_limited(results: Results) -> bool:
    """Whether a message was dropped because its network sends too many."""
    return RATE_LIMIT in reasons_of(results)


def reasons_of(results: Results) -> set[str]:
    """Why something was dropped."""
    return {result.reason for result in results if isinstance(result, Drop)}
