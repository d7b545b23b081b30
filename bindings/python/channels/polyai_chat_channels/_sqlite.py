"""The store for the processes of one machine: a file of SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _process
from ._records import Answer, Message, Sender, Settled, Standing, WorkerRecord
from ._rows import attributes_as_json, handoff_as_json, without_texts
from ._sqlite_file import NEVER, SQLiteFile
from ._sqlite_lines import (
    Line,
    answer_from,
    dead_workers,
    deliver_next,
    end_what_is_over,
    is_over,
    wall,
)
from ._sqlite_operating import Operating
from ._sqlite_settling import record, settled_before
from ._sqlite_taking import Taking
from ._wakes import Wakes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from os import PathLike
    from types import TracebackType
    from typing import Literal

    from typing_extensions import Self

    from ._records import HandoffRecord, Outcome
    from ._sqlite_lines import Wake

_BEAT_SECONDS = 10.0
"""After how many seconds a worker is written down anew."""
_LOOK_SECONDS = 1.0
"""After how many it looks whether another one has died."""


class SQLiteStore(Operating, SQLiteFile):
    """Keeps what a channel must know in one file, for the threads and processes of one machine.

    Whether the worker of a claim has died is asked of the system: a process that was killed is noticed in a second, in
    a container of its own half a minute after its last heartbeat. Time is counted from the start of the machine, and
    nobody who sets its clock ends a claim. Processes wake each other by sockets in the folder `FILE-wake`, which is
    beside the file while they run; where none can be made, they ask ten times a second. A forked child opens the file
    anew.

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
            StoreError: It cannot be opened, is not a store, is damaged, or was made by another version.

        Blocks while it reads. Any thread. Since 0.1.0.
        """
        super().__init__(Path(path).absolute())
        self._wakes = Wakes(self._path)
        self._before_close: list[Callable[[], None]] = []

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def close(self) -> None:
        """Closes the file. It is opened again when it is needed. Any thread. Since 0.1.0."""
        for stop in self._before_close:
            stop()
        self._wakes.close()
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

    def accept(
        self, channel: str, message: Message, token: str, *, worker: str | None, lease: float, timeout: float
    ) -> bool:
        """As `Store.accept`."""
        with self._writing(timeout) as database:
            now = self._now(database)
            line = Line.of(database, channel, message.sender, now)
            added = database.execute(
                "INSERT OR IGNORE INTO messages (line, channel, message_id, state, is_accepted, worker, token, until,"
                " received_at, text, integration_attributes) VALUES (?, ?, ?, 'accepted', 1, ?, ?, ?, ?, ?, ?)",
                (
                    *(line.id, channel, message.message_id, worker, token, now + lease, now),
                    *(message.text, attributes_as_json(message.integration_attributes)),
                ),
            )
            if added.rowcount == 0:
                row = line.message(message.message_id)
                return row is not None and row["state"] == "accepted" and row["token"] == token
            is_first = line.row["ready_at"] is None
            if is_first:  # else what is in line already says when somebody has to look at it
                line.change_line(ready_at=now if worker is None else now + lease)
        if is_first and worker is None:
            self._tell([(None, channel)])
        return True

    def take(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Message]:
        """As `Store.take`."""
        with self._writing(timeout, on_disk=False) as database:
            taking = Taking(database, channel, worker, self._now(database), lease)
            taking.take(most)
        self._tell(taking.told)
        return taking.messages

    def claim(
        self, channel: str, message: Message, worker: str, token: str, *, lease: float, timeout: float
    ) -> Standing:
        """As `Store.claim`."""
        # Waiting calls ask now and then, and mostly nothing has changed: that takes no lock.
        with self._reading(timeout) as database:
            now = self._now(database)
            standing = _standing_that_lasts(database, channel, message, token, now)
        if standing is not None:
            return standing
        with self._writing(timeout, on_disk=False) as database:
            now = self._now(database)
            line = Line.of(database, channel, message.sender, now)
            line.end_claims_that_are_over(dead_workers(database, now))
            row = line.message(message.message_id)
            mine = {"worker": worker, "token": token, "until": now + lease}
            if row is None or row["state"] == "died":
                deaths, tries = (0, 0) if row is None else (row["deaths"], row["tries"])
                if row is not None:  # what came meanwhile is before it
                    database.execute("DELETE FROM messages WHERE number = ?", (row["number"],))
                database.execute(
                    "INSERT INTO messages (line, channel, message_id, state, is_accepted, received_at, deaths, tries)"
                    " VALUES (?, ?, ?, 'accepted', 0, ?, ?, ?)",
                    (line.id, channel, message.message_id, now, deaths, tries),
                )
                row = line.message(message.message_id)
                assert row is not None
            is_mine = row["token"] == token and row["state"] in ("waiting", "taken")
            if row["state"] == "accepted" or row["state"] == "taken" or is_mine:
                state = "waiting" if line.is_behind(row["number"]) else "claimed"
                line.change(row["number"], state=state, **mine)
            told = line.update_readiness()
            row = line.message(message.message_id)
            assert row is not None
            standing = line.standing(row, token)
        self._tell(told)
        return standing

    def begin(
        self, channel: str, message: Message, token: str, sender: Sender, is_over: bool, *, timeout: float
    ) -> bool:
        """As `Store.begin`."""
        with self._writing(timeout, on_disk=False) as database:
            now = self._now(database)
            line = Line.of(database, channel, message.sender, now)
            row = line.message(message.message_id)
            if row is None or not _is_held(row, token):
                if sender.conversation_id is not None:
                    self._leave(database, channel, sender.conversation_id, now)
                return False
            line.change(row["number"], state="claimed")
            before = line.row["conversation_id"]
            if before is not None and before != sender.conversation_id and not is_over:
                self._leave(database, channel, before, now)
            line.change_line(
                conversation_id=sender.conversation_id,
                greeting=sender.greeting,
                is_greeted=sender.is_greeted,
                last_message_at=now,
            )
            return True

    def send(
        self,
        channel: str,
        message: Message,
        token: str,
        *,
        conversation_id: str,
        correlation_id: str,
        lease: float,
        timeout: float,
    ) -> bool:
        """As `Store.send`."""
        with self._writing(timeout) as database:
            now = self._now(database)
            line = Line.found(database, channel, message.sender, now)
            row = None if line is None else line.message(message.message_id)
            if line is None or row is None or not _is_held(row, token) or row["until"] <= now:
                return False
            until = now + lease
            said: dict[str, Any] = {"conversation_id": conversation_id, "correlation_id": correlation_id}
            line.change(row["number"], state="sending", until=until, **said)
            if until > line.row["ready_at"]:
                line.change_line(ready_at=until)
            return True

    def settle(
        self,
        channel: str,
        message: Message,
        worker: str,
        token: str,
        outcome: Outcome,
        *,
        lease: float,
        timeout: float,
    ) -> Settled:
        """As `Store.settle`."""
        with self._writing(timeout) as database:
            now = self._now(database)
            line = Line.of(database, channel, message.sender, now)
            row = line.message(message.message_id)
            if row is None:
                was_this_forgotten = outcome.state in ("not_sent", "refused")
                return Settled("settled" if was_this_forgotten else "lost")
            if row["token"] != token:
                return Settled("lost")
            is_late = row["state"] == "parked" and row["why"] == "unknown" and row["until"] is None
            if not is_late and not _is_held(row, token):
                return settled_before(line, row, outcome)
            is_behind, told = record(line, row, worker, outcome, now + lease)
        self._tell(told)
        return Settled("late" if is_late and outcome.state != "unknown" else "settled", is_behind)

    def take_answers(self, channel: str, worker: str, most: int, *, lease: float, timeout: float) -> list[Answer]:
        """As `Store.take_answers`."""
        answers: list[Answer] = []
        with self._writing(timeout, on_disk=False) as database:
            now = self._now(database)
            told = end_what_is_over(database, dead_workers(database, now), now)
            query = (
                "SELECT messages.*, lines.sender FROM messages JOIN lines USING (line) WHERE messages.channel = ?"
                " AND deliver_at <= ? ORDER BY deliver_at, number LIMIT ?"
            )
            for row in database.execute(query, (channel, now, most)).fetchall():
                first = "SELECT min(number) FROM messages WHERE line = ? AND deliver_at IS NOT NULL"
                (number,) = database.execute(first, (row["line"],)).fetchone()
                is_first = number == row["number"]
                changes = (worker, now + lease) if is_first else (None, NEVER)
                database.execute(
                    "UPDATE messages SET worker = ?, deliver_at = ? WHERE number = ?", (*changes, row["number"])
                )
                if is_first:
                    answers.append(answer_from(row, row["sender"], now))
        self._tell(told)
        return answers

    def delivered(self, channel: str, sender: str, message_id: str, *, timeout: float) -> None:
        """As `Store.delivered`."""
        with self._writing(timeout) as database:
            now = self._now(database)
            line = Line.found(database, channel, sender, now)
            row = None if line is None else line.message(message_id)
            if line is None or row is None or row["deliver_at"] is None:
                return
            erased = {"text": None, "integration_attributes": None, "answer": without_texts(row["answer"])}
            line.change(row["number"], worker=None, deliver_at=None, **erased)
            is_next = deliver_next(database, line.id, now)
        if is_next:
            self._tell([(None, channel)])

    def not_delivered(self, channel: str, sender: str, message_id: str, wait: float, *, timeout: float) -> None:
        """As `Store.not_delivered`."""
        with self._writing(timeout, on_disk=False) as database:
            now = self._now(database)
            line = Line.found(database, channel, sender, now)
            row = None if line is None else line.message(message_id)
            if line is None or row is None or row["deliver_at"] is None:
                return
            line.change(row["number"], worker=None, deliver_at=now + wait)
        if wait <= 0:
            self._tell([(None, channel)])

    def resolve(
        self,
        channel: str,
        sender: str,
        message_id: str,
        how: Literal["dismissed", "answered", "again"],
        *,
        note: str | None,
        timeout: float,
    ) -> bool:
        """As `Store.resolve`."""
        with self._writing(timeout) as database:
            now = self._now(database)
            line = Line.found(database, channel, sender, now)
            if line is None:
                return False
            line.end_claims_that_are_over(dead_workers(database, now))
            row = line.message(message_id)
            is_open = row is not None and (
                row["state"] == "parked" or (row["state"] in ("accepted", "taken") and how != "again")
            )
            if row is not None and is_open:
                ended: dict[str, Any] = {"worker": None, "token": None, "until": None, "note": note, "why": None}
                if how != "again":
                    texts = {"text": None, "integration_attributes": None, "error": None}
                    line.change(row["number"], state="settled", done_at=now, **ended, **texts)
                elif row["is_accepted"]:
                    anew = {"state": "accepted", "done_at": None, "not_before": 0.0, "deaths": 0, "error": None}
                    line.put_last(row, **ended, **anew)
                else:
                    database.execute("DELETE FROM messages WHERE number = ?", (row["number"],))
            told = line.update_readiness()
        self._tell(told)
        return is_open

    def sender(self, channel: str, sender: str, *, timeout: float) -> Sender:
        """As `Store.sender`."""
        with self._reading(timeout) as database:
            line = Line.found(database, channel, sender, self._now(database))
            return Sender(sender) if line is None else line.sender()

    def set_handoff(self, channel: str, sender: str, handoff: HandoffRecord | None, *, timeout: float) -> None:
        """As `Store.set_handoff`."""
        with self._writing(timeout) as database:
            line = Line.of(database, channel, sender, self._now(database))
            line.change_line(handoff=handoff_as_json(handoff))
            if handoff is None:
                line.change_line(last_message_at=line.now)

    # Workers.

    def beat(self, worker: str, about: str, *, timeout: float) -> float:
        """As `Store.beat`."""
        with self._reading(timeout) as database:
            now = self._now(database)
            query = "SELECT seen_at FROM workers WHERE worker = ?"
            seen = database.execute(query, (worker,)).fetchone()
            is_recent = seen is not None and seen["seen_at"] > now - _BEAT_SECONDS
            dead = dead_workers(database, now) - {worker}
            if is_recent and not dead:
                return _LOOK_SECONDS
        with self._writing(timeout, on_disk=False) as database:
            now = self._now(database)
            database.execute(
                "INSERT INTO workers VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (worker) DO UPDATE SET seen_at = excluded.seen_at",
                (worker, _process.this_process(), about, now, now),
            )
            dead = dead_workers(database, now) - {worker}
            told = end_what_is_over(database, dead, now)
        for one in dead:
            self._wakes.remove(one)
        self._tell(told)
        return _LOOK_SECONDS

    def wait(self, worker: str, seconds: float) -> list[str]:
        """As `Store.wait`."""
        return self._wakes.wait(worker, seconds)

    def wake(self, worker: str) -> None:
        """As `Store.wake`."""
        self._wakes.tell(worker, "")

    def workers(self, *, timeout: float) -> list[WorkerRecord]:
        """As `Store.workers`."""
        with self._reading(timeout) as database:
            now = self._now(database)
            dead = dead_workers(database, now)
            rows = database.execute("SELECT * FROM workers NOT INDEXED ORDER BY started_at").fetchall()
            return [
                WorkerRecord(row["worker"], row["about"], wall(row["started_at"], now), wall(row["seen_at"], now))
                for row in rows
                if row["worker"] not in dead
            ]

    def _tell(self, told: Iterable[Wake]) -> None:
        """Wakes workers, outside of any transaction."""
        for worker, word in told:
            if worker is None:
                self._wakes.tell_all(word)
            else:
                self._wakes.tell(worker, word)


def _is_held(row: sqlite3.Row, token: str) -> bool:
    return row["token"] == token and row["state"] in ("taken", "waiting", "claimed", "sending")


def _standing_that_lasts(
    database: sqlite3.Connection, channel: str, message: Message, token: str, now: float
) -> Standing | None:
    """Where a message stands, if nothing has to be written to say so."""
    line = Line.found(database, channel, message.sender, now)
    row = None if line is None else line.message(message.message_id)
    if line is None or row is None or row["state"] in ("accepted", "taken", "died"):
        return None
    first = line.first()
    if first is not None and is_over(first, line, dead_workers(database, now)):
        return None
    if row["state"] == "waiting" and first is not None and first["number"] == row["number"]:
        return None
    if row["state"] in ("waiting", "claimed", "sending") and is_over(row, line, set()):
        return None
    return line.standing(row, token)
