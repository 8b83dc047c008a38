"""Answers of the public endpoints: small, readable by every page (CORS), never framed as HTML."""

from __future__ import annotations

import msgspec
from starlette.types import Send

from ..errors import InputError, PagetallyError
from ..model import Drop, Hit

RawHeaders = list[tuple[bytes, bytes]]

Reply = tuple[int, RawHeaders, bytes]
"""Status, headers and body of an answer."""

ANYBODY = (b"access-control-allow-origin", b"*")
"""All that the answer to a stored view needs: each header costs time at ten thousand a second."""

EXPOSED = (
    b"access-control-expose-headers",
    b"x-pagetally, retry-after, x-plausible-dropped, x-goatcounter",
)
"""What else than the usual headers a page of another host may read; one line for every answer."""

CORS: RawHeaders = [
    ANYBODY,
    EXPOSED,
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]

PREFLIGHT: RawHeaders = [
    *CORS,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, *"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
]

TEXT = (b"content-type", b"text/plain; charset=utf-8")
JSON = (b"content-type", b"application/json")
SVG: RawHeaders = [
    (b"content-type", b"image/svg+xml; charset=utf-8"),
    # Opened by itself, an SVG is a document of ours.
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
]
NO_STORE = (b"cache-control", b"no-store")


def wants_picture(accept: str) -> bool:
    """Whether a page asks in order to show a picture, as its browser and the proxies of pictures say."""
    return accept.startswith("image/")


def drop_header(results: list[Hit | Drop]) -> RawHeaders:
    """The header that says what was not stored and why; empty when everything was."""
    reasons = [result.reason for result in results if isinstance(result, Drop)]
    if not reasons:
        return []
    return [(b"x-pagetally", f"dropped; {', '.join(dict.fromkeys(reasons))}".encode())]


async def send_answer(send: Send, status: int, headers: RawHeaders, body: bytes = b"") -> None:
    """Send one whole answer."""
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_preflight(send: Send) -> None:
    """Answer an OPTIONS request: everybody may ask."""
    await send({"type": "http.response.start", "status": 204, "headers": PREFLIGHT})
    await send({"type": "http.response.body", "body": b""})


def error_body(error: PagetallyError) -> bytes:
    """The one shape of a JSON error: what is wrong, which field, what to do."""
    fields = {"error": str(error)}
    if isinstance(error, InputError):
        fields["field"] = error.field
    if error.hint:
        fields["hint"] = error.hint
    return msgspec.json.encode(fields)


def say_error(error: PagetallyError) -> tuple[bytes, bytes]:
    """The header that says what is wrong, whatever the body is."""
    return b"x-pagetally", f"error; {error.word}".encode()


def answer_error(status: int, error: PagetallyError, extra: RawHeaders | None = None) -> Reply:
    """A JSON error that every page may read."""
    return status, [*CORS, JSON, NO_STORE, say_error(error), *(extra or [])], error_body(error)


async def send_error(send: Send, status: int, error: PagetallyError, extra: RawHeaders | None = None) -> None:
    """Send a JSON error that every page may read."""
    await send_answer(send, *answer_error(status, error, extra))
