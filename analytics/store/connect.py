"""Opening the database file: which SQLite, and what each connection promises."""

from __future__ import annotations

import contextlib
import os
import sqlite3 as _standard
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DiskFailed, PagetallyError, StoreBusy, StoreFailed, Unavailable

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import pysqlite3 as sqlite3
    except ImportError:
        sqlite3 = _standard

connect = sqlite3.connect
Connection = sqlite3.Connection
DatabaseError = sqlite3.Error

SAFE_SQLITE = (3, 51, 3)
"""From this version on two connections may write or checkpoint at once without harm (WAL-reset bug)."""

FILE = "pagetally.db"

BUSY_PATIENCE = 0.25
"""Seconds that one attempt waits for another process's lock; the writer attempts again."""

READ_DEADLINE = 10.0
"""Seconds after which a reader is interrupted."""

_STEPS_BETWEEN_LOOKS = 20_000


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite in use."""
    return tuple(sqlite3.sqlite_version_info)


def open_writer(file: Path) -> Connection:
    """The one connection that writes and checkpoints. PagetallyError when a promise does not hold."""
    # For its owner only; SQLite gives the log the rights of the database.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        str(file), isolation_level=None, check_same_thread=False, timeout=BUSY_PATIENCE, cached_statements=512
    )
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        "temp_store = MEMORY",
        "cache_size = -16000",
        "wal_autocheckpoint = 0",
        "journal_size_limit = 16777216",
        "foreign_keys = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    level = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, level) != ("wal", 2):
        connection.close()
        hint = "Use a local disk: WAL needs shared memory, which network file systems lack."
        raise PagetallyError(f"{file} gives journal_mode={mode}, synchronous={level}", hint=hint)
    return connection


class Files:
    """An open database and its log: SQLite would go on writing into files that were taken away."""

    def __init__(self, file: Path) -> None:
        self._paths = (str(file), f"{file}-wal")
        self._known = self._look()

    def _look(self) -> list[tuple[int, int]]:
        try:
            return [(found.st_dev, found.st_ino) for found in map(os.stat, self._paths)]
        except OSError:
            return []

    def check(self) -> None:
        """DiskFailed when the files at their paths are not those that were opened."""
        if self._look() != self._known:
            hint = "Put them back, or start the server anew; it makes new ones where there are none."
            raise DiskFailed(f"{self._paths[0]} or its log was removed or replaced", hint=hint)


def read_only(file: Path) -> str:
    """The name under which SQLite opens a file for reading only, whatever characters its path has."""
    return f"{file.resolve().as_uri()}?mode=ro"


def open_reader(file: Path, *, cache_kib: int = 8_000) -> Connection:
    """A connection that cannot write, with an answer or an error within READ_DEADLINE."""
    connection = sqlite3.connect(
        read_only(file), uri=True, isolation_level=None, check_same_thread=False, timeout=2.0
    )
    for pragma in (
        "query_only = ON",
        "synchronous = FULL",
        "temp_store = MEMORY",
        f"cache_size = -{cache_kib}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextlib.contextmanager
def snapshot(connection: Connection, seconds: float | None = READ_DEADLINE) -> Iterator[Connection]:
    """One consistent view of the database for several statements, with a deadline (None: without)."""
    if seconds is not None:
        deadline = time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.set_progress_handler(None, 0)
        connection.execute("COMMIT")


@contextlib.contextmanager
def transaction(connection: Connection) -> Iterator[Connection]:
    """All or nothing. Unavailable when the disk or another process does not let us write."""
    with _explained():
        connection.execute("BEGIN IMMEDIATE")
    try:
        with _explained():
            yield connection
            connection.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors, such as a full disk.
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error) from error


def explain(error: Exception) -> Unavailable:
    """What SQLite's error means, for people."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return StoreBusy("another process holds the database's write lock")
    if "full" in text:
        return DiskFailed("the disk is full", hint="Free some space; a server that runs goes on by itself.")
    if "not a database" in text or "malformed" in text:
        hint = (
            'Put a backup in its place, into an empty folder: see "Backup and restore" in docs/operations.md.'
        )
        return DiskFailed(f"the database is damaged: {text}", hint=hint)
    if "unable to open" in text or "readonly" in text:
        hint = "Run this as the user to whom the data folder belongs."
        return DiskFailed(f"the database cannot be opened: {text}", hint=hint)
    if "I/O error" in text:
        return DiskFailed(f"the disk failed: {text}", hint="Run `pagetally doctor`.")
    return StoreFailed(f"the database refused: {text}", hint="Run `pagetally doctor`.")
