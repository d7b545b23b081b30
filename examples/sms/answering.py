"""What happens to a message that Kannel has brought: the agent, the answer, the numbers that want none, the humans.

All that has to survive is in the store. Any number of workers, on any number of machines, take from it what waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any

from polyai_chat import AsyncClient, ChatError, plain_text
from polyai_chat_channels import Answer, AsyncChannel, AsyncStore, Message, Store, StoreError

import settings
from fitting import fitted
from gateway import Gateway, SendError
from humans import Humans
from incoming import Incoming, Report, word_of

PARKED = {
    "unknown": "the agent may have heard it, its answer is lost",
    "refused": "the agent cannot be given it",
    "exhausted": "the agent could not be reached",
    "killed_its_worker": "it cannot be worked on",
}
REPORTS = {"1": "delivered", "2": "not delivered", "16": "rejected by the SMS centre"}

log = logging.getLogger("sms")


class Answering:
    """What a worker does with the messages in the store."""

    def __init__(self, client: AsyncClient, store: Store | AsyncStore, gateway: Gateway, humans: Humans) -> None:
        self._channel = AsyncChannel(
            client,
            store,
            "sms",
            timeout=settings.TURN_SECONDS,
            idle_after=settings.IDLE_AFTER,
            create_options={"channel": "sms"},
            give_up_after=settings.GIVE_UP_SECONDS,
        )
        # A number that wants no messages is handed off in a channel of its own, where no turn changes that.
        self._stopped = AsyncChannel(client, store, "sms, stopped")
        self._reports = AsyncChannel(client, store, "sms, reports")
        self._gateway = gateway
        self._humans = humans
        self._recent: dict[str, deque[float]] = {}
        self._told: set[tuple[str, str]] = set()  # messages of which humans know, while their answers are not delivered
        self._tasks: set[asyncio.Task[object]] = set()

    async def take_in(self, message: Incoming) -> None:
        """Keeps a message in the store, for whichever worker is free."""
        sender, message_id, word = message.sender, message.message_id, word_of(message.text)
        is_too_many = not word and self._is_too_many(sender)
        is_new = await self._channel.accept(
            sender=sender, message_id=message_id, text=message.text, for_others=not is_too_many
        )
        if is_new and word == "stop":
            await self._stop(sender)  # also what is under way; its place in the line is for a START before it
        if is_new and is_too_many:
            await self._leave(Message(sender, message_id, message.text), "too many messages")

    async def take_report(self, report: Report) -> None:
        """Records whether an answer was delivered. `polyai-chat-store export "sms, reports" SENDER` shows it."""
        said = REPORTS.get(report.status)
        if said is None:
            return
        message_id = f"{report.message_id} {report.status}"
        is_new = await self._reports.accept(sender=report.sender, message_id=message_id, text=None)
        if is_new and report.status != "1":
            self._humans.tell(
                sender=report.sender, message_id=report.message_id, text=None, why=f"the answer was {said}"
            )
        note = f"{said}, {report.centre_id}"
        await self._reports.resolve(sender=report.sender, message_id=message_id, how="answered", note=note)

    def _is_too_many(self, sender: str) -> bool:
        """Whether a number writes more than the agent is to be given, or a robot answers us."""
        now = time.monotonic()
        for name in [name for name, recent in self._recent.items() if recent[-1] < now - settings.HOUR]:
            del self._recent[name]
        recent = self._recent.setdefault(sender, deque(maxlen=settings.MESSAGES_AN_HOUR))
        if len(recent) == settings.MESSAGES_AN_HOUR and recent[0] > now - settings.HOUR:
            return True
        recent.append(now)
        return False

    # Numbers that want no messages.

    async def _stop(self, sender: str) -> None:
        await self._stopped.hand_off(sender=sender, reason="the customer wants no messages")

    async def _has_stopped(self, sender: str) -> bool:
        return (await self._stopped.look_up(sender=sender)).handoff is not None

    async def _obey(self, message: Message, word: str) -> None:
        """Does what a word says, and confirms it. It is in the line of its number, so the last word counts."""
        if word == "stop":
            await self._stop(message.sender)
        elif word == "start":
            await self._stopped.release(sender=message.sender)
        if word != "help" or not await self._has_stopped(message.sender):
            text = {"stop": settings.STOPPED, "start": settings.STARTED, "help": settings.HELP}[word]
            await self._try_to_send(message, text)
        await self._channel.resolve(sender=message.sender, message_id=message.message_id, note=word)

    # What waits, for as long as the worker runs.

    async def _work(self) -> None:
        while not self._is_stopping.is_set():
            try:
                await self._begin_what_waits()
            except Exception as error:
                log.error("what waits has to wait longer: %s", error, exc_info=not isinstance(error, ChatError))
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
                self._start(self._deal_with(message))
            if not answers and not messages:
                return

    async def _watch_over(self) -> None:
        """Looks for what nobody announces."""
        tidy_at = 0.0
        while not self._is_stopping.is_set():
            try:
                for parked in await self._channel.take_parked():
                    await self._leave(parked.message, PARKED[parked.why])
                if time.monotonic() > tidy_at:
                    tidy_at = time.monotonic() + settings.HOUR
                    for channel in (self._channel, self._stopped, self._reports):
                        await channel.purge(settings.REMEMBERED_FOR)
                    await self._channel.close_idle(settings.IDLE_AFTER)
            except Exception as error:
                log.error("what is left waits for the next round: %s", error, exc_info=not isinstance(error, ChatError))
            await self._unless_stopping(asyncio.sleep(settings.TICK_SECONDS))

    # One message.

    async def _deal_with(self, message: Message) -> None:
        if word := word_of(message.text or ""):
            await self._obey(message, word)
        elif await self._has_stopped(message.sender):
            await self._channel.resolve(sender=message.sender, message_id=message.message_id, note="stopped")
        else:
            await self._answer(message)

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
            await self._channel.not_delivered(answer)  # it comes after the earlier one
        else:
            await self._deliver(answer)

    async def _deliver(self, answer: Answer) -> None:
        """Brings an answer to the customer, a message to the humans: at least once, since `delivered` comes last."""
        message = answer.message
        try:
            is_delivered = await self._has_delivered(answer)
        except OSError as error:  # the disk, say
            log.error("%s: %s", message.message_id, error)
            is_delivered = False
        if is_delivered:
            await self._until_recorded(lambda: self._channel.delivered(answer))
            self._told.discard((message.sender, message.message_id))
        else:
            after = _next_try(message)
            await self._until_recorded(lambda: self._channel.not_delivered(answer, after=after))

    async def _until_recorded(self, record: Callable[[], Awaitable[None]]) -> None:
        """Records what became of an answer, also while the store is away for a time: otherwise it is sent once more."""
        while True:
            try:
                return await record()
            except StoreError as error:
                log.error("an answer waits for the store: %s", error)
            await asyncio.sleep(settings.TICK_SECONDS)

    async def _has_delivered(self, answer: Answer) -> bool:
        message, handoff = answer.message, answer.handoff
        if handoff is not None and (message.sender, message.message_id) not in self._told:
            self._tell(message, handoff.reason or "handed over", handoff.destination)
            self._told.add((message.sender, message.message_id))
        text = words_of(answer)
        if not text or await self._has_stopped(message.sender):
            return True
        try:
            await self._send(message, text)
        except SendError as error:
            log.error("%s: %s", message.message_id, error)
            if error.may_pass and not _is_old(message):
                return False
            self._tell(message, "the answer could not be sent")
        return True

    async def _send(self, message: Message, text: str) -> None:
        what = fitted(text, settings.MOST_PARTS)
        if what.is_cut:
            log.warning("%s: the answer is too long and was cut", message.message_id)
        await self._gateway.send(message.sender, message.message_id, what)

    async def _try_to_send(self, message: Message, text: str) -> None:
        try:
            await self._send(message, text)
        except SendError as error:
            log.error("%s: %s", message.message_id, error)

    async def _leave(self, message: Message, why: str) -> None:
        self._tell(message, why)
        await self._channel.resolve(sender=message.sender, message_id=message.message_id, note=why)

    def _tell(self, message: Message, why: str, destination: str | None = None) -> None:
        self._humans.tell(
            sender=message.sender,
            message_id=message.message_id,
            text=message.text,
            why=why,
            destination=destination,
        )

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
        await ended(tasks)

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
        await ended([watch])
        await work  # what it has just taken is begun
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=settings.STOP_SECONDS)
        await ended(self._tasks)


def words_of(answer: Answer) -> str:
    """What the customer reads."""
    return "\n\n".join(plain_text(text) for text in (answer.greeting, answer.response) if text)


def _is_old(message: Message) -> bool:
    return time.time() - message.received_at > settings.GIVE_UP_SECONDS


def _next_try(message: Message) -> float:
    """After how many seconds an answer is tried again: the longer it was tried, the later."""
    return min(max(1.0, (time.time() - message.received_at) / 2), 300.0)


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks, and waits until they have recorded what there is to record."""
    for task in list(tasks):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
