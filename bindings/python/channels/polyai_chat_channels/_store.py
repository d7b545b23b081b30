"""What a channel asks of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ._records import Answer, HandoffRecord, Message, Outcome, Sender, Standing

LEASE_SECONDS = 300.0
"""For how long somebody who has taken a message or an answer keeps it to himself, if he does not die before."""


class Store(Protocol):
    """Where a channel keeps what must outlive a process. `SQLiteStore` is one, for the processes of a machine.

    For more than one machine, write one over the database that they share. `polyai_chat_testing.StoreConformance`
    holds the tests that it must pass. Each method is one transaction: all of it is there afterwards, or nothing.
    What `accept`, `send`, `settle` and `delivered` have recorded survives a power failure. All may be called from any
    thread and any process at the same time. A failure is a `StoreError`. None waits longer than `timeout` seconds.

    A claim belongs to a token, which the channel makes for each call, and to an owner, which the store knows: a
    process. When the owner has died, or when the time of the claim has passed, a claim from which nothing was sent
    is free, and one from which something may have been sent is 'unknown'. That must be safe when it is wrong: what
    names a token changes nothing for whoever lost it, and says so.

    Since 0.1.0.
    """

    def accept(self, channel: str, message: Message, for_others: bool, *, timeout: float) -> bool:
        """Keeps a message with its text, to be claimed later, for this owner or (`for_others`) as nobody's; False where
        it is known already.

        Since 0.1.0.
        """
        ...

    def claim(self, channel: str, message: Message, token: str, seconds: float, *, timeout: float) -> Standing:
        """Claims a message for a time, or looks where the claim of this token stands.

        A message that is not known is put at the end of its sender's line. One that was accepted, or whose claim is
        free, keeps its place. It is 'first' when no earlier one of the sender is accepted, claimed or being sent.

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

    def send(self, channel: str, message: Message, token: str, *, timeout: float) -> bool:
        """Records that from now on the message may have been sent; False where the claim is lost, and it must not be.

        Since 0.1.0.
        """
        ...

    def settle(self, channel: str, message: Message, token: str, outcome: Outcome, *, timeout: float) -> bool:
        """Records the outcome of a claim, and what is so with its sender; False where the claim is lost.

        A claim that became 'unknown' meanwhile is settled all the same. What is 'not_sent' is forgotten, or is
        accepted again if it was accepted before. An answer is this owner's, to be delivered. Texts of the sender are
        kept only where the outcome is 'handed_off', 'unknown' or 'not_sent'.

        Since 0.1.0.
        """
        ...

    def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        """What is known about a sender, who may be new. Since 0.1.0."""
        ...

    def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        """Records that a sender is with a human, or (None) with the agent. Since 0.1.0."""
        ...

    def take_idle(self, channel: str, before: float, most: int, *, timeout: float) -> list[str]:
        """Leaves the conversations of senders with nothing said since `before` and nothing in line, and returns ids
        that were left, `most` of them, until `closed` is told of them.

        Since 0.1.0.
        """
        ...

    def closed(self, channel: str, conversation_id: str, *, timeout: float) -> None:
        """Forgets a conversation that was left. Since 0.1.0."""
        ...

    def take_accepted(self, channel: str, most: int, *, timeout: float) -> list[Message]:
        """Takes messages that were accepted and are nobody's, oldest first: their owner has died, or they were tried
        and not sent, or nobody has claimed them for long.

        Since 0.1.0.
        """
        ...

    def take_undelivered(self, channel: str, most: int, *, timeout: float) -> list[Answer]:
        """Takes answers that were not delivered and are nobody's, oldest first. Since 0.1.0."""
        ...

    def unknown(self, channel: str, most: int, *, timeout: float) -> list[Message]:
        """The messages that the agent may have heard, oldest first, also those whose owner has died. Since 0.1.0."""
        ...

    def delivered(self, channel: str, sender: str, message_id: str, is_delivered: bool, *, timeout: float) -> None:
        """Records that an answer is with the customer, and erases its texts; or that it is not, and is nobody's.

        Since 0.1.0.
        """
        ...

    def dismiss(self, channel: str, sender: str, message_id: str, *, timeout: float) -> bool:
        """Records that somebody else has dealt with a message that is accepted or 'unknown', and erases its text; False
        where it is neither.

        Since 0.1.0.
        """
        ...

    def purge(self, channel: str, before: float, *, timeout: float) -> int:
        """Forgets messages that were done with before then, and senders without a conversation and without a handoff;
        returns how many messages.

        Since 0.1.0.
        """
        ...
