"""Traffic into an instance, through the real store."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path

from analytics.commands import perform
from analytics.days import local_day
from analytics.errors import Refused
from analytics.instance import Instance
from analytics.lock import FolderLock, open_folder
from analytics.model import Hit, Site
from analytics.registry import check_site
from analytics.store.sqlite import SqliteStore

from .happenings import keepsakes, machines, with_happenings
from .posts import BLOG, read_posts
from .traffic import DAYS, make_traffic

DOMAIN = "lantern.example"
TIMEZONE = "Europe/London"
HERE = ("127.0.0.1", "localhost")

FOLD_LIMIT = 20_000
BEGUN, DONE = "demo", "seeded"
"""Files in the data folder: that it is a demo's, which may be made anew, and that seeding came to its end."""


def clear(folder: Path) -> None:
    """Make a folder ready to be seeded: a new or empty one, or what an interrupted seeding left.

    Refused for a folder that holds anything else, DataFolderInUse while another process has it.
    """
    open_folder(folder)
    mark = folder / BEGUN
    if not mark.exists() and any(folder.iterdir()):
        hint = "Name another with --data: one that is empty, or is not there yet."
        raise Refused(f"the folder {folder} is no demo, and may hold views that somebody counted", hint=hint)
    mark.touch()
    lock = FolderLock(folder).acquire()
    try:
        for file in folder.glob("pagetally.db*"):
            file.unlink()
        shutil.rmtree(folder / "backups", ignore_errors=True)
    finally:
        lock.release()


def fill(folder: Path, progress: Iterable[int] | None = None) -> None:
    """Fill a folder that was cleared with the demo site and its traffic.

    `progress` is an iterable over the days to come that is advanced as they are stored.
    """
    instance = Instance(folder, fold_limit=FOLD_LIMIT).open()
    try:
        site = check_site(
            # Whatever somebody tries the demo with, a headless browser or curl, moves its numbers.
            Site(id=0, domain=DOMAIN, timezone=TIMEZONE, aliases=HERE, count_bots=True)
        )
        instance.write(lambda store: store.save_site(site, instance.clock()))
        instance.reload_sites()
        site, now = instance.registry.sites[0], instance.clock()
        today = local_day(site.timezone, now)
        traffic = with_happenings(make_traffic(site, today, now), today, BLOG)
        store_days(instance, site, progress or range(DAYS), traffic)
        for drop in machines(site, today, int(now), [post.path for post in read_posts()]):
            instance.writer.tally(drop, drop.hit.day if drop.hit else today)
        instance.flush_tallies()
        for command in keepsakes(DOMAIN, BLOG, today):
            perform(instance, command)
        instance.fold()
        instance.rollup()
    finally:
        instance.close()
    (folder / DONE).touch()


def store_days(instance: Instance, site: Site, progress: Iterable[int], traffic: Iterable[list[Hit]]) -> None:
    """Store traffic day by day; while one is written, the next one is made."""
    waiting: Future[None] | None = None
    for _, hits in zip(progress, traffic, strict=True):
        if waiting is not None:
            waiting.result()
        waiting = instance.writer.call(lambda store, hits=hits: _store_day(store, hits))  # type: ignore[misc]
    if waiting is not None:
        waiting.result()


def _store_day(store: SqliteStore, hits: list[Hit]) -> None:
    store.write(hits)
    first = min(hit.day for hit in hits)
    for site, day in store.pending_days():
        while store.fold(site, day, FOLD_LIMIT):
            pass
    # Not this day's month, which would be summed up after each of its days, and opened for the next.
    while store.rollup(lambda site: first):
        pass
