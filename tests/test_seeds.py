"""The demo's traffic: the same every time, and to the view."""

from __future__ import annotations

import pytest

from analytics.days import local_day
from analytics.model import Site
from seeds.posts import archive, read_posts
from seeds.traffic import make_traffic

SITE = Site(id=1, domain="lantern.example", timezone="Europe/London")


@pytest.mark.parametrize("now", [1_764_072_000, 1_764_028_801, 1_774_746_000])
def test_traffic_comes_to_the_figures_exactly(now: int) -> None:
    today = local_day(SITE.timezone, now)
    days = list(make_traffic(SITE, today, now, days=60, views=9_000, fresh=210))
    hits = [hit for day in days for hit in day]
    newest = read_posts()[0].path
    assert len(days) == 60
    assert len(hits) == 9_000
    assert sum(hit.path == newest for hit in hits) == 210
    assert all(local_day(SITE.timezone, hit.at) == hit.day for hit in hits)
    assert max(hit.at for hit in hits) <= now
    assert hits == [
        hit for day in make_traffic(SITE, today, now, days=60, views=9_000, fresh=210) for hit in day
    ]


def test_posts_and_archive_are_pages_of_their_own() -> None:
    posts, older = read_posts(), archive()
    assert len(posts) == 6
    assert all(post.title and post.lead and len(post.paragraphs) >= 3 for post in posts)
    assert len({path for path, _ in older} | {post.path for post in posts}) == len(older) + len(posts)
