"""What the owner can have done, as values: performed here, or sent to the server that runs.

A command is performed by whoever owns the data folder. Each is small enough to wait for; long
work (an import, an undo, a recount) is a series of them, so that views get their turn in between.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from . import access
from .errors import InputError, Refused
from .filters import NO_FILTER, NOTHING
from .forms.digitset import make_digit_set
from .goals import MOST_KEPT, check_annotation, check_goal, check_name, segment_filter
from .instance import Instance
from .model import (
    ACTIONS,
    OTHER,
    SCOPES,
    Actor,
    Amount,
    Annotation,
    ApiToken,
    Detail,
    Goal,
    Hit,
    Rule,
    Segment,
    Site,
)
from .registry import check_foreign_ids, check_site
from .store.adjust import MOVES
from .store.owner import TABLES
from .tokens import make_secret
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
    """Take one more site-day of an import back; answers whether there is more to undo.

    One that stored nothing before it was finished leaves the list.
    """

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


class BeginAdjustment(Struct, tag=True, frozen=True):
    """Start to change counts (then `StageCounts` and `FinishCounts`), or a rename or merge (`Advance`)."""

    domain: str
    kind: str
    detail: Detail


class StageCounts(Struct, tag=True, frozen=True):
    """Prepare some of an adjustment's counts."""

    number: int
    amounts: list[Amount]


class FinishCounts(Struct, tag=True, frozen=True):
    """Apply what was prepared, all of it."""

    number: int


class Advance(Struct, tag=True, frozen=True):
    """Take a rename, a merge or its undoing a site-day further; answers whether there is more."""

    number: int


class UndoAdjustment(Struct, tag=True, frozen=True):
    """Take an adjustment back; answers whether there is more to do, with `Advance`."""

    number: int
    actor: Actor = Actor()


class SetPassword(Struct, tag=True, frozen=True):
    """Take a new owner's password, as its hash."""

    kept: str


class RenewSecret(Struct, tag=True, frozen=True):
    """Make a new secret for a site's tokens; answers the site.

    The one that it had stays good for `grace` more seconds.
    """

    domain: str
    grace: int


class ForgetSecret(Struct, tag=True, frozen=True):
    """End a site's former secret at once. Answers the site."""

    domain: str


class AddToken(Struct, tag=True, frozen=True):
    """Make a token for programs, of a site or (without a domain) of all; answers the token, once."""

    domain: str
    scope: str
    note: str


class RemoveToken(Struct, tag=True, frozen=True):
    """End a token."""

    number: int


class Keep(Struct, tag=True, frozen=True):
    """Keep a goal, filters or a note on a day of a site; answers its number.

    A goal or a segment that has a number takes the place of that one, else of the one of its name.
    """

    domain: str
    goal: Goal | None = None
    segment: Segment | None = None
    annotation: Annotation | None = None


class RemoveKept(Struct, tag=True, frozen=True):
    """Forget a goal, segment or annotation (`table`) of a site."""

    domain: str
    table: str
    number: int


class EraseDay(Struct, tag=True, frozen=True):
    """Erase a day of a site, or those pages of it that fit a pattern."""

    domain: str
    day: int
    pattern: str = ""


class EndErasing(Struct, tag=True, frozen=True):
    """Leave no byte of what was erased; forget the pages that fit a pattern, if every day of them was."""

    domain: str
    pattern: str


class SaveDigits(Struct, tag=True, frozen=True):
    """Keep a set of digits: pictures by the characters they show."""

    name: str
    files: dict[str, bytes]


class RemoveDigits(Struct, tag=True, frozen=True):
    """Forget a set of digits."""

    name: str


class AddRule(Struct, tag=True, frozen=True):
    """Begin to move hits by a rule (then `AdvanceRule`); answers its number."""

    domain: str
    action: str
    filter: str


class AdvanceRule(Struct, tag=True, frozen=True):
    """Take a rule or its undoing a site-day further; answers whether there is more."""

    number: int


class UndoRule(Struct, tag=True, frozen=True):
    """Begin to take a rule back (then `AdvanceRule`)."""

    number: int


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
    | BeginAdjustment
    | StageCounts
    | FinishCounts
    | Advance
    | UndoAdjustment
    | SetPassword
    | RenewSecret
    | ForgetSecret
    | AddToken
    | RemoveToken
    | Keep
    | RemoveKept
    | EraseDay
    | EndErasing
    | SaveDigits
    | RemoveDigits
    | AddRule
    | AdvanceRule
    | UndoRule
)

UNFINISHED = ("running", "undoing", "cut off")


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
        case RenewSecret(domain, grace):
            return _renew_secret(instance, find_site(instance, domain), grace)
        case ForgetSecret(domain):
            site = find_site(instance, domain)
            return _save_site(instance, msgspec.structs.replace(site, former_secret="", former_until=0))
        case EraseDay(domain, day, pattern):
            return instance.erase_day(find_site(instance, domain), day, pattern)
        case EndErasing(domain, pattern):
            site = find_site(instance, domain)
            if pattern:
                instance.write(lambda store: store.forget_pages(site.id, pattern))
                instance.reload_sites()
            instance.write(lambda store: store.checkpoint(truncate=True))
        case SaveDigits() | RemoveDigits():
            return _change_digits(instance, command)
        case AddToken() | RemoveToken() | Keep() | RemoveKept() | AddRule() | AdvanceRule() | UndoRule():
            return _manage(instance, command)
        case _:
            return _adjust(instance, command)
    return None


def _manage(instance: Instance, command: Command) -> Any:
    """The commands about what an owner keeps, and about rules."""
    match command:
        case AddToken():
            return _add_token(instance, command)
        case Keep():
            return _keep(instance, command)
        case RemoveKept(domain, table, number):
            site = find_site(instance, domain)
            if table not in TABLES or not instance.write(
                lambda store: store.remove_kept(table, site.id, number)
            ):
                raise InputError(table, f"there is none of the number {number}")
        case RemoveToken(number):
            if not instance.write(lambda store: store.remove_token(number)):
                raise InputError(
                    "token", f"there is none of the number {number}", hint="See: pagetally token list"
                )
            instance.reload_tokens()
        case AddRule(domain, action, text):
            return _add_rule(instance, find_site(instance, domain), action, text)
        case AdvanceRule(number):
            return instance.advance_rule(number)
        case UndoRule(number):
            instance.write(lambda store: store.undo_rule(number))
            instance.reload_sites()
    return None


MOST_SETS = 32


def _change_digits(instance: Instance, command: SaveDigits | RemoveDigits) -> None:
    if isinstance(command, RemoveDigits):
        if not instance.write(lambda store: store.remove_digit_set(command.name)):
            hint = "See: pagetally digits list"
            raise InputError("name", f"there is no set {command.name[:40]!r}", hint=hint)
    else:
        own = make_digit_set(command.name, command.files)
        if len({*instance.digit_sets, own.name}) > MOST_SETS:
            raise Refused(f"there are {MOST_SETS} sets already", hint="pagetally digits remove NAME")
        instance.write(lambda store: store.save_digit_set(own))
    instance.reload_digit_sets()


def _add_rule(instance: Instance, site: Site, action: str, text: str) -> int:
    if action not in ACTIONS:
        raise InputError("action", f"{action[:40]!r} is none", hint="One of " + ", ".join(ACTIONS))
    instance.flush_tallies()
    rule = Rule(0, site.id, action, text)
    number = instance.write(lambda store: store.begin_rule(rule, int(instance.clock())))
    # From now on it also holds for what comes.
    instance.reload_sites()
    return number


def _renew_secret(instance: Instance, site: Site, grace: int) -> Site:
    now = int(instance.clock())
    if grace and site.former_secret and now < site.former_until:
        # A third generation would have to end the first, whose pages may still be around.
        raise Refused(
            f"the former secret of {site.domain} is still good",
            hint=f"To end it at once: pagetally site secret {site.domain} --now",
        )
    former, until = (site.token_secret, now + grace) if grace and site.token_secret else ("", 0)
    site = msgspec.structs.replace(site, token_secret=make_secret(), former_secret=former, former_until=until)
    return _save_site(instance, site)


def _keep(instance: Instance, command: Keep) -> int:
    site, now = find_site(instance, command.domain), int(instance.clock())
    with instance.borrow_reader() as reader:
        kept = reader.kept(site.id)
    given: Goal | Segment | Annotation
    if command.goal is not None:
        given = check_goal(msgspec.structs.replace(command.goal, site=site.id))
        known = {one.name: one.id for one in kept.goals}
    elif command.segment is not None:
        check_name(command.segment.name)
        given = msgspec.structs.replace(command.segment, site=site.id)
        known = {one.name: one.id for one in kept.segments}
        if segment_filter(given) in (NO_FILTER, NOTHING):
            raise InputError("filters", "are none", hint="Filter first, then keep the filters.")
    elif command.annotation is not None:
        given = check_annotation(msgspec.structs.replace(command.annotation, site=site.id))
        return instance.write(lambda store: store.keep(given, now))
    else:
        raise InputError("keep", "names nothing to keep")
    if given.id and given.id not in known.values():
        what = "goal" if command.goal is not None else "segment"
        raise InputError(what, f"there is none of the number {given.id}")
    if given.id and known.get(given.name, given.id) != given.id:
        raise InputError("name", f"{given.name!r} is another one's")
    if len(known) >= MOST_KEPT and not given.id and given.name not in known:
        raise Refused(f"a site keeps {MOST_KEPT} at most")
    more = kept.with_goal_renamed(given.id, given.name) if isinstance(given, Goal) else ()
    numbers = instance.write(lambda store: [store.keep(one, now) for one in (given, *more)])
    return numbers[0]


def _add_token(instance: Instance, command: AddToken) -> str:
    if command.scope not in SCOPES:
        raise InputError("scope", f"{command.scope!r} is none", hint="One of " + ", ".join(SCOPES))
    site = find_site(instance, command.domain).id if command.domain else 0
    text = access.make_token()
    token = ApiToken(0, site, command.scope, access.digest(text), command.note, int(instance.clock()))
    instance.write(lambda store: store.add_token(token))
    instance.reload_tokens()
    return text


def _adjust(instance: Instance, command: Command) -> Any:
    """The commands that change the owner's numbers."""
    match command:
        case BeginAdjustment(domain, kind, detail):
            return _begin_adjustment(instance, find_site(instance, domain), kind, detail)
        case StageCounts(number, amounts):
            instance.write(lambda store: store.stage_counts(number, amounts))
        case FinishCounts(number):
            instance.write(lambda store: store.finish_counts(number))
            instance.reload_sites()
        case Advance(number):
            return instance.advance(number)
        case UndoAdjustment(number, actor):
            return instance.settle(instance.write(lambda store: store.undo_adjustment(number, actor)))
    return None


def _begin_adjustment(instance: Instance, site: Site, kind: str, detail: Detail) -> int:
    detail = check_adjustment(instance, site, kind, detail)
    at = int(instance.clock())
    number = instance.write(lambda store: store.begin_adjustment(site.id, at, kind, detail))
    instance.reload_sites()
    return number


def check_adjustment(instance: Instance, site: Site, kind: str, detail: Detail) -> Detail:
    """An adjustment's detail with its paths as they are counted; InputError or Refused when it cannot be."""
    if kind in MOVES:
        return _check_move(instance, site, kind, detail)
    if kind == "exclude":
        path = check_site(msgspec.structs.replace(site, exclude_paths=(detail.path,))).exclude_paths[0]
        if path in site.exclude_paths:
            raise Refused(f"{path} is excluded already")
        return msgspec.structs.replace(detail, path=path)
    if kind == "import":
        _refuse_second_import(instance, site, detail)
    return detail


def _check_move(instance: Instance, site: Site, kind: str, detail: Detail) -> Detail:
    source, target = detail.path, site.page_key(detail.target)
    if source in site.path_aliases:
        raise Refused(f"{source} is counted as {site.page_key(source)} already")
    if source == target:
        raise InputError("target", f"is {source} itself", hint="See: pagetally counter list")
    if OTHER in (source, target):
        raise InputError("path", f"{OTHER} is no page")
    with instance.borrow_reader() as reader:
        if kind == "rename" and target in reader.page_counts(site.id, [target]):
            hint = f"To put both together: pagetally counter merge {source} {target}"
            raise Refused(f"{target} has a count of its own", hint=hint)
    return msgspec.structs.replace(detail, target=target)


def _refuse_second_import(instance: Instance, site: Site, detail: Detail) -> None:
    with instance.borrow_reader() as reader:
        earlier = reader.adjustments(site.id)
    for one in earlier:
        is_same = one.detail.fingerprint == detail.fingerprint and one.state == "done"
        if is_same and one.kind == "import":
            raise Refused(
                f"this was imported already: adjustment {one.id}, of {one.detail.file}",
                hint=f"To replace it, undo it first: pagetally counter undo {one.id}",
            )


def find_site(instance: Instance, domain: str) -> Site:
    """The site of that domain or alias; InputError when there is none."""
    site = instance.registry.find(domain)
    if site is None:
        known = ", ".join(site.domain for site in instance.registry.sites) or "none yet"
        raise InputError("site", f"{domain!r} is not known here", hint=f"Sites: {known}.")
    return site


def _save_site(instance: Instance, site: Site) -> Site:
    site = check_site(site)
    if site.needs_token and not site.token_secret:
        site = msgspec.structs.replace(site, token_secret=make_secret())
    _refuse_others(instance, site)
    number = instance.write(lambda store: store.save_site(site, instance.clock()))
    instance.reload_sites()
    return msgspec.structs.replace(site, id=number)


def _refuse_others(instance: Instance, site: Site) -> None:
    """Refuse a domain, alias or foreign id, given now, that another site has or that nothing asks for.

    An alias may be another site's domain: that site counts it, and this one where a page names both.
    """
    mine = instance.registry.by_id.get(site.id)
    given = site.hosts - mine.hosts if mine else site.hosts
    check_foreign_ids(name for name in site.foreign_ids if not mine or name not in mine.foreign_ids)
    for other in instance.registry.sites:
        if other.id == site.id:
            continue
        if site.domain in given & other.hosts:
            known_as = "" if site.domain == other.domain else f", as {other.domain}"
            hint = f"See what is set, or change it: pagetally site edit {other.domain}"
            raise Refused(f"{site.domain} is counted already{known_as}", hint=hint)
        if taken := sorted(given & other.hosts - {bare_host(other.domain)}):
            hint = f"See what is set there: pagetally site edit {other.domain}"
            raise Refused(f"{taken[0]} is an alias of {other.domain} already", hint=hint)
        for name in site.foreign_ids:
            if name in other.foreign_ids:
                raise Refused(f"{name} is {other.domain} already")


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
    site = next((row["site"] for row in _list_imports(instance) if row["id"] == number), None)
    if site is None:
        raise InputError("import", f"there is no import {number} any more")
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
    state = rows[number]["state"]
    if state == "undone":
        raise Refused(f"import {number} is undone already")
    if not rows[number]["stored"] and state != "done":
        # It was refused, or had nothing: there is nothing to tell of it.
        instance.write(lambda store: store.forget_import(number))
        return False
    if state != "undoing":
        instance.write(lambda store: store.set_import_state(number, "undoing"))
    more = instance.write(lambda store: store.undo_import_day(number))
    if not more:
        instance.write(lambda store: store.set_import_state(number, "undone"))
    return more
