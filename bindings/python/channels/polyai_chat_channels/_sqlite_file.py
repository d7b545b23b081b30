"""A file of SQLite that threads, processes and forked children share: its tables, and how it is opened and asked."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from . import _clock
from ._errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_APPLICATION = 0x506F6C41
"""By which SQLite's header says whose file it is."""
_VERSION = 2
_MOST_IDLE_CONNECTIONS = 8
_SHORTEST_WAIT = 0.001
_LONGEST_WAIT = 0.01
NEVER = 9e15
"""A time that does not come."""

# A message is accepted, taken, waiting, claimed, sending, answered, handed_off, parked, settled or died. The first
# five are in their sender's line, in the order of the numbers. All times are on the clock of the file. An index is
# one more page to write for each step of a message: there is none for what is rarely looked for.
IN_LINE = "state IN ('accepted', 'taken', 'waiting', 'claimed', 'sending')"
CLAIMED = "state IN ('taken', 'waiting', 'claimed', 'sending')"
TABLES = f"""
CREATE TABLE clocks (
    boot TEXT PRIMARY KEY,          -- which start of the machine
    base REAL NOT NULL              -- what is added to the time since then
) WITHOUT ROWID;
CREATE TABLE workers (
    worker TEXT PRIMARY KEY,
    process TEXT NOT NULL,          -- by which the processes of this machine know it
    about TEXT NOT NULL,
    started_at REAL NOT NULL,
    seen_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE lines (
    line INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    sender TEXT NOT NULL,
    conversation_id TEXT,
    greeting TEXT,
    is_greeted INTEGER NOT NULL DEFAULT 0,
    handoff TEXT,
    last_message_at REAL NOT NULL,
    ready_at REAL,                  -- when somebody has to look at the first one in line; NULL: nothing is in line
    UNIQUE (channel, sender)
);
CREATE INDEX lines_ready ON lines (channel, ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX lines_idle ON lines (channel, last_message_at) WHERE conversation_id IS NOT NULL;
CREATE INDEX lines_empty ON lines (channel, last_message_at)
    WHERE conversation_id IS NULL AND handoff IS NULL AND ready_at IS NULL;
CREATE TABLE messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    line INTEGER NOT NULL,
    channel TEXT NOT NULL,
    message_id TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT,                       -- parked: why
    is_accepted INTEGER NOT NULL,   -- it outlives its claim
    worker TEXT,                    -- the worker that has it
    token TEXT,                     -- by which claim
    until REAL,                     -- until when
    not_before REAL NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    deaths INTEGER NOT NULL DEFAULT 0,
    received_at REAL NOT NULL,
    done_at REAL,
    deliver_at REAL,                -- NULL: nothing is to be delivered; NEVER: the one before comes first
    text TEXT,                      -- as long as it may be needed
    integration_attributes TEXT,
    answer TEXT,                    -- until it is delivered; of a delivered one, without texts
    conversation_id TEXT,
    correlation_id TEXT,
    error TEXT,
    note TEXT,
    UNIQUE (line, message_id)
);
CREATE INDEX messages_in_line ON messages (line, number) WHERE {IN_LINE};
CREATE INDEX messages_to_deliver_in_line ON messages (line, number) WHERE deliver_at IS NOT NULL;
CREATE INDEX messages_to_deliver ON messages (channel, deliver_at) WHERE deliver_at IS NOT NULL;
CREATE INDEX messages_claimed ON messages (until) WHERE {CLAIMED};
CREATE INDEX messages_parked ON messages (channel, why, done_at) WHERE state = 'parked';
CREATE INDEX messages_parked_in_turn ON messages (channel, done_at) WHERE state = 'parked';
CREATE INDEX messages_done ON messages (channel, done_at) WHERE done_at IS NOT NULL;
CREATE TABLE conversations_left (
    channel TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    left_at REAL NOT NULL,
    handed_out INTEGER NOT NULL,    -- how often; the least often comes first
    PRIMARY KEY (channel, conversation_id)
) WITHOUT ROWID;
CREATE INDEX conversations_left_in_turn ON conversations_left (channel, handed_out, left_at)
"""


class SQLiteFile:
    """The file, with what of it is open and idle."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[_Connection] = deque()
        self._pid = os.getpid()
        self._base: float | None = None
        self._is_prepared = False
        self._prepare()
        self._is_prepared = True

    def _now(self, database: sqlite3.Connection) -> float:
        """The time on the clock of the file."""
        if self._base is None:
            self._base = _clock.base_of_this_boot(database)
            if self._base is None:  # the machine was started again while the file was open: a container that moved
                self._base = _clock.set_base_of_this_boot(database)
        return self._base + _clock.since_boot()

    def _close(self) -> None:
        with contextlib.suppress(IndexError):
            while self._pid == os.getpid():
                self._idle.pop().close()

    @contextlib.contextmanager
    def _writing(self, timeout: float, on_disk: bool = True) -> Generator[sqlite3.Connection, None, None]:
        """All of it or nothing, on disk at the end, and nobody else's in between.

        Without `on_disk` it survives the process at once, and the machine when something later is on disk.
        """
        until = time.monotonic() + timeout
        # Until it is in WAL mode, any statement may have to wait, and not only the one by which writing begins.
        with self._connected(_SHORTEST_WAIT if self._is_prepared else timeout) as database:
            _set(database, "synchronous", "FULL" if on_disk else "NORMAL")
            _execute_when_free(database, "BEGIN IMMEDIATE", until)
            try:
                yield database
                _execute_when_free(database, "COMMIT", until)
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _reading(self, timeout: float) -> Generator[sqlite3.Connection, None, None]:
        """One state of it, whatever others write."""
        with self._connected(timeout) as database:
            database.execute("BEGIN")
            try:
                yield database
            finally:
                if database.in_transaction:
                    database.execute("COMMIT")

    @contextlib.contextmanager
    def _connected(self, timeout: float) -> Generator[_Connection, None, None]:
        try:
            database = self._connection()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        is_sound = False
        try:
            _set(database, "busy_timeout", str(int(max(timeout, 0.001) * 1000)))
            yield database
            is_sound = True
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            if is_sound and len(self._idle) < _MOST_IDLE_CONNECTIONS:
                self._idle.append(database)
            else:
                database.close()

    def _connection(self) -> _Connection:
        if self._pid != os.getpid():
            # SQLite forbids a child to use, or even to close, what its parent has opened.
            _inherited.append(self._idle)
            self._idle, self._pid = deque(), os.getpid()
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        # Never makes a file: one that vanishes while it is used is a failure, and not an empty store.
        uri = f"{self._path.as_uri()}?mode=rw"
        database = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0, factory=_Connection
        )
        database.row_factory = sqlite3.Row
        try:
            database.execute("PRAGMA secure_delete = ON")  # texts that are no longer needed are overwritten
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(self) -> None:
        """Makes the file if there is none, and looks whether it is one of ours."""
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StoreError(f"{self._path} cannot be opened for writing: {error.strerror}") from error
        try:
            with self._writing(5.0) as database:
                (application,) = database.execute("PRAGMA application_id").fetchone()
                (version,) = database.execute("PRAGMA user_version").fetchone()
                (tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
                is_new = (application, version, tables) == (0, 0, 0)
                if not is_new and application != _APPLICATION:
                    raise StoreError(f"{self._path} is a database of something else; name a file of its own")
                if not is_new and version != _VERSION:
                    raise StoreError(
                        f"{self._path} has version {version} of the store, and this polyai_chat_channels has"
                        f" {_VERSION}; use the version that has made it, or name another file"
                    )
                if is_new:
                    for statement in TABLES.split(";\n"):
                        database.execute(statement)
                    database.execute(f"PRAGMA application_id = {_APPLICATION}")
                    database.execute(f"PRAGMA user_version = {_VERSION}")
                _clock.set_base_of_this_boot(database)
            with self._connected(5.0) as database:
                if _into_wal_mode(database, 5.0) != "wal":
                    raise StoreError(
                        f"{self._path} cannot be put into SQLite's WAL mode: its file system cannot share memory"
                    )
        finally:
            self._close()  # nothing is open that a child could inherit

    def _failure(self, error: sqlite3.Error) -> StoreError:
        said = str(error)
        if isinstance(error, sqlite3.OperationalError) and _is_busy(error):
            said = f"{said}: somebody else was writing for all of the time"
        elif isinstance(error, sqlite3.DatabaseError) and ("not a database" in said or "malformed" in said):
            said = f"{said}: it is damaged, or no store at all; restore it, or name another file"
        return StoreError(f"{self._path}: {said}")


class _Connection(sqlite3.Connection):
    """A connection that knows what was set on it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.settings: dict[str, str] = {}


def _execute_when_free(database: sqlite3.Connection, statement: str, until: float) -> None:
    """Tries again while another writes. SQLite's own waiting takes up to a tenth of a second from one try to the next,
    and does so longest for those that have waited longest."""
    pause = _SHORTEST_WAIT
    while True:
        try:
            database.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > until:
                raise
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(1.3 * pause, _LONGEST_WAIT)


def _is_busy(error: sqlite3.Error) -> bool:
    return "locked" in str(error)


def _set(database: _Connection, name: str, value: str) -> None:
    if database.settings.get(name) != value:
        database.execute(f"PRAGMA {name} = {value}")
        database.settings[name] = value


_inherited: list[deque[_Connection]] = []
"""What a parent had opened: kept, so that it is not closed."""


def _into_wal_mode(database: sqlite3.Connection, timeout: float) -> str:
    """Tries again while another process changes the mode too: SQLite's busy timeout does not hold for that."""
    until = time.monotonic() + timeout
    while True:
        try:
            (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
            return str(mode)
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
