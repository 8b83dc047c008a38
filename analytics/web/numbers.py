"""/sites/{domain}/numbers: what the owner changed in a site's numbers; one change more, and its undoing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..commands import check_adjustment
from ..complaints import explain, explain_beside
from ..counts import ADD, REPLACE, difference, read_number
from ..days import local_day
from ..errors import InputError, PagetallyError, Refused
from ..instance import Instance
from ..language import N_
from ..ledger import Desk, check_shown, fitting, move, page_of, path_of, post, undo
from ..model import SITE, Actor, Adjustment, Amount, Count, Detail, Site
from ..store.adjust import MOVES
from ..store.sqlite import SqliteReader
from ..urls import MAX_URL
from .auth import read_form, redirect
from .gate import BOTH, Gate
from .pages import Pages

SHOWN = 500
"""Adjustments that a page lists; `pagetally counter list` has them all."""

SHOWN_EFFECTS = 20
"""Pages that a preview lists."""

MAX_NOTE = 200
FORM_BYTES = 32 * 1024
PATIENCE = 60.0
"""Seconds that a preview may take: a pattern is asked of every page that there ever was."""

CHOICES: Mapping[str, str] = {
    "set": N_("Set to"),
    "add": N_("Add"),
    "reset": N_("Reset"),
    "exclude": N_("Exclude from counting"),
    "rename": N_("Rename, or merge into another page"),
}
"""What the form offers. Whether a page is renamed or merged is seen by whether the other has a count."""

BUTTONS: Mapping[str, str] = {
    "set": N_("Set it"),
    "add": N_("Add it"),
    "reset": N_("Reset it"),
    "exclude": N_("Exclude it"),
    "rename": N_("Rename it"),
    "merge": N_("Merge them"),
}
"""What is agreed to below a preview."""

BROWSER = "browser"
"""The way in which its changes come, for the trail."""

FIELDS = ("do", "path", "target", "views", "visitors", "note", "pages_only", "with_past")
"""What the form says; the preview says it again when it is agreed to."""


@dataclass(frozen=True)
class Change:
    """What a form asks for, checked by itself; `kind` and `detail` are those of its adjustment."""

    kind: str
    detail: Detail
    amount: Amount | None = None
    with_past: bool = False


@dataclass(frozen=True)
class Effect:
    """What becomes of a count: of a page, or of the site (whose path is empty)."""

    path: str
    before: Count
    after: Count
    at_most: bool = False
    """Whether there may be fewer visitors: who is in both counts is one of them."""

    @property
    def is_one(self) -> bool:
        """Whether anything changes that people see."""
        return self.before.shown != self.after.shown


@dataclass(frozen=True)
class Preview:
    """What a change would do."""

    said: Adjustment
    effects: list[Effect] = field(default_factory=list)
    pages: int = 0
    """How many pages fit a pattern."""
    rest: int = 0
    """How many pages change besides those of `effects`."""

    @property
    def is_any(self) -> bool:
        """Whether there is anything to do: a pattern and a path mean something for what is to come."""
        return self.said.kind in (*MOVES, "exclude") or any(one.is_one for one in self.effects)


class NumbersRoutes:
    """The page, for the owner only."""

    def __init__(self, instance: Instance, gate: Gate, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self.routes = [gate.site_page("/sites/{domain}/numbers", self.numbers, BOTH)]

    async def numbers(self, request: Request, site: Site) -> Response:
        """The trail, and the preview of a change (GET); a change made or undone (POST)."""
        is_post = request.method == "POST"
        form = await read_form(request, FORM_BYTES) if is_post else dict(request.query_params)
        found: dict[str, Any] = {}
        try:
            if is_post:
                await run_in_threadpool(self._act, site, form)
                return redirect(request, f"/sites/{quote(site.domain)}/numbers#changes")
            if "do" in form:
                found["preview"] = await run_in_threadpool(self._preview, site, form)
        except (InputError, Refused) as error:
            found |= tell(error, is_undo="undo" in form and is_post)
        given = {name: form.get(name, "") for name in FIELDS}
        if "preview" in found:
            given["do"] = name_of(found["preview"].said)
        found |= await run_in_threadpool(self._read, site)
        here = f"{request.scope.get('root_path', '')}/sites/{quote(site.domain)}/numbers"
        status = 400 if "problems" in found else 200
        values = {"preview": None, "problems": {}, "here": here, "given": given} | found
        values |= {"choices": CHOICES, "buttons": BUTTONS, "fields": FIELDS}
        # Not on the event loop: five hundred rows take a while.
        return await run_in_threadpool(
            lambda: self._pages.render(
                request, "numbers.html", status=status, signed_in=True, site=site, **values
            )
        )

    def _read(self, site: Site) -> dict[str, Any]:
        """(day, adjustment, whether it can be undone), the newest first, and what the site shows now."""
        with self._instance.borrow_reader() as reader:
            found, total = reader.adjustments(site.id), reader.site_count(site.id)
        rows = [(local_day(site.timezone, one.at), one, can_undo(one)) for one in reversed(found)]
        return {"rows": rows[:SHOWN], "total": total}

    def _preview(self, site: Site, form: Mapping[str, str]) -> Preview:
        change = read_change(site, form)
        # Whether it is a rename is seen below; what both must be is the same.
        kind = "merge" if change.kind in MOVES else change.kind
        detail = check_adjustment(self._instance, site, kind, change.detail)
        with self._instance.borrow_reader(PATIENCE) as reader:
            if change.kind in MOVES:
                return preview_move(reader, site, detail)
            return preview_counts(reader, site, dataclasses.replace(change, detail=detail))

    def _act(self, site: Site, form: Mapping[str, str]) -> None:
        desk = Desk(self._instance)
        if "undo" in form:
            undo(desk, self._find(site, form["undo"]), Actor(BROWSER))
            return
        change = read_change(site, form)
        if change.kind in MOVES:
            move(desk, site, change.kind, change.detail)
            return
        with self._instance.borrow_reader(PATIENCE) as reader:
            amounts = amounts_of(reader, site, change)
        post(desk, site, change.kind, change.detail, amounts)

    def _find(self, site: Site, text: str) -> int:
        """The number of an adjustment of this site."""
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        with self._instance.borrow_reader() as reader:
            if number not in {one.id for one in reader.adjustments(site.id)}:
                raise InputError("adjustment", f"there is none of the number {number}")
        return number


def can_undo(one: Adjustment) -> bool:
    """Whether an adjustment has an end that can be taken back, or a middle in which it can turn round."""
    return one.kind != "retention" and (one.state == "done" or (one.state == "running" and one.kind in MOVES))


def tell(error: PagetallyError, *, is_undo: bool) -> dict[str, Any]:
    """What is wrong, by the field beside which it is said; "" is the form as a whole."""
    name = error.field if isinstance(error, InputError) else ""
    # A pattern is checked as one of the site's settings.
    name = "undo" if is_undo else "path" if name == "exclude-path" else name
    if name and name not in (*FIELDS, "undo"):
        return {"problems": {"": explain(error)}}
    return {"problems": {name: explain_beside(error)}}


def name_of(said: Adjustment) -> str:
    """What the form calls an adjustment."""
    return {"offset": "add" if said.detail.strategy == ADD else "set"}.get(said.kind, said.kind)


# A form to a change


def read_change(site: Site, form: Mapping[str, str]) -> Change:
    """What a form asks for; InputError when it is not all there."""
    what, path = form.get("do", ""), form.get("path", "").strip()
    if what not in CHOICES and what not in MOVES:
        raise InputError("do", f"{what[:40]!r} is none", hint="One of " + ", ".join(CHOICES))
    note = form.get("note", "").strip()
    if len(note) > MAX_NOTE or not note.isprintable():
        raise InputError("note", f"is longer than {MAX_NOTE} characters, or than a line")
    if not path and what not in ("set", "add"):
        raise InputError("path", "is required")
    detail = Detail(way=BROWSER, note=note, strategy=REPLACE)
    if what == "exclude":
        if len(path) > MAX_URL:
            raise InputError("path", f"is longer than {MAX_URL:,} characters")
        return Change(what, replace(detail, path=path), with_past=bool(form.get("with_past")))
    if what in MOVES:
        target = form.get("target", "").strip()
        if not target:
            raise InputError("target", "is required")
        source = path_of(site, path)
        return Change(
            what, Detail(way=BROWSER, note=note, path=source, target=page_of(site, target, "target"))
        )
    key = page_of(site, path) if path else SITE
    # Of the site alone there are no pages that it could follow.
    detail = replace(detail, path=path and key, pages_only=bool(path and form.get("pages_only")))
    if what == "reset":
        return Change(what, detail, Amount(key, 0, 0))
    return Change(
        "offset",
        replace(detail, strategy=ADD if what == "add" else REPLACE),
        read_amount(key, form, is_set=what == "set"),
    )


def read_amount(key: str, form: Mapping[str, str], *, is_set: bool) -> Amount:
    """The count that a form gives; InputError where there is none, or one that cannot be."""
    views, visitors = (read_number(name, form.get(name, "")) for name in ("views", "visitors"))
    if views is None and visitors is None:
        raise InputError("views", "is required", hint="Give views, visitors or both.")
    if is_set:
        check_shown(views, visitors)
    return Amount(key, views, visitors)


# A change to what it does


def amounts_of(reader: SqliteReader, site: Site, change: Change) -> list[Amount]:
    """The counts that a change gives: of a page or the site, or of all pages that a pattern excludes."""
    if change.amount is not None:
        return [change.amount]
    if not change.with_past:
        return []
    paths = (path for path, _ in reader.page_paths(site.id))
    return [Amount(path, 0, 0) for path in fitting(paths, change.detail.path)]


def preview_counts(reader: SqliteReader, site: Site, change: Change) -> Preview:
    """What a change of counts would do, to pages and to the site, which follows them."""
    amounts, detail = amounts_of(reader, site, change), change.detail
    fit = [one.path for one in amounts]
    if change.kind == "exclude" and not amounts:
        fit = fitting((path for path, _ in reader.page_paths(site.id)), detail.path)
    pages, total = reader.balance(site.id, [one.path for one in amounts if one.path != SITE])
    effects, views, visitors = [], 0, 0
    for amount in amounts:
        before = total if amount.path == SITE else pages.get(amount.path, Count())
        moved = difference(detail.strategy, before, amount)
        views, visitors = views + moved.views, visitors + moved.visitors
        if amount.path != SITE:
            after = Count(before.views + moved.views, before.visitors + moved.visitors)
            effects.append(Effect(amount.path, before, after))
    effects.sort(key=lambda one: (-one.before.views, one.path))
    if change.kind == "exclude":
        effects = [one for one in effects if one.is_one]
    rest = len(effects) - SHOWN_EFFECTS
    if amounts:
        after = total if detail.pages_only else Count(total.views + views, total.visitors + visitors)
        effects = [*effects[:SHOWN_EFFECTS], Effect("", total, after)]
    detail = replace(detail, pages=len(fit) if change.with_past else 0)
    if change.amount is not None:
        detail = replace(detail, given_views=change.amount.views, given_visitors=change.amount.visitors)
    return Preview(Adjustment(0, site.id, 0, change.kind, "", detail), effects, len(fit), max(rest, 0))


def preview_move(reader: SqliteReader, site: Site, detail: Detail) -> Preview:
    """What becomes of two pages: a rename where the second has no count, a merge where it has one.

    InputError where there is nothing to move.
    """
    source, target = detail.path, detail.target
    kind = "merge" if target in reader.page_counts(site.id, [target]) else "rename"
    pages, _ = reader.balance(site.id, [source, target])
    if source not in pages:
        raise InputError("path", f"{source!r} has no count here")
    mine, other = pages[source], pages.get(target, Count())
    both = Count(mine.views + other.views, mine.visitors + other.visitors)
    is_shared = bool(mine.visitors and other.visitors)
    effects = [Effect(source, mine, Count()), Effect(target, other, both, at_most=is_shared)]
    return Preview(Adjustment(0, site.id, 0, kind, "", detail), effects)
