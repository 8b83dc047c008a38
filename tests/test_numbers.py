"""Numbers and plurals as the browsers have them: compared with Node's Intl, which is Chromium's."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from analytics.forms.numbers import list_plurals, read_plural, write_number

from .numerals import FILE, ask_node, list_tags

TAGS = (
    *("en", "en-GB", "en-IN", "hi", "fr", "fr-CA", "de", "de-AT", "de-CH", "pt-BR", "pt-PT", "zh", "zh-TW"),
    *(
        "ja",
        "ko",
        "es",
        "es-MX",
        "it",
        "nl",
        "pl",
        "ru",
        "uk",
        "cs",
        "sv",
        "nb",
        "fi",
        "tr",
        "vi",
        "id",
        "ar",
    ),
    *("he", "fa", "bn", "th"),
)
NUMBERS = (
    *(0, 1, 2, 3, 5, 11, 21, 22, 100, 999, 1_000, 1_049, 1_050, 1_234, 2_000, 9_949, 9_950, 9_999, 10_000),
    *(12_345, 99_499, 99_500, 99_950, 100_000, 123_456, 965_774, 999_499, 999_500, 999_949, 999_950),
    *(1_000_000, 1_050_000, 9_950_000, 12_345_678, 99_999_999, 999_500_000, 999_999_999, 1_250_000_000),
    *(99_999_999_999, 1_234_567_890_123, 10**14, 10**15, 2**53 - 1, -1, -999, -1_234, -999_950, -12_345_678),
)
ASK = """
const [tags, numbers] = JSON.parse(require('node:fs').readFileSync(0));
const tell = (tag) => {
  const [plain, short] = [{}, { notation: 'compact' }].map((options) => new Intl.NumberFormat(tag, options));
  const plurals = new Intl.PluralRules(tag);
  return {
    grouped: numbers.map((number) => plain.format(number)),
    compact: numbers.map((number) => short.format(number)),
    plural: numbers.map((number) => plurals.select(number)),
    plurals: plurals.resolvedOptions().pluralCategories,
  };
};
const known = (tag) => {
  try { return Intl.NumberFormat.supportedLocalesOf([tag]).length; } catch { return false; }
};
const told = Object.fromEntries(tags.filter(known).map((tag) => [tag, tell(tag)]));
console.log(JSON.stringify({ icu: process.versions.icu, told }));
"""


@cache
def ask_intl() -> dict[str, Any]:
    found: dict[str, Any] = ask_node(ASK, [[*TAGS, *list_tags()], NUMBERS])
    return found


@pytest.mark.parametrize("tag", TAGS)
def test_a_number_is_written_as_browsers_do(tag: str) -> None:
    told = ask_intl()["told"][tag]
    for form in ("grouped", "compact"):
        assert [write_number(number, form, tag) for number in NUMBERS] == told[form]
    assert [read_plural(abs(number), tag) for number in NUMBERS] == told["plural"]
    assert set(list_plurals(tag)) == set(told["plurals"])


def test_every_language_of_the_cldr_is_written_as_browsers_do() -> None:
    if ask_intl()["icu"] != json.loads(FILE.read_bytes())["icu"]:
        pytest.skip("this Node has another edition of ICU, with other data of the CLDR")
    for tag, told in ask_intl()["told"].items():
        for form in ("grouped", "compact"):
            for number, text in zip(NUMBERS, told[form], strict=True):
                # Swahili has its word before the minus.
                if number >= 0 or tag.partition("-")[0] != "sw":
                    assert (tag, write_number(number, form, tag)) == (tag, text)


@pytest.mark.parametrize("tag", ["", "xx", "xx-YY", "en_US", "EN-us"])
def test_a_language_that_nobody_knows_is_english(tag: str) -> None:
    assert write_number(965_774, "grouped", tag) == "965,774"
    assert write_number(999_950, "compact", tag) == "1M"
    assert [read_plural(number, tag) for number in (0, 1, 2)] == ["other", "one", "other"]
