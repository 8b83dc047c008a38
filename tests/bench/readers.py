"""An owner who opens summary pages without a pause: `readers URL COOKIE SECONDS TURN`.

A process of its own, not a thread of the load generator: it would wait for the same interpreter, and
measure that.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import httpx2


def open_readers(url: str, cookie: str, seconds: float, count: int) -> Sequence[subprocess.Popen[bytes]]:
    """So many of them, each of which prints how many pages it got."""
    command = [sys.executable, "-m", __name__, url, cookie, str(seconds)]
    return [subprocess.Popen([*command, str(turn)], stdout=subprocess.PIPE) for turn in range(count)]


def close_readers(readers: Sequence[subprocess.Popen[bytes]]) -> int:
    """How many pages they got."""
    pages = 0
    for reader in readers:
        said, _ = reader.communicate()
        assert reader.returncode == 0
        pages += int(said)
    return pages


def main() -> None:
    """Be one."""
    from .summaries import QUESTIONS

    url, cookie, seconds, turn = sys.argv[1:]
    pages, end = 0, time.monotonic() + float(seconds)
    with httpx2.Client(base_url=url, headers={"cookie": cookie}, timeout=60) as client:
        while time.monotonic() < end:
            _, query, _ = QUESTIONS[(int(turn) + pages) % len(QUESTIONS)]
            assert client.get(f"/sites/example.com?{query}").status_code == 200
            pages += 1
    print(pages)


if __name__ == "__main__":
    main()
