"""Where the transcripts are: a file of SQLite for the processes of one machine, or PostgreSQL for those of many.

Both are asked in the same words. In them `webchat.` is before the name of a table, `%s` stands for a value, and NOW is
the time in seconds on the database's clock, so that the clocks of several machines need not agree.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

TABLES = """
CREATE TABLE webchat.sessions (
    session TEXT PRIMARY KEY,
    number INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'none',
    because TEXT,
    is_with_human INTEGER NOT NULL DEFAULT 0,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX sessions_by_time ON webchat.sessions (at);
CREATE TABLE webchat.lines (
    position NUMBERED,
    session TEXT NOT NULL REFERENCES webchat.sessions ON DELETE CASCADE,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    who TEXT NOT NULL,
    text BYTES NOT NULL,
    state TEXT,
    because TEXT,
    wait_s INTEGER,
    UNIQUE (session, number, id)
);
CREATE TABLE webchat.buckets (name TEXT PRIMARY KEY, filled DOUBLE PRECISION NOT NULL, at DOUBLE PRECISION NOT NULL)
"""


class DatabaseAway(Exception):
    """It cannot be reached, or is busy for too long. Nothing of the transaction is there."""


class Rows(Protocol):
    """What a statement has found or changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Transaction(Protocol):
    """All of it is there at the end, or nothing."""

    def __call__(self, words: str, *values: object) -> Rows: ...


class Database(Protocol):
    """Its methods wait, for the disk or the network: call them from a thread."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """A transaction that changes nothing."""

    def writing(self, key: str) -> AbstractContextManager[Transaction]:
        """One that is alone, among all threads and processes, with what has this key."""

    def close(self) -> None:
        """Gives back what is open."""


class InFile:
    """A file of SQLite. Only its owner may read it."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # A process that dies loses nothing; only a power cut may lose the last lines.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        self._connection.executescript("PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;")
        with self.writing("the tables") as execute:
            if execute("SELECT 1 FROM sqlite_master WHERE name = 'webchat_sessions'").fetchone() is None:
                for statement in TABLES.split(";\n"):
                    execute(statement)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self._lock, _failures_of(sqlite3.OperationalError):
            yield self._execute

    @contextlib.contextmanager
    def writing(self, key: str) -> Iterator[Transaction]:
        with self._lock, _failures_of(sqlite3.OperationalError):
            self._connection.execute("BEGIN IMMEDIATE")  # one writer at a time, whatever the key
            try:
                yield self._execute
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _execute(self, words: str, *values: object) -> Rows:
        said = words.replace("webchat.", "webchat_").replace("%s", "?").replace("BYTES", "BLOB")
        said = said.replace("NUMBERED", "INTEGER PRIMARY KEY AUTOINCREMENT")
        return self._connection.execute(said.replace("NOW", "((julianday('now') - 2440587.5) * 86400.0)"), values)


class InPostgres:
    """A schema of PostgreSQL, `webchat`, made when it is not there."""

    def __init__(self, address: str) -> None:
        import psycopg
        from psycopg.rows import dict_row
        from psycopg_pool import ConnectionPool, PoolTimeout

        self._failures = (psycopg.OperationalError, PoolTimeout)
        # No statement is prepared, so it works behind a pgbouncer too; and a server that is cut off is noticed.
        options = {"row_factory": dict_row, "prepare_threshold": None, "connect_timeout": 5, "tcp_user_timeout": 15000}
        self._pool: ConnectionPool[psycopg.Connection[dict[str, Any]]] = ConnectionPool(
            address,
            min_size=1,
            max_size=8,
            timeout=10.0,
            kwargs=options,
            check=ConnectionPool.check_connection,
            open=True,
        )
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    def _make_tables(self) -> None:
        with self.writing("the tables") as execute:
            (there,) = execute("SELECT to_regclass('webchat.sessions')").fetchone().values()
            if there is None:
                execute("CREATE SCHEMA IF NOT EXISTS webchat")
                for statement in TABLES.split(";\n"):
                    execute(statement)

    def close(self) -> None:
        self._pool.close(5.0)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        with _failures_of(*self._failures), self._pool.connection() as connection:

            def execute(words: str, *values: object) -> Rows:
                said = words.replace("BYTES", "bytea").replace("NOW", "extract(epoch FROM clock_timestamp())::float8")
                said = said.replace("NUMBERED", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
                return connection.execute(said.encode(), values)

            yield execute

    @contextlib.contextmanager
    def writing(self, key: str) -> Iterator[Transaction]:
        with self.reading() as execute:
            execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", f"webchat {key}")
            yield execute


@contextlib.contextmanager
def _failures_of(*kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise DatabaseAway(" ".join(str(error).split())) from error
