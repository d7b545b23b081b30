"""What a worker does over and over: has the agent answer what waits, and brings the answers into the tickets.

Any number of workers may run, on any number of machines. A message is given to the agent once: that is the channel's
part. An answer is in the ticket once, since the follow-up and the record of it are one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction
from django.db.models import QuerySet
from helpdesk.models import Ticket
from polyai_chat import (
    AuthenticationError,
    BusyError,
    ChatError,
    Client,
    ConnectError,
    DeadlineExceededError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
)
from polyai_chat_channels import Answer, Channel, Message, Parked, StoreError

from . import thread
from .configuration import CHANNEL, configuration
from .models import AgentMessage, State
from .store import django_store

# Worth another try with nothing changed; and for a wrong key, somebody will change it.
WORTH_ANOTHER_TRY = (
    *(ConnectError, DeadlineExceededError, BusyError, UnavailableError, RateLimitedError),
    *(AuthenticationError, PermissionDeniedError),
)

_log = logging.getLogger("polyai_helpdesk")


class Worker:
    """One pair of hands. Make one for each thread or task; they may share a client."""

    def __init__(self, client: Client) -> None:
        desk = configuration()
        self._desk = desk
        self._store = django_store()
        self._channel = Channel(
            client,
            self._store,
            CHANNEL,
            timeout=desk.turn_seconds,
            create_options=desk.create_options,
            give_up_after=desk.give_up_seconds,
        )

    def work_off(self, goes_on: Callable[[], bool] = lambda: True) -> int:
        """Does what there is to do now, and returns how much it was."""
        done = 0
        while goes_on():
            batch = self._step()
            if not batch:
                break
            done += batch
        return done

    def tidy_up(self) -> None:
        """Closes conversations in which nobody says anything, and forgets what is long past. For once an hour or so."""
        self._channel.close_idle(self._desk.idle_seconds)
        self._channel.purge(self._desk.keep_seconds)

    def _step(self) -> int:
        for parked in self._channel.take_parked(most=10):
            self._leave_to_a_human(parked.message, _why(parked))
        brought = [answer for answer in self._channel.undelivered(most=10) if self._bring(answer)]
        pending = self._channel.pending(most=1)  # no more: others are free while this one waits for the agent
        for message in pending:
            self._ask(message)
        return len(brought) + len(pending)

    def _ask(self, message: Message) -> None:
        """Has the agent answer one message."""
        ticket = Ticket.objects.filter(pk=message.sender).first()
        if ticket is None or thread.is_a_humans(ticket):
            self._channel.resolve(sender=message.sender, message_id=message.message_id)
            return
        if thread.is_agents(ticket):
            self._channel.release(sender=message.sender)
        if self._turns_today(message.sender) >= self._desk.most_turns:
            self._leave_to_a_human(message, f"The agent has answered {self._desk.most_turns} times in a day.")
            return
        try:
            answer = self._channel.answer(message)
        except StoreError as error:
            _log.error("%s: %s", ticket.ticket_for_url, error)
        except ChatError as error:
            self._failed(message, error)
        else:
            if answer.is_behind:
                self._channel.not_delivered(answer)  # it is brought after the earlier one
            elif answer.state in ("open", "ended", "handed_off"):
                self._bring(answer)

    def _failed(self, message: Message, error: ChatError) -> None:
        """Tries again later, or leaves the message to a human. What is parked is found by the next step."""
        _log.warning("ticket %s: %s", message.sender, error)
        if not self._waits(message):
            return
        if not isinstance(error, WORTH_ANOTHER_TRY) and error.may_resend:
            self._leave_to_a_human(message, f"The agent has not got this message: {error}")
        elif message.tries == 0:
            with transaction.atomic():
                thread.add_note(_ticket(message), f"The agent has not got this message yet; it is tried again. {error}")

    def _bring(self, answer: Answer) -> bool:
        """Brings an answer into its ticket: all of it, and the record of that, or nothing."""
        try:
            with transaction.atomic():
                ticket = Ticket.objects.select_for_update().filter(pk=answer.message.sender).first()
                # Somebody else has brought it if this process was held up for minutes.
                if ticket is not None and answer.response is not None and not self._is_brought(answer.message):
                    self._write(ticket, answer)
                self._channel.delivered(answer)
        except OSError as error:  # the mail server is away: the answer waits
            _log.error("ticket %s: the reply cannot be mailed, and waits: %s", answer.message.sender, error)
            self._channel.not_delivered(answer)
            return False
        except ValueError as error:  # no mail can say it, or go there: that passes by no waiting
            _log.error("ticket %s: the reply cannot be mailed: %s", answer.message.sender, error)
            self._leave_answer_to_a_human(answer, error)
        return True

    def _leave_answer_to_a_human(self, answer: Answer, error: ValueError) -> None:
        with transaction.atomic():
            ticket = Ticket.objects.select_for_update().filter(pk=answer.message.sender).first()
            if ticket is not None:
                self._channel.hand_off(sender=answer.message.sender, reason="the reply cannot be mailed")
                said = f"The agent's reply cannot be mailed ({error}). It says:\n\n{answer.response or ''}"
                thread.leave_to_a_human(ticket, said)
            self._channel.delivered(answer)

    def _write(self, ticket: Ticket, answer: Answer) -> None:
        words = (answer.greeting if self._desk.with_greeting else None, answer.response)
        text = "\n\n".join(part for part in words if part and part.strip())
        if thread.is_a_humans(ticket):  # since the agent was asked
            thread.add_note(ticket, f"Not sent, since a human has the ticket now. The agent says:\n\n{text}")
            return
        if text:
            thread.add_reply(ticket, text, ends=answer.state == "ended")
        if answer.handoff is not None:
            thread.hand_over(ticket, answer.handoff)

    def _leave_to_a_human(self, message: Message, why: str) -> None:
        """Says so in the ticket, and takes the message off the list."""
        with transaction.atomic():
            # The ticket before its messages, as whoever saves a ticket has them: so nobody waits for each other.
            ticket = Ticket.objects.select_for_update().filter(pk=message.sender).first()
            if not self._channel.resolve(sender=message.sender, message_id=message.message_id):
                return  # by another worker
            self._channel.hand_off(sender=message.sender, reason=why)
            if ticket is not None:
                thread.leave_to_a_human(ticket, why)

    def _waits(self, message: Message) -> bool:
        """Whether it will be tried again: an unknown create has told the agent nothing of it."""
        return _rows(message).filter(state=State.ACCEPTED).exists()

    def _is_brought(self, message: Message) -> bool:
        return _rows(message).filter(is_delivered=True).exists()

    def _turns_today(self, sender: str) -> int:
        return AgentMessage.objects.filter(
            channel=CHANNEL, sender=sender, state=State.ANSWERED, done_at__gt=self._store.now() - 24 * 3600
        ).count()


def _why(parked: Parked) -> str:
    if parked.why == "unknown":
        return "The agent may have heard this message, but no reply came back. It is not sent again."
    return f"The agent has not got this message: {parked.error}"


def _rows(message: Message) -> QuerySet[AgentMessage]:
    return AgentMessage.objects.filter(channel=CHANNEL, sender=message.sender, message_id=message.message_id)


def _ticket(message: Message) -> Ticket:
    return Ticket.objects.select_for_update().get(pk=message.sender)
