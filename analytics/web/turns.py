"""Turns: what takes long on the event loop lets everything else through in between."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary


class Turns:
    """Lets `each` through in each turn of an event loop, first come first served.

    Without it all that came together is answered in one turn, and who comes a moment later, with a view or
    for a number, waits for all of them.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Line] = WeakKeyDictionary()

    async def take(self) -> None:
        """Wait until it is one's turn; no longer than a moment while few are there."""
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = self._lines[loop] = _Line(self._each)
        await line.take(loop)


class _Line:
    """Who waits in one event loop."""

    def __init__(self, each: int) -> None:
        self._each = self._left = each
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._left == self._each:
            loop.call_soon(self._begin, loop)
        if self._left:
            self._left -= 1
            return
        future = loop.create_future()
        self._waiting.append(future)
        await future

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """The next turn: those who waited longest are let through."""
        self._left = self._each
        while self._left and self._waiting:
            future = self._waiting.popleft()
            if not future.cancelled():
                self._left -= 1
                future.set_result(None)
        if self._left < self._each:
            loop.call_soon(self._begin, loop)
