"""A slow question ends when whoever asked it has left."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest
from starlette.requests import Request

from analytics.instance import Instance
from analytics.store.connect import DatabaseError
from analytics.store.sqlite import SqliteReader
from analytics.web.wanted import read_while_wanted

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


class Visitor:
    """Somebody who asks, and who leaves when told to."""

    def __init__(self) -> None:
        self.left = threading.Event()

    async def is_disconnected(self) -> bool:
        return self.left.is_set()


def test_a_question_is_cancelled_when_its_asker_leaves(instance: Instance) -> None:
    visitor = Visitor()

    def work(reader: SqliteReader) -> Any:
        visitor.left.set()
        return reader._connection.execute(ENDLESS).fetchall()

    with pytest.raises(DatabaseError):
        asyncio.run(read_while_wanted(cast(Request, visitor), instance, work))
    # The reader is as good as new.
    assert instance._readers.qsize() == 3
    with instance.borrow_reader() as reader:
        assert reader.site_count(1).views == 0


def test_a_question_is_answered_while_its_asker_waits(instance: Instance) -> None:
    found = asyncio.run(read_while_wanted(cast(Request, Visitor()), instance, lambda reader: reader.sites()))
    assert [site.domain for site in found] == ["example.com"]
