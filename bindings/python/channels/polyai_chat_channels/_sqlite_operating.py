"""The operators' part of the store in SQLite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ._records import Counts
from ._sqlite_file import CLAIMED, NEVER, SQLiteFile
from ._sqlite_lines import Line, dead_workers, deliver_next, end_what_is_over, parked_from, wall

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ._records import Parked
    from ._sqlite_lines import Wake

_WITH_SENDER = "SELECT messages.*, lines.sender FROM messages JOIN lines USING (line) WHERE "


class Operating(SQLiteFile):
    """The part of `SQLiteStore` that is about what waits for a human, what is old, and how much there is."""

    def parked(self, channel: str, most: int, *, timeout: float) -> list[Parked]:
        """As `Store.parked`."""
        self._end_what_is_over(timeout)
        with self._reading(timeout) as database:
            query = _WITH_SENDER + "messages.channel = ? AND state = 'parked' ORDER BY done_at LIMIT ?"
            now = self._now(database)
            return [parked_from(row, now) for row in database.execute(query, (channel, most)).fetchall()]

    def take_parked(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Parked]:
        """As `Store.take_parked`."""
        self._end_what_is_over(timeout)
        with self._writing(timeout) as database:
            now = self._now(database)
            query = (
                _WITH_SENDER + "messages.channel = ? AND state = 'parked' AND (until IS NULL OR until <= ?)"
                " ORDER BY done_at LIMIT ?"
            )
            rows = database.execute(query, (channel, now, most)).fetchall()
            changes = "UPDATE messages SET worker = ?, until = ? WHERE number = ?"
            database.executemany(changes, [(worker, now + lease, row["number"]) for row in rows])
            return [parked_from(row, now) for row in rows]

    def take_idle(self, channel: str, idle_for: float, most: int, *, timeout: float) -> list[str]:
        """As `Store.take_idle`."""
        with self._writing(timeout, on_disk=False) as database:
            now = self._now(database)
            idle = database.execute(
                "SELECT line, conversation_id FROM lines WHERE channel = ? AND conversation_id IS NOT NULL"
                " AND ready_at IS NULL AND last_message_at <= ? ORDER BY last_message_at LIMIT ?",
                (channel, now - idle_for, most),
            ).fetchall()
            for row in idle:
                self._leave(database, channel, row["conversation_id"], now)
                database.execute(
                    "UPDATE lines SET conversation_id = NULL, greeting = NULL, is_greeted = 0 WHERE line = ?",
                    (row["line"],),
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

    def channels(self, *, timeout: float) -> list[str]:
        """As `Store.channels`."""
        with self._reading(timeout) as database:
            names: list[str] = []
            query = "SELECT min(channel) FROM lines WHERE channel > ?"
            (name,) = database.execute("SELECT min(channel) FROM lines").fetchone()
            while name is not None:
                names.append(name)
                (name,) = database.execute(query, (name,)).fetchone()
            return names

    def counts(self, channel: str, up_to: int, *, timeout: float) -> Counts:
        """As `Store.counts`."""
        self._end_what_is_over(timeout)
        with self._reading(timeout) as database:
            now = self._now(database)

            def count(rows: str, *values: object) -> int:
                query = f"SELECT count(*) FROM (SELECT 1 FROM {rows} LIMIT ?)"
                (number,) = database.execute(query, (*values, up_to)).fetchone()
                return int(number)

            def age_of_first(column: str, rows: str, *values: object) -> float:
                query = f"SELECT min({column}) FROM {rows}"
                (first,) = database.execute(query, values).fetchone()
                return 0.0 if first is None else max(now - first, 0.0)

            ready = "lines WHERE channel = ? AND ready_at <= ?"
            parked = {
                why: count("messages WHERE channel = ? AND state = 'parked' AND why = ?", channel, why)
                for why in ("unknown", "refused", "exhausted", "killed_its_worker")
            }
            to_deliver = "messages WHERE channel = ? AND deliver_at IS NOT NULL"
            return Counts(
                ready=count(ready, channel, now),
                in_flight=count(
                    f"messages WHERE {CLAIMED} AND state IN ('claimed', 'sending') AND channel = ?", channel
                ),
                waiting=count("lines WHERE channel = ? AND ready_at > ?", channel, now),
                oldest_ready_seconds=age_of_first("ready_at", ready, channel, now),
                undelivered=count(to_deliver, channel),
                oldest_undelivered_seconds=age_of_first("done_at", to_deliver + " AND deliver_at < ?", channel, NEVER),
                parked=parked,
                oldest_parked_seconds=age_of_first(
                    "done_at", "messages WHERE channel = ? AND state = 'parked'", channel
                ),
                left=count("conversations_left WHERE channel = ?", channel),
                workers=len(database.execute("SELECT 1 FROM workers NOT INDEXED").fetchall()),
            )

    def export(self, channel: str, sender: str, *, timeout: float) -> dict[str, Any]:
        """As `Store.export`."""
        with self._reading(timeout) as database:
            now = self._now(database)
            line = Line.found(database, channel, sender, now)
            if line is None:
                return {}
            query = "SELECT * FROM messages WHERE line = ? ORDER BY number"
            row = line.row
            return {
                "channel": channel,
                "sender": sender,
                "conversation_id": row["conversation_id"],
                "greeting": row["greeting"],
                "is_greeted": bool(row["is_greeted"]),
                "handoff": json.loads(row["handoff"] or "null"),
                "last_message_at": wall(row["last_message_at"], now),
                "messages": [_exported(one, now) for one in database.execute(query, (line.id,)).fetchall()],
            }

    def forget(self, channel: str, sender: str, *, timeout: float) -> bool:
        """As `Store.forget`."""
        with self._writing(timeout) as database:
            now = self._now(database)
            line = Line.found(database, channel, sender, now)
            if line is None:
                return False
            if line.row["conversation_id"] is not None:
                self._leave(database, channel, line.row["conversation_id"], now)
            database.execute("DELETE FROM messages WHERE line = ?", (line.id,))
            database.execute("DELETE FROM lines WHERE line = ?", (line.id,))
            return True

    def fence(self, channel: str, received_within: float | None, most: int, *, timeout: float) -> int:
        """As `Store.fence`."""
        fenced = 0
        with self._writing(timeout) as database:
            now = self._now(database)
            query = "SELECT * FROM lines WHERE channel = ? AND ready_at IS NOT NULL ORDER BY ready_at"
            for row in database.execute(query, (channel,)).fetchall():
                if fenced == most:
                    break
                line = Line(database, row, now)
                first = line.first()
                if first is None or (received_within is not None and first["received_at"] < now - received_within):
                    continue
                if first["state"] == "sending" or (first["state"] == "accepted" and first["not_before"] > now):
                    continue  # on record, or not to be tried yet
                line.change(
                    first["number"],
                    **{
                        "state": "parked",
                        "why": "unknown",
                        "done_at": now,
                        "worker": None,
                        "token": None,
                        "until": None,
                    },
                    error="fenced: it may have been sent without a record of it",
                )
                line.update_readiness()
                fenced += 1
        return fenced

    def purge(self, channel: str, older_than: float, most: int, *, timeout: float) -> int:
        """As `Store.purge`."""
        with self._writing(timeout) as database:
            now = self._now(database)
            before = now - older_than
            query = (
                "SELECT number, line, deliver_at FROM messages WHERE channel = ? AND done_at <= ?"
                " ORDER BY done_at LIMIT ?"
            )
            rows = database.execute(query, (channel, before, most)).fetchall()
            database.executemany("DELETE FROM messages WHERE number = ?", [(row["number"],) for row in rows])
            for line in {row["line"] for row in rows if row["deliver_at"] is not None}:
                deliver_next(database, line, now)
            database.execute("DELETE FROM conversations_left WHERE channel = ? AND left_at <= ?", (channel, before))
            database.execute(
                "DELETE FROM lines WHERE line IN (SELECT line FROM lines WHERE channel = ? AND conversation_id IS NULL"
                " AND handoff IS NULL AND ready_at IS NULL AND last_message_at <= ? AND NOT EXISTS"
                " (SELECT 1 FROM messages WHERE messages.line = lines.line) LIMIT ?)",
                (channel, before, most),
            )
            return len(rows)

    def migrate(self, *, timeout: float) -> int:
        """As `Store.migrate`."""
        with self._reading(timeout) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            return int(version)

    def _end_what_is_over(self, timeout: float) -> None:
        with self._reading(timeout) as database:
            now = self._now(database)
            query = f"SELECT 1 FROM messages WHERE {CLAIMED} AND until <= ? LIMIT 1"
            dead = dead_workers(database, now)
            if not dead and database.execute(query, (now,)).fetchone() is None:
                return
        with self._writing(timeout, on_disk=False) as database:
            now = self._now(database)
            told = end_what_is_over(database, dead_workers(database, now), now)
        self._tell(told)

    def _tell(self, told: Iterable[Wake]) -> None:
        raise NotImplementedError

    @staticmethod
    def _leave(database: sqlite3.Connection, channel: str, conversation_id: str, now: float) -> None:
        """Keeps a conversation in which nobody is, to be closed."""
        database.execute(
            "INSERT OR IGNORE INTO conversations_left VALUES (?, ?, ?, 0)", (channel, conversation_id, now)
        )


def _exported(row: sqlite3.Row, now: float) -> dict[str, Any]:
    is_answer = row["state"] in ("answered", "handed_off")
    return {
        "message_id": row["message_id"],
        "state": row["state"],
        "why": row["why"],
        "received_at": wall(row["received_at"], now),
        "done_at": None if row["done_at"] is None else wall(row["done_at"], now),
        "tries": row["tries"],
        "text": row["text"],
        "integration_attributes": json.loads(row["integration_attributes"] or "null"),
        "answer": json.loads(row["answer"] or "null"),
        "is_delivered": is_answer and row["deliver_at"] is None,
        "conversation_id": row["conversation_id"],
        "correlation_id": row["correlation_id"],
        "error": row["error"],
        "note": row["note"],
    }
