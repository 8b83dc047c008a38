"""GET /metrics: what the process tells of itself to the owner's monitoring, and to nobody else."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from .. import __version__
from ..access import find_token
from ..gauges import CONTENT_TYPE, Labels, write_exposition
from ..instance import Instance
from ..store.connect import FILE

STATM = Path("/proc/self/statm")

PASSED_ON = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "via")
"""Headers of requests that came by way of a proxy."""

HERE = ("127.0.0.1", "localhost", "::1")

Samples = dict[str, list[tuple[Labels, float]]]


class Metrics:
    """The endpoint. `is_direct`: no proxy is configured, so that a socket's address is its client's."""

    def __init__(self, instance: Instance, *, is_direct: bool) -> None:
        self._instance = instance
        self._is_direct = is_direct

    async def answer(self, request: Request) -> Response:
        """The figures, for a key of every site or for this machine; 401 for all else."""
        if not (self._has_key(request) or (self._is_direct and is_from_here(request))):
            return PlainTextResponse(
                "A key of every site is needed: pagetally token add\n",
                status_code=401,
                headers={"www-authenticate": "Bearer"},
            )
        text = write_exposition(await run_in_threadpool(self._collect))
        return Response(text, media_type=CONTENT_TYPE, headers={"cache-control": "no-store"})

    def _has_key(self, request: Request) -> bool:
        token = find_token(self._instance.api_tokens, request.headers.get("authorization", ""), "read")
        return token is not None and token.site == 0

    def _collect(self) -> Samples:
        instance, writer, now = self._instance, self._instance.writer, self._instance.clock()
        with instance.borrow_reader() as reader:
            pending = reader.health()["pending_site_days"]
        found: Samples = {
            "pagetally_build_info": [((("version", __version__),), 1)],
            "pagetally_can_store": _single(writer.failure is None),
            "pagetally_stored_total": _single(writer.stored),
            "pagetally_dropped_total": [
                ((("reason", reason),), views) for reason, views in sorted(writer.count_dropped().items())
            ],
            "pagetally_commits_total": _single(writer.commits),
            "pagetally_queue_views": _single(writer.waiting),
            "pagetally_queue_bytes": _single(writer.waiting_bytes),
            "pagetally_fold_pending_days": _single(pending),
            "pagetally_online_visitors": [
                ((("site", site.domain),), instance.presence.count(site.id, now))
                for site in instance.registry.sites
            ],
            "pagetally_database_bytes": _single(size_of(instance.folder / FILE)),
            "pagetally_wal_bytes": _single(size_of(instance.folder / f"{FILE}-wal")),
        }
        if STATM.exists():
            resident = int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            found["process_resident_memory_bytes"] = _single(resident)
        return found


def is_from_here(request: Request) -> bool:
    """Whether a request came from this machine, and not by way of a proxy that nobody told us of.

    A page of a host whose name leads here would be of another host; a proxy either says
    so in a header or, when it says nothing, mostly speaks HTTP/1.0.
    """
    client = request.client.host if request.client else ""
    return (
        _is_loopback(client)
        and request.url.hostname in HERE
        and request.scope.get("http_version") != "1.0"
        and not any(name in request.headers for name in PASSED_ON)
    )


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def size_of(file: Path) -> int:
    """Bytes of a file; none when it is not there."""
    return file.stat().st_size if file.exists() else 0


def _single(value: float) -> list[tuple[Labels, float]]:
    return [((), int(value))]
