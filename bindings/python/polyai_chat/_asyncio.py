"""The same words for asyncio. A call runs on a thread of its own in the native module, and the event loop is told by a
descriptor when it is done; cancelling the task cancels the call on the wire."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType
from typing import Any

from ._errors import ChatError
from ._native import Client, Closed, Conversation, Greeting, Reply, Turn


async def _outcome(turn: Turn) -> Any:
    """Waits for a started call. Whoever stops waiting, stops the call."""
    try:
        await _readable(turn.fileno())
        return turn.result()
    finally:
        turn.cancel()


async def _readable(descriptor: int) -> None:
    if "trio" in sys.modules and _runs_under_trio():
        import trio

        await trio.lowlevel.wait_readable(descriptor)
        return
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def is_done() -> None:
        if not done.done():
            done.set_result(None)

    loop.add_reader(descriptor, is_done)
    try:
        await done
    finally:
        loop.remove_reader(descriptor)


def _runs_under_trio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


class AsyncClient:
    """As `Client`, for asyncio (uvloop and trio too). Belongs to no event loop. Since 0.1.0."""

    __slots__ = ("_client",)

    def __init__(self, client: Client | None = None, **options: Any) -> None:
        """Makes a client from options, or takes one that exists, whose connections it then shares."""
        if client is not None and options:
            raise TypeError("AsyncClient takes a Client or options, not both")
        self._client = Client(**options) if client is None else client

    @classmethod
    def from_env(cls, **options: Any) -> AsyncClient:
        """As `Client.from_env`."""
        return cls(Client.from_env(**options))

    @classmethod
    def from_profile(cls, profile: str | None = None, **options: Any) -> AsyncClient:
        """As `Client.from_profile`."""
        return cls(Client.from_profile(profile, **options))

    @property
    def sync(self) -> Client:
        """The client below, for what does not wait: metrics, recent_attempts, shut_down, replace_credentials."""
        return self._client

    async def create(self, **fields: Any) -> AsyncConversation:
        """As `Client.create`."""
        return AsyncConversation(await _outcome(self._client.start_create(**fields)))

    def attach(self, conversation_id: str) -> AsyncConversation:
        """As `Client.attach`."""
        return AsyncConversation(self._client.attach(conversation_id))

    def __repr__(self) -> str:
        return f"<Async{repr(self._client)[1:]}"


class AsyncConversation:
    """As `Conversation`, for asyncio. Since 0.1.0."""

    __slots__ = ("_conversation",)

    def __init__(self, conversation: Conversation) -> None:
        """Takes a conversation that exists."""
        self._conversation = conversation

    @property
    def sync(self) -> Conversation:
        """The conversation below."""
        return self._conversation

    @property
    def id(self) -> str:
        """The id that the service gave it."""
        return self._conversation.id

    @property
    def greeting(self) -> Greeting | None:
        """What the agent said first; None for a conversation that was attached to."""
        return self._conversation.greeting

    @property
    def state(self) -> str:
        """What is known about it now: 'open', 'in_doubt', 'ended' or 'closed'."""
        return self._conversation.state

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._conversation.ended

    async def respond(self, message: str | None = None, **fields: Any) -> Reply:
        """As `Conversation.respond`. Cancelling the task cancels the turn; the agent may have heard it."""
        reply: Reply = await _outcome(self._conversation.start(message, **fields))
        return reply

    async def close(self, **fields: Any) -> Closed:
        """As `Conversation.close`."""
        closed: Closed = await _outcome(self._conversation.start_close(**fields))
        return closed

    async def __aenter__(self) -> AsyncConversation:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._conversation.closes_at_end_of_scope:
            return
        try:
            # A task that is being cancelled still closes: the close has a small deadline of its own.
            await asyncio.shield(self.close()) if sys.modules.get("trio") is None else await self.close()
        except ChatError:
            if kind is None:
                raise

    def __repr__(self) -> str:
        return f"<Async{repr(self._conversation)[1:]}"
