"""Columns of closed days as blobs: as narrow as their numbers, and those of earlier versions."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.columns import OF_VISITS
from analytics.model import Site
from analytics.store.columns import pack, unpack
from analytics.store.sqlite import SqliteReader, SqliteStore

from .test_recount import FIRST, view

COUNT = 1_000

BITS = [
    # the least and the largest of a thousand different numbers, bits that each takes
    (0, 1, 1),
    (0, 2, 2),
    (0, 7, 3),
    (0, 15, 4),
    (0, 16, 5),
    (0, 63, 6),
    (0, 64, 8),
    (70_000, 70_015, 4),
    (0, 511, 9),
    (2_881, 2_881 + 1_439, 12),
    (0, 4_095, 12),
    (0, 4_096, 16),
    (0, 65_535, 16),
    (170_000, 170_000 + 86_399, 17),
    (0, 3 * 86_400, 18),
    (0, (1 << 20) - 1, 20),
    (0, 1 << 20, 24),
    (0, (1 << 32) - 1, 32),
    (0, 1 << 32, 33),
    (0, 1 << 49, 64),
]


@pytest.mark.parametrize(("least", "top", "bits"), BITS)
def test_a_number_takes_about_as_many_bits_as_the_numbers_differ_by(least: int, top: int, bits: int) -> None:
    column = np.arange(COUNT, dtype=np.int64) % (top - least + 1) + least
    column[-1] = top
    packed = pack(column)
    assert 0 <= len(packed) - COUNT * bits // 8 <= 16
    assert unpack(packed).tolist() == column.tolist()


@pytest.mark.parametrize("number", [0, 1, 255, 1 << 40])
def test_a_number_that_is_always_the_same_is_kept_once(number: int) -> None:
    packed = pack(np.full(COUNT, number, np.int64))
    assert len(packed) == 15
    assert unpack(packed).tolist() == [number] * COUNT


@given(st.lists(st.integers(0, 1), max_size=40) | st.lists(st.integers(0, (1 << 63) - 1), max_size=40))
@example([])
@example([0])
@example([(1 << 63) - 1] * 40)
@example([15] * 16 + [3])
def test_unpacking_gives_what_was_packed(numbers: list[int]) -> None:
    assert unpack(pack(np.array(numbers, np.int64))).tolist() == numbers


def differences(folder: Path) -> list[str]:
    with contextlib.closing(SqliteReader(folder)) as reader:
        return [text for text in reader.differences() if text]


def test_what_an_earlier_version_packed_is_read_and_is_no_difference(tmp_path: Path) -> None:
    with contextlib.closing(SqliteStore(tmp_path)) as store:
        store.save_site(Site(id=0, domain="1.example"), 0)
        store.write([view(0, at, visitor=at % 30, page=f"/{at % 7}") for at in range(0, 40_000, 390)])
        while store.fold(1, FIRST, 1_000):
            pass
        while store.rollup(lambda site: FIRST + 2):
            pass
        run = store._connection.execute
        kept = dict(run("SELECT name, data FROM day_column WHERE day = ?", (FIRST,)))
        assert len(kept) > len(OF_VISITS)
        assert differences(tmp_path) == []
        for name, data in kept.items():
            wide = bytes([8]) + unpack(data).astype("<u8").tobytes()
            run("UPDATE day_column SET data = ? WHERE day = ? AND name = ?", (wide, FIRST, name))
        assert differences(tmp_path) == []

        wrong = pack(unpack(kept["length"]).astype(np.int64) + 1)
        run("UPDATE day_column SET data = ? WHERE day = ? AND name = 'length'", (wrong, FIRST))
        assert [text.partition(": ")[2] for text in differences(tmp_path)] == ["columns that differ: length"]
