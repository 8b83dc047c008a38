"""Every form of a number, for anybody: /badge, /digits, /chart, /card, /text. Reads, and only reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from ..days import local_day
from ..errors import InputError
from ..forms import badge, card, chart, digits
from ..forms.colours import ERROR
from ..forms.figure import METRICS, Figure, Metric
from ..forms.label import Words, word_figure
from ..forms.options import Options, Question, read_options, read_question
from ..forms.picture import Picture, blank
from ..forms.png import draw_png
from ..forms.svg import draw_svg
from ..instance import Instance
from ..model import Range, Site
from ..periods import read_window
from ..report import Counting, count_days
from .answers import JSON, SVG, TEXT
from .counters import ask_at_once, ask_in_thread, read_counters
from .reading import Answer, Reading, Unknown, read_query
from .turns import Turns

KINDS = {
    "badge": ("svg", "png", "json"),
    "digits": ("svg", "png"),
    "chart": ("svg", "png"),
    "card": (),
    "text": (),
}
"""What each form can be had as: the extension of its address. Those without have none."""

CACHE = (b"cache-control", b"public, max-age=60, stale-while-revalidate=600")
HTML = (b"content-type", b"text/html; charset=utf-8")
PNG = (b"content-type", b"image/png")

SHIELD_SECONDS = 300

QUICK_DAYS = 31
"""Of a page's chart that are looked up on the event loop: a tenth of a millisecond."""

CHARTS_A_TURN = 4
"""Charts that are made in one turn of the event loop: half a millisecond, which views and numbers wait."""

MAX_PIXELS = 1_000_000
"""Of a PNG: about a tenth of a second of drawing."""


class FormEndpoint(Reading):
    """An ASGI app for all the forms' addresses: /{form}/{metric}[.{kind}]."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(self._answer)
        self._instance = instance
        self._charts = Turns(CHARTS_A_TURN)
        # A picture takes megabytes while it is drawn: two at a time.
        self._drawing = asyncio.Semaphore(2)

    @staticmethod
    def addresses() -> Iterable[str]:
        """Every address that answers, without query."""
        for form, kinds in KINDS.items():
            for metric in METRICS:
                yield from [f"/{form}/{metric}.{kind}" for kind in kinds] or [f"/{form}/{metric}"]

    async def _answer(self, scope: Scope) -> Answer:
        form, metric, kind = read_address(scope["path"])
        fields = {name: values[0] for name, values in read_query(scope).items()}
        options = read_options(form, fields, self._instance.digit_sets)
        question = read_question(fields)
        site = find_site(self._instance, question.site)
        if kind == "png":
            check_png(options)
        if form == "chart":
            await self._charts.take()
            headers, body = await self._draw_chart(site, metric, kind, question, options)
        else:
            figure = await read_figure(self._instance, site, metric, question)
            headers, body = await self._draw(form, kind, figure, options)
        return [*headers, CACHE], body

    async def _draw(self, form: str, kind: str, figure: Figure, options: Options) -> Answer:
        hidden = is_hidden(figure, options)
        if form == "text":
            return [TEXT], b"" if hidden else figure.write(options.format, options.locale, "0").encode()
        if form == "card":
            # An empty label is none on a badge; a card says what it shows.
            words = word_figure(figure, options.label or None, options.format, options.locale)
            policy = (b"content-security-policy", card.card_policy().encode())
            return [HTML, policy], card.draw_card(figure, None if hidden else words, options.theme).encode()
        if kind == "json":
            return [JSON], msgspec.json.encode(shield(figure, options, hidden=hidden))
        if kind == "svg":
            return SVG, svg_of(form, figure, options)
        return await self._png(partial(png_of, form, figure, options))

    async def _draw_chart(
        self, site: Site | None, metric: Metric, kind: str, question: Question, options: Options
    ) -> Answer:
        """The chart of a metric's last days."""
        if metric.scope == "page" and not question.path:
            raise needs_path()
        values = (0,) * options.days
        if site is not None:
            path = question.path if metric.scope == "page" else None
            values = await read_course(self._instance, site, metric, path, options.days)
        if kind == "svg":
            return SVG, svg_of_chart(metric, values, options)
        return await self._png(partial(png_of_chart, metric, values, options))

    async def _png(self, draw: Callable[[], bytes]) -> Answer:
        async with self._drawing:
            return [PNG], await run_in_threadpool(draw)


def read_address(path: str) -> tuple[str, Metric, str]:
    """Form, metric and extension of an address; Unknown when there is none such."""
    form, _, name = path.rpartition("/")
    form = form.rpartition("/")[2]
    name, _, kind = name.partition(".")
    metric = METRICS.get(name)
    if metric is None:
        raise Unknown("metric", f"{name[:40]!r} is not a metric", hint=f"Use one of {', '.join(METRICS)}.")
    kinds = KINDS.get(form, ())
    if kind not in (kinds or ("",)):
        hint = f"Use one of {', '.join(kinds)}." if kinds else f"Ask for /{form}/{name}."
        raise Unknown("extension", f"{kind[:40]!r} is none of this form", hint=hint)
    if form == "chart" and metric.scope == "online":
        raise Unknown("metric", "has no course over days", hint="Use site-views or page-views.")
    return form, metric, kind


def find_site(instance: Instance, domain: str) -> Site | None:
    """The site of a domain, or the only one; None when it is none of ours."""
    sites = instance.registry.sites
    if domain:
        return instance.registry.find(domain)
    if len(sites) > 1:
        raise InputError("site", "is required, because there are several", hint="Add ?site=example.com")
    return sites[0] if sites else None


def needs_path() -> InputError:
    """What is wrong where a page's number is asked for, but not of which page."""
    return InputError("path", "is required for the number of a page", hint="Add &path=/hello")


async def read_figure(instance: Instance, site: Site | None, metric: Metric, question: Question) -> Figure:
    """The number that is asked for. InputError for a path or a period that cannot be used."""
    is_page, path = metric.scope == "page", question.path
    if is_page and not path:
        raise needs_path()
    window = metric.window or ("" if metric.scope == "online" else question.period)
    window = "" if window == "all" else window
    if site is None:
        read_window(window, 0)
        return Figure(metric, None, window)
    found = await read_counters(instance, site, [path] if is_page else [], window)
    source = found.pages[path] if is_page else found.site
    value: int = getattr(source, metric.field)
    if is_page and not source.views and not (window and await is_seen(instance, site, path)):
        return Figure(metric, None, window)
    return Figure(metric, value, window)


async def read_course(
    instance: Instance, site: Site, metric: Metric, path: str | None, days: int
) -> tuple[int, ...]:
    """The metric of each of the last days: of a page, or of the site where `path` is None."""
    today = local_day(site.timezone, instance.clock())
    span = Range(today - days + 1, today)

    def read(reader: Counting) -> tuple[int, ...]:
        return count_days(reader, site, path, span, metric.field)

    # A page is looked up on each day; a site has its days together.
    is_quick = path is None or days <= QUICK_DAYS
    return await (ask_at_once(instance, site, read) if is_quick else ask_in_thread(instance, read))


async def is_seen(instance: Instance, site: Site, path: str) -> bool:
    """Whether a page has ever been viewed, by all that is known."""
    found = await read_counters(instance, site, [path])
    return found.pages[path].views > 0


def words_of(figure: Figure, options: Options) -> Words:
    """The figure in words, as the options want them."""
    return word_figure(figure, options.label, options.format, options.locale)


def draw_badge(figure: Figure, options: Options) -> Picture:
    """The figure as a badge."""
    words = words_of(figure, options)
    colours = (options.colour if figure.value is not None else ERROR), options.label_colour
    return badge.draw_badge(
        badge.Badge(words.label, words.message, words.title, options.style, *colours, options.logo)
    )


def draw_digits(figure: Figure, options: Options) -> Picture:
    """The figure as a row of digits: zeros for what is not known, dashes for few online."""
    title = words_of(figure, options).title
    text = digits.pad_digits(None if figure.is_few else figure.value or 0, options.digits)
    if options.own is not None:
        return digits.stamp_digits(text, title, options.own, options.width)
    return digits.draw_digits(text, title, options.style, options.colour, options.label_colour, options.width)


def picture_of(form: str, figure: Figure, options: Options) -> Picture:
    """The figure as a badge or as digits; nothing of one that shall be hidden."""
    if is_hidden(figure, options):
        return blank()
    return draw_badge(figure, options) if form == "badge" else draw_digits(figure, options)


def is_hidden(figure: Figure, options: Options) -> bool:
    """Whether the number is known, but less than what shall be shown."""
    return figure.value is not None and figure.value < options.least


@lru_cache(maxsize=2_048)
def svg_of(form: str, figure: Figure, options: Options) -> bytes:
    """The figure as SVG; pages that have the same number share it."""
    return draw_svg(picture_of(form, figure, options), options.theme).encode()


@lru_cache(maxsize=128)
def png_of(form: str, figure: Figure, options: Options) -> bytes:
    """The figure as PNG."""
    return draw_png(picture_of(form, figure, options), options.theme, options.scale)


def picture_of_chart(metric: Metric, values: Sequence[int], options: Options) -> Picture:
    """The values of days, the last of which is today."""
    figure = Figure(metric, sum(values), f"{options.days}d")
    if is_hidden(figure, options):
        return blank()
    words = words_of(figure, options)
    size = options.width or 420, options.height or 120
    return chart.draw_chart(values, words.label, words.message, words.title, *size, options.colour)


@lru_cache(maxsize=512)
def svg_of_chart(metric: Metric, values: tuple[int, ...], options: Options) -> bytes:
    """The chart as SVG; the same as before until somebody views the page."""
    return draw_svg(picture_of_chart(metric, values, options), options.theme).encode()


@lru_cache(maxsize=128)
def png_of_chart(metric: Metric, values: tuple[int, ...], options: Options) -> bytes:
    """The chart as PNG."""
    return draw_png(picture_of_chart(metric, values, options), options.theme, options.scale)


def check_png(options: Options) -> None:
    """InputError for what a PNG cannot show."""
    if options.logo.startswith("data:"):
        hint = "Ask for SVG, or use a logo by name."
        raise InputError("logo", "can be a picture of your own in SVG alone", hint=hint)
    pixels = (options.width or 420) * (options.height or 120) * options.scale**2
    if pixels > MAX_PIXELS:
        raise InputError("scale", f"makes more than {MAX_PIXELS:,} pixels", hint="Ask for SVG, or for less.")


def shield(figure: Figure, options: Options, *, hidden: bool) -> dict[str, object]:
    """The figure as shields.io's endpoint badge wants it; a message is never empty."""
    words = words_of(figure, options)
    shown = "–" if hidden else words.message
    answer: dict[str, object] = {"schemaVersion": 1, "label": words.label, "message": shown}
    if figure.value is None:
        return answer | {"isError": True}
    answer["color"] = (options.colour or badge.COLOUR).removeprefix("#")
    if options.label_colour:
        answer["labelColor"] = options.label_colour.removeprefix("#")
    return answer | {"style": options.style, "cacheSeconds": SHIELD_SECONDS}
