"""Codes of places to their names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=8)
def names_in(language: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Names of countries and of languages in one language, by code."""
    # Their tables take a while to load, which a start should not wait for.
    from babel import Locale

    locale = Locale(language)
    return locale.territories, locale.languages


def name_country(code: str) -> str:
    """The English name of a country by its code, or the code where it is none: DE is Germany."""
    return names_in("en")[0].get(code, code)


def name_region(code: str) -> str:
    """The name of a region by its code, as ISO 3166-2 has it: DE-BY is Bayern.

    What is no such code stays itself: many a file of places knows regions by names alone.
    """
    return _regions().get(code, code)


@lru_cache(maxsize=1)
def _regions() -> Mapping[str, str]:
    text = (files(__package__) / "data" / "regions.tsv").read_text("utf-8")
    pairs = (line.partition("\t") for line in text.splitlines())
    return {code: name for code, _, name in pairs}
