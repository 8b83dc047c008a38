"""The demo's traffic: the same every time, and to the view."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from analytics.days import local_day
from analytics.lock import FolderLock
from analytics.model import Hit, Kind, Site
from seeds.__main__ import main
from seeds.fill import BEGUN, clear
from seeds.happenings import SIGNUP, keepsakes, machines, with_happenings
from seeds.posts import BLOG, archive, read_posts
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


def test_readers_do_more_than_reading_and_no_view_is_added() -> None:
    now = 1_764_072_000
    today = local_day(SITE.timezone, now)

    def make() -> list[Hit]:
        traffic = make_traffic(SITE, today, now, days=60, views=9_000, fresh=210)
        return [hit for day in with_happenings(traffic, today, BLOG) for hit in day]

    hits = make()
    assert hits == make()
    kinds = Counter(hit.kind for hit in hits)
    assert kinds[Kind.VIEW] == 9_000
    assert kinds[Kind.ENGAGEMENT] > 300
    assert {hit.name for hit in hits if hit.kind == Kind.EVENT} == {SIGNUP, "Share", "Download"}
    assert all(local_day(SITE.timezone, hit.at) == hit.day for hit in hits)
    assert max(hit.at for hit in hits) <= now
    plans = Counter(json.loads(hit.detail or "")["plan"] for hit in hits if hit.name == SIGNUP)
    assert plans["weekly"] > plans["monthly"] > 0


def test_machines_goals_and_notes_of_the_demo() -> None:
    drops = list(machines(SITE, 20_000, 20_000 * 86_400 + 43_200, ["/blog/a"]))
    assert {drop.reason for drop in drops} == {"bot", "headless", "prefetch", "spam"}
    assert drops == list(machines(SITE, 20_000, 20_000 * 86_400 + 43_200, ["/blog/a"]))
    kept = list(keepsakes("a.example", BLOG, 20_000))
    assert sum(one.goal is not None for one in kept) == 3
    assert sum(one.annotation is not None for one in kept) == 3


def test_posts_and_archive_are_pages_of_their_own() -> None:
    posts, older = read_posts(), archive()
    assert len(posts) == 6
    assert all(post.title and post.lead and len(post.paragraphs) >= 3 for post in posts)
    assert len({path for path, _ in older} | {post.path for post in posts}) == len(older) + len(posts)


@pytest.mark.parametrize("name", ["pagetally.db", "pagetally.db-wal", "backups/pagetally-2026-01-01.db"])
def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("what somebody counted")
    result = CliRunner().invoke(main, ["--data", str(tmp_path), "--only-seed"])
    assert result.exit_code == 1
    assert "is no demo" in result.output
    assert "--data" in result.output
    assert file.read_text() == "what somebody counted"


def test_what_an_interrupted_seeding_left_is_cleared_unless_in_use(tmp_path: Path) -> None:
    clear(tmp_path / "new")
    (tmp_path / "new" / "pagetally.db").write_text("half")
    lock = FolderLock(tmp_path / "new").acquire()
    result = CliRunner().invoke(main, ["--data", str(tmp_path / "new"), "--only-seed"])
    assert result.exit_code == 1
    assert "in use" in result.output
    assert (tmp_path / "new" / "pagetally.db").exists()
    lock.release()
    clear(tmp_path / "new")
    assert not (tmp_path / "new" / "pagetally.db").exists()
    assert (tmp_path / "new" / BEGUN).exists()
