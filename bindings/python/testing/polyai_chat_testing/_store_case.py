"""A channel of a store under test."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from polyai_chat_channels import Answer, Message, Outcome, Parked, Sender, Settled, Standing, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

PATIENCE = 60.0


class Case:
    """A channel of a store, and a worker."""

    def __init__(self, store: Store, channel: str | None = None) -> None:
        self.store = store
        self.channel = channel or f"conformance {uuid.uuid4().hex}"
        self.sender = "sender \U0001f600"
        self.worker = uuid.uuid4().hex
        store.beat(self.worker, "conformance", timeout=PATIENCE)

    def message(self, message_id: str, text: str | None = None, sender: str | None = None) -> Message:
        attributes = None if text is None else {"tier": "gold"}
        return Message(sender or self.sender, message_id, text, attributes)

    def accept(self, message_id: str, text: str = "text", for_others: bool = False, sender: str | None = None) -> bool:
        message = self.message(message_id, text, sender)
        worker = None if for_others else self.worker
        return self.store.accept(self.channel, message, uuid.uuid4().hex, worker=worker, lease=1000.0, timeout=PATIENCE)

    def claim(
        self,
        message_id: str,
        token: str,
        sender: str | None = None,
        seconds: float = 1000.0,
        worker: str | None = None,
    ) -> Standing:
        message = self.message(message_id, sender=sender)
        worker = worker or self.worker
        return self.store.claim(self.channel, message, worker, token, lease=seconds, timeout=PATIENCE)

    def begin(
        self, message_id: str, token: str, known: Sender, is_over: bool = False, sender: str | None = None
    ) -> bool:
        message = self.message(message_id, sender=sender)
        return self.store.begin(self.channel, message, token, known, is_over, timeout=PATIENCE)

    def send(self, message_id: str, token: str, lease: float = 1000.0, sender: str | None = None) -> bool:
        message = self.message(message_id, sender=sender)
        return self.store.send(
            self.channel,
            message,
            token,
            conversation_id="conversation",
            correlation_id="turn",
            lease=lease,
            timeout=PATIENCE,
        )

    def settle(self, message_id: str, token: str, outcome: Outcome, sender: str | None = None) -> Settled:
        message = self.message(message_id, sender=sender)
        return self.store.settle(self.channel, message, self.worker, token, outcome, lease=1000.0, timeout=PATIENCE)

    def is_settled(self, message_id: str, token: str, outcome: Outcome, sender: str | None = None) -> bool:
        return self.settle(message_id, token, outcome, sender).state == "settled"

    def answer(self, message_id: str, token: str, answer: Answer | None = None, sender: str | None = None) -> None:
        answer = answer or Answer(self.message(message_id, sender=sender), "open", "Yes")
        assert self.is_settled(message_id, token, Outcome("answered", answer, handoff=answer.handoff), sender)

    def answered(self, message_id: str, sender: str | None = None) -> None:
        """A message from its claim to its answer, which is to be delivered."""
        assert self.claim(message_id, message_id, sender).state == "first"
        assert self.send(message_id, message_id, sender=sender)
        self.answer(message_id, message_id, sender=sender)

    def taken(self, most: int = 100, worker: str | None = None) -> list[Message]:
        return self.store.take(self.channel, worker or self.worker, most, lease=1000.0, timeout=PATIENCE)

    def names_of_taken(self, most: int = 100) -> list[str]:
        return [message.message_id for message in self.taken(most)]

    def delivered(self, message_id: str, sender: str | None = None) -> None:
        self.store.delivered(self.channel, sender or self.sender, message_id, timeout=PATIENCE)

    def not_delivered(self, message_id: str, wait: float = 0.0, sender: str | None = None) -> None:
        self.store.not_delivered(self.channel, sender or self.sender, message_id, wait, timeout=PATIENCE)

    def undelivered(self, most: int = 100, worker: str | None = None, lease: float = 1000.0) -> list[Answer]:
        return self.store.take_answers(self.channel, worker or self.worker, most, lease=lease, timeout=PATIENCE)

    def names_of_undelivered(self, most: int = 100) -> list[str]:
        return [answer.message.message_id for answer in self.undelivered(most)]

    def parked(self, most: int = 100) -> list[Parked]:
        return self.store.parked(self.channel, most, timeout=PATIENCE)

    def names_of_parked(self) -> list[tuple[str, str]]:
        return [(parked.message.message_id, parked.why) for parked in self.parked()]

    def resolve(
        self, message_id: str, how: Literal["dismissed", "answered", "again"] = "dismissed", sender: str | None = None
    ) -> bool:
        return self.store.resolve(
            self.channel, sender or self.sender, message_id, how, note="by a test", timeout=PATIENCE
        )

    def known(self, sender: str | None = None) -> Sender:
        return self.store.sender(self.channel, sender or self.sender, timeout=PATIENCE)

    def idle(self, idle_for: float, most: int = 100) -> list[str]:
        return self.store.take_idle(self.channel, idle_for, most, timeout=PATIENCE)

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < until, what
            time.sleep(0.05)
