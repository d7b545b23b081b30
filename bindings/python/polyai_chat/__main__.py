"""``python -m polyai_chat``: the program ``polyai-chat``."""

from __future__ import annotations

import sys

from ._native import run_command_line


def main() -> int:
    """Runs the program with the arguments of this process, and returns its exit status."""
    return run_command_line(["polyai-chat", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
