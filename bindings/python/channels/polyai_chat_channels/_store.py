"""The protocol of a store of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from typing import Literal

    from ._records import (
        Answer,
        Counts,
        HandoffRecord,
        Message,
        Outcome,
        Parked,
        Sender,
        Settled,
        Standing,
        WorkerRecord,
    )

LEASE_SECONDS = 300.0
"""For how long somebody who has taken a message or an answer keeps it to himself, if he does not die before."""
DEAD_AFTER_SECONDS = 30.0
"""After how long without a heartbeat a worker has died."""
MOST_DEATHS = 3
"""After how many workers that have died with a message it is parked."""
LONGEST_WAIT = 300.0
"""After how many seconds a message that was not sent is offered again at the latest."""


class Store(Protocol):
    """Where a channel keeps what must outlive a process: `SQLiteStore` for the processes of a machine, `PostgresStore`
    for those of many.

    Each method is one transaction: all of it is there afterwards, or nothing. What `accept`, `send`, `settle` and
    `delivered` have recorded survives a power failure. All may be called from any thread and any process at the same
    time. A failure is a `StoreError`. None waits longer than `timeout` seconds, and each may be called again with the
    same arguments when it is not known whether it was done. `polyai_chat_testing.StoreConformance` holds the tests.

    All durations are seconds on the store's own clock, which no process's clock disturbs. A *worker* is a process, by
    an id that it has made for itself. A claim belongs to a worker, has a token, and ends with its lease, or when its
    worker has died. Then one from which nothing was sent is free, and one from which something may have been sent is
    parked as 'unknown'. That must be safe when it is wrong: a call with the token of a lost claim changes nothing, and
    says so. No method costs more the more messages are in line.

    Since 0.1.0.
    """

    def accept(
        self, channel: str, message: Message, token: str, *, worker: str | None, lease: float, timeout: float
    ) -> bool:
        """Keeps a message with its text at the end of its sender's line, for this worker as long as the lease runs, or
        (None) as nobody's. False where it is known already; to the same token it is new once more.

        Since 0.1.0.
        """
        ...

    def take(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Message]:
        """Takes accepted messages that can go on: the first of their lines, nobody's, and not to be tried later. Those
        that have been ready longest come first. Each has its `Message.turn`. One with which a worker has died is taken
        alone: it may be why, and the others are not to suffer for it.

        Since 0.1.0.
        """
        ...

    def claim(
        self, channel: str, message: Message, worker: str, token: str, *, lease: float, timeout: float
    ) -> Standing:
        """Claims a message for a time, or looks where the claim of this token stands.

        A message that is not known is put at the end of its sender's line. One that was accepted, or whose claim is
        free, keeps its place. It is 'first' when no earlier one of the sender is in line. When one that is 'in_line'
        becomes first, its worker is told its token by `wait`.

        Since 0.1.0.
        """
        ...

    def begin(
        self, channel: str, message: Message, token: str, sender: Sender, is_over: bool, *, timeout: float
    ) -> bool:
        """Records the conversation of a sender whose message is claimed, with its greeting; None: the next message
        begins another. False where the claim is lost.

        A conversation that is not the sender's any more is left, and `take_idle` hands it out: the one before, unless
        it is over, or the new one where the claim is lost.

        Since 0.1.0.
        """
        ...

    def send(
        self,
        channel: str,
        message: Message,
        token: str,
        *,
        conversation_id: str,
        correlation_id: str,
        lease: float,
        timeout: float,
    ) -> bool:
        """Records that from now on the message may have been sent, in which conversation and by which correlation id,
        and how long its claim holds; False where the claim is lost, and it must not be.

        Since 0.1.0.
        """
        ...

    def settle(
        self,
        channel: str,
        message: Message,
        worker: str,
        token: str,
        outcome: Outcome,
        *,
        lease: float,
        timeout: float,
    ) -> Settled:
        """Records the outcome of a claim, and the state of its sender.

        A claim that was parked as 'unknown' meanwhile is settled all the same, unless somebody has taken or resolved
        it. A message that is 'not_sent' is forgotten, or is accepted again if it was accepted before: to be tried after
        `outcome.wait`, or parked as 'exhausted'. A 'refused' one is forgotten too if it was never accepted. An answer
        is this worker's to deliver, for the lease. Texts of the sender are kept only where there is no answer.

        Since 0.1.0.
        """
        ...

    def take_answers(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Answer]:
        """Takes answers that are to be delivered and are nobody's, those that became so first come first: of each
        sender the earliest one that was not delivered, so that he gets them in their order.

        Since 0.1.0.
        """
        ...

    def delivered(self, channel: str, sender: str, message_id: str, *, timeout: float) -> None:
        """Records that an answer is with the customer, and erases its texts. Since 0.1.0."""
        ...

    def not_delivered(self, channel: str, sender: str, message_id: str, wait: float, *, timeout: float) -> None:
        """Records that an answer is not with the customer and is nobody's, to be taken after so many seconds.

        Since 0.1.0.
        """
        ...

    def parked(self, channel: str, most: int, *, timeout: float) -> list[Parked]:
        """The messages that wait for a human, first those that have waited longest. Since 0.1.0."""
        ...

    def take_parked(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Parked]:
        """Takes such messages, each for one worker while the lease runs, so that one human is told. Since 0.1.0."""
        ...

    def resolve(
        self,
        channel: str,
        sender: str,
        message_id: str,
        how: Literal["dismissed", "answered", "again"],
        *,
        note: str | None,
        timeout: float,
    ) -> bool:
        """Records that somebody has dealt with a message that is parked or accepted, and erases its text; or ('again')
        puts a parked one back into the line. False where it is neither.

        A message that was never accepted is forgotten instead, so that it is new when the channel delivers it again.

        Since 0.1.0.
        """
        ...

    def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        """What is known about a sender, who may be new. Since 0.1.0."""
        ...

    def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        """Records that a sender is with a human, or (None) with the agent. Since 0.1.0."""
        ...

    def take_idle(self, channel: str, idle_for: float, most: int, *, timeout: float) -> list[str]:
        """Leaves the conversations of senders with nothing said for so long and nothing in line, and returns ids that
        were left, `most` of them, until `closed` is told of them.

        Since 0.1.0.
        """
        ...

    def closed(self, channel: str, conversation_id: str, *, timeout: float) -> None:
        """Forgets a conversation that was left. Since 0.1.0."""
        ...

    def beat(self, worker: str, about: str, *, timeout: float) -> float:
        """Records that a worker lives, and ends the claims of those that do not, and those whose lease is over. Returns
        after how many seconds it has to be called again at the latest.

        Since 0.1.0.
        """
        ...

    def wait(self, worker: str, seconds: float) -> list[str]:
        """Waits until a worker is told something, and returns it: tokens of its claims that are first now, and names of
        channels in which there may be something to take; the empty word: anything may be so. It may be told too much,
        and too little: so ask again now and then. Only one thread may wait for a worker.

        Since 0.1.0.
        """
        ...

    def wake(self, worker: str) -> None:
        """Ends the `wait` of a worker of this process. Since 0.1.0."""
        ...

    def workers(self, *, timeout: float) -> list[WorkerRecord]:
        """The workers that live. Since 0.1.0."""
        ...

    def channels(self, *, timeout: float) -> list[str]:
        """The names of the channels of which there is anything. Since 0.1.0."""
        ...

    def counts(self, channel: str, up_to: int, *, timeout: float) -> Counts:
        """How much of what there is, each counted up to a bound. Since 0.1.0."""
        ...

    def export(self, channel: str, sender: str, *, timeout: float) -> dict[str, Any]:
        """All that is kept of a sender, as what JSON can say. Since 0.1.0."""
        ...

    def forget(self, channel: str, sender: str, *, timeout: float) -> bool:
        """Erases all that is kept of a sender, whatever is under way; a conversation is left, to be closed. False where
        nothing was.

        Since 0.1.0.
        """
        ...

    def fence(self, channel: str, received_within: float | None, most: int, *, timeout: float) -> int:
        """Parks as 'unknown' what may have been sent without a record of it: the first message of each line that is
        taken, claimed, or can be taken; only those that were received within so many seconds, or (None) all. Returns
        how many of at most `most`.

        Since 0.1.0.
        """
        ...

    def purge(self, channel: str, older_than: float, most: int, *, timeout: float) -> int:
        """Forgets messages, at most `most`, that were done with so long ago, and senders without a conversation and
        without a handoff; returns how many messages. Since 0.1.0.
        """
        ...

    def migrate(self, *, timeout: float) -> int:
        """Brings the tables to the version that this package knows, and returns it. Since 0.1.0."""
        ...

    def close(self) -> None:
        """Gives back what is open; it is opened again when it is needed. Since 0.1.0."""
        ...
