"""Lists of a summary as CSV."""

from __future__ import annotations

import csv
from io import StringIO

from .counts import defuse
from .summary import Panel


def panel_csv(panel: Panel) -> str:
    """A list as CSV. Cells that a spreadsheet would take for a formula begin with an apostrophe."""
    titles = ("title",) if panel.dimension == "page" else ()
    text = StringIO()
    table = csv.writer(text)
    table.writerow([panel.dimension, *titles, *panel.columns])
    for item in panel.items:
        words = [item.label, *(item.title for _ in titles)]
        table.writerow([*map(defuse, words), *(getattr(item.totals, name) for name in panel.columns)])
    return text.getvalue()
