"""What happens to a message after the webhook was confirmed: the agent, the customer, and who looks after the rest."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from polyai_chat import AsyncClient, ChatError
from polyai_chat_channels import Answer, AsyncChannel, Message, SQLiteStore

import settings
from graph import Graph, SendError, parts_of
from humans import Humans
from parts import Parts
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
        self._parts = Parts(settings.STORE.with_suffix(".parts"))
        self._tasks: set[asyncio.Task[object]] = set()
        self._turns: dict[str, set[asyncio.Task[object]]] = {}  # those of a customer that are under way
        self._recent: dict[str, deque[float]] = {}
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        # Whoever has this file's lock looks after what is left. The system takes it from a process that dies.
        self._watch = settings.STORE.with_suffix(".watch").open("w")

    async def take_in(self, messages: list[Incoming]) -> None:
        """Keeps messages in the store, and begins to answer those that are new."""
        for message in messages:
            sender, message_id = message.sender, message.message_id
            if message.text is not None:
                attributes = {"profile_name": message.profile_name} if message.profile_name else None
                if await self._channel.accept(
                    sender=sender, message_id=message_id, text=message.text, integration_attributes=attributes
                ):
                    kept = Message(sender, message_id, message.text, attributes, time.time())
                    is_too_many = self._are_too_many(sender)
                    self._start(self._leave(kept, "too many messages") if is_too_many else self._answer(kept), sender)
            if message.attachment is not None and await self._unreadable.accept(
                sender=sender, message_id=message_id, text=message.text, integration_attributes=message.attachment
            ):
                kept = Message(sender, message_id, message.text, message.attachment, time.time())
                self._start(self._refuse(kept))

    def _are_too_many(self, sender: str) -> bool:
        """Whether a customer, or all of them, write more in a minute than the agent is to be given, in this worker."""
        now = time.monotonic()
        for name, most in ((sender, settings.MESSAGES_A_MINUTE), ("", settings.ALL_MESSAGES_A_MINUTE)):
            recent = self._recent.setdefault(name, deque(maxlen=most))
            if len(recent) == most and recent[0] > now - 60:
                return True
            recent.append(now)
        for name in [name for name, recent in self._recent.items() if recent[-1] < now - 60]:
            del self._recent[name]
        return False

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
            last_at = message.received_at + settings.GIVE_UP_SECONDS
            if error.may_resend and error.retry_after and time.time() + error.retry_after > last_at:
                await self._give_up(message, "the agent wants to be left alone for longer than a customer waits")
            return
        if not answer.is_repeated:  # else it is delivered by who was first
            await self._deliver(answer)

    async def _deliver(self, answer: Answer) -> None:
        """What one worker sends to a customer goes out in the order in which the agent said it."""
        async with self._lines.setdefault(answer.message.sender, asyncio.Lock()):
            try:
                await self._deliver_now(answer)
            except (OSError, sqlite3.Error):  # the disk, say
                await self._channel.not_delivered(answer)  # for the next round
                raise

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
        parts = parts_of("\n\n".join(text for text in (answer.greeting, answer.response) if text))
        try:
            await self._send_all(message, parts)
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
        if len(parts) > 1:
            await asyncio.to_thread(self._parts.forget, _key(message))

    async def _send_all(self, message: Message, parts: list[str]) -> None:
        """Sends what the customer does not have yet."""
        done = await asyncio.to_thread(self._parts.sent, _key(message)) if len(parts) > 1 else 0
        for number, part in enumerate(parts[done:], done + 1):
            await self._graph.send(message.sender, part)
            if len(parts) > 1:
                await asyncio.to_thread(self._parts.note, _key(message), number)

    async def _refuse(self, message: Message) -> None:
        """What cannot be read is for the human who has the customer. Without one the customer is told, once at most."""
        if earlier := self._turns.get(message.sender):
            await asyncio.wait(set(earlier))  # one of them may hand over
        handoff = (await self._channel.look_up(sender=message.sender)).handoff
        if handoff is not None:
            await self._tell(
                message, handoff.reason or "handed over", handoff.destination, message.integration_attributes
            )
        is_first = await self._unreadable.settle(sender=message.sender, message_id=message.message_id)
        if is_first and handoff is None and message.text is None:
            await self._try_to_send(message.sender, TEXT_ONLY)

    async def _give_up(self, message: Message, why: str) -> None:
        """Leaves a message to the humans that the agent was not given, or may have heard, and says so."""
        if await self._leave(message, why):
            await self._try_to_send(message.sender, GIVEN_UP)

    async def _leave(self, message: Message, why: str) -> bool:
        """Leaves a message to the humans; False if somebody else did."""
        await self._tell(message, why)
        return await self._channel.settle(sender=message.sender, message_id=message.message_id)

    async def _tell(
        self, message: Message, why: str, destination: str | None = None, attachment: dict[str, Any] | None = None
    ) -> None:
        """Tells the humans, until that succeeds."""
        while True:
            try:
                self._humans.tell(
                    sender=message.sender,
                    message_id=message.message_id,
                    text=message.text,
                    why=why,
                    destination=destination,
                    attachment=attachment,
                )
            except OSError as error:
                log.error("the humans cannot be told: %s", error)
                await asyncio.sleep(settings.TICK_SECONDS)
            else:
                return

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
                self._start(self._answer(message), message.sender)
        for message in await self._unreadable.pending():
            self._start(self._refuse(message))
        for message in await self._channel.unknown():
            await self._give_up(message, "the agent may have heard it, its answer is lost")
        await self._channel.close_idle(settings.IDLE_AFTER)
        for channel in (self._channel, self._unreadable):
            await channel.purge(settings.REMEMBERED_FOR)

    # From the start of a worker to its end.

    def _start(self, work: Coroutine[Any, Any, object], sender: str | None = None) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if sender is not None:
            turns = self._turns.setdefault(sender, set())
            turns.add(task)
            task.add_done_callback(lambda done: self._turn_ended(sender, done))

    def _turn_ended(self, sender: str, task: asyncio.Task[object]) -> None:
        turns = self._turns[sender]
        turns.discard(task)
        if not turns:
            del self._turns[sender]

    def _ended(self, task: asyncio.Task[object]) -> None:
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


def _key(message: Message) -> str:
    return f"{message.sender} {message.message_id}"


async def stopped(tasks: Iterable[asyncio.Task[object]]) -> None:
    """Cancels tasks, and waits until they have recorded what there is to record."""
    for task in list(tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
