"""How many parts of a long answer a customer has, so that no process begins anew when a later one is refused."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

KEPT_SECONDS = 8 * 24 * 3600.0


class Parts:
    """A small SQLite file, which all workers share. It holds no texts. Its methods wait for the disk."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._path = path
        self._run("CREATE TABLE IF NOT EXISTS sent (message_id TEXT PRIMARY KEY, parts INTEGER, at REAL)")
        self._run("DELETE FROM sent WHERE at < ?", time.time() - KEPT_SECONDS)

    def sent(self, message_id: str) -> int:
        """How many of the answer to this message were sent."""
        rows = self._run("SELECT parts FROM sent WHERE message_id = ?", message_id)
        return int(rows[0][0]) if rows else 0

    def note(self, message_id: str, parts: int) -> None:
        """So many were."""
        self._run("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", message_id, parts, time.time())

    def forget(self, message_id: str) -> None:
        """The customer has all."""
        self._run("DELETE FROM sent WHERE message_id = ?", message_id)

    def _run(self, statement: str, *values: object) -> list[tuple[int]]:
        with contextlib.closing(sqlite3.connect(self._path, timeout=10)) as database, database:
            return database.execute(statement, values).fetchall()
