"""The channel's store in Django's database: workers on any number of machines share it, and what is kept for the agent
is committed together with the ticket.

That a process has died is noticed at once on its own machine, elsewhere when the time of its claim is over.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from polyai_chat_channels import Answer, HandoffRecord, Message, Outcome, Sender, Standing, StoreError
from polyai_chat_channels._owner import has_died, this_process

from .models import AgentMessage, AgentTicket, LeftConversation, State

LEASE_SECONDS = 300.0
CLAIMED = (State.CLAIMED, State.SENDING)
IN_LINE = (State.ACCEPTED, *CLAIMED)


class DjangoStore:
    """A `polyai_chat_channels.Store`.

    As a queue, `take_accepted` gives only messages whose ticket has nothing earlier left to do, be it to bring an
    answer to the customer: so no worker waits for another, and answers are brought in their order.
    """

    def __init__(self, *, is_queue: bool = False) -> None:
        self._is_queue = is_queue

    def accept(self, channel: str, message: Message, for_others: bool, *, timeout: float) -> bool:
        with _transaction(timeout) as now:
            _, is_new = AgentMessage.objects.get_or_create(
                **_key(channel, message),
                defaults={
                    "state": State.ACCEPTED,
                    "was_accepted": True,
                    "owner": None if for_others else this_process(),
                    "until": now + LEASE_SECONDS,
                    "received_at": message.received_at,
                    "text": message.text,
                    "attributes": message.integration_attributes,
                },
            )
            return is_new

    def claim(self, channel: str, message: Message, token: str, seconds: float, *, timeout: float) -> Standing:
        with _transaction(timeout) as now:
            ticket = _locked(channel, message.sender)
            _end_claims_that_are_over(_messages(channel, message.sender), now)
            mine = {"state": State.CLAIMED, "owner": this_process(), "token": token, "until": now + seconds}
            row, is_new = AgentMessage.objects.get_or_create(
                **_key(channel, message), defaults={**mine, "received_at": message.received_at}
            )
            if row.state == State.ACCEPTED:
                AgentMessage.objects.filter(pk=row.pk).update(**mine)
            elif row.state not in CLAIMED:
                return Standing("done", _sender(ticket), _answer(row), row.tries)
            elif not is_new and row.token != token:
                return Standing("under_way", _sender(ticket), None, row.tries)
            is_behind = _messages(channel, message.sender).filter(pk__lt=row.pk, state__in=IN_LINE).exists()
            return Standing("in_line" if is_behind else "first", _sender(ticket), None, row.tries)

    def begin(
        self, channel: str, message: Message, token: str, sender: Sender, is_over: bool, *, timeout: float
    ) -> bool:
        with _transaction(timeout) as now:
            ticket = _locked(channel, message.sender)
            claim = AgentMessage.objects.filter(**_key(channel, message), token=token, state__in=CLAIMED)
            if not claim.update(state=State.CLAIMED):
                _leave(channel, sender.conversation_id, now)
                return False
            if ticket.conversation_id != sender.conversation_id and not is_over:
                _leave(channel, ticket.conversation_id, now)
            ticket.conversation_id, ticket.greeting = sender.conversation_id, _storable(sender.greeting)
            ticket.is_greeted, ticket.last_message_at = sender.is_greeted, now
            ticket.save()
            return True

    def send(self, channel: str, message: Message, token: str, *, timeout: float) -> bool:
        with _transaction(timeout):
            claim = AgentMessage.objects.filter(**_key(channel, message), token=token, state=State.CLAIMED)
            return claim.update(state=State.SENDING) == 1

    def settle(self, channel: str, message: Message, token: str, outcome: Outcome, *, timeout: float) -> bool:
        with _transaction(timeout) as now:
            ticket = _locked(channel, message.sender)
            rows = AgentMessage.objects.filter(
                **_key(channel, message), token=token, state__in=(*CLAIMED, State.UNKNOWN)
            )
            if outcome.state == "not_sent":
                is_held = rows.filter(was_accepted=False).delete()[0] or rows.update(
                    state=State.ACCEPTED,
                    owner=None,
                    token=None,
                    not_before=outcome.not_before,
                    tries=F("tries") + 1,
                    done_at=None,
                )
            elif outcome.state == "unknown":
                is_held = rows.update(state=State.UNKNOWN, owner=None, done_at=now)
            else:
                forgotten = {"text": None, "attributes": None} if outcome.state == "answered" else {}
                is_held = rows.update(
                    state=State(outcome.state),
                    owner=this_process(),
                    until=now + LEASE_SECONDS,
                    done_at=now,
                    answer=_answer_as_json(outcome.answer),
                    **forgotten,
                )
            if not is_held:
                return False
            if not outcome.goes_on:
                ticket.conversation_id, ticket.greeting, ticket.is_greeted = None, None, False
            elif outcome.state == "answered":
                ticket.is_greeted = True
            if outcome.handoff is not None:
                ticket.handoff = asdict(outcome.handoff)
            if outcome.state != "not_sent":
                ticket.last_message_at = now
            ticket.save()
            return True

    def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        with _transaction(timeout):
            return _sender(
                AgentTicket.objects.filter(channel=channel, sender=sender).first() or AgentTicket(sender=sender)
            )

    def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        with _transaction(timeout) as now:
            ticket = _locked(channel, sender)
            ticket.handoff, ticket.last_message_at = asdict(handoff) if handoff else None, now
            ticket.save()

    def take_idle(self, channel: str, before: float, most: int, *, timeout: float) -> list[str]:
        with _transaction(timeout) as now:
            in_line = _messages(channel).filter(sender=OuterRef("sender"), state__in=IN_LINE)
            idle = AgentTicket.objects.select_for_update().filter(
                ~Exists(in_line), channel=channel, conversation_id__isnull=False, last_message_at__lte=before
            )
            for ticket in idle.order_by("last_message_at")[:most]:
                _leave(channel, ticket.conversation_id, now)
                ticket.conversation_id, ticket.greeting, ticket.is_greeted = None, None, False
                ticket.save()
            left = list(LeftConversation.objects.filter(channel=channel).order_by("handed_out", "left_at")[:most])
            LeftConversation.objects.filter(pk__in=[one.pk for one in left]).update(handed_out=F("handed_out") + 1)
            return [one.conversation_id for one in left]

    def closed(self, channel: str, conversation_id: str, *, timeout: float) -> None:
        with _transaction(timeout):
            LeftConversation.objects.filter(channel=channel, conversation_id=conversation_id).delete()

    def take_accepted(self, channel: str, most: int, *, timeout: float) -> list[Message]:
        with _transaction(timeout) as now:
            _end_claims_that_are_over(_messages(channel), now)
            waiting = _messages(channel).filter(state=State.ACCEPTED, not_before__lte=now)
            if self._is_queue:
                earlier = _messages(channel).filter(sender=OuterRef("sender"), pk__lt=OuterRef("pk"))
                waiting = waiting.filter(~Exists(earlier.filter(is_delivered=False).exclude(state=State.SETTLED)))
            return [_message(row) for row in _taken(waiting, most, now)]

    def take_undelivered(self, channel: str, most: int, *, timeout: float) -> list[Answer]:
        with _transaction(timeout) as now:
            done = _messages(channel).filter(state__in=(State.ANSWERED, State.HANDED_OFF), is_delivered=False)
            return [_answer(row) for row in _taken(done, most, now)]

    def unknown(self, channel: str, most: int, *, timeout: float) -> list[Message]:
        with _transaction(timeout) as now:
            _end_claims_that_are_over(_messages(channel), now)
            return [_message(row) for row in _messages(channel).filter(state=State.UNKNOWN).order_by("pk")[:most]]

    def delivered(self, channel: str, sender: str, message_id: str, is_delivered: bool, *, timeout: float) -> None:
        with _transaction(timeout):
            rows = _messages(channel, sender).filter(
                message_id=message_id, state__in=(State.ANSWERED, State.HANDED_OFF), is_delivered=False
            )
            row = rows.select_for_update().first()
            if row is None:
                return
            row.owner = None
            if is_delivered:
                row.is_delivered, row.text, row.attributes = True, None, None
                handoff = row.answer.get("handoff")
                row.answer.update(response=None, greeting=None, handoff=handoff and {**handoff, "raw": None})
            row.save()

    def dismiss(self, channel: str, sender: str, message_id: str, *, timeout: float) -> bool:
        with _transaction(timeout) as now:
            _locked(channel, sender)
            _end_claims_that_are_over(_messages(channel, sender), now)
            rows = _messages(channel, sender).filter(message_id=message_id, state__in=(State.ACCEPTED, State.UNKNOWN))
            done = {
                "state": State.SETTLED,
                "owner": None,
                "token": None,
                "text": None,
                "attributes": None,
                "done_at": now,
            }
            return rows.update(**done) == 1

    def purge(self, channel: str, before: float, *, timeout: float) -> int:
        with _transaction(timeout):
            forgotten, _ = _messages(channel).filter(done_at__lte=before).delete()
            LeftConversation.objects.filter(channel=channel, left_at__lte=before).delete()
            AgentTicket.objects.filter(
                channel=channel, conversation_id__isnull=True, handoff__isnull=True, last_message_at__lte=before
            ).delete()
            return forgotten


@contextlib.contextmanager
def _transaction(seconds: float) -> Iterator[float]:
    """All of it or nothing, in a transaction of its own or as a part of the caller's. Gives the time."""
    try:
        with _patience(seconds), transaction.atomic():
            yield time.time()
    except DatabaseError as error:
        raise StoreError(f"Django's database: {error}") from error


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Bounds the wait for SQLite's lock. Elsewhere rows are locked, for milliseconds; bound that in DATABASES."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        (before,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {max(int(seconds * 1000), 1)}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")


def _key(channel: str, message: Message) -> dict[str, str]:
    return {"channel": channel, "sender": message.sender, "message_id": message.message_id}


def _messages(channel: str, sender: str | None = None) -> QuerySet[AgentMessage]:
    rows = AgentMessage.objects.filter(channel=channel)
    return rows if sender is None else rows.filter(sender=sender)


def _locked(channel: str, sender: str) -> AgentTicket:
    """What is known about a ticket, which nobody else changes until the end of the transaction."""
    AgentTicket.objects.get_or_create(channel=channel, sender=sender)
    return AgentTicket.objects.select_for_update().get(channel=channel, sender=sender)


def _is_nobodys(row: AgentMessage, now: float) -> bool:
    if row.owner is None or row.until <= now:
        return True
    # Of a process in another machine or container nobody here can say it: the first two words name those.
    is_here = row.owner.split(" ")[:2] == this_process().split(" ")[:2]
    return is_here and has_died(row.owner)


def _taken(rows: QuerySet[AgentMessage], most: int, now: float) -> list[AgentMessage]:
    """The oldest of those that are nobody's, now this process's for a while."""
    can_skip = connection.features.has_select_for_update_skip_locked
    free = [row for row in rows.select_for_update(skip_locked=can_skip).order_by("pk") if _is_nobodys(row, now)][:most]
    AgentMessage.objects.filter(pk__in=[row.pk for row in free]).update(owner=this_process(), until=now + LEASE_SECONDS)
    return free


def _end_claims_that_are_over(rows: QuerySet[AgentMessage], now: float) -> None:
    """Has claims whose owner has died, or whose time has passed, be free or unknown."""
    over = [row.pk for row in rows.filter(state__in=CLAIMED) if _is_nobodys(row, now)]
    if not over:
        return
    rows = AgentMessage.objects.filter(pk__in=over)
    # The token stays: if the owner lives after all, the answer may come yet.
    rows.filter(state=State.SENDING).update(state=State.UNKNOWN, owner=None, done_at=now)
    rows.filter(state=State.CLAIMED, was_accepted=True).update(state=State.ACCEPTED, owner=None, token=None)
    rows.filter(state=State.CLAIMED).delete()


def _leave(channel: str, conversation_id: str | None, now: float) -> None:
    if conversation_id is not None:
        LeftConversation.objects.get_or_create(
            channel=channel, conversation_id=conversation_id, defaults={"left_at": now}
        )


def _sender(ticket: AgentTicket) -> Sender:
    return Sender(
        ticket.sender,
        ticket.conversation_id,
        ticket.greeting,
        ticket.is_greeted,
        None if ticket.handoff is None else HandoffRecord(**ticket.handoff),
        ticket.last_message_at,
    )


def _message(row: AgentMessage) -> Message:
    return Message(row.sender, row.message_id, row.text, row.attributes, row.received_at, row.tries)


def _answer_as_json(answer: Answer | None) -> dict[str, Any]:
    kept = asdict(answer) if answer is not None else {}
    for name in ("message", "is_repeated", "is_delivered"):
        kept.pop(name, None)
    return {name: _storable(value) if isinstance(value, str) else value for name, value in kept.items()}


def _answer(row: AgentMessage) -> Answer:
    kept: dict[str, Any] = {"state": str(row.state), **(row.answer or {})}
    handoff = kept.pop("handoff", None)
    return Answer(
        _message(row),
        **kept,
        handoff=None if handoff is None else HandoffRecord(**handoff),
        is_repeated=True,
        is_delivered=row.is_delivered,
    )


def _storable(text: str | None) -> str | None:
    """PostgreSQL takes no NUL."""
    return None if text is None else text.replace("\0", "\N{REPLACEMENT CHARACTER}")
