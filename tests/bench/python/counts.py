"""What is counted rather than timed: instructions, allocations, system calls and started threads of a turn.

Each is the difference of two runs of the program that differ by a number of turns, so what it does once is not in it.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from child import PROCESSORS, Server
from summary import per_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from programs import Program

SHORT_TURNS = 50
# Fewer where the program is in Python, which valgrind makes slow; not in Node.js, which compiles while it runs.
ADDED_TURNS = {True: 100, False: 1000}


def run(command: Sequence[str], turns: int, environment: dict[str, str]) -> str:
    """Runs a program for so many turns, and returns what it and its tool said on stderr."""
    done = subprocess.run(
        command, input=f"{turns}\n", capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    if done.returncode != 0 or '"wall_us"' not in done.stdout:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stderr


def number_in(text: str, pattern: str) -> int:
    found = re.search(pattern, text, flags=re.MULTILINE)
    if not found:
        raise SystemExit(f"there is no {pattern!r} in:\n{text}")
    return int(found[1])


def instructions(command: list[str], turns: int, environment: dict[str, str], directory: Path) -> int:
    """As valgrind's callgrind counts them: those of the program and its libraries, not of the kernel."""
    out = directory / f"callgrind.{turns}"
    run(["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}", *command], turns, environment)
    return number_in(out.read_text(encoding="utf-8", errors="replace"), r"^totals: (\d+)")


def system_calls(command: list[str], turns: int, environment: dict[str, str], directory: Path) -> int:
    out = directory / f"strace.{turns}"
    run(["strace", "-f", "-c", "--summary-columns=calls,name", "-o", str(out), *command], turns, environment)
    return number_in(out.read_text(encoding="utf-8"), r"^\s*(\d+)\s+total$")


def threads(command: list[str], turns: int, environment: dict[str, str], directory: Path) -> int:
    """How many are started, processes included."""
    out = directory / f"threads.{turns}"
    run(["strace", "-f", "-qq", "-e", "trace=clone,clone3,fork,vfork", "-o", str(out), *command], turns, environment)
    return len(re.findall(r"^\d+ +(?:clone3?|v?fork)\(", out.read_text(encoding="utf-8"), flags=re.MULTILINE))


def allocations(command: list[str], turns: int, environment: dict[str, str], directory: Path, preload: Path) -> int:
    """Calls of malloc and its like. CPython is told to have no allocator of its own in front of it."""
    out = directory / f"allocations.{turns}"
    counting = {"LD_PRELOAD": str(preload), "BENCH_ALLOCATIONS": str(out), "PYTHONMALLOC": "malloc"}
    run(command, turns, {**environment, **counting})
    return int(out.read_text(encoding="ascii"))


def of(program: Program, built: Path, url: str) -> dict[str, float]:
    """The counts of one program."""
    command = [*program.command(built), url]
    # Python orders its sets and dictionaries by chance otherwise.
    environment = {**program.environment, "PYTHONHASHSEED": "0"}
    added = ADDED_TURNS[program.is_python]

    def counted(count: Callable[[int, Path], int]) -> float:
        with tempfile.TemporaryDirectory() as directory:
            short, long = (count(turns, Path(directory)) for turns in (SHORT_TURNS, SHORT_TURNS + added))
        return per_turn(short, long, added)

    preload = built / "allocations.so"
    return {
        "instructions": counted(lambda turns, where: instructions(command, turns, environment, where)),
        "allocations": counted(lambda turns, where: allocations(command, turns, environment, where, preload)),
        "system_calls": counted(lambda turns, where: system_calls(command, turns, environment, where)),
        "threads": counted(lambda turns, where: threads(command, turns, environment, where)),
    }


def measure(built: Path, programs: list[Program]) -> dict[str, dict[str, float]]:
    """The counts of each program. They are no times, so several may run at once."""
    with Server(built) as server, ThreadPoolExecutor(len(PROCESSORS)) as pool:
        jobs = {program.name: pool.submit(of, program, built, server.url) for program in programs}
        return {name: job.result() for name, job in jobs.items()}
