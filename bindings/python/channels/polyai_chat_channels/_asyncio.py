"""A channel for asyncio and trio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from polyai_chat import AsyncClient

from ._answering import Answering
from ._loops import Lines, Places, Signal, in_a_thread, pause, to_its_end
from ._steps import Call, Enter, InStore, Pause, Wait

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from datetime import timedelta
    from typing import Literal

    from ._async_store import AsyncStore
    from ._records import Answer, Counts, Message, Parked, Sender
    from ._steps import Step
    from ._store import Store

_Result = TypeVar("_Result")


class AsyncChannel:
    """A channel for asyncio, also with uvloop, and for trio. The words are those of `Channel`, and so is what it does.

    All calls to the service and to the store are coroutines and block no event loop: an `AsyncStore` works in the
    loop, another one in threads of the loop's executor. However many calls there are, so many of them as
    `most_under_way` are under way at a time, and the others wait for a place; their deadline runs. A task that is
    cancelled ends its call, waits until its outcome is recorded, which is a matter of milliseconds, and gets its
    `CancelledError` then. `receive` may be called for the same message again.

    Since 0.1.0.
    """

    def __init__(
        self,
        client: AsyncClient,
        store: Store | AsyncStore,
        name: str,
        *,
        timeout: float | timedelta = 30.0,
        idle_after: float | timedelta | None = None,
        create_options: Mapping[str, Any] | None = None,
        give_up_after: float | timedelta | None = 86400.0,
        record_for: float | timedelta = 60.0,
        most_under_way: int = 128,
    ) -> None:
        """Makes a channel; arguments and errors are those of `Channel`, and `most_under_way`: how many messages the
        agent answers at a time, at most, for this object.

        Does not wait. Since 0.1.0.
        """
        if not isinstance(client, AsyncClient):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"an AsyncChannel needs an AsyncClient, not {type(client).__name__}")
        self._client = client
        if most_under_way < 1:
            raise ValueError(f"most_under_way must be 1 or more, not {most_under_way}")
        self._answering = Answering(client, store, name, timeout, idle_after, create_options, give_up_after, record_for)
        self._places = Places(most_under_way)
        self._beginning = Places(1)
        self._lines = Lines()
        self._is_in_loop = hasattr(store, "blocking")

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
        """Takes accepted messages that nobody answers, of each sender the first one in line.

        Arguments and errors are those of `Channel.pending`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.pending(most))

    async def answer(self, message: Message, *, timeout: float | timedelta | None = None) -> Answer:
        """Gives a message that `pending` has taken to the agent: what `receive` does, without asking the store twice.

        Arguments and errors are those of `Channel.answer`.

        Returns as `receive`. Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.answer(message, timeout))

    async def wait(self, seconds: float | timedelta) -> bool:
        """Waits until there may be something for `pending` or `undelivered`, or until the time has passed.

        Arguments and errors are those of `Channel.wait`.

        Returns when the time has passed at the latest. Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.wait(seconds))

    async def delivered(self, answer: Answer) -> None:
        """Records that the customer has an answer, or the human a message that was handed over. Its texts are erased.

        Arguments and errors are those of `Channel.delivered`.

        Any event loop. Since 0.1.0.
        """
        await self._run(self._answering.delivered(answer))

    async def not_delivered(self, answer: Answer, *, after: float | timedelta = 0.0) -> None:
        """Records that an answer could not be delivered: after so many seconds `undelivered` finds it.

        Arguments and errors are those of `Channel.not_delivered`.

        Any event loop. Since 0.1.0.
        """
        await self._run(self._answering.not_delivered(answer, after))

    async def undelivered(self, most: int = 100) -> list[Answer]:
        """Takes answers that the customer has not got: their process has died before it said `delivered`, or it said
        `not_delivered`. Of each sender it is the earliest one.

        Arguments and errors are those of `Channel.undelivered`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.undelivered(most))

    async def parked(self, most: int = 100) -> list[Parked]:
        """The messages that wait for a human. They are not given to the agent, and nothing waits for them.

        Arguments and errors are those of `Channel.parked`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.parked(most))

    async def take_parked(self, most: int = 100) -> list[Parked]:
        """Takes parked messages, to tell a human of them: two processes do not get the same.

        Arguments and errors are those of `Channel.take_parked`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.take_parked(most))

    async def resolve(
        self,
        *,
        sender: str,
        message_id: str,
        how: Literal["dismissed", "answered", "again"] = "dismissed",
        note: str | None = None,
        may_be_said_twice: bool = False,
    ) -> bool:
        """Records that somebody has dealt with a message that is parked or pending. Its text is erased.

        Arguments and errors are those of `Channel.resolve`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.resolve(sender, message_id, how, note, may_be_said_twice))

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

    async def counts(self, up_to: int = 1000) -> Counts:
        """How much is in line, under way, to be delivered and parked.

        Arguments and errors are those of `Channel.counts`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.counts(up_to))

    async def export(self, *, sender: str) -> dict[str, Any]:
        """All that the store keeps of a sender, as what JSON can say; empty where there is nothing.

        Arguments and errors are those of `Channel.export`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.export(sender))

    async def forget(self, *, sender: str) -> bool:
        """Erases all that the store keeps of a sender, message ids too, whatever is under way.

        Arguments and errors are those of `Channel.forget`.

        Any event loop. Since 0.1.0.
        """
        return await self._run(self._answering.forget(sender))

    def __repr__(self) -> str:
        return f"<AsyncChannel {self.name!r} of {self._client!r}>"

    async def _run(self, steps: Generator[Step, Any, _Result]) -> _Result:
        """Takes the steps, one after the other."""
        place = _Place(self._places)
        try:
            step = next(steps)
            while True:
                try:
                    outcome = await self._take(step, place)
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(outcome)
        except StopIteration as end:
            result: _Result = end.value
            return result
        finally:
            place.leave()

    async def _take(self, step: Step, place: _Place) -> Any:
        if isinstance(step, Enter):
            return await place.enter(step.seconds)
        if isinstance(step, Pause):
            return await pause(step.seconds)
        if isinstance(step, Wait):
            is_held = place.is_held
            place.leave()  # whoever is before it may need one
            was_told = await _told(step)
            if is_held:
                await place.enter(None)
            return was_told
        if isinstance(step, Call):
            return await step.run()
        assert isinstance(step, InStore)
        if step.blocks:
            await self._beginning.enter(None)
            try:
                return await in_a_thread(step.run)
            finally:
                self._beginning.leave()
        if self._is_in_loop:
            return await to_its_end(self._lines.entered(step.enters_line_of, step.run))
        if step.enters_line_of is None:
            return await in_a_thread(step.run)
        return await in_a_thread(self._lines.enter(step.enters_line_of, step.run))


class _Place:
    """The place of a call among those that are under way."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.is_held = False

    async def enter(self, seconds: float | None) -> bool:
        self.is_held = await self._places.enter(seconds)
        return self.is_held

    def leave(self) -> None:
        if self.is_held:
            self.is_held = False
            self._places.leave()


async def _told(step: Wait) -> bool:
    signal = Signal()
    step.watch.then(signal.set)
    try:
        await signal.wait(step.seconds)
    finally:
        was_told = step.watch.was_told(signal.set)
    return was_told
