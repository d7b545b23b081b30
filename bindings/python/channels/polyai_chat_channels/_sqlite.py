"""The store for the processes of one machine: a file of SQLite."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _owner
from ._records import Answer, HandoffRecord, Message, Sender, Standing
from ._sqlite_file import SQLiteFile
from ._store import LEASE_SECONDS

if TYPE_CHECKING:
    import sqlite3
    from os import PathLike
    from types import TracebackType

    from typing_extensions import Self

    from ._records import Outcome

_IN_LINE = "state IN ('accepted', 'claimed', 'sending')"
_KEY = "channel = ? AND sender = ? AND message_id = ?"


class SQLiteStore(SQLiteFile):
    """Keeps what a channel must know in one file, for the threads and processes of one machine.

    Whether the owner of a claim has died is asked of the system: a process that was killed is noticed at once, in a
    container of its own only when the time of the claim is over. A forked child opens the file anew.

    The file is made with the permissions 0600; one that is there keeps its own. It is in SQLite's WAL mode, so a backup
    takes its neighbours `-wal` and `-shm` along or is made by `sqlite3 FILE .backup`, and it must not be on a network
    file system. What has to survive a power failure is on disk before anything follows from it.

    It holds no keys. Of customers it holds the senders, the conversations they are in, and texts as long as they are
    needed: that of a message from `Channel.accept` until the agent has answered, that of an answer until
    `Channel.delivered`, all of it until `Channel.purge` at the longest.

    Example:
        >>> with SQLiteStore(path) as store:
        ...     print(Channel(client, store, "sms").look_up(sender="+44 20 7946 0000").conversation_id)
        None

    Since 0.1.0.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        """Opens the file, and makes it if there is none.

        Raises:
            StoreError: It cannot be opened, is not a store, is damaged, or was made by a newer version.

        Blocks while it reads. Any thread. Since 0.1.0.
        """
        super().__init__(Path(path).absolute())

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def close(self) -> None:
        """Closes the file. It is opened again when it is needed. Any thread. Since 0.1.0."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SQLiteStore({str(self._path)!r})"

    # The words of `Store`, which says what they mean.

    def accept(self, channel: str, message: Message, for_others: bool, *, timeout: float) -> bool:
        """As `Store.accept`."""
        owner = None if for_others else _owner.this_process()
        with self._writing(timeout) as database:
            added = database.execute(
                "INSERT OR IGNORE INTO messages (channel, sender, message_id, state, is_accepted, owner, until,"
                " not_before, tries, received_at, text, integration_attributes)"
                " VALUES (?, ?, ?, 'accepted', 1, ?, ?, 0, 0, ?, ?, ?)",
                (
                    *(channel, message.sender, message.message_id, owner),
                    *(time.time() + LEASE_SECONDS, message.received_at, message.text),
                    json.dumps(message.integration_attributes),
                ),
            )
            return added.rowcount == 1

    def claim(self, channel: str, message: Message, token: str, seconds: float, *, timeout: float) -> Standing:
        """As `Store.claim`."""
        # Whoever waits asks often, and mostly nothing has changed: that takes no lock.
        with self._reading(timeout) as database:
            standing = _standing_that_lasts(database, channel, message, token)
        if standing is not None:
            return standing
        with self._writing(timeout, on_disk=False) as database:
            key = (channel, message.sender, message.message_id)
            now = time.time()
            _end_claims_that_are_over(database, channel, message.sender)
            row = database.execute(f"SELECT * FROM messages WHERE {_KEY}", key).fetchone()
            if row is None:
                database.execute(
                    "INSERT INTO messages (channel, sender, message_id, state, is_accepted, owner, token, until,"
                    " not_before, tries, received_at) VALUES (?, ?, ?, 'claimed', 0, ?, ?, ?, 0, 0, ?)",
                    (*key, _owner.this_process(), token, now + seconds, message.received_at),
                )
            elif row["state"] == "accepted":
                database.execute(
                    f"UPDATE messages SET state = 'claimed', owner = ?, token = ?, until = ? WHERE {_KEY}",
                    (_owner.this_process(), token, now + seconds, *key),
                )
            standing = _standing(database, channel, message, token)
            assert standing is not None  # it was put there if it was not
            return standing

    def begin(
        self, channel: str, message: Message, token: str, sender: Sender, is_over: bool, *, timeout: float
    ) -> bool:
        """As `Store.begin`."""
        with self._writing(timeout, on_disk=False) as database:
            is_held = _change(
                database, channel, message, token, "state = 'claimed'", "AND state IN ('claimed', 'sending')"
            )
            if not is_held:
                if sender.conversation_id is not None:
                    _leave(database, channel, sender.conversation_id)
                return False
            before = _sender(database, channel, sender.sender).conversation_id
            if before is not None and before != sender.conversation_id and not is_over:
                _leave(database, channel, before)
            database.execute(
                "INSERT INTO senders (channel, sender, conversation_id, greeting, is_greeted, last_message_at)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (channel, sender)"
                " DO UPDATE SET conversation_id = excluded.conversation_id, greeting = excluded.greeting,"
                " is_greeted = excluded.is_greeted, last_message_at = excluded.last_message_at",
                (channel, sender.sender, sender.conversation_id, sender.greeting, sender.is_greeted, time.time()),
            )
            return True

    def send(self, channel: str, message: Message, token: str, *, timeout: float) -> bool:
        """As `Store.send`."""
        with self._writing(timeout) as database:
            return _change(database, channel, message, token, "state = 'sending'", "AND state = 'claimed'")

    def settle(self, channel: str, message: Message, token: str, outcome: Outcome, *, timeout: float) -> bool:
        """As `Store.settle`."""
        now = time.time()
        with self._writing(timeout) as database:
            state = "state = ?, owner = NULL, done_at = ?"
            open_to_it = "AND (state IN ('claimed', 'sending', 'unknown'))"
            if outcome.state == "not_sent":
                changed = (
                    "state = 'accepted', owner = NULL, token = NULL, not_before = ?, tries = tries + 1, done_at = NULL"
                )
                is_held = _change(database, channel, message, token, changed, open_to_it, outcome.not_before)
                database.execute(
                    f"DELETE FROM messages WHERE {_KEY} AND is_accepted = 0 AND state = 'accepted'",
                    (channel, message.sender, message.message_id),
                )
            elif outcome.state == "unknown":
                is_held = _change(database, channel, message, token, state, open_to_it, "unknown", now)
            else:
                changed = f"{state}, answer = ?, until = ?"
                if outcome.state == "answered":
                    changed += ", text = NULL, integration_attributes = NULL"
                changed = changed.replace("owner = NULL", "owner = ?")
                answer = _answer_as_json(outcome.answer)
                values = (outcome.state, _owner.this_process(), now, answer, now + LEASE_SECONDS)
                is_held = _change(database, channel, message, token, changed, open_to_it, *values)
            if is_held:
                _settle_sender(database, channel, message.sender, outcome, now)
            return is_held

    def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        """As `Store.sender`."""
        with self._reading(timeout) as database:
            return _sender(database, channel, sender)

    def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        """As `Store.set_handoff`."""
        with self._writing(timeout) as database:
            if handoff is None:
                database.execute(
                    "UPDATE senders SET handoff = NULL, last_message_at = ? WHERE channel = ? AND sender = ?",
                    (time.time(), channel, sender),
                )
            else:
                database.execute(
                    "INSERT INTO senders (channel, sender, handoff, last_message_at) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (channel, sender) DO UPDATE SET handoff = excluded.handoff",
                    (channel, sender, json.dumps(asdict(handoff)), time.time()),
                )

    def take_idle(self, channel: str, before: float, most: int, *, timeout: float) -> list[str]:
        """As `Store.take_idle`."""
        with self._writing(timeout, on_disk=False) as database:
            idle = database.execute(
                "SELECT sender, conversation_id FROM senders WHERE channel = ? AND conversation_id IS NOT NULL"
                " AND last_message_at <= ? AND NOT EXISTS"
                " (SELECT 1 FROM messages WHERE messages.channel = senders.channel"
                f" AND messages.sender = senders.sender AND {_IN_LINE}) ORDER BY last_message_at LIMIT ?",
                (channel, before, most),
            ).fetchall()
            for row in idle:
                _leave(database, channel, row["conversation_id"])
                database.execute(
                    "UPDATE senders SET conversation_id = NULL, greeting = NULL, is_greeted = 0"
                    " WHERE channel = ? AND sender = ?",
                    (channel, row["sender"]),
                )
            query = (
                "SELECT conversation_id FROM conversations_left WHERE channel = ? ORDER BY handed_out, left_at LIMIT ?"
            )
            taken = [row["conversation_id"] for row in database.execute(query, (channel, most)).fetchall()]
            database.executemany(
                "UPDATE conversations_left SET handed_out = handed_out + 1 WHERE channel = ? AND conversation_id = ?",
                [(channel, conversation_id) for conversation_id in taken],
            )
            return taken

    def closed(self, channel: str, conversation_id: str, *, timeout: float) -> None:
        """As `Store.closed`."""
        with self._writing(timeout, on_disk=False) as database:
            database.execute(
                "DELETE FROM conversations_left WHERE channel = ? AND conversation_id = ?", (channel, conversation_id)
            )

    def take_accepted(self, channel: str, most: int, *, timeout: float) -> list[Message]:
        """As `Store.take_accepted`."""
        with self._writing(timeout, on_disk=False) as database:
            _end_claims_that_are_over(database, channel)
            query = f"SELECT * FROM messages WHERE channel = ? AND {_IN_LINE} ORDER BY number"
            now = time.time()
            free = (
                row
                for row in database.execute(query, (channel,))
                if row["state"] == "accepted" and row["not_before"] <= now and _is_nobodys(row)
            )
            return [_message(row) for row in _take(database, list(islice(free, most)))]

    def take_undelivered(self, channel: str, most: int, *, timeout: float) -> list[Answer]:
        """As `Store.take_undelivered`."""
        with self._writing(timeout, on_disk=False) as database:
            rows = database.execute(
                "SELECT * FROM messages WHERE channel = ? AND state IN ('answered', 'handed_off') AND is_delivered = 0"
                " ORDER BY number",
                (channel,),
            )
            free = (row for row in rows if _is_nobodys(row))
            return [_answer(row) for row in _take(database, list(islice(free, most)))]

    def unknown(self, channel: str, most: int, *, timeout: float) -> list[Message]:
        """As `Store.unknown`."""
        with self._writing(timeout, on_disk=False) as database:
            _end_claims_that_are_over(database, channel)
            query = "SELECT * FROM messages WHERE channel = ? AND state = 'unknown' ORDER BY number LIMIT ?"
            return [_message(row) for row in database.execute(query, (channel, most)).fetchall()]

    def delivered(self, channel: str, sender: str, message_id: str, is_delivered: bool, *, timeout: float) -> None:
        """As `Store.delivered`."""
        key = (channel, sender, message_id)
        with self._writing(timeout) as database:
            if not is_delivered:
                database.execute(f"UPDATE messages SET owner = NULL WHERE {_KEY} AND is_delivered = 0", key)
                return
            of_key = f"{_KEY} AND state IN ('answered', 'handed_off')"
            row = database.execute(f"SELECT answer FROM messages WHERE {of_key}", key).fetchone()
            if row is None:
                return
            database.execute(
                "UPDATE messages SET is_delivered = 1, text = NULL, integration_attributes = NULL, answer = ?"
                f" WHERE {of_key}",
                (_without_texts(row["answer"]), *key),
            )

    def dismiss(self, channel: str, sender: str, message_id: str, *, timeout: float) -> bool:
        """As `Store.dismiss`."""
        with self._writing(timeout) as database:
            _end_claims_that_are_over(database, channel, sender)
            changed = database.execute(
                "UPDATE messages SET state = 'settled', owner = NULL, token = NULL, text = NULL,"
                f" integration_attributes = NULL, done_at = ? WHERE {_KEY} AND state IN ('accepted', 'unknown')",
                (time.time(), channel, sender, message_id),
            )
            return changed.rowcount == 1

    def purge(self, channel: str, before: float, *, timeout: float) -> int:
        """As `Store.purge`."""
        with self._writing(timeout, on_disk=False) as database:
            query = "DELETE FROM messages WHERE channel = ? AND done_at IS NOT NULL AND done_at <= ?"
            forgotten = database.execute(query, (channel, before)).rowcount
            query = "DELETE FROM conversations_left WHERE channel = ? AND left_at <= ?"
            database.execute(query, (channel, before))
            database.execute(
                "DELETE FROM senders WHERE channel = ? AND conversation_id IS NULL AND handoff IS NULL"
                " AND last_message_at <= ?",
                (channel, before),
            )
            return forgotten

    # How the file is used.


# What the methods above are made of, inside their transactions.


def _change(
    database: sqlite3.Connection,
    channel: str,
    message: Message,
    token: str,
    changes: str,
    condition: str,
    *values: object,
) -> bool:
    """Changes a message if the claim is this one."""
    changed = database.execute(
        f"UPDATE messages SET {changes} WHERE {_KEY} AND token = ? {condition}",
        (*values, channel, message.sender, message.message_id, token),
    )
    return changed.rowcount == 1


def _is_nobodys(row: sqlite3.Row) -> bool:
    return row["owner"] is None or row["until"] <= time.time() or _owner.has_died(row["owner"])


def _end_claims_that_are_over(database: sqlite3.Connection, channel: str, sender: str | None = None) -> None:
    """Has claims whose owner has died, or whose time has passed, be free or unknown."""
    of_sender = "" if sender is None else " AND sender = ?"
    query = f"SELECT * FROM messages WHERE channel = ?{of_sender} AND {_IN_LINE}"
    for row in database.execute(query, (channel,) if sender is None else (channel, sender)).fetchall():
        if row["state"] == "accepted" or not _is_nobodys(row):
            continue
        if row["state"] == "sending":
            # The token stays: if its owner lives after all, the answer may come yet.
            changes = "UPDATE messages SET state = 'unknown', owner = NULL, done_at = ? WHERE number = ?"
            database.execute(changes, (time.time(), row["number"]))
        elif row["is_accepted"]:
            changes = "UPDATE messages SET state = 'accepted', owner = NULL, token = NULL WHERE number = ?"
            database.execute(changes, (row["number"],))
        else:
            database.execute("DELETE FROM messages WHERE number = ?", (row["number"],))


def _standing_that_lasts(database: sqlite3.Connection, channel: str, message: Message, token: str) -> Standing | None:
    """Where a message stands, if nothing has to be written to say so."""
    query = f"SELECT * FROM messages WHERE channel = ? AND sender = ? AND {_IN_LINE}"
    for row in database.execute(query, (channel, message.sender)).fetchall():
        if row["state"] != "accepted" and _is_nobodys(row):
            return None
    return _standing(database, channel, message, token)


def _standing(database: sqlite3.Connection, channel: str, message: Message, token: str) -> Standing | None:
    key = (channel, message.sender, message.message_id)
    row = database.execute(f"SELECT * FROM messages WHERE {_KEY}", key).fetchone()
    if row is None or row["state"] == "accepted":
        return None
    sender = _sender(database, channel, message.sender)
    if row["state"] not in ("claimed", "sending"):
        return Standing("done", sender, _answer(row), row["tries"])
    if row["token"] != token:
        return Standing("under_way", sender, None, row["tries"])
    query = f"SELECT 1 FROM messages WHERE channel = ? AND sender = ? AND number < ? AND {_IN_LINE} LIMIT 1"
    earlier = database.execute(query, (channel, message.sender, row["number"])).fetchone()
    return Standing("first" if earlier is None else "in_line", sender, None, row["tries"])


def _take(database: sqlite3.Connection, rows: list[sqlite3.Row]) -> list[sqlite3.Row]:
    """Makes this process the owner of messages or answers, for a while."""
    mine = (_owner.this_process(), time.time() + LEASE_SECONDS)
    database.executemany(
        "UPDATE messages SET owner = ?, until = ? WHERE number = ?", [(*mine, row["number"]) for row in rows]
    )
    return rows


def _leave(database: sqlite3.Connection, channel: str, conversation_id: str) -> None:
    database.execute(
        "INSERT OR IGNORE INTO conversations_left VALUES (?, ?, ?, 0)", (channel, conversation_id, time.time())
    )


def _sender(database: sqlite3.Connection, channel: str, sender: str) -> Sender:
    row = database.execute("SELECT * FROM senders WHERE channel = ? AND sender = ?", (channel, sender)).fetchone()
    if row is None:
        return Sender(sender)
    handoff = None if row["handoff"] is None else HandoffRecord(**json.loads(row["handoff"]))
    return Sender(
        sender, row["conversation_id"], row["greeting"], bool(row["is_greeted"]), handoff, row["last_message_at"]
    )


def _settle_sender(database: sqlite3.Connection, channel: str, sender: str, outcome: Outcome, now: float) -> None:
    key = (channel, sender)
    if not outcome.goes_on:
        database.execute(
            "UPDATE senders SET conversation_id = NULL, greeting = NULL, is_greeted = 0"
            " WHERE channel = ? AND sender = ?",
            key,
        )
    if outcome.handoff is not None:
        handoff = json.dumps(asdict(outcome.handoff))
        database.execute("UPDATE senders SET handoff = ? WHERE channel = ? AND sender = ?", (handoff, *key))
    if outcome.state != "not_sent":
        database.execute("UPDATE senders SET last_message_at = ? WHERE channel = ? AND sender = ?", (now, *key))
    if outcome.state == "answered" and outcome.goes_on:
        database.execute("UPDATE senders SET is_greeted = 1 WHERE channel = ? AND sender = ?", key)


def _message(row: sqlite3.Row) -> Message:
    attributes = json.loads(row["integration_attributes"] or "null")
    return Message(row["sender"], row["message_id"], row["text"], attributes, row["received_at"], row["tries"])


def _answer_as_json(answer: Answer | None) -> str | None:
    if answer is None:
        return None
    kept = asdict(answer)
    for name in ("message", "is_repeated", "is_delivered"):
        del kept[name]
    return json.dumps(kept)


def _without_texts(answer: str | None) -> str | None:
    if answer is None:
        return None
    kept = json.loads(answer)
    kept["response"] = kept["greeting"] = None
    if kept["handoff"] is not None:
        kept["handoff"]["raw"] = None
    return json.dumps(kept)


def _answer(row: sqlite3.Row) -> Answer:
    kept: dict[str, Any] = json.loads(row["answer"] or "{}")
    handoff = kept.pop("handoff", None)
    kept.setdefault("state", row["state"])
    return Answer(
        _message(row),
        **kept,
        handoff=None if handoff is None else HandoffRecord(**handoff),
        is_repeated=True,
        is_delivered=bool(row["is_delivered"]),
    )
