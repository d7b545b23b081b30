"""The line of a sender in a file of SQLite: who comes first, and how claims end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from . import _process
from ._records import Message, Parked, Sender, Standing
from ._rows import answer_of, attributes_of, handoff_of
from ._sqlite_file import CLAIMED, IN_LINE, NEVER
from ._store import DEAD_AFTER_SECONDS, LONGEST_WAIT, MOST_DEATHS

if TYPE_CHECKING:
    import sqlite3
    from typing import Optional

    from typing_extensions import TypeAlias

    Wake: TypeAlias = tuple[Optional[str], str]  # a worker, or None for all of them, and what it is told

_AT_ONCE = 1000
"""How many claims are ended in one transaction."""


class Line:
    """The line of one sender, in a transaction that writes or reads."""

    def __init__(self, database: sqlite3.Connection, row: sqlite3.Row, now: float) -> None:
        self.database = database
        self.now = now
        self.id: int = row["line"]
        self.channel: str = row["channel"]
        self.row = row

    @staticmethod
    def found(database: sqlite3.Connection, channel: str, sender: str, now: float) -> Line | None:
        """The line of a sender, if there is one."""
        query = "SELECT * FROM lines WHERE channel = ? AND sender = ?"
        row = database.execute(query, (channel, sender)).fetchone()
        return None if row is None else Line(database, row, now)

    @staticmethod
    def of(database: sqlite3.Connection, channel: str, sender: str, now: float) -> Line:
        """The line of a sender, made if there is none."""
        line = Line.found(database, channel, sender, now)
        if line is None:
            query = "INSERT INTO lines (channel, sender, last_message_at) VALUES (?, ?, ?)"
            database.execute(query, (channel, sender, now))
            line = Line.found(database, channel, sender, now)
            assert line is not None
        return line

    def sender(self) -> Sender:
        """The record of the sender."""
        row = self.row
        return Sender(
            row["sender"],
            row["conversation_id"],
            row["greeting"],
            bool(row["is_greeted"]),
            handoff_of(row["handoff"]),
            wall(row["last_message_at"], self.now),
        )

    def message(self, message_id: str) -> sqlite3.Row | None:
        """The row of a message."""
        query = "SELECT * FROM messages WHERE line = ? AND message_id = ?"
        row: sqlite3.Row | None = self.database.execute(query, (self.id, message_id)).fetchone()
        return row

    def first(self) -> sqlite3.Row | None:
        """The first message in line."""
        query = f"SELECT * FROM messages WHERE line = ? AND {IN_LINE} ORDER BY number LIMIT 1"
        row: sqlite3.Row | None = self.database.execute(query, (self.id,)).fetchone()
        return row

    def is_behind(self, number: int) -> bool:
        """Whether something in line comes before this message."""
        first = self.first()
        return first is not None and first["number"] < number

    def change(self, number: int, **columns: Any) -> None:
        """Changes the row of a message."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self.database.execute(f"UPDATE messages SET {names} WHERE number = ?", (*columns.values(), number))

    def change_line(self, **columns: Any) -> None:
        """Changes what is known about the sender."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self.database.execute(f"UPDATE lines SET {names} WHERE line = ?", (*columns.values(), self.id))

    def put_last(self, row: sqlite3.Row, **columns: Any) -> None:
        """Gives a message that has left the line a place at its end: later ones may be under way."""
        kept: dict[str, Any] = {**dict(row), **columns}
        del kept["number"]
        self.database.execute("DELETE FROM messages WHERE number = ?", (row["number"],))
        marks = ", ".join("?" * len(kept))
        self.database.execute(f"INSERT INTO messages ({', '.join(kept)}) VALUES ({marks})", tuple(kept.values()))

    def update_readiness(self, **columns: Any) -> list[Wake]:
        """Records when somebody has to look at the line, with more about the sender; returns who may go on now."""
        first = self.first()
        told: list[Wake] = []
        if first is None:
            at = None
        elif first["state"] == "accepted":
            at = max(first["not_before"], first["until"] if first["worker"] is not None else 0.0)
            if at <= self.now:
                before = self.row["ready_at"]
                at = before if before is not None and before <= self.now else self.now
                told = [(None, self.channel)]
        else:
            at = first["until"]
            if first["state"] == "waiting":
                told = [(first["worker"], first["token"])]
        self.change_line(ready_at=at, **columns)
        return told

    def end_claim(self, row: sqlite3.Row) -> None:
        """Ends a claim whose worker has died or whose lease is over: it is free, or unknown."""
        state, number = row["state"], row["number"]
        if state == "sending":
            # The token stays: if its worker lives after all, the answer may come yet.
            error = "the worker that had sent it has died, or was held up for too long"
            self.change(number, state="parked", why="unknown", error=error, worker=None, until=None, done_at=self.now)
        elif state in ("claimed", "taken"):
            deaths, tries = row["deaths"] + 1, row["tries"] + 1
            changes: dict[str, Any] = {"worker": None, "token": None, "until": None, "deaths": deaths, "tries": tries}
            if deaths >= MOST_DEATHS:
                error = f"{deaths} workers have died while they had it"
                changes.update(state="parked", why="killed_its_worker", error=error, done_at=self.now)
            elif row["is_accepted"]:
                changes.update(state="accepted", not_before=self.now + pause_after(row["tries"]))
            else:
                changes.update(state="died", done_at=self.now)
            self.change(number, **changes)
        elif not row["is_accepted"]:
            self.database.execute("DELETE FROM messages WHERE number = ?", (number,))
        else:
            self.change(number, state="accepted", worker=None, token=None, until=None)

    def end_claims_that_are_over(self, dead: set[str]) -> bool:
        """Ends those of this line; False where there is none."""
        query = f"SELECT * FROM messages WHERE line = ? AND {IN_LINE} ORDER BY number"
        over = [row for row in self.database.execute(query, (self.id,)).fetchmany(_AT_ONCE) if is_over(row, self, dead)]
        for row in over:
            self.end_claim(row)
        return bool(over)

    def standing(self, row: sqlite3.Row, token: str) -> Standing:
        """The reply to a claim with this token."""
        if row["state"] in ("claimed", "sending", "taken", "waiting", "accepted"):
            state = "under_way" if row["token"] != token else "in_line" if row["state"] == "waiting" else "first"
            return Standing(state, self.sender(), None, row["tries"])  # type: ignore[arg-type]
        return Standing("done", self.sender(), answer_from(row, self.row["sender"], self.now), row["tries"])


def is_over(row: sqlite3.Row, line: Line, dead: set[str]) -> bool:
    """Whether a message in line is claimed no longer, although it says so."""
    if row["state"] == "accepted":
        return row["worker"] in dead
    return row["until"] <= line.now or row["worker"] in dead


def pause_after(tries: int) -> float:
    """For how long something is not tried again that was tried so often before."""
    return float(min(2.0 ** min(tries, 16), LONGEST_WAIT))


def wall(at: float, now: float) -> float:
    """A time on the clock of the file as seconds since 1970, so long ago."""
    return time.time() - (now - at)


def dead_workers(database: sqlite3.Connection, now: float) -> set[str]:
    """Those of whom it is known."""
    dead: set[str] = set()
    for row in database.execute("SELECT worker, process, seen_at FROM workers NOT INDEXED").fetchall():
        has_died = _process.has_died(row["process"])
        if has_died is None:
            has_died = row["seen_at"] < now - DEAD_AFTER_SECONDS
        if has_died:
            dead.add(row["worker"])
    return dead


def end_what_is_over(database: sqlite3.Connection, dead: set[str], now: float) -> list[Wake]:
    """Ends the claims of dead workers, and those whose lease is over; returns who is to be told something."""
    query = f"SELECT * FROM messages WHERE {CLAIMED} AND until <= ? ORDER BY until LIMIT {_AT_ONCE}"
    over = database.execute(query, (now,)).fetchall()
    for worker in dead:
        rows: list[sqlite3.Row] = []
        for kept in (IN_LINE, "deliver_at IS NOT NULL", "state = 'parked'"):
            of_worker = f"SELECT * FROM messages WHERE {kept} AND worker = ? LIMIT {_AT_ONCE}"
            rows += database.execute(of_worker, (worker,)).fetchall()
        if len(rows) < _AT_ONCE:
            database.execute("DELETE FROM workers WHERE worker = ?", (worker,))
        over += rows
    told: list[Wake] = []
    lines: dict[int, Line] = {}
    ended: set[int] = set()
    for row in over:
        if row["number"] in ended:
            continue
        ended.add(row["number"])
        line = lines.get(row["line"])
        if line is None:
            found = database.execute("SELECT * FROM lines WHERE line = ?", (row["line"],)).fetchone()
            line = lines[row["line"]] = Line(database, found, now)
        if row["deliver_at"] is not None:
            line.change(row["number"], worker=None, deliver_at=min(row["deliver_at"], now))
            told.append((None, row["channel"]))
        elif row["state"] == "parked":
            line.change(row["number"], worker=None, until=None)
        else:
            line.end_claim(row)
    for line in lines.values():
        told += line.update_readiness()
    return list(dict.fromkeys(told))


def deliver_next(database: sqlite3.Connection, line: int, now: float) -> bool:
    """Lets the next answer of a sender be delivered, if the one before had to come first."""
    changed = database.execute(
        "UPDATE messages SET deliver_at = ? WHERE deliver_at = ? AND number ="
        " (SELECT min(number) FROM messages WHERE line = ? AND deliver_at IS NOT NULL)",
        (now, NEVER, line),
    )
    return changed.rowcount == 1


def message_from(row: sqlite3.Row, sender: str, now: float) -> Message:
    """A message from its row."""
    return Message(
        sender,
        row["message_id"],
        row["text"],
        attributes_of(row["integration_attributes"]),
        wall(row["received_at"], now),
        row["tries"],
    )


def answer_from(row: sqlite3.Row, sender: str, now: float) -> Any:
    """The outcome of a message from its row."""
    is_delivered = row["state"] in ("answered", "handed_off") and row["deliver_at"] is None
    return answer_of(message_from(row, sender, now), row["state"], row["why"], row["answer"], is_delivered)


def parked_from(row: sqlite3.Row, now: float) -> Parked:
    """A parked message from its row and its sender's."""
    return Parked(
        message_from(row, row["sender"], now),
        row["why"],
        wall(row["done_at"], now),
        row["conversation_id"],
        row["correlation_id"],
        row["error"],
    )
