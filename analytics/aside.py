"""Slow questions, answered by a process of their own, so that views never wait for its interpreter.

One pickled question after the other goes to its standard input, the answers come from its standard output;
None instead of a question ends the one that runs. Nothing a visitor sends is ever unpickled.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, BinaryIO, TypeVar

from .store.connect import READ_DEADLINE, DatabaseError
from .store.sqlite import SqliteReader

T = TypeVar("T")
Work = Callable[[SqliteReader], T]
"""A question; as it is pickled, a function of a module or a `partial` of one."""

IDLE = 600.0
"""Seconds without a question after which the process ends, and gives its memory back."""

NICENESS = 10
"""By how much views come before summaries where there are not enough processors for both."""


@dataclass(frozen=True)
class Failure:
    """An error on its way to whoever asked; many of ours cannot be made again from their arguments alone."""

    kind: type[BaseException]
    args: tuple[Any, ...]
    state: dict[str, Any]

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        return cls(type(error), error.args, dict(vars(error)))

    def rebuild(self) -> BaseException:
        error = self.kind.__new__(self.kind, *self.args)
        vars(error).update(self.state)
        return error


class Aside:
    """Asks the process, which it starts when there is a question. One question at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._sending = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def ask(self, work: Work[T]) -> T:
        """What a question answers, or the error it raises. DatabaseError when the process ends of it.

        OSError where no process can be started.
        """
        with self._turn:
            try:
                answer = self._exchange(work)
            except (EOFError, BrokenPipeError):
                # It may have ended just now because nobody had asked for long, or was killed.
                self._end()
                try:
                    answer = self._exchange(work)
                except (EOFError, BrokenPipeError):
                    raise DatabaseError("the process that makes summaries has ended") from None
        if isinstance(answer, Failure):
            raise answer.rebuild()
        found: T = answer
        return found

    def prepare(self) -> None:
        """Start the process for a question that may come soon: its imports take as long as many answers."""
        if self._turn.acquire(blocking=False):
            try:
                # Whoever asks gets to know what is wrong.
                with contextlib.suppress(OSError, DatabaseError):
                    self._start()
            finally:
                self._turn.release()

    def interrupt(self) -> None:
        """End the question that runs: whoever asked gets a DatabaseError."""
        with contextlib.suppress(OSError, ValueError):
            self._send(None)

    def close(self) -> None:
        """End the process; a question that runs fails."""
        self._is_closed = True
        self._end()

    def _exchange(self, work: Work[Any]) -> Any:
        process = self._start()
        self._send(work)
        assert process.stdout is not None
        # From our own process, which reads only our own file.
        return pickle.load(process.stdout)  # noqa: S301

    def _send(self, work: Work[Any] | None) -> None:
        with self._sending:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(pickle.dumps(work))
                self._process.stdin.flush()

    def _start(self) -> subprocess.Popen[bytes]:
        """The process that runs, or a new one."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        if self._is_closed:
            raise DatabaseError("the server is about to end")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import main; main()", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            # Ctrl-C is for the server, which ends this one.
            start_new_session=True,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class Patience:
    """How long a question may take: READ_DEADLINE seconds, and no longer than somebody waits for it.

    The reader's statements end by themselves or by `interrupt`; what Python makes of their rows ends by a
    signal. Only in the main thread, and only where there are such signals.
    """

    def __init__(self) -> None:
        self._is_working = False
        self._has_signals = hasattr(signal, "setitimer") and hasattr(signal, "pthread_kill")
        if self._has_signals:
            for number in (signal.SIGALRM, signal.SIGUSR1):
                signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._is_working:
            self._is_working = False
            raise DatabaseError("interrupted")

    def end(self) -> None:
        """End the question that runs, from another thread."""
        if self._has_signals:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    @contextlib.contextmanager
    def limit(self) -> Iterator[None]:
        """While a question is answered."""
        if not self._has_signals:
            yield
            return
        self._is_working = True
        signal.setitimer(signal.ITIMER_REAL, READ_DEADLINE)
        try:
            yield
        finally:
            self._is_working = False
            signal.setitimer(signal.ITIMER_REAL, 0)


def answer_questions(folder: Path, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until nobody asks any more; does not return before."""
    reader, patience = SqliteReader(folder), Patience()
    waiting: SimpleQueue[Work[Any]] = SimpleQueue()
    threading.Thread(target=_listen, args=(questions, reader, patience, waiting), daemon=True).start()
    while True:
        try:
            work = waiting.get(timeout=IDLE)
        except Empty:
            return
        answers.write(_answer(reader, patience, work))
        answers.flush()


def _answer(reader: SqliteReader, patience: Patience, work: Work[Any]) -> bytes:
    try:
        # In this order: a signal may end the question, never the end of its snapshot.
        with reader.snapshot(), patience.limit():
            return pickle.dumps(work(reader))
    except Exception as error:
        failure = pickle.dumps(Failure.of(error))
    reader.let_go()
    return failure


def _listen(
    questions: BinaryIO, reader: SqliteReader, patience: Patience, waiting: SimpleQueue[Work[Any]]
) -> None:
    with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            work = pickle.load(questions)  # noqa: S301
            if work is None:
                reader.interrupt()
                patience.end()
            else:
                waiting.put(work)
    # Whoever asked is gone, and does not wait for what may be under way.
    os._exit(0)


def main() -> None:
    """Be the process: the data folder is the one argument."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    # What a library might print must not come between the answers.
    os.dup2(2, 1)
    answer_questions(Path(sys.argv[1]), sys.stdin.buffer, answers)
    # The other thread still reads, and has nothing to clean up.
    os._exit(0)
