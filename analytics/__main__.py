"""`python -m analytics` is the command `pagetally`."""

from __future__ import annotations

import os
import sys


def run() -> None:
    """Run the command, and end with its exit code."""
    if sys.stdin is None:
        # Closed by whoever started this: nothing can be asked, and no file of ours may become number 0.
        sys.stdin = open(os.devnull)  # noqa: SIM115
    try:
        # It takes a while to load: Ctrl-C meanwhile is no reason for a trace.
        from .cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    main(prog_name="pagetally")


if __name__ == "__main__":
    run()
