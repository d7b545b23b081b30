"""The simulator, as tests have it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from ._native import NativeSimulator

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Literal

    from typing_extensions import NotRequired, Self

_LONGEST = 86_400.0


class _Options(TypedDict):
    """What ``Client(**simulator.options)`` is given; beside it a program may give every other option."""

    base_url: str
    account_id: str
    project_id: str
    api_key: str
    token: str
    dialect: Literal["current", "legacy"]
    ca_pem: NotRequired[str]


class Simulator:
    """A simulator of the service, in this process, on a free port of this machine. No PolyAI service is contacted.

    It speaks the same HTTP, refuses with the same errors, counts what it receives, and misbehaves on demand. A `with`
    block stops it at the end. Any thread may use it.

    Example:
        >>> with Simulator() as simulator:
        ...     Client(**simulator.options).create().respond("Hello").response
        'Hello again! How can I help?'

    Since 0.1.0.
    """

    __module__ = "polyai_chat_testing"

    __slots__ = ("__weakref__", "_native", "_options")

    def __init__(
        self,
        *,
        script: str | os.PathLike[str] | None = None,
        dialect: Literal["current", "legacy"] = "current",
        api_key: str = "simulator-key",
        token: str = "simulator-token",
        account_id: str = "simulator-account",
        project_id: str = "simulator-project",
        tls: bool = False,
        idle_limit: float | timedelta | None = None,
    ) -> None:
        """Starts it.

        Args:
            script: A script in TOML, which says how the agent answers, as text; or the path of its file, as a
                `pathlib.Path`. The simulator's manual describes it. None is an agent for returns and billing.
            dialect: 'current' or 'legacy'.
            api_key: The key that it accepts.
            token: The connector token that it accepts.
            account_id: The account that it has.
            project_id: The project that it has.
            tls: True for https, with an authority of its own, which `ca_pem` gives.
            idle_limit: After how many seconds above 0 and at most 86400, or which timedelta, a conversation times
                out. None is never.

        Raises:
            ValueError: An argument is wrong; in a script, line and column are named.
            OSError: The file of the script cannot be read.

        Does not block, but to read a file. Since 0.1.0.
        """
        self._native = NativeSimulator(
            script=Path(script).read_text(encoding="utf-8") if isinstance(script, os.PathLike) else script,
            dialect=dialect,
            api_key=api_key,
            token=token,
            account_id=account_id,
            project_id=project_id,
            tls=tls,
            idle_limit=None if idle_limit is None else _seconds("idle_limit", idle_limit, above_zero=True),
        )
        self._options: _Options = {
            "base_url": self._native.url,
            "account_id": account_id,
            "project_id": project_id,
            "api_key": api_key,
            "token": token,
            "dialect": dialect,
        }
        if self._native.ca_pem is not None:
            self._options["ca_pem"] = self._native.ca_pem

    @property
    def url(self) -> str:
        """Its URL, for the option `base_url`."""
        return self._native.url

    @property
    def ca_pem(self) -> str | None:
        """The certificate authority behind its certificate, for the option `ca_pem`; None without TLS."""
        return self._native.ca_pem

    @property
    def options(self) -> _Options:
        """All options that a client of this simulator needs, in a new dict: ``Client(**simulator.options)``."""
        _ = self._native.url  # which fails when it has been stopped
        return self._options.copy()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that lead a program to this simulator, in a new dict: what `options` has, as
        ``Client.from_env`` and the command line read it.

        Example:
            >>> simulator.environment["POLYAI_ACCOUNT_ID"]
            'simulator-account'
        """
        return {f"POLYAI_{name.upper()}": str(value) for name, value in self.options.items()}

    def fail(self, action: Mapping[str, Any], when: Mapping[str, Any] | None = None) -> None:
        """Makes it misbehave, until `clear_faults`. Several faults may be set.

        Args:
            action: What happens, as in a script: a mapping with one action of the table in the simulator's manual.
            when: On which occasions; all that is set must hold. None is always.

        Raises:
            ValueError: That is no fault; the text says what would be right.
            TypeError: An argument is not a mapping.
            RuntimeError: The simulator has been stopped.

        Example:
            >>> simulator.fail({"answer": {"status": 503}}, {"operation": "respond", "nth": 2})
            >>> conversation.respond("Hello").response
            'Hello again! How can I help?'
            >>> conversation.respond("Hello")
            Traceback (most recent call last):
            ...
            polyai_chat.ServerError: server: the service answered 503 ...

        Does not block. Any thread. Since 0.1.0.
        """
        fault = {"action": _mapping("action", action), "when": {} if when is None else _mapping("when", when)}
        self._native.fail(json.dumps(fault))

    def clear_faults(self) -> None:
        """Makes it behave again.

        Raises:
            RuntimeError: The simulator has been stopped.

        Does not block. Any thread. Since 0.1.0.
        """
        self._native.clear_faults()

    def received(self) -> list[dict[str, Any]]:
        """Gives the requests that it received, at most the last 10,000.

        Returns:
            A new list, oldest first, of dicts with `number`, `connection`, `number_on_connection`, `method`, `target`,
            `headers` (a list of names, exactly as they were spelled, and values; those of key and token are 'set'),
            `body` (a str), `complete`, `operation`, `conversation_id`, `processed`, `status` and `replied`.

        Raises:
            RuntimeError: The simulator has been stopped.

        Does not block. Any thread. Since 0.1.0.
        """
        received: list[dict[str, Any]] = json.loads(self._native.received())
        return received

    def conversations(self) -> list[dict[str, Any]]:
        """Gives the conversations that it held.

        Returns:
            A new list of dicts with `id`, `created_with`, `turns`, `messages` (None where one was absent), `ended`,
            `closed`, `timed_out`, `handoff`, `last_status`, `turns_in_flight` and `most_turns_in_flight`.

        Raises:
            RuntimeError: The simulator has been stopped.

        Does not block. Any thread. Since 0.1.0.
        """
        conversations: list[dict[str, Any]] = json.loads(self._native.conversations())
        return conversations

    def requests_to(self, operation: Literal["create", "respond", "close"]) -> int:
        """Counts the requests of one operation that it received.

        Args:
            operation: 'create', 'respond' or 'close'.

        Returns:
            How many.

        Raises:
            ValueError: There is no such operation.
            RuntimeError: The simulator has been stopped.

        Does not block. Any thread. Since 0.1.0.
        """
        return self._native.requests_to(operation)

    @property
    def connections(self) -> int:
        """How many connections it accepted."""
        return self._native.connections

    def wait_for(
        self, operation: Literal["create", "respond", "close"], count: int, timeout: float | timedelta = 10.0
    ) -> bool:
        """Waits until it has received so many requests of one operation.

        Args:
            operation: 'create', 'respond' or 'close'.
            count: How many requests since its start, or since `clear`.
            timeout: For how many seconds at most.

        Returns:
            Whether it has.

        Raises:
            ValueError: There is no such operation.
            RuntimeError: The simulator has been stopped.

        Blocks at most for `timeout`, while other threads run; Ctrl-C ends it. Any thread. Since 0.1.0.
        """
        until = time.monotonic() + _seconds("timeout", timeout)
        while self.requests_to(operation) < count:
            if time.monotonic() >= until:
                return False
            time.sleep(0.002)
        return True

    def end_conversation(self, conversation_id: str) -> bool:
        """Ends a conversation from the service's side.

        Args:
            conversation_id: Its id.

        Returns:
            Whether there is such a one.

        Raises:
            RuntimeError: The simulator has been stopped.

        Does not block. Any thread. Since 0.1.0.
        """
        return self._native.end_conversation(conversation_id)

    def clear(self) -> None:
        """Forgets the requests that it received, and counts from zero. Conversations, connections and faults stay.

        Raises:
            RuntimeError: The simulator has been stopped.

        Does not block. Any thread. Since 0.1.0.
        """
        self._native.clear()

    def stop(self) -> None:
        """Stops it: closes its port and all connections. Stopping it again does nothing.

        Blocks until that is done, which takes milliseconds. Any thread. Since 0.1.0.
        """
        self._native.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        try:
            return f"<Simulator at {self.url}, no PolyAI service contacted>"
        except RuntimeError:
            return "<Simulator, stopped>"


def _mapping(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"{name} must be a mapping, not {type(value).__name__}")
    return dict(value)


def _seconds(name: str, value: float | timedelta, above_zero: bool = False) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if not (0 < seconds <= _LONGEST or (seconds == 0 and not above_zero)):
        raise ValueError(f"{name} is {seconds!r}; it must be a number of seconds above 0, and at most 86400")
    return seconds
