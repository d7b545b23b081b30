"""Where customers go when the agent hands them over: to your human desk.

Yours is a class with the three methods of `Desk`, given to `make_app(desk=...)`. What your people answer comes back
through `Conversations.human_says`, and `human_is_done` gives a customer back to the agent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from .transcripts import Line


@dataclass(frozen=True)
class Case:
    """A customer who is handed over."""

    reference: str
    """The conversation's name in all that follows. The same case may be brought twice: it has the same name."""
    destination: str | None
    reason: str | None
    raw: Any = field(repr=False)
    """The handoff as the service sent it, with your contact centre's own fields."""
    conversation_id: str | None
    """By which the agent's side of it is found in Agent Studio."""
    transcript: list[Line] = field(repr=False)


class Desk(Protocol):
    """The human desk. Where a method raises, the customer is told: they stay with the agent, or may send again what the
    human did not get.
    """

    async def take_over(self, case: Case) -> None:
        """A new case. When this returns, the customer is told that a human goes on."""

    async def customer_says(self, reference: str, message_id: str, text: str) -> None:
        """What the customer says to the human. The same message id is the same sentence, brought again."""

    async def customer_leaves(self, reference: str) -> None:
        """The customer has ended the chat."""


class NoDesk:
    """Where none is given: customers are told that nobody could be reached, and stay with the agent."""

    async def take_over(self, case: Case) -> None:
        """Never does."""
        raise LookupError(f"no human desk is connected, and the agent hands over to {case.destination!r}")

    async def customer_says(self, reference: str, message_id: str, text: str) -> None:
        """Never does."""
        raise LookupError("no human desk is connected")

    async def customer_leaves(self, reference: str) -> None:
        """Nobody needs to know."""
