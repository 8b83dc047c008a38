"""An access log to hits, by a process of its own, so that reading and storing do not share an interpreter.

The content goes to its standard input in blocks of whole lines, and what became of each comes from its
standard output.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from . import accesslog, pipeline
from .errors import InputError, StoreFailed
from .geo import Geo
from .model import Arrival, Campaign, Client, Drop, Event, Hit, Place, Site
from .payload import MAX_TEXT, PAGEVIEW
from .visitors import SALT_BYTES, read_address
from .wording import plural

SHOWN = 80
"""Characters of a broken line that are shown."""

DAY = 86_400

KNOWN = "imported-before"
"""The reason of views that an earlier import has."""

END = b""
"""Stands for the end of the content."""


class _Packed(Struct, frozen=True, array_like=True, gc=False):
    """Hits, with what many of them share written once: a sixth of the bytes, a third of the time."""

    clients: list[Client]
    places: list[Place]
    campaigns: list[Campaign]
    rows: list[tuple[int, int, int, int, int, str, str, str, str, int | None, str | None, int, int, int]]
    """The fields of a hit up to its detail, and the positions of its client, place and campaign above."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def pack(hits: Iterable[Hit]) -> bytes:
    """Hits as `unpack` reads them; none of them counts by a rule."""
    clients: dict[Client, int] = {}
    places: dict[Place, int] = {}
    campaigns: dict[Campaign, int] = {}
    rows = [
        (
            hit.site,
            hit.day,
            hit.at,
            hit.visitor,
            hit.kind,
            hit.name,
            hit.path,
            hit.source,
            hit.title,
            hit.repeat,
            hit.detail,
            clients.setdefault(hit.client, len(clients)),
            places.setdefault(hit.place, len(places)),
            campaigns.setdefault(hit.campaign, len(campaigns)),
        )
        for hit in hits
    ]
    return _encoder.encode((list(clients), list(places), list(campaigns), rows))


def unpack(packed: bytes) -> list[Hit]:
    """The hits of `pack`."""
    found = _decoder.decode(packed)
    clients, places, campaigns = found.clients, found.places, found.campaigns
    return [Hit(*row[:11], clients[row[11]], places[row[12]], campaigns[row[13]]) for row in found.rows]


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

    def note(self, hits: Collection[Hit]) -> None:
        """These are the views that lines became."""
        if hits:
            times = [hit.at for hit in hits]
            self.views += len(hits)
            self.pages.update([hit.path for hit in hits])
            self.first_at = min(times) if not self.first_at else min(self.first_at, *times)
            self.last_at = max(self.last_at, *times)

    def check(self, name: str) -> None:
        """InputError when no line is of a log: the file `name` is empty, or something else."""
        if not self.lines:
            raise InputError("file", f"{name} is empty")
        if self.broken and self.broken == self.lines:
            raise InputError(
                "file",
                f"{name} is no access log: none of {plural(self.lines, 'line')} can be read",
                hint=f"The first of them begins: {self.first_broken!r}",
            )

    def as_json(self) -> str:
        """What is kept with the import."""
        counts = {"lines": self.lines, "broken": self.broken, "no_page": self.no_page, "views": self.views}
        counts |= {"first": self.first_at, "last": self.last_at}
        return msgspec.json.encode(counts | {"dropped": dict(self.dropped)}).decode()


class Parser:
    """Lines to hits of one site, and a summary of what became of each."""

    def __init__(
        self,
        site: Site,
        *,
        now: float,
        with_bots: bool = False,
        place_of: pipeline.PlaceOf = pipeline.nowhere,
        after: tuple[int, int] = (0, 0),
    ) -> None:
        """`now`: seconds since 1970; what a log says of a later day has not happened.

        `after`: a time, and how many of its views are known already, as everything before it.
        """
        self._end = now + DAY
        self._place_of = place_of
        self._known_until, self._known_then = after
        # What a log tells, the owner's own server saw: it needs no token.
        self._site = site = replace(site, count_bots=with_bots or site.count_bots, needs_token=False)
        self._sites = dict.fromkeys(site.hosts, site)
        self._salts: dict[int, bytes] = {}
        self.summary = Summary()

    def read(self, block: bytes) -> list[Hit]:
        """The hits of a block of whole lines."""
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        self.summary.lines += len(lines)
        found = [self._read_one(line.decode("utf-8", "replace")) for line in lines]
        hits = [hit for hit in found if hit is not None]
        self.summary.note(hits)
        return hits

    def _read_one(self, text: str) -> Hit | None:
        summary = self.summary
        line = accesslog.read_line(text)
        if line is None:
            summary.broken += 1
            summary.first_broken = summary.first_broken or text.strip()[:SHOWN]
            return None
        if not accesslog.is_page_view(line):
            summary.no_page += 1
            return None
        if line.at > self._end:
            summary.dropped["future"] += 1
            return None
        if line.at < self._known_until:
            summary.dropped[KNOWN] += 1
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
            (result,) = pipeline.run(event, arrival, self._sites, self._salt_of, self._place_of)
        except InputError:
            result = Drop(self._site.id, "unusable-address")
        if line.at == self._known_until and self._known_then and isinstance(result, Hit):
            self._known_then -= 1
            result = Drop(self._site.id, KNOWN)
        if isinstance(result, Drop):
            summary.dropped[result.reason] += 1
            return None
        return result

    def _salt_of(self, site: int, day: int, at: float) -> bytes:
        """Never stored: these days are over, and nobody is to be known again."""
        salt = self._salts.get(day)
        if salt is None:
            salt = self._salts[day] = secrets.token_bytes(SALT_BYTES)
        return salt


@dataclass(frozen=True)
class Block:
    """What became of a block of lines: some hits, packed, and how many lines were read up to its end."""

    packed: bytes
    first_day: int
    """The earliest day that it has a hit of; 0 for no hits."""
    lines: int

    @property
    def hits(self) -> list[Hit]:
        return unpack(self.packed)


@dataclass
class LogReader:
    """Reads logs of a site; `summary` is there after all of one was read."""

    site: Site
    now: float
    """Seconds since 1970."""
    with_bots: bool = False
    geo: tuple[Path, ...] = ()
    """Files that tell the places of addresses, besides the one that comes along."""
    after: tuple[int, int] = (0, 0)
    """A time, and how many of its views are known already, as everything before it."""
    summary: Summary = field(default_factory=Summary)

    def read(self, content: Iterable[bytes]) -> Iterator[Block]:
        """What becomes of each block of lines. What reading the content raises comes out here."""
        trouble: list[BaseException] = []
        settings = (self.site, self.now, self.with_bots, self.geo, self.after)
        with _running(_start()) as process:
            # Nobody waits for it when something went wrong: it may wait for a pipe that stays silent.
            feeder = Thread(target=_feed, args=(process, content, settings, trouble), daemon=True)
            feeder.start()
            try:
                yield from self._receive(process)
                feeder.join()
            except (EOFError, pickle.UnpicklingError):
                if not trouble:
                    hint = "Try again."
                    raise StoreFailed("the process that reads the log has ended", hint=hint) from None
            if trouble:
                raise trouble[0]

    def _receive(self, process: subprocess.Popen[bytes]) -> Iterator[Block]:
        assert process.stdout is not None
        while isinstance(told := pickle.load(process.stdout), Block):  # noqa: S301, our own process
            yield told
        self.summary = told


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        # Ctrl-C is for the command, which ends this one.
        start_new_session=True,
    )


@contextlib.contextmanager
def _running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The process, ended and waited for afterwards."""
    try:
        yield process
    finally:
        # What it was to read and never will is still in the pipe's buffer, and cannot be written.
        with contextlib.suppress(BrokenPipeError), process:
            _end(process)


def _feed(
    process: subprocess.Popen[bytes],
    content: Iterable[bytes],
    settings: object,
    trouble: list[BaseException],
) -> None:
    assert process.stdin is not None
    try:
        # It is closed whatever happens: the process ends when nothing more comes.
        with contextlib.suppress(BrokenPipeError), process.stdin as stream:
            pickle.dump(settings, stream)
            for block in content:
                pickle.dump(block, stream)
            pickle.dump(END, stream)
    except Exception as error:
        trouble.append(error)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()


def parse_all(questions: BinaryIO, answers: BinaryIO) -> None:
    """Be the process: the settings and blocks that come in as `Block`s, and their `Summary` at the end."""
    site, now, with_bots, geo, after = pickle.load(questions)  # noqa: S301, from the process that started this one
    parser = Parser(site, now=now, with_bots=with_bots, place_of=Geo(geo).find, after=after)
    while block := pickle.load(questions):  # noqa: S301
        hits = parser.read(block)
        first_day = min((hit.day for hit in hits), default=0)
        pickle.dump(Block(pack(hits), first_day, parser.summary.lines), answers)
        answers.flush()
    pickle.dump(parser.summary, answers)
    answers.flush()


def main() -> None:
    """The entry of the process."""
    answers = os.fdopen(os.dup(1), "wb")
    # What a library might print must not come between the answers.
    os.dup2(2, 1)
    # Nothing that it makes refers to itself.
    gc.disable()
    with contextlib.suppress(EOFError, BrokenPipeError):
        parse_all(sys.stdin.buffer, answers)
