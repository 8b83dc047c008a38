"""What the owner can have done, as values: performed here, or sent to the server that runs.

A command is performed by whoever owns the data folder. Each is small enough to wait for; long
work (an import, an undo, a recount) is a series of them, so that views get their turn in between.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from .errors import InputError, Refused
from .instance import Instance
from .model import Hit, Site
from .registry import check_site
from .urls import bare_host


class SaveSite(Struct, tag=True, frozen=True):
    """Add a site (whose id is 0) or change one."""

    site: Site


class RemoveSite(Struct, tag=True, frozen=True):
    """Delete a site and all that was counted for it."""

    domain: str


class BeginImport(Struct, tag=True, frozen=True):
    """Start an import; Refused when the same content was imported before."""

    domain: str
    kind: str
    file: str
    fingerprint: str


class WriteImport(Struct, tag=True, frozen=True):
    """Store a chunk of an import."""

    number: int
    hits: list[Hit]


class EndImport(Struct, tag=True, frozen=True):
    """Finish an import; Refused (and undone by the caller) when its content turns out to be a repeat."""

    number: int
    fingerprint: str
    summary: str


class UndoImport(Struct, tag=True, frozen=True):
    """Take one more site-day of an import back; answers whether there is more to undo."""

    number: int


class Fold(Struct, tag=True, frozen=True):
    """Fold all that is stored, and close the days that have ended (with `before`: those before it)."""

    before: int | None = None


class ResetDay(Struct, tag=True, frozen=True):
    """Fold one site-day anew from its raw hits."""

    site: int
    day: int


class RebuildTotals(Struct, tag=True, frozen=True):
    """All-time totals anew from the days."""


class SetPassword(Struct, tag=True, frozen=True):
    """Take a new owner's password, as its hash."""

    kept: str


Command = (
    SaveSite
    | RemoveSite
    | BeginImport
    | WriteImport
    | EndImport
    | UndoImport
    | Fold
    | ResetDay
    | RebuildTotals
    | SetPassword
)

UNFINISHED = ("running", "undoing")


def perform(instance: Instance, command: Command) -> Any:
    """Do what a command says; what it answers. PagetallyError when it cannot be done."""
    match command:
        case SaveSite(site):
            return _save_site(instance, site)
        case RemoveSite(domain):
            site = find_site(instance, domain)
            instance.remove_site(site)
        case BeginImport():
            return _begin_import(instance, command)
        case WriteImport(number, hits):
            return instance.write(lambda store: store.write_import(number, hits))
        case EndImport(number, fingerprint, summary):
            _end_import(instance, number, fingerprint, summary)
        case UndoImport(number):
            return _undo_import(instance, number)
        case Fold(before):
            instance.fold()
            instance.rollup(before)
        case ResetDay(site_id, day):
            instance.write(lambda store: store.reset_day(site_id, day))
        case RebuildTotals():
            instance.write(lambda store: store.rebuild_totals())
        case SetPassword(kept):
            instance.set_password(kept)
    return None


def find_site(instance: Instance, domain: str) -> Site:
    """The site of that domain or alias; InputError when there is none."""
    site = instance.registry.find(domain)
    if site is None:
        known = ", ".join(site.domain for site in instance.registry.sites) or "none yet"
        raise InputError("site", f"{domain!r} is not known here", hint=f"Sites: {known}.")
    return site


def _save_site(instance: Instance, site: Site) -> Site:
    site = check_site(site)
    for other in instance.registry.sites:
        if other.id != site.id and bare_host(site.domain) in other.hosts:
            known_as = "" if site.domain == other.domain else f", as {other.domain}"
            raise Refused(f"{site.domain} is counted already{known_as}")
        for name in site.foreign_ids:
            if other.id != site.id and name in other.foreign_ids:
                raise Refused(f"{name} is {other.domain} already")
    number = instance.write(lambda store: store.save_site(site, instance.clock()))
    instance.reload_sites()
    return msgspec.structs.replace(site, id=number)


def _begin_import(instance: Instance, command: BeginImport) -> int:
    site = find_site(instance, command.domain)
    if command.fingerprint:
        _refuse_repeat(instance, command.fingerprint, site.id, 0)
        _undo_unfinished(instance, command.fingerprint, site.id)
    row: dict[str, object] = {
        "site": site.id,
        "kind": command.kind,
        "file": command.file,
        "fingerprint": command.fingerprint,
        "started": int(instance.clock()),
        "state": "running",
        "stored": 0,
        "summary": "{}",
    }
    return instance.write(lambda store: store.begin_import(row))


def _end_import(instance: Instance, number: int, fingerprint: str, summary: str) -> None:
    site = next(row["site"] for row in _list_imports(instance) if row["id"] == number)
    _refuse_repeat(instance, fingerprint, site, number)
    instance.write(lambda store: store.end_import(number, fingerprint, summary))


def _refuse_repeat(instance: Instance, fingerprint: str, site: int, number: int) -> None:
    """Refuse the same content for a second time."""
    for row in _list_imports(instance, site):
        if row["fingerprint"] == fingerprint and row["state"] == "done" and row["id"] != number:
            raise Refused(
                f"this was imported already: import {row['id']}, of {row['file']}",
                hint=f"To replace it, undo it first: pagetally import undo {row['id']}",
            )


def _undo_unfinished(instance: Instance, fingerprint: str, site: int) -> None:
    """Undo what a crash left of an earlier import of the same content."""
    for row in _list_imports(instance, site):
        if row["fingerprint"] == fingerprint and row["state"] in UNFINISHED:
            while _undo_import(instance, int(row["id"])):
                pass


def _list_imports(instance: Instance, site: int | None = None) -> list[dict[str, Any]]:
    with instance.borrow_reader() as reader:
        return reader.imports(site)


def _undo_import(instance: Instance, number: int) -> bool:
    rows = {row["id"]: row for row in _list_imports(instance)}
    if number not in rows:
        raise InputError("import", f"there is no import {number} to undo", hint="See: pagetally import list")
    if rows[number]["state"] == "undone":
        raise Refused(f"import {number} is undone already")
    if rows[number]["state"] != "undoing":
        instance.write(lambda store: store.set_import_state(number, "undoing"))
    more = instance.write(lambda store: store.undo_import_day(number))
    if not more:
        instance.write(lambda store: store.set_import_state(number, "undone"))
    return more
