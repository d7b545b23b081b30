"""A channel for asyncio and trio."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import nullcontext
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, TypeVar

from polyai_chat import AsyncClient

from ._answering import Answering
from ._steps import Call, InStore, Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from ._records import Answer, Message, Sender
    from ._steps import Step
    from ._store import Store

_Result = TypeVar("_Result")


class AsyncChannel:
    """A channel for asyncio, also with uvloop, and for trio. The words are those of `Channel`, and so is what it does.

    What talks to the service or to the store is a coroutine and blocks no event loop: the store works in a thread of
    the loop's executor. A task that is cancelled ends its call, waits until its outcome is recorded, which is a
    matter of milliseconds, and gets its `CancelledError` then. `receive` may be called for the same message again.

    Since 0.1.0.
    """

    def __init__(
        self,
        client: AsyncClient,
        store: Store,
        name: str,
        *,
        timeout: float | timedelta = 30.0,
        idle_after: float | timedelta | None = None,
        create_options: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes a channel; arguments and errors are those of `Channel`.

        Does not wait. Since 0.1.0.
        """
        if not isinstance(client, AsyncClient):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"an AsyncChannel needs an AsyncClient, not {type(client).__name__}")
        self._client = client
        self._answering = Answering(client, store, name, timeout, idle_after, create_options)
        self._lines = _Lines()

    @property
    def name(self) -> str:
        """What it is called in the store."""
        return self._answering.name

    async def receive(
        self,
        *,
        sender: str,
        message_id: str,
        text: str | None,
        integration_attributes: Mapping[str, Any] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Answer:
        """Gives a message to the agent, unless that was done before, and returns its answer.

        Arguments and errors are those of `Channel.receive`.

        Returns at the deadline at the latest, or a second later where an outcome is to be recorded. Any event loop.
        Since 0.1.0.
        """
        return await self._run(self._answering.receive(sender, message_id, text, integration_attributes, timeout))

    async def greet(
        self,
        *,
        sender: str,
        integration_attributes: Mapping[str, Any] | None = None,
        timeout: float | timedelta | None = None,
    ) -> Answer:
        """Begins a conversation for a sender who has written nothing yet, such as one who opens a chat in a page.

        Arguments and errors are those of `Channel.greet`.

        Returns at the deadline at the latest, or a second later where an outcome is to be recorded. Any event loop.
        Since 0.1.0.
        """
        return await self._run(self._answering.greet(sender, integration_attributes, timeout))

    async def accept(
        self,
        *,
        sender: str,
        message_id: str,
        text: str | None,
        integration_attributes: Mapping[str, Any] | None = None,
        for_others: bool = False,
    ) -> bool:
        """Keeps a message, to be answered by `receive` in a while; so a webhook can be confirmed at once.

        Arguments and errors are those of `Channel.accept`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.accept(sender, message_id, text, integration_attributes, for_others))

    async def pending(self, most: int = 100) -> list[Message]:
        """Takes accepted messages that nobody answers: their process has died, or they were tried and not sent.

        Arguments and errors are those of `Channel.pending`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.pending(most))

    async def delivered(self, answer: Answer) -> None:
        """Records that the customer has an answer, or the human a message that was handed over. Its texts are erased.

        Arguments and errors are those of `Channel.delivered`.

        Any event loop. Since 0.1.0.
        """
        await self._run(self._answering.delivered(answer, True))

    async def not_delivered(self, answer: Answer) -> None:
        """Records that an answer could not be delivered: the next `undelivered` finds it.

        Arguments and errors are those of `Channel.not_delivered`.

        Any event loop. Since 0.1.0.
        """
        await self._run(self._answering.delivered(answer, False))

    async def undelivered(self, most: int = 100) -> list[Answer]:
        """Takes answers that the customer has not got: their process has died before it said `delivered`, or it said
        `not_delivered`.

        Arguments and errors are those of `Channel.undelivered`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.undelivered(most))

    async def unknown(self, most: int = 100) -> list[Message]:
        """The messages that the agent may have heard and whose answer is lost. They are not sent again: a human may
        have to look. `settle` takes one off the list.

        Arguments and errors are those of `Channel.unknown`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.unknown(most))

    async def settle(self, *, sender: str, message_id: str) -> bool:
        """Records that somebody else has dealt with a message that is 'unknown' or pending. It will not be given to the
        agent, and its text is erased.

        Arguments and errors are those of `Channel.settle`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.settle(sender, message_id))

    async def hand_off(self, *, sender: str, destination: str | None = None, reason: str | None = None) -> None:
        """Hands a sender over to a human, as the agent may do. A turn that is under way still ends.

        Arguments and errors are those of `Channel.hand_off`.

        Any event loop. Since 0.1.0.
        """
        await self._run(self._answering.hand_off(sender, destination, reason))

    async def release(self, *, sender: str) -> None:
        """Gives a sender back to the agent. The next message goes on with the conversation, if that is still open.

        Arguments and errors are those of `Channel.release`.

        Any event loop. Since 0.1.0.
        """
        await self._run(self._answering.release(sender))

    async def look_up(self, *, sender: str) -> Sender:
        """What is known about a sender, who may be new. Sends nothing.

        Arguments and errors are those of `Channel.look_up`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.look_up(sender))

    async def close(self, *, sender: str, timeout: float | timedelta | None = None) -> bool:
        """Closes the conversation of a sender who has left, after the messages that are in line. The next message
        begins another. Whoever is with a human stays so.

        Arguments and errors are those of `Channel.close`.

        Returns at the deadline at the latest. Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.close(sender, timeout))

    async def close_idle(self, older_than: float | timedelta, *, timeout: float | timedelta | None = None) -> int:
        """Closes the conversations of senders with no message for so long, and those that were left behind. Call it in
        a timer.

        Arguments and errors are those of `Channel.close_idle`.

        Returns at the deadline at the latest. Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.close_idle(older_than, timeout))

    async def purge(self, older_than: float | timedelta) -> int:
        """Forgets messages that were done with so long ago, answers that were not delivered included, and senders of
        whom nothing is left. Call it in a timer.

        Arguments and errors are those of `Channel.purge`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.purge(older_than))

    def __repr__(self) -> str:
        return f"<AsyncChannel {self.name!r} of {self._client!r}>"

    async def _run(self, steps: Generator[Step, Any, _Result]) -> _Result:
        """Takes the steps, one after the other."""
        try:
            step = next(steps)
            while True:
                try:
                    outcome = await _take(step, self._lines)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            result: _Result = end.value
            return result


class _Lines:
    """Has the store be told of the messages of a sender in the order of the calls: threads of an executor may overtake
    each other."""

    def __init__(self) -> None:
        self._pid = 0

    def enter(self, sender: str, function: Callable[[], _Result]) -> Callable[[], _Result]:
        """To be done by a thread, after what was entered for this sender before."""
        if self._pid != os.getpid():  # what a parent process had under way does not end here
            self._lock, self._last, self._pid = Lock(), dict[str, Event](), os.getpid()
        mine = Event()
        with self._lock:
            previous = self._last.get(sender)
            self._last[sender] = mine

        def entered() -> _Result:
            try:
                if previous is not None:
                    previous.wait()
                return function()
            finally:
                mine.set()
                with self._lock:
                    if self._last.get(sender) is mine:
                        del self._last[sender]

        return entered


async def _take(step: Step, lines: _Lines) -> Any:
    if isinstance(step, Pause):
        await _pause(step.seconds)
        return None
    if isinstance(step, Call):
        return await step.run()
    assert isinstance(step, InStore)
    if step.enters_line_of is None:
        return await _in_a_thread(step.run)
    return await _in_a_thread(lines.enter(step.enters_line_of, step.run))


async def _pause(seconds: float) -> None:
    if _runs_under_trio():
        import trio

        await trio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)


async def _in_a_thread(function: Callable[[], _Result]) -> _Result:
    """Does what blocks to its end, also when the task is cancelled meanwhile."""
    if _runs_under_trio():
        import trio

        with _out_of_reach():
            done: _Result = await trio.to_thread.run_sync(function)
        return done  # a cancellation is raised at the next step
    cancellation = None
    future = asyncio.get_running_loop().run_in_executor(None, function)
    with _out_of_reach():
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError as error:
                cancellation = error
    if cancellation is not None:
        if not future.cancelled():
            future.exception()  # has been seen
        raise cancellation
    return future.result()


def _runs_under_trio() -> bool:
    # Set by trio while it runs a task. Neither is imported for those who do not use it.
    sniffio = sys.modules.get("sniffio")
    return sniffio is not None and sniffio.thread_local.name == "trio"


def _out_of_reach() -> AbstractContextManager[object]:
    """Where the scopes of trio and anyio, which cancel whatever is awaited inside them again and again, do not
    reach."""
    library = sys.modules.get("trio" if _runs_under_trio() else "anyio")
    scope: AbstractContextManager[object] = nullcontext() if library is None else library.CancelScope(shield=True)
    return scope
