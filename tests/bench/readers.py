"""An owner who opens summary pages without a pause: `readers URL COOKIE TURN`, until its input ends.

A process of its own, not a thread of the load generator: it would wait for the same interpreter, and
measure that.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence

import httpx2


def open_readers(url: str, cookie: str, count: int) -> Sequence[subprocess.Popen[bytes]]:
    """So many of them, each of which has got its first page: to start, ten take both processors."""
    command = [sys.executable, "-m", __name__, url, cookie]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    readers = [subprocess.Popen([*command, str(turn)], **pipes) for turn in range(count)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"ready\n"
    return readers


def close_readers(readers: Sequence[subprocess.Popen[bytes]]) -> int:
    """How many pages they got after their first."""
    pages = 0
    for reader in readers:
        said, _ = reader.communicate()
        assert reader.returncode == 0
        pages += int(said)
    return pages


def main() -> None:
    """Be one."""
    from .summaries import QUESTIONS

    url, cookie, turn = sys.argv[1:]
    is_over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
    pages = 0
    with httpx2.Client(base_url=url, headers={"cookie": cookie}, timeout=60) as client:
        while not is_over.is_set():
            _, query, _ = QUESTIONS[(int(turn) + pages) % len(QUESTIONS)]
            assert client.get(f"/sites/example.com?{query}").status_code == 200
            if not pages:
                print("ready", flush=True)
            pages += 1
    print(pages - 1)


if __name__ == "__main__":
    main()
