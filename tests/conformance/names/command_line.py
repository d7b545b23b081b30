"""What the command line exposes: its help, and what it prints with `--json`."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from typing import Any

from words import numbered

HELP = r"^ +(?:-\w, )?(--[a-z0-9-]+)"


def run(program: str, *words: str, **environment: str) -> str:
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, env={"HOME": "/nonexistent", **environment}, check=False
    )
    return done.stdout


def failed(program: str) -> dict[str, Any]:
    """The report of a conversation that nobody answers."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        where = f"--base-url=http://127.0.0.1:{nobody.getsockname()[1]}"
        words = ("chat", "--json", "--account-id=a", "--project-id=p", "--max-attempts=1", "--message=Hello", where)
        report: dict[str, Any] = json.loads(run(program, *words, POLYAI_API_KEY="key", POLYAI_TOKEN="token"))
    return report


def surface(program: str) -> dict[str, dict[str, list[str]]]:
    """The parts of the surface, each as help and output show it."""
    help_of_chat = run(program, "chat", "--help")
    flags = re.findall(HELP, help_of_chat, flags=re.M)
    statuses = re.findall(r"^ +(\d+)  ([a-z_]+): ", help_of_chat, flags=re.M)
    held = json.loads(run(program, "chat", "--simulator", "--json", "--message=Hello"))
    report = failed(program)
    return {
        "chat": {"chat --help": [flag for flag in flags if flag != "--help"]},
        "variables": {"chat --help": re.findall(r"\[env:\s+(\w+)\]", help_of_chat)},
        "exit status": {"chat --help": [numbered(kind, int(status)) for status, kind in statuses]},
        "--json": {"chat --json": list(held), "chat --json that fails": list(report)},
        "turns of --json": {"chat --json": list(held["turns"][0])},
        "error of --json": {"chat --json that fails": list(report["error"])},
    }
