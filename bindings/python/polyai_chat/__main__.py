"""``python -m polyai_chat``: the program ``polyai-chat``."""

from __future__ import annotations

import signal
import sys

from ._native import run_command_line


def main() -> int:
    """Runs the program with the arguments of this process, and returns its exit status."""
    # The program has its own answer to Ctrl-C. Python's would come after it, as a traceback.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return run_command_line(["polyai-chat", *sys.argv[1:]])
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main())
