"""What must outlive a worker: which e-mail was put to the agent, and its outcome.

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

os.umask(0o077)  # also where nothing else of this program runs, and the file is made

FILE = os.environ.get("MAIL_LEDGER") or "ledger.sqlite"
# E-mails that the agent gets of one sender, and of all.
MOST_A_DAY = int(os.environ.get("MAIL_MOST_A_DAY") or "30")
MOST_AN_HOUR = int(os.environ.get("MAIL_MOST_AN_HOUR") or "1000")

TABLES = """
CREATE TABLE IF NOT EXISTS mails (
    sender TEXT NOT NULL,       -- ids are the sender's own: who repeats somebody else's finds nothing
    message_id TEXT NOT NULL,
    thread_id TEXT NOT NULL,
    at REAL NOT NULL,           -- when it came
    state TEXT NOT NULL,        -- waiting, asking, answered, handed_off, for_a_human, or settled by one
    owner TEXT,                 -- whose claim it is
    until REAL NOT NULL,        -- asking: the owner has finished by then, or died; waiting: later ones wait until then
    note TEXT NOT NULL,         -- the answer, or why it is for a human
    PRIMARY KEY (sender, message_id)
);
CREATE INDEX IF NOT EXISTS mails_by_thread ON mails (sender, thread_id, state);
CREATE INDEX IF NOT EXISTS mails_by_time ON mails (at);
CREATE TABLE IF NOT EXISTS threads (
    sender TEXT NOT NULL, thread_id TEXT NOT NULL, conversation_id TEXT NOT NULL, PRIMARY KEY (sender, thread_id)
);
"""


class Claim(NamedTuple):
    """What is so when somebody wants to answer an e-mail."""

    state: str  # mine: to be asked now, by nobody else; busy: in a while; else as in the table
    note: str = ""
    seconds: float = 0  # for how long it is busy
    at: float = 0  # when it came
    sender: str = ""
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


def claim(mail: dict[str, str], seconds: float) -> Claim:
    """Claims an e-mail for so long. Only whose claim is on record may put it to the agent."""
    now = time.time()
    sender, message_id, thread_id = mail["sender"], mail["message_id"], mail["thread_id"]
    with transaction() as database:
        inserted = database.execute(
            "INSERT OR IGNORE INTO mails VALUES (?, ?, ?, ?, 'waiting', NULL, 0, '')",
            (sender, message_id, thread_id, now),
        )
        if inserted.rowcount and (mail["for_a_human"] or _too_many(database, sender, now)):
            note = mail["for_a_human"] or "there were too many"
            leave = "UPDATE mails SET state = 'for_a_human', note = ? WHERE sender = ? AND message_id = ?"
            database.execute(leave, (note, sender, message_id))
        database.execute(
            "UPDATE mails SET state = 'for_a_human', note = 'its worker died, and the agent may have heard it'"
            " WHERE sender = ? AND thread_id = ? AND state = 'asking' AND until <= ?",
            (sender, thread_id, now),
        )
        database.execute(
            "UPDATE mails SET state = 'for_a_human', note = 'its thread is with a human'"
            " WHERE sender = ? AND message_id = ? AND state = 'waiting' AND EXISTS"
            " (SELECT 1 FROM mails WHERE sender = ? AND thread_id = ? AND state IN ('handed_off', 'for_a_human'))",
            (sender, message_id, sender, thread_id),
        )
        query = "SELECT state, note, at FROM mails WHERE sender = ? AND message_id = ?"
        state, note, at = database.execute(query, (sender, message_id)).fetchone()
        if state not in ("waiting", "asking"):
            return Claim(state, note)
        # One e-mail of a thread at a time, and none before an earlier one that is to be asked again.
        query = (
            "SELECT MAX(until) FROM mails WHERE sender = ? AND thread_id = ? AND"
            " (state = 'asking' OR (state = 'waiting' AND message_id != ?))"
        )
        (until,) = database.execute(query, (sender, thread_id, message_id)).fetchone()
        if until is not None and until > now:
            return Claim("busy", seconds=until - now)
        owner = uuid.uuid4().hex
        database.execute(
            "UPDATE mails SET state = 'asking', owner = ?, until = ? WHERE sender = ? AND message_id = ?",
            (owner, now + seconds, sender, message_id),
        )
        return Claim("mine", at=at, sender=sender, message_id=message_id, owner=owner)


def _too_many(database: sqlite3.Connection, sender: str, now: float) -> bool:
    """Whether robots that do not say what they are talk to each other, or somebody floods us."""
    of_sender = "SELECT COUNT(*) FROM mails WHERE sender = ? AND at > ?"
    of_all = "SELECT COUNT(*) FROM mails WHERE at > ?"
    (day,) = database.execute(of_sender, (sender, now - 24 * 3600)).fetchone()
    (hour,) = database.execute(of_all, (now - 3600,)).fetchone()
    return bool(day > MOST_A_DAY or hour > MOST_AN_HOUR)


def settle(claim: Claim, state: str, note: str = "", seconds: float = 0) -> bool:
    """Records the outcome of a claim. False where it was too late: by now the e-mail is for a human."""
    with transaction() as database:
        settled = database.execute(
            "UPDATE mails SET state = ?, note = ?, until = ?"
            " WHERE sender = ? AND message_id = ? AND owner = ? AND state = 'asking'",
            (state, note, time.time() + seconds, claim.sender, claim.message_id, claim.owner),
        )
        return settled.rowcount == 1


def conversation_of(mail: dict[str, str]) -> str | None:
    """The id of the conversation in which the e-mail's thread goes on."""
    with transaction() as database:
        query = "SELECT conversation_id FROM threads WHERE sender = ? AND thread_id = ?"
        row = database.execute(query, (mail["sender"], mail["thread_id"])).fetchone()
        return row[0] if row else None


def set_conversation(mail: dict[str, str], conversation_id: str | None) -> None:
    """From now on the e-mail's thread goes on in this conversation; None: in a new one."""
    thread = (mail["sender"], mail["thread_id"])
    with transaction() as database:
        database.execute("DELETE FROM threads WHERE sender = ? AND thread_id = ?", thread)
        if conversation_id is not None:
            database.execute("INSERT INTO threads VALUES (?, ?, ?)", (*thread, conversation_id))


if __name__ == "__main__":
    with transaction() as listed:
        query = "SELECT message_id, note FROM mails WHERE state = 'for_a_human' OR (state = 'asking' AND until <= ?)"
        for message_id, note in listed.execute(query, (time.time(),)):
            print(message_id, note or "its worker died, and the agent may have heard it", sep="\t")
