"""From the start of a process to its first reply, which is the greeting of a conversation that it creates."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from child import FOR_CLIENT, PROCESSORS, Server

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Program
    from summary import Samples


def once(command: list[str]) -> float:
    """In milliseconds. The program prints the time when it has the reply, by the clock that we started it by."""
    read, write = os.pipe()
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    with os.fdopen(read, encoding="ascii") as output:
        printed = output.read()
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise subprocess.CalledProcessError(status, command)
    return (int(printed) - began) / 1e6


def measure(built: Path, programs: list[Program], rounds: int, ca_file: Path | None = None) -> Samples:
    samples: Samples = {program.name: {"first_reply_ms": []} for program in programs}
    with Server(built, ca_file=ca_file) as server:
        # A child begins on the processor of its parent; to be moved would be a part of its start.
        before = os.sched_getaffinity(0)
        if len(PROCESSORS) > 1:
            os.sched_setaffinity(0, {FOR_CLIENT})
        try:
            for number in range(-1, rounds):
                for program in programs if number % 2 == 0 else reversed(programs):
                    took_ms = once([*program.command(built), *server.arguments(), "--first"])
                    if number >= 0:  # the first one reads its files
                        samples[program.name]["first_reply_ms"].append(took_ms)
        finally:
            os.sched_setaffinity(0, before)
    return samples
