"""What channels and stores tell each other: plain values."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Literal


@dataclass(frozen=True)
class Turn:
    """The claim of a message that was taken.

    Since 0.1.0.
    """

    token: str
    """By which the store knows it."""
    sender: Sender
    """The state of the sender at that time."""
    taken_at: float = field(default_factory=time.monotonic)
    """When that was, on the monotonic clock of this process."""


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
    """When the store heard of it first: seconds since 1970. It is so long ago on the clock of the store."""
    tries: int = 0
    """How often it was tried, and not given to the agent."""
    turn: Turn | None = field(default=None, repr=False, compare=False)
    """The claim by which `Channel.pending` has taken it, for `Channel.answer`."""


@dataclass(frozen=True)
class HandoffRecord:
    """Where a sender was handed over to.

    Since 0.1.0.
    """

    destination: str | None = None
    """Where to, in the words of the agent or of the program that handed over."""
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
    state: Literal["open", "ended", "handed_off", "unknown", "parked", "under_way", "settled"]
    """What is so with the sender after it.

    - 'open': the agent answered, and the conversation goes on;
    - 'ended': the agent answered, and ended the conversation; the next message begins another;
    - 'handed_off': a human goes on. Where `response` is None, the agent was not given the message: it is for a human;
    - 'unknown': its owner died, or its call was lost: the agent may have heard it. It is not sent again;
    - 'parked': the agent has not heard it and will not: it is for a human, and `Parked.why` says why;
    - 'under_way': it is being answered, by another call that has it;
    - 'settled': the host has dealt with it by `Channel.resolve`.
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
    is_behind: bool = False
    """Whether an earlier answer of the sender was still to be delivered when this one was recorded. To keep the order,
    say `not_delivered`: `undelivered` hands it out when the earlier one is with the customer."""


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
    """When something was last said or answered: seconds since 1970. It is so long ago on the clock of the store."""


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

    state: Literal["answered", "handed_off", "unknown", "refused", "not_sent"]
    """Its outcome.

    - 'answered': the agent answered;
    - 'handed_off': the agent was not given it, since a human goes on;
    - 'unknown': the agent may have heard it;
    - 'refused': the service will not take it, however often it is tried;
    - 'not_sent': the agent has not heard it. It is claimed no longer, and may be claimed again.
    """
    answer: Answer | None = None
    """The answer, where there is one."""
    goes_on: bool = True
    """Whether the conversation goes on with the sender's next message."""
    handoff: HandoffRecord | None = None
    """Where the agent handed the sender over to."""
    conversation_id: str | None = None
    """The conversation of which this is the outcome. The sender's record changes only while the sender is in it."""
    correlation_id: str | None = None
    """The id by which the service's support finds the turn, where it has failed."""
    error: str | None = None
    """The failure, in words for a human."""
    wait: float = 0.0
    """For how many seconds a message that was accepted and not sent is not offered again."""
    give_up_after: float | None = None
    """The age in seconds from which on it is not tried again, but parked as 'exhausted'. None: at no age."""


@dataclass(frozen=True)
class Settled:
    """The reply of a store to an outcome.

    Since 0.1.0.
    """

    state: Literal["settled", "late", "lost"]
    """The fate of the outcome.

    - 'settled': it is recorded;
    - 'late': it is recorded too, although the claim was over; nobody had been told meanwhile;
    - 'lost': it is not, and changes nothing: somebody else has the message, or a human has been told.
    """
    is_behind: bool = False
    """As `Answer.is_behind`."""


@dataclass(frozen=True)
class Parked:
    """A message that waits for a human.

    Since 0.1.0.
    """

    message: Message
    """The message. Its text is there if it came by `Channel.accept`."""
    why: Literal["unknown", "refused", "exhausted", "killed_its_worker"]
    """Why it is not tried again.

    - 'unknown': the agent may have heard it, and its answer is lost;
    - 'refused': the service will not take it, however often it is tried;
    - 'exhausted': it was tried until it was too old;
    - 'killed_its_worker': the processes that began to answer it have died, one after the other.
    """
    since: float
    """Since when: seconds since 1970."""
    conversation_id: str | None = None
    """The conversation in which it was or would have been said; Agent Studio shows it."""
    correlation_id: str | None = None
    """The id by which the service's support finds the turn."""
    error: str | None = None
    """The failure."""


@dataclass(frozen=True)
class WorkerRecord:
    """A process that uses a store.

    Since 0.1.0.
    """

    worker: str
    """Its id."""
    about: str
    """Where it runs, in words for a human."""
    started_at: float
    """When it was first seen: seconds since 1970."""
    seen_at: float
    """When it was last seen: seconds since 1970."""


@dataclass(frozen=True)
class Counts:
    """How much of what there is in a channel. Each number stops at the bound that was given: then there may be more.

    Since 0.1.0.
    """

    ready: int
    """Senders whose next message can be taken now."""
    in_flight: int
    """Messages that are claimed or being sent."""
    waiting: int
    """Senders with something in line that cannot be taken now: it is under way, or is not to be tried yet."""
    oldest_ready_seconds: float
    """For how long the first of the ready ones has been ready; 0 where nothing is."""
    undelivered: int
    """Answers that are still to be delivered."""
    oldest_undelivered_seconds: float
    """The age of the oldest of them; 0 where there is none."""
    parked: dict[str, int]
    """Messages that wait for a human, by `Parked.why`."""
    oldest_parked_seconds: float
    """For how long the first of them has waited; 0 where there is none."""
    left: int
    """Conversations that were left and are still to be closed."""
    workers: int
    """Processes that use the store, for all channels."""
