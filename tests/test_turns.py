"""Turns: what takes long lets everything else through in between, and nobody is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from analytics.instance import Instance
from analytics.web.app import create_app
from analytics.web.forms import CHARTS_A_TURN
from analytics.web.turns import Turns

from .load import ask_async


def test_a_number_does_not_wait_for_all_the_charts_that_came_before_it(instance: Instance) -> None:
    app, done = create_app(instance), []

    async def ask(target: str) -> None:
        answer = await ask_async(app, "GET", target)
        assert answer.status == 200
        done.append(target.partition("?")[0])

    async def ask_all() -> None:
        chart = "/chart/page-views.svg?site=example.com&path=/a"
        await asyncio.gather(*[ask(chart) for _ in range(32)], ask("/api/counters?site=example.com&path=/a"))

    asyncio.run(ask_all())
    assert done.index("/api/counters") == CHARTS_A_TURN
    assert len(done) == 33


@pytest.mark.parametrize("each", [1, 3, 10])
def test_who_comes_first_is_let_through_first(each: int) -> None:
    async def run() -> list[int]:
        turns, through = Turns(each), list[int]()

        async def take(number: int) -> None:
            await turns.take()
            through.append(number)

        await asyncio.gather(*map(take, range(20)))
        await asyncio.gather(*map(take, range(20, 25)))
        return through

    assert asyncio.run(run()) == list(range(25))


def test_a_loop_that_is_gone_holds_nobody_up() -> None:
    turns = Turns(1)

    async def crowd() -> None:
        tasks = [asyncio.ensure_future(turns.take()) for _ in range(3)]
        await tasks[0]
        assert not all(task.done() for task in tasks)

    for _ in range(3):
        asyncio.run(crowd())
    asyncio.run(asyncio.wait_for(turns.take(), 5))


def test_who_gives_up_takes_nobodys_turn() -> None:
    async def run() -> int:
        turns = Turns(1)
        tasks = [asyncio.ensure_future(turns.take()) for _ in range(5)]
        await tasks[0]
        tasks[2].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        await asyncio.wait_for(turns.take(), 5)
        return sum(task.cancelled() for task in tasks)

    assert asyncio.run(run()) == 1
