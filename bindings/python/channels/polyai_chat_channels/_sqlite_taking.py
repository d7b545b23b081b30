"""Taking the messages of a file of SQLite that can go on."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from ._records import Turn
from ._sqlite_lines import Line, dead_workers, end_what_is_over, is_over, message_from

if TYPE_CHECKING:
    import sqlite3

    from ._records import Message
    from ._sqlite_lines import Wake


class Taking:
    """One `take`, in a transaction that writes. `messages` are taken, and `told` is to be told afterwards."""

    def __init__(self, database: sqlite3.Connection, channel: str, worker: str, now: float, lease: float) -> None:
        self._database = database
        self._channel = channel
        self._worker = worker
        self._now = now
        self._until = now + lease
        self.messages: list[Message] = []
        self.told: list[Wake] = []

    def take(self, most: int) -> None:
        """Takes the first message of each line that can go on. The claims of workers that have died are ended where not
        enough is found without them."""
        if self._take_ready(most) and len(self.messages) < most:
            dead = dead_workers(self._database, self._now)
            self.told += end_what_is_over(self._database, dead, self._now)
            self._take_ready(most - len(self.messages))

    def _take_ready(self, most: int) -> bool:
        """Whether more may be taken."""
        query = "SELECT * FROM lines WHERE channel = ? AND ready_at <= ? ORDER BY ready_at LIMIT ?"
        for row in self._database.execute(query, (self._channel, self._now, most)).fetchall():
            line = Line(self._database, row, self._now)
            first = line.first()
            if first is not None and is_over(first, line, set()):
                line.end_claims_that_are_over(set())
                first = line.first()
            if first is None or not _can_be_taken(first, self._now):
                self.told += line.update_readiness()
                continue
            # A message with which a worker has died is taken alone, so that no other is counted with it.
            is_suspect = first["deaths"] > 0
            if is_suspect and self.messages:
                return False
            token = new_token()
            line.change(first["number"], state="taken", worker=self._worker, token=token, until=self._until)
            line.change_line(ready_at=self._until)
            message = message_from(first, row["sender"], self._now)
            self.messages.append(replace(message, turn=Turn(token, line.sender())))
            if is_suspect:
                return False
        return True


def new_token() -> str:
    """By which a claim is known."""
    return uuid.uuid4().hex


def _can_be_taken(row: sqlite3.Row, now: float) -> bool:
    return row["state"] == "accepted" and row["not_before"] <= now and (row["worker"] is None or row["until"] <= now)
