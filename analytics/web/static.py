"""The files of analytics/static, as every page may load them."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from importlib.resources import files

from starlette.types import Receive, Scope, Send

from ..errors import InputError
from .answers import CORS, RawHeaders, send_answer, send_error, send_preflight
from .packing import PACKED, VARIES, pack, takes_gzip

JAVASCRIPT = "text/javascript; charset=utf-8"

SCRIPT_SECONDS = 86_400


class StaticFile:
    """One file of analytics/static, read once, and packed once where somebody takes it so; an ASGI app."""

    def __init__(self, name: str, kind: str) -> None:
        self._body = (files("analytics") / "static" / name).read_bytes()
        self._digest = blake2b(self._body, digest_size=8).hexdigest()
        self._headers = [
            *CORS,
            VARIES,
            (b"content-type", kind.encode()),
            (b"cache-control", f"public, max-age={SCRIPT_SECONDS}".encode()),
        ]

    @cached_property
    def _packed(self) -> bytes:
        return pack(self._body, 9)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send_preflight(send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            error = InputError("method", "must be GET", hint="A file can be read, and nothing else.")
            await send_error(send, 405, error, [(b"allow", b"GET, HEAD, OPTIONS")])
            return
        asked = dict(scope["headers"])
        is_packed = takes_gzip(asked.get(b"accept-encoding", b"").decode("latin-1"))
        etag = f'"{self._digest}{"-gzip" if is_packed else ""}"'.encode()
        headers: RawHeaders = [*self._headers, (b"etag", etag)]
        if asked.get(b"if-none-match") == etag:
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        elif is_packed:
            await send_answer(send, 200, [*headers, PACKED], self._packed)
        else:
            await send_answer(send, 200, headers, self._body)
