"""The same words for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar

from ._errors import ChatError
from ._event_loops import calls_here, is_done_within, make_ready, outcome, until_done_all_the_same
from ._native import Client, Closed, Conversation, Greeting, Reply, Turn

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import timedelta
    from os import PathLike
    from types import TracebackType
    from typing import Literal

    from typing_extensions import Self, Unpack

    from ._types import Attempt, CallFields, ClientOptions, CreateFields, Metrics, RespondFields, Setting

_Outcome = TypeVar("_Outcome", Conversation, Reply, Closed, Optional[Closed], None)


class AsyncClient:
    """Talks to one project of the service from asyncio, also with uvloop, and from trio. The words are those of
    `Client`.

    What talks to the service is a coroutine and blocks no event loop; all else does not wait and is a plain method.
    It belongs to no event loop: any number of them, in any number of threads, may use it and share its connections.

    Cancelling a task ends its call on the wire. The task gets its `CancelledError`, never a `CallCancelledError`,
    as soon as the call has ended, which is a matter of milliseconds. Then it is known whether the agent may have
    heard the turn: the `ChatError` with the `delivery` is the `__cause__` of the `CancelledError`, and
    `AsyncConversation.state` is 'in_doubt' if it may have.

    A turn that goes on while you do something else is started with `AsyncConversation.start`; any other call is a task,
    such as `asyncio.create_task(client.create())`.

    Since 0.1.0.
    """

    __slots__ = ("__weakref__", "_client")

    def __init__(self, client: Client | None = None, **options: Unpack[ClientOptions]) -> None:
        """Makes a client, or takes one.

        Args:
            client: A `Client`, whose connections this one then shares. None makes one.
            options: Those of `Client`, for a new one.

        Raises:
            ConfigurationError: Something is missing or wrong; the text says what would be right.
            TypeError: A keyword is not known or its value of the wrong type, or both client and options are given.
            ValueError: A duration is invalid.

        Blocks while it reads the files that the options name. Since 0.1.0.
        """
        if client is not None and options:
            raise TypeError("AsyncClient takes a Client or options, not both")
        self._client = Client(**options) if client is None else client

    @classmethod
    def from_env(cls, **options: Unpack[ClientOptions]) -> Self:
        """Makes a client from the environment variables `POLYAI_...`; arguments and errors are those of
        `Client.from_env`.

        Blocks while it reads the files that the options name. Any thread. Since 0.1.0.
        """
        return cls(Client.from_env(**options))

    @classmethod
    def from_profile(
        cls, profile: str | None = None, *, file: str | PathLike[str] | None = None, **options: Unpack[ClientOptions]
    ) -> Self:
        """Makes a client from a profile of a configuration file; arguments and errors are those of
        `Client.from_profile`.

        Blocks while it reads the file. Any thread. Since 0.1.0.
        """
        return cls(Client.from_profile(profile, file=file, **options))

    @property
    def sync(self) -> Client:
        """The client below, for code that may block."""
        return self._client

    async def create(self, **fields: Unpack[CreateFields]) -> AsyncConversation:
        """Starts a conversation; the agent greets. Arguments and errors are those of `Client.create`.

        After a cancellation with the delivery 'unknown' a conversation may be open that nobody can reach.

        Returns at the deadline at the latest. Any event loop. Since 0.1.0.
        """
        return AsyncConversation(await outcome(make_ready(), self._client.start_create(**fields)))

    def attach(self, conversation_id: str) -> AsyncConversation:
        """Goes on with a conversation that was created elsewhere, or earlier; as `Client.attach`. Sends nothing.

        Does not wait. Any thread. Since 0.1.0.
        """
        return AsyncConversation(self._client.attach(conversation_id))

    async def respond(self, conversation_id: str, message: str | None = None, **fields: Unpack[RespondFields]) -> Reply:
        """Makes one turn of a conversation by its id alone: no order among turns and no state is kept.

        Arguments and errors are those of `Client.respond`.

        Returns at the deadline at the latest. Any event loop. Since 0.1.0.
        """
        return await outcome(make_ready(), self._client.start_respond(conversation_id, message, **fields))

    async def close_conversation(self, conversation_id: str, **fields: Unpack[CallFields]) -> Closed:
        """Closes a conversation by its id alone; one that is over already counts as closed.

        Arguments and errors are those of `Client.close_conversation`.

        Returns at the deadline at the latest. Any event loop. Since 0.1.0.
        """
        return await outcome(make_ready(), self._client.start_close_conversation(conversation_id, **fields))

    async def warm_up(self, timeout: float | timedelta) -> None:
        """Opens a connection ahead of the first turn, unless one is idle already. Sends no request.

        Arguments and errors are those of `Client.warm_up`.

        Returns after `timeout` at the latest. Any event loop. Since 0.1.0.
        """
        await outcome(make_ready(), self._client.start_warm_up(timeout))

    async def aclose(self) -> None:
        """Closes the client: ends every call that is under way, closes idle connections, and has later calls fail; as
        `Client.close`. The end of an `async with` block does the same. Closing it again does nothing.

        Each waiting call raises `CallCancelledError` with a truthful delivery; no task is cancelled. Sends nothing:
        conversations stay open, so close them first.

        Does not wait. Any event loop; where there is none, `sync.close()` does the same. Since 0.1.0.
        """
        self._client.close()

    def replace_credentials(self, api_key: str, token: str) -> None:
        """Replaces key and token, as a pair, while calls run. Does not wait. Any thread. Since 0.1.0."""
        self._client.replace_credentials(api_key, token)

    @property
    def base_url(self) -> str:
        """Where the service is, as it was configured."""
        return self._client.base_url

    @property
    def proxy(self) -> str | None:
        """The proxy between this client and the service, without user and password; None where there is none."""
        return self._client.proxy

    @property
    def dialect(self) -> Literal["current", "legacy"]:
        """The dialect that the client speaks: 'current' or 'legacy'."""
        return self._client.dialect

    def settings(self) -> list[Setting]:
        """What each option was set to when the client was made; as `Client.settings`.

        Does not wait. Any thread. Since 0.1.0.
        """
        return self._client.settings()

    def metrics(self) -> Metrics:
        """The client's counters; as `Client.metrics`. Does not wait. Any thread. Since 0.1.0."""
        return self._client.metrics()

    def recent_attempts(self, after: int = 0) -> list[Attempt]:
        """The last attempts of all calls, oldest first; as `Client.recent_attempts`.

        Does not wait. Any thread. Since 0.1.0.
        """
        return self._client.recent_attempts(after)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it, as `aclose` does."""
        await self.aclose()

    def __repr__(self) -> str:
        return f"<Async{repr(self._client)[1:]}"


class AsyncConversation:
    """One conversation with the agent, made by `AsyncClient.create` or `AsyncClient.attach`. The words are those of
    `Conversation`.

    Any number of tasks may use it, also of several event loops: turns are sent one at a time, in the order of the
    calls. Cancelling is described at `AsyncClient`.

    An `async with` block closes it at the end, also on an exception and while its task is being cancelled, unless
    it is over or the dialect has no close. That takes `close_timeout` at most; a cancellation that comes meanwhile
    is raised when it is done. Where closing fails, the block raises that, but never in place of an exception of its
    own.

    Since 0.1.0.
    """

    __slots__ = ("__weakref__", "_conversation")

    def __init__(self, conversation: Conversation) -> None:
        """Takes a conversation that exists. Since 0.1.0."""
        self._conversation = conversation

    @property
    def sync(self) -> Conversation:
        """The conversation below, for code that may block."""
        return self._conversation

    @property
    def id(self) -> str:
        """The id that the service gave it. Another process goes on with it by `AsyncClient.attach`."""
        return self._conversation.id

    @property
    def greeting(self) -> Greeting:
        """What the agent said first; empty for a conversation that was attached to."""
        return self._conversation.greeting

    @property
    def state(self) -> Literal["open", "in_doubt", "ended", "closed"]:
        """What is known about it now: 'open', 'in_doubt' (a turn was lost that the agent may have heard), 'ended'
        (by the service) or 'closed'.
        """
        return self._conversation.state

    @property
    def ended(self) -> bool:
        """Whether it is over, by the service's word or by being closed. Turns are then refused without a request."""
        return self._conversation.ended

    async def respond(self, message: str | None = None, **fields: Unpack[RespondFields]) -> Reply:
        """Says something, and returns the agent's reply. Arguments and errors are those of `Conversation.respond`.

        Returns at the deadline at the latest. Any event loop. Since 0.1.0.
        """
        return await outcome(make_ready(), self._conversation.start(message, **fields))

    def start(self, message: str | None = None, **fields: Unpack[RespondFields]) -> AsyncTurn[Reply]:
        """Starts a turn and returns at once, so that something can be said while the agent thinks. It is queued
        now, and its deadline starts now. Arguments and errors are those of `Conversation.start`.

        Example:
            >>> import asyncio
            >>> async def ask(conversation):
            ...     turn = conversation.start("Where is my order?")
            ...     if not await turn.wait(1.5):
            ...         print("One moment, please.")
            ...     return (await turn).response
            >>> asyncio.run(ask(AsyncConversation(conversation)))
            'I can look that up. What is your order number?'

        Does not wait. Inside a running event loop. Since 0.1.0.
        """
        make_ready()
        return AsyncTurn(self._conversation.start(message, **fields))

    async def close(self, **fields: Unpack[CallFields]) -> Closed:
        """Closes it, after the turns that are under way. Arguments and errors are those of `Conversation.close`.

        Returns at the deadline at the latest. Any event loop. Since 0.1.0.
        """
        return await outcome(make_ready(), self._conversation.start_close(**fields))

    async def close_if_open(self) -> Closed | None:
        """Closes it if that is still of use, as the end of an `async with` block does; None where nothing was sent.
        Errors are those of `Conversation.close_if_open`.

        Returns after `close_timeout` at the latest. Any event loop. Since 0.1.0.
        """
        if not self._conversation.closes_at_end_of_scope:
            return None
        return await outcome(make_ready(), self._conversation.start_close_if_open())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it if that is still of use. What goes wrong then is raised only where the block raised nothing."""
        if not self._conversation.closes_at_end_of_scope:
            return
        cancellation = None
        try:
            make_ready()
            turn = self._conversation.start_close_if_open()
            cancellation = await until_done_all_the_same(turn)
            turn.result()
        except ChatError:
            if kind is None and cancellation is None:
                raise
        if cancellation is not None:
            raise cancellation

    def __repr__(self) -> str:
        return f"<Async{repr(self._conversation)[1:]}"


class AsyncTurn(Generic[_Outcome]):
    """A call that was started with `AsyncConversation.start`. Await it for its result.

    A task that is cancelled while it awaits the turn cancels the call, as with `AsyncConversation.respond`. So does
    dropping the turn. `wait` leaves the call alone.

    Since 0.1.0.
    """

    __slots__ = ("__weakref__", "_turn")

    _turn: Turn[_Outcome]

    def __init__(self, turn: Turn[_Outcome]) -> None:
        """Takes a call that was started. Since 0.1.0."""
        self._turn = turn

    @property
    def sync(self) -> Turn[_Outcome]:
        """The turn below, for code that may block."""
        return self._turn

    @property
    def done(self) -> bool:
        """Whether the outcome of the call is there."""
        return self._turn.done

    @property
    def correlation_id(self) -> str:
        """The id that the service's support asks for; it is known before the call is done."""
        return self._turn.correlation_id

    async def wait(self, seconds: float | timedelta | None = None) -> bool:
        """Waits until the call is done, for a while. The call goes on all the same.

        Args:
            seconds: How long at most, from 0 to 86400, or a timedelta. None waits until it is done, which is at its
                deadline at the latest.

        Returns:
            Whether it is done.

        Raises:
            TypeError, ValueError: That is no time.

        Returns after so long at the latest. The event loop in which it was started. Since 0.1.0.
        """
        return await is_done_within(self._turn, seconds)

    def cancel(self) -> None:
        """Ends the call, which is then done within milliseconds; awaiting it raises `CallCancelledError`, whose
        delivery is truthful. Does nothing when it is done already.

        Does not wait. Any thread. Since 0.1.0.
        """
        self._turn.cancel()

    def __await__(self) -> Generator[Any, None, _Outcome]:
        return outcome(calls_here(), self._turn).__await__()

    def __repr__(self) -> str:
        return f"<Async{repr(self._turn)[1:]}"
