"""An access log into the store: the same pipeline as live views, a block of lines at a time.

Reading and storing overlap: while one block is written, the next ones are parsed (`logreader`).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from .accesslog import LONGEST_LINE
from .commands import BeginImport, Command, EndImport, Fold, UndoImport, WriteImport
from .errors import InputError, PagetallyError, Unavailable
from .logreader import Block, LogReader, Summary

BLOCK = 1024 * 1024
"""Bytes of a log that are parsed and stored at a time, and the rest of the last line."""

FOLD_EVERY = 8
"""Blocks after which what was stored is folded."""

AHEAD = 2 * FOLD_EVERY
"""Blocks that may be parsed before the first of them is stored: folding takes as long as parsing."""

GZIP_MAGIC = b"\x1f\x8b"

Progress = Callable[[int, int], None]
"""Told after each block: bytes of the file that were read so far, lines so far."""


class Performer(Protocol):
    """Performs commands: the server that runs, or this process."""

    def perform(self, command: Command) -> Any: ...


class Source:
    """A log, plain or gzipped: a file, or a stream, such as standard input and what a shell's <(…) names."""

    def __init__(self, path: Path | None) -> None:
        self.is_file = path is not None and path.is_file()
        self.name = "standard input" if path is None else path.name if self.is_file else str(path)
        self.path = path
        try:
            self._raw = io.BufferedReader(io.FileIO(0 if path is None else path, closefd=path is not None))
        except OSError as error:
            raise InputError("file", f"{path} cannot be read: {error.strerror}") from None
        self.size = path.stat().st_size if path is not None and self.is_file else 0
        head = self._raw.peek(2)[:2]
        if not head:
            self.close()
            raise InputError("file", f"{self.name} is empty")
        self._is_gzip = head == GZIP_MAGIC
        self._digest = hashlib.sha256()

    def read(self) -> Iterator[bytes]:
        """Its content in blocks of whole lines. InputError when a gzipped file is damaged."""
        stream = gzip.GzipFile(fileobj=self._raw) if self._is_gzip else self._raw
        try:
            while block := stream.read(BLOCK) + stream.readline(LONGEST_LINE):
                self._digest.update(block)
                yield block
        except (EOFError, OSError, zlib.error) as error:
            raise InputError("file", f"{self.name} is damaged: {error}") from None

    def close(self) -> None:
        """Close the file; standard input stays open, and may be waited for."""
        if self.path is not None:
            self._raw.close()

    @property
    def position(self) -> int:
        """Bytes of the file that were read."""
        return self._raw.tell() if self.is_file else 0

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content that was read, unpacked."""
        return self._digest.hexdigest()


def fingerprint_file(path: Path) -> str:
    """The fingerprint of a whole file."""
    with closing(Source(path)) as source:
        for _ in source.read():
            pass
        return source.fingerprint


def rehearse(source: Source, log: LogReader, progress: Progress) -> Summary:
    """Read a log and store nothing; what an import would do. InputError when it is no log."""
    for block in log.read(source.read()):
        progress(source.position, block.lines)
    log.summary.check(source.name)
    return log.summary


def run_import(desk: Performer, source: Source, log: LogReader, progress: Progress) -> int:
    """Import a log; the import's number.

    Refused when the same content was imported before, InputError when it is no log. An import of it
    that a crash interrupted is undone first. When this one cannot be finished, it is undone.
    """
    # A stream can be read only once: what it was is told when it ends.
    fingerprint = fingerprint_file(source.path) if source.path is not None and source.is_file else ""
    number = int(desk.perform(BeginImport(log.site.domain, "access-log", source.name, fingerprint)))
    try:
        _write_all(desk, number, source, log, progress)
        log.summary.check(source.name)
        desk.perform(EndImport(number, source.fingerprint, log.summary.as_json()))
    except BaseException as error:
        _take_back(desk, number, error)
        raise
    desk.perform(Fold())
    return number


def _take_back(desk: Performer, number: int, error: BaseException) -> None:
    try:
        undo(desk, number)
    except InputError:
        raise PagetallyError(
            f"the site was removed meanwhile, and with it all that import {number} had stored"
        ) from None
    except Unavailable:
        raise Unavailable(
            f"import {number} was cut off, and a part of it counts: {error}",
            hint=f"Import the same file again, or take the part back: pagetally import undo {number}",
        ) from None


def _write_all(desk: Performer, number: int, source: Source, log: LogReader, progress: Progress) -> None:
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="import") as executor:
        try:
            for index, block in enumerate(log.read(source.read()), 1):
                if len(waiting) == AHEAD:
                    waiting.popleft().result()
                waiting.append(executor.submit(_write_one, desk, number, block, index % FOLD_EVERY == 0))
                progress(source.position, block.lines)
            while waiting:
                waiting.popleft().result()
        finally:
            # After an error or Ctrl-C: what was not begun must not be stored behind the undoing.
            for future in waiting:
                future.cancel()


def _write_one(desk: Performer, number: int, block: Block, is_time_to_fold: bool) -> None:
    if hits := block.hits:
        desk.perform(WriteImport(number, hits))
    if is_time_to_fold:
        # A log is in order of time: the days before this block's are not coming again.
        desk.perform(Fold(block.first_day))


def undo(desk: Performer, number: int, progress: Callable[[], None] = lambda: None) -> None:
    """Take an import back, one site-day at a time."""
    while desk.perform(UndoImport(number)):
        progress()
    desk.perform(Fold())
