"""What happens to a message after the webhook was confirmed: the agent, the customer, and who looks after the rest."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import time
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from polyai_chat import AsyncClient, ChatError
from polyai_chat_channels import Answer, AsyncChannel, Message, SQLiteStore

import settings
from graph import Graph, SendError
from humans import Humans
from webhook import Incoming

TEXT_ONLY = "Sorry, I can only read text. Could you write it, please?"
GIVEN_UP = "Sorry, I cannot answer right now. A colleague will get back to you."

log = logging.getLogger("whatsapp")


class Answering:
    """The messages of a worker that are under way, and what was left by workers that died."""

    def __init__(self, client: AsyncClient, store: SQLiteStore, graph: Graph, humans: Humans) -> None:
        self._channel = AsyncChannel(
            client,
            store,
            "whatsapp",
            timeout=settings.TURN_SECONDS,
            idle_after=settings.IDLE_AFTER,
            create_options={"channel": "whatsapp"},
        )
        # Pictures and the like: the agent does not get them, but they too are answered once.
        self._unreadable = AsyncChannel(client, store, "whatsapp, unreadable")
        self._graph = graph
        self._humans = humans
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # Whoever has this file's lock looks after what is left. The system takes it from a process that dies.
        self._watch = settings.STORE.with_suffix(".watch").open("w")

    async def take_in(self, messages: list[Incoming]) -> None:
        """Keeps messages in the store, and begins to answer those that are new."""
        for message in messages:
            channel = self._unreadable if message.text is None else self._channel
            attributes = {"profile_name": message.profile_name} if message.profile_name else None
            is_new = await channel.accept(
                sender=message.sender,
                message_id=message.message_id,
                text=message.text,
                integration_attributes=attributes,
            )
            if is_new:
                kept = Message(message.sender, message.message_id, message.text, attributes, time.time())
                self._start(self._refuse(kept) if message.text is None else self._answer(kept))

    # One message.

    async def _answer(self, message: Message) -> None:
        try:
            answer = await self._channel.receive(
                sender=message.sender,
                message_id=message.message_id,
                text=message.text,
                integration_attributes=message.integration_attributes,
            )
        except ChatError as error:
            # Nothing was said: it is tried again. The agent may have heard it: it is on the list of the unknown.
            log.warning("%s: %s", message.message_id, error)
            return
        if not answer.is_repeated:  # else it is delivered by who was first
            await self._deliver(answer)

    async def _deliver(self, answer: Answer) -> None:
        """What one worker sends to a customer goes out in the order in which the agent said it."""
        async with self._lines.setdefault(answer.message.sender, asyncio.Lock()):
            await self._deliver_now(answer)

    async def _deliver_now(self, answer: Answer) -> None:
        """Brings an answer to the customer, or a message to the humans: at least once, since `delivered` comes last."""
        message = answer.message
        if answer.state == "handed_off":
            handoff = answer.handoff
            self._humans.tell(
                sender=message.sender,
                message_id=message.message_id,
                text=message.text,
                why=(handoff.reason if handoff else None) or "handed over",
                destination=handoff.destination if handoff else None,
            )
        texts = [text for text in (answer.greeting, answer.response) if text]
        try:
            if texts:
                await self._graph.send(message.sender, "\n\n".join(texts))
        except SendError as error:
            log.error("%s: %s", message.message_id, error)
            if error.may_pass and time.time() - message.received_at < settings.GIVE_UP_SECONDS:
                await self._channel.not_delivered(answer)  # for the next round
                return
            self._humans.tell(
                sender=message.sender,
                message_id=message.message_id,
                text=message.text,
                why="the answer could not be sent" + (", or may have been" if error.may_be_sent else ""),
            )
        await self._channel.delivered(answer)

    async def _refuse(self, message: Message) -> None:
        """Answers what cannot be read. Once at most: it is no great loss."""
        if await self._unreadable.settle(sender=message.sender, message_id=message.message_id):
            await self._try_to_send(message.sender, TEXT_ONLY)

    async def _give_up(self, message: Message, why: str) -> None:
        """Leaves a message to the humans that the agent was not given, or may have heard."""
        self._humans.tell(sender=message.sender, message_id=message.message_id, text=message.text, why=why)
        if await self._channel.settle(sender=message.sender, message_id=message.message_id):
            await self._try_to_send(message.sender, GIVEN_UP)

    async def _try_to_send(self, sender: str, text: str) -> None:
        try:
            await self._graph.send(sender, text)
        except SendError as error:
            log.error("%s", error)

    # What is left: at the start, and every few seconds.

    async def _watch_over(self) -> None:
        while True:
            try:
                if self._has_the_watch():
                    await self._look_after_what_is_left()
            except ChatError as error:  # the store, or the service
                log.error("what is left has to wait for the next round: %s", error)
            except Exception:
                log.exception("what is left has to wait for the next round")
            await asyncio.sleep(settings.TICK_SECONDS)

    def _has_the_watch(self) -> bool:
        try:
            fcntl.flock(self._watch, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    async def _look_after_what_is_left(self) -> None:
        for answer in await self._channel.undelivered():
            self._start(self._deliver(answer))
        for message in await self._channel.pending():
            if time.time() - message.received_at > settings.GIVE_UP_SECONDS:
                self._start(self._give_up(message, "the agent could not be reached"))
            else:
                self._start(self._answer(message))
        for message in await self._unreadable.pending():
            self._start(self._refuse(message))
        for message in await self._channel.unknown():
            await self._give_up(message, "the agent may have heard it, its answer is lost")
        await self._channel.close_idle(settings.IDLE_AFTER)
        for channel in (self._channel, self._unreadable):
            await channel.purge(settings.REMEMBERED_FOR)

    # From the start of a worker to its end.

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # The store has failed, say. What is recorded is found by the next round, or the next process.
            log.error("a message is left for later", exc_info=task.exception())

    async def __aenter__(self) -> Answering:
        self._watching = asyncio.create_task(self._watch_over())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Lets what is under way finish, and stops what takes too long: it is recorded what became of it."""
        await stopped([self._watching])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=settings.STOP_SECONDS)
        await stopped(self._tasks)
        self._watch.close()


async def stopped(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels tasks, and waits until they have recorded what there is to record."""
    for task in list(tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
