"""How numbers, days and changes are written for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from .days import to_date
from .language import _, spoken
from .model import OTHER, Adjustment

READABLE = (("%20", " "), ("%23", "#"), ("%3F", "?"))
"""What stays escaped in a canonical path, but reads better as it is."""


def number(value: int) -> str:
    """1,234,567"""
    return f"{value:,}".replace(",", spoken().thousands)


def compact(value: int) -> str:
    """A round value as an axis has room for: 2,500, 25k, 2.5M"""
    for size, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (10_000, "k")):
        if value >= size:
            return f"{value / min(size, 1_000 if letter == 'k' else size):g}{letter}"
    return number(value)


def plural(count: int, one: str) -> str:
    """A number with its noun: 1 view, 1,234 views"""
    many = f"{one[:-1]}ies" if one.endswith(("ty", "ry")) else f"{one}s"
    return f"{number(count)} {one if count == 1 else many}"


def percent(share: float | None) -> str:
    """A share from 0 to 1 as 42%; a dash when there is none."""
    return "–" if share is None else f"{100 * share:.0f}{spoken().percent}"


def share(part: int, whole: int) -> str:
    """A part of a whole as 42%, or <1% where rounding would make it nothing."""
    if not whole:
        return "–"
    return "<1%" if 0 < part / whole < 0.005 else percent(part / whole)


def length(part: int, whole: int) -> str:
    """A part of a whole as the length of a bar: 42.5%"""
    return f"{100 * part / whole:.2f}%" if whole else "0%"


def seconds(value: float | None) -> str:
    """A length of time as 42s, 3m 05s or 1h 02m; a dash when there is none."""
    if value is None:
        return "–"
    minutes, rest = divmod(round(value), 60)
    if minutes >= 60:
        return f"{minutes // 60}h {minutes % 60:02d}m"
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


def date(day: int) -> str:
    """A day number as 5 Nov 2026."""
    return f"{day_of_year(day)} {to_date(day).year}"


def day_of_year(day: int) -> str:
    """A day number as 5 Nov."""
    return _write_day(day, spoken().day)


def _write_day(day: int, pattern: str) -> str:
    value = to_date(day)
    if spoken().code == "en":
        return f"{value.day} {value:%b}"
    from babel.dates import format_date

    return format_date(value, pattern, locale=spoken().code)


def iso(day: int) -> str:
    """A day number as 2026-11-05."""
    return to_date(day).isoformat()


def weekday(day: int) -> str:
    """A day number as Thu 5 Nov 2026."""
    if spoken().code == "en":
        return f"{to_date(day):%a} {date(day)}"
    return _write_day(day, spoken().weekday)


def days_between(first: int, last: int) -> str:
    """A range of days without saying anything twice: 5–11 Nov 2026, 30 Nov – 6 Dec 2026"""
    start, end = to_date(first), to_date(last)
    if first == last:
        return weekday(first)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}{'.' if spoken().day.startswith('d.') else ''}–{date(last)}"
    if start.year == end.year:
        return f"{day_of_year(first)} – {date(last)}"
    return f"{date(first)} – {date(last)}"


def change(now: float | None, before: float | None) -> str:
    """How much a figure changed against the one before, as +12% or −5%; empty where that means nothing."""
    if now is None or not before:
        return ""
    growth = (now - before) / before
    return "±0%" if abs(growth) < 0.005 else f"{growth:+,.0%}".replace("-", "−")


def points(now: float | None, before: float | None) -> str:
    """How much a rate changed, in percentage points: +3 points; empty where that means nothing."""
    if now is None or before is None:
        return ""
    moved = round(100 * now) - round(100 * before)
    if not moved:
        return "±0 points"
    return f"{moved:+d} point{'' if abs(moved) == 1 else 's'}".replace("-", "−")


def sentence(problem: str) -> str:
    """What is wrong with a field, as a sentence: "password: is empty" is "The password is empty."."""
    field, colon, what = problem.partition(": ")
    text = f"The {field} {what}" if colon and field.isalpha() else problem
    return text if text.endswith((".", "!", "?")) else f"{text}."


def path(key: str) -> str:
    """A page's key as people read it; the row of what is over the cap says so."""
    if key == OTHER:
        return "Pages over the daily limit of new pages"
    for escaped, plain in READABLE:
        key = key.replace(escaped, plain)
    return key


def host(key: str) -> str:
    """A referring host; the rows that are none say what they are."""
    if key == OTHER:
        return "Hosts over the daily limit of new hosts"
    return key or "Direct or unknown"


UNKNOWN = {"source": "Direct or unknown", "referrer": "Direct or unknown", "channel": "Direct"}
NOT_SET = ("utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term", "click", "medium")


def word(label: str, dimension: str) -> str:
    """A group's label as people read it; the empty one says what it stands for."""
    if label == OTHER:
        return "Others over the daily limit"
    if not label:
        return UNKNOWN.get(dimension, "None" if dimension in NOT_SET else "Unknown")
    if dimension == "country":
        return country(label)
    if dimension == "language":
        return language(label)
    return path(label) if dimension in ("page", "entry", "exit") else label


@lru_cache(maxsize=1)
def _names() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Names of countries and of languages, by code."""
    # Their tables take a while to load, which a start should not wait for.
    from babel import Locale

    english = Locale("en")
    return english.territories, english.languages


def country(code: str) -> str:
    """The name of a country by its code, or the code where it is none: DE is Germany."""
    return _names()[0].get(code, code)


def language(code: str) -> str:
    """The name of a language by its code, or the code where it is none: de is German."""
    return _names()[1].get(code, code)


def flag(label: str, dimension: str) -> str:
    """The flag of a country as an emoji, with a space behind it; nothing for everything else."""
    if dimension != "country" or len(label) != 2 or not (label.isascii() and label.isupper()):
        return ""
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in label) + " "


OPERATORS = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "contains_not": "does not contain",
    "matches": "matches",
    "matches_not": "does not match",
}


def operator(name: str) -> str:
    """An operator of a filter as people read it."""
    return OPERATORS[name]


def per_visit(views: int, visits: int) -> str:
    """Views per visit as 2.4; a dash when there is none."""
    return f"{views / visits:.1f}".replace(".", spoken().decimal) if visits else "–"


def zone(name: str) -> str:
    """A time zone as America/New York."""
    return name.replace("_", " ")


REASONS: dict[str, str] = {
    "unknown-site": "The page is of no site here, nor was one named. Somebody copied the line, or a domain"
    " or alias is missing.",
    "host": "The page was shown under a host that is not the site’s: a copy, a translation, a preview. If it"
    " is yours, add it as an alias.",
    "bot": "The reader says it is a crawler, a tool, or a link preview.",
    "headless": "The reader says it is a browser without a screen, which a program drives.",
    "spam": "The referrer is known for visits that nobody made.",
    "rule": "A rule of yours took it out.",
    "prefetch": "A browser or a link preview fetched the page ahead, and nobody saw it.",
    "opt-out": "The browser asks not to be counted, and this site honours it.",
    "excluded-address": "The address is one that you excluded.",
    "excluded-path": "The page is one that you excluded.",
    "cooldown": "The same visitor saw the same page again sooner than the site counts it.",
    "token": "The page carried no token of yours, or one of another page, and this site counts signed pages"
    " only. Somebody made the view up, or the page was built without its token.",
    "rate-limit": "One network sent more views than are taken; it was told to wait.",
    "unusable-address": "The address of the page cannot be used: too long, of a file, or none at all.",
    "unusable-event": "A client of Google Analytics sent something that could not be read.",
    "no-view": "A tracker’s client introduced a visitor or began a session, which is nothing to count.",
    "too-many": "More than 100 messages came in one request; the first hundred were taken.",
    "engagement": "A foreign tracker’s sign that a page is still open, which is no view.",
}
"""Why a view was deliberately not counted, in a sentence for its owner."""


def reason(name: str) -> str:
    """A reason for dropping as a sentence."""
    return REASONS.get(name, "It was deliberately not counted.")


def adjustment(one: Adjustment) -> str:
    """What an adjustment did, in a few words: rename /a to /b, import counts.csv (1,204 pages)"""
    detail, what = one.detail, one.kind
    if detail.file:
        return f"{what} {detail.file} ({detail.strategy}, {plural(detail.pages, 'page')})"
    if detail.target:
        return f"{what} {path(detail.path)} to {path(detail.target)}"
    if what == "offset":
        what = "add to" if detail.strategy == "add" else "set"
    if what == "exclude":
        past = f" and the past of {plural(detail.pages, 'page')}" if detail.pages else ""
        return f"exclude {detail.path}{past}"
    return f"{what} {path(detail.path) if detail.path else 'the site'}"


def said(text: str) -> str:
    """A text of ours in the language of the page; one that is nobody's but the owner's stays as it is."""
    return _(text)


FILTERS: dict[str, Callable[..., Any]] = {
    "said": said,
    "number": number,
    "plural": plural,
    "percent": percent,
    "share": share,
    "length_of": length,
    "seconds": seconds,
    "date": date,
    "iso": iso,
    "weekday": weekday,
    "days_between": days_between,
    "change": change,
    "points": points,
    "sentence": sentence,
    "path": path,
    "host": host,
    "zone": zone,
    "word": word,
    "flag": flag,
    "operator": operator,
    "per_visit": per_visit,
    "reason": reason,
    "adjustment": adjustment,
}
