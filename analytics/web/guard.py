"""What stands between the world and the routes: limits, security headers, same-origin checks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import TooLarge
from ..visitors import read_address

HEAD_BYTES = 32 * 1024
"""Bytes of a request line and its headers that are taken."""

HEAD_SECONDS = 15.0
BODY_SECONDS = 15.0
"""Seconds that a client has to send its head, and its body."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

PAGE_HEADERS = (
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
)

Body = bytes


class Disconnected(Exception):
    """The client went away; nobody is left to answer."""


class TooSlow(Exception):
    """The client took too long to send its body."""


async def read_body(headers: Iterable[tuple[bytes, bytes]], receive: Receive, limit: int) -> Body:
    """The body of a request of at most `limit` bytes; TooLarge, TooSlow or Disconnected."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise TooLarge("body", f"is larger than {limit:,} bytes")
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        body = await _read_rest(body, receive, limit)
    if len(body) > limit:
        raise TooLarge("body", f"is larger than {limit:,} bytes")
    return body


async def _read_rest(body: bytes, receive: Receive, limit: int) -> bytes:
    parts, size = [body], len(body)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > limit:
                    raise TooLarge("body", f"is larger than {limit:,} bytes")
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise TooSlow from None


class SecurityHeaders:
    """Puts PAGE_HEADERS on every answer of the app it wraps that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PAGE_HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)


class TrustedProxies:
    """Takes the client address from X-Forwarded-For, as far as our own proxies vouch for it.

    uvicorn walks the header from the right and stops at the first stranger; here what it found is
    made canonical, and junk falls back to the address of the socket.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        self._app = app
        self._proxies = ProxyHeadersMiddleware(self._checked, list(trusted))  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["pagetally.socket"] = scope.get("client")
        await self._proxies(scope, receive, send)  # type: ignore[arg-type]

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client is not None and not read_address(client[0]):
            scope["client"] = scope.get("pagetally.socket")
        await self._app(scope, receive, send)


def is_same_origin(request: Request) -> bool:
    """Whether a request that changes something comes from a page of ours: Origin must say so."""
    origin = request.headers.get("origin", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    host = request.headers.get("host", "")
    _, separator, origin_host = origin.partition("://")
    return bool(separator and host and origin_host == host and site == "same-origin")


def media_type(headers: Headers) -> str:
    """The bare media type of a request's body."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


class Corked:
    """A transport that sends the head of an answer together with the start of its body.

    uvicorn writes them apart, and each write is a call into the kernel.
    """

    __slots__ = ("_head", "_transport", "write_out")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.write_out = transport.write
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 1"):
            self._head = data
            return
        self.write_out(data)

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits to the head of a request: its bytes, and its time.

    The parser below has none: a client could send headers for ever, or hold a socket open with
    half a request line.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport))  # type: ignore[arg-type]
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408, "Request Timeout")

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(431, "Request Header Fields Too Large")
            elif self._head_timer is None:
                # Most heads come in one piece, and cost no timer.
                self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, 408, "Request Timeout")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._stop_timer()
        super().on_headers_complete()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, phrase: str) -> None:
        self._stop_timer()
        if self.transport is None or self.transport.is_closing() or not self._in_head:
            return
        answer = f"HTTP/1.1 {status} {phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        self.transport.write(answer.encode())
        self.transport.close()
