"""What is counted of a program whose runtime compiles while it runs: system calls and threads once it is warm.

valgrind runs neither the JVM nor Mono as they are, so nobody counts their instructions.
"""

from __future__ import annotations

import dataclasses
import re
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import counts
from child import FOR_CLIENT, Child, Server
from summary import per_turn

if TYPE_CHECKING:
    from programs import Program

TURNS = 500
SHORT_TURNS = 100


def threads_of(child: Child) -> int:
    return len(list(Path(f"/proc/{child.process.pid}/task").iterdir()))


def wait_until_attached(tracer: subprocess.Popen[str]) -> None:
    """strace says so of each thread; it counts from then on."""
    assert tracer.stderr is not None
    said: list[str] = []
    for line in tracer.stderr:
        if "attached" in line:
            return
        said.append(line.strip())
    raise SystemExit(
        "strace cannot attach to a running program; it needs ptrace, which a container or "
        f"/proc/sys/kernel/yama/ptrace_scope may forbid: {' '.join(said)}"
    )


def system_calls(child: Child, directory: Path) -> float:
    """Those of all threads, for as long as strace is attached."""
    out = directory / "strace"
    tracing = ["strace", "-f", "-c", "--summary-columns=calls,name", "-o", str(out), "-p", str(child.process.pid)]
    with subprocess.Popen(tracing, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            wait_until_attached(tracer)
            child.ask(str(SHORT_TURNS))  # threads that come now are attached too
            child.ask(str(TURNS))
        finally:
            tracer.send_signal(signal.SIGINT)  # it lets go, and writes its counts
            tracer.communicate()
    found = re.search(r"^\s*(\d+)\s+total$", out.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not found:
        raise SystemExit(f"strace counted nothing of {child.process.args!r}")
    return int(found[1]) / (SHORT_TURNS + TURNS)


def allocations(program: Program, built: Path, url: str, directory: Path) -> float:
    """Calls of malloc and its like, by the library and by what brings texts to it and back."""
    command, preload = [*program.command(built), url], built / "allocations.so"
    short, long = (
        counts.allocations(command, turns, program.environment, directory, preload)
        for turns in (SHORT_TURNS, SHORT_TURNS + TURNS)
    )
    return per_turn(short, long, TURNS)


def of(program: Program, built: Path) -> dict[str, Any]:
    with Server(built) as server, tempfile.TemporaryDirectory() as directory:
        child = Child([*program.command(built), server.url], FOR_CLIENT, program.environment)
        try:
            child.line()
            child.ask(str(SHORT_TURNS))
            threads = threads_of(child)
            calls = system_calls(child, Path(directory))
            grown = threads_of(child) - threads
        finally:
            child.end()
        return {
            "system_calls": calls,
            "threads": threads,
            "more_threads": grown,
            "allocations": allocations(program, built, server.url, Path(directory)),
        }


def measure(built: Path, measured: list[Program]) -> dict[str, Any]:
    """What is counted needs less warmth than what is timed, and strace makes it slow."""
    return {
        program.name: of(
            dataclasses.replace(program, environment={**program.environment, "BENCH_WARM_UP": "2000"}), built
        )
        for program in measured
    }
