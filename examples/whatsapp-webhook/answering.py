"""What happens to a message after the webhook was confirmed: the agent, the customer, and who looks after the rest.

All that has to survive is in the store. Any number of workers, on any number of machines, take from it what waits: the
next message of a customer for the agent, and the next answer for the customer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any

from polyai_chat import AsyncClient, ChatError, plain_text
from polyai_chat_channels import Answer, AsyncChannel, AsyncStore, Message, Store, StoreError

import settings
from graph import Graph, SendError, parts_of
from humans import Humans
from limits import Limits
from parts import Parts
from webhook import Incoming

TEXT_ONLY = "Sorry, I can only read text. Could you write it, please?"
GIVEN_UP = "Sorry, I cannot answer right now. A colleague will get back to you."

PARKED = {
    "unknown": "the agent may have heard it, its answer is lost",
    "refused": "the agent cannot be given it",
    "exhausted": "the agent could not be reached",
    "killed_its_worker": "it cannot be worked on",
}

# What the agent does not get, such as a picture, is in its sender's line too, beside its caption: by this id, and
# without a text.
ATTACHMENT = " attachment"

log = logging.getLogger("whatsapp")


class Answering:
    """What a worker does with the messages in the store."""

    def __init__(self, client: AsyncClient, store: Store | AsyncStore, graph: Graph, humans: Humans) -> None:
        self._channel = AsyncChannel(
            client,
            store,
            "whatsapp",
            timeout=settings.TURN_SECONDS,
            idle_after=settings.IDLE_AFTER,
            create_options={"channel": "whatsapp"},
            give_up_after=settings.GIVE_UP_SECONDS,
        )
        self._parts = Parts(client, store)
        self._graph = graph
        self._humans = humans
        self._limits = Limits()
        self._tasks: set[asyncio.Task[object]] = set()

    async def take_in(self, messages: list[Incoming]) -> None:
        """Keeps messages in the store, for whichever worker is free."""
        for message in messages:
            if message.text is not None:
                await self._take_in_text(message, message.text)
            if message.attachment is not None:
                await self._channel.accept(
                    sender=message.sender,
                    message_id=message.message_id + ATTACHMENT,
                    text=None,
                    integration_attributes={"attachment": message.attachment, "caption": message.text},
                    for_others=True,
                )

    async def _take_in_text(self, message: Incoming, text: str) -> None:
        sender, message_id = message.sender, message.message_id
        attributes = {"profile_name": message.profile_name} if message.profile_name else None
        is_for_agent = self._limits.takes(sender)
        is_new = await self._channel.accept(
            sender=sender,
            message_id=message_id,
            text=text,
            integration_attributes=attributes,
            for_others=is_for_agent,  # else no worker takes it while it is left to the humans here
        )
        if is_new and not is_for_agent:
            self._start(self._leave(Message(sender, message_id, text), "too many messages"))
        elif not is_new and is_for_agent:
            self._limits.give_back(sender)

    # What waits, for as long as the worker runs.

    async def _work(self) -> None:
        while not self._is_stopping.is_set():
            try:
                await self._begin_what_waits()
            except StoreError as error:
                log.error("what waits has to wait longer: %s", error)
                await self._unless_stopping(asyncio.sleep(settings.TICK_SECONDS))
            except Exception:
                log.exception("what waits has to wait longer")
                await self._unless_stopping(asyncio.sleep(settings.TICK_SECONDS))
            if len(self._tasks) < settings.MOST_AT_ONCE:
                await self._unless_stopping(self._channel.wait(settings.TICK_SECONDS))
            else:
                await self._unless_stopping(asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED))

    async def _begin_what_waits(self) -> None:
        """Takes no more than this worker has hands for: what it has not taken is for the others."""
        while (free := settings.MOST_AT_ONCE - len(self._tasks)) > 0 and not self._is_stopping.is_set():
            answers = await self._channel.undelivered(free)
            for answer in answers:
                self._start(self._deliver(answer))
            messages = await self._channel.pending(free - len(answers)) if len(answers) < free else []
            for message in messages:
                self._start(self._answer(message) if message.text is not None else self._pass_on(message))
            if not answers and not messages:
                return

    async def _watch_over(self) -> None:
        """Looks for what nobody announces."""
        tidy_at = 0.0
        while not self._is_stopping.is_set():
            try:
                for parked in await self._channel.take_parked():
                    await self._give_up(parked.message, PARKED[parked.why])
                if time.monotonic() > tidy_at:
                    tidy_at = time.monotonic() + settings.TIDY_SECONDS
                    await self._channel.close_idle(settings.IDLE_AFTER)
                    await self._channel.purge(settings.REMEMBERED_FOR)
                    await self._parts.purge()
            except ChatError as error:  # the store, or the service
                log.error("what is left has to wait for the next round: %s", error)
            except Exception:
                log.exception("what is left has to wait for the next round")
            await self._unless_stopping(asyncio.sleep(settings.TICK_SECONDS))

    # One message.

    async def _answer(self, message: Message) -> None:
        try:
            answer = await self._channel.answer(message)
        except ChatError as error:
            # Nothing was said: it is tried again. The agent may have heard it: it is among the parked.
            log.warning("%s: %s", message.message_id, error)
            return
        if answer.is_repeated:  # it is delivered by who was first
            return
        if answer.is_behind:
            await self._until_recorded(lambda: self._channel.not_delivered(answer))  # it comes after the earlier one
        else:
            await self._deliver(answer)

    async def _deliver(self, answer: Answer) -> None:
        """Brings an answer to the customer, or a message to the humans: at least once, since `delivered` comes last."""
        try:
            is_delivered = await self._try_to_deliver(answer)
        except OSError as error:  # the disk, say
            log.error("%s: %s", answer.message.message_id, error)
            is_delivered = False
        if is_delivered:
            await self._until_recorded(lambda: self._channel.delivered(answer))
        else:
            wait = settings.TICK_SECONDS
            await self._until_recorded(lambda: self._channel.not_delivered(answer, after=wait))

    async def _try_to_deliver(self, answer: Answer) -> bool:
        """False where it is to be tried again."""
        message, handoff = answer.message, answer.handoff
        if handoff is not None:
            self._tell_once(message, handoff.reason or "handed over", handoff.destination)
        parts = parts_of("\n\n".join(plain_text(text) for text in (answer.greeting, answer.response) if text))
        try:
            await self._send_all(message, parts)
        except SendError as error:
            log.error("%s: %s", message.message_id, error)
            if error.may_pass and time.time() - message.received_at < settings.GIVE_UP_SECONDS:
                return False
            self._tell_once(message, "the answer could not be sent" + (", or may have been" * error.may_be_sent))
        return True

    async def _send_all(self, message: Message, parts: list[str]) -> None:
        """Sends what the customer does not have yet."""
        if len(parts) < 2:
            for part in parts:
                await self._graph.send(message.sender, part)
            return
        done = await self._parts.sent(message)
        for number, part in enumerate(parts[done:], done + 1):
            await self._graph.send(message.sender, part)
            await self._parts.note(message, number)

    async def _pass_on(self, message: Message) -> None:
        """What cannot be read is for the human who has the customer. Without one the customer is told, once at most."""
        handoff = (await self._channel.look_up(sender=message.sender)).handoff
        if handoff is not None:
            await self._tell(message, handoff.reason or "handed over", handoff.destination)
        is_first = await self._channel.resolve(sender=message.sender, message_id=message.message_id)
        has_caption = (message.integration_attributes or {}).get("caption") is not None
        if is_first and handoff is None and not has_caption:
            await self._try_to_send(message.sender, TEXT_ONLY)

    async def _give_up(self, message: Message, why: str) -> None:
        """Leaves a message to the humans that the agent was not given, or may have heard, and says so."""
        if await self._leave(message, why):
            await self._try_to_send(message.sender, GIVEN_UP)

    async def _leave(self, message: Message, why: str) -> bool:
        """Leaves a message to the humans; False if somebody else did."""
        await self._tell(message, why)
        return await self._channel.resolve(sender=message.sender, message_id=message.message_id)

    async def _tell(self, message: Message, why: str, destination: str | None = None) -> None:
        """Tells the humans, until that succeeds."""
        while True:
            try:
                self._tell_once(message, why, destination)
            except OSError as error:
                log.error("the humans cannot be told: %s", error)
                await asyncio.sleep(settings.TICK_SECONDS)
            else:
                return

    def _tell_once(self, message: Message, why: str, destination: str | None = None) -> None:
        about = message.integration_attributes or {}
        is_attachment = message.text is None and "attachment" in about
        self._humans.tell(
            sender=message.sender,
            message_id=message.message_id.removesuffix(ATTACHMENT) if is_attachment else message.message_id,
            text=about["caption"] if is_attachment else message.text,
            why=why,
            destination=destination,
            attachment=about["attachment"] if is_attachment else None,
        )

    async def _try_to_send(self, sender: str, text: str) -> None:
        try:
            await self._graph.send(sender, text)
        except SendError as error:
            log.error("%s", error)

    async def _until_recorded(self, record: Callable[[], Awaitable[None]]) -> None:
        """Records what has become of an answer. While the store is away that is tried again: what is not recorded is
        sent once more after five minutes."""
        while True:
            try:
                await record()
            except StoreError as error:
                log.error("an answer waits for the store: %s", error)
                await asyncio.sleep(settings.TICK_SECONDS)
            else:
                return

    # From the start of a worker to its end.

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # The store has failed, say. What is recorded is found again, by this worker or by another.
            log.error("a message is left for later", exc_info=task.exception())

    async def _unless_stopping(self, waiting: Coroutine[Any, Any, object]) -> None:
        """Waits for something, or for the worker's end."""
        tasks = [asyncio.create_task(waiting), asyncio.create_task(self._is_stopping.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await stopped(tasks)

    async def __aenter__(self) -> Answering:
        self._is_stopping = asyncio.Event()
        self._loops = [asyncio.create_task(self._work()), asyncio.create_task(self._watch_over())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Lets what is under way finish, and stops what takes too long: it is recorded what became of it."""
        self._is_stopping.set()
        work, watch = self._loops
        await stopped([watch])
        await work  # what it has just taken is begun
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=settings.STOP_SECONDS)
        await stopped(self._tasks)


async def stopped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks, and waits until they have recorded what there is to record."""
    for task in list(tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
