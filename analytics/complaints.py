"""What is wrong with an address, a form or a command, in the language of the owner's page.

Errors are made in English, because the terminal and the API show them as they are. Here they are recognised
by their text; what is not is told in general, with the original behind it. A test looks for what lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from re import DOTALL, fullmatch

from .errors import PagetallyError
from .language import N_, _, spoken

VALUE = "['\"](?P<value>.*)['\"]"

PROBLEMS: Sequence[tuple[str, str]] = (
    (f"{VALUE} is not a period", N_("“%(value)s” is not a period")),
    (f"{VALUE} is not an interval", N_("“%(value)s” is not an interval")),
    (f"{VALUE} is not a day", N_("“%(value)s” is not a day")),
    (f"{VALUE} is not a minute", N_("“%(value)s” is not a minute")),
    (f"{VALUE} is not an operator", N_("“%(value)s” is not an operator")),
    (f"{VALUE} is not a dimension", N_("“%(value)s” is nothing to group or filter by")),
    (f"{VALUE} is no comparison", N_("“%(value)s” is nothing to compare with")),
    (f"{VALUE} is in no name of one", N_("“%(value)s” is in no name of one")),
    (f"{VALUE} has no dimension, .*", N_("“%(value)s” has no dimension, operator and value")),
    (f"{VALUE} is not a list of a card", N_("no card has the list “%(value)s”")),
    (f"{VALUE} is no list", N_("there is no list “%(value)s”")),
    (f"{VALUE} is not a figure", N_("“%(value)s” is not a figure")),
    (f"{VALUE} is not a number of a page", N_("“%(value)s” is not the number of a page")),
    (f"{VALUE} is nothing that is kept", N_("“%(value)s” is nothing that is kept")),
    (f"{VALUE} is too far away", N_("“%(value)s” is too far away")),
    (f"{VALUE} is not known(?: here)?", N_("“%(value)s” is not known here")),
    (f"{VALUE} cannot be used", N_("“%(value)s” cannot be used")),
    (f"{VALUE} is not a language", N_("“%(value)s” is not a language")),
    (f"{VALUE} is not a colour", N_("“%(value)s” is not a colour")),
    (f"{VALUE} is not a logo", N_("“%(value)s” is not a logo")),
    (f"{VALUE} is no metric", N_("“%(value)s” is no figure")),
    (f"{VALUE} is no range of days", N_("“%(value)s” is no range of days")),
    (f"{VALUE} is none", N_("“%(value)s” is none")),
    (f"{VALUE} is another one's", N_("another one has the name “%(value)s”")),
    (f"{VALUE} has no count here", N_("“%(value)s” has no count here")),
    (f"{VALUE} must begin with /", N_("“%(value)s” does not begin with /")),
    (f"{VALUE} must begin with / or \\*", N_("“%(value)s” does not begin with / or *")),
    (f"{VALUE} is no address that can be asked", N_("“%(value)s” is no address that can be asked")),
    (f"{VALUE} has no address", N_("“%(value)s” is not to be found")),
    (r"(?P<value>\S+) is .*no public address", N_("%(value)s is no public address")),
    (r"(?P<value>\S+) takes too long", N_("%(value)s takes too long")),
    (r"(?P<value>\S+) does not answer: .*", N_("%(value)s does not answer")),
    (r"(?P<value>\S+) redirects .*", N_("%(value)s leads to nowhere")),
    (
        r"(?P<value>\S+) answers with more than (?P<most>[\d,]+) KB",
        N_("%(value)s is larger than %(most)s KB"),
    ),
    (r"(?P<value>\S+) answers (?P<other>\d+)", N_("%(value)s answers %(other)s")),
    (r"(?P<value>.+) is excluded already", N_("%(value)s is excluded already")),
    (r"(?P<value>.+) is counted as (?P<other>.+) already", N_("%(value)s is counted as %(other)s already")),
    (r"(?P<value>.+) has a count of its own", N_("%(value)s has a count of its own")),
    (r"is (?P<value>.+) itself", N_("this is %(value)s itself")),
    (r"(?P<value>\S+) is no page", N_("%(value)s is no page")),
    (r"adjustment (?P<value>\d+) is under way", N_("adjustment %(value)s is under way")),
    (
        r"adjustment (?P<value>\d+) is not running any more",
        N_("adjustment %(value)s is not running any more"),
    ),
    (r"(?P<value>\d+) is undone already", N_("%(value)s is undone already")),
    (
        r"adjustment (?P<other>\d+) came after (?P<value>\d+) and set the same counts",
        N_("adjustment %(other)s came after %(value)s and set the same counts"),
    ),
    (
        r"adjustment (?P<value>\d+) keeps the counts of days that are erased; .*",
        N_("adjustment %(value)s keeps the counts of days that are erased; it cannot be taken back"),
    ),
    (f"there is no \\w+ {VALUE}", N_("there is no “%(value)s”")),
    (
        f"\\w+ is, or is not: {VALUE} means nothing here",
        N_("“%(value)s” is nothing to ask of a goal"),
    ),
    (r"(?P<value>\w+) is for (?P<days>\d+) days at most", N_("the period is too long for this interval")),
    (r"there is none of the number (?P<value>\d+)", N_("there is none of the number %(value)s")),
    (r"rule (?P<value>\d+) is undone already", N_("rule %(value)s is undone already")),
    (r"rule (?P<value>\d+) came after it", N_("rule %(value)s came after it")),
    (r"a site keeps (?P<value>\d+) at most", N_("a site keeps %(value)s at most")),
    (
        r"was given (?P<count>\d+) times; (?P<most>\d+) are .*",
        N_("%(count)s were given, and %(most)s are possible"),
    ),
    (
        r"has (?P<count>\d+) values; it takes 1 to (?P<most>[\d,]+)",
        N_("%(count)s were given, and %(most)s are possible"),
    ),
    (r"has 1 to (?P<most>\d+) characters", N_("this has 1 to %(most)s characters")),
    (r"has 1 to (?P<most>\d+) characters, on one line", N_("this has 1 to %(most)s characters, on one line")),
    (r"is longer than (?P<most>[\d,]+) characters", N_("this is longer than %(most)s characters")),
    (r"(?:is|must be) a number from 1 to (?P<most>[\d,]+)", N_("this is a number from 1 to %(most)s")),
    (
        r"takes (?P<count>\d+) patterns of (?P<most>\d+) characters at most",
        N_("this takes %(count)s patterns of %(most)s characters at most"),
    ),
    (r"has \{n\} more than once", N_("{n} stands there more than once")),
    (r"has more than (?P<most>\d+) forms", N_("this has more than %(most)s forms")),
    (r"makes more than (?P<most>[\d,]+) pixels", N_("this makes more than %(most)s pixels")),
    (r"is before the first day", N_("the last day is before the first one")),
    (r"must not be below nothing", N_("this is below 0")),
    (r"cannot be more than views", N_("there cannot be more of them than views")),
    (
        r"is longer than (?P<most>[\d,]+) characters, or than a line",
        N_("this is longer than %(most)s characters, or than a line"),
    ),
    (r"has no host", N_("this has no host")),
    (r"has a control character in its path", N_("this has a control character in its path")),
    (r"is not an address", N_("this is no web address")),
    (r"must begin with http:// or https://", N_("this is no web address")),
    (r"is required", N_("this is missing")),
    (r"is required for the number of a page", N_("this is missing, and the number is one of a page")),
    (r"is none", N_("this is none")),
    (r"are none", N_("there are none")),
    (r"is not a number", N_("this is not a number")),
    (r"is no day", N_("this is no day")),
    (r"is no web address", N_("this is no web address")),
    (r"is too long", N_("this is too long")),
    (r"is not base64", N_("this is not base64")),
    (r"is not of one property", N_("this is not of one property")),
    (r"is about more than a single view", N_("this is about more than a single view")),
    (r"names no property", N_("this names no property")),
    (r"names nothing to keep", N_("this names nothing to keep")),
    (r"has none before it", N_("this has nothing before it")),
    (r"has parts that a logo does not need", N_("this has parts that a logo does not need")),
    (r"can be a picture of your own in SVG alone", N_("this can be a picture of your own in SVG alone")),
    (
        r"has a pattern that is none: (?P<reason>.*?)(?: at position (?P<at>\d+))?",
        N_("the pattern is none (%(reason)s)"),
    ),
    (r"the disk is full", N_("the disk is full")),
    (r"another process holds the database's write lock", N_("another process is writing to the database")),
    (r"(?P<count>[\d,]+) views wait for the disk", N_("%(count)s views wait for the disk")),
    (r"the database [^:]*: (?P<reason>.*)", N_("the database cannot be used (%(reason)s)")),
    (r"has a pattern that takes too long", N_("the pattern takes too long")),
    (r"has a value that is too long", N_("a value is too long")),
)
"""What is wrong, as errors have it and as people are told."""

HINTS: Sequence[tuple[str, str]] = (
    (
        r"Write one for each plural of the language: .*",
        N_("Write one for each plural of the language: {n} view|{n} views."),
    ),
    (r"(?:Use o|O)ne of (?P<value>.*), or (?P<other>\S+)\.?", N_("One of %(value)s, or %(other)s.")),
    (
        r"Use one of (?P<value>.*), or a first day such as (?P<day>\S+)\.",
        N_("One of %(value)s, or a first day such as %(day)s."),
    ),
    (r"Write /posts/hello, or a full address\.", N_("Write /posts/hello, or a full address.")),
    (r"Write (?P<value>/\S+)\.", N_("Write it as %(value)s.")),
    (r"Give views, visitors or both\.", N_("Give views, visitors or both.")),
    (r"To take away: .*", N_("To take away, add a number below 0.")),
    (r"To put both together: .*", N_("To put both together, preview it again.")),
    (r"Wait for it, or undo it\.", N_("Wait for it, or undo it.")),
    (r"Undo that first: pagetally counter undo (?P<value>\d+)", N_("Undo %(value)s first.")),
    (r"See: pagetally counter list", N_("See what was changed.")),
    (r"(?:Use o|O)ne of (?P<value>.*?)\.?", N_("One of %(value)s.")),
    (
        r"Write (?:it as )?(?P<value>.*?),? or one of (?P<other>.*?)\.",
        N_("Write %(value)s, or one of %(other)s."),
    ),
    (r"Write (?:it as )?(?P<value>.*?),? or (?P<other>.*?)\.", N_("Write it as %(value)s, or %(other)s.")),
    (r"Write it as (?P<value>.*?)\.?", N_("Write it as %(value)s.")),
    (r"Days are of (?P<first>\d+) to (?P<last>\d+)\.", N_("Days are of the years %(first)s to %(last)s.")),
    (r"Use day\.", N_("Choose days as the interval.")),
    (r"Use (?P<first>[\d,]+) to (?P<last>[\d,]+)\.", N_("Use %(first)s to %(last)s.")),
    (r"Use (?P<first>\d+) or (?P<last>\d+)\.", N_("Use %(first)s or %(last)s.")),
    (r"Use plain shapes in ASCII\.", N_("Use plain shapes in ASCII.")),
    (r"Ask for SVG, or for less\.", N_("Ask for SVG, or for less.")),
    (r"Ask for SVG, or use a logo by name\.", N_("Ask for SVG, or use a logo by name.")),
    (r"Ask for the trend of 7d, for example\.", N_("Choose 7d, for example.")),
    (r"Add (?P<value>&path=\S+)", N_("Name a page.")),
    (r"It begins with (?P<value>\S+)", N_("It begins with %(value)s")),
    (r"Such as (?P<value>.*)\.", N_("Such as %(value)s.")),
    (
        r"The event's name, or a path such as (?P<value>.*)\.",
        N_("The event’s name, or a path such as %(value)s."),
    ),
    (r"Filter first, then keep the filters\.", N_("Filter first, then keep the filters.")),
    (r"Name the first and the last day: .*", N_("Name the first and the last day.")),
    (r"(?P<value>\S+) means what has none\.", N_("“%(value)s” means those without one.")),
    (r"Undo that first: (?P<value>.*)", N_("Undo that first: %(value)s")),
    (r"Put a backup in its place.*", N_("Put a backup in its place.")),
    (r"Run this as the user .*", N_("Run it as the user to whom the data folder belongs.")),
    (r"Free some space.*", N_("Free some space.")),
    (r"Run `(?P<value>[^`]*)`.*", N_("Run %(value)s on the server.")),
    (r"See: (?P<value>.*)", N_("See: %(value)s")),
    (r"Sites: (?P<value>.*)\.", N_("Sites: %(value)s.")),
)
"""What to do about it."""

REASONS = (
    N_("missing )"),
    N_("unbalanced parenthesis"),
    N_("unterminated character set"),
    N_("bad character range"),
    N_("nothing to repeat"),
    N_("multiple repeat"),
    N_("bad escape (end of pattern)"),
    N_("invalid group reference"),
    N_("unknown extension"),
)
"""Why a pattern is none, as the library that reads it says."""

FIELDS: Mapping[str, str] = {
    "filter": N_("Filters"),
    "filters": N_("Filters"),
    "period": N_("Period"),
    "interval": N_("Chart by"),
    "by": N_("Chart by"),
    "compare": N_("Compare with"),
    "at": N_("Minute"),
    "from": N_("From"),
    "to": N_("To"),
    "date": N_("Day"),
    "what": N_("What"),
    "value": N_("Value"),
    "list": N_("List"),
    "sort": N_("Sort by"),
    "metric": N_("Figure"),
    "segment": N_("Segment"),
    "name": N_("Name"),
    "text": N_("Note"),
    "link": N_("Link"),
    "target": N_("Event, or path"),
    "amount": N_("Per cent, or seconds"),
    "kind": N_("Kind"),
    "rule": N_("Rule"),
    "path": N_("Page"),
    "label": N_("Label"),
    "color": N_("Colour"),
    "url": N_("Address"),
    "label-color": N_("Label colour"),
    "logo": N_("Logo"),
    "locale": N_("Language"),
    "style": N_("Style"),
    "width": N_("Width"),
    "height": N_("Height"),
    "digits": N_("Least digits"),
    "min": N_("Shown from"),
    "limit": N_("Limit"),
    "exclude": N_("Exclude"),
    "exclude-path": N_("Page"),
    "do": N_("What"),
    "window": N_("Window"),
}
"""What a field is called on the page; of others the name in the address is told."""

SOMETHING = N_("this cannot be used as it stands")


def explain(error: PagetallyError) -> str:
    """An error that a program raised, and what to do, in the language of the page where it is known there."""
    field, what = _parts(error)
    told = tell(PROBLEMS, what)
    if not told:
        told = str(error) if spoken().code == "en" else f"{_(SOMETHING)} ({error})"
    elif field:
        told = _("%(field)s: %(what)s") % {
            "field": _(FIELDS[field]) if field in FIELDS else field,
            "what": told,
        }
    return f"{told}. {_hint(error)}".strip()


def explain_beside(error: PagetallyError) -> str:
    """The same, as a sentence that stands beside the field it is about."""
    told = tell(PROBLEMS, _parts(error)[1]) or f"{_(SOMETHING)} ({error})"
    return f"{told[:1].upper()}{told[1:]}. {_hint(error)}".strip()


def _parts(error: PagetallyError) -> tuple[str, str]:
    """The field of an error, empty where it has none, and what is wrong."""
    field, colon, what = str(error).partition(": ")
    return (field, what) if colon and field.replace("-", "_").isidentifier() else ("", str(error))


def _hint(error: PagetallyError) -> str:
    # With its lists whole: what hints name is ours.
    return tell(HINTS, error.hint, None) or (error.hint if spoken().code == "en" else "")


def tell(known: Sequence[tuple[str, str]], text: str, most: int | None = 200) -> str:
    """A part of an error in the language of the page, each of what it names cut to so many characters;
    empty when it is not known there."""
    for pattern, told in known:
        if found := fullmatch(pattern, text, DOTALL):
            parts = {name: (part or "")[:most] for name, part in found.groupdict().items()}
            reason = parts.get("reason", "")
            if reason in REASONS:
                parts |= {"reason": _(reason)}
            return _(told) % parts
    return ""
