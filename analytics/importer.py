"""An access log into the store: the same pipeline as live views, a block of lines at a time.

Reading and storing overlap: while one block is written, the next ones are parsed (`logreader`).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from . import accesslog
from .accesslog import LONGEST_LINE
from .commands import BeginImport, Command, EndImport, Fold, UndoImport, WriteImport
from .errors import InputError, PagetallyError, Unavailable
from .logreader import Block, LogReader, Summary
from .model import Moments
from .overlap import Overlap, Past

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


EDGE = 50
"""Lines from either end of a block in which one that tells its time is looked for."""


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
        self.span: Moments | None = None
        """From when to when what was read of it is, as far as lines are in order."""

    def read(self) -> Iterator[bytes]:
        """Its content in blocks of whole lines. InputError when a gzipped file is damaged."""
        stream = gzip.GzipFile(fileobj=self._raw) if self._is_gzip else self._raw
        try:
            while block := stream.read(BLOCK) + stream.readline(LONGEST_LINE):
                self._digest.update(block)
                self._note_times(block)
                yield block
        except (EOFError, OSError, zlib.error) as error:
            raise InputError("file", f"{self.name} is damaged: {error}") from None

    def _note_times(self, block: bytes) -> None:
        lines = block.split(b"\n", EDGE)[:EDGE], reversed(block.rsplit(b"\n", EDGE)[1:])
        times = [at for at in map(_first_time, lines) if at]
        if times:
            known = [self.span.first, self.span.last] if self.span else []
            self.span = Moments(min(times + known), max(times + known))

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


def _first_time(lines: Iterable[bytes]) -> int:
    """The time of the first line that tells one; 0 for none."""
    found = (accesslog.read_line(line.decode("utf-8", "replace")) for line in lines)
    return next((line.at for line in found if line is not None), 0)


def read_through(path: Path) -> Source:
    """A file that was read and closed: its fingerprint and the times that it tells."""
    with closing(Source(path)) as source:
        for _ in source.read():
            pass
        return source


def fingerprint_file(path: Path) -> str:
    """The fingerprint of a whole file."""
    return read_through(path).fingerprint


def rehearse(source: Source, log: LogReader, progress: Progress, past: Past) -> Summary:
    """Read a log and store nothing; what an import would do. InputError when it is no log."""
    log.after = past.end
    for block in log.read(source.read()):
        progress(source.position, block.lines)
    log.summary.check(source.name)
    return log.summary


def run_import(
    desk: Performer, source: Source, log: LogReader, progress: Progress, look: Callable[[], Past] = Past
) -> int:
    """Import a log; the import's number, 0 where none was made. `look`: what was imported by now.

    Refused when the same content was imported before, or (unless `look` says what to do) other views of
    its time; InputError when it is no log. Where `look` says that only what is later counts, and nothing is,
    none is made. An import of the same content that a crash interrupted is undone
    first. When this one cannot be finished, it is undone.
    """
    # A stream can be read only once: what it was is told when it ends.
    whole = read_through(source.path) if source.path is not None and source.is_file else None
    fingerprint = whole.fingerprint if whole else ""
    if whole and (past := look()).has_all_of(fingerprint):
        rehearse(source, log, progress, past)
        return 0
    number = int(desk.perform(BeginImport(log.site.domain, "access-log", source.name, fingerprint)))
    try:
        past = look()
        log.after = past.end
        if whole:
            past.check(whole.span, log.site.timezone)
        _write_all(desk, number, source, log, progress, past)
        log.summary.check(source.name)
        if past.overlap == Overlap.SKIP and not log.summary.views:
            undo(desk, number)
            return 0
        # Beside a running server another import may have begun or ended since.
        now = look().without(number)
        now.check_since(past)
        if not now.has(source.fingerprint):
            now.check(source.span, log.site.timezone)
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
            f"import {number} was undone meanwhile, or the site was removed: nothing of it is stored"
        ) from None
    except Unavailable:
        raise Unavailable(
            f"import {number} was cut off, and a part of it counts: {error}",
            hint=f"Import the same file again, or take the part back: pagetally import undo {number}",
        ) from None


def _write_all(
    desk: Performer, number: int, source: Source, log: LogReader, progress: Progress, past: Past
) -> None:
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="import") as executor:
        try:
            for index, block in enumerate(log.read(source.read()), 1):
                past.check(source.span, log.site.timezone, is_whole=False)
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
