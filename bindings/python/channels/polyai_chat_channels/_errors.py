"""The failure that calls have not: that of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyai_chat import ChatError

if TYPE_CHECKING:
    from typing import ClassVar

    from ._records import Answer


class StoreError(ChatError):
    """The store failed: it cannot be opened, read or written.

    With the delivery 'not_sent' the agent was given nothing, since what is to be sent is recorded before. With
    'unknown' the agent has answered, but that could not be recorded: `answer` holds it.

    Since 0.1.0.
    """

    kind: ClassVar[str] = "store"

    def __init__(self, text: str = "", **fields: Any) -> None:
        super().__init__(text, **{"message": text, "delivery": "not_sent", "phase": "prepare", **fields})

    @property
    def answer(self) -> Answer | None:
        """What the agent has answered, where only recording it failed. It will not be had again."""
        answer: Answer | None = self._fields.get("answer")
        return answer


class ClaimLostError(StoreError):
    """A message was taken from this process, which was held up for longer than its claim held.

    With the delivery 'unknown' the agent has answered since, and that changes nothing any more: a human has been told,
    or the message was dealt with otherwise. Deliver nothing. With 'not_sent' nothing was sent.

    Since 0.1.0.
    """
