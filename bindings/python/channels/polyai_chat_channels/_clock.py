"""The clock of a file of SQLite: the time since the machine was started, which nobody sets."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


@lru_cache(maxsize=1)
def boot() -> str:
    """Which start of the machine this is. A container may have one of its own."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "?"


def since_boot() -> float:
    """Seconds since the machine was started, those in which it was suspended included."""
    clock: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def base_of_this_boot(database: sqlite3.Connection) -> float | None:
    """The offset from the time since the start of the machine, so that the clock of a file never goes back."""
    row = database.execute("SELECT base FROM clocks WHERE boot = ?", (boot(),)).fetchone()
    return None if row is None else float(row[0])


def set_base_of_this_boot(database: sqlite3.Connection) -> float:
    """Says so for the first process after a start of the machine: a wall clock that was set back changes nothing."""
    known = base_of_this_boot(database)
    if known is not None:
        return known
    (last_seen,) = database.execute("SELECT coalesce(max(seen_at), 0) FROM workers").fetchone()
    base: float = max(time.time(), last_seen) - since_boot()
    database.execute("INSERT INTO clocks (boot, base) VALUES (?, ?)", (boot(), base))
    return base
