"""The language that the owner reads: what the browser asks for, or else English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

DOMAIN = "pagetally"


@dataclass(frozen=True)
class Language:
    """A language with its words, and how it writes numbers and days (patterns are those of CLDR)."""

    code: str
    thousands: str = ","
    decimal: str = "."
    percent: str = "%"
    day: str = "d MMM"
    weekday: str = "EEE d MMM yyyy"
    words: Callable[[], NullTranslations] = NullTranslations


@lru_cache(maxsize=8)
def _load(code: str) -> NullTranslations:
    catalogue = files(__package__) / "locale" / code / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with catalogue.open("rb") as file:
        return GNUTranslations(file)


ENGLISH = Language("en")
LANGUAGES: Mapping[str, Language] = {
    "en": ENGLISH,
    "de": Language("de", ".", ",", "\u00a0%", "d. MMM", "EEE, d. MMM yyyy", partial(_load, "de")),
    "fr": Language("fr", "\u202f", ",", "\u202f%", "d MMM", "EEE d MMM yyyy", partial(_load, "fr")),
}
"""What the owner's pages can be read in, by code."""

_spoken: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def speak(language: Language) -> None:
    """Everything that this task writes from now on is in this language."""
    _spoken.set(language)


def spoken() -> Language:
    """The language of this task; English outside of the owner's pages."""
    return _spoken.get()


def choose_language(accepted: str) -> Language:
    """The language that an Accept-Language header likes best of ours; English when it names none."""
    found: list[tuple[float, Language]] = []
    for part in accepted[:1_000].split(","):
        tag, _, weight = part.partition(";")
        language = LANGUAGES.get(tag.strip().lower().partition("-")[0])
        liked = _weight(weight.strip())
        if language is not None and liked > 0:
            found.append((liked, language))
    return max(found, key=lambda one: one[0])[1] if found else ENGLISH


def _weight(text: str) -> float:
    """How much a language is liked, from 0 to 1; nothing for what cannot be read."""
    name, _, value = text.partition("=")
    if not text:
        return 1.0
    try:
        liked = float(value)
    except ValueError:
        return 0.0
    return liked if name.strip() == "q" and 0 <= liked <= 1 else 0.0


def _(text: str) -> str:
    """A text in the spoken language."""
    # The empty text would give the head of the catalogue.
    return spoken().words().gettext(text) if text else text


def ngettext(one: str, many: str, count: int) -> str:
    """The form of a text that goes with a number."""
    return spoken().words().ngettext(one, many, count)


def N_(text: str) -> str:
    """Marks a text for the catalogues that is translated where it is shown."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:
    """Marks a noun with its plural."""
    return one, many
