"""Settling a message in a file of SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._records import Settled
from ._rows import answer_as_json, handoff_as_json
from ._sqlite_lines import pause_after

if TYPE_CHECKING:
    import sqlite3

    from ._records import Outcome
    from ._sqlite_lines import Line, Wake


def record(line: Line, row: sqlite3.Row, worker: str, outcome: Outcome, until: float) -> tuple[bool, list[Wake]]:
    """Records the outcome of a message that is held, or was parked meanwhile. Returns whether an earlier answer comes
    first, and who may go on now."""
    number, now = row["number"], line.now
    is_behind = False
    done: dict[str, Any] = {
        "worker": None,
        "until": None,
        "done_at": now,
        "why": None,
        "error": outcome.error,
        "correlation_id": outcome.correlation_id or row["correlation_id"],
    }
    if outcome.state == "unknown":
        line.change(number, **{**done, "state": "parked", "why": "unknown"})
    elif outcome.state in ("not_sent", "refused"):
        why = "refused" if outcome.state == "refused" else None
        age = now - row["received_at"]
        if why is None and outcome.give_up_after is not None and age + outcome.wait > outcome.give_up_after:
            why = "exhausted"
        if not row["is_accepted"]:
            line.database.execute("DELETE FROM messages WHERE number = ?", (number,))
        elif why is not None:
            line.change(number, **{**done, "state": "parked", "why": why, "tries": row["tries"] + 1})
        else:
            again: dict[str, Any] = {
                **done,
                "state": "accepted",
                "done_at": None,
                "tries": row["tries"] + 1,
                "not_before": now + max(pause_after(row["tries"]), outcome.wait),
            }
            if row["state"] == "parked":
                line.put_last(row, **again)
            else:
                line.change(number, **again)
    else:
        is_behind = _is_behind_another_answer(line, number)
        if outcome.state == "answered":
            done.update(text=None, integration_attributes=None)
        line.change(
            number,
            **{
                **done,
                "state": outcome.state,
                "answer": answer_as_json(outcome.answer),
                "worker": worker,
                "deliver_at": until,
            },
        )
    return is_behind, line.update_readiness(**_about_sender(line, outcome))


def _about_sender(line: Line, outcome: Outcome) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    if outcome.conversation_id is not None and line.row["conversation_id"] == outcome.conversation_id:
        is_said = outcome.state not in ("not_sent", "refused")
        if is_said:
            kept.update(last_message_at=line.now)
        if not outcome.goes_on:
            kept.update(conversation_id=None, greeting=None, is_greeted=False)
        elif outcome.state == "answered":
            kept.update(is_greeted=True)
        if outcome.handoff is not None:
            kept.update(handoff=handoff_as_json(outcome.handoff))
    return kept


def settled_before(line: Line, row: sqlite3.Row, outcome: Outcome) -> Settled:
    """The reply to an outcome that was recorded already, or came too late."""
    recorded = {
        "answered": ("answered",),
        "handed_off": ("handed_off",),
        "unknown": ("parked",),
        "refused": ("parked",),
        "not_sent": ("accepted", "parked"),
    }[outcome.state]
    is_behind = _is_behind_another_answer(line, row["number"])
    return Settled("settled", is_behind) if row["state"] in recorded else Settled("lost")


def _is_behind_another_answer(line: Line, number: int) -> bool:
    query = "SELECT 1 FROM messages WHERE line = ? AND deliver_at IS NOT NULL AND number < ? LIMIT 1"
    return line.database.execute(query, (line.id, number)).fetchone() is not None
