"""Calls of the functions in PostgreSQL that are the protocol of a store."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import StoreError
from ._records import Answer, Counts, Message, Parked, Sender, Settled, Standing, Turn, WorkerRecord
from ._rows import answer_as_json, answer_of, attributes_as_json, attributes_of, handoff_as_json, handoff_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal, Optional

    from typing_extensions import TypeAlias

    from ._records import HandoffRecord, Outcome

    Row = Sequence[Any]
    Wake: TypeAlias = list[Optional[str]]  # a worker, or None for all of them, and what it is told

_TURN = "sender, message_id, text, integration_attributes, age, tries, token"
_KNOWN = "conversation_id, greeting, is_greeted, handoff, last_message_age"
_OUTCOME = (
    "sender, message_id, text, integration_attributes, age, tries, state, why, answer, is_delivered, done_age,"
    " conversation_id, correlation_id, error"
)
_WIDTH_OF_OUTCOME = 14
_EXPORTED = (
    "message_id, state, why, received_age, done_age, tries, text, integration_attributes, answer, is_delivered,"
    " conversation_id, correlation_id, error, note"
)
_WHO = "ARRAY(SELECT ARRAY[w.worker, w.word] FROM unnest({}) w)"
MIGRATIONS = Path(__file__).with_name("postgresql")
LOCK = 0x506F6C41
"""The advisory lock under which the tables are brought to a new version."""


@dataclass(frozen=True)
class SqlCall:
    """A call of a function, and how its rows are read."""

    query: str
    arguments: Sequence[Any]
    read: Callable[[list[Row]], Any]
    told: Callable[[list[Row]], list[Wake]] = lambda _: []
    """The workers to wake after the commit."""


def migrations() -> list[tuple[int, str, str]]:
    """The number, the name and the text of each migration."""
    found: list[tuple[int, str, str]] = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        number, _, name = path.stem.partition("_")
        found.append((int(number), name, path.read_text(encoding="utf-8")))
    return found


def encoded(text: str | None) -> bytes | None:
    """A text as the tables hold it."""
    return None if text is None else text.encode()


def decoded(kept: Any) -> str | None:
    """What `encoded` made."""
    return None if kept is None else bytes(kept).decode()


def _ago(age: float | None) -> float:
    """The time of something so long ago, whatever the clock of the server says."""
    return time.time() - (age or 0.0)


class Calls:
    """The words of a store as calls of the functions in one schema."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self._quoted = '"' + schema.replace('"', '""') + '"'

    def _function(self, name: str, columns: str, marks: int) -> str:
        return f"SELECT {columns} FROM {self._quoted}.{name}({', '.join(['%s'] * marks)}) r"

    def accept(self, channel: str, message: Message, token: str, worker: str | None, lease: float) -> SqlCall:
        """As `Store.accept`."""
        return SqlCall(
            self._function("accept_1", "r.is_new, " + _WHO.format("r.who"), 8),
            (
                *(channel, encoded(message.sender), encoded(message.message_id), token, worker, lease),
                *(encoded(message.text), encoded(attributes_as_json(message.integration_attributes))),
            ),
            lambda rows: bool(rows[0][0]),
            lambda rows: rows[0][1],
        )

    def take(self, channel: str, worker: str, tokens: list[str], lease: float) -> SqlCall:
        """As `Store.take`."""

        def read(rows: list[Row]) -> list[Message]:
            return [
                Message(
                    *(_text(row[0]), _text(row[1]), decoded(row[2]), attributes_of(decoded(row[3]))),
                    *(_ago(row[4]), row[5]),
                    turn=Turn(row[6], _sender(_text(row[0]), row[7:12])),
                )
                for row in rows
            ]

        query = self._function("take_1", f"{_TURN}, {_KNOWN}", 4)
        return SqlCall(query, (channel, worker, tokens, lease), read)

    def claim(self, channel: str, message: Message, worker: str, token: str, lease: float) -> SqlCall:
        """As `Store.claim`."""
        done = ", ".join(f"(r.done).{column}" for column in _OUTCOME.split(", "))
        known = ", ".join(f"(r.sender).{column}" for column in _KNOWN.split(", "))

        def read(rows: list[Row]) -> Standing:
            row = rows[0]
            answer = _answer(row[3 : 3 + _WIDTH_OF_OUTCOME]) if row[0] == "done" else None
            return Standing(row[0], _sender(message.sender, row[3 + _WIDTH_OF_OUTCOME :]), answer, row[1])

        columns = f"r.standing, r.tries, {_WHO.format('r.who')}, {done}, {known}"
        keys = (channel, encoded(message.sender), encoded(message.message_id))
        return SqlCall(
            self._function("claim_1", columns, 6), (*keys, worker, token, lease), read, lambda rows: rows[0][2]
        )

    def begin(self, channel: str, message: Message, token: str, sender: Sender, is_over: bool) -> SqlCall:
        """As `Store.begin`."""
        return SqlCall(
            self._function("begin_1", "r", 8),
            (
                *(channel, encoded(message.sender), encoded(message.message_id), token),
                *(encoded(sender.conversation_id), encoded(sender.greeting), sender.is_greeted, is_over),
            ),
            _first,
        )

    def send(
        self, channel: str, message: Message, token: str, conversation_id: str, correlation_id: str, lease: float
    ) -> SqlCall:
        """As `Store.send`."""
        keys = (channel, encoded(message.sender), encoded(message.message_id))
        said = (token, encoded(conversation_id), encoded(correlation_id), lease)
        return SqlCall(self._function("send_1", "r", 7), (*keys, *said), _first)

    def settle(
        self, channel: str, message: Message, worker: str, token: str, outcome: Outcome, lease: float
    ) -> SqlCall:
        """As `Store.settle`."""
        return SqlCall(
            self._function("settle_1", "r.standing, r.is_behind, " + _WHO.format("r.who"), 15),
            (
                *(channel, encoded(message.sender), encoded(message.message_id), worker, token, outcome.state),
                *(encoded(answer_as_json(outcome.answer)), outcome.goes_on, encoded(handoff_as_json(outcome.handoff))),
                *(encoded(outcome.conversation_id), encoded(outcome.correlation_id), encoded(outcome.error)),
                *(outcome.wait, outcome.give_up_after, lease),
            ),
            lambda rows: Settled(rows[0][0], rows[0][1]),
            lambda rows: rows[0][2],
        )

    def take_answers(self, channel: str, worker: str, most: int, lease: float) -> SqlCall:
        """As `Store.take_answers`."""
        query = self._function("take_answers_1", _OUTCOME, 4)
        return SqlCall(query, (channel, worker, most, lease), lambda rows: [_answer(row) for row in rows])

    def delivered(self, channel: str, sender: str, message_id: str) -> SqlCall:
        """As `Store.delivered`."""
        query = self._function("delivered_1", _WHO.format("r"), 3)
        return SqlCall(query, (channel, encoded(sender), encoded(message_id)), _nothing, _first)

    def not_delivered(self, channel: str, sender: str, message_id: str, wait: float) -> SqlCall:
        """As `Store.not_delivered`."""
        query = self._function("not_delivered_1", _WHO.format("r"), 4)
        return SqlCall(query, (channel, encoded(sender), encoded(message_id), wait), _nothing, _first)

    def parked(self, channel: str, most: int) -> SqlCall:
        """As `Store.parked`."""
        query = self._function("parked_1", _OUTCOME, 2)
        return SqlCall(query, (channel, most), lambda rows: [_parked(row) for row in rows])

    def take_parked(self, channel: str, worker: str, most: int, lease: float) -> SqlCall:
        """As `Store.take_parked`."""
        query = self._function("take_parked_1", _OUTCOME, 4)
        return SqlCall(query, (channel, worker, most, lease), lambda rows: [_parked(row) for row in rows])

    def resolve(
        self,
        channel: str,
        sender: str,
        message_id: str,
        how: Literal["dismissed", "answered", "again"],
        note: str | None,
    ) -> SqlCall:
        """As `Store.resolve`."""
        return SqlCall(
            self._function("resolve_1", "r.was_open, " + _WHO.format("r.who"), 5),
            (channel, encoded(sender), encoded(message_id), how, encoded(note)),
            lambda rows: bool(rows[0][0]),
            lambda rows: rows[0][1],
        )

    def sender(self, channel: str, sender: str) -> SqlCall:
        """As `Store.sender`."""

        def read(rows: list[Row]) -> Sender:
            return _sender(sender, rows[0]) if rows else Sender(sender)

        return SqlCall(self._function("sender_1", _KNOWN, 2), (channel, encoded(sender)), read)

    def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None) -> SqlCall:
        """As `Store.set_handoff`."""
        arguments = (channel, encoded(sender), encoded(handoff_as_json(handoff)))
        return SqlCall(self._function("set_handoff_1", "1", 3), arguments, _nothing)

    def take_idle(self, channel: str, idle_for: float, most: int) -> SqlCall:
        """As `Store.take_idle`."""
        query = self._function("take_idle_1", "r", 3)
        return SqlCall(query, (channel, idle_for, most), lambda rows: [_text(row[0]) for row in rows])

    def closed(self, channel: str, conversation_id: str) -> SqlCall:
        """As `Store.closed`."""
        return SqlCall(self._function("closed_1", "1", 2), (channel, encoded(conversation_id)), _nothing)

    def beat(self, worker: str, about: str) -> SqlCall:
        """As `Store.beat`."""
        return SqlCall(self._function("beat_1", _WHO.format("r"), 2), (worker, about), _nothing, _first)

    def workers(self) -> SqlCall:
        """As `Store.workers`."""

        def read(rows: list[Row]) -> list[WorkerRecord]:
            return [WorkerRecord(row[0], row[1], _ago(row[2]), _ago(row[3])) for row in rows]

        return SqlCall(self._function("workers_1", "worker, about, started_age, seen_age", 0), (), read)

    def channels(self) -> SqlCall:
        """As `Store.channels`."""
        return SqlCall(self._function("channels_1", "r", 0), (), lambda rows: [row[0] for row in rows])

    def counts(self, channel: str, up_to: int) -> SqlCall:
        """As `Store.counts`."""

        def read(rows: list[Row]) -> Counts:
            row = rows[0]
            parked: dict[str, int] = dict(zip(("unknown", "refused", "exhausted", "killed_its_worker"), row[6:10]))
            return Counts(
                *(row[0], row[1], row[2], row[3] or 0.0, row[4], row[5] or 0.0, parked, row[10] or 0.0),
                *(row[11], row[12]),
            )

        columns = (
            "ready, in_flight, waiting, oldest_ready, undelivered, oldest_undelivered, unknown, refused, exhausted,"
            " killed_its_worker, oldest_parked, left_open, workers"
        )
        return SqlCall(self._function("counts_1", columns, 2), (channel, up_to), read)

    def export(self, channel: str, sender: str, known: Sender) -> SqlCall:
        """As `Store.export`; what is known about the sender comes from `sender`."""

        def read(rows: list[Row]) -> dict[str, Any]:
            if not rows and known == Sender(sender):
                return {}
            return {
                "channel": channel,
                "sender": sender,
                "conversation_id": known.conversation_id,
                "greeting": known.greeting,
                "is_greeted": known.is_greeted,
                "handoff": json.loads(handoff_as_json(known.handoff) or "null"),
                "last_message_at": known.last_message_at,
                "messages": [_exported(row) for row in rows],
            }

        return SqlCall(self._function("export_1", _EXPORTED, 2), (channel, encoded(sender)), read)

    def forget(self, channel: str, sender: str) -> SqlCall:
        """As `Store.forget`."""
        return SqlCall(self._function("forget_1", "r", 2), (channel, encoded(sender)), _first)

    def fence(self, channel: str, received_within: float | None, most: int) -> SqlCall:
        """As `Store.fence`."""
        return SqlCall(self._function("fence_1", "r", 3), (channel, received_within, most), _first)

    def purge(self, channel: str, older_than: float, most: int) -> SqlCall:
        """As `Store.purge`."""
        return SqlCall(self._function("purge_1", "r", 3), (channel, older_than, most), _first)

    def wake(self, told: list[Wake]) -> tuple[bytes, tuple[Any, ...]]:
        """Tells workers something, in a transaction of its own: the lock that telling takes is not held for a disk."""
        pairs = ", ".join(["ROW(%s, %s)"] * len(told))
        query = f"SELECT {self._quoted}.wake_1(ARRAY[{pairs}]::{self._quoted}.told[])"
        return query.encode(), tuple(value for pair in told for value in pair)


def failure(error: Exception, where: str) -> StoreError:
    """A failure of the driver as one of the store. Of what the server says it is the first line: the details may quote
    what a customer has written."""
    state = getattr(error, "sqlstate", None)
    said = " ".join((getattr(getattr(error, "diag", None), "message_primary", None) or str(error)).split())
    if state in ("42883", "3F000", "42P01", "42704"):  # no such function, schema, table, type
        said = f"{said}: its tables are missing or of an older version; run `polyai-chat-store migrate`"
    return StoreError(f"{where}: {said}")


def _first(rows: list[Row]) -> Any:
    return rows[0][0]


def _nothing(_rows: list[Row]) -> None:
    return None


def _text(kept: Any) -> str:
    return bytes(kept).decode()


def _sender(sender: str, row: Row) -> Sender:
    conversation_id, greeting, is_greeted, handoff, age = row
    return Sender(
        sender, decoded(conversation_id), decoded(greeting), is_greeted, handoff_of(decoded(handoff)), _ago(age)
    )


def _message(row: Row) -> Message:
    attributes = attributes_of(decoded(row[3]))
    return Message(_text(row[0]), _text(row[1]), decoded(row[2]), attributes, _ago(row[4]), row[5])


def _answer(row: Row) -> Answer:
    return answer_of(_message(row), row[6], row[7], decoded(row[8]), row[9])


def _parked(row: Row) -> Parked:
    return Parked(_message(row), row[7], _ago(row[10]), decoded(row[11]), decoded(row[12]), decoded(row[13]))


def _exported(row: Row) -> dict[str, Any]:
    return {
        "message_id": _text(row[0]),
        "state": row[1],
        "why": row[2],
        "received_at": _ago(row[3]),
        "done_at": None if row[4] is None else _ago(row[4]),
        "tries": row[5],
        "text": decoded(row[6]),
        "integration_attributes": attributes_of(decoded(row[7])),
        "answer": json.loads(decoded(row[8]) or "null"),
        "is_delivered": row[9],
        "conversation_id": decoded(row[10]),
        "correlation_id": decoded(row[11]),
        "error": decoded(row[12]),
        "note": decoded(row[13]),
    }
