"""Which visits are meant: conditions on dimensions, joined by and, or, not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

import regex

from .dimensions import NO_PROPERTY, PROPERTY, Level, find_dimension
from .errors import InputError

OPERATORS = ("is", "is_not", "contains", "contains_not", "matches", "matches_not")
ANY_CASE = "~"
"""Follows an operator, where conditions are text, for which upper and lower case are one."""
MAX_VALUES = 1_000
MAX_PATTERN = 500
"""Characters of a pattern or of a value."""
PATIENCE = 0.05
"""Seconds that one pattern may take with one value: some patterns take years."""
BUDGET = 2.0
"""Seconds that a condition may take with all values of a question."""


@dataclass(frozen=True)
class Condition:
    """A dimension has one of some values, or (with a `_not` operator) none of them."""

    dimension: str
    operator: str
    values: tuple[str, ...]
    is_exact: bool = True
    """Whether upper and lower case differ."""

    @property
    def is_negative(self) -> bool:
        return self.operator.endswith("_not")


@dataclass(frozen=True)
class Every:
    """All of several hold; of none, it does."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Some:
    """At least one of several holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class Unless:
    """A filter does not hold."""

    part: Filter


@dataclass(frozen=True)
class Done:
    """In the same visit something happened for which a filter holds."""

    part: Filter


@dataclass(frozen=True)
class Stayed:
    """Some page was looked at for so long, or scrolled so far, in one visit."""

    page: Condition | None
    """Which page; None for any."""
    seconds: int = 0
    scroll: int = 0
    """Per cent."""


Filter = Condition | Every | Some | Unless | Done | Stayed

KEPT = ("goal", "segment")
"""What an owner keeps under a name, and filters can name like a dimension."""

NO_FILTER = Every(())
"""It holds of everything."""
NOTHING = Some(())
"""It holds of nothing."""


def both(one: Filter, other: Filter) -> Filter:
    """What two filters mean together."""
    if NO_FILTER in (one, other):
        return other if one == NO_FILTER else one
    return Every((one, other))


def done_in(tree: Filter, time: Filter) -> Filter:
    """The same filter, where only what was done at a time counts as done.

    Of engagement no time is kept: it counts as long as its visit does.
    """
    if isinstance(tree, Done):
        return Done(both(tree.part, time))
    if isinstance(tree, Unless):
        return Unless(done_in(tree.part, time))
    if isinstance(tree, Every | Some):
        return type(tree)(tuple(done_in(part, time) for part in tree.parts))
    return tree


def conditions(tree: Filter) -> Iterator[Condition]:
    """Every condition in a filter."""
    if isinstance(tree, Condition):
        yield tree
    elif isinstance(tree, Unless | Done):
        yield from conditions(tree.part)
    elif isinstance(tree, Stayed):
        if tree.page is not None:
            yield tree.page
    else:
        for part in tree.parts:
            yield from conditions(part)


def levels(tree: Filter) -> set[Level]:
    """Whether a filter says which visits are meant, which views of them, which events. What a visit has
    done tells no view or event from others."""
    if isinstance(tree, Condition):
        return {find_dimension(tree.dimension).level}
    if isinstance(tree, Unless):
        return levels(tree.part)
    if isinstance(tree, Done | Stayed):
        return set()
    return set[Level]().union(*map(levels, tree.parts))


def condition(
    dimension: str, operator: str, values: list[str] | tuple[str, ...], *, is_exact: bool = True
) -> Condition:
    """A condition that was checked; InputError says what is wrong with it."""
    if dimension not in KEPT:
        if find_dimension(dimension, "filters").name == "property":
            raise InputError("filters", "names no property", hint="Write it as prop.plan:is:pro.")
    elif operator not in ("is", "is_not"):
        raise InputError("filters", f"{dimension} is, or is not: {operator[:40]!r} means nothing here")
    if operator not in OPERATORS:
        hint = "One of " + ", ".join(OPERATORS)
        raise InputError("filters", f"{operator[:40]!r} is not an operator", hint=hint)
    if not 0 < len(values) <= MAX_VALUES:
        raise InputError("filters", f"has {len(values)} values; it takes 1 to {MAX_VALUES:,}")
    for value in values:
        if len(value) > (MAX_PATTERN if operator not in ("is", "is_not") else 4_000):
            raise InputError("filters", "has a value that is too long")
    made = Condition(dimension, operator, tuple(values), is_exact)
    tester(made)
    return made


def tester(
    one: Condition,
    patience: float = PATIENCE,  # noqa: PT028 (no test)
    budget: float = BUDGET,  # noqa: PT028
) -> Callable[[str], bool]:
    """A function that tells whether a value is among those that the condition names, its `not` aside.

    It raises InputError when the patterns take longer than `patience` seconds with a value, or than
    `budget` seconds with all values that it is ever asked about.
    """
    has = _tester(one, patience, budget)
    if one.dimension.startswith(PROPERTY) and one.operator not in ("is", "is_not"):
        # The word for an event without the property is no text of one, in which something could be.
        return lambda text: text != NO_PROPERTY and has(text)
    return has


def _tester(one: Condition, patience: float, budget: float) -> Callable[[str], bool]:
    """The same, of values that are text."""
    fold = (lambda text: text) if one.is_exact else str.casefold
    if one.operator in ("is", "is_not"):
        wanted = {fold(value) for value in one.values}
        return lambda text: fold(text) in wanted
    if one.operator in ("contains", "contains_not"):
        parts = [fold(value) for value in one.values]
        return lambda text: any(part in fold(text) for part in parts)
    try:
        flags = regex.VERSION0 if one.is_exact else regex.IGNORECASE
        patterns = [regex.compile(value, flags) for value in one.values]
    except (regex.error, ValueError, RecursionError, MemoryError) as error:
        raise InputError("filters", f"has a pattern that is none: {error}") from error
    left = budget

    def matches(text: str) -> bool:
        nonlocal left
        started = monotonic()
        try:
            found = any(pattern.search(text, timeout=patience) for pattern in patterns)
        except (TimeoutError, RecursionError, MemoryError):
            raise InputError("filters", "has a pattern that takes too long") from None
        left -= monotonic() - started
        if left < 0:
            raise InputError("filters", "has a pattern that takes too long")
        return found

    return matches


def read_condition(text: str) -> Condition:
    """A condition as addresses and commands have it: `country:is:DE|AT`, with `\\|` for a bar itself.

    `\\\\` is a backslash (a single one, too, before anything but a bar), and `~` after the operator
    means that upper and lower case are one: `country:is~:de`. InputError says what is wrong with it.
    """
    dimension, has_operator, rest = text.partition(":")
    operator, has_values, values = rest.partition(":")
    if not has_operator or not has_values:
        hint = "Write it as country:is:DE, or page:contains:/blog."
        raise InputError("filter", f"{text[:60]!r} has no dimension, operator and value", hint=hint)
    is_exact = not operator.endswith(ANY_CASE)
    return condition(dimension, operator.removesuffix(ANY_CASE), _split(values), is_exact=is_exact)


def _split(text: str) -> list[str]:
    """The values between bars; a backslash before a bar or a backslash makes it part of a value."""
    values = [""]
    for piece in regex.findall(r"\\[\\|]|\||[^\\|]+|\\", text):
        if piece == "|":
            values.append("")
        else:
            values[-1] += piece[1:] if piece in ("\\|", "\\\\") else piece
    return values


def write_condition(one: Condition) -> str:
    """The text from which `read_condition` makes the same condition."""
    values = "|".join(value.replace("\\", "\\\\").replace("|", "\\|") for value in one.values)
    return f"{one.dimension}:{one.operator}{'' if one.is_exact else ANY_CASE}:{values}"


def join_conditions(found: Sequence[Condition], *, is_any: bool = False) -> Filter:
    """Several conditions as one filter: all of them, or at least one."""
    if not found:
        return NO_FILTER
    return Some(tuple(found)) if is_any else Every(tuple(found))
