"""Helpers of the tests that attack: a load generator, faults, and looks at what is left on disk."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from analytics.store.connect import FILE, open_reader
from analytics.store.sqlite import SqliteReader

from .conftest import FIREFOX, Server

Headers = Sequence[tuple[str, str]]

ACKED = (200, 202)

# Waiting


def until(condition: Callable[[], Any], *, seconds: float = 20.0, every: float = 0.02) -> Any:
    """What the condition gives as soon as it gives something true; fails after `seconds`."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail(f"this did not come about within {seconds:g} s: {condition}")
        pause.wait(every)
    return found


# A client that remembers


@dataclasses.dataclass(slots=True)
class View:
    """One view that was sent, and what became of it."""

    path: str
    id: str = ""
    status: int = 0
    """0 when the connection broke before an answer came."""
    said: str = ""
    """The answer's X-Pagetally header."""
    retry_after: str = ""
    started: float = 0.0
    took: float = 0.0

    @property
    def is_acked(self) -> bool:
        return self.status in ACKED and "dropped" not in self.said


Make = Callable[[int], View]
"""Makes the n-th view to send."""


def unique_views(prefix: str) -> Make:
    """Views of which each has a path of its own."""
    return lambda number: View(f"/{prefix}-{number:06d}")


def encode(view: View, domain: str, agent: str, extra: Headers = (), target: str = "/api/event") -> bytes:
    """The request of a view, as a browser would send it."""
    fields = {"u": f"https://{domain}{view.path}"} | ({"id": view.id} if view.id else {})
    body = json.dumps(fields).encode()
    head = [
        f"POST {target} HTTP/1.1",
        "host: localhost",
        f"user-agent: {agent}",
        *(f"{name}: {value}" for name, value in extra),
        "content-type: text/plain",
        f"content-length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One HTTP answer: status, headers (lower-cased), body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers, body


class Load:
    """Sends views over several connections from a thread of its own, until it is stopped.

    As fast as the answers come, or at `rate` views a second over all connections. A connection
    that breaks is opened anew when `again`, else its worker ends.
    """

    def __init__(
        self,
        port: int,
        make: Make,
        *,
        connections: int = 8,
        rate: float = 0.0,
        limit: int = 0,
        again: bool = False,
        domain: str = "example.com",
        extra: Headers = (),
        target: str = "/api/event",
    ) -> None:
        self.views: list[View] = []
        self._port, self._make, self._connections = port, make, connections
        self._rate, self._limit, self._again = rate, limit, again
        self._domain, self._extra, self._target = domain, extra, target
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._changed = threading.Condition()
        self._acked = self._answered = self._next = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Send no more; wait for the answers under way."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self.join()

    def join(self, seconds: float = 60.0) -> Load:
        """Wait until everything was sent, or every connection is broken."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the load generator hangs"
        return self

    def wait_for(self, *, acked: int = 0, answered: int = 0, seconds: float = 60.0) -> None:
        """Wait until so many views were acked, or answered in any way."""

        def is_reached() -> bool:
            return self._acked >= acked and self._answered >= answered

        with self._changed:
            self._changed.wait_for(lambda: is_reached() or not self._thread.is_alive(), seconds)
        assert is_reached(), f"only {self._acked} of {self._answered} views were acked"

    @property
    def acked(self) -> list[View]:
        return [view for view in self.views if view.is_acked]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._send_all())
        with self._changed:
            self._changed.notify_all()

    async def _send_all(self) -> None:
        await asyncio.gather(*(self._work(number) for number in range(self._connections)))

    async def _work(self, number: int) -> None:
        agent = f"{FIREFOX} load/{number}"
        while not self._stop.is_set():
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._use_connection(number, agent)
            if not self._again or self._is_done():
                return
            await self._pause(0.05)

    def _is_done(self) -> bool:
        return self._stop.is_set() or bool(self._limit and self._next >= self._limit)

    async def _use_connection(self, number: int, agent: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        interval = self._connections / self._rate if self._rate else 0.0
        due = time.monotonic() + interval * number / self._connections
        try:
            while not self._is_done():
                if interval:
                    await self._pause(due - time.monotonic())
                    due += interval
                    if self._is_done():
                        return
                await self._send_one(reader, writer, agent)
        finally:
            writer.close()

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)

    async def _send_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, agent: str) -> None:
        view = self._make(self._next)
        self._next += 1
        self.views.append(view)
        view.started = time.monotonic()
        writer.write(encode(view, self._domain, agent, self._extra, self._target))
        status, headers, _ = await read_answer(reader)
        view.took = time.monotonic() - view.started
        view.said, view.retry_after = headers.get("x-pagetally", ""), headers.get("retry-after", "")
        view.status = status
        with self._changed:
            self._answered += 1
            self._acked += view.is_acked
            self._changed.notify_all()


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


# The app without a network


@dataclasses.dataclass
class Answer:
    """What an ASGI app answered."""

    status: int
    headers: dict[str, str]
    body: bytes


async def ask_async(
    app: Callable[..., Awaitable[None]],
    method: str,
    target: str,
    *,
    headers: Headers = (),
    body: bytes = b"",
    client: str = "192.0.2.1",
) -> Answer:
    """One request, straight into an ASGI app."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": (client, 50_000),
        "server": ("localhost", 80),
    }
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    found = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(message.get("body", b"") for message in sent))


def ask(app: Any, method: str, target: str, **given: Any) -> Answer:
    """`ask_async`, for tests that ask one thing after the other."""
    return asyncio.run(ask_async(app, method, target, **given))


def send_view(
    app: Any,
    url: str,
    *,
    client: str = "192.0.2.1",
    agent: str = FIREFOX,
    fields: Mapping[str, object] | None = None,
    headers: Headers = (),
) -> Answer:
    """One view, straight into an ASGI app."""
    body = json.dumps({"u": url} | dict(fields or {})).encode()
    return ask(app, "POST", "/api/event", body=body, client=client, headers=[("user-agent", agent), *headers])


# Faults


@contextlib.contextmanager
def foreign_write_lock(folder: Path) -> Iterator[Callable[[], None]]:
    """Another process holds the write lock of the database; gives what makes it let go."""
    program = (
        "import sys; from analytics.store.connect import sqlite3;"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10); c.execute('BEGIN IMMEDIATE');"
        "print('held', flush=True); sys.stdin.readline(); c.execute('ROLLBACK'); print('free', flush=True)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(folder / FILE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    def release() -> None:
        if not holder.stdin.closed:
            with holder.stdin:
                holder.stdin.write("\n")
            assert holder.stdout.readline() == "free\n"

    try:
        yield release
    finally:
        release()
        holder.wait(timeout=10)
        holder.stdout.close()


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own that holds little; skips the test where mounting is not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disk(folder: Path, leave: int) -> Path:
    """Fill a file system but for `leave` bytes; the file that does it."""
    filler = folder / "filler"
    found = os.statvfs(folder)
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT, 0o600)
    left = found.f_bavail * found.f_bsize - leave
    try:
        with contextlib.suppress(OSError):
            while left > 0:
                left -= os.write(descriptor, bytes(min(4096, left)))
    finally:
        os.close(descriptor)
    return filler


def end_traced(server: Server, number: int) -> None:
    """Send a signal to a server that runs under strace, which would keep it to itself; wait."""
    tracer = server.process.pid
    (child,) = Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()
    os.kill(int(child), number)
    server.process.wait(timeout=60)


# Looks from outside


def resident_bytes(server: Server) -> int:
    """The memory that the server's process has in use."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def stored_paths(folder: Path) -> Counter[str]:
    """How often each path was viewed, by the raw hits in a data folder."""
    with contextlib.closing(open_reader(folder / FILE)) as connection:
        rows = connection.execute(
            "SELECT path.path, count(*) FROM hit JOIN path ON path.id = hit.path WHERE kind = 0 GROUP BY 1"
        )
        return Counter(dict(rows.fetchall()))


def look_over(folder: Path) -> list[str]:
    """What is wrong in a data folder: damage, and totals that differ from the raw hits."""
    reader = SqliteReader(folder)
    with contextlib.closing(reader):
        integrity = reader.pragma("integrity_check")
        wrong = [] if integrity == "ok" else [f"integrity: {integrity}"]
        with reader.snapshot(seconds=None):
            return wrong + [text for text in reader.differences() if text]


def compare(acked: Sequence[View], folder: Path) -> list[str]:
    """Acked views that are missing, and views that are stored twice. Each has a path of its own."""
    stored = stored_paths(folder)
    lost = [f"acked, but not stored: {view.path}" for view in acked if view.path not in stored]
    return lost + [f"stored {count} times: {path}" for path, count in stored.items() if count > 1]


def dump_derived(folder: Path) -> dict[str, set[tuple[Any, ...]]]:
    """The rows of every derived table; rows that count nothing are left out."""
    tables = {
        "visit": "",
        "site_day": "",
        "page_visitor": "",
        "page_day": "",
        "day_column": "",
        "month": "",
        "page_month": "",
        "visit_month": "",
        "page_total": "WHERE views <> 0",
        "site_total": "WHERE views <> 0",
    }
    with contextlib.closing(open_reader(folder / FILE)) as connection:
        return {
            name: set(connection.execute(f"SELECT * FROM {name} {where}").fetchall())
            for name, where in tables.items()
        }


# Raw sockets


def converse(port: int, parts: Iterable[bytes], *, seconds: float = 5.0) -> bytes:
    """Send parts until the server takes no more, then read until it hangs up; what it said.

    `b"...(still open)"` at the end tells that it neither hung up nor spoke for that long.
    """
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        with contextlib.suppress(ConnectionError):
            try:
                while part := connection.recv(65_536):
                    said += part
            except TimeoutError:
                return said + b"...(still open)"
    return said


def status_of(said: bytes) -> int:
    """The status of the first answer; 0 when there is none."""
    return int(said.split()[1]) if said.startswith(b"HTTP/1.1 ") else 0
