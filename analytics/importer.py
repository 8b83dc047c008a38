"""An access log into the store: the same pipeline as live views, a chunk at a time.

Reading and storing overlap: while one chunk is written, the next one is parsed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from . import accesslog, pipeline
from .commands import BeginImport, Command, EndImport, Fold, UndoImport, WriteImport
from .errors import InputError, PagetallyError
from .model import Arrival, Drop, Event, Hit, Site
from .payload import MAX_TEXT, PAGEVIEW
from .salts import Salts
from .visitors import read_address
from .wording import plural

CHUNK = 5_000
"""Lines that are parsed and stored at a time."""

FOLD_EVERY = 8
"""Chunks after which what was stored is folded."""

AHEAD = 2 * FOLD_EVERY
"""Chunks that may be parsed before the first of them is stored: folding takes as long as parsing."""

SHOWN = 80
"""Characters of a broken line that are shown."""

GZIP_MAGIC = b"\x1f\x8b"

Progress = Callable[[int, int], None]
"""Told after each chunk: bytes of the file that were read so far, lines so far."""


class Performer(Protocol):
    """Performs commands: the server that runs, or this process."""

    def perform(self, command: Command) -> Any: ...


@dataclass
class Summary:
    """What became of the lines of a log."""

    lines: int = 0
    broken: int = 0
    first_broken: str = ""
    no_page: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    views: int = 0
    first_at: int = 0
    last_at: int = 0
    pages: Counter[str] = field(default_factory=Counter)

    @property
    def page_views(self) -> int:
        """Lines that show a page, counted or dropped."""
        return self.views + self.dropped.total()

    def note(self, hit: Hit) -> None:
        """A line became a view."""
        self.views += 1
        self.pages[hit.path] += 1
        if hit.at > self.last_at:
            self.last_at = hit.at
        if hit.at < self.first_at or not self.first_at:
            self.first_at = hit.at

    def check(self, name: str) -> None:
        """InputError when most of the lines are not of a log: the file `name` is something else."""
        if 2 * self.broken > self.lines:
            raise InputError(
                "file",
                f"{name} is no access log: {self.broken:,} of {plural(self.lines, 'line')} cannot be read",
                hint=f"The first of them begins: {self.first_broken!r}",
            )

    def as_json(self) -> str:
        """What is kept with the import."""
        counts = {"lines": self.lines, "broken": self.broken, "no_page": self.no_page, "views": self.views}
        return msgspec.json.encode(counts | {"dropped": dict(self.dropped)}).decode()


class Source:
    """A log: a plain or gzipped file, or standard input."""

    def __init__(self, path: Path | None) -> None:
        self.name = "standard input" if path is None else path.name
        self.path = path
        try:
            self._raw = io.BufferedReader(io.FileIO(0 if path is None else path, closefd=path is not None))
        except OSError as error:
            raise InputError("file", f"{path} cannot be read: {error.strerror}") from None
        self.size = path.stat().st_size if path is not None else 0
        self._is_gzip = self._raw.peek(2)[:2] == GZIP_MAGIC
        self._digest = hashlib.sha256()

    def read(self) -> Iterator[list[bytes]]:
        """Its lines in chunks. InputError when a gzipped file is damaged."""
        stream = gzip.GzipFile(fileobj=self._raw) if self._is_gzip else self._raw
        try:
            while lines := stream.readlines(CHUNK * 200):
                for start in range(0, len(lines), CHUNK):
                    chunk = lines[start : start + CHUNK]
                    self._digest.update(b"".join(chunk))
                    yield chunk
        except (gzip.BadGzipFile, EOFError, OSError) as error:
            raise InputError("file", f"{self.name} is damaged: {error}") from None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self._raw.close()

    @property
    def position(self) -> int:
        """Bytes of the file that were read."""
        return self._raw.tell() if self.path is not None else 0

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


class Parser:
    """Lines to hits of one site, and a summary of what became of each."""

    def __init__(
        self, site: Site, *, with_bots: bool = False, place_of: pipeline.PlaceOf = pipeline.nowhere
    ) -> None:
        self._place_of = place_of
        # What a log tells, the owner's own server saw: it needs no token.
        self._site = site = replace(site, count_bots=with_bots or site.count_bots, needs_token=False)
        self._sites = dict.fromkeys(site.hosts, site)
        # Never stored: these days are over, and nobody is to be known again.
        self._salts = Salts(keep=False)
        self.summary = Summary()

    def read(self, lines: list[bytes]) -> list[Hit]:
        """The hits of a chunk of lines."""
        hits = []
        for line in lines:
            hit = self._read_one(line.decode("utf-8", "replace"))
            if hit is not None:
                hits.append(hit)
        return hits

    def _read_one(self, text: str) -> Hit | None:
        summary = self.summary
        summary.lines += 1
        line = accesslog.read_line(text)
        if line is None:
            summary.broken += 1
            summary.first_broken = summary.first_broken or text.strip()[:SHOWN]
            return None
        if not accesslog.is_page_view(line):
            summary.no_page += 1
            return None
        event = Event(
            name=PAGEVIEW,
            url=accesslog.address_of(line, self._site.domain),
            domains=(self._site.domain,),
            referrer=line.referrer[:MAX_TEXT],
        )
        address = read_address(line.address) or line.address
        arrival = Arrival(at=line.at, address=address, agent=line.agent)
        try:
            (result,) = pipeline.run(event, arrival, self._sites, self._salts.of, self._place_of)
        except InputError:
            result = Drop(self._site.id, "unusable-address")
        if isinstance(result, Drop):
            summary.dropped[result.reason] += 1
            return None
        summary.note(result)
        return result


def rehearse(source: Source, parser: Parser, progress: Progress) -> Summary:
    """Read a log and store nothing; what an import would do. InputError when it is no log."""
    for lines in source.read():
        parser.read(lines)
        progress(source.position, parser.summary.lines)
    parser.summary.check(source.name)
    return parser.summary


def run_import(desk: Performer, site: Site, source: Source, parser: Parser, progress: Progress) -> int:
    """Import a log; the import's number.

    Refused when the same content was imported before, InputError when it is no log. An import of it
    that a crash interrupted is undone first. When this one cannot be finished, it is undone.
    """
    fingerprint = fingerprint_file(source.path) if source.path is not None else ""
    number = int(desk.perform(BeginImport(site.domain, "access-log", source.name, fingerprint)))
    try:
        _write_all(desk, number, source, parser, progress)
        parser.summary.check(source.name)
        desk.perform(EndImport(number, source.fingerprint, parser.summary.as_json()))
    except BaseException as error:
        if isinstance(error, PagetallyError | KeyboardInterrupt):
            undo(desk, number)
        raise
    desk.perform(Fold())
    return number


def _write_all(desk: Performer, number: int, source: Source, parser: Parser, progress: Progress) -> None:
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="import") as executor:
        try:
            for index, lines in enumerate(source.read(), 1):
                hits = parser.read(lines)
                if len(waiting) == AHEAD:
                    waiting.popleft().result()
                # A log is in order of time: the days before this chunk's are not coming again.
                before = min((hit.day for hit in hits), default=0) if index % FOLD_EVERY == 0 else None
                waiting.append(executor.submit(_write_one, desk, number, hits, before))
                progress(source.position, parser.summary.lines)
            while waiting:
                waiting.popleft().result()
        finally:
            # After an error or Ctrl-C: what was not begun must not be stored behind the undoing.
            for future in waiting:
                future.cancel()


def _write_one(desk: Performer, number: int, hits: list[Hit], fold_before: int | None) -> None:
    if hits:
        desk.perform(WriteImport(number, hits))
    if fold_before is not None:
        desk.perform(Fold(fold_before))


def undo(desk: Performer, number: int, progress: Callable[[], None] = lambda: None) -> None:
    """Take an import back, one site-day at a time."""
    while desk.perform(UndoImport(number)):
        progress()
    desk.perform(Fold())
