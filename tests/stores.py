"""Data folders for tests that are about numbers, not about the disk or about how tables are made."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from analytics.model import Site
from analytics.store.connect import FILE
from analytics.store.sqlite import SqliteStore

MEMORY = Path("/dev/shm")
"""Where there is such a folder, its files are in memory: to flush them takes no time."""


@contextlib.contextmanager
def folder_in_memory(*domains: str) -> Iterator[Path]:
    """A data folder with tables and sites, for as long as the block runs."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as parent:
        folder = Path(parent) / "data"
        lay_tables(folder, *domains)
        yield folder


def lay_tables(folder: Path, *domains: str) -> None:
    """Make a data folder as the first start leaves it, with sites 1, 2 and so on of those domains."""
    folder.mkdir(mode=0o700)
    (folder / FILE).touch(mode=0o600)
    (folder / FILE).write_bytes(_file_with(domains))


@cache
def _file_with(domains: tuple[str, ...]) -> bytes:
    """A database with those sites: to copy it takes a hundredth of the time of all the migrations."""
    with tempfile.TemporaryDirectory() as parent:
        with contextlib.closing(SqliteStore(Path(parent))) as store:
            for domain in domains:
                store.save_site(Site(id=0, domain=domain), 0)
        return (Path(parent) / FILE).read_bytes()
