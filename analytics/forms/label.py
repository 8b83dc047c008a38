"""The words around a number, by the rule of `<page-count>`: `{n} view|{n} views`, a form for each plural."""

from __future__ import annotations

from dataclasses import dataclass

from .figure import Figure
from .numbers import list_plurals, read_plural

HERE = "{n}"
BETWEEN = "|"


@dataclass(frozen=True, slots=True)
class Words:
    """A figure in words: what is said of it, the number as it is shown, and what follows that."""

    label: str
    number: str
    after: str
    title: str
    """The whole of it, with the exact number."""

    @property
    def message(self) -> str:
        """The number with what follows it."""
        return self.number + self.after


def word_figure(figure: Figure, label: str | None, form: str = "grouped", locale: str = "") -> Words:
    """A figure in the owner's words; in its own without a `label`, or without a number to fill in."""
    number, exact = figure.write(form, locale), figure.write_exact(locale)
    if label is None or not is_template(label):
        words = figure.label if label is None else label
        return Words(words, number, "", f"{words or figure.label}: {exact}")
    if figure.value is None:
        return Words(figure.label, number, "", f"{figure.label}: {exact}")
    before, after = split_label(label, None if figure.is_few else figure.value, locale)
    return Words(before.strip(), number, after.rstrip(), f"{before}{exact}{after}".strip())


def is_template(label: str) -> bool:
    """Whether a label says where its number goes, or has plurals."""
    return HERE in label or BETWEEN in label


def split_label(label: str, value: int | None, locale: str) -> tuple[str, str]:
    """What stands before and after a number, in the form of its plural.

    The forms are those that the language has, in the order of the CLDR. The last is that of all others, of
    languages with one plural, and of a value that is not told.
    """
    forms = label.split(BETWEEN)
    form = ""
    if value is not None and len(forms) > 1:
        name = read_plural(value, locale)
        place = list_plurals(locale).index(name)
        form = forms[place] if name != "other" and place < len(forms) else ""
    form = form or forms[-1]
    parts = form.split(HERE) if HERE in form else [f"{form} ", ""]
    return parts[0], parts[1]
