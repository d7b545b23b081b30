"""The channel's store in the file of SQLite that Django has, for the processes of one machine."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection, transaction
from polyai_chat_channels import SQLiteStore, StoreError
from polyai_chat_channels.sqlite_tables import STATEMENTS, set_clock

PATIENCE = 5.0


class DjangoSQLiteStore(SQLiteStore):
    """The library's store, on Django's connection."""

    def __init__(self) -> None:
        super().__init__(Path(connection.settings_dict["NAME"]))

    def now(self) -> float:
        """The time on the store's clock."""
        with self._reading(PATIENCE) as database:
            return self._now(database)

    def _prepare(self) -> None:
        """The tables are made by Django's migrations."""

    @contextlib.contextmanager
    def _writing(self, timeout: float, on_disk: bool = True) -> Iterator[Any]:
        try:
            with _patience(timeout), transaction.atomic():
                yield _Database()
        except (DatabaseError, sqlite3.Error) as error:
            raise StoreError(f"Django's database: {error}") from error

    @contextlib.contextmanager
    def _reading(self, timeout: float) -> Iterator[Any]:
        with self._writing(timeout) as database:
            yield database


class _Database:
    """Django's connection as the library's store uses one."""

    def execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = connection.connection.cursor(sqlite3.Cursor)
        cursor.row_factory = sqlite3.Row
        return cursor.execute(query, values)

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        connection.connection.cursor(sqlite3.Cursor).executemany(query, rows)


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Bounds the wait for the lock of the file."""
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        (before,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {max(int(seconds * 1000), 1)}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")


VIEWS = (
    """
CREATE VIEW polyai_helpdesk_agentmessage AS
SELECT number AS id, messages.channel, sender, message_id,
    CASE WHEN state = 'parked' THEN why ELSE state END AS state, tries, text, done_at,
    state IN ('answered', 'handed_off') AND deliver_at IS NULL AS is_delivered
FROM messages JOIN lines USING (line)
""",
    """
CREATE VIEW polyai_helpdesk_agentticket AS
SELECT line AS id, channel, sender, conversation_id, handoff FROM lines
""",
)


def make_tables() -> None:
    """For Django's first migration. There is no later version of them yet."""
    database: Any = _Database()
    for statement in (*STATEMENTS, *VIEWS):
        database.execute(statement)
    set_clock(database)
