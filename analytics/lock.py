"""One process a data folder.

What is locked is the folder itself, which nobody deletes by mistake while its files are there; and the file
`lock` in it, which says who has it, for where the system locks no folders (some network file systems).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .errors import DataFolderInUse, PagetallyError

FILE = "lock"


LOOKS, LOOK_SECONDS = 4, 0.03
"""How often, and with which pause, the lock is tried again: whoever only looks at it lets go at once."""

AWAIT_SECONDS = 0.2

MAX_OWNER = 200
"""Bytes of the file that are read."""


class Owner(NamedTuple):
    """Who has a data folder."""

    process: str
    """Its number."""
    command: str
    """What it does there and ends with; empty for a server, and for who does not say."""

    def __str__(self) -> str:
        what = f"`{self.command}`" if self.command else "another process"
        return f"{what} (pid {self.process})"


class FolderLock:
    """Held while this process owns a data folder; the system lets go of it when the process dies."""

    def __init__(self, folder: Path, command: str = "") -> None:
        """`command`: what this process does in the folder, if it ends by itself."""
        self._descriptors: list[int] = []
        self._command = command
        self.folder = folder

    def acquire(self) -> FolderLock:
        """Take the folder; DataFolderInUse when another process has it."""
        open_folder(self.folder)
        file = os.open(self.folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._descriptors = [file, os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)]
        try:
            _take(self._descriptors)
        except OSError:
            self.release()
            raise _in_use(self.folder, _read_owner(self.folder)) from None
        told = f"{os.getpid()} {self._command}".strip().encode() + b"\n"
        os.pwrite(file, told, 0)
        os.ftruncate(file, len(told))
        return self

    def release(self) -> None:
        """Let go of the folder."""
        while self._descriptors:
            os.close(self._descriptors.pop())


def _in_use(folder: Path, owner: Owner) -> DataFolderInUse:
    hint = "Stop that process, or use another --data folder."
    if owner.command:
        hint = "Wait until it is done. While a server runs, commands work beside each other."
    return DataFolderInUse(f"the data folder {folder} is in use by {owner}", hint=hint)


def _take(descriptors: list[int]) -> None:
    """Take the lock; OSError when another process has it, and does more than look (`find_owner`)."""
    for _ in range(LOOKS):
        with contextlib.suppress(BlockingIOError):
            _lock(descriptors)
            return
        time.sleep(LOOK_SECONDS)
    _lock(descriptors)


def _lock(descriptors: list[int]) -> None:
    """Lock the file and the folder without waiting; BlockingIOError when somebody has one of them."""
    file, folder = descriptors
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_UN)
        raise
    except OSError:
        # A system that locks no folders; the file has to do.
        return


def find_owner(folder: Path) -> Owner | None:
    """The process that has the folder now; None for nobody. Waits for nobody."""
    with contextlib.ExitStack() as opened:
        descriptors = []
        for path in (folder / FILE, folder):
            with contextlib.suppress(FileNotFoundError):
                descriptors.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
                opened.callback(os.close, descriptors[-1])
        for descriptor in descriptors:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read_owner(folder)
            except OSError:
                continue  # a folder where the system locks none
    return None


def await_command(folder: Path, say: Callable[[str], None]) -> None:
    """Wait while a command that ends by itself has the folder, and say so."""
    owner = find_owner(folder)
    if owner is not None and owner.command:
        say(f"The data folder {folder} is in use by {owner}: the server starts when that is done.")
    while owner is not None and owner.command:
        time.sleep(AWAIT_SECONDS)
        owner = find_owner(folder)


def _read_owner(folder: Path) -> Owner:
    try:
        text = (folder / FILE).read_bytes()[:MAX_OWNER].decode("ascii", "replace")
    except OSError:
        text = ""
    # The first line: whoever takes the folder writes over what the one before wrote, and then cuts it off.
    process, _, command = text.partition("\n")[0].strip().partition(" ")
    return Owner(process or "unknown", command)


def open_folder(folder: Path) -> None:
    """Make the data folder if it is not there, readable by its owner only."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PagetallyError(f"cannot make the data folder {folder}: {error.strerror}") from None
