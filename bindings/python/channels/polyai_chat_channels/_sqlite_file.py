"""A file of SQLite that threads, processes and forked children share: its tables, and how it is opened and asked."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import deque
from typing import TYPE_CHECKING

from ._errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_APPLICATION = 0x506F6C41
"""By which SQLite's header says whose file it is."""
_VERSION = 1
_MOST_IDLE_CONNECTIONS = 8

# A message is accepted, claimed, sending, answered, handed_off, unknown or settled. What begins with one of the first
# three is in its sender's line, in the order of the numbers.
_TABLES = """
CREATE TABLE messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    sender TEXT NOT NULL,
    message_id TEXT NOT NULL,
    state TEXT NOT NULL,
    is_accepted INTEGER NOT NULL,   -- it outlives its claim
    owner TEXT,                     -- the process that has taken it, or whose answer it is
    token TEXT,                     -- the call that has claimed it
    until REAL NOT NULL,            -- claimed, sending: then the claim is over; else nobody's from then on
    not_before REAL NOT NULL,       -- accepted: not offered again before
    tries INTEGER NOT NULL,
    received_at REAL NOT NULL,
    done_at REAL,
    text TEXT,                      -- as long as it may be needed
    integration_attributes TEXT,
    answer TEXT,                    -- until it is delivered; of a delivered one, without texts
    is_delivered INTEGER NOT NULL DEFAULT 0,
    UNIQUE (channel, sender, message_id)
);
CREATE INDEX messages_in_line ON messages (channel, sender, number) WHERE state IN ('accepted', 'claimed', 'sending');
CREATE INDEX messages_accepted ON messages (channel, number) WHERE state IN ('accepted', 'claimed', 'sending');
CREATE INDEX messages_unknown ON messages (channel, number) WHERE state = 'unknown';
CREATE INDEX messages_undelivered ON messages (channel, number)
    WHERE state IN ('answered', 'handed_off') AND is_delivered = 0;
CREATE INDEX messages_done ON messages (channel, done_at) WHERE done_at IS NOT NULL;
CREATE TABLE senders (
    channel TEXT NOT NULL,
    sender TEXT NOT NULL,
    conversation_id TEXT,
    greeting TEXT,
    is_greeted INTEGER NOT NULL DEFAULT 0,
    handoff TEXT,
    last_message_at REAL NOT NULL,
    PRIMARY KEY (channel, sender)
) WITHOUT ROWID;
CREATE INDEX senders_idle ON senders (channel, last_message_at) WHERE conversation_id IS NOT NULL;
CREATE INDEX senders_empty ON senders (channel, last_message_at) WHERE conversation_id IS NULL AND handoff IS NULL;
CREATE TABLE conversations_left (
    channel TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    left_at REAL NOT NULL,
    handed_out INTEGER NOT NULL,    -- how often; who was handed out least comes first
    PRIMARY KEY (channel, conversation_id)
) WITHOUT ROWID;
CREATE INDEX conversations_left_in_turn ON conversations_left (channel, handed_out, left_at);
"""


class SQLiteFile:
    """The file, with what of it is open and idle."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._pid = os.getpid()
        self._prepare()

    def _close(self) -> None:
        with contextlib.suppress(IndexError):
            while self._pid == os.getpid():
                self._idle.pop().close()

    @contextlib.contextmanager
    def _writing(self, timeout: float, on_disk: bool = True) -> Generator[sqlite3.Connection, None, None]:
        """All of it or nothing, on disk at the end, and nobody else's in between.

        What need not be on disk yet survives the process, but the machine only if something later is on disk.
        """
        with self._connected(timeout) as database:
            database.execute(f"PRAGMA synchronous = {'FULL' if on_disk else 'NORMAL'}")
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
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
    def _connected(self, timeout: float) -> Generator[sqlite3.Connection, None, None]:
        try:
            database = self._connection()
        except sqlite3.Error as error:
            raise self._failure(error) from error
        is_sound = False
        try:
            database.execute(f"PRAGMA busy_timeout = {int(max(timeout, 0.001) * 1000)}")
            yield database
            is_sound = True
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            if is_sound and len(self._idle) < _MOST_IDLE_CONNECTIONS:
                self._idle.append(database)
            else:
                database.close()

    def _connection(self) -> sqlite3.Connection:
        if self._pid != os.getpid():
            # SQLite forbids a child to use, or even to close, what its parent has opened.
            _inherited.append(self._idle)
            self._idle, self._pid = deque(), os.getpid()
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        # Never makes a file: one that vanishes while it is used is a failure, and not an empty store.
        uri = f"{self._path.as_uri()}?mode=rw"
        database = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA secure_delete = ON")  # texts that are no longer needed are overwritten
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
                        f"{self._path} has version {version} of the store, and this polyai_chat has {_VERSION};"
                        " update polyai_chat, or name another file"
                    )
                if is_new:
                    for statement in _TABLES.split(";\n"):
                        database.execute(statement)
                    database.execute(f"PRAGMA application_id = {_APPLICATION}")
                    database.execute(f"PRAGMA user_version = {_VERSION}")
            with self._connected(5.0) as database:
                if _into_wal_mode(database, 5.0) != "wal":
                    raise StoreError(
                        f"{self._path} cannot be put into SQLite's WAL mode: its file system cannot share memory"
                    )
        finally:
            self._close()  # nothing is open that a child could inherit

    def _failure(self, error: sqlite3.Error) -> StoreError:
        said = str(error)
        if isinstance(error, sqlite3.OperationalError) and "locked" in said:
            said = f"{said}: somebody else was writing for all of the time"
        elif isinstance(error, sqlite3.DatabaseError) and ("not a database" in said or "malformed" in said):
            said = f"{said}: it is damaged, or no store at all; restore it, or name another file"
        return StoreError(f"{self._path}: {said}")


_inherited: list[deque[sqlite3.Connection]] = []
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
