"""What is kept while nothing is under way, and what the files need."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from child import Server

if TYPE_CHECKING:
    from pathlib import Path

THINK_MS = 100  # so that turns that are begun together are under way together


def added(built: Path, ca_file: Path | None = None) -> dict[str, float]:
    """What one more client, conversation and idle connection add, in bytes of the heap and of resident memory."""
    with Server(built, think_ms=THINK_MS, ca_file=ca_file) as server:
        command = [str(built / "bench-memory"), server.url, *([str(ca_file)] if ca_file else [])]
        environment = {**os.environ, "LD_PRELOAD": str(built / "allocations.so")}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure(built: Path, ca_file: Path) -> dict[str, Any]:
    return {
        "plain": added(built),
        "tls": added(built, ca_file),
        "library_bytes": (built / "libpolyai_chat.so").stat().st_size,
    }
