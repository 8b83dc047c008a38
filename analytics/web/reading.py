"""What every public read has in common: methods, errors told apart, and 304 for who has the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from ..errors import InputError, StoreFailed
from ..instance import Instance
from ..model import Site
from ..store.connect import DatabaseError
from .answers import CORS, RawHeaders, send_answer, send_error, send_preflight

MAX_FIELDS = 200

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
            await send_error(send, 404, error)
        except InputError as error:
            await send_error(send, 400, error)
        except DatabaseError:
            await send_error(send, 503, StoreFailed("cannot be read now"), [(b"retry-after", b"2")])
        else:
            await _send_tagged(scope, send, headers, body)


def read_query(scope: Scope) -> dict[str, list[str]]:
    """The fields of a request's query, empty ones too. InputError for too many."""
    text = scope["query_string"].decode("utf-8", "replace")
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InputError("query", "has too many fields") from None


def need_site(instance: Instance, domain: str, example: str) -> Site:
    """The site of a domain. InputError, with an example of what to ask, or Unknown when there is none."""
    if not domain:
        raise InputError("site", "is required", hint=f"Ask for {example}")
    site = instance.registry.find(domain)
    if site is None:
        raise Unknown("site", "is not known here", hint="Add it: pagetally site add DOMAIN")
    return site


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
