"""Lists of a summary as CSV."""

from __future__ import annotations

import csv
from io import StringIO

from .counts import HAZARDS
from .summary import Panel


def panel_csv(panel: Panel) -> str:
    """A list as CSV. Cells that a spreadsheet would take for a formula begin with an apostrophe."""
    text = StringIO()
    table = csv.writer(text)
    table.writerow([panel.dimension, "title", "visitors", "visits", "views", "bounces", "duration"])
    for item in panel.items:
        now = item.totals
        words = [f"'{cell}" if cell[:1] in HAZARDS else cell for cell in (item.label, item.title)]
        table.writerow([*words, now.visitors, now.visits, now.views, now.bounces, now.duration])
    return text.getvalue()
