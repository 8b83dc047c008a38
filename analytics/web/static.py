"""The files of analytics/static, as every page may load them."""

from __future__ import annotations

from hashlib import blake2b
from importlib.resources import files

from starlette.types import Receive, Scope, Send

from .answers import CORS, send_answer, send_preflight

JAVASCRIPT = "text/javascript; charset=utf-8"

SCRIPT_SECONDS = 86_400


class StaticFile:
    """One file of analytics/static, read once; an ASGI app."""

    def __init__(self, name: str, kind: str) -> None:
        self._body = (files("analytics") / "static" / name).read_bytes()
        self._etag = b'"' + blake2b(self._body, digest_size=8).hexdigest().encode() + b'"'
        self._headers = [
            *CORS,
            (b"content-type", kind.encode()),
            (b"cache-control", f"public, max-age={SCRIPT_SECONDS}".encode()),
            (b"etag", self._etag),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send_preflight(send)
        elif (b"if-none-match", self._etag) in scope["headers"]:
            await send({"type": "http.response.start", "status": 304, "headers": self._headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send_answer(send, 200, self._headers, self._body)
