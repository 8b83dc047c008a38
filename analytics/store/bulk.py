"""Many numbers at once: columns of a query as arrays, for those that would have a row for each view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..columns import Column
from .connect import Connection


def read_numbers(
    connection: Connection,
    source: str,
    expressions: Sequence[str],
    values: Mapping[str, Any],
    *,
    before: str = "",
) -> list[Column]:
    """A column for each expression (of whole numbers, none of them NULL) of the rows of a source.

    `source` is what stands after FROM, with the conditions; `before` what stands before SELECT. In the
    order in which SQLite comes by the rows: that of the primary key, where it goes through a table.
    """
    # All rows in one: a row for each would have Python make objects of its numbers, and SQLite give the
    # interpreter's lock back and take it each time.
    texts = ", ".join(f"group_concat({one})" for one in expressions)
    row = connection.execute(f"{before} SELECT {texts} FROM {source}", values).fetchone()
    return [np.fromstring(text, np.int64, sep=",") if text else np.zeros(0, np.int64) for text in row]
