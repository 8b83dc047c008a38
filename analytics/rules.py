"""Rules of an owner on their way to views that are still to come: which count, and which are kept apart.

What a rule does to stored hits is `store.apart`; both ask the same of a hit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from msgspec.structs import replace

from .channels import classify
from .dimensions import BY_NAME, Dimension, Level, find_dimension
from .errors import InputError
from .filters import KEPT, read_condition, tester
from .model import Drop, Hit, Kind, Rule

STANDING = ("running", "done")
"""States of a rule in which it also holds for what comes."""

RULE = "rule"
"""The reason of what a rule took out."""

HASTE = 0.002
"""Seconds that a pattern may take with a word, while views wait."""

OF_CAMPAIGN = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_content": "content",
    "utm_term": "term",
    "click": "click",
}


@dataclass(frozen=True)
class Judge:
    """One rule, ready to be asked."""

    number: int
    action: str
    is_meant: Callable[[Hit], bool]


def ruled() -> list[str]:
    """The dimensions that a rule can ask about."""
    return [name for name, one in BY_NAME.items() if _column(one)]


def _column(dimension: Dimension) -> str:
    """The column of hits that has a dimension; empty where that is not one of single views."""
    column = {"view_path": "path"}.get(dimension.column, dimension.column)
    is_of_hit = dimension.level in (Level.VISIT, Level.VIEW)
    return column if is_of_hit and column in ("client", "place", "source", "path") else ""


def column_of(text: str) -> str:
    """The column of hits that a rule's filter asks about; InputError where it asks about whole visits."""
    name = read_condition(text).dimension
    column = "" if name in KEPT else _column(find_dimension(name))
    if not column:
        hint = (
            "Such as browser:is:SomeBot, network:contains:Hosting, page:is:/trap, referrer:is:spam.example."
        )
        raise InputError("filter", "is about more than a single view", hint=hint)
    return column


def compile_rule(rule: Rule) -> Judge:
    """A rule, ready to be asked. InputError for a filter that no hit can meet by itself."""
    column_of(rule.filter)
    one = read_condition(rule.filter)
    test, dimension = tester(one, HASTE, inf), find_dimension(one.dimension)

    @lru_cache(maxsize=4_096)
    def is_meant(word: str) -> bool:
        try:
            return test(word) != one.is_negative
        except InputError:
            # A pattern that takes long with this word: nothing that a visitor sends may hold views up.
            return False

    return Judge(rule.id, rule.action, lambda hit: is_meant(word_of(hit, dimension)))


def by_site(rules: Iterable[Rule]) -> Mapping[int, tuple[Judge, ...]]:
    """The rules that hold for what comes, of each site, oldest first."""
    found: dict[int, tuple[Judge, ...]] = {}
    for rule in rules:
        if rule.state in STANDING:
            found[rule.site] = (*found.get(rule.site, ()), compile_rule(rule))
    return found


def judge(hit: Hit, reason: str, judges: Sequence[Judge]) -> Hit | Drop:
    """What becomes of a hit that is to be kept apart for a reason (none: ""), one rule after the other.

    As with what is stored: what a rule took out, a later one does not release.
    """
    released: tuple[int, str] | None = None
    is_view = hit.kind == Kind.VIEW
    for one in judges:
        is_apart = bool(reason) and released is None
        if one.action == "release":
            if is_apart and one.is_meant(hit):
                released = (one.number, reason)
        elif not is_apart and one.is_meant(hit):
            return Drop(hit.site, RULE, replace(hit, released=released), one.number, is_view=is_view)
    if reason and released is None:
        return Drop(hit.site, reason, hit, is_view=is_view)
    # No title: what a machine says must not rename a page.
    return replace(hit, released=released, title="") if released else hit


def word_of(hit: Hit, dimension: Dimension) -> str:
    """The word of a hit in a dimension, as it will stand in the tables."""
    if dimension.table == "path":
        return hit.title if dimension.field == "title" else hit.path
    if dimension.table == "source":
        return _word_of_source(hit, dimension.field)
    row = hit.client if dimension.table == "client" else hit.place
    word = " ".join(getattr(row, field) for field in dimension.field.split(" || ' ' || "))
    return word if word != " " else ""


def _word_of_source(hit: Hit, field: str) -> str:
    if field == "host":
        return hit.source
    if field in OF_CAMPAIGN:
        return str(getattr(hit.campaign, OF_CAMPAIGN[field]))
    return str(getattr(classify(hit.source, hit.campaign), field))
