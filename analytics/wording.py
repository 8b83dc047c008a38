"""How numbers, days and changes are written for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .channels import CHANNELS
from .days import to_date
from .dimensions import BY_NAME, PROPERTY, find_dimension, split_property
from .language import N_, NN_, _, ngettext, spoken
from .model import OTHER, Actor, Adjustment
from .places import names_in

READABLE = (("%20", " "), ("%23", "#"), ("%3F", "?"))
"""What stays escaped in a canonical path, but reads better as it is."""


def number(value: int) -> str:
    """1,234,567"""
    return f"{value:,}".replace(",", spoken().thousands)


def compact(value: int) -> str:
    """A round value as an axis has room for: 2,500, 25k, 2.5M"""
    for size, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (10_000, "k")):
        if value >= size:
            text = f"{value / min(size, 1_000 if letter == 'k' else size):g}{letter}"
            return text.replace(".", spoken().decimal)
    return number(value)


NOUNS: Mapping[str, tuple[str, str]] = {
    "view": NN_("%(n)s view", "%(n)s views"),
    "visit": NN_("%(n)s visit", "%(n)s visits"),
    "visitor": NN_("%(n)s visitor", "%(n)s visitors"),
    "event": NN_("%(n)s event", "%(n)s events"),
    "day": NN_("%(n)s day", "%(n)s days"),
    "bar": NN_("%(n)s bar", "%(n)s bars"),
    "page": NN_("%(n)s page", "%(n)s pages"),
    "point": NN_("%(n)s point", "%(n)s points"),
    "other page": NN_("%(n)s other page", "%(n)s other pages"),
    "other entry page": NN_("%(n)s other entry page", "%(n)s other entry pages"),
    "other exit page": NN_("%(n)s other exit page", "%(n)s other exit pages"),
    "other title": NN_("%(n)s other title", "%(n)s other titles"),
    "other source": NN_("%(n)s other source", "%(n)s other sources"),
    "other channel": NN_("%(n)s other channel", "%(n)s other channels"),
    "other medium": NN_("%(n)s other medium", "%(n)s other mediums"),
    "other referring host": NN_("%(n)s other referring host", "%(n)s other referring hosts"),
    "other campaign": NN_("%(n)s other campaign", "%(n)s other campaigns"),
    "other campaign source": NN_("%(n)s other campaign source", "%(n)s other campaign sources"),
    "other campaign medium": NN_("%(n)s other campaign medium", "%(n)s other campaign mediums"),
    "other campaign content": NN_("%(n)s other campaign content", "%(n)s other campaign contents"),
    "other campaign term": NN_("%(n)s other campaign term", "%(n)s other campaign terms"),
    "other click id": NN_("%(n)s other click id", "%(n)s other click ids"),
    "other browser": NN_("%(n)s other browser", "%(n)s other browsers"),
    "other browser version": NN_("%(n)s other browser version", "%(n)s other browser versions"),
    "other system": NN_("%(n)s other system", "%(n)s other systems"),
    "other system version": NN_("%(n)s other system version", "%(n)s other system versions"),
    "other device": NN_("%(n)s other device", "%(n)s other devices"),
    "other screen": NN_("%(n)s other screen", "%(n)s other screens"),
    "other host": NN_("%(n)s other host", "%(n)s other hosts"),
    "other country": NN_("%(n)s other country", "%(n)s other countries"),
    "other region": NN_("%(n)s other region", "%(n)s other regions"),
    "other city": NN_("%(n)s other city", "%(n)s other cities"),
    "other network": NN_("%(n)s other network", "%(n)s other networks"),
    "other language": NN_("%(n)s other language", "%(n)s other languages"),
    "other property": NN_("%(n)s other property", "%(n)s other properties"),
    "other event": NN_("%(n)s other event", "%(n)s other events"),
}
"""What the owner's pages count. The terminal, which speaks English only, counts more."""


def plural(count: int, one: str) -> str:
    """A number with its noun: 1 view, 1,234 views"""
    if one in NOUNS:
        return ngettext(*NOUNS[one], count) % {"n": number(count)}
    many = f"{one[:-1]}ies" if one.endswith(("ty", "ry")) else f"{one}s"
    return f"{number(count)} {one if count == 1 else many}"


def amounts(views: int, events: int) -> str:
    """What there is of both: 6 views, 5 events"""
    found = ((views, "view"), (events, "event"))
    return ", ".join(plural(count, noun) for count, noun in found if count)


def percent(share: float | None) -> str:
    """A share from 0 to 1 as 42%; a dash when there is none."""
    return "–" if share is None else f"{100 * share:.0f}{spoken().percent}"


def share(part: int, whole: int) -> str:
    """A part of a whole as 42%, or <1% where rounding would make it nothing."""
    if not whole:
        return "–"
    return f"<1{spoken().percent}" if 0 < part / whole < 0.005 else percent(part / whole)


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
    if spoken().code == "en":
        return f"{to_date(day).day} {to_date(day):%b}"
    return _write_day(day, spoken().day)


def month(day: int) -> str:
    """The month of a day number as Nov 2026."""
    return f"{to_date(day):%b %Y}" if spoken().code == "en" else _write_day(day, "MMM yyyy")


def _write_day(day: int, pattern: str) -> str:
    # Its tables take a while to load, which a start should not wait for.
    from babel.dates import format_date

    return format_date(to_date(day), pattern, locale=spoken().code)


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
    if abs(growth) < 0.005:
        return f"±0{spoken().percent}"
    return f"{'+' if growth > 0 else '−'}{number(round(100 * abs(growth)))}{spoken().percent}"


def points(now: float | None, before: float | None) -> str:
    """How much a rate changed, in percentage points: +3 points; empty where that means nothing."""
    if now is None or before is None:
        return ""
    moved = round(100 * now) - round(100 * before)
    return f"{'+' if moved > 0 else '−' if moved else '±'}{plural(abs(moved), 'point')}"


def tenths(now: float | None, before: float | None) -> str:
    """How much a small mean changed, as it is shown: +0.2; empty where that means nothing."""
    if now is None or before is None:
        return ""
    moved = round(round(now, 1) - round(before, 1), 1)
    sign = "+" if moved > 0 else "−" if moved else "±"
    return f"{sign}{abs(moved):.1f}".replace(".", spoken().decimal)


def signed(value: int) -> str:
    """A number with its sign: +1,204, −3, +0"""
    return f"{'−' if value < 0 else '+'}{number(abs(value))}"


PROBLEMS = (
    # Made by `analytics.passwords`.
    N_("The password is shorter than 10 characters."),
    N_("The password is longer than 200 characters."),
)


def sentence(problem: str) -> str:
    """What is wrong with a field, as a sentence: "password: is empty" is "The password is empty."."""
    field, colon, what = problem.partition(": ")
    text = f"The {field} {what}" if colon and field.isalpha() else problem
    return _(text if text.endswith((".", "!", "?")) else f"{text}.")


def path(key: str) -> str:
    """A page's key as people read it; the row of what is over the cap says so."""
    if key == OTHER:
        return _("Pages over the daily limit of new pages")
    for escaped, plain in READABLE:
        key = key.replace(escaped, plain)
    return key


def host(key: str) -> str:
    """A referring host; the rows that are none say what they are."""
    if key == OTHER:
        return _("Hosts over the daily limit of new hosts")
    return key or _("Direct or unknown")


UNKNOWN = {
    "source": N_("Direct or unknown"),
    "referrer": N_("Direct or unknown"),
    "channel": N_("Direct"),
}
NONE, NOT_KNOWN = N_("None"), N_("Unknown")
NOT_SET = ("utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term", "click", "medium")


def word(label: str, dimension: str) -> str:
    """A group's label as people read it; the empty one says what it stands for."""
    if label == OTHER:
        return _("Others over the daily limit")
    if not label:
        return _(UNKNOWN.get(dimension, NONE if dimension in NOT_SET else NOT_KNOWN))
    if dimension == "country":
        return country(label)
    if dimension == "language":
        return language(label)
    if dimension == "property":
        return ": ".join(split_property(label))
    if dimension in ("channel", "device"):
        return _(label)
    return path(label) if dimension in ("page", "entry", "exit") else label


NOBODY = "(none)"
"""What stands for the empty label in a form, in every language; also of events without a property."""

DEVICES = ("desktop", "mobile", "tablet", "tv", "console", "bot")


def unword(text: str, dimension: str) -> str:
    """The label of the group that people call so: Germany is DE; a text that is no such word stays itself."""
    folded = text.strip().casefold()
    if dimension.startswith(PROPERTY):
        return text
    if folded in (NOBODY, word("", dimension).casefold()):
        return ""
    if dimension in ("country", "language") and len(folded) == 2:
        return folded.upper() if dimension == "country" else folded
    names = worded(dimension)
    return next(
        (label for label, name in names.items() if folded in (name.casefold(), label.casefold())), text
    )


def worded(dimension: str) -> Mapping[str, str]:
    """The labels of a dimension that people read another word for, each with its word."""
    if dimension in ("country", "language"):
        countries, languages = names_in(spoken().code)
        if dimension == "country":
            return {code: name for code, name in countries.items() if len(code) == 2 and code.isalpha()}
        return {code: name for code, name in languages.items() if len(code) < 4}
    labels = {"channel": CHANNELS, "device": DEVICES}.get(dimension, ())
    return {label: _(label) for label in labels}


def country(code: str) -> str:
    """The name of a country by its code, or the code where it is none: DE is Germany."""
    return names_in(spoken().code)[0].get(code, code)


def language(code: str) -> str:
    """The name of a language by its code, or the code where it is none: de is German."""
    return names_in(spoken().code)[1].get(code, code)


KEPT = {"goal": N_("Goal"), "segment": N_("Segment")}


def dimension(name: str) -> str:
    """What a dimension is called; a property of events as its events call it."""
    if name in BY_NAME:
        return _(BY_NAME[name].label)
    return _(KEPT[name]) if name in KEPT else find_dimension(name).label


LISTS: Mapping[str, str] = {
    "page": N_("Pages"),
    "entry": N_("Entry pages"),
    "exit": N_("Exit pages"),
    "title": N_("Titles"),
    "host": N_("Hosts"),
    "source": N_("Sources"),
    "channel": N_("Channels"),
    "referrer": N_("Referring hosts"),
    "medium": N_("Mediums"),
    "utm_campaign": N_("Campaigns"),
    "utm_source": N_("Campaign sources"),
    "utm_medium": N_("Campaign mediums"),
    "utm_content": N_("Campaign contents"),
    "utm_term": N_("Campaign terms"),
    "click": N_("Click ids"),
    "country": N_("Countries"),
    "region": N_("Regions"),
    "city": N_("Cities"),
    "language": N_("Languages"),
    "network": N_("Networks"),
    "browser": N_("Browsers"),
    "browser_version": N_("Browser versions"),
    "os": N_("Systems"),
    "os_version": N_("System versions"),
    "device": N_("Devices"),
    "screen": N_("Screens"),
    "event": N_("Events"),
    "property": N_("Properties"),
}


def list_of(name: str) -> str:
    """What a list of all groups of a dimension is called: Entry pages."""
    return _(LISTS[name]) if name in LISTS else dimension(name)


OPERATORS = {
    "is": N_("is"),
    "is_not": N_("is not"),
    "contains": N_("contains"),
    "contains_not": N_("does not contain"),
    "matches": N_("matches"),
    "matches_not": N_("does not match"),
}


def operator(name: str) -> str:
    """An operator of a filter as people read it."""
    return _(OPERATORS[name])


def decimal(value: float | None) -> str:
    """A small mean as 2.4; a dash when there is none."""
    return "–" if value is None else f"{value:.1f}".replace(".", spoken().decimal)


def zone(name: str) -> str:
    """A time zone as America/New York."""
    return name.replace("_", " ")


REASONS: dict[str, str] = {
    "unknown-site": N_(
        "The page is of no site here, nor was one named. Somebody copied the line, or a domain"
        " or alias is missing."
    ),
    "host": N_(
        "The page was shown under a host that is not the site’s: a copy, a translation, a preview. If it"
        " is yours, add it as an alias."
    ),
    "bot": N_("The reader says it is a crawler, a tool, or a link preview."),
    "headless": N_("The reader says it is a browser without a screen, which a program drives."),
    "spam": N_("The referrer is known for visits that nobody made."),
    "rule": N_("A rule of yours took it out."),
    "prefetch": N_("A browser or a link preview fetched the page ahead, and nobody saw it."),
    "opt-out": N_("The browser asks not to be counted, and this site honours it."),
    "excluded-address": N_("The address is one that you excluded."),
    "excluded-path": N_("The page is one that you excluded."),
    "cooldown": N_("The same visitor saw the same page again sooner than the site counts it."),
    "token": N_(
        "The page carried no token of yours, or one of another page, and this site counts signed pages"
        " only. Somebody made the view up, or the page was built without its token."
    ),
    "rate-limit": N_("One network sent more views than are taken; it was told to wait."),
    "unusable-address": N_("The address of the page cannot be used: too long, of a file, or none at all."),
    "imported-before": N_("An earlier import has it, and only what is later was asked for."),
    "future": N_("The log says that it was tomorrow or later."),
    "unusable-event": N_(
        "A client, ours or that of another counter or tracker, sent something that could not be read, or"
        " left out what its protocol wants."
    ),
    "no-view": N_("A tracker’s client introduced a visitor or began a session, which is nothing to count."),
    "too-many": N_("More than 100 messages came in one request; the first hundred were taken."),
    "engagement": N_("A foreign tracker’s sign that a page is still open, which is no view."),
}
"""Why a view was deliberately not counted, in a sentence for its owner."""

SOME_REASON = N_("It was deliberately not counted.")


def reason(name: str) -> str:
    """A reason for dropping as a sentence."""
    return _(REASONS.get(name, SOME_REASON))


ADJUSTMENTS: Mapping[str, str] = {
    "rename": N_("rename %(path)s to %(target)s"),
    "merge": N_("merge %(path)s into %(target)s"),
    "set": N_("set %(path)s to %(amount)s"),
    "add": N_("add %(amount)s to %(path)s"),
    "import": N_("import %(file)s (%(strategy)s, %(pages)s)"),
    "exclude": N_("exclude %(path)s"),
    "exclude past": N_("exclude %(path)s and the past of %(pages)s"),
    "reset": N_("reset %(path)s"),
    "retention": N_("count the days up to %(target)s, which are erased"),
}


def adjustment(one: Adjustment) -> str:
    """What an adjustment did, in a few words: set /a to 5 views, import counts.csv (1,204 pages)"""
    detail, what = one.detail, one.kind
    if detail.file:
        what = "import"
    elif what == "offset":
        what = "add" if detail.strategy == "add" else "set"
    elif what == "exclude" and detail.pages:
        what = "exclude past"
    # A pattern to exclude is written as the owner wrote it.
    place = detail.path if one.kind == "exclude" else path(detail.path)
    given = ((detail.given_views, "view"), (detail.given_visitors, "visitor"))
    return _(ADJUSTMENTS[what]) % {
        "amount": ", ".join(plural(amount, noun) for amount, noun in given if amount is not None),
        "path": place or _("the site"),
        "target": path(detail.target),
        "file": detail.file,
        "strategy": detail.strategy,
        "pages": plural(detail.pages, "page"),
    }


ACTORS: Mapping[str, str] = {
    "": N_("by %(name)s"),
    "terminal": N_("by %(name)s, in the terminal"),
    "browser": N_("in the browser"),
    "token": N_("by token %(name)s"),
}
"""Who changed the numbers, by the way in which the change came."""


def actor(one: Actor) -> str:
    """Who changed something: by anna, in the terminal. Empty where nothing is known."""
    if one == Actor():
        return ""
    return _(ACTORS[one.way]) % {"name": one.name or _("somebody")}


def maker(one: Adjustment) -> str:
    """Who made an adjustment; nobody makes that which keeps the counts of days that are erased."""
    return "" if one.kind == "retention" else actor(Actor(one.detail.way, one.detail.by))


UNITS: Mapping[str, tuple[str, str]] = {
    "minute": (N_("Minute"), N_("by minute")),
    "hour": (N_("Hour"), N_("by hour")),
    "day": (N_("Day"), N_("by day")),
    "week": (N_("Week"), N_("by week")),
    "month": (N_("Month"), N_("by month")),
    "quarter": (N_("Quarter"), N_("by quarter")),
    "year": (N_("Year"), N_("by year")),
}
"""How long a bar of the chart is: its name, and how the chart is divided."""


def unit(name: str) -> str:
    """The name of a length of time: Day"""
    return _(UNITS[name][0])


def by_unit(name: str) -> str:
    """How a chart is divided: by day"""
    return _(UNITS[name][1])


STATES = (N_("running"), N_("done"), N_("undoing"), N_("undone"))
"""Of adjustments and rules, as they are stored."""


def said(text: str) -> str:
    """A text of ours in the language of the page; one that is nobody's but the owner's stays as it is."""
    return _(text)


FILTERS: dict[str, Callable[..., Any]] = {
    "said": said,
    "number": number,
    "plural": plural,
    "amounts": amounts,
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
    "tenths": tenths,
    "signed": signed,
    "unit": unit,
    "by_unit": by_unit,
    "sentence": sentence,
    "path": path,
    "host": host,
    "zone": zone,
    "word": word,
    "operator": operator,
    "dimension": dimension,
    "list_of": list_of,
    "decimal": decimal,
    "reason": reason,
    "adjustment": adjustment,
    "actor": actor,
    "maker": maker,
}
