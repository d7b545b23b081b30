"""How the processes that share a PostgreSQL wake each other."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import time
from collections import deque
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from ._postgres_connections import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._postgres_calls import Wake

_ASK_SECONDS = 0.1
"""After how many seconds something is asked that nobody can tell."""
_AGAIN_SECONDS = 1.0
"""After how many seconds a connection that was lost is tried again."""

_log = logging.getLogger("polyai_chat_channels")


class Listening:
    """The one connection of a process by which it is told something. The thread that waits also sends wake-ups."""

    def __init__(self, conninfo: str | None, schema: str, where: str, send: Callable[[list[Wake]], object]) -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._where = where
        self._send = send
        self._to_tell: deque[Wake] = deque()
        self._is_waiting = False
        self._connection: Connection | None = None
        self._pid = os.getpid()
        self._pipe: tuple[int, int] | None = None
        self._tried_at = 0.0
        self._is_failing = False

    def wait(self, worker: str, seconds: float) -> list[str]:
        """The words for a worker, at the latest after so many seconds. Without a connection it is the empty word."""
        connection = self._connected(worker)
        if connection is None:
            self._sleep(min(seconds, _ASK_SECONDS), ())
            return [""]
        self._is_waiting = True
        try:
            self._send_wake_ups()
            words = [notify.payload for notify in connection.notifies(timeout=0.0)]
            if not words:
                self._sleep(seconds, (connection.fileno(),))
                self._send_wake_ups()
                words = [notify.payload for notify in connection.notifies(timeout=0.0)]
        except (psycopg.Error, OSError) as error:
            self._lost(error)
            return []
        finally:
            self._is_waiting = False
        return list(dict.fromkeys(words))

    def tell(self, wakes: list[Wake]) -> bool:
        """Has the thread that waits send wake-ups, so that nobody else waits for that. False where no thread waits."""
        if not self._is_waiting or self._pid != os.getpid():
            return False
        self._to_tell.extend(wakes)
        self.wake()
        return True

    def _send_wake_ups(self) -> None:
        wakes: dict[tuple[str | None, ...], None] = {}
        while self._to_tell:
            wakes[tuple(self._to_tell.popleft())] = None
        if wakes:
            self._send([list(wake) for wake in wakes])

    def wake(self) -> None:
        """Ends the wait of this process."""
        if self._pipe is not None and self._pid == os.getpid():
            with contextlib.suppress(OSError):
                os.write(self._pipe[1], b"!")

    def close(self) -> None:
        """Listens no more."""
        self._forget_those_of_a_parent()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        # Not before: somebody may still wait, and the numbers would be those of other files.
        if self._pipe is not None and self._pid == os.getpid():
            for one in self._pipe:
                os.close(one)

    def _connected(self, worker: str) -> Connection | None:
        self._forget_those_of_a_parent()
        if self._connection is not None or self._conninfo is None:
            return self._connection
        if time.monotonic() - self._tried_at < _AGAIN_SECONDS:
            return None
        self._tried_at = time.monotonic()
        try:
            connection = Connection.connect(self._conninfo, autocommit=True, prepare_threshold=None)
            try:
                for name in (worker, self._schema):
                    connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(f"polyai {name}")))
            except BaseException:
                connection.close()
                raise
        except psycopg.Error as error:
            self._lost(error)
            return None
        if connection.execute("SELECT pg_backend_pid()").fetchone() != (connection.info.backend_pid,):
            connection.close()
            self._conninfo = None
            _log.warning(
                "%s is behind a pooler, by which nobody can be told anything: give `listen` the server's own address;"
                " until then it is asked ten times a second",
                self._where,
            )
            return None
        self._connection, self._is_failing = connection, False
        return connection

    def _lost(self, error: Exception) -> None:
        if not self._is_failing:
            _log.warning("%s tells nothing for a while: %s", self._where, " ".join(str(error).split()))
        self._is_failing = True
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _sleep(self, seconds: float, descriptors: Iterable[int]) -> None:
        if self._pipe is None:
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[0], False)
            os.set_blocking(self._pipe[1], False)
        select.select([self._pipe[0], *descriptors], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._pipe[0], 4096)

    def _forget_those_of_a_parent(self) -> None:
        if self._pid != os.getpid():
            _inherited.append(self._connection)
            self._connection, self._pipe, self._pid = None, None, os.getpid()
            self._is_waiting = False
            self._to_tell.clear()


_inherited: list[Connection | None] = []
