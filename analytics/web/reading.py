"""What every public read has in common: methods, errors told apart, and 304 for who has the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from html import escape
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from ..errors import InputError, PagetallyError, StoreFailed
from ..forms.badge import Badge, draw_badge
from ..forms.colours import ERROR
from ..forms.svg import draw_svg
from ..instance import Instance
from ..model import Site
from ..store.connect import DatabaseError
from .answers import (
    CORS,
    NO_STORE,
    SVG,
    RawHeaders,
    say_error,
    send_answer,
    send_error,
    send_preflight,
    wants_picture,
)

MAX_FIELDS = 200

FRAMES = (b"iframe", b"frame", b"embed", b"object")
"""What a browser says it wants a page for that stands in another."""

FRAME: RawHeaders = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors *"),
]

Answer = tuple[RawHeaders, bytes]
"""Headers (all but CORS and the tag) and body of what was asked for."""


class Unknown(InputError):
    """What is asked for is none of ours: 404."""


class Reading:
    """An ASGI app of a function that makes the answer to a request, and changes nothing."""

    def __init__(self, read: Callable[[Scope], Awaitable[Answer]]) -> None:
        self._read = read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send_preflight(send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            await send_error(
                send, 405, InputError("method", "must be GET"), [(b"allow", b"GET, HEAD, OPTIONS")]
            )
            return
        try:
            headers, body = await self._read(scope)
        except Unknown as error:
            await _send_refusal(scope, send, 404, error)
        except InputError as error:
            await _send_refusal(scope, send, 400, error)
        except DatabaseError:
            failure = StoreFailed("cannot be read now")
            await _send_refusal(scope, send, 503, failure, (b"retry-after", b"2"))
        else:
            await _send_tagged(scope, send, headers, body)


def read_query(scope: Scope) -> dict[str, list[str]]:
    """The fields of a request's query, empty ones too. InputError for too many."""
    text = scope["query_string"].decode("utf-8", "replace")
    if "%" not in text and "+" not in text and text.count("&") < MAX_FIELDS:
        return _read_plain(text)
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InputError("query", "has too many fields") from None


def _read_plain(text: str) -> dict[str, list[str]]:
    """What `parse_qs` reads, in a quarter of the time, of a query in which nothing is escaped."""
    fields: dict[str, list[str]] = {}
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            fields.setdefault(name, []).append(value)
    return fields


def need_site(instance: Instance, domain: str, example: str) -> Site:
    """The site of a domain. InputError, with an example of what to ask, or Unknown when there is none."""
    if not domain:
        raise InputError("site", "is required", hint=f"Ask for {example}")
    site = instance.registry.find(domain)
    if site is None:
        raise Unknown("site", "is not known here", hint="Add it: pagetally site add DOMAIN")
    return site


async def _send_refusal(
    scope: Scope, send: Send, status: int, error: PagetallyError, *extra: tuple[bytes, bytes]
) -> None:
    """Say what is wrong where it is seen: in place of a picture, or in a frame, JSON would look broken."""
    told = dict(scope["headers"])
    is_picture = wants_picture(told.get(b"accept", b"").decode("latin-1"))
    if not is_picture and told.get(b"sec-fetch-dest") not in FRAMES:
        await send_error(send, status, error, list(extra))
        return
    # Readers of the page learn nothing from what the server lacks; its owner needs to know what to mend.
    said = str(error) if isinstance(error, InputError) else "–"
    if is_picture:
        kind, body = SVG, draw_svg(draw_badge(Badge("Pagetally", said[:80], str(error), colour=ERROR)))
    else:
        kind, body = FRAME, f'<!doctype html><html lang="en"><title>Pagetally</title><p>{escape(said)}'
    await send_answer(send, status, [*CORS, *kind, NO_STORE, say_error(error), *extra], body.encode())


async def _send_tagged(scope: Scope, send: Send, headers: RawHeaders, body: bytes) -> None:
    """Send an answer with its tag; 304 for who has it already."""
    tag = b'"' + blake2b(body, digest_size=8).hexdigest().encode() + b'"'
    headers = [*CORS, *headers, (b"etag", tag)]
    asked = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
    known = [part.strip().removeprefix(b"W/") for part in asked.split(b",")] if asked else []
    if tag in known or b"*" in known:
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send_answer(send, 200, headers, body)
