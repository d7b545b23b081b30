"""The protocol of a store that works in the event loop of asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from typing import Literal

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
    from ._store import Store


class AsyncStore(Protocol):
    """A store for `AsyncChannel` in asyncio: the words of `Store` that a channel says are coroutines. `blocking` is the
    same store for threads: it knows the workers, and serves operators.

    Since 0.1.0.
    """

    @property
    def blocking(self) -> Store:
        """The same store for threads. Since 0.1.0."""
        ...

    async def accept(
        self, channel: str, message: Message, token: str, *, worker: str | None, lease: float, timeout: float
    ) -> bool:
        """As `Store.accept`. Since 0.1.0."""
        ...

    async def take(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Message]:
        """As `Store.take`. Since 0.1.0."""
        ...

    async def claim(
        self, channel: str, message: Message, worker: str, token: str, *, lease: float, timeout: float
    ) -> Standing:
        """As `Store.claim`. Since 0.1.0."""
        ...

    async def begin(
        self, channel: str, message: Message, token: str, sender: Sender, is_over: bool, *, timeout: float
    ) -> bool:
        """As `Store.begin`. Since 0.1.0."""
        ...

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
        """As `Store.send`. Since 0.1.0."""
        ...

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
        """As `Store.settle`. Since 0.1.0."""
        ...

    async def take_answers(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Answer]:
        """As `Store.take_answers`. Since 0.1.0."""
        ...

    async def delivered(self, channel: str, sender: str, message_id: str, *, timeout: float) -> None:
        """As `Store.delivered`. Since 0.1.0."""
        ...

    async def not_delivered(self, channel: str, sender: str, message_id: str, wait: float, *, timeout: float) -> None:
        """As `Store.not_delivered`. Since 0.1.0."""
        ...

    async def parked(self, channel: str, most: int, *, timeout: float) -> list[Parked]:
        """As `Store.parked`. Since 0.1.0."""
        ...

    async def take_parked(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Parked]:
        """As `Store.take_parked`. Since 0.1.0."""
        ...

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
        """As `Store.resolve`. Since 0.1.0."""
        ...

    async def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        """As `Store.sender`. Since 0.1.0."""
        ...

    async def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        """As `Store.set_handoff`. Since 0.1.0."""
        ...

    async def take_idle(self, channel: str, idle_for: float, most: int, *, timeout: float) -> list[str]:
        """As `Store.take_idle`. Since 0.1.0."""
        ...

    async def closed(self, channel: str, conversation_id: str, *, timeout: float) -> None:
        """As `Store.closed`. Since 0.1.0."""
        ...

    async def counts(self, channel: str, up_to: int, *, timeout: float) -> Counts:
        """As `Store.counts`. Since 0.1.0."""
        ...

    async def export(self, channel: str, sender: str, *, timeout: float) -> dict[str, Any]:
        """As `Store.export`. Since 0.1.0."""
        ...

    async def forget(self, channel: str, sender: str, *, timeout: float) -> bool:
        """As `Store.forget`. Since 0.1.0."""
        ...

    async def purge(self, channel: str, older_than: float, most: int, *, timeout: float) -> int:
        """As `Store.purge`. Since 0.1.0."""
        ...

    async def close(self) -> None:
        """As `Store.close`. Since 0.1.0."""
        ...
