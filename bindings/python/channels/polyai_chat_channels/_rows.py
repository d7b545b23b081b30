"""Values in the tables of a store, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from ._records import Answer, HandoffRecord

if TYPE_CHECKING:
    from ._records import Message

_NOT_KEPT = ("message", "is_repeated", "is_delivered", "is_behind")
_KEPT = tuple(field.name for field in fields(Answer) if field.name not in _NOT_KEPT)


def handoff_as_json(handoff: HandoffRecord | None) -> str | None:
    """For `handoff_of`."""
    return None if handoff is None else json.dumps(asdict(handoff))


def handoff_of(kept: str | None) -> HandoffRecord | None:
    """What `handoff_as_json` made."""
    return None if kept is None else HandoffRecord(**json.loads(kept))


def attributes_as_json(attributes: dict[str, Any] | None) -> str | None:
    """For `attributes_of`."""
    return None if attributes is None else json.dumps(attributes)


def attributes_of(kept: str | None) -> dict[str, Any] | None:
    """What `attributes_as_json` made."""
    attributes: dict[str, Any] | None = json.loads(kept or "null")
    return attributes


def answer_as_json(answer: Answer | None) -> str | None:
    """For `answer_of`: an answer without its message, which is kept beside it."""
    if answer is None:
        return None
    kept = {name: getattr(answer, name) for name in _KEPT}
    return json.dumps({**kept, "handoff": None if answer.handoff is None else asdict(answer.handoff)})


def without_texts(answer: str | None) -> str | None:
    """The rest of an answer that was delivered."""
    if answer is None:
        return None
    kept = json.loads(answer)
    kept["response"] = kept["greeting"] = None
    if kept["handoff"] is not None:
        kept["handoff"]["raw"] = None
    return json.dumps(kept)


def answer_of(message: Message, state: str, why: str | None, answer: str | None, is_delivered: bool) -> Answer:
    """The outcome of a message that is done, from the columns of its row."""
    kept: dict[str, Any] = json.loads(answer or "{}")
    handoff = kept.pop("handoff", None)
    kept.setdefault("state", "unknown" if why == "unknown" else state)
    return Answer(
        message,
        **kept,
        handoff=None if handoff is None else HandoffRecord(**handoff),
        is_repeated=True,
        is_delivered=is_delivered,
    )
