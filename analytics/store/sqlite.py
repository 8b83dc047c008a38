"""The store in one SQLite file: a writer for one thread, and readers for the others."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from ..breakdown import Lookup
from ..columns import Columns
from ..dimensions import Dimension
from ..errors import StoreFailed
from ..goals import Kept
from ..model import (
    Actor,
    Adjustment,
    Amount,
    Annotation,
    ApiToken,
    Count,
    Detail,
    DigitSet,
    Drop,
    Dropped,
    Earlier,
    Effect,
    Goal,
    Hit,
    PageRow,
    PageSeries,
    Range,
    RelatedPage,
    Rule,
    Segment,
    Site,
    Totals,
)
from . import (
    adjust,
    apart,
    backup,
    erase,
    firsts,
    folding,
    imports,
    ingest,
    owner,
    ranking,
    reads,
    recount,
    related,
    rollup,
)
from .columns import ColumnSource
from .connect import (
    BUSY_PATIENCE,
    FILE,
    READ_DEADLINE,
    Connection,
    DatabaseError,
    Files,
    open_reader,
    open_writer,
    snapshot,
    transaction,
)
from .ingest import DAY, SALT_LIFETIME, Caps, Ingest, Salt
from .related import Relation
from .rollup import Prepared, Work
from .schema import migrations, refuse_newer
from .tails import Moment, Tails

REPEAT_DAYS = 2


class SqliteReader:
    """Answers questions over a connection of its own that cannot write."""

    def __init__(self, folder: Path, tails: Tails | None = None) -> None:
        """`tails`: of the store that writes the same folder, in this process."""
        self._file = folder / FILE
        self._connection = open_reader(self._file)
        self._columns = ColumnSource(self._connection)
        self._tails = tails
        self._moment: Moment | None = None

    @contextlib.contextmanager
    def snapshot(self, seconds: float | None = READ_DEADLINE) -> Iterator[Connection]:
        # The age first: what is taken away from now on voids what this snapshot counts.
        until = None if seconds is None else time.monotonic() + seconds
        tails = self._tails or Tails()
        self._moment = Moment(tails, tails.age, until)
        with snapshot(self._connection, seconds) as connection, self._columns.remembering():
            yield connection

    def interrupt(self) -> None:
        """End the statement that runs, from another thread; it fails with a DatabaseError."""
        self._connection.interrupt()

    def let_go(self) -> None:
        """End a snapshot whose end was interrupted: SQLite refuses that while a cursor is in use."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def is_up_to_date(self) -> bool:
        """Whether the tables are those of this version, not of an earlier one. NewerDatabase."""
        database = Database(self._connection)
        refuse_newer(database, self._file)
        return not {one.name for one in migrations.pending(database)}

    def sites(self) -> list[Site]:
        return reads.read_sites(self._connection)

    def site_count(self, site: int, span: Range | None = None) -> Count:
        return reads.site_count(self._connection, site, span, self._moment)

    def unfolded(self, site: int) -> int:
        return reads.unfolded(self._connection, site)

    def page_counts(
        self, site: int, paths: Sequence[str], span: Range | None = None, *, is_folded: bool = False
    ) -> dict[str, Count]:
        """`is_folded`: the caller knows, of the same snapshot, that nothing waits to be folded."""
        return reads.page_counts(
            self._connection, site, paths, span, is_folded=is_folded, moment=self._moment
        )

    def balance(self, site: int, paths: Sequence[str]) -> tuple[dict[str, Count], Count]:
        """Of pages that have a row, and of their site: all-time counts, even where they are below nothing."""
        pages: dict[str, Count] = {}
        for start in range(0, len(paths), 1_000):
            rows = reads.raw_page_counts(self._connection, site, paths[start : start + 1_000])
            pages |= {path: count for path, _, count in rows}
        return pages, reads.raw_site_count(self._connection, site)

    def page_series(self, site: int, path: str, span: Range, *, is_folded: bool = False) -> PageSeries:
        """`is_folded`: the caller knows, of the same snapshot, that nothing waits to be folded."""
        return reads.page_series(self._connection, site, path, span, is_folded=is_folded)

    def folded_page_series(self, site: int, path: str, span: Range) -> str:
        """What is folded of it, to be kept and read later (`reads.read_page_series`)."""
        return reads.folded_page_series(self._connection, site, path, span)

    def first_open_day(self, site: int) -> int | None:
        """The first day that still takes hits; None where every day is closed."""
        return reads.first_open_day(self._connection, site)

    def page_rows(self, site: int, paths: Sequence[str]) -> dict[str, tuple[int, str]]:
        return reads.page_rows(self._connection, site, paths)

    def path_of_row(self, site: int, id: int) -> str | None:
        return reads.path_of_row(self._connection, site, id)

    def online_visitors(self, site: int, since: int, first_day: int) -> dict[int, int]:
        return reads.online_visitors(self._connection, site, since, first_day)

    def recent_views(self, site: int, since: int, first_day: int) -> Iterator[tuple[int, str, int]]:
        return reads.recent_views(self._connection, site, since, first_day)

    def first_day(self, site: int) -> int | None:
        return reads.first_day(self._connection, site)

    def last_day(self, site: int) -> int | None:
        return reads.last_day(self._connection, site)

    def totals_by_day(self, site: int, first: int, last: int) -> dict[int, Totals]:
        return reads.totals_by_day(self._connection, site, first, last)

    def top_pages(
        self,
        site: int,
        span: Range | None,
        limit: int,
        *,
        by_visitors: bool = False,
        born: int | None = None,
    ) -> tuple[list[PageRow], int]:
        return ranking.top_pages(self._connection, site, span, limit, by_visitors=by_visitors, born=born)

    def rising_pages(
        self, site: int, span: Range, before: Range, born: int | None = None
    ) -> list[tuple[PageRow, int, Count]]:
        return ranking.rising_pages(self._connection, site, span, before, born)

    def columns(self, site: int, span: Range, names: Iterable[str]) -> Iterator[Columns]:
        return self._columns.columns(site, span, names)

    def lookup(self, site: int, dimension: Dimension) -> Lookup:
        return self._columns.lookup(site, dimension)

    def properties(self, site: int, day: int, hits: Sequence[int]) -> tuple[list[int], list[str]]:
        return self._columns.properties(site, day, hits)

    def known_properties(self, site: int, day: int, most: int) -> set[str | int]:
        """The properties of a day's events, as `SqliteStore.learn_properties` takes them."""
        return ingest.read_properties(self._connection, site, day, most)

    def kept(self, site: int) -> Kept:
        return self._columns.kept(site)

    def annotations(self, site: int, span: Range) -> list[Annotation]:
        return owner.list_annotations(self._connection, site, span)

    def rolled_months(self, site: int, span: Range) -> list[int]:
        return self._columns.rolled_months(site, span)

    def month_rows(self, site: int, dimension: str, months: Sequence[int]) -> list[tuple[str, Sequence[int]]]:
        return self._columns.month_rows(site, dimension, months)

    def rollup_work(self, site: Site, before: int) -> tuple[Work, Prepared] | None:
        """The next thing that is due of a site, and what it will write; None for nothing."""
        work = rollup.find_work(self._connection, site, before)
        return None if work is None else (work, rollup.prepare(self._connection, work))

    def dropped(self, first_day: int) -> list[tuple[str, str, Dropped]]:
        return reads.dropped(self._connection, first_day)

    def dropped_by_day(self, site: int, first_day: int) -> list[tuple[int, str, Dropped]]:
        return reads.dropped_by_day(self._connection, site, first_day)

    def health(self) -> dict[str, int]:
        return reads.health(self._connection)

    def imports(self, site: int | None = None) -> list[dict[str, object]]:
        return reads.list_imports(self._connection, site)

    def earlier_imports(self, site: int) -> list[Earlier]:
        return imports.list_earlier(self._connection, site)

    def adjustments(self, site: int | None = None) -> list[Adjustment]:
        return adjust.select(self._connection, value=site)

    def page_paths(self, site: int) -> list[tuple[str, str]]:
        return reads.page_paths(self._connection, site)

    def count_erasable(self, site: int, span: Range, pattern: str) -> Count:
        """Views, and visitors in all, of a range of days (and of pages that fit a pattern)."""
        paths = erase.find_paths(self._connection, site, pattern) if pattern else None
        return erase.count(self._connection, site, span, paths)

    def stored_days(self, site: int, span: Range) -> list[int]:
        """The days of a range on which anything is stored of a site, counted or kept apart."""
        return erase.days_of(self._connection, site, span)

    def site_days(self) -> list[tuple[int, int]]:
        return reads.site_days(self._connection)

    def pages_without_first(self) -> dict[int, set[int]]:
        """Pages whose first view is to be found, as path ids by site."""
        return firsts.find_unknown(self._connection)

    def days(self, site: int) -> list[int]:
        """The days of a site that have hits, oldest first."""
        return firsts.days_of(self._connection, site)

    def first_views(self, site: int, day: int, paths: set[int]) -> dict[int, int]:
        """The first view on a day of those pages (path ids) that have one there."""
        return firsts.find_on_day(self._connection, site, day, paths)

    def related_pages(self, site: int, path: str, limit: int) -> list[RelatedPage]:
        """What readers of a page also read, best first, as last computed."""
        return related.read(self._connection, site, path, limit)

    def all_related_pages(self, site: int, limit: int) -> dict[str, list[RelatedPage]]:
        """The related pages of every page that has some, by path."""
        return related.read_all(self._connection, site, limit)

    def pages_with_related(self, site: int) -> list[int]:
        """The pages of a site that have related ones, as path ids."""
        return related.listed_pages(self._connection, site)

    def related_since(self, site: int) -> int:
        """When the related pages of a site were computed, in seconds since 1970; 0 for never."""
        return related.read_time(self._connection, site)

    def apart_by_reason(self, site: int, span: Range) -> list[tuple[int, str, Dropped]]:
        """(day, reason, views) of what is kept apart."""
        return apart.by_reason(self._connection, site, span)

    def apart_by_client(self, site: int, span: Range, limit: int) -> list[tuple[str, str, int, int, int]]:
        """(name, reason, views, pages, time of the last) by what sent them, most first."""
        return apart.by_client(self._connection, site, span, limit)

    def apart_pages(self, site: int, span: Range, names: Sequence[str], limit: int) -> list[tuple[str, int]]:
        """(path, views) of what some machines fetched, most first."""
        return apart.pages_of(self._connection, site, span, names, limit)

    def rules(self, site: int | None = None) -> list[Rule]:
        """Rules of a site, or of all, oldest first."""
        return apart.list_rules(self._connection, site)

    def preview_rule(self, rule: Rule) -> list[Effect]:
        """The days that a rule would change, before and after."""
        return apart.preview(self._connection, rule)

    def list_digit_sets(self) -> list[DigitSet]:
        """The owner's sets of digits, by name."""
        return owner.list_digit_sets(self._connection)

    def list_tokens(self) -> list[ApiToken]:
        """The tokens of programs, oldest first."""
        return owner.list_tokens(self._connection)

    def differences(self) -> Iterator[str | None]:
        return recount.find_differences(self._connection)

    def pragma(self, name: str) -> Any:
        return self._connection.execute(f"PRAGMA {name}").fetchone()[0]

    def close(self) -> None:
        self._connection.close()


class SqliteStore:
    """Writes; every method is to be called by one thread at a time, the writer's."""

    def __init__(self, folder: Path, caps: Caps | None = None) -> None:
        self.folder = folder
        self.file = folder / FILE
        self._connection = open_writer(self.file)
        # What an earlier process deleted may still stand in the log it left behind.
        self._must_truncate = True
        self.tails = Tails()
        self.openings = 0
        """While it stays, closed days have the figures that they had (`rollup.watch_openings`)."""
        self._is_opening = False
        try:
            self._migrate()
            folding.prepare(self._connection)
            rollup.watch_openings(self._connection, self._note_opening)
            self._ingest = Ingest(self._connection, rollup.open_day, caps)
            self._apart = Ingest(self._connection, rollup.open_day, caps, label="apart ")
            self._files = Files(self.file)
        except BaseException:
            self._connection.close()
            raise

    def _migrate(self) -> None:
        """Bring the tables up to date; a database that has views is backed up first."""
        database = Database(self._connection)
        ours = {migration.name for migration in migrations.pending(database)}
        applied = refuse_newer(database, self.file)
        if ours and applied:
            folder = self.folder / "backups"
            folder.mkdir(exist_ok=True, mode=0o700)
            backup.save(self.file, folder / f"before-{min(ours)}.db")
        if ours:
            migrations.apply(database)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, and nothing where the files were taken away: they may be put back."""
        with transaction(self._connection):
            yield
            self.check_files()
        # Not sooner: a snapshot from before the commit would pass for one from after it.
        self.openings += self._is_opening
        self._is_opening = False

    def _note_opening(self) -> None:
        self._is_opening = True

    def check_files(self) -> None:
        """DiskFailed when the database's files are gone, or are others than were opened."""
        self._files.check()

    # Hits

    def write(self, hits: Sequence[Hit], salts: Sequence[Salt] = ()) -> list[bool]:
        """Store hits, durably; tells of each whether it is new (and not the repeat of an event id)."""
        with self._transaction():
            is_new = self._ingest.insert(hits, salts)
            if self._ingest.released:
                apart.note_released(self._connection, self._ingest.released)
        self._ingest.keep()
        self.check_files()  # of the moment since the last look
        return is_new

    def learn_properties(self, site: int, day: int, known: Iterable[str | int]) -> None:
        """These properties a site-day has; from now on the writer does not read them itself."""
        self._ingest.learn_properties(site, day, known)

    def forget_properties(self, site: int, day: int) -> None:
        """The writer is to read the properties of a site-day itself, when it needs them."""
        self._ingest.forget_properties(site, day)

    def write_import(self, number: int, hits: Sequence[Hit]) -> int:
        """Store a chunk of an import; how many hits it took."""
        with self._transaction():
            is_new = self._ingest.insert(hits)
            imports.add_chunk(self._connection, number, sum(is_new), self._ingest.spans())
        self._ingest.keep()
        return sum(is_new)

    def tally_dropped(self, counts: Mapping[tuple[int, int, str, bool], int]) -> None:
        """Add to what was deliberately not counted, by (site, day, reason, whether it was a view)."""
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO dropped (site, day, reason, views, events) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (site, day, reason)"
                " DO UPDATE SET views = views + excluded.views, events = events + excluded.events",
                [
                    (*place, count if is_view else 0, 0 if is_view else count)
                    for (*place, is_view), count in counts.items()
                ],
            )

    def _forget(self) -> None:
        """Rows went away: drop what was remembered of them."""
        self._ingest.forget()
        self.tails.forget()

    # Derived

    def pending_days(self) -> list[tuple[int, int]]:
        """Site-days with hits that are not folded yet, the latest day first."""
        return folding.find_pending(self._connection)

    def fold(self, site: int, day: int, limit: int) -> int:
        """Fold one slice of at most `limit` hits of a site-day; how many it were."""
        with self._transaction():
            folded = folding.fold_slice(self._connection, site, day, limit)
        if folded < limit:
            self.tails.drop_day((site, day))
        return folded

    def rollup(self, ended_before: Callable[[Site], int]) -> bool:
        """Do one thing that is due of what ended before the day given for its site; False for nothing."""
        for site in reads.read_sites(self._connection):
            work = rollup.find_work(self._connection, site, ended_before(site))
            if work is not None:
                self.apply_rollup(work, rollup.prepare(self._connection, work))
                return True
        return False

    def apply_rollup(self, work: Work, prepared: Prepared) -> None:
        """Close a day, keep its columns, or sum a month up, as a reader prepared it."""
        with self._transaction():
            rollup.apply(self._connection, work, prepared)
        if work.kind == "day":
            self._ingest.close_day(work.site.id, work.number)

    def reset_day(self, site: int, day: int) -> None:
        """Fold a site-day anew, from its raw hits."""
        with self._transaction():
            rollup.open_day(self._connection, site, day)
            folding.reset_day(self._connection, site, day)
        self._forget()

    def save_firsts(self, found: Mapping[int, int]) -> None:
        """Keep the first views that were found, by path id."""
        with self._transaction():
            firsts.save(self._connection, found)

    def save_related(self, site: int, pages: Mapping[int, Sequence[Relation]]) -> None:
        """Replace the related pages of some pages of a site (path ids)."""
        with self._transaction():
            related.save(self._connection, site, pages)

    def note_related(self, site: int, now: float) -> None:
        """The related pages of a site are computed, as of now."""
        with self._transaction():
            related.note_time(self._connection, site, now)

    def rebuild_totals(self) -> None:
        """All-time totals anew, from the days."""
        with self._transaction():
            recount.rebuild_totals(self._connection)

    # Secrets and their end

    def read_salts(self) -> list[Salt]:
        """The salts that are stored."""
        return [Salt(*row) for row in self._connection.execute("SELECT site, day, value, created FROM salt")]

    def purge(self, now: float) -> None:
        """Destroy what may be kept for a while only: old salts (their bytes too) and event ids."""
        expired = int(now) - SALT_LIFETIME
        has_expired = self._connection.execute(
            "SELECT 1 FROM salt WHERE created <= ? OR created > ?", (expired, int(now) + DAY)
        ).fetchone()
        with self._transaction():
            self._connection.execute(
                "DELETE FROM salt WHERE created <= ? OR created > ?", (expired, int(now) + DAY)
            )
            self._connection.execute("DELETE FROM repeat WHERE day <= ?", (int(now) // DAY - REPEAT_DAYS,))
            apart.purge(self._connection, int(now) // DAY)
            self._connection.execute("DELETE FROM newcomers WHERE day < ?", (int(now) // DAY - REPEAT_DAYS,))
        self._must_truncate = self._must_truncate or has_expired is not None
        if self._must_truncate:
            # A reader may stand in the way; then the next purge tries again.
            self._must_truncate = not self.checkpoint(truncate=True)

    def checkpoint(self, *, truncate: bool = False, patience: float = 0.0) -> bool:
        """Move the log into the file. False when a reader stood in the way.

        With `patience` wait so many seconds for readers, so that the log begins anew and does not grow
        for ever beside readers that overlap; with `truncate` also leave no byte of it.
        """
        mode = "TRUNCATE" if truncate else "RESTART" if patience else "PASSIVE"
        patience = patience or BUSY_PATIENCE
        try:
            self._connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
            busy, *_ = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_PATIENCE * 1000:.0f}")
        except DatabaseError as error:
            raise StoreFailed(f"the log cannot be moved into the database: {error}") from error
        return not busy

    def wal_bytes(self) -> int:
        """The size of the log."""
        wal = self.file.with_name(self.file.name + "-wal")
        return wal.stat().st_size if wal.exists() else 0

    # Sites, imports, the instance's own record

    def save_site(self, site: Site, now: float) -> int:
        """Add a site (whose id is 0) or change one; its id."""
        row = {
            "domain": site.domain,
            "timezone": site.timezone,
            "aliases": msgspec.json.encode(site.aliases).decode(),
            "exclude_addresses": msgspec.json.encode(site.exclude_addresses).decode(),
            "exclude_paths": msgspec.json.encode(site.exclude_paths).decode(),
            "query_keys": msgspec.json.encode(site.query_keys).decode(),
            "honour_gpc": int(site.honour_gpc),
            "count_bots": int(site.count_bots),
            "foreign_ids": msgspec.json.encode(site.foreign_ids).decode(),
            "cooldown": site.cooldown,
            "needs_token": int(site.needs_token),
            "token_secret": site.token_secret,
            "former_secret": site.former_secret,
            "former_until": site.former_until,
            "keep_days": site.keep_days,
        }
        with self._transaction():
            table: Any = Database(self._connection)["site"]
            if site.id:
                table.update(site.id, row)
                return site.id
            number = int(table.insert(row | {"created": int(now)}).last_pk)
        self._ingest.add_site(number)
        return number

    def remove_site(self, site: int) -> None:
        """Delete a site and everything that was counted for it."""
        with self._transaction():
            run = self._connection.execute
            for table in ("page_total", "page_offset", "page_first"):
                run(f"DELETE FROM {table} WHERE path IN (SELECT id FROM path WHERE site = ?)", (site,))
            run("DELETE FROM import_span WHERE site = ?", (site,))
            for table in SITE_TABLES:
                run(f"DELETE FROM {table} WHERE site = ?", (site,))
            run("DELETE FROM meta WHERE key = ?", (f"related {site}",))
            run("DELETE FROM site WHERE id = ?", (site,))
        self._forget()

    def erase_day(self, site: int, day: int, pattern: str) -> bool:
        """Erase a site-day, or (with a pattern) those pages of it; whether it is left to be folded anew."""
        with self._transaction():
            paths = erase.find_paths(self._connection, site, pattern) if pattern else None
            is_changed = erase.erase_day(self._connection, site, day, paths)
        self._forget()
        return is_changed

    def forget_pages(self, site: int, pattern: str) -> None:
        """Forget pages of which everything was erased."""
        with self._transaction():
            erase.forget_pages(self._connection, site, erase.find_paths(self._connection, site, pattern))
        self._forget()

    def retire_day(self, site: int, before: int, now: int) -> int | None:
        """Erase a site's first day before the day `before`; which one it was, None when there is none."""
        with self._transaction():
            day = erase.find_old_day(self._connection, site, before)
            if day is not None:
                erase.retire_day(self._connection, site, day, now)
        if day is not None:
            self._forget()
        return day

    def begin_import(self, row: dict[str, object]) -> int:
        """Note an import that starts; its id."""
        with self._transaction():
            return imports.begin(self._connection, row)

    def set_import_state(self, number: int, state: str) -> None:
        """Note how an import stands: running, done, undoing, undone, cut off."""
        with self._transaction():
            imports.set_state(self._connection, number, state)

    def forget_import(self, number: int) -> None:
        """Take an import of which nothing is stored out of the list."""
        with self._transaction():
            imports.forget(self._connection, number)

    def end_import(self, number: int, fingerprint: str, summary: str) -> None:
        """Note that an import is done, and what its content was."""
        with self._transaction():
            imports.end(self._connection, number, fingerprint, summary)

    def undo_import_day(self, number: int) -> bool:
        """Take an import's hits out of one site-day; False when it has no more."""
        with self._transaction():
            more = imports.undo_day(self._connection, number)
        self._forget()
        return more

    # What is kept apart

    def write_apart(self, drops: Sequence[Drop]) -> None:
        """Keep the hits of drops apart from the counted ones."""
        sites = {id for (id,) in self._connection.execute("SELECT id FROM site")}
        with self._transaction():
            apart.add(
                self._connection,
                self._apart,
                [(one.hit, one) for one in drops if one.hit and one.site in sites],
            )
        self._apart.keep()

    def begin_rule(self, rule: Rule, now: int) -> int:
        """Note a rule that starts; its number."""
        with self._transaction():
            return apart.begin(self._connection, rule, now)

    def undo_rule(self, number: int) -> None:
        """Begin to take a rule back."""
        with self._transaction():
            apart.begin_undo(self._connection, number)

    def advance_rule(self, number: int) -> adjust.Progress:
        """Take a rule, or the undoing of one, a site-day further."""
        try:
            with self._transaction():
                return apart.advance(self._connection, self._ingest, number)
        finally:
            self._forget()

    def list_rules(self) -> list[Rule]:
        """The rules of all sites, oldest first."""
        return apart.list_rules(self._connection)

    def unfinished_rules(self) -> list[int]:
        """The numbers of the rules that are under way."""
        return apart.unfinished(self._connection)

    # What the owner changes in the numbers

    def begin_adjustment(self, site: int, at: int, kind: str, detail: Detail) -> int:
        """Note an adjustment that starts; its number. A rename or merge is in force from here on."""
        start = adjust.begin_move if kind in adjust.MOVES else adjust.begin
        with self._transaction():
            return start(self._connection, site, at, kind, detail)

    def stage_counts(self, number: int, amounts: Sequence[Amount]) -> None:
        """Prepare some of an adjustment's counts; nothing changes yet."""
        with self._transaction():
            adjust.stage(self._connection, number, amounts)

    def finish_counts(self, number: int) -> None:
        """Apply all the counts of an adjustment."""
        with self._transaction():
            adjust.finish(self._connection, number)

    def advance_adjustment(self, number: int) -> adjust.Progress:
        """Take a rename, a merge or the undoing of one a site-day further."""
        with self._transaction():
            progress = adjust.advance(self._connection, number)
        self.tails.forget()
        return progress

    def undo_adjustment(self, number: int, actor: Actor = Actor()) -> adjust.Progress:  # noqa: B008 (frozen)
        """Take an adjustment back, or begin to, as `actor` wants."""
        with self._transaction():
            progress = adjust.begin_undo(self._connection, number, actor)
        self.tails.forget()
        return progress

    def unfinished_adjustments(self) -> list[int]:
        """The numbers of renames and merges that are under way, forwards or back."""
        return [one.id for one in adjust.unfinished(self._connection)]

    def drop_staged(self) -> None:
        """At the start: forget what a crash left prepared and not applied."""
        with self._transaction():
            adjust.drop_staged(self._connection)

    def cut_off_imports(self) -> None:
        """At the start: whoever worked at an import did so through the folder's former owner."""
        with self._transaction():
            imports.cut_off(self._connection)

    def read_sites(self) -> list[Site]:
        """Every site, by domain."""
        return reads.read_sites(self._connection)

    def list_digit_sets(self) -> list[DigitSet]:
        """The owner's sets of digits, by name."""
        return owner.list_digit_sets(self._connection)

    def save_digit_set(self, own: DigitSet) -> None:
        """Keep a set of digits, in place of one of the same name."""
        with self._transaction():
            owner.save_digit_set(self._connection, own)

    def remove_digit_set(self, name: str) -> bool:
        """Whether there was a set of that name; now there is none."""
        with self._transaction():
            return owner.remove_digit_set(self._connection, name)

    def list_tokens(self) -> list[ApiToken]:
        """The tokens of programs, oldest first."""
        return owner.list_tokens(self._connection)

    def add_token(self, token: ApiToken) -> int:
        """Keep a token of a program; its number."""
        with self._transaction():
            return owner.add_token(self._connection, token)

    def remove_token(self, number: int) -> bool:
        """Forget a token; whether there was one of that number."""
        with self._transaction():
            return owner.remove_token(self._connection, number)

    def keep(self, what: Goal | Segment | Annotation, now: int) -> int:
        """Keep a goal or a segment (in place of the one of its number or name), or a note; its number."""
        with self._transaction():
            if isinstance(what, Goal):
                return owner.save_goal(self._connection, what, now)
            if isinstance(what, Segment):
                return owner.save_segment(self._connection, what, now)
            return owner.add_annotation(self._connection, what, now)

    def remove_kept(self, table: str, site: int, number: int) -> bool:
        """Forget a goal, segment or annotation; whether there was one of that number."""
        with self._transaction():
            return owner.remove_kept(self._connection, table, site, number)

    def set_password(self, kept: str, epoch: str) -> None:
        """Keep the hash of the owner's password, and the mark that sessions under it carry."""
        with self._transaction():
            table: Any = Database(self._connection)["meta"]
            rows = [{"key": "password", "value": kept}, {"key": "password_epoch", "value": epoch}]
            table.upsert_all(rows, pk="key")

    def read_password(self) -> tuple[str, str]:
        """The hash of the owner's password and its mark; both empty when none is set."""
        values = dict(self._connection.execute("SELECT key, value FROM meta"))
        return values.get("password", ""), values.get("password_epoch", "")

    def touch(self) -> None:
        """Write a trifle, to learn whether writing works."""
        with self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('touched', '')")

    def close(self) -> None:
        """Move the whole log into the file, and close it."""
        try:
            self.checkpoint(truncate=True)
        finally:
            self._connection.close()


SITE_TABLES = (
    "hit",
    "path",
    "newcomers",
    "salt",
    "dropped",
    "import",
    "site_day",
    "site_total",
    "visit",
    "page_visitor",
    "page_day",
    "day_column",
    "month",
    "page_month",
    "visit_month",
    "site_offset",
    "adjustment",
    "adjusted",
    "moved",
    "path_alias",
    "related",
    "api_token",
    "segment",
    "annotation",
    "goal",
    "apart",
    "rule",
    "released",
)
