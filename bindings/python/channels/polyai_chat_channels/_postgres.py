"""The store for the processes of any number of machines: PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from ._errors import StoreError
from ._postgres_calls import Calls, SqlCall, failure
from ._postgres_connections import Connection, described, with_defaults
from ._postgres_listening import Listening
from .postgres_tables import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Literal

    from typing_extensions import Self

    from ._postgres_calls import Wake
    from ._records import (
        Answer,
        Counts,
        HandoffRecord,
        Message,
        Outcome,
        Parked,
        Sender,
        Settled,
        Standing,
        WorkerRecord,
    )

BEAT_SECONDS = 10.0
"""After how many seconds a worker has to say that it lives."""
AGAIN_SECONDS = 0.1
"""After how many seconds a call is made again whose connection was lost."""
POOL: dict[str, Any] = {
    "kwargs": {"autocommit": True, "prepare_threshold": None},
    "min_size": 1,
    "open": False,
    "reconnect_timeout": 0.0,
    "name": "polyai-chat-channels",
}
"""The options of a pool of connections, of either kind."""


class PostgresStore:
    """Keeps what a channel must know in a schema of PostgreSQL 13 or newer, for processes on any number of machines.

    Each step is one function in the database, made by `migrate` or `polyai-chat-store migrate`. Time is the server's. A
    dead worker is noticed half a minute after its last heartbeat. Each record that must survive a power failure is
    committed before anything follows from it; with a synchronous standby it survives the loss of the server too.

    Connections may go through pgbouncer in transaction mode: nothing is prepared, and nothing is set for a session.
    Only to be woken, a process keeps one connection of its own, which has to go to PostgreSQL itself; where that is not
    possible, it asks ten times a second. `pip install "polyai-chat-channels[postgres]"` brings psycopg.

    It holds no keys, and the same data of customers as `SQLiteStore`.

    ``PostgresStore("postgresql://chat@db.example/chat")`` is one; as a context manager it is closed at the end.

    Since 0.1.0.
    """

    def __init__(
        self, conninfo: str, *, listen: str | None = "", schema: str = "polyai_chat", most_connections: int = 16
    ) -> None:
        """Names a database. Connects to it when it is first used.

        Args:
            conninfo: A connection string or URI of PostgreSQL, `postgresql://USER@HOST/DATABASE` for example.
            listen: The connection string by which to listen, where `conninfo` leads to a pooler in transaction mode;
                the empty string: the same. None: do not listen, ask ten times a second.
            schema: The schema with the tables.
            most_connections: How many connections a process keeps at most.

        Raises:
            StoreError: A connection string, or the name of the schema, is none.

        Does not wait. Since 0.1.0.
        """
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", schema):
            raise StoreError(f"{schema!r} is no name for a schema: up to 41 of a-z, 0-9 and _ are")
        self.conninfo = with_defaults(conninfo)
        self.where = described(self.conninfo)
        self.calls = Calls(schema)
        self._most = most_connections
        self._pool: ConnectionPool[Connection] | None = None
        self._pid = os.getpid()
        listen_at = None if listen is None else with_defaults(listen or conninfo)
        self.listening = Listening(listen_at, schema, self.where, self._wake_others)
        self._before_close: list[Callable[[], None]] = []

    def close(self) -> None:
        """Closes the connections. They are opened again when they are needed. Any thread. Since 0.1.0."""
        for stop in self._before_close:
            stop()
        self.listening.close()
        pool, self._pool = self._pool, None
        if pool is not None and self._pid == os.getpid():
            pool.close(timeout=5.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<PostgresStore {self.where}, schema {self.calls.schema}>"

    # The words of `Store`, which says what they mean.

    def accept(
        self, channel: str, message: Message, token: str, *, worker: str | None, lease: float, timeout: float
    ) -> bool:
        """As `Store.accept`."""
        is_new: bool = self._do(self.calls.accept(channel, message, token, worker, lease), timeout)
        return is_new

    def take(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Message]:
        """As `Store.take`."""
        tokens = [uuid.uuid4().hex for _ in range(most)]
        taken: list[Message] = self._do(self.calls.take(channel, worker, tokens, lease), timeout)
        return taken

    def claim(
        self, channel: str, message: Message, worker: str, token: str, *, lease: float, timeout: float
    ) -> Standing:
        """As `Store.claim`."""
        standing: Standing = self._do(self.calls.claim(channel, message, worker, token, lease), timeout)
        return standing

    def begin(
        self, channel: str, message: Message, token: str, sender: Sender, is_over: bool, *, timeout: float
    ) -> bool:
        """As `Store.begin`."""
        is_held: bool = self._do(self.calls.begin(channel, message, token, sender, is_over), timeout)
        return is_held

    def send(
        self,
        channel: str,
        message: Message,
        token: str,
        *,
        conversation_id: str,
        correlation_id: str,
        lease: float,
        timeout: float,
    ) -> bool:
        """As `Store.send`."""
        is_held: bool = self._do(
            self.calls.send(channel, message, token, conversation_id, correlation_id, lease), timeout
        )
        return is_held

    def settle(
        self,
        channel: str,
        message: Message,
        worker: str,
        token: str,
        outcome: Outcome,
        *,
        lease: float,
        timeout: float,
    ) -> Settled:
        """As `Store.settle`."""
        settled: Settled = self._do(self.calls.settle(channel, message, worker, token, outcome, lease), timeout)
        return settled

    def take_answers(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Answer]:
        """As `Store.take_answers`."""
        answers: list[Answer] = self._do(self.calls.take_answers(channel, worker, most, lease), timeout)
        return answers

    def delivered(self, channel: str, sender: str, message_id: str, *, timeout: float) -> None:
        """As `Store.delivered`."""
        self._do(self.calls.delivered(channel, sender, message_id), timeout)

    def not_delivered(self, channel: str, sender: str, message_id: str, wait: float, *, timeout: float) -> None:
        """As `Store.not_delivered`."""
        self._do(self.calls.not_delivered(channel, sender, message_id, wait), timeout)

    def parked(self, channel: str, most: int, *, timeout: float) -> list[Parked]:
        """As `Store.parked`."""
        parked: list[Parked] = self._do(self.calls.parked(channel, most), timeout)
        return parked

    def take_parked(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Parked]:
        """As `Store.take_parked`."""
        taken: list[Parked] = self._do(self.calls.take_parked(channel, worker, most, lease), timeout)
        return taken

    def resolve(
        self,
        channel: str,
        sender: str,
        message_id: str,
        how: Literal["dismissed", "answered", "again"],
        *,
        note: str | None,
        timeout: float,
    ) -> bool:
        """As `Store.resolve`."""
        was_open: bool = self._do(self.calls.resolve(channel, sender, message_id, how, note), timeout)
        return was_open

    def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        """As `Store.sender`."""
        known: Sender = self._do(self.calls.sender(channel, sender), timeout)
        return known

    def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        """As `Store.set_handoff`."""
        self._do(self.calls.set_handoff(channel, sender, handoff), timeout)

    def take_idle(self, channel: str, idle_for: float, most: int, *, timeout: float) -> list[str]:
        """As `Store.take_idle`."""
        ids: list[str] = self._do(self.calls.take_idle(channel, idle_for, most), timeout)
        return ids

    def closed(self, channel: str, conversation_id: str, *, timeout: float) -> None:
        """As `Store.closed`."""
        self._do(self.calls.closed(channel, conversation_id), timeout)

    def beat(self, worker: str, about: str, *, timeout: float) -> float:
        """As `Store.beat`."""
        self._do(self.calls.beat(worker, about), timeout)
        return BEAT_SECONDS

    def wait(self, worker: str, seconds: float) -> list[str]:
        """As `Store.wait`."""
        return self.listening.wait(worker, seconds)

    def wake(self, worker: str) -> None:
        """As `Store.wake`."""
        self.listening.wake()

    def workers(self, *, timeout: float) -> list[WorkerRecord]:
        """As `Store.workers`."""
        workers: list[WorkerRecord] = self._do(self.calls.workers(), timeout)
        return workers

    def channels(self, *, timeout: float) -> list[str]:
        """As `Store.channels`."""
        names: list[str] = self._do(self.calls.channels(), timeout)
        return names

    def counts(self, channel: str, up_to: int, *, timeout: float) -> Counts:
        """As `Store.counts`."""
        counts: Counts = self._do(self.calls.counts(channel, up_to), timeout)
        return counts

    def export(self, channel: str, sender: str, *, timeout: float) -> dict[str, Any]:
        """As `Store.export`."""
        known = self.sender(channel, sender, timeout=timeout)
        exported: dict[str, Any] = self._do(self.calls.export(channel, sender, known), timeout)
        return exported

    def forget(self, channel: str, sender: str, *, timeout: float) -> bool:
        """As `Store.forget`."""
        was_known: bool = self._do(self.calls.forget(channel, sender), timeout)
        return was_known

    def fence(self, channel: str, received_within: float | None, most: int, *, timeout: float) -> int:
        """As `Store.fence`."""
        fenced: int = self._do(self.calls.fence(channel, received_within, most), timeout)
        return fenced

    def purge(self, channel: str, older_than: float, most: int, *, timeout: float) -> int:
        """As `Store.purge`."""
        purged: int = self._do(self.calls.purge(channel, older_than, most), timeout)
        return purged

    def migrate(self, *, timeout: float) -> int:
        """As `Store.migrate`: makes the schema, or brings it to this version, in one transaction. Rights to make a
        schema are needed, and to make tables and functions in it; where nothing has to be done, only to read there."""
        try:
            with Connection.connect(self.conninfo, autocommit=True, prepare_threshold=None) as connection:
                connection.ends_at = time.monotonic() + timeout
                return migrate(connection, self.calls.schema)
        except psycopg.Error as error:
            raise failure(error, self.where) from error

    # How a call is made.

    def _do(self, call: SqlCall, timeout: float) -> Any:
        """Calls a function. A connection that turns out to be broken is replaced, as long as there is time: each word
        of a store may be said again."""
        ends_at = time.monotonic() + max(timeout, 0.01)
        while True:
            try:
                with self._connection(ends_at) as connection:
                    rows = connection.execute(call.query.encode(), call.arguments).fetchall()
                told = call.told(rows)
                if told and not self.listening.tell(told):
                    self._wake_others(told, ends_at)
                return call.read(rows)
            except (psycopg.Error, PoolTimeout) as error:
                may_pass = isinstance(error, psycopg.OperationalError) and not isinstance(error, PoolTimeout)
                if not may_pass or time.monotonic() + AGAIN_SECONDS > ends_at:
                    raise failure(error, self.where) from error
                time.sleep(AGAIN_SECONDS)

    def _wake_others(self, told: list[Wake], ends_at: float | None = None) -> None:
        until = ends_at or time.monotonic() + _WAKE_SECONDS
        with contextlib.suppress(psycopg.Error, PoolTimeout), self._connection(until) as connection:
            connection.execute(*self.calls.wake(told))  # else they ask by themselves in a while

    @contextlib.contextmanager
    def _connection(self, ends_at: float) -> Any:
        pool = self._pool_of_this_process()
        with pool.connection(timeout=max(ends_at - time.monotonic(), 0.01)) as connection:
            connection.ends_at = ends_at
            try:
                yield connection
            except BaseException:
                # What it waits for may come yet, and would be taken for the answer to the next call.
                connection.close()
                raise
            finally:
                connection.ends_at = None

    def _pool_of_this_process(self) -> ConnectionPool[Connection]:
        if self._pool is None or self._pid != os.getpid():
            if self._pool is not None:
                _inherited.append(self._pool)  # a child must not close what its parent uses
            self._pool = ConnectionPool(self.conninfo, connection_class=Connection, max_size=self._most, **POOL)
            self._pid = os.getpid()
            self._pool.open()
        return self._pool


_WAKE_SECONDS = 5.0
_inherited: list[Any] = []
