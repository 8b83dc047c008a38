"""One running Pagetally: a data folder and everything that is open on it."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from .aside import Aside
from .clock import Clock, system_clock
from .cooldown import Cooldown
from .days import local_day
from .errors import Unavailable
from .geo import Geo
from .glance import Glance
from .lock import FolderLock
from .model import ONLINE_WINDOW, Range, Site
from .presence import Presence
from .registry import Registry
from .salts import Salts
from .store import related
from .store.adjust import Progress
from .store.connect import FILE, READ_DEADLINE, DatabaseError
from .store.ingest import Caps
from .store.sqlite import SqliteReader, SqliteStore
from .store.tails import LARGE
from .throttle import Throttle
from .writer import Writer

T = TypeVar("T")

log = logging.getLogger("pagetally")

SECRET_FILE = "secret"  # noqa: S105 (a file name)
SECRET_BYTES = 32

READERS = 3
"""Connections that answer slow questions (dashboard pages), besides the one for counters."""

FOLD_LEAST, FOLD_FIRST, FOLD_MOST = 100, 500, 5_000
"""Hits in one slice of folding: at least, at the start, at most."""
FOLD_SECONDS = 0.006
"""About how long a slice should keep the processor, while no view is stored: machines differ by four times.
What it waits for on a busy machine, the interpreter above all, would not be shorter for fewer hits."""
FOLD_SECONDS_IN_CROWD = 0.015
"""The same where a CROWD of views is stored between two slices: there it counts how long all of them wait for
folding in all, which is half of it in slices of four times as many hits."""
CROWD = 32
LONGEST_PAUSE = 0.02
"""Seconds between two slices, where views come, but not a crowd."""
FOLD_SECONDS_BY_CLOCK = 0.048
"""What it may take by the clock, for anybody: to wait for a slow disk is shorter for fewer hits."""

APART_A_JOB = 500
"""Hits that are kept apart in one job."""

PAGES_A_JOB = 100
"""Pages whose related ones or first views are written at once: a few milliseconds."""

RELATED_DAYS = 90
"""Days whose readers tell which pages are related, today included."""

RELATE_SMALL, RELATE_LARGE = 3_600, 86_400
"""Seconds after which related pages are computed again, of a small and a large site."""
LARGE_SITE = 300_000
"""Views from which on a site is large: computing takes seconds."""

CLOSING_GRACE = 2 * 3600
"""Seconds for which a day that ended stays open, should the clock be set back."""


class Instance:
    """Opens a data folder, which must be free, and closes it again. Not before `open`, once."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock = system_clock,
        caps: Caps | None = None,
        fold_limit: int | None = None,
        rate_limit: int = 0,
        geo_files: Sequence[Path] = (),
        has_aside: bool = False,
        command: str = "",
    ) -> None:
        """`fold_limit`: hits that are folded at a time; by default as many as keep no view waiting.

        `has_aside`: summaries are made by a process of their own, not by a thread of this one.

        `command`: what this process does with the folder, if it ends by itself: a server waits for it.
        """
        self.folder = folder
        self.aside = Aside(folder) if has_aside else None
        self._fold_limit, self._slice_size = fold_limit, FOLD_FIRST
        self.clock = clock
        self._caps = caps
        self._lock = FolderLock(folder, command)
        self._leaving = threading.Event()
        self.registry = Registry()
        self.presence = Presence()
        self.throttle = Throttle(rate_limit)
        self.cooldown = Cooldown()
        self.geo = Geo(geo_files)

    def open(self) -> Instance:
        """Take the folder and start the writer. DataFolderInUse, NewerDatabase, Unavailable."""
        self._lock.acquire()
        try:
            store = SqliteStore(self.folder, self._caps)
        except BaseException:
            self._lock.release()
            raise
        try:
            store.purge(self.clock())
        except Unavailable as error:
            # On a full disk too, what is stored can be read; the schedule purges again.
            log.error("secrets whose time is over cannot be destroyed yet: %s", error)
        with contextlib.suppress(Unavailable):  # nothing of it counts, now or later
            store.drop_staged()
            store.cut_off_imports()
        self.registry.replace(store.read_sites(), store.list_rules())
        self.api_tokens = {token.digest: token for token in store.list_tokens()}
        self.digit_sets = {one.name: one for one in store.list_digit_sets()}
        self.salts = Salts(store.read_salts())
        self.salts.forget_expired(self.clock())
        self.secret = read_secret(self.folder)
        self.password, self.password_epoch = store.read_password()
        self.reader = SqliteReader(self.folder, store.tails)
        self._readers: SimpleQueue[SqliteReader] = SimpleQueue()
        self._lent = [SqliteReader(self.folder, store.tails) for _ in range(READERS)]
        for reader in self._lent:
            self._readers.put(reader)
        self._recall_presence()
        self._recall_cooldown()
        self.writer = Writer(store, self.salts, self.presence, clock=self.clock).start()
        self.glance = Glance(self.reader, self.writer)
        return self

    def leave(self) -> None:
        """Ask long work to end soon; what it has not done is done after the next start."""
        self._leaving.set()

    def close(self) -> None:
        """Store what waits, and let go of the folder."""
        try:
            self.flush_tallies()
        except Unavailable as error:
            log.warning("what was dropped in the last seconds is not tallied: %s", error)
        if self.aside is not None:
            self.aside.close()
        self.glance.close()
        self.geo.close()
        for reader in (self.reader, *self._lent):
            reader.close()
        self.writer.stop()
        self._lock.release()

    def _recall_presence(self) -> None:
        since = int(self.clock()) - ONLINE_WINDOW
        for site in self.registry.sites:
            first_day = local_day(site.timezone, since)
            self.presence.load(site.id, self.reader.online_visitors(site.id, since, first_day))

    def _recall_cooldown(self) -> None:
        """What was counted shortly before the start still has its cooldown."""
        for site in self.registry.sites:
            if site.cooldown:
                since = int(self.clock()) - site.cooldown
                first_day = local_day(site.timezone, since)
                self.cooldown.load(site.id, self.reader.recent_views(site.id, since, first_day))

    @contextlib.contextmanager
    def borrow_reader(self, seconds: float | None = READ_DEADLINE) -> Iterator[SqliteReader]:
        """A reader for one slow question, in a snapshot of its own with a deadline; waits for a free one."""
        reader = self._readers.get()
        try:
            # Not sooner: what failed then may have kept a cursor in use until now.
            reader.let_go()
            with reader.snapshot(seconds):
                yield reader
        finally:
            self._readers.put(reader)

    def write(self, run: Callable[[SqliteStore], T]) -> T:
        """Have the writer run a job, and wait for what it returns."""
        return self.writer.call(run).result()

    def reload_sites(self) -> None:
        """Sites or rules changed in the store: use them."""
        self.registry.replace(*self.write(lambda store: (store.read_sites(), store.list_rules())))

    def reload_tokens(self) -> None:
        """Tokens of programs changed in the store: use them."""
        self.api_tokens = {token.digest: token for token in self.write(lambda store: store.list_tokens())}

    def reload_digit_sets(self) -> None:
        """Sets of digits changed in the store: use them."""
        self.digit_sets = {one.name: one for one in self.write(lambda store: store.list_digit_sets())}

    def remove_site(self, site: Site) -> None:
        """Delete a site and all that was counted for it; a view of it on its way is dropped."""
        self.write(lambda store: store.remove_site(site.id))
        self.reload_sites()
        self.reload_tokens()
        self.presence.forget(site.id)
        self.salts.forget(site.id)

    def set_password(self, kept: str) -> None:
        """Take the hash of a new owner's password; sessions under an old one end."""
        epoch = secrets.token_hex(16)
        self.write(lambda store: store.set_password(kept, epoch))
        self.password, self.password_epoch = kept, epoch

    def end_sessions(self) -> None:
        """End every session that was given so far; the password stays."""
        self.password_epoch = epoch = secrets.token_hex(16)
        try:
            self.write(lambda store: store.set_password(self.password, epoch))
        except Unavailable as error:
            log.warning("sessions that were ended will be valid again after a restart: %s", error)

    def advance(self, number: int) -> bool:
        """Take a rename, a merge or the undoing of one a site-day further; whether there is more."""
        return self.settle(self.write(lambda store: store.advance_adjustment(number)))

    def settle(self, progress: Progress) -> bool:
        """Fold the site-day that a step of an adjustment left unfolded; whether there is more to do."""
        if progress.day is not None:
            self._fold_day(progress.site, progress.day)
        else:
            self.reload_sites()
        return progress.more

    # What the schedule runs

    def carry_on(self) -> int:
        """End the renames, merges and undoings that a crash interrupted; the steps it took."""
        steps = 0
        for number in self.write(lambda store: store.unfinished_adjustments()):
            while not self._leaving.is_set() and self.advance(number):
                steps += 1
        for number in self.write(lambda store: store.unfinished_rules()):
            while not self._leaving.is_set() and self.advance_rule(number):
                steps += 1
        return steps

    def advance_rule(self, number: int) -> bool:
        """Take a rule, or the undoing of one, a site-day further; whether there is more."""
        return self.settle(self.write(lambda store: store.advance_rule(number)))

    def recall_properties(self) -> None:
        """After a start: read which properties the events of today have, so that no view waits for that."""
        for site in self.registry.sites:
            if self._leaving.is_set():
                return
            self._recall_properties(site.id, local_day(site.timezone, self.clock()))

    def _recall_properties(self, site: int, day: int) -> None:
        # Those that come meanwhile are let in.
        self.write(lambda store: store.learn_properties(site, day, ()))
        most = (self._caps or Caps()).property
        try:
            with self.borrow_reader() as reader:
                known = reader.known_properties(site, day, most)
        except DatabaseError as error:
            log.warning("properties of site %d are read when its next event comes: %s", site, error)
            self.write(lambda store: store.forget_properties(site, day))
        else:
            self.write(lambda store: store.learn_properties(site, day, known))

    def count_tails(self) -> None:
        """After a start: count what waits to be folded, where that is much, before somebody asks."""
        for site in self.registry.sites:
            with self.borrow_reader() as reader:
                days = reader.days(site.id) if reader.unfolded(site.id) > LARGE else []
            for day in reversed(days):
                if self._leaving.is_set():
                    return
                with self.borrow_reader() as reader:
                    reader.site_count(site.id, Range(day, day))

    def fold(self) -> int:
        """Fold what is stored, slice by slice, letting views through in between; hits folded.

        One round over the site-days: while views keep coming, the next call takes them.
        """
        pending = self.write(lambda store: store.pending_days())
        return sum(self._fold_day(site, day) for site, day in pending)

    def _fold_day(self, site: int, day: int) -> int:
        total, folded, limit = 0, 0, 0
        while folded == limit and not self._leaving.is_set():
            limit, stored = self._fold_limit or self._slice_size, self.writer.stored
            began = time.perf_counter()
            folded, took, by_clock = self.write(partial(_fold_slice, site=site, day=day, limit=limit))
            total += folded
            if folded == limit:
                is_crowd = self.writer.stored - stored >= CROWD
                aim = FOLD_SECONDS_IN_CROWD if is_crowd else FOLD_SECONDS
                # Half the way there: a slice that was slow by chance changes little.
                wanted = limit * (1 + min(aim / took, FOLD_SECONDS_BY_CLOCK / by_clock)) / 2
                self._slice_size = int(min(max(wanted, FOLD_LEAST), FOLD_MOST))
                if self.writer.stored > stored and not is_crowd:
                    # As long as it took nothing waits for folding, so that most views do not.
                    self._leaving.wait(min(time.perf_counter() - began, LONGEST_PAUSE))
        return total

    def rollup(self, before: int | None = None) -> int:
        """Close the days that have ended (with `before`: those before it), keep them as columns, sum
        the months up; how many days and months were closed."""
        closed = 0
        for site in self.registry.sites:
            while not self._leaving.is_set():
                with self.borrow_reader(seconds=None) as reader:
                    due = reader.rollup_work(site, self._ended_before(site, before))
                if due is None:
                    break
                self.write(lambda store, due=due: store.apply_rollup(*due))  # type: ignore[misc]
                closed += due[0].kind != "columns"
        return closed

    def _ended_before(self, site: Site, before: int | None) -> int:
        ended = local_day(site.timezone, self.clock() - CLOSING_GRACE)
        return ended if before is None else min(ended, before)

    def find_firsts(self) -> int:
        """Find the first views that are not known (`store.firsts`); of how many pages."""
        with self.borrow_reader() as reader:
            unknown = reader.pages_without_first()
        for site, paths in unknown.items():
            with self.borrow_reader() as reader:
                days = reader.days(site)
            found: dict[int, int] = {}
            for day in days:
                if self._leaving.is_set():
                    return 0
                with self.borrow_reader() as reader:
                    for path, at in reader.first_views(site, day, paths).items():
                        found[path] = min(at, found.get(path, at))
            pages = sorted(found)
            for start in range(0, len(pages), PAGES_A_JOB):
                part = {path: found[path] for path in pages[start : start + PAGES_A_JOB]}
                self.write(lambda store, part=part: store.save_firsts(part))  # type: ignore[misc]
        return sum(map(len, unknown.values()))

    def relate(self) -> int:
        """Compute which pages are related, of each site whose turn it is; of how many sites."""
        count = 0
        for site in self.registry.sites:
            with self.borrow_reader() as reader:
                every = RELATE_LARGE if reader.site_count(site.id).views > LARGE_SITE else RELATE_SMALL
                is_due = self.clock() >= reader.related_since(site.id) + every
            if is_due and not self._leaving.is_set():
                self._relate_site(site)
                count += 1
        return count

    def _relate_site(self, site: Site) -> None:
        now = self.clock()
        first = local_day(site.timezone, now) - RELATED_DAYS + 1
        with self.borrow_reader() as reader:
            days = [day for day in reader.days(site.id) if day >= first]
            old = reader.pages_with_related(site.id)
        found = related.compute(self.folder / FILE, site.id, days, stop=self._leaving.is_set)
        if found is None:
            return
        for part in related.in_slices(found, old, PAGES_A_JOB):
            self.write(lambda store, part=part: store.save_related(site.id, part))  # type: ignore[misc]
        self.write(lambda store: store.note_related(site.id, now))

    def purge(self) -> None:
        """Destroy secrets whose time is over."""
        now = self.clock()
        self.salts.forget_expired(now)
        self.write(lambda store: store.purge(now))

    def retire(self) -> int:
        """Erase the days that are older than their site is to be kept; how many."""
        count = sum(self._retire_site(site) for site in self.registry.sites if site.keep_days)
        if count:
            self.write(lambda store: store.checkpoint(truncate=True))
        return count

    def _retire_site(self, site: Site) -> int:
        count, now = 0, self.clock()
        before = local_day(site.timezone, now) - site.keep_days
        while not self._leaving.is_set():
            if self.write(lambda store: store.retire_day(site.id, before, int(now))) is None:
                break
            count += 1
        return count

    def erase_day(self, site: Site, day: int, pattern: str) -> None:
        """Erase a site-day, or those pages of it that fit a pattern."""
        if self.write(lambda store: store.erase_day(site.id, day, pattern)):
            self._fold_day(site.id, day)

    def flush_tallies(self) -> None:
        """Store the tallies of what was dropped."""
        counts = self.writer.take_tallies()
        if counts:
            try:
                self.write(lambda store: store.tally_dropped(counts))
            except Unavailable:
                self.writer.give_back_tallies(counts)
                raise
        apart = self.writer.take_apart()
        for start in range(0, len(apart), APART_A_JOB):
            part = apart[start : start + APART_A_JOB]
            self.write(lambda store, part=part: store.write_apart(part))  # type: ignore[misc]

    def probe(self) -> None:
        """See that the files are there; while writing fails, try it, so that health turns green by itself."""
        if self.writer.failure is None:
            self.writer.look_at_files()
        else:
            self.write(lambda store: store.touch())
            self.writer.failure = None


def _fold_slice(store: SqliteStore, site: int, day: int, limit: int) -> tuple[int, float, float]:
    """How many hits were folded, and the seconds that it kept the processor, and took by the clock."""
    began, began_by_clock = time.thread_time(), time.perf_counter()
    folded = store.fold(site, day, limit)
    took, by_clock = time.thread_time() - began, time.perf_counter() - began_by_clock
    return folded, max(took, 1e-6), max(by_clock, 1e-6)


def read_secret(folder: Path) -> bytes:
    """The instance's own random secret, made at the first start, for its owner's eyes only."""
    file = folder / SECRET_FILE
    if file.exists() and len(secret := file.read_bytes()) == SECRET_BYTES:
        return secret
    # Not there, or cut short by a full disk or a crash: sessions under half a secret could be guessed.
    part = folder / f"{SECRET_FILE}.part"
    part.unlink(missing_ok=True)
    secret = secrets.token_bytes(SECRET_BYTES)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(secret)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
    return secret
