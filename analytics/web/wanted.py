"""Slow answers, made only while somebody waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ..aside import Aside
from ..instance import Instance
from ..store.sqlite import SqliteReader

T = TypeVar("T")

log = logging.getLogger("pagetally")

ONE = threading.Lock()
"""One question at a time: several would only wait for one another, and keep views waiting."""

EVERY = 0.1
"""Seconds between two looks at whether the reader is still there."""


async def read_while_wanted(request: Request, instance: Instance, work: Callable[[SqliteReader], T]) -> T:
    """What a question answers; DatabaseError when whoever asked has left meanwhile.

    Where the instance has a process for such questions, `work` must be a function of a module or a
    `partial` of one.
    """
    running: list[Aside | SqliteReader] = []

    def run() -> T:
        with ONE:
            try:
                return _answer(instance, work, running)
            finally:
                running.clear()

    answer = asyncio.ensure_future(run_in_threadpool(run))
    while not answer.done():
        await asyncio.wait([answer], timeout=EVERY)
        if not answer.done() and await request.is_disconnected():
            # Again and again: between two statements there is nothing to interrupt.
            for one in running:
                one.interrupt()
    return answer.result()


def _answer(instance: Instance, work: Callable[[SqliteReader], T], running: list[Aside | SqliteReader]) -> T:
    if instance.aside is not None:
        running.append(instance.aside)
        with contextlib.suppress(OSError):
            return instance.aside.ask(work)
        log.warning("no process can be started for summaries: the server makes this one itself")
        running.clear()
    with instance.borrow_reader() as reader:
        running.append(reader)
        return work(reader)
