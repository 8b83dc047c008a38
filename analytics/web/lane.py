"""The lane of views: from the parser to the writer and back, past what else each request is given.

A view is judged in the turn of the event loop in which the last of it came, and its answer is written when
it is on disk. uvicorn makes a cycle, an event and a task of each request, and looks at each header that it
sends: more work than to read and judge a view. What a client can tell is the same either way; whatever is
not plain goes the other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from functools import lru_cache
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from ..errors import InputError, Unavailable
from ..model import Drop, Hit
from ..payload import MAX_BODY
from .answers import TEXT, Reply
from .collect import CLOSE, EventEndpoint, accept
from .guard import LimitedProtocol, TrustedProxies

log = logging.getLogger("pagetally")

BROKEN: Reply = (500, [TEXT, CLOSE], b"Internal Server Error")


class Lane:
    """Where the lane leads, for the connections of one app."""

    def __init__(self, endpoint: EventEndpoint, paths: Iterable[str], proxies: Sequence[str] = ()) -> None:
        """`proxies`: as those of `TrustedProxies`."""
        self.endpoint = endpoint
        self._urls = frozenset(path.encode() for path in paths)
        self._proxies = TrustedProxies(_look_no_further, proxies) if proxies else None
        self.nobody = asyncio.Event()
        """Set where uvicorn would wake the task of a request."""

    def takes(self, protocol: LaneProtocol) -> bool:
        """Whether a request, whose head is here, is a plain view with nothing before it in the line."""
        if protocol.url not in self._urls or protocol.parser.get_method() != b"POST":
            return False
        is_free = protocol.cycle is None or protocol.cycle.response_complete
        if not is_free or protocol.pipeline or protocol.flow.write_paused or protocol.expect_100_continue:
            return False
        if protocol.parser.get_http_version() != "1.1" or not protocol.parser.should_keep_alive():
            return False
        size = dict(protocol.headers).get(b"content-length", b"")
        return size.isdigit() and len(size) < 10 and int(size) <= MAX_BODY

    def locate(self, scope: Scope) -> None:
        """Complete the scope of a view as the router has it, with the address that our proxies vouch for."""
        scope["method"], scope["path"], scope["query_string"] = "POST", "/api/event", b""
        if self._proxies is not None:
            _run_at_once(self._proxies(scope, _receive_nothing, _send_nothing))


class Crossing(RequestResponseCycle):
    """A view that takes the lane: what uvicorn's protocol takes for the cycle of a request."""

    def __init__(self, lane: Lane, protocol: LaneProtocol) -> None:
        # Not as its parent: these are what uvicorn's protocol reads and sets; the others are for its task.
        self._lane, self._protocol = lane, protocol
        self.scope = protocol.scope
        self.message_event = lane.nobody
        self.body, self.more_body = bytearray(), True
        self.response_started = self.response_complete = self.disconnected = False
        self.keep_alive = True
        self._results: list[Hit | Drop] = []

    def begin(self) -> None:
        """All of it is here: judge it, and hand it to the writer."""
        lane, scope, body = self._lane, self.scope, bytes(self.body)
        # An idle connection keeps its last cycle.
        self.body.clear()
        try:
            lane.locate(scope)  # type: ignore[arg-type]
            _, self._results = lane.endpoint.judge(scope, body)  # type: ignore[arg-type]
            stored = lane.endpoint.collector.submit(self._results, len(body))
        except Exception as error:
            self._fail(error)
            return
        if stored is None:
            self._answer(accept(self._results))
        else:
            stored.add_done_callback(self._end)

    def _end(self, stored: asyncio.Future[None]) -> None:
        """The writer has stored it, or could not."""
        results, self._results = self._results, []
        try:
            results = self._lane.endpoint.collector.settle(results, stored.exception())
        except Exception as error:
            self._fail(error)
        else:
            self._answer(accept(results))

    def _fail(self, error: Exception) -> None:
        if isinstance(error, InputError | Unavailable):
            self._answer(self._lane.endpoint.refuse(self.scope, error))  # type: ignore[arg-type]
        else:
            log.error("a view could not be taken", exc_info=error)
            self._answer(BROKEN)

    def _answer(self, reply: Reply) -> None:
        status, headers, body = reply
        self.response_complete = True
        protocol = self._protocol
        if self.disconnected or protocol.transport.is_closing():
            return
        headers = [*protocol.server_state.default_headers, *headers]
        if not self.keep_alive and CLOSE not in headers:
            headers.append(CLOSE)
        protocol.transport.write(_write(status, tuple(headers), body))
        if CLOSE in headers:
            # Nobody would get the answers to what else came in the same piece.
            protocol.is_refused = True
            protocol.transport.close()
        protocol.on_response_complete()


@lru_cache(maxsize=64)
def _write(status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> bytes:
    """An answer as it is sent: nearly all of one second are the same."""
    lines = [STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in headers)]
    return b"%bcontent-length: %d\r\n\r\n%b" % (b"".join(lines), len(body), body)


class LaneProtocol(LimitedProtocol):
    """The protocol of a connection whose plain views take the lane."""

    def __init__(self, lane: Lane, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lane = lane

    def begin_cycle(self) -> None:
        # What is answered at once has set the timer of an idle connection. What came with it in one piece
        # goes the other way, so that the event loop is not kept by a thousand of them.
        is_first = self.timeout_keep_alive_task is None
        self._unset_keepalive_if_required()
        if is_first and self._lane.takes(self):
            self.cycle = self.running = Crossing(self._lane, self)
        else:
            super().begin_cycle()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if not self.is_refused and isinstance(self.cycle, Crossing):
            self.cycle.begin()


async def _look_no_further(scope: Scope, receive: Receive, send: Send) -> None:
    """The app behind the proxies: they have corrected the scope by now."""


async def _receive_nothing() -> Any:
    raise NotImplementedError


async def _send_nothing(message: Any) -> None:
    raise NotImplementedError


def _run_at_once(work: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waits for something")
