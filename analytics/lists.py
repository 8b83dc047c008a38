"""Lists of pages for readers: the most viewed, and those that trend.

A page trends when its share of the visitors grows, from the range before to this one. With n its
visitors now, b before, and N, B those of all pages, (n/b) / (N/B) says how much faster than the site
it grew. Few visitors make that ratio noise, so it is not taken as it is: of the page's n + b visitors
the share that came now lies, with 95 % confidence, above the lower end w of Wilson's score interval
(E. B. Wilson, 1927); the score is (w / (1 - w)) / (N/B), growth that can be relied on. Three
visitors after none score 0.8 on a steady site, ten after none 2.6, thirty after three 3.2. A
page is listed when its score is above 1.

The site's own growth takes the half-done day of "today" and a quiet Sunday out of the comparison;
visitors, not views, keep one person with a reload key from making a trend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from .days import local_day
from .errors import InputError
from .model import OTHER, ListedPage, PageList, PageRow, Range, RelatedPage, Site
from .periods import read_window
from .store.base import Reader
from .urls import compile_pattern

METRICS = ("views", "visitors", "trending")
WINDOW = "30d"
LIMIT, MOST = 10, 50

MAX_EXCLUDED = 20
MAX_PATTERN = 200
"""Patterns of paths to leave out, and the characters that one may have."""

MAX_FRESH = 3_650
"""Days that a page may be asked to be younger than."""

DAY = 86_400
Z = 1.96
"""Standard deviations of 95 % confidence."""


@dataclass(frozen=True)
class Wish:
    """What a list is to hold; `read_wish` makes one of texts."""

    window: str = WINDOW
    metric: str = METRICS[0]
    limit: int = LIMIT
    fresh_days: int = 0
    """Only pages whose first view was within so many days; 0 for all."""
    exclude: tuple[str, ...] = ()
    """Paths, with * for anything, that are left out."""
    prefix: str = ""
    """What the paths begin with."""


def read_wish(
    window: str = "",
    metric: str = "",
    limit: str = "",
    freshness: str = "",
    exclude: Sequence[str] = (),
    include: str = "",
) -> Wish:
    """A wish from the texts of a query or a command, empty ones for what is usual.

    InputError names the field that cannot be used.
    """
    if metric and metric not in METRICS:
        raise InputError("metric", f"{metric[:40]!r} is no metric", hint=f"Use one of {', '.join(METRICS)}.")
    try:
        read_window(window, 0)
    except InputError as error:
        raise InputError("window", f"{window[:40]!r} is no range of days", hint=error.hint) from None
    if len(exclude) > MAX_EXCLUDED or any(len(pattern) > MAX_PATTERN for pattern in exclude):
        raise InputError("exclude", f"takes {MAX_EXCLUDED} patterns of {MAX_PATTERN} characters at most")
    if len(include) > MAX_PATTERN:
        raise InputError("include", f"is longer than {MAX_PATTERN} characters")
    return Wish(
        window or WINDOW,
        metric or METRICS[0],
        read_limit(limit, MOST),
        _read_number("freshness", freshness.removesuffix("d"), MAX_FRESH) if freshness else 0,
        tuple(exclude),
        include,
    )


def read_limit(text: str, most: int) -> int:
    """How many rows a list is to have; InputError unless 1 to `most`."""
    return _read_number("limit", text, most) if text else min(LIMIT, most)


def _read_number(field: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise InputError(field, f"must be a number from 1 to {most:,}")
    return int(text)


def list_pages(reader: Reader, site: Site, wish: Wish, now: float) -> PageList:
    """The list that is wished for, as the site's summary of the same days counts it; of all time as
    counters show it, with the owner's offsets.

    Call it inside one snapshot of the reader. InputError for a trend over all time.
    """
    today = local_day(site.timezone, now)
    span = read_window(wish.window, today)
    born = int(now) - wish.fresh_days * DAY if wish.fresh_days else None
    is_wanted = _filter(wish, site)
    if wish.metric == "trending":
        if span is None:
            raise InputError("window", "has none before it", hint="Ask for the trend of 7d, for example.")
        return PageList(site.domain, _rank(reader, site, span, wish.limit, born, is_wanted))
    rows = _most_viewed(reader, site, span, wish, born, is_wanted)
    return PageList(site.domain, [ListedPage(row.path, row.title, row.views, row.visitors) for row in rows])


def show_related(pages: Iterable[RelatedPage], site: Site, limit: int) -> list[RelatedPage]:
    """The first of the related pages that readers may be shown."""
    is_shown = shows(site)
    return [page for page in pages if is_shown(page.path)][:limit]


def shows(site: Site, exclude: Iterable[str] = ()) -> Callable[[str], bool]:
    """Whether a list shows readers a page, by its path: not the row of views without a page, and nothing
    that its owner excluded, though its views of before are still in the figures."""
    patterns = [compile_pattern(pattern) for pattern in (*site.exclude_paths, *exclude)]
    return lambda path: path != OTHER and not any(pattern.match(path) for pattern in patterns)


def _filter(wish: Wish, site: Site) -> Callable[[PageRow], bool]:
    is_shown = shows(site, wish.exclude)
    return lambda row: row.path.startswith(wish.prefix) and is_shown(row.path)


def _most_viewed(
    reader: Reader,
    site: Site,
    span: Range | None,
    wish: Wish,
    born: int | None,
    is_wanted: Callable[[PageRow], bool],
) -> Sequence[PageRow]:
    """The first pages that are wanted; what is filtered out makes it look further down the list."""
    size = wish.limit + 1
    while True:
        rows, count = reader.top_pages(site.id, span, size, by_visitors=wish.metric == "visitors", born=born)
        found = [row for row in rows if is_wanted(row)]
        if len(found) >= wish.limit or len(rows) >= count:
            return found[: wish.limit]
        size *= 20


def _rank(
    reader: Reader,
    site: Site,
    span: Range,
    limit: int,
    born: int | None,
    is_wanted: Callable[[PageRow], bool],
) -> list[ListedPage]:
    found = []
    for row, before, every in reader.rising_pages(site.id, span, span.before(), born):
        score = score_trend(row.visitors, before, every.views, every.visitors)
        if score > 1 and is_wanted(row):
            found.append(ListedPage(row.path, row.title, row.views, row.visitors, before, round(score, 2)))
    return _best(found, limit)


def _best(pages: Iterable[ListedPage], limit: int) -> list[ListedPage]:
    return sorted(pages, key=lambda page: (-(page.score or 0), -page.visitors, page.path))[:limit]


def score_trend(now: int, before: int, all_now: int, all_before: int) -> float:
    """How much faster than the site a page grew, at least; above 1 it trends. See the module's words."""
    count = now + before
    if not now or not all_now or not all_before:
        return 0.0
    share = now / count
    spread = Z * sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    least = (share + Z * Z / (2 * count) - spread) / (1 + Z * Z / count)
    return least / (1 - least) / (all_now / all_before)
