"""400 days of plausible traffic, the same on every machine for the same day.

Views grow over the year, fall at weekends, rise in the morning and the evening, and come as visits:
a reader arrives from somewhere, reads a page or several, and sometimes comes back the same day.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from analytics.days import find_zone, to_date
from analytics.model import Hit, Kind, Site

from .posts import BLOG, Post, archive, read_posts
from .readers import campaign_of, client_of, place_of

DAYS = 400
SITE_VIEWS = 965_774
POST_VIEWS = 210
"""Views of the newest post: the two figures of the footer that set all this off."""

SOURCES = (
    ("", 46),
    ("google.com", 21),
    ("bing.com", 4),
    ("duckduckgo.com", 4),
    ("news.ycombinator.com", 3),
    ("mastodon.social", 4),
    ("bsky.app", 3),
    ("reddit.com", 4),
    ("facebook.com", 3),
    ("chatgpt.com", 2),
    ("harbour-radio.example", 2),
    ("islandtimes.example", 2),
    ("ferrytimes.example", 1),
    ("wikipedia.org", 1),
)
HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 10, 9, 8, 8, 9, 8, 7, 7, 7, 8, 9, 10, 10, 8, 6, 4)
"""How busy each hour of the day is."""
WEEKDAYS = (1.1, 1.12, 1.08, 1.05, 1.0, 0.8, 0.85)

CONTINUES = 0.46
"""The chance that a reader reads one page more."""
RETURNS = 0.12
"""The chance that a visit is somebody's second one of the day."""


@dataclass(frozen=True)
class _Day:
    number: int
    start: int
    end: int
    views: int
    fresh_views: int
    """Of the newest post."""


def make_traffic(
    site: Site,
    today: int,
    now: float,
    *,
    days: int = DAYS,
    views: int = SITE_VIEWS,
    fresh: int = POST_VIEWS,
    older: Sequence[tuple[str, str]] | None = None,
) -> Iterator[list[Hit]]:
    """The hits of each day, oldest first, ending at `now` on the day `today`.

    In all `views` of them, of which `fresh` are of the newest post; `older` are (path, title) of
    more pages, the archive if it is not given.
    """
    chance = random.Random(20_190_426)
    posts = read_posts()
    readings = _Readings(posts, archive() if older is None else older)
    for day in _plan(chance, site, today, now, days, views, fresh, posts[0].age):
        yield _make_day(chance, site, day, readings, posts[0])


def _plan(
    chance: random.Random, site: Site, today: int, now: float, days: int, views: int, fresh: int, age: int
) -> list[_Day]:
    """How many views each day gets, so that they come to the total exactly."""
    numbers = range(today - days + 1, today + 1)
    bounds = [(_midnight(site.timezone, day), _midnight(site.timezone, day + 1)) for day in numbers]
    bounds[-1] = (bounds[-1][0], max(int(now), bounds[-1][0] + 1))
    weights = [
        (0.55 + 0.9 * index / days)
        * WEEKDAYS[to_date(day).weekday()]
        * chance.uniform(0.88, 1.14)
        * (2.6 if chance.random() < 0.012 else 1.0)
        * sum(_hours_of(end - start))
        for index, (day, (start, end)) in enumerate(zip(numbers, bounds, strict=True))
    ]
    plain = _share(weights, views - fresh)
    late = weights[-age - 1 :]
    news = [0] * (days - len(late)) + _share([weight * 2.0**-n for n, weight in enumerate(late)], fresh)
    return [
        _Day(day, start, end, plain[index], news[index])
        for index, (day, (start, end)) in enumerate(zip(numbers, bounds, strict=True))
    ]


def _share(weights: Sequence[float], total: int) -> list[int]:
    """`total` in whole parts after the weights."""
    ends = [round(part / sum(weights) * total) for part in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _midnight(zone: str, day: int) -> int:
    date = to_date(day)
    return int(datetime(date.year, date.month, date.day, tzinfo=find_zone(zone)).timestamp())


class _Readings:
    """What can be read, and how likely it is."""

    def __init__(self, posts: Sequence[Post], older: Sequence[tuple[str, str]]) -> None:
        pages = [(BLOG, "The Lantern"), *((post.path, post.title) for post in posts[1:]), *older]
        weights = [36.0, *(14.0 / (rank + 1) for rank in range(len(posts) - 1))]
        weights += [9.0 / (rank + 2) ** 0.75 for rank in range(len(older))]
        self.pages = pages
        self.page_weights = list(accumulate(weights))
        self.sources = [host for host, _ in SOURCES]
        self.source_weights = list(accumulate(weight for _, weight in SOURCES))


def _make_day(chance: random.Random, site: Site, day: _Day, readings: _Readings, fresh: Post) -> list[Hit]:
    starts = _visit_starts(chance, day)
    sources = chance.choices(readings.sources, cum_weights=readings.source_weights, k=day.views)
    pages = chance.choices(readings.pages, cum_weights=readings.page_weights, k=day.views)
    hits: list[Hit] = []
    last = day.end - 1
    visitor = chance.getrandbits(63)
    while len(hits) < day.views:
        if chance.random() >= RETURNS:
            visitor = chance.getrandbits(63)
        at, source = next(starts), sources[len(hits)]
        while len(hits) < day.views:
            path, title = pages[len(hits)]
            hits.append(_make_hit(site, day, min(at, last), visitor, path, source, title))
            if chance.random() >= CONTINUES:
                break
            at, source = at + 10 + int(chance.expovariate(1 / 70)), ""
    for _ in range(day.fresh_views):
        source = chance.choices(readings.sources, cum_weights=readings.source_weights)[0]
        hits.append(
            _make_hit(site, day, next(starts), chance.getrandbits(63), fresh.path, source, fresh.title)
        )
    hits.sort(key=lambda hit: hit.at)
    return hits


def _visit_starts(chance: random.Random, day: _Day) -> Iterator[int]:
    """Times within the day, more of them in its busy hours."""
    length = day.end - day.start
    weights = list(accumulate(_hours_of(length)))
    while True:
        for hour in chance.choices(range(len(weights)), cum_weights=weights, k=1_000):
            yield day.start + int(hour * 3_600 + chance.random() * min(length - hour * 3_600, 3_600))


def _hours_of(length: int) -> list[float]:
    """How busy each hour is of a day's first so many seconds; the last may be a part of one.

    An hour that a change of the clocks adds is as the last.
    """
    whole, rest = divmod(length, 3_600)
    hours = [*HOURS, HOURS[-1]]
    return [*hours[:whole], *([hours[whole] * rest / 3_600] if rest else [])]


def _make_hit(site: Site, day: _Day, at: int, visitor: int, path: str, source: str, title: str) -> Hit:
    return Hit(
        site.id,
        day.number,
        at,
        visitor,
        int(Kind.VIEW),
        "",
        path,
        source,
        title,
        None,
        None,
        client_of(visitor),
        place_of(visitor),
        campaign_of(visitor, source),
    )
