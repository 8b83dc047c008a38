"""The schedule: what runs by itself while the server runs.

Each job is safe to miss and safe to repeat: what is due is read from what is stored, not from
the tick.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from .errors import Unavailable
from .instance import Instance

log = logging.getLogger("pagetally")


def schedule(instance: Instance) -> BackgroundScheduler:
    """The schedule of an instance; start it, and shut it down before the instance closes."""
    scheduler = BackgroundScheduler(
        # Separate threads: a long fold must not delay the destruction of a secret.
        executors={"default": ThreadPoolExecutor(8)},
        # A tick that comes late still runs (the default is to skip it after one second), once.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone="UTC",
    )
    for job, seconds in (
        (instance.fold, 1),
        (instance.flush_tallies, 2),
        (instance.probe, 2),
        (instance.rollup, 60),
        (instance.find_firsts, 60),
        (instance.relate, 300),
        (instance.purge, 600),
        (instance.retire, 60),
        (instance.carry_on, 60),
    ):
        scheduler.add_job(_quietly(job), "interval", seconds=seconds, id=job.__name__)
    for job in (instance.recall_properties, instance.count_tails):
        scheduler.add_job(_quietly(job), id=job.__name__)  # once, at once
    return scheduler


def _quietly(job: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            job()
        except Unavailable as error:
            # The writer has said so already; the next tick tries again.
            log.debug("%s: %s", job.__name__, error)

    return run
