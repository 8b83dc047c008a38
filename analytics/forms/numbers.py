"""How numbers are written on public pages: grouped as a language does, compact, or raw."""

from __future__ import annotations

from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

import msgspec

if TYPE_CHECKING:
    from babel.plural import PluralRule

T = TypeVar("T")

FORMATS = ("grouped", "compact", "raw")
PLURALS = ("zero", "one", "two", "few", "many", "other")
"""Every plural that a language may have, in the order of the CLDR."""

COMPACT_LEAST = 5
"""Digits from which on compact numbers are grouped in every language."""


class Unit(msgspec.Struct, frozen=True, array_like=True):
    """What stands around a compact number of a power of ten and more, for so many zeros, by its plural."""

    power: int
    zeros: int
    before: str
    after: dict[str, str]


PLAIN = Unit(0, 0, "", {"other": ""})


class Numerals(msgspec.Struct, frozen=True):
    """How one language writes numbers."""

    group: str
    second: int
    """Digits of all groups but the last, which has three: 2 where one counts in lakhs."""
    least: int
    """Digits that must stand before the last group, so that there are groups."""
    point: str
    minus: str
    digits: str
    """The ten digits, where they are others than ours."""
    units: tuple[Unit, ...]


class Tables(msgspec.Struct, frozen=True):
    """Of all languages, by tag; of those that write as the tag without its last part does, nothing."""

    numbers: dict[str, Numerals]
    plurals: dict[str, dict[str, str]]


@cache
def _load() -> Tables:
    """The tables that `tests/numerals.py` makes."""
    file = files("analytics") / "data" / "numerals.json"
    return msgspec.json.decode(file.read_bytes(), type=Tables)


def write_number(value: int, form: str = "grouped", locale: str = "") -> str:
    """A whole number in one of FORMATS; `locale` is a language tag such as `de`, English if empty."""
    if form == "raw":
        return str(value)
    if form == "compact":
        return _compact(value, locale)
    return _group(str(value), _numerals(locale)) if locale else f"{value:,}"


def read_plural(value: int | Decimal, locale: str) -> str:
    """Which of PLURALS goes with a number in a language, English if empty."""
    return str(_rule(locale)(value))


def list_plurals(locale: str) -> list[str]:
    """The plurals that a language has, in their order."""
    known = {*_rule(locale).tags, "other"}
    return [name for name in PLURALS if name in known]


@lru_cache(maxsize=256)
def _numerals(locale: str) -> Numerals:
    tables = _load()
    return _of_language(tables.numbers, locale, tables.numbers["en"])


@lru_cache(maxsize=256)
def _rule(locale: str) -> PluralRule:
    # Here, because to load it takes a while, and most never need it.
    from babel.plural import PluralRule

    tables = _load()
    return PluralRule(_of_language(tables.plurals, locale, tables.plurals["en"]))


def _of_language(table: dict[str, T], locale: str, default: T) -> T:
    """The row of a language tag: the whole tag, its parts, its first part, or the default."""
    tag = locale.lower().replace("_", "-")
    while tag:
        if tag in table:
            return table[tag]
        tag = tag.rpartition("-")[0]
    return default


def _group(text: str, numerals: Numerals, least: int = 0) -> str:
    """Digits (with a minus before them) in groups, where there are enough for that."""
    minus, digits = ("-" if text[0] == "-" else ""), text.lstrip("-")
    if len(digits) >= (least or 3 + numerals.least):
        head, groups = digits[:-3], [digits[-3:]]
        while head:
            groups.append(head[-numerals.second :])
            head = head[: -numerals.second]
        digits = numerals.group.join(reversed(groups))
    return _spell(minus + digits, numerals)


def _spell(text: str, numerals: Numerals) -> str:
    """Digits and minus as the language has them."""
    if numerals.digits:
        text = "".join(numerals.digits[ord(char) - 48] if "0" <= char <= "9" else char for char in text)
    return numerals.minus + text[1:] if text[0] == "-" else text


def _compact(value: int, locale: str) -> str:
    """Two digits below a hundred of a unit, whole units above, as `Intl.NumberFormat` does: 1.2K, 12K, 1M.

    A number that rounds up to the next unit is written in that: 999,950 is 1M, never 1000K.
    """
    numerals = _numerals(locale)
    size = abs(value)
    unit = _unit(size, numerals)
    rounded = _round(size, unit.zeros)
    if len(str(rounded)) > len(str(size)):
        unit = _unit(rounded, numerals)
    whole, rest = divmod(rounded, 10**unit.zeros)
    tenths = rest * 10 // 10**unit.zeros
    minus = numerals.minus if value < 0 else ""
    text = minus + unit.before + _group(str(whole), numerals, max(COMPACT_LEAST, 3 + numerals.least))
    if tenths:
        text += numerals.point + _spell(str(tenths), numerals)
    after = unit.after
    if len(after) > 1:
        shown = Decimal(f"{whole}.{tenths}") if tenths else whole
        return text + after.get(read_plural(shown, locale), after["other"])
    return text + after["other"]


def _unit(size: int, numerals: Numerals) -> Unit:
    power = len(str(size)) - 1
    return max(
        (one for one in numerals.units if one.power <= power), key=lambda one: one.power, default=PLAIN
    )


def _round(size: int, zeros: int) -> int:
    """To a tenth of a unit below ten units, to whole ones above; halves go up."""
    step: int = 10**zeros
    if zeros and (size * 10 + step // 2) // step < 100:
        step //= 10
    return (size + step // 2) // step * step
