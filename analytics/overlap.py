"""Logs of a time of which something was imported before: one that grew would count its old lines twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from . import wording
from .days import local_day
from .errors import Refused
from .model import Earlier, Moments

SEAM = 600
"""Seconds that two logs may share: a server that begins a new one ends its requests in the old one."""

SHOWN = 3
"""Imports that are named."""

DONE, RUNNING = "done", "running"


class Overlap(StrEnum):
    """What becomes of a log of which views may be there already."""

    REFUSE = "refuse"
    SKIP = "skip"
    """Only what is later than all that was imported before counts."""
    COUNT = "count"
    """All of it counts."""


@dataclass(frozen=True)
class Past:
    """What was imported of a site before, and what becomes of a log that may have some of it again."""

    earlier: Sequence[Earlier] = ()
    overlap: Overlap = Overlap.REFUSE

    def without_rests_of(self, fingerprint: str) -> Past:
        """The same without what was cut off of imports of a content, which is taken back."""
        kept = [one for one in self.earlier if one.state == DONE or one.fingerprint != (fingerprint or None)]
        return replace(self, earlier=kept)

    def without(self, number: int) -> Past:
        """The same without one import."""
        return replace(self, earlier=[one for one in self.earlier if one.number != number])

    def has(self, fingerprint: str) -> bool:
        """Whether that very content is among it, which is refused for this reason."""
        return any(one.fingerprint == fingerprint for one in self.earlier)

    def has_all_of(self, fingerprint: str) -> bool:
        """Whether that very content was imported, so that nothing of it is later than what was."""
        known = {one.fingerprint for one in self.earlier if one.state == DONE}
        return self.overlap == Overlap.SKIP and fingerprint in known

    @property
    def end(self) -> tuple[int, int]:
        """Where a log begins to count: the time of the last view of all, and how many have that time."""
        if self.overlap != Overlap.SKIP or not self.earlier:
            return 0, 0
        last = max(one.span.last for one in self.earlier)
        return last, sum(one.in_last_second for one in self.earlier if one.span.last == last)

    def shared_with(self, span: Moments | None, *, is_whole: bool = True) -> list[Earlier]:
        """The imports of the same time as a log; not `is_whole` means that more of it is to come."""
        found = [] if span is None else self.earlier
        return [one for one in found if span and _is_shared(one.span, span, is_whole=is_whole)]

    def check(self, span: Moments | None, timezone: str, *, is_whole: bool = True) -> None:
        """Refused when a log has views of the same time as an import, and nobody said what to do then."""
        shared = self.shared_with(span, is_whole=is_whole) if self.overlap == Overlap.REFUSE else []
        if shared:
            raise Refused(f"{describe(shared, timezone)}: this log could count it twice", hint=advise(shared))

    def check_since(self, start: Past) -> None:
        """Refused when a log that began where others ended would begin elsewhere by now."""
        if self.end[0] != start.end[0]:
            hint = "It is taken back. Import it again, alone."
            raise Refused("another log of the site was imported meanwhile", hint=hint)


def _is_shared(known: Moments, log: Moments, *, is_whole: bool) -> bool:
    first, last = max(known.first, log.first), min(known.last, log.last)
    if last < first:
        return False
    is_inside = (first, last) == (known.first, known.last) or (
        is_whole and (first, last) == (log.first, log.last)
    )
    return is_inside or last - first > SEAM


def describe(shared: Sequence[Earlier], timezone: str) -> str:
    """The imports of the same time in words, the last ones by name."""
    told = []
    for one in shared[-SHOWN:]:
        first, last = (wording.date(local_day(timezone, at)) for at in (one.span.first, one.span.last))
        days = first if first == last else f"{first} to {last}"
        views = wording.plural(one.views, "view")
        told.append(f"import {one.number} ({one.file}, {views} of {days})")
    if len(shared) > SHOWN:
        told.insert(0, wording.plural(len(shared) - SHOWN, "earlier import"))
    return f"the same time was imported before, by {', '.join(told)}"


def advise(shared: Sequence[Earlier]) -> str:
    """What can be done then."""
    hint = (
        "To add only what is later than all that was imported, give --after-last; to count all of it"
        " (the log of another server, say), --regardless."
    )
    for number, state in ((one.number, one.state) for one in shared if one.state != DONE):
        # Whoever sent a server what runs may be gone all the same.
        what = "is under way (wait until it is done), or was cut off" if state == RUNNING else "was cut off"
        hint += f" Import {number} {what}; to take its part back: pagetally import undo {number}"
    return hint
