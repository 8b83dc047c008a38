"""The line that an owner pastes to show a number: for each form, as HTML, Markdown or an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from ..language import N_
from .figure import METRICS


@dataclass(frozen=True, slots=True)
class Markup:
    """One way to paste a form."""

    kind: str
    text: str


FORMS: Mapping[str, str] = {
    "badge": N_("Badge"),
    "digits": N_("Digits"),
    "chart": N_("Chart"),
    "card": N_("Card in a frame"),
    "span": N_("Text in your page (script)"),
    "text": N_("Plain number"),
    "shields": N_("shields.io badge"),
    "page-count": N_("Element: a number"),
    "page-list": N_("Element: a list"),
}
"""What the page that makes the markup offers."""

PICTURES = ("badge", "digits", "chart")
ELEMENTS = ("page-count", "page-list")
ATTRIBUTES = {"locale": "lang"}
"""Attributes of an element that are not called as the field is."""
CARD_SIZE = (260, 132)
SCHEMES = {"auto": "light dark", "light": "light", "dark": "dark"}
"""The color-scheme of a frame's place, by the card's theme."""


def address_of(base: str, form: str, metric: str, query: Mapping[str, str], kind: str = "svg") -> str:
    """The address of a form under the public address of this instance."""
    path = {"shields": f"badge/{metric}.json", "card": f"card/{metric}", "text": f"text/{metric}"}
    fields = urlencode({name: value for name, value in query.items() if value}, quote_via=quote, safe="/:")
    return f"{base}/{path.get(form, f'{form}/{metric}.{kind}')}?{fields}"


def write_markup(
    base: str,
    form: str,
    metric: str,
    query: Mapping[str, str],
    said: str,
    shown: str = "",
    *,
    is_local: bool = False,
) -> list[Markup]:
    """The ways to paste a form; `said` is its text for who cannot see it, `shown` what it shows now.

    The script of a local site counts there because its tag says so.
    """
    # An SVG has no pixels.
    address = address_of(base, form, metric, {name: query[name] for name in query if name != "scale"})
    if form in PICTURES:
        png = address_of(base, form, metric, query, "png")
        # Markdown takes HTML, and a bracket would end the text.
        words = escape(said, quote=False).replace("[", "(").replace("]", ")")
        return [
            Markup("HTML", f'<img src="{escape(address)}" alt="{escape(said)}">'),
            Markup("Markdown", f"![{words}]({address})"),
            Markup(N_("PNG, for mail and forums"), f'<img src="{escape(png)}" alt="{escape(said)}">'),
        ]
    if form == "card":
        width, height = CARD_SIZE
        frame = f'<iframe src="{escape(address)}" title="{escape(said)}" width="{width}" height="{height}"'
        # Another scheme than the card's would give the frame an opaque ground (see card.py).
        scheme = SCHEMES.get(query.get("theme", ""), SCHEMES["auto"])
        return [Markup("HTML", f'{frame} style="border:0;color-scheme:{scheme}" loading="lazy"></iframe>')]
    if form == "shields":
        outer = f"https://img.shields.io/endpoint?url={quote(address, safe='')}"
        return [Markup("HTML", f'<img src="{outer}" alt="{escape(said)}">'), Markup(N_("The JSON"), address)]
    if form in ELEMENTS:
        words = write_element(form, metric, query, shown)
        return [Markup("HTML", f'<script defer src="{base}/{form}.js"></script>\n{words}')]
    if form == "span":
        path = f' data-path="{escape(query["path"])}"' if query.get("path") else ""
        everywhere = " data-everywhere" if is_local else ""
        script = f'<script defer src="{base}/pt.js"{everywhere}></script>'
        label = f'<a href="{base}/definitions#{METRICS[metric].field}">{escape(said)}</a>'
        span = f'<span data-pagetally="{metric}"{path} style="{reserve(shown)}">–</span>'
        return [Markup("HTML", f"{script}\n{label} {span}")]
    return [Markup(N_("Address"), address)]


def reserve(shown: str) -> str:
    """The style that keeps the place of a number, and of a digit more: nothing moves when it comes."""
    width = max(len(shown) + 1, 4)
    return f"display:inline-block;min-width:{width}ch;font-variant-numeric:tabular-nums"


def write_element(form: str, metric: str, query: Mapping[str, str], shown: str = "") -> str:
    """An element with what was filled in as its attributes, and what it holds until it is filled."""
    opening = open_element(form, metric, query)
    if form == "page-count":
        return f'{opening[:-1]} style="{reserve(shown)}">–</{form}>'
    return f"{opening}Nothing yet</{form}>"


def open_element(form: str, metric: str, query: Mapping[str, str], site: str = "") -> str:
    """The opening tag of an element, as HTML; `site` is for a page of another host."""
    given = {ATTRIBUTES.get(name, name): value for name, value in query.items() if name != "site"}
    if form == "page-count":
        given = {"metric": metric} | given
    given["site"] = site
    written = "".join(f' {name}="{escape(value)}"' for name, value in given.items() if value)
    explained = " explain" if form == "page-count" else ""
    return f"<{form}{written}{explained}>"
