"""Which process of this machine a worker is, and whether it still lives."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from . import _clock


def this_process() -> str:
    """What distinguishes this process from all others of this machine, earlier ones included: in a forked child it is
    another."""
    return _name_of(os.getpid())


def has_died(process: str) -> bool | None:
    """Whether the process of that name has ended. None: nobody here can say of one in another container, which may have
    a start of the machine of its own. Of those, only their heartbeats tell."""
    try:
        boot, namespace, pid, started = process.split(" ")
    except ValueError:
        return None
    if process == this_process():
        return False
    if boot != _clock.boot() or namespace != _pid_namespace():
        return None
    state = _state_and_start(int(pid))
    if state is None:
        return not _is_there(int(pid))
    return state[0] in "ZX" or state[1] != started


@lru_cache(maxsize=1)
def _name_of(pid: int) -> str:
    state = _state_and_start(pid)
    return f"{_clock.boot()} {_pid_namespace()} {pid} {state[1] if state else '-'}"


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "?"


def _state_and_start(pid: int) -> tuple[str, str] | None:
    """The state of a process, and when it was started, in ticks since the start of the machine."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name of the program comes before, in parentheses, and may hold anything.
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
