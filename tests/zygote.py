"""Runs `pagetally` without loading its modules each time: a process that has them forks one for each command.

A command is a process of its own, as it is for users; only its start is shared.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

SECONDS = 120


class Zygote:
    """The process, which is started with the first command."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """What a command says and ends with. TimeoutExpired after two minutes."""
        command = [sys.executable, "-m", "analytics", *words]
        if not self._turn.acquire(blocking=False):
            # Another command is on its way, and may wait for this one.
            return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        try:
            with tempfile.TemporaryDirectory() as folder:
                out, err = (Path(folder) / name for name in ("out", "err"))
                code = self._ask({"words": list(words), "out": str(out), "err": str(err)})
                if code is None:
                    raise subprocess.TimeoutExpired(command, SECONDS)
                return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())
        finally:
            self._turn.release()

    def _ask(self, request: dict[str, object]) -> int | None:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"from {__name__} import serve; serve()"],
                cwd=Path(__file__).parent.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        request |= {"cwd": os.getcwd(), "env": dict(os.environ)}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], SECONDS)[0]:
            os.killpg(process.pid, signal.SIGKILL)
            return None
        return int(process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()


def serve() -> None:
    """Be the process: a request a line, and the exit code of each."""
    import analytics.cli

    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(analytics.cli.main, json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(main: object, request: dict[str, object]) -> None:
    """Be a command; does not return."""
    code: object = 1
    try:
        _stand_in(request)
        sys.argv = ["pagetally", *request["words"]]  # type: ignore[misc]
        main(prog_name="pagetally")  # type: ignore[operator]
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))


def _stand_in(request: dict[str, object]) -> None:
    """Where the command is to run, and what it reads and writes."""
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[call-overload]
    time.tzset()
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, name, how in (
        (0, os.devnull, os.O_RDONLY),
        (1, str(request["out"]), flags),
        (2, str(request["err"]), flags),
    ):
        os.dup2(os.open(name, how), number)
