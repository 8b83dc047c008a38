"""The owner's numbers, changed by whoever may write: what the commands and the imports share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from .commands import (
    Advance,
    BeginAdjustment,
    Command,
    FinishCounts,
    Fold,
    StageCounts,
    UndoAdjustment,
    perform,
)
from .counts import MAX_COUNT
from .errors import InputError
from .importer import Performer
from .instance import Instance
from .model import OTHER, Actor, Amount, Detail, Site
from .urls import MAX_URL, compile_pattern, read_path

CHUNK = 1_000
"""Counts that are prepared at a time, so that views get their turn in between."""


class Desk:
    """Commands performed by this process."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def perform(self, command: Command) -> Any:
        """Do what a command says; what it answers. PagetallyError when it cannot be done."""
        return perform(self._instance, command)


def path_of(site: Site, text: str, field: str = "path") -> str:
    """The key of a page as the owner writes it; InputError when it cannot be one."""
    if not text.startswith(("/", "http://", "https://")):
        raise InputError(field, f"{text!r} must begin with /", hint="Write /posts/hello, or a full address.")
    if len(text) > MAX_URL:
        raise InputError(field, f"is longer than {MAX_URL:,} characters")
    try:
        return read_path(text, query_keys=site.query_keys)
    except InputError as error:
        raise error.named(field) from None


def page_of(site: Site, text: str, field: str = "path") -> str:
    """The key under which a page is counted; InputError when it cannot be one."""
    return site.page_key(path_of(site, text, field))


def check_shown(views: int | None, visitors: int | None) -> None:
    """Refuse to have a page show what no page can."""
    for field, given in (("views", views), ("visitors", visitors)):
        if (given or 0) < 0:
            raise InputError(field, "must not be below nothing", hint="To take away: pagetally counter add")
    if (visitors or 0) > (MAX_COUNT if views is None else views):
        raise InputError("visitors", "cannot be more than views")


NOBODY = Actor()


def fitting(paths: Iterable[str], pattern: str) -> list[str]:
    """The pages that a pattern excludes."""
    return [path for path in paths if path != OTHER and compile_pattern(pattern).match(path)]


def post(desk: Performer, site: Site, kind: str, detail: Detail, amounts: Sequence[Amount]) -> int:
    """Change counts, all at once; the adjustment's number."""
    if len(amounts) == 1:
        detail = replace(detail, given_views=amounts[0].views, given_visitors=amounts[0].visitors)
    number = int(desk.perform(BeginAdjustment(site.domain, kind, detail)))
    try:
        for start in range(0, len(amounts), CHUNK):
            desk.perform(StageCounts(number, list(amounts[start : start + CHUNK])))
        desk.perform(FinishCounts(number))
    except BaseException:
        desk.perform(UndoAdjustment(number))
        raise
    return number


def move(
    desk: Performer, site: Site, kind: str, detail: Detail, progress: Callable[[], None] = lambda: None
) -> int:
    """Rename a page or merge it into another, a site-day at a time; the adjustment's number."""
    number = int(desk.perform(BeginAdjustment(site.domain, kind, detail)))
    _advance(desk, number, progress)
    return number


def undo(
    desk: Performer, number: int, actor: Actor = NOBODY, progress: Callable[[], None] = lambda: None
) -> None:
    """Take an adjustment back, as `actor` wants."""
    if desk.perform(UndoAdjustment(number, actor)):
        _advance(desk, number, progress)


def _advance(desk: Performer, number: int, progress: Callable[[], None]) -> None:
    while desk.perform(Advance(number)):
        progress()
    # Close again the days that were opened for it.
    desk.perform(Fold())
