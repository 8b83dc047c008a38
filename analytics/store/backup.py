"""A copy of the database, taken while the server runs, checked, and without the days' secrets."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ..errors import PagetallyError
from .connect import Connection, connect, read_only

SECRET_TABLES = ("salt",)
"""Never in a copy, not even while it is made."""

HELD_BACK = ("sqlite_sequence",)
"""SQLite makes it by itself; only its rows are copied."""


def save(file: Path, target: Path) -> int:
    """Copy the database `file` to `target`; the hits it holds.

    All tables but the days' secrets, in one read snapshot, so everything acknowledged before the
    start is in it. The copy is checked before it gets its name. PagetallyError when `target` is
    there, or its folder is not.
    """
    if target.exists():
        raise PagetallyError(f"{target} is there already", hint="Name a file that does not exist yet.")
    folder = target.absolute().parent
    if not folder.is_dir():
        raise PagetallyError(f"the folder {folder} does not exist", hint="Make it first, or name another.")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    # The copy holds visitors' hashes: for its owner only.
    os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with contextlib.closing(connect(str(part), isolation_level=None, uri=True)) as copy:
            _copy(copy, file)
            hits = _check(copy, part)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return hits


def _copy(copy: Connection, file: Path) -> None:
    # A crash leaves a part that is thrown away: no journal, no flushing until the end.
    copy.execute("PRAGMA journal_mode = OFF")
    copy.execute("PRAGMA synchronous = OFF")
    copy.execute("ATTACH ? AS live", (read_only(file),))
    copy.execute("BEGIN")
    schema = copy.execute("SELECT type, name, sql FROM live.sqlite_master WHERE sql IS NOT NULL").fetchall()
    tables = [(name, sql) for kind, name, sql in schema if kind == "table" and name not in HELD_BACK]
    for name, sql in tables:
        copy.execute(sql)
        if name not in SECRET_TABLES:
            copy.execute(f'INSERT INTO main."{name}" SELECT * FROM live."{name}"')
    for kind, name, sql in schema:
        if kind != "table":
            copy.execute(sql)
        elif name in HELD_BACK:
            copy.execute(f"DELETE FROM main.{name}")
            copy.execute(f"INSERT INTO main.{name} SELECT * FROM live.{name}")
    copy.execute("COMMIT")
    copy.execute("DETACH live")


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
