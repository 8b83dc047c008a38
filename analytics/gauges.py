"""What an instance tells of itself, in the text format that Prometheus reads.

Facts of the format: https://prometheus.io/docs/instrumenting/exposition_formats/ (version 0.0.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Family:
    """Figures of one name: a counter only grows until a restart, a gauge goes up and down."""

    name: str
    kind: str
    help: str


FAMILIES = {
    family.name: family
    for family in (
        Family("pagetally_build_info", "gauge", "Always 1; the version is its label."),
        Family("pagetally_can_store", "gauge", "1 while views can be stored, 0 while the last write failed."),
        Family("pagetally_stored_total", "counter", "Views and events stored since the start."),
        Family("pagetally_dropped_total", "counter", "Views and events not counted since then, by reason."),
        Family("pagetally_commits_total", "counter", "Transactions and jobs of the writer since the start."),
        Family("pagetally_queue_views", "gauge", "Requests that wait for the disk."),
        Family("pagetally_queue_bytes", "gauge", "About the bytes that they take."),
        Family("pagetally_fold_pending_days", "gauge", "Site-days with hits that are not folded yet."),
        Family("pagetally_online_visitors", "gauge", "Visitors of the last five minutes, by site."),
        Family("pagetally_database_bytes", "gauge", "Size of the database file."),
        Family("pagetally_wal_bytes", "gauge", "Size of its log."),
        Family("process_resident_memory_bytes", "gauge", "Memory that the process has."),
    )
}
"""Every family there is, in the order in which they are told."""

Labels = tuple[tuple[str, str], ...]


def write_exposition(samples: Mapping[str, Iterable[tuple[Labels, float]]]) -> str:
    """The samples of each family, with what the family is, as lines. KeyError for one that is unknown."""
    lines = []
    for name, found in samples.items():
        family = FAMILIES[name]
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}"]
        lines += [f"{name}{_write_labels(labels)} {value}" for labels, value in found]
    return "\n".join(lines) + "\n"


def _write_labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escape(text)}"' for name, text in labels) + "}" if labels else ""


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
