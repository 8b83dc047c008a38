"""A copy of the database, taken while the server runs, checked, and without the days' secrets."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ..errors import PagetallyError
from .connect import Connection, connect, open_reader


def save(file: Path, target: Path) -> int:
    """Copy the database `file` to `target`; the hits it holds.

    One read snapshot, so everything acknowledged before the start is in it. The salts are taken
    out, and the copy is checked, before it gets its name. PagetallyError when `target` is there.
    """
    if target.exists():
        raise PagetallyError(f"{target} is there already", hint="Name a file that does not exist yet.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    # The copy holds visitors' hashes: for its owner only.
    os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with contextlib.closing(open_reader(file)) as source, contextlib.closing(_open(part)) as copy:
            source.backup(copy)
            _scrub(copy)
            hits = _check(copy, part)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return hits


def _open(part: Path) -> Connection:
    return connect(str(part), isolation_level=None)


def _scrub(copy: Connection) -> None:
    copy.execute("PRAGMA journal_mode = MEMORY")
    copy.execute("PRAGMA secure_delete = ON")
    if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'salt'").fetchone():
        copy.execute("DELETE FROM salt")


def _check(copy: Connection, part: Path) -> int:
    answer = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if answer != "ok":
        raise PagetallyError(f"the copy {part} is damaged: {answer}", hint="Run `pagetally doctor`.")
    return int(copy.execute("SELECT count(*) FROM hit").fetchone()[0])


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
