"""Goals and segments as filters."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from msgspec.structs import replace

from .errors import InputError
from .filters import (
    KEPT,
    NOTHING,
    Condition,
    Done,
    Every,
    Filter,
    Some,
    Stayed,
    Unless,
    condition,
    conditions,
    join_conditions,
    read_condition,
    write_condition,
)
from .language import N_, _
from .model import GOAL_KINDS, Annotation, Goal, Segment
from .payload import PAGEVIEW
from .urls import canonical_pattern, pattern_expression

MAX_NAME = 80
MAX_TEXT = 200
MOST_KEPT = 100
"""Goals, and segments, of one site."""


def check_goal(goal: Goal) -> Goal:
    """The goal, checked; InputError names what is wrong."""
    if goal.kind not in GOAL_KINDS:
        raise InputError("kind", f"{goal.kind[:40]!r} is none", hint="One of " + ", ".join(GOAL_KINDS))
    if goal.kind in ("event", "page") and not goal.target.strip():
        raise InputError("target", "is required", hint="The event's name, or a path such as /thanks*.")
    most = {"scroll": 100, "engaged": 86_400}.get(goal.kind)
    if most is not None and not 0 < goal.amount <= most:
        raise InputError("amount", f"is a number from 1 to {most:,}")
    if len(goal.target) > 500:
        raise InputError("target", "is too long")
    check_name(goal.name)
    return goal


def check_name(name: str) -> str:
    """A name, checked; InputError when it is none."""
    if not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise InputError("name", f"has 1 to {MAX_NAME} characters")
    return name.strip()


def goal_filter(goal: Goal) -> Filter:
    """Visits in which a goal was reached."""
    found = reached(goal)
    return found if isinstance(found, Stayed) else Done(found)


def reached(goal: Goal) -> Filter:
    """What reached a goal: views of a page, events of a name; of the other kinds the visits."""
    if goal.kind == "event":
        return condition("event", "is", [goal.target])
    page = _page(goal.target) if goal.target else None
    if goal.kind == "page":
        view = condition("event", "is", [PAGEVIEW])
        return Every((view, page)) if page else view
    return Stayed(page, **{"seconds" if goal.kind == "engaged" else "scroll": goal.amount})


def _page(pattern: str) -> Condition:
    """Pages of a path with stars in it: a star is any text.

    Not checked as what a stranger asks: written as an expression a path may be longer than theirs may.
    """
    if "*" not in pattern:
        return Condition("page", "is", (canonical_pattern(pattern),))
    return Condition("page", "matches", (pattern_expression(pattern),))


GOALS = {
    "event": N_("Event %(target)s"),
    "page": N_("Page %(target)s"),
    "scroll": N_("%(amount)s%% of %(target)s seen"),
    "engaged": N_("%(amount)s s on %(target)s"),
}


def describe_goal(goal: Goal) -> str:
    """What has to be done, for people."""
    return _(GOALS[goal.kind]) % {"target": goal.target or _("any page"), "amount": goal.amount}


def check_annotation(note: Annotation) -> Annotation:
    """The note, checked; InputError names what is wrong. Its link is a web address."""
    if not 0 < len(note.text.strip()) <= MAX_TEXT or not note.text.isprintable():
        raise InputError("text", f"has 1 to {MAX_TEXT} characters, on one line")
    if note.link and (not note.link.startswith(("https://", "http://")) or len(note.link) > 2_000):
        raise InputError("link", "is no web address", hint="It begins with https://")
    if not 0 <= note.day < 100_000:
        raise InputError("date", "is no day", hint="Write it as 2026-05-01.")
    return note


# Segments


def write_filters(found: Sequence[Condition], *, is_any: bool = False) -> str:
    """Conditions as a segment keeps them."""
    pairs = [("f", write_condition(one)) for one in found]
    return urlencode([*pairs, ("any", "1")] if is_any else pairs, safe=":/")


def read_filters(text: str) -> tuple[list[Condition], bool]:
    """The conditions that a segment keeps, and whether one is enough; InputError for one that is none."""
    pairs = parse_qsl(text, keep_blank_values=True)
    return [read_condition(value) for name, value in pairs if name == "f"], ("any", "1") in pairs


def segment_filter(segment: Segment) -> Filter:
    """What a segment means. A dimension that is no more means that nothing is in it."""
    try:
        found, is_any = read_filters(segment.filters)
    except InputError:
        return NOTHING
    return join_conditions(found, is_any=is_any)


def rename_goals(found: Iterable[Condition], names: Mapping[str, str]) -> list[Condition]:
    """Conditions, those on goals by the new names that they got."""
    return [
        dataclasses.replace(one, values=tuple(names.get(value, value) for value in one.values))
        if one.dimension == "goal"
        else one
        for one in found
    ]


@dataclass(frozen=True)
class Kept:
    """What an owner keeps of a site under names."""

    goals: Sequence[Goal] = ()
    segments: Sequence[Segment] = ()

    def filters(self, kind: str) -> Mapping[str, Filter]:
        """Each by its name, and by its number: a goal first by its name, a segment by its number, for so
        pages ask for them."""
        if kind == "goal":
            of_goal = [(one, goal_filter(one)) for one in self.goals]
            return {str(one.id): tree for one, tree in of_goal} | {one.name: tree for one, tree in of_goal}
        found = [(one, segment_filter(one)) for one in self.segments]
        return {one.name: tree for one, tree in found} | {str(one.id): tree for one, tree in found}

    def with_goal_renamed(self, number: int, name: str) -> Sequence[Segment]:
        """The segments that name a goal, with the name that it gets."""
        names = {one.name: name for one in self.goals if one.id == number and one.name != name}
        changed = []
        for one in self.segments if names else ():
            with contextlib.suppress(InputError):  # about a dimension that is no more: it means nothing
                found, is_any = read_filters(one.filters)
                filters = write_filters(rename_goals(found, names), is_any=is_any)
                changed += [replace(one, filters=filters)] if filters != one.filters else []
        return changed


def names_kept(tree: Filter) -> bool:
    """Whether a filter names a goal or a segment."""
    return any(one.dimension in KEPT for one in conditions(tree))


def resolve(tree: Filter, kept: Kept, depth: int = 0) -> Filter:
    """A filter with goals and segments replaced by what they mean; InputError for one that is not there."""
    if isinstance(tree, Condition):
        if tree.dimension not in KEPT:
            return tree
        if depth and tree.dimension == "segment":
            # A segment of segments could name itself.
            return NOTHING
        known = kept.filters(tree.dimension)
        missing = [value for value in tree.values if value not in known]
        if missing and depth:
            # So that the page of the segment can be shown, where it is changed or forgotten.
            return NOTHING
        if missing:
            raise InputError("filters", f"there is no {tree.dimension} {missing[0][:80]!r}")
        parts = tuple(resolve(known[value], kept, depth + 1) for value in tree.values)
        found: Filter = parts[0] if len(parts) == 1 else Some(parts)
        return Unless(found) if tree.is_negative else found
    if isinstance(tree, Unless):
        return Unless(resolve(tree.part, kept, depth))
    if isinstance(tree, Done):
        return Done(resolve(tree.part, kept, depth))
    if isinstance(tree, Stayed):
        return tree
    parts = tuple(resolve(part, kept, depth) for part in tree.parts)
    return Every(parts) if isinstance(tree, Every) else Some(parts)
