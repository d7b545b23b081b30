"""What must outlive a worker: which e-mail was put to the agent, and what came of it.

`python ledger.py` lists what is left to a human. SQLite is for workers on one machine; workers on several keep the same
tables in a database that they share.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from typing import NamedTuple

FILE = os.environ.get("MAIL_LEDGER", "ledger.sqlite")

TABLES = """
CREATE TABLE IF NOT EXISTS mails (
    message_id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL,
    state TEXT NOT NULL,        -- waiting, asking, answered, handed_off, for_a_human, or settled by one
    owner TEXT,                 -- whose claim it is
    until REAL NOT NULL,        -- asking: the owner has finished by then, or died; waiting: later ones wait until then
    note TEXT NOT NULL          -- the answer, or why it is for a human
);
CREATE INDEX IF NOT EXISTS mails_by_thread ON mails (thread_id, state);
CREATE TABLE IF NOT EXISTS threads (thread_id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL);
"""


class Claim(NamedTuple):
    """What is so when somebody wants to answer an e-mail."""

    state: str  # mine: to be asked now, by nobody else; busy: in a while; else as in the table
    note: str = ""
    seconds: float = 0  # for how long it is busy
    message_id: str = ""
    owner: str = ""


@contextlib.contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """All of it or nothing, on disk at the end, and nobody else's in between."""
    with contextlib.closing(sqlite3.connect(FILE, timeout=30, isolation_level=None)) as database:
        database.executescript(TABLES)
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")


def claim(message_id: str, thread_id: str, seconds: float) -> Claim:
    """Claims an e-mail for so long. Only whose claim is on record may put it to the agent."""
    now = time.time()
    with transaction() as database:
        database.execute(
            "INSERT OR IGNORE INTO mails VALUES (?, ?, 'waiting', NULL, 0, '')",
            (message_id, thread_id),
        )
        database.execute(
            "UPDATE mails SET state = 'for_a_human', note = 'its worker died, and the agent may have heard it'"
            " WHERE thread_id = ? AND state = 'asking' AND until <= ?",
            (thread_id, now),
        )
        database.execute(
            "UPDATE mails SET state = 'for_a_human', note = 'its thread is with a human'"
            " WHERE message_id = ? AND state = 'waiting' AND EXISTS"
            " (SELECT 1 FROM mails WHERE thread_id = ? AND state IN ('handed_off', 'for_a_human'))",
            (message_id, thread_id),
        )
        query = "SELECT state, note FROM mails WHERE message_id = ?"
        state, note = database.execute(query, (message_id,)).fetchone()
        if state not in ("waiting", "asking"):
            return Claim(state, note)
        # One e-mail of a thread at a time, and none before an earlier one that is to be asked again.
        query = (
            "SELECT MAX(until) FROM mails WHERE thread_id = ? AND"
            " (state = 'asking' OR (state = 'waiting' AND message_id != ?))"
        )
        (until,) = database.execute(query, (thread_id, message_id)).fetchone()
        if until is not None and until > now:
            return Claim("busy", seconds=until - now)
        owner = uuid.uuid4().hex
        database.execute(
            "UPDATE mails SET state = 'asking', owner = ?, until = ? WHERE message_id = ?",
            (owner, now + seconds, message_id),
        )
        return Claim("mine", message_id=message_id, owner=owner)


def settle(claim: Claim, state: str, note: str = "", seconds: float = 0) -> bool:
    """Records what came of a claim. False where it was too late: by now the e-mail is for a human."""
    with transaction() as database:
        settled = database.execute(
            "UPDATE mails SET state = ?, note = ?, until = ? WHERE message_id = ? AND owner = ? AND state = 'asking'",
            (state, note, time.time() + seconds, claim.message_id, claim.owner),
        )
        return settled.rowcount == 1


def conversation_of(thread_id: str) -> str | None:
    """The id of the conversation in which a thread goes on."""
    with transaction() as database:
        query = "SELECT conversation_id FROM threads WHERE thread_id = ?"
        row = database.execute(query, (thread_id,)).fetchone()
        return row[0] if row else None


def set_conversation(thread_id: str, conversation_id: str | None) -> None:
    """From now on a thread goes on in this conversation; None: in a new one."""
    with transaction() as database:
        database.execute("DELETE FROM threads WHERE thread_id = ?", (thread_id,))
        if conversation_id is not None:
            database.execute("INSERT INTO threads VALUES (?, ?)", (thread_id, conversation_id))


if __name__ == "__main__":
    with transaction() as listed:
        query = "SELECT message_id, note FROM mails WHERE state = 'for_a_human' OR (state = 'asking' AND until <= ?)"
        for message_id, note in listed.execute(query, (time.time(),)):
            print(message_id, note or "its worker died, and the agent may have heard it", sep="\t")
