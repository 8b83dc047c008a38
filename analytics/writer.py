"""The one thread that writes: views in groups, everything else in between.

A view waits in a queue until the writer has committed the group it is in, and only then is it
answered. While one group is flushed to disk the next one gathers, and a moment longer where that makes
small groups, so that one flush serves many views. Jobs (a slice of folding, a change of a
site) take their turn in the same queue, each in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import compress
from typing import TypeVar

from .clock import Clock, system_clock
from .errors import DiskFailed, PagetallyError, QueueFull, SiteRemoved, StoreBusy, StoreFailed, Unavailable
from .model import Drop, Hit
from .presence import Presence
from .salts import Salts
from .store.sqlite import SqliteStore

T = TypeVar("T")

SWITCH_SECONDS = 0.0002
"""How long a thread should keep the interpreter while another waits for it, `sys.setswitchinterval`.
The default of 5 ms would have the writer wait for its next statement longer than the disk takes."""

GATHER = 0.001
"""Seconds that the writer gathers for while several views come at once, but few in a group."""

SEVERAL, ENOUGH = 3, 16
"""Views in a group from which on more are expected at once, and from which on a group is large enough."""

HANDFUL = 64
"""Views that are handed to the writer at the latest, while others are still being read."""

PATIENCE = 3.5
"""Seconds that a view may wait for another process's lock before it is refused."""

CAPACITY = 4_000
"""Views that may wait at once, and the bytes they may weigh."""
CAPACITY_BYTES = 16 * 1024 * 1024

CHECKPOINT_AFTER = 64
"""Transactions after which the log is moved into the database file; a large one counts as more."""

HITS_A_TRANSACTION = 64

JOB_TRANSACTIONS = 4

LARGE_LOG = 32 * 1024 * 1024
"""Bytes of the log from which on the writer waits for readers, to begin it anew: views wait meanwhile."""

FIRST_PATIENCE, LAST_PATIENCE = 0.75, 3.0
"""Seconds that it waits: longer than a summary of 10 M views takes, and twice as long after each time that
readers did not finish, but never so long that a view which waits is refused."""

RESTART_PAUSE = 2.0
"""Seconds until it tries again."""

log = logging.getLogger("pagetally")


class Ticket:
    """Views of one request that wait to be stored."""

    __slots__ = ("future", "hits", "loop", "since", "weight")

    def __init__(self, hits: Sequence[Hit], weight: int, loop: asyncio.AbstractEventLoop) -> None:
        self.hits = hits
        self.weight = weight
        self.since = time.monotonic()
        self.loop = loop
        self.future: asyncio.Future[None] = loop.create_future()


class _Job:
    """Something else that the writer is to do."""

    __slots__ = ("future", "run")

    def __init__(self, run: Callable[[SqliteStore], object], future: Future[object]) -> None:
        self.run = run
        self.future = future


MOST_APART = 20_000
"""Hits of machines that wait to be kept apart; more are only tallied."""


class Writer:
    """Owns the writing connection; `start` it once, `stop` it once."""

    def __init__(
        self, store: SqliteStore, salts: Salts, presence: Presence, *, clock: Clock = system_clock
    ) -> None:
        self._store = store
        self._salts = salts
        self._presence = presence
        self._clock = clock
        self._queue: queue.SimpleQueue[list[Ticket] | _Job | None] = queue.SimpleQueue()
        self._gathered: dict[asyncio.AbstractEventLoop, list[Ticket]] = {}
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._dropped: Counter[tuple[int, int, str, bool]] = Counter()
        self._apart: list[Drop] = []
        self._all_dropped: Counter[str] = Counter()
        self._dropped_lock = threading.Lock()
        self._stopped = False
        self._transactions = 0
        self._restart_after, self._patience = 0.0, FIRST_PATIENCE
        self.waiting = 0
        self.waiting_bytes = 0
        self.failure: Unavailable | None = None
        """The last write's failure; None while writing works."""
        self.stored = 0
        """Views stored since the start."""
        self.commits = 0
        """Transactions and jobs since the start: while it stays, nothing has changed."""

    @property
    def openings(self) -> int:
        """While it stays, closed days have the figures that they had."""
        return self._store.openings

    def start(self) -> Writer:
        """Begin to write."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Write what waits, close the store, end the thread."""
        if not self._stopped:
            self._stopped = True
            self._queue.put(None)
            self._thread.join()

    # Called on the event loop

    def submit(
        self, hits: Sequence[Hit], weight: int, loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[None]:
        """Hand views over; the future ends when they are on disk, or with Unavailable.

        `weight` is about the bytes they take while they wait. QueueFull at once when too much waits.
        """
        if self.waiting >= CAPACITY or self.waiting_bytes + weight > CAPACITY_BYTES or self._stopped:
            raise QueueFull(f"{self.waiting:,} views wait for the disk")
        ticket = Ticket(hits, weight, loop)
        self.waiting += 1
        self.waiting_bytes += weight
        gathered = self._gathered.get(loop)
        if gathered is None:
            # Waking the writer costs more than parsing a view: once for all that came together.
            self._gathered[loop] = gathered = []
            loop.call_soon(self._hand_over, loop)
        gathered.append(ticket)
        if len(gathered) == HANDFUL:
            self._hand_over(loop)
        return ticket.future

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        tickets = self._gathered.pop(loop, None)
        if tickets is not None:
            self._queue.put(tickets)

    def tally(self, drop: Drop, day: int) -> None:
        """Count what is deliberately not stored; written with the next flush of tallies."""
        with self._dropped_lock:
            self._dropped[drop.site, day, drop.reason, drop.is_view] += 1
            self._all_dropped[drop.reason] += 1
            if drop.hit is not None and len(self._apart) < MOST_APART:
                self._apart.append(drop)

    def take_apart(self) -> list[Drop]:
        """What is to be kept apart since the last time."""
        with self._dropped_lock:
            taken, self._apart = self._apart, []
        return taken

    def count_dropped(self) -> Counter[str]:
        """Views and events deliberately not stored since the start, by reason."""
        with self._dropped_lock:
            return self._all_dropped.copy()

    def take_tallies(self) -> Counter[tuple[int, int, str, bool]]:
        """The tallies since the last time."""
        with self._dropped_lock:
            taken, self._dropped = self._dropped, Counter()
        return taken

    def give_back_tallies(self, counts: Counter[tuple[int, int, str, bool]]) -> None:
        """These could not be stored."""
        with self._dropped_lock:
            self._dropped += counts

    # Called from any thread

    def call(self, run: Callable[[SqliteStore], T]) -> Future[T]:
        """Have the writer run a job on the store; its future gives what the job returns."""
        future: Future[T] = Future()
        if self._stopped:
            future.set_exception(StoreFailed("the writer has stopped"))
        else:
            self._queue.put(_Job(run, future))  # type: ignore[arg-type]
        return future

    def look_at_files(self) -> None:
        """See whether the database's files are there; no job, which would say that something changed."""
        try:
            if not self._stopped:
                self._store.check_files()
        except DiskFailed as error:
            self._note(error)

    # The thread

    def _run(self) -> None:
        running, last = True, 0
        while running:
            items = [self._queue.get()]
            if SEVERAL <= last < ENOUGH:
                time.sleep(GATHER)
            with contextlib.suppress(queue.Empty):
                while len(items) < CAPACITY:
                    items.append(self._queue.get_nowait())
            tickets = [ticket for item in items if isinstance(item, list) for ticket in item]
            last = len(tickets)
            self._write(tickets)
            for item in items:
                if isinstance(item, _Job):
                    self._do(item)
            running = None not in items
        try:
            self._store.close()
        except StoreFailed as error:
            log.warning("%s; the next start moves it", error)

    def _write(self, tickets: list[Ticket]) -> None:
        while tickets:
            hits = [hit for ticket in tickets for hit in ticket.hits]
            salts = self._salts.take_unsaved()
            try:
                is_new = self._store.write(hits, salts)
            except SiteRemoved as error:
                self._salts.give_back(salts)
                tickets = self._refuse_siteless(tickets, error)
            except StoreBusy as error:
                self._salts.give_back(salts)
                tickets = self._refuse_impatient(tickets, error)
            except Unavailable as error:
                self._salts.give_back(salts)
                self._fail(tickets, error)
                return
            except Exception:
                # A defect of ours must not end the thread that everybody waits for.
                log.exception("a group of %d views could not be written", len(hits))
                self._salts.give_back(salts)
                self._fail(tickets, StoreFailed("not stored, by a fault of this server that its log tells"))
                return
            else:
                self.failure = None
                self.stored += sum(is_new)
                self.commits += 1
                # The repeat of an event id is nobody's view, whoever sends it.
                self._presence.note(compress(hits, is_new))
                self._answer(tickets, None)
                self._checkpoint(1 + len(hits) // HITS_A_TRANSACTION)
                return

    def _refuse_siteless(self, tickets: list[Ticket], error: SiteRemoved) -> list[Ticket]:
        """Refuse the views whose site went while they were on their way; the others."""
        known = {site.id for site in self._store.read_sites()}
        gone = [ticket for ticket in tickets if not known.issuperset(hit.site for hit in ticket.hits)]
        self._answer(gone, error)
        return [ticket for ticket in tickets if ticket not in gone]

    def _refuse_impatient(self, tickets: list[Ticket], error: StoreBusy) -> list[Ticket]:
        """Refuse the views that waited long enough; those that may wait on, and the newcomers."""
        oldest = time.monotonic() - PATIENCE
        late = [ticket for ticket in tickets if ticket.since < oldest]
        if late:
            self._fail(late, error)
        return [ticket for ticket in tickets if ticket.since >= oldest]

    def _fail(self, tickets: list[Ticket], error: Unavailable) -> None:
        self._note(error)
        self._answer(tickets, error)

    def _note(self, error: Unavailable) -> None:
        if self.failure is None:
            log.error("views cannot be stored: %s", error)
        self.failure = error

    def _answer(self, tickets: list[Ticket], error: PagetallyError | None) -> None:
        loops = {ticket.loop for ticket in tickets}
        for loop in loops:
            group = tickets if len(loops) == 1 else [ticket for ticket in tickets if ticket.loop is loop]
            with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(self._settle, group, error)

    def _settle(self, tickets: list[Ticket], error: PagetallyError | None) -> None:
        self.waiting -= len(tickets)
        self.waiting_bytes -= sum([ticket.weight for ticket in tickets])
        for ticket in tickets:
            future = ticket.future
            if future.cancelled():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    def _checkpoint(self, transactions: int) -> None:
        """Now and then move the log into the file: after the answers, so that nobody waits for it."""
        self._transactions += transactions
        if self._transactions >= CHECKPOINT_AFTER:
            self._transactions = 0
            try:
                is_large = self._store.wal_bytes() > LARGE_LOG and time.monotonic() > self._restart_after
                is_done = self._store.checkpoint(patience=self._patience if is_large else 0.0)
                if is_large:
                    self._patience = FIRST_PATIENCE if is_done else min(2 * self._patience, LAST_PATIENCE)
                    self._restart_after = time.monotonic() + RESTART_PAUSE
            except StoreFailed as error:
                log.warning("%s", error)

    def _do(self, job: _Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        try:
            result = job.run(self._store)
        except Exception as error:
            self.commits += 1
            if isinstance(error, DiskFailed):
                self._note(error)  # what keeps a job from writing keeps views from it, too
            job.future.set_exception(error)
        else:
            self.commits += 1
            job.future.set_result(result)
        self._checkpoint(JOB_TRANSACTIONS)
