"""How a command reaches the server that runs: a socket in the data folder, for its owner only.

Frames of four bytes of length and MessagePack. Whoever may open the socket may write the database
file as well, so the socket asks for nothing more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import socketserver
import stat
import struct
import tempfile
import threading
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from .commands import Command, perform
from .errors import InputError, PagetallyError, Refused, Unavailable
from .instance import Instance

FILE = "control"
"""In the data folder: holds the path of the socket, which a system limits to about 100 bytes."""

MAX_FRAME = 64 * 1024 * 1024


class _Answer(Struct):
    value: Any = None
    error: str = ""
    field: str = ""
    hint: str = ""
    kind: str = ""


_command = msgspec.msgpack.Decoder(Command)
_answer = msgspec.msgpack.Decoder(_Answer)


def _send(connection: socket.socket, frame: bytes) -> None:
    connection.sendall(struct.pack(">I", len(frame)) + frame)


def _receive(connection: socket.socket) -> bytes:
    """One frame; empty when the other side is gone."""
    head = _receive_exactly(connection, 4)
    if not head:
        return b""
    (length,) = struct.unpack(">I", head)
    if length > MAX_FRAME:
        return b""
    return _receive_exactly(connection, length)


def _receive_exactly(connection: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length:
        part = connection.recv(min(1 << 20, length - len(parts)))
        if not part:
            return b""
        parts += part
    return bytes(parts)


def _socket_folder(data: Path) -> str:
    """A folder of ours for the socket of a data folder, the same each time."""
    mark = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]
    folder = os.path.join(tempfile.gettempdir(), f"pagetally-{os.getuid()}-{mark}")
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.lstat(folder)
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if is_ours else tempfile.mkdtemp(prefix="pagetally-")


class ControlServer:
    """Takes commands while the server runs, each connection in a thread of its own."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._folder = _socket_folder(instance.folder)
        path = os.path.join(self._folder, "control")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                while frame := _receive(self.request):
                    _send(self.request, _perform(instance, frame))

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(path, Handler)
        os.chmod(path, 0o600)
        self._file = instance.folder / FILE
        with contextlib.suppress(OSError):  # a full disk: commands have to wait, readers need not
            self._file.write_text(path)
            self._file.chmod(0o600)

    def start(self) -> ControlServer:
        """Begin to take commands."""
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()
        return self

    def stop(self) -> None:
        """Take no more."""
        self._file.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self._folder, "control"))
            os.rmdir(self._folder)


def _perform(instance: Instance, frame: bytes) -> bytes:
    try:
        answer = _Answer(value=perform(instance, _command.decode(frame)))
    except PagetallyError as error:
        field = error.field if isinstance(error, InputError) else ""
        answer = _Answer(error=str(error), field=field, hint=error.hint, kind=type(error).__name__)
    except Exception as error:
        answer = _Answer(error=f"the server could not do this: {type(error).__name__}: {error}")
    return msgspec.msgpack.encode(answer)


class ControlClient:
    """Sends commands to the server that owns a data folder."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def perform(self, command: Command) -> Any:
        """Have the server perform a command; what it answers, or its PagetallyError."""
        try:
            asked = msgspec.msgpack.encode(command)
        except OverflowError:
            raise InputError("number", "one that was given is far too large") from None
        frame = b""
        with contextlib.suppress(OSError):
            _send(self._connection, asked)
            frame = _receive(self._connection)
        if not frame:
            raise Unavailable("the server stopped while it was asked", hint="Start it, and try again.")
        answer = _answer.decode(frame)
        if answer.error:
            raise _revive(answer)
        return answer.value

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def _revive(answer: _Answer) -> PagetallyError:
    if answer.field:
        return InputError(answer.field, answer.error.removeprefix(f"{answer.field}: "), hint=answer.hint)
    kind = Refused if answer.kind == "Refused" else PagetallyError
    return kind(answer.error, hint=answer.hint)


def connect(folder: Path) -> ControlClient | None:
    """A client of the server that owns the folder; None when none runs."""
    try:
        path = (folder / FILE).read_text()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    try:
        connection.connect(path)
    except (OSError, ValueError):  # the latter for a name that no file can have
        connection.close()
        return None
    return ControlClient(connection)
