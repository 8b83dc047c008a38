"""Columns of numbers as SQLite tells them in one row."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.columns import NAMES
from analytics.model import Kind, Site
from analytics.store.bulk import read_numbers
from analytics.store.columns import make_day
from analytics.store.connect import Connection
from analytics.store.sqlite import SqliteStore

from .test_recount import FIRST, view

NUMBERS = [0, -1, 7, 2**63 - 1, -(2**63), 2**53 + 1]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """Of a store with half-folded visits of two visitors, one of whom did more than view."""
    with contextlib.closing(SqliteStore(tmp_path)) as store:
        store.save_site(Site(id=0, domain="1.example"), 0)
        hits = [view(0, 60, visitor=2), view(0, 60), view(0, 50, kind=Kind.EVENT), view(0, 9, page="/1")]
        store.write([*hits, view(0, 70, kind=Kind.ENGAGEMENT)])
        store.fold(1, FIRST, 2)
        yield store._connection


def test_numbers_of_64_bits_are_exact(connection: Connection) -> None:
    connection.execute("CREATE TEMP TABLE number (n INTEGER)")
    connection.executemany("INSERT INTO number VALUES (?)", [(n,) for n in NUMBERS])
    found = read_numbers(connection, "number WHERE n <> :no", ["n", "n > 0"], {"no": 7})
    assert found[0].tolist() == [0, -1, 2**63 - 1, -(2**63), 2**53 + 1]
    assert found[1].tolist() == [0, 0, 1, 0, 1]
    assert [len(one) for one in read_numbers(connection, "number WHERE false", ["n", "n"], {})] == [0, 0]


@pytest.mark.parametrize("name", NAMES)
def test_of_a_day_only_that_is_read_which_is_asked_for(connection: Connection, name: str) -> None:
    whole = make_day(connection, 1, FIRST, NAMES)
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    part = make_day(connection, 1, FIRST, [name])
    connection.set_trace_callback(None)
    assert part[name].tolist() == whole[name].tolist()
    assert len(part[name])
    reads = [sql for sql in asked if "group_concat" in sql]
    assert len(reads) == (2 if "_" in name else 1), "the visits, and views, events or reports"
    assert sum(sql.count("group_concat") for sql in reads) <= 5
