"""The store in PostgreSQL for asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from ._errors import StoreError
from ._postgres import AGAIN_SECONDS, POOL, PostgresStore
from ._postgres_calls import SqlCall, failure
from ._postgres_connections import AsyncConnection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType
    from typing import Literal

    from typing_extensions import Self

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
    )


class AsyncPostgresStore:
    """The store of `PostgresStore` for `AsyncChannel` in asyncio: it works in the event loop and needs no threads, but
    for the one by which the database knows that this process lives. Use it in one event loop; close it before that
    ends.

    ``AsyncPostgresStore("postgresql://chat@db.example/chat")`` is one, to be used by `async with`.

    Since 0.1.0.
    """

    def __init__(
        self, conninfo: str, *, listen: str | None = "", schema: str = "polyai_chat", most_connections: int = 16
    ) -> None:
        """Names a database; arguments and errors are those of `PostgresStore`.

        Does not wait. Since 0.1.0.
        """
        self._blocking = PostgresStore(conninfo, listen=listen, schema=schema, most_connections=2)
        self._calls = self._blocking.calls
        self._most = most_connections
        self._pool: AsyncConnectionPool[AsyncConnection] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def blocking(self) -> PostgresStore:
        """The same store for threads: to operate with it, and to migrate."""
        return self._blocking

    async def close(self) -> None:
        """Closes the connections. They are opened again when they are needed. Since 0.1.0."""
        await asyncio.get_running_loop().run_in_executor(None, self._blocking.close)
        pool, self._pool, self._loop = self._pool, None, None
        if pool is not None:
            await pool.close(timeout=5.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return repr(self._blocking).replace("<PostgresStore", "<AsyncPostgresStore", 1)

    # The words of `Store`, which says what they mean.

    async def accept(
        self, channel: str, message: Message, token: str, *, worker: str | None, lease: float, timeout: float
    ) -> bool:
        """As `Store.accept`."""
        is_new: bool = await self._do(self._calls.accept(channel, message, token, worker, lease), timeout)
        return is_new

    async def take(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Message]:
        """As `Store.take`."""
        tokens = [uuid.uuid4().hex for _ in range(most)]
        taken: list[Message] = await self._do(self._calls.take(channel, worker, tokens, lease), timeout)
        return taken

    async def claim(
        self, channel: str, message: Message, worker: str, token: str, *, lease: float, timeout: float
    ) -> Standing:
        """As `Store.claim`."""
        standing: Standing = await self._do(self._calls.claim(channel, message, worker, token, lease), timeout)
        return standing

    async def begin(
        self, channel: str, message: Message, token: str, sender: Sender, is_over: bool, *, timeout: float
    ) -> bool:
        """As `Store.begin`."""
        is_held: bool = await self._do(self._calls.begin(channel, message, token, sender, is_over), timeout)
        return is_held

    async def send(
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
        is_held: bool = await self._do(
            self._calls.send(channel, message, token, conversation_id, correlation_id, lease), timeout
        )
        return is_held

    async def settle(
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
        settled: Settled = await self._do(self._calls.settle(channel, message, worker, token, outcome, lease), timeout)
        return settled

    async def take_answers(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Answer]:
        """As `Store.take_answers`."""
        answers: list[Answer] = await self._do(self._calls.take_answers(channel, worker, most, lease), timeout)
        return answers

    async def delivered(self, channel: str, sender: str, message_id: str, *, timeout: float) -> None:
        """As `Store.delivered`."""
        await self._do(self._calls.delivered(channel, sender, message_id), timeout)

    async def not_delivered(self, channel: str, sender: str, message_id: str, wait: float, *, timeout: float) -> None:
        """As `Store.not_delivered`."""
        await self._do(self._calls.not_delivered(channel, sender, message_id, wait), timeout)

    async def parked(self, channel: str, most: int, *, timeout: float) -> list[Parked]:
        """As `Store.parked`."""
        parked: list[Parked] = await self._do(self._calls.parked(channel, most), timeout)
        return parked

    async def take_parked(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Parked]:
        """As `Store.take_parked`."""
        taken: list[Parked] = await self._do(self._calls.take_parked(channel, worker, most, lease), timeout)
        return taken

    async def resolve(
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
        was_open: bool = await self._do(self._calls.resolve(channel, sender, message_id, how, note), timeout)
        return was_open

    async def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        """As `Store.sender`."""
        known: Sender = await self._do(self._calls.sender(channel, sender), timeout)
        return known

    async def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        """As `Store.set_handoff`."""
        await self._do(self._calls.set_handoff(channel, sender, handoff), timeout)

    async def take_idle(self, channel: str, idle_for: float, most: int, *, timeout: float) -> list[str]:
        """As `Store.take_idle`."""
        ids: list[str] = await self._do(self._calls.take_idle(channel, idle_for, most), timeout)
        return ids

    async def closed(self, channel: str, conversation_id: str, *, timeout: float) -> None:
        """As `Store.closed`."""
        await self._do(self._calls.closed(channel, conversation_id), timeout)

    async def counts(self, channel: str, up_to: int, *, timeout: float) -> Counts:
        """As `Store.counts`."""
        counts: Counts = await self._do(self._calls.counts(channel, up_to), timeout)
        return counts

    async def export(self, channel: str, sender: str, *, timeout: float) -> dict[str, Any]:
        """As `Store.export`."""
        known = await self.sender(channel, sender, timeout=timeout)
        exported: dict[str, Any] = await self._do(self._calls.export(channel, sender, known), timeout)
        return exported

    async def forget(self, channel: str, sender: str, *, timeout: float) -> bool:
        """As `Store.forget`."""
        was_known: bool = await self._do(self._calls.forget(channel, sender), timeout)
        return was_known

    async def purge(self, channel: str, older_than: float, most: int, *, timeout: float) -> int:
        """As `Store.purge`."""
        purged: int = await self._do(self._calls.purge(channel, older_than, most), timeout)
        return purged

    # How a call is made.

    async def _do(self, call: SqlCall, timeout: float) -> Any:
        ends_at = time.monotonic() + max(timeout, 0.01)
        where = self._blocking.where
        while True:
            try:
                async with self._connection(ends_at) as connection:
                    rows = await (await connection.execute(call.query.encode(), call.arguments)).fetchall()
                    told = call.told(rows)
                    if told and not self._blocking.listening.tell(told):
                        with contextlib.suppress(psycopg.Error):  # they ask by themselves in a while
                            await connection.execute(*self._calls.wake(told))
                return call.read(rows)
            except (psycopg.Error, PoolTimeout) as error:
                may_pass = isinstance(error, psycopg.OperationalError) and not isinstance(error, PoolTimeout)
                if not may_pass or time.monotonic() + AGAIN_SECONDS > ends_at:
                    raise failure(error, where) from error
                await asyncio.sleep(AGAIN_SECONDS)

    @contextlib.asynccontextmanager
    async def _connection(self, ends_at: float) -> AsyncGenerator[AsyncConnection, None]:
        pool = await self._pool_of_this_loop()
        async with pool.connection(timeout=max(ends_at - time.monotonic(), 0.01)) as connection:
            connection.ends_at = ends_at
            try:
                yield connection
            except BaseException:
                # What it waits for may come yet, and would be taken for the answer to the next call.
                await connection.close()
                raise
            finally:
                connection.ends_at = None

    async def _pool_of_this_loop(self) -> AsyncConnectionPool[AsyncConnection]:
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._loop = loop
            self._pool = AsyncConnectionPool(
                self._blocking.conninfo, connection_class=AsyncConnection, max_size=self._most, **POOL
            )
            await self._pool.open()
        elif self._loop is not loop:
            raise StoreError("an AsyncPostgresStore works in one event loop: close it there, or make another one here")
        return self._pool
