"""The parameters of a form's address, each checked. What is not known is not looked at."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from ..errors import InputError
from ..model import DigitSet
from . import badge, chart, digits
from .colours import read_colour
from .label import BETWEEN, HERE
from .logos import check_logo
from .numbers import FORMATS, PLURALS

MAX_LABEL = 80
THEMES = ("auto", "light", "dark")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,4}\Z")

STYLES: Mapping[str, Collection[str]] = {"badge": tuple(badge.STYLES), "digits": tuple(digits.SETS)}
"""The styles of each form that has some; the first is its usual one."""

FIELDS = (
    *("label", "color", "label-color", "labelColor", "style", "logo", "theme", "format", "locale"),
    *("min", "width", "height", "scale", "digits", "days"),
)
"""The fields of a query that say how a number shall look."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a number shall look; the same for many pages."""

    label: str | None
    colour: str
    label_colour: str
    style: str
    logo: str
    theme: str
    format: str
    locale: str
    least: int
    """Below it, nothing is shown."""
    width: int
    """0 is the form's own."""
    height: int
    scale: int
    digits: int
    days: int
    own: DigitSet | None = None
    """The owner's digits, where the style is one of those."""


class Question(NamedTuple):
    """Which number an asker wants."""

    site: str
    path: str
    period: str


def read_question(query: Mapping[str, str]) -> Question:
    """Which number the fields of a query are about; nothing is checked yet."""
    return Question(query.get("site", ""), query.get("path", ""), query.get("period", ""))


def read_options(
    form: str, query: Mapping[str, str], own: Mapping[str, DigitSet] = MappingProxyType({})
) -> Options:
    """The parameters of a form, from the fields of a query. InputError names the one that is wrong.

    `own`: the owner's sets of digits, by name.
    """
    fields = tuple([(name, query[name]) for name in FIELDS if name in query])
    if own and form == "digits" and query.get("style", "") in own:
        rest = tuple([pair for pair in fields if pair[0] != "style"])
        name = query["style"]
        return replace(_read_options(form, rest), style=name, own=own[name])
    return _read_options(form, fields)


@lru_cache(maxsize=512)
def _read_options(form: str, fields: tuple[tuple[str, str], ...]) -> Options:
    query = dict(fields)
    styles = STYLES.get(form, ("",))
    label = query.get("label")
    if label is not None:
        check_label(label)
    locale = query.get("locale", "")
    if locale and not _LOCALE.match(locale):
        raise InputError("locale", f"{locale[:40]!r} is not a language", hint="Write de, pt-BR or zh-TW.")
    return Options(
        label=label,
        colour=read_colour("color", query.get("color", "")),
        label_colour=read_colour("label-color", query.get("label-color", "") or query.get("labelColor", "")),
        style=_choose("style", query.get("style", ""), styles) if len(styles) > 1 else "",
        logo=check_logo(query.get("logo", "")),
        theme=_choose("theme", query.get("theme", ""), THEMES),
        format=_choose("format", query.get("format", ""), FORMATS),
        locale=locale,
        least=_number("min", query, 0, 0, 10**15),
        width=_number("width", query, 0, 20 if form == "digits" else 60, 1_200),
        height=_number("height", query, 0, 16, 400),
        scale=_number("scale", query, 1, 1, 3),
        digits=_number("digits", query, 6, 1, 12),
        days=_number("days", query, chart.DAYS[0], *chart.DAYS, only=chart.DAYS),
    )


def check_label(label: str) -> None:
    """InputError for a label with too many forms, or that is too long in one or says its number twice."""
    forms = label.split(BETWEEN)
    if len(forms) > len(PLURALS):
        hint = "Write one for each plural of the language: {n} view|{n} views."
        raise InputError("label", f"has more than {len(PLURALS)} forms", hint=hint)
    if max(form.count(HERE) for form in forms) > 1:
        raise InputError("label", "has {n} more than once")
    if max(map(len, forms)) > MAX_LABEL:
        raise InputError("label", f"is longer than {MAX_LABEL} characters")


def _choose(field: str, text: str, known: Collection[str]) -> str:
    if not text:
        return next(iter(known))
    if text not in known:
        raise InputError(field, f"{text[:40]!r} is not known", hint=f"Use one of {', '.join(known)}.")
    return text


def _number(
    field: str, query: Mapping[str, str], usual: int, least: int, most: int, only: Collection[int] = ()
) -> int:
    text = query.get(field, "")
    if not text:
        return usual
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 17 else -1
    if not least <= value <= most or (only and value not in only):
        hint = f"Use {' or '.join(map(str, only))}." if only else f"Use {least:,} to {most:,}."
        raise InputError(field, f"{text[:40]!r} cannot be used", hint=hint)
    return value
