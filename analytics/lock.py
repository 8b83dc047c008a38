"""One process a data folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

from .errors import DataFolderInUse, PagetallyError

FILE = "lock"


LOOKS, LOOK_SECONDS = 4, 0.03
"""How often, and with which pause, the lock is tried again: whoever only looks at it lets go at once."""


class FolderLock:
    """Held while this process owns a data folder; the system lets go of it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = -1
        self.folder = folder

    def acquire(self) -> FolderLock:
        """Take the folder; DataFolderInUse when another process has it."""
        open_folder(self.folder)
        descriptor = os.open(self.folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(descriptor)
        except OSError:
            owner = _read_owner(descriptor)
            os.close(descriptor)
            message = f"the data folder {self.folder} is in use by another process (pid {owner})"
            raise DataFolderInUse(message, hint="Stop that process, or use another --data folder.") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        """Let go of the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _take(descriptor: int) -> None:
    """Take the lock; OSError when another process has it, and does more than look (`find_owner`)."""
    for _ in range(LOOKS):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(LOOK_SECONDS)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def find_owner(folder: Path) -> str:
    """The process that has the folder now, by its number; empty for none. Waits for nobody."""
    try:
        descriptor = os.open(folder / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_owner(descriptor)
    finally:
        os.close(descriptor)
    return ""


def _read_owner(descriptor: int) -> str:
    return os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"


def open_folder(folder: Path) -> None:
    """Make the data folder if it is not there, readable by its owner only."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PagetallyError(f"cannot make the data folder {folder}: {error.strerror}") from None
