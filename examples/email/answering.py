"""What happens to an e-mail that the store has: the agent, the answer, and the humans who get the rest."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

from polyai_chat import ChatError, plain_text
from polyai_chat_channels import Answer, Channel, Message, Parked, StoreError

import settings
from composing import as_bytes, letter_to
from inbox import FOR_A_HUMAN, SENT, Found, MailboxError, SharedMailbox
from reading import plain
from sending import SendError, send
from taking import HUMANS

HOUR = 3600.0
PARKED = {
    "unknown": "the agent may have heard it, its answer is lost",
    "refused": "the agent cannot be given it",
    "exhausted": "the agent could not be reached",
    "killed_its_worker": "it cannot be worked on",
}

log = logging.getLogger("email")


class Answering:
    """Answers what is in the store. Any number of processes may do so, on any number of machines."""

    def __init__(self, channel: Channel, inbox: Channel, is_stopping: threading.Event) -> None:
        self._channel = channel
        self._inbox = inbox
        self._is_stopping = is_stopping
        self._mailbox = SharedMailbox()
        self._tidied_at = float("-inf")

    def run(self) -> None:
        """Goes on until the program stops, whatever fails; then turns that are under way end."""
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(settings.TURNS_AT_ONCE) as threads:
            while not self._is_stopping.is_set():
                under_way = {work for work in under_way if not work.done()}
                room = settings.TURNS_AT_ONCE - len(under_way)
                if room == 0:
                    wait(under_way, timeout=1.0, return_when=FIRST_COMPLETED)
                    continue
                found = [threads.submit(self._do, work) for work in self._take(room)]
                under_way.update(found)
                if not found:
                    self._rest()
        self._mailbox.close()

    def _rest(self) -> None:
        try:
            self._channel.wait(settings.TICK_SECONDS)
        except ChatError:
            self._is_stopping.wait(1.0)

    def _take(self, most: int) -> list[Callable[[], None]]:
        """What there is to do now, at most so much of it: of what is taken from the store nothing is to lie around."""
        found: list[Callable[[], None]] = []
        try:
            if time.monotonic() > self._tidied_at + HOUR:
                self._tidied_at = time.monotonic()
                found.append(self._tidy)
            found += [partial(self._deliver, answer) for answer in self._channel.undelivered(most)]
            if len(found) < most:
                found += [self._given_up(parked) for parked in self._channel.take_parked(most - len(found))]
            if len(found) < most:
                found += [partial(self._answer, message) for message in self._channel.pending(most - len(found))]
        except ChatError as error:
            log.error("the store is asked again in a while: %s", error)
        except Exception:
            log.exception("the store is asked again in a while")
        return found

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ChatError as error:  # what is recorded is found again
            log.error("an e-mail is left for later: %s", error)
        except Exception:
            log.exception("an e-mail is left for later")

    def _answer(self, message: Message) -> None:
        try:
            answer = self._channel.answer(message)
        except ChatError as error:
            # Nothing was said: it is tried again. The agent may have heard it: it is on the list of the parked.
            log.warning("%s: %s", message.message_id, error)
            return
        if answer.is_behind:
            self._channel.not_delivered(answer)  # it comes after the earlier one
        elif answer.state in ("open", "ended", "handed_off") and not answer.is_delivered:
            self._deliver(answer)

    def _deliver(self, answer: Answer) -> None:
        """Brings an answer to the customer, an e-mail to the humans: at least once, since `delivered` comes last."""
        try:
            is_done = self._has_delivered(answer)
        except MailboxError as error:
            log.error("%s: %s", answer.message.message_id, plain(str(error), 300))
            is_done = False
        if is_done:
            self._until_recorded(partial(self._channel.delivered, answer))
        else:
            after = _next_try(answer.message)
            self._until_recorded(partial(self._channel.not_delivered, answer, after=after))

    def _until_recorded(self, record: Callable[[], None]) -> None:
        """Records what became of an answer, also while the store is away for a time: otherwise it is sent once more."""
        while True:
            try:
                return record()
            except StoreError as error:
                log.error("an answer waits for the store: %s", error)
            if self._is_stopping.wait(settings.TICK_SECONDS):
                return None

    def _has_delivered(self, answer: Answer) -> bool:
        message = answer.message
        with self._mailbox.use() as mailbox:
            found = mailbox.find_message(message)
        if not found:  # it may still be on its way out of the inbox
            if not _is_old(message):
                return False
            log.error("%s: the e-mail is not in the mailbox any more, so it is not answered", message.message_id)
            return True
        if answer.response and not self._has_sent(found, answer):
            return False
        if answer.state == "handed_off":
            self._move_all(found)
        return True

    def _has_sent(self, found: list[Found], answer: Answer) -> bool:
        """Whether the customer has the answer, or a human knows that it cannot be sent."""
        mail = found[0].mail
        letter = letter_to(mail, words_of(answer))
        try:
            send(letter)
        except SendError as error:
            log.error("%s: %s", mail.message_id, error)
            if error.may_pass and not _is_old(answer.message):
                return False
            self._channel.hand_off(sender=mail.sender, destination=HUMANS, reason=f"its answer was not sent: {error}")
            with self._mailbox.use() as mailbox:
                mailbox.add(FOR_A_HUMAN, as_bytes(letter), "\\Draft")
            self._move_all(found)
            return True
        try:
            with self._mailbox.use() as mailbox:
                mailbox.add(SENT, as_bytes(letter), "\\Seen")
        except MailboxError as error:  # the customer has it, which cannot be taken back
            log.error("%s: the answer is not in the folder %s: %s", mail.message_id, SENT, plain(str(error), 300))
        return True

    def _given_up(self, parked: Parked) -> Callable[[], None]:
        """Leaves a thread to a human before its next e-mail is taken. What remains is to show it to that human."""
        message = parked.message
        log.warning("for a human: %s, %s", message.message_id, PARKED[parked.why])
        self._channel.hand_off(sender=message.sender, destination=HUMANS, reason=PARKED[parked.why])
        return partial(self._show, message)

    def _show(self, message: Message) -> None:
        try:
            with self._mailbox.use() as mailbox:
                found = mailbox.find_message(message)
            if not found and not _is_old(message):
                return  # it is taken again when its lease is over
            self._move_all(found)
        except MailboxError as error:
            log.error("%s: %s", message.message_id, plain(str(error), 300))
            return
        self._channel.resolve(sender=message.sender, message_id=message.message_id, note=f"in the folder {FOR_A_HUMAN}")

    def _move_all(self, found: list[Found]) -> None:
        with self._mailbox.use() as mailbox:
            for one in found:
                mailbox.move(one.folder, one.uid, FOR_A_HUMAN)

    def _tidy(self) -> None:
        for channel in (self._channel, self._inbox):
            channel.purge(settings.REMEMBERED_FOR)
        self._channel.close_idle(settings.IDLE_AFTER)


def words_of(answer: Answer) -> str:
    """What the customer reads. The greeting asks what the e-mail has said already."""
    return plain_text(answer.response or "")


def _is_old(message: Message) -> bool:
    return time.time() - message.received_at > settings.GIVE_UP_SECONDS


def _next_try(message: Message) -> float:
    """After how many seconds an answer is tried again: the longer it was tried, the later."""
    return min(max(1.0, (time.time() - message.received_at) / 2), 600.0)
