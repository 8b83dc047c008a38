"""What stands between the world and the routes: limits, security headers, same-origin checks."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ..errors import InputError, TooLarge
from ..language import choose_language, speak
from ..visitors import read_address
from .answers import CORS, JSON, NO_STORE, RawHeaders, error_body

HEAD_BYTES = 32 * 1024
"""Bytes of a request line and its headers that are taken."""

REQUEST_BYTES = 512 * 1024
"""Bytes of a whole request as it comes over the wire: the largest body in the smallest chunks."""

REQUEST_SECONDS = 15.0
"""Seconds that a client has to send a request."""

REFUSALS: dict[int, tuple[str, InputError]] = {
    400: ("Bad Request", InputError("request", "is not HTTP that can be read")),
    408: ("Request Timeout", InputError("request", f"was not all here after {REQUEST_SECONDS:.0f} seconds")),
    413: ("Content Too Large", TooLarge("body", f"is larger than {REQUEST_BYTES:,} bytes as it came")),
    431: ("Request Header Fields Too Large", TooLarge("headers", f"are larger than {HEAD_BYTES:,} bytes")),
}
"""What is answered past the app: the phrase of each status, and the error."""

UPGRADE = b"\r\nupgrade:"

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


async def read_body(headers: Iterable[tuple[bytes, bytes]], receive: Receive, limit: int) -> Body:
    """The body of a request of at most `limit` bytes; TooLarge or Disconnected."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit() and (len(value) > 9 or int(value) > limit):
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
    parts, size, more = [body], len(body), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge("body", f"is larger than {limit:,} bytes")
        more = message.get("more_body", False)
    return b"".join(parts)


class SecurityHeaders:
    """Puts PAGE_HEADERS on every answer of the app it wraps that does not set them itself.

    The app speaks the language that the browser asks for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        speak(choose_language(Headers(scope=scope).get("accept-language", "")))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PAGE_HEADERS:
                    headers.setdefault(name, value)
                headers.add_vary_header("Accept-Language")
            await send(message)

        await self._app(scope, receive, send_guarded)


class TrustedProxies:
    """Takes the client address from X-Forwarded-For, as far as our own proxies vouch for it.

    uvicorn walks the header from the right and stops at the first stranger; here what it found is
    made canonical, and junk falls back to the address of the socket.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        self._app = app
        networks = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted]
        # The same proxies as an IPv6 socket shows them.
        mapped = [f"::ffff:{net[0]}/{96 + net.prefixlen}" for net in networks if net.version == 4]
        hosts = [*map(str, networks), *mapped]
        self._proxies = ProxyHeadersMiddleware(self._checked, hosts)  # type: ignore[arg-type]

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

    def flush(self) -> None:
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class PatientFlow(FlowControl):
    """Reads on only when no request waits for the one before it.

    uvicorn reads on after each answer, so that a client could have the server keep all that it ever sends.
    """

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        if not self._protocol.pipeline:
            super().resume_reading()


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits to a request: bytes of its head, bytes in all, and time.

    The parser below has none: a client could send headers or trailers for ever, or hold a socket
    open with half a request.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes = 0
        self._is_head = True
        self._is_open = True
        self.running: RequestResponseCycle | None = None
        """The request that is being answered, or was last."""
        self.is_refused = False
        self._held = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport))  # type: ignore[arg-type]
        self.flow = PatientFlow(self)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        # uvicorn tells the last request alone; the one that is being answered would write on.
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True
            self.running.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        if self.is_refused:
            return
        if self._is_head or not self._is_open:
            data, self._held = _without_upgrade(self._held + data)
        if self._is_open:
            self._bytes += len(data)
        if data:
            super().data_received(data)
        if not self._is_open:
            return
        if self._is_head and self._bytes > HEAD_BYTES:
            self._refuse(431)
        elif self._bytes > REQUEST_BYTES:
            self._refuse(413)
        elif self._timer is None:
            # Most requests come in one piece, and cost no timer.
            self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_head = self._is_open = True

    def on_headers_complete(self) -> None:
        self._is_head = False
        if self.parser.should_upgrade():
            # So deep in a piece that it was not seen. The parser leaves the body where it is, and would take
            # it for the next request.
            self.is_refused = True
            self.transport.write(_last_answer(400, InputError("upgrade", "is not taken")))
            self.transport.close()
            return
        if self._bytes > HEAD_BYTES:
            # A large piece: its head may be large, or a body may have come along.
            lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if lines + len(self.url) > HEAD_BYTES:
                self._refuse(431)
                return
        self.begin_cycle()

    def begin_cycle(self) -> None:
        """The head of a request is here, and within its limits."""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_open = False
        self._bytes = 0
        if self._timer is not None:
            self._stop_timer()
        if not self.is_refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        # The answer to HEAD ends with its head.
        self.transport.flush()  # type: ignore[attr-defined]
        super().on_response_complete()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._refuse, 408)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        self._stop_timer()
        self.is_refused = True
        if self.transport is None or self.transport.is_closing():
            return
        is_answered = self.cycle is not None and self.cycle.response_started
        # A connection that was opened ahead and never used is closed without a word.
        if self._bytes and (not is_answered or self.cycle.response_complete):
            self.transport.write(_last_answer(status))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Was refused already."""

    def send_400_response(self, msg: str) -> None:
        """What the parser below takes for no HTTP, which a page may read as every other answer."""
        self.transport.write(_last_answer(400))
        self.transport.close()


def _without_upgrade(data: bytes) -> tuple[bytes, bytes]:
    """The start of a request that asks for another protocol, as one that does not: we speak no other.

    Java's client and `curl --http2` ask with every request; the parser would not read its body. Where a head
    is not all there, its end may be the start of such a line, and is given back to wait for the rest.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    if end and UPGRADE not in head.lower():
        return data, b""  # nearly all
    held = b"" if end else _start_of(UPGRADE, head)
    head = re.sub(UPGRADE, b"\r\nignored:", head[: len(head) - len(held)], flags=re.IGNORECASE)
    return head + end + body, held


def _start_of(line: bytes, text: bytes) -> bytes:
    """The longest end of a text that is the start of a line."""
    end = text[1 - len(line) :]
    return next((end[at:] for at in range(len(end)) if line.startswith(end[at:].lower())), b"")


def _last_answer(status: int, error: InputError | None = None) -> bytes:
    """An answer that is sent past the app, before the connection is closed: the one JSON error."""
    phrase, usual = REFUSALS[status]
    error = error or usual
    body = error_body(error)
    headers: RawHeaders = [
        *CORS,
        JSON,
        NO_STORE,
        (b"x-pagetally", f"error; {error.word}".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    lines = [f"HTTP/1.1 {status} {phrase}".encode(), *(b": ".join(header) for header in headers)]
    return b"\r\n".join([*lines, b"", body])
