"""Groups as columns: which come first, and that nobody makes rows of the others."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from analytics import breakdown
from analytics.breakdown import FIGURES, Row, Rows, _Details
from analytics.summary import make_panel

# (label, visits, views), with figures that are equal in all the ways in which they can be.
WORDS, VISITS, VIEWS = "cab", (0, 2, 1), (3, 5)
GROUPS = [(f"{word}{visits}{views}", visits, views) for word, visits, views in product(WORDS, VISITS, VIEWS)]
ORDER = sorted((group for group in GROUPS if group[1]), key=lambda group: (-group[1], -group[2], group[0]))


def rows_of(groups: list[tuple[str, int, int]]) -> Rows:
    return Rows.of({(label,): (0, visits, views, 0, 0, 0) for label, visits, views in groups})


@pytest.mark.parametrize("limit", range(len(GROUPS) + 1))
def test_a_list_has_the_largest_and_says_what_it_leaves_out(limit: int) -> None:
    panel = make_panel("referrer", rows_of(GROUPS), limit)
    shown = [(item.label, item.totals.visits, item.totals.views) for item in panel.items]
    assert shown == ORDER[:limit]
    left = ORDER[limit:]
    assert (panel.rest.rows, panel.rest.amount) == (len(left), sum(visits for _, visits, _ in left))
    # What a map shows besides is there, too.
    panel = make_panel("country", rows_of(GROUPS), limit)
    assert [item.label for item in (*panel.items, *panel.others)] == [label for label, _, _ in ORDER]


def test_only_those_that_are_shown_become_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Row] = []

    def note(*figures: object) -> Row:
        made.append(Row(*figures))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(breakdown, "Row", note)
    panel = make_panel("referrer", rows_of([(str(n), n % 2, 7) for n in range(1_000)]), 10)
    assert [item.label for item in panel.items] == sorted(str(n) for n in range(1, 1_000, 2))[:10]
    assert len(made) == 10


def test_rows_are_a_collection() -> None:
    rows = rows_of(GROUPS)
    assert len(rows) == len(GROUPS)
    assert [(row.labels[0], row.visits, row.views) for row in rows] == GROUPS
    assert Row(("a23",), visits=2, views=3) in rows
    assert Row(("a23",)) not in rows
    assert not rows_of([])
    assert [*rows_of([])] == []
    assert [*Rows.of({(): range(len(FIGURES))})] == [Row((), *range(len(FIGURES)))]


@pytest.mark.parametrize("step", [1, 3, 40])
def test_events_find_their_properties_however_far_apart_their_hits_are(step: int) -> None:
    texts = ['{"plan":"pro"}', '{"plan":"free"}', '{"plan":"pro"}']
    details = _Details()
    for start in (5, 1_000):
        details.read([([start, start + step], texts[:2]), ([start + 2 * step], texts[2:])])
        asked = np.array([0, start, start + step, start + 2 * step, start + 3 * step, 9_999])
        found = [details.known[code].get("plan") for code in details.codes(asked).tolist()]
        assert found == [None, "pro", "free", "pro", None, None]
    assert len(details.known) == 3
    details.read([])
    assert details.codes(np.array([5])).tolist() == [0]
