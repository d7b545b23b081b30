"""What each browser's customer and the agent have said, for a reload, another tab or another process to show again.

An SQLite file in which all processes write. It keeps no cookie: who reads it cannot take a customer's place.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MOST_LINES_SHOWN = 500

_TABLES = """
CREATE TABLE IF NOT EXISTS sessions (
    session TEXT PRIMARY KEY,
    number INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'none',
    because TEXT,
    is_with_human INTEGER NOT NULL DEFAULT 0,
    conversation_id TEXT,
    at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_time ON sessions (at);
CREATE TABLE IF NOT EXISTS lines (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    who TEXT NOT NULL,
    text TEXT NOT NULL,
    state TEXT,
    because TEXT,
    wait_s INTEGER,
    UNIQUE (session, number, id)
);
CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, filled REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Session:
    """One browser, and which of its conversations is the present one."""

    id: str
    number: int
    state: Literal["none", "open", "over"]
    is_with_human: bool
    conversation_id: str | None

    @property
    def reference(self) -> str:
        """The present conversation, by a name that says nothing about the customer."""
        return reference(self.id, self.number)


@dataclass(frozen=True)
class Line:
    """What somebody said. The id is unique within its conversation."""

    id: str
    who: Literal["customer", "agent", "notice"]
    text: str
    state: str | None = None


def reference(session_id: str, number: int) -> str:
    """How a conversation of a browser is called elsewhere: in the channel's store, at the human desk."""
    return f"{session_id}.{number}"


def new_cookie() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)


def session_id_of(cookie: str) -> str:
    """What is stored in place of the cookie."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:40]


class Transcripts:
    """The file. Its methods wait for the disk: call them from a thread. Each is one transaction."""

    def __init__(self, path: Path) -> None:
        """Opens or makes it; only its owner may read it."""
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # A process that dies loses nothing; only a power cut may lose the last lines.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        self._connection.executescript("PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def add_session(self, session_id: str) -> Session:
        """For a browser that comes for the first time."""
        with self._writing() as connection:
            connection.execute("INSERT INTO sessions (session, at) VALUES (?, ?)", (session_id, time.time()))
        return Session(session_id, 0, "none", False, None)

    def session(self, session_id: str) -> Session | None:
        """The browser with this id, if there is one."""
        with self._lock:
            row = self._connection.execute("SELECT * FROM sessions WHERE session = ?", (session_id,)).fetchone()
        if row is None:
            return None
        return Session(row["session"], row["number"], row["state"], bool(row["is_with_human"]), row["conversation_id"])

    def begin(self, session_id: str, after: int, conversation_id: str | None, greeting: Line) -> None:
        """Makes a new conversation the present one, unless that was done already."""
        with self._writing() as connection:
            changed = connection.execute(
                "UPDATE sessions SET number = number + 1, state = 'open', because = NULL, is_with_human = 0,"
                " conversation_id = ?, at = ? WHERE session = ? AND number = ? AND state != 'open'",
                (conversation_id, time.time(), session_id, after),
            )
            if changed.rowcount:
                _add(connection, session_id, after + 1, greeting)

    def customer_says(self, session_id: str, number: int, line: Line) -> Literal["new", "known", "done", "over"]:
        """Keeps a sentence before it is sent. 'done' needs no sending; 'over' must not be sent, its time is over."""
        with self._writing() as connection:
            known = connection.execute(
                "SELECT state FROM lines WHERE session = ? AND number = ? AND id = ?", (session_id, number, line.id)
            ).fetchone()
            if known and known["state"] in ("said", "unknown"):
                return "done"
            # A change of the session, so that nobody finds it idle from now on.
            is_open = connection.execute(
                "UPDATE sessions SET at = ? WHERE session = ? AND number = ? AND state = 'open'",
                (time.time(), session_id, number),
            ).rowcount
            if not is_open and not (known and known["state"] == "under_way"):
                return "over"
            if not known:
                _add(connection, session_id, number, line)
                return "new"
            _set_state(connection, session_id, number, line.id, "under_way")
            return "known"

    def knows(self, session_id: str, number: int, line_id: str) -> bool:
        """Whether this sentence has come before."""
        with self._lock:
            row = self._connection.execute(
                "SELECT 1 FROM lines WHERE session = ? AND number = ? AND id = ?", (session_id, number, line_id)
            ).fetchone()
        return row is not None

    def answered(
        self,
        session_id: str,
        number: int,
        line_id: str,
        lines: list[Line],
        *,
        conversation_id: str | None,
        is_over: bool = False,
        is_with_human: bool = False,
    ) -> None:
        """Records the outcome of a sentence. Lines that are there already stay as they are."""
        with self._writing() as connection:
            _set_state(connection, session_id, number, line_id, "said")
            for line in lines:
                _add(connection, session_id, number, line)
            connection.execute(
                "UPDATE sessions SET at = ?, conversation_id = coalesce(?, conversation_id), is_with_human = ?"
                " WHERE session = ? AND number = ? AND state = 'open'",
                (time.time(), conversation_id, is_with_human, session_id, number),
            )
            if is_over:
                _end(connection, session_id, number, "agent")

    def failed(self, session_id: str, number: int, line_id: str, state: str, because: str, wait_s: int | None) -> None:
        """Records that a sentence was not sent, or that nobody knows."""
        with self._writing() as connection:
            _set_state(connection, session_id, number, line_id, state, because, wait_s)

    def add_line(self, session_id: str, number: int, line: Line) -> bool:
        """Adds what a human says, or a notice; False where that conversation is not there any more."""
        with self._writing() as connection:
            is_there = connection.execute(
                "UPDATE sessions SET at = ? WHERE session = ? AND number = ? AND state = 'open'",
                (time.time(), session_id, number),
            ).rowcount
            if is_there:
                _add(connection, session_id, number, line)
            return bool(is_there)

    def set_with_human(self, session_id: str, number: int, is_with_human: bool) -> None:
        """Whether a human goes on."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE sessions SET is_with_human = ? WHERE session = ? AND number = ?",
                (is_with_human, session_id, number),
            )

    def end(self, session_id: str, number: int, because: str) -> bool:
        """Ends a conversation; False where it was over."""
        with self._writing() as connection:
            return _end(connection, session_id, number, because)

    def end_idle(self, before: float) -> int:
        """Ends the conversations with the agent in which nothing was said since then; returns how many."""
        with self._writing() as connection:
            ended = connection.execute(
                "UPDATE sessions SET state = 'over', because = 'idle'"
                " WHERE state = 'open' AND NOT is_with_human AND at < ?",
                (before,),
            )
            return ended.rowcount

    def forget(self, before: float) -> int:
        """Forgets browsers that were not there since; returns how many."""
        with self._writing() as connection:
            connection.execute("DELETE FROM buckets WHERE at < ?", (before,))
            return connection.execute("DELETE FROM sessions WHERE at < ?", (before,)).rowcount

    def lines(self, session_id: str, number: int) -> list[Line]:
        """A conversation from its beginning, for a human who goes on with it."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, who, text, state FROM lines WHERE session = ? AND number = ? ORDER BY position",
                (session_id, number),
            ).fetchall()
        return [Line(**dict(row)) for row in rows]

    def view(self, session_id: str) -> dict[str, Any]:
        """What the page of this browser shows."""
        with self._lock:
            session = self._connection.execute("SELECT * FROM sessions WHERE session = ?", (session_id,)).fetchone()
            if session is None:
                return {"conversation": "none", "number": 0, "because": None, "is_with_human": False, "lines": []}
            rows = self._connection.execute(
                "SELECT id, who, text, state, because, wait_s FROM lines WHERE session = ? AND number = ?"
                " ORDER BY position DESC LIMIT ?",
                (session_id, session["number"], MOST_LINES_SHOWN),
            ).fetchall()
        lines = [{key: value for key, value in dict(row).items() if value is not None} for row in reversed(rows)]
        return {
            "conversation": session["state"],
            "number": session["number"],
            "because": session["because"],
            "is_with_human": bool(session["is_with_human"]) and session["state"] == "open",
            "lines": lines,
        }

    def wait_for(self, bucket: str, most: int, seconds: float) -> float:
        """Counts one more of what may happen `most` times in so many seconds; else for how many seconds to wait."""
        now = time.time()
        with self._writing() as connection:
            row = connection.execute("SELECT filled, at FROM buckets WHERE name = ?", (bucket,)).fetchone()
            filled = max(0.0, row["filled"] - (now - row["at"]) * most / seconds) if row else 0.0
            if filled + 1 > most:
                return (filled + 1 - most) * seconds / most
            connection.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", (bucket, filled + 1, now))
            return 0.0

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone among all threads and processes."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _add(connection: sqlite3.Connection, session_id: str, number: int, line: Line) -> None:
    connection.execute(
        "INSERT OR IGNORE INTO lines (session, number, id, who, text, state) VALUES (?, ?, ?, ?, ?, ?)",
        (session_id, number, line.id, line.who, line.text, line.state),
    )


def _set_state(
    connection: sqlite3.Connection,
    session_id: str,
    number: int,
    line_id: str,
    state: str,
    because: str | None = None,
    wait_s: int | None = None,
) -> None:
    connection.execute(
        "UPDATE lines SET state = ?, because = ?, wait_s = ? WHERE session = ? AND number = ? AND id = ?",
        (state, because, wait_s, session_id, number, line_id),
    )


def _end(connection: sqlite3.Connection, session_id: str, number: int, because: str) -> bool:
    ended = connection.execute(
        "UPDATE sessions SET state = 'over', because = ?, is_with_human = 0, at = ?"
        " WHERE session = ? AND number = ? AND state = 'open'",
        (because, time.time(), session_id, number),
    )
    return bool(ended.rowcount)
