"""GoatCounter: `/count` counts a view or an event, `/counter/<path>.<form>` shows the number of a page.

Its count.js is answered with our own (snippet/src/count.ts). Read in: arp242/goatcounter, handlers.
The number is of views here; `?metric=visitors` gives visitors. A form is drawn anew for each request,
so that the style of one page is never shown on another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...days import local_day, to_day
from ...errors import InputError, PagetallyError
from ...forms import png
from ...forms.label import is_template, split_label
from ...forms.markup import SCHEMES
from ...forms.options import THEMES
from ...forms.picture import Box, Picture, Shape, Text
from ...forms.widths import text_width
from ...language import ENGLISH, LANGUAGES, N_, Language
from ...model import Drop, Hit, Range, Site
from .bridge import PUT_OFF, UNKNOWN, Bridge, answer, answer_gif, answer_json, status_of, was_stored
from .views import NOBODYS, count_view, narrow, read_page, read_site

TOTAL = "TOTAL"
MAX_PATH, MAX_STYLE, MAX_LABEL = 2_048, 4_096, 360
HUMAN_AGAIN = 150
"""Bot marks from here on are a client's own findings; no client has lower ones."""

TRUTHS = ("1", "true", "on", "yes")
KEPT = "public, max-age=60, stale-while-revalidate=600"
BACK = {"week": 7, "month": 30, "year": 365}
"""What `start` may say besides a date: days back from today."""


class Refused(InputError):
    """A view that GoatCounter itself would refuse."""


class GoatCounter:
    """Its endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._script = (files("analytics") / "static" / "count.js").read_bytes()

    async def script(self, request: Request) -> Response:
        """GET /count.js."""
        return answer(self._script, "text/javascript; charset=utf-8", cache="public, max-age=86400")

    async def count(self, request: Request) -> Response:
        """GET or POST /count: the pixel, and in `X-Goatcounter` why a view was not counted."""
        query, site = request.query_params, self._bridge.find_site(request)
        try:
            check_view(query)
        except Refused as error:
            self._bridge.drop(request, site, "unusable-address" if error.field == "p" else "unusable-event")
            return answer_gif(status=400, headers={"x-goatcounter": str(error)})
        if int(query.get("b") or 0) >= HUMAN_AGAIN:
            self._bridge.drop(request, site, "bot")
            return answer_gif(status=202, headers={"x-goatcounter": "bot"})
        results = await self._take(request, site)
        if was_stored(results) or not results:
            return answer_gif(results=results)
        if PUT_OFF in request.scope:
            return refuse(request, request.scope[PUT_OFF])
        reason = ", ".join(result.reason for result in results if isinstance(result, Drop))
        return answer_gif(status=202, results=results, headers={"x-goatcounter": f"ignored: {reason}"})

    async def _take(self, request: Request, site: Site | None) -> Sequence[Hit | Drop]:
        query = request.query_params
        path = query["p"]
        if query.get("e", "").lower() in TRUTHS and request.method != "HEAD":
            page = (self._bridge.find_url(request, site) or f"https://{site.domain}/") if site else NOBODYS
            return await self._bridge.try_hit(request, page, site=site, name=path, title=query.get("t", ""))
        search = query.get("q", "")
        if search and "?" not in path:
            path += "?" + search.lstrip("?")
        return await count_view(
            self._bridge, request, site, path, title=query.get("t", ""), referrer=query.get("r", "")
        )

    async def show(self, request: Request) -> Response:
        """GET /counter/<path>.<form>: a page's number, or with TOTAL the site's."""
        path, form = read_target(request.scope)
        if form not in FORMS:
            return answer_json({"error": "the address must end in .json, .html, .svg or .png"}, status=400)
        site = self._bridge.find_site(request)
        query = request.query_params
        try:
            window = await self._read_window(site, query)
        except ValueError:
            return refuse(request, InputError("start", "and end take a date such as 2024-05-01"))
        is_total = path == TOTAL
        if is_total:
            count = await read_site(self._bridge, site, window)
        else:
            count = await read_page(self._bridge, site, path, window)
        number = count.visitors if is_visitors(query) else count.views
        shown = await FORMS[form](number, query, is_total)
        shown.status_code = 200 if number or (is_total and site) else 404
        is_kept = shown.status_code == 200 and self._is_told_by_address(query)
        shown.headers["cache-control"] = KEPT if is_kept else "no-store"
        return shown

    def _is_told_by_address(self, query: Mapping[str, str]) -> bool:
        """Whether the address alone says of which site a number is: a cache knows nothing else."""
        return bool(query.get("site")) or len(self._bridge.instance.registry.sites) == 1

    async def _read_window(self, site: Site | None, query: Mapping[str, str]) -> str | Range:
        today = local_day(site.timezone if site else "UTC", self._bridge.instance.clock())
        first, last = read_start(query.get("start", ""), today), read_end(query.get("end", ""))
        return await narrow(self._bridge, site, first, last)


def check_view(query: Mapping[str, str]) -> None:
    """Refused, with GoatCounter's reasons, for what it would not take either."""
    if not query.get("p", "").strip():
        raise Refused("p", "must be set")
    if len(query["p"]) > MAX_PATH:
        raise Refused("p", f"is longer than {MAX_PATH} characters")
    mark = query.get("b") or "0"
    if not (mark.isascii() and mark.isdigit() and len(mark) < 4):
        raise Refused("b", "is no number")
    if 0 < int(mark) < HUMAN_AGAIN:
        raise Refused("b", "is no mark that a client may send")


def read_target(scope: Mapping[str, Any]) -> tuple[str, str]:
    """The path and the form that an address asks for, in each of its spellings.

    `/counter/%2Fa.json`, `/counter//a.json` and `/counter/a.json` are the page /a; `/counter/.json`
    is the home page. What follows the last dot is the form.
    """
    raw = scope.get("raw_path") or scope["path"].encode()
    address = raw.partition(b"?")[0].decode("latin-1")
    target, _, form = address.partition("/counter/")[2].rpartition(".")
    if target == TOTAL:
        return TOTAL, form
    if target[:3].lower() == "%2f":
        # A path that was encoded as a whole; its own escapes are decoded where every path is.
        target = unquote(target, errors="replace")
    return "/" + target.lstrip("/"), form


def read_start(text: str, today: int) -> int | None:
    """The first day that is asked for; None for the beginning. ValueError for what is no date."""
    if text in BACK:
        return today - BACK[text]
    return to_day(date.fromisoformat(text)) if text else None


def read_end(text: str) -> int | None:
    """The last day that is asked for; None for today. ValueError for what is no date."""
    return to_day(date.fromisoformat(text)) if text else None


# The forms


async def show_json(number: int, query: Mapping[str, str], is_total: bool) -> Response:
    """Texts, and digits only: what every version of its clients can read. `format=thin` groups them."""
    text = f"{number:,}".replace(",", "\u202f") if query.get("format") == "thin" else str(number)
    return answer_json({"count_unique": text, "count": text})


async def show_html(number: int, query: Mapping[str, str], is_total: bool) -> Response:
    """A page for an iframe of 200 by 80."""
    return frame(number, query, is_total)


async def show_svg(number: int, query: Mapping[str, str], is_total: bool) -> Response:
    """The same as a picture."""
    return drawing(number, query, is_total)


def frame(number: int | None, query: Mapping[str, str], is_total: bool) -> Response:
    """The page; with a dash where there is no number."""
    scheme = SCHEMES[theme_of(query)]
    body = HTML.format(style=style_of(query), scheme=scheme, **words_of(number, query, is_total))
    return answer(body, "text/html; charset=utf-8", headers=HARMLESS)


def drawing(number: int | None, query: Mapping[str, str], is_total: bool) -> Response:
    """The picture; with a dash where there is no number."""
    height = 60 if query.get("no_branding") else 80
    words = words_of(number, query, is_total)
    body = SVG.format(style=escape(style_of(query)), height=height, inner=height - 1, **words)
    return answer(body, "image/svg+xml; charset=utf-8", headers=HARMLESS)


async def show_png(number: int, query: Mapping[str, str], is_total: bool) -> Response:
    """The same in pixels; it takes no style."""
    height = 60 if query.get("no_branding") else 80
    label, text = say(number, query, is_total)
    body = await run_in_threadpool(draw_png, text, label, height, theme_of(query))
    return answer(body, "image/png")


def draw_png(number: str, label: str, height: int, theme: str) -> bytes:
    """A card with a label and a number."""
    paper, ink = (PAPER[1], INK[1]) if theme == "dark" else (PAPER[0], INK[0])
    shapes: list[Shape] = [
        Box(0, 0, 200, height, LINE, 4),
        Box(1, 1, 198, height - 2, paper, 4),
        *(_write(text, y, size, ink) for text, y, size in ((label, 21, 13), (number, 48, 22))),
    ]
    if height > 60:
        shapes.append(_write(BRAND, 71, 10, ink))
    return png.draw_png(Picture(200, height, f"{label} {number}", shapes, 4))


def _write(text: str, y: float, size: float, ink: str) -> Text:
    return Text(100, y, text, size, ink, min(text_width(text, size), 190))


def say(number: int | None, query: Mapping[str, str], is_total: bool) -> tuple[str, str]:
    """What stands above the number (the owner's label, or what is counted), and the number's line."""
    label, text = query.get("label", "")[:MAX_LABEL], number_of(number, query)
    if is_template(label):
        before, after = split_label(label, number or 0, language_of(query).code)
        return before.strip(), text + after.rstrip()
    return label[:60] or language_of(query).words().gettext(LABELS[is_visitors(query), is_total]), text


def words_of(number: int | None, query: Mapping[str, str], is_total: bool) -> dict[str, str]:
    """The texts of a card, escaped."""
    brand = "" if query.get("no_branding") else BRAND
    label, text = say(number, query, is_total)
    return {
        "number": escape(text),
        "label": escape(label),
        "title": escape(f"{label} {text}".strip()),
        "brand": brand,
        "lang": language_of(query).code,
    }


def number_of(number: int | None, query: Mapping[str, str]) -> str:
    """The number as the language groups it."""
    if number is None:
        return UNKNOWN
    return f"{number:,}".replace(",", language_of(query).thousands)


def language_of(query: Mapping[str, str]) -> Language:
    """The language that is asked for; English for none and for one that there is not."""
    return LANGUAGES.get(query.get("lang", "").lower().partition("-")[0], ENGLISH)


def theme_of(query: Mapping[str, str]) -> str:
    """The theme that is asked for; as the reader's system is, for none and for what is none."""
    theme = query.get("theme", "")
    return theme if theme in THEMES else "auto"


def is_visitors(query: Mapping[str, str]) -> bool:
    """Whether visitors are asked for, not views."""
    return query.get("metric") in ("visitors", "uv")


def style_of(query: Mapping[str, str]) -> str:
    """The theme, then the style of the page that asks, which cannot end the element it stands in."""
    return STYLES[theme_of(query)] + query.get("style", "")[:MAX_STYLE].replace("<", "\\3c ")


BRAND = "Pagetally"
HARMLESS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
"""No script, no request: the style comes from who knows where."""

LABELS = {
    (False, False): N_("Views for this page:"),
    (False, True): N_("Views for this site:"),
    (True, False): N_("Visitors for this page:"),
    (True, True): N_("Visitors for this site:"),
}
"""By whether visitors are asked for, and whether the site is."""

PAPER, INK, LINE = ("#ffffff", "#181818"), ("#222222", "#dddddd"), "#999999"
COLOURS = """#gcvc-border {{ fill: {0}; background: {0} }}
#gcvc-for, #gcvc-views, #gcvc-by {{ fill: {1}; color: {1} }}"""
LIGHT, DARK = (COLOURS.format(paper, ink) for paper, ink in zip(PAPER, INK, strict=True))
STYLES = {
    "light": LIGHT,
    "dark": DARK,
    "auto": f"{LIGHT} @media (prefers-color-scheme: dark) {{ {DARK} }}",
}
"""Colours by theme. The frame's scheme goes with them: its ground is opaque where its place has another, and
a dark card shall have no white corners then."""

HTML = """<!doctype html>
<html lang="{lang}"><meta charset="utf-8"><title>{title}</title>
<style>html {{ color-scheme: {scheme} }}
html, body {{ margin: 0; font: 13px/1.2 sans-serif; text-align: center; background: transparent }}
#gcvc-border {{ border: 1px solid #999; border-radius: 4px; padding: 2px 4px; box-sizing: border-box;
height: 100vh; display: flex; flex-direction: column; justify-content: center; overflow: hidden }}
#gcvc-views {{ font-size: 24px; line-height: 30px }} #gcvc-by {{ font-size: 10px }} {style}</style>
<div id="gcvc-border"><div id="gcvc-for">{label}</div><div id="gcvc-views">{number}</div>
<div id="gcvc-by">{brand}</div></div></html>
"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="200" height="{height}" role="img" lang="{lang}"
  aria-label="{title}" font-family="sans-serif" text-anchor="middle">
<title>{title}</title><style>{style}</style>
<rect id="gcvc-border" stroke="#999" x=".5" y=".5" width="199" height="{inner}" rx="4"/>
<text id="gcvc-for" x="100" y="20" font-size="13">{label}</text>
<text id="gcvc-views" x="100" y="48" font-size="24">{number}</text>
<text id="gcvc-by" x="100" y="71" font-size="10">{brand}</text></svg>
"""
FORMS = {"json": show_json, "html": show_html, "svg": show_svg, "png": show_png}


def refuse(request: Request, error: PagetallyError) -> Response:
    """The pixel; a card with a dash where a page shows one; for programs what is wrong."""
    if request.url.path.endswith("/count"):
        return answer_gif(status=status_of(error), headers={"x-goatcounter": str(error)})
    path, form = read_target(request.scope)
    if form not in ("html", "svg", "png"):
        return answer_json({"error": str(error)}, status=status_of(error))
    draw = frame if form == "html" else drawing
    shown = draw(None, request.query_params, path == TOTAL)
    shown.headers["cache-control"] = "no-store"
    return shown


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = GoatCounter(bridge)
    return [
        Route("/count", ours.count, methods=["GET", "POST"]),
        Route("/count.js", ours.script),
        Route("/counter/{target:path}", ours.show),
    ]
