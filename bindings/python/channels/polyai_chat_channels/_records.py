"""What channels and stores tell each other: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Literal


@dataclass(frozen=True)
class Message:
    """What a sender wrote.

    Since 0.1.0.
    """

    sender: str
    """Who wrote it: a phone number, an address, a session."""
    message_id: str
    """Its id in the channel, the same when it is delivered again; unique for a sender."""
    text: str | None = field(default=None, repr=False)
    """What was written. None where it is not kept, and where there is nothing to say."""
    integration_attributes: dict[str, Any] | None = field(default=None, repr=False)
    """What the agent may know about the customer, for a conversation that begins with this message."""
    received_at: float = 0.0
    """When the store heard of it first: seconds since 1970."""
    tries: int = 0
    """How often it was tried, and not given to the agent."""


@dataclass(frozen=True)
class HandoffRecord:
    """Where a sender was handed over to.

    Since 0.1.0.
    """

    destination: str | None = None
    """Where to, in the words of the agent or of whoever handed over."""
    reason: str | None = None
    """Why."""
    raw: Any = None
    """The handoff as the service sent it, contact centres' own fields included."""


@dataclass(frozen=True)
class Answer:
    """The outcome of a message.

    Since 0.1.0.
    """

    message: Message
    """The message. Its text is there where it was given just now, or is kept."""
    state: Literal["open", "ended", "handed_off", "unknown", "under_way", "settled"]
    """What is so with the sender after it.

    - 'open': the agent answered, and the conversation goes on;
    - 'ended': the agent answered, and ended the conversation; the next message begins another;
    - 'handed_off': a human goes on. Where `response` is None, the agent was not given the message: it is for a human;
    - 'unknown': its owner died, or its call was lost: the agent may have heard it. It is not sent again;
    - 'under_way': it is being answered, by another call that has it;
    - 'settled': the host has dealt with it by `Channel.settle`.
    """
    response: str | None = field(default=None, repr=False)
    """What the agent answered; None where it did not, and where it has been delivered already."""
    greeting: str | None = field(default=None, repr=False)
    """What the agent said first, where this message began a conversation. It comes before the response."""
    handoff: HandoffRecord | None = None
    """Where the sender was handed over to; None unless the state is 'handed_off'."""
    conversation_id: str | None = None
    """The conversation in which it was answered."""
    correlation_id: str | None = None
    """The id by which the service's support finds the turn."""
    is_repeated: bool = False
    """Whether the message was known already: what is here was recorded then, and nothing was sent now."""
    is_delivered: bool = False
    """Whether `Channel.delivered` was called for it. Its texts are erased by that."""


@dataclass(frozen=True)
class Sender:
    """What is known about a sender.

    Since 0.1.0.
    """

    sender: str
    """Who."""
    conversation_id: str | None = None
    """The conversation in which the next message is said; None where it begins another."""
    greeting: str | None = field(default=None, repr=False)
    """What the agent said first in it."""
    is_greeted: bool = False
    """Whether an answer has carried the greeting."""
    handoff: HandoffRecord | None = None
    """Where the sender was handed over to; None while the agent answers."""
    last_message_at: float = 0.0
    """When something was last said or answered: seconds since 1970."""


@dataclass(frozen=True)
class Standing:
    """What a store says to a claim of a message.

    Since 0.1.0.
    """

    state: Literal["first", "in_line", "under_way", "done"]
    """Where the message stands.

    - 'first': it is claimed, and nothing of its sender comes before it;
    - 'in_line': it is claimed, and something of its sender comes before it;
    - 'under_way': somebody else has claimed it;
    - 'done': its answer is there.
    """
    sender: Sender
    """What is known about its sender."""
    answer: Answer | None = None
    """Its outcome, where it is done."""
    tries: int = 0
    """How often the message was tried, and not given to the agent."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a message that was claimed, for `Store.settle`.

    Since 0.1.0.
    """

    state: Literal["answered", "handed_off", "unknown", "not_sent"]
    """Its outcome.

    - 'answered': the agent answered;
    - 'handed_off': the agent was not given it, since a human goes on;
    - 'unknown': the agent may have heard it;
    - 'not_sent': the agent has not heard it. It is claimed no longer, and may be claimed again.
    """
    answer: Answer | None = None
    """The answer, where there is one."""
    goes_on: bool = True
    """Whether the sender's conversation goes on with the next message."""
    handoff: HandoffRecord | None = None
    """Where the agent handed the sender over to."""
    not_before: float = 0.0
    """Seconds since 1970 before which a message that was accepted is not offered again."""
