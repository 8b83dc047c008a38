"""Slow answers, made only while somebody waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ..instance import Instance
from ..store.sqlite import SqliteReader

T = TypeVar("T")

ONE = threading.Lock()
"""One question at a time: several would only wait for the interpreter's lock, and keep views waiting."""

EVERY = 0.1
"""Seconds between two looks at whether the reader is still there."""


async def read_while_wanted(request: Request, instance: Instance, work: Callable[[SqliteReader], T]) -> T:
    """What a question to a borrowed reader answers; DatabaseError when whoever asked has left meanwhile."""
    lent: list[SqliteReader] = []

    def run() -> T:
        with ONE, instance.borrow_reader() as reader:
            lent.append(reader)
            try:
                return work(reader)
            finally:
                lent.clear()

    answer = asyncio.ensure_future(run_in_threadpool(run))
    while not answer.done():
        await asyncio.wait([answer], timeout=EVERY)
        if not answer.done() and await request.is_disconnected():
            # Again and again: between two statements there is nothing to interrupt.
            for reader in lent:
                reader.interrupt()
    return answer.result()
