"""What each browser's customer and the agent have said, for a reload, another tab or another process to show again.

The channel's store has no transcript: it erases texts as soon as they are delivered, and this is where they are
delivered to. It keeps no cookie: who reads it cannot take a customer's place.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from .database import Database, Transaction

MOST_LINES_SHOWN = 500


@dataclass(frozen=True)
class Session:
    """One browser, and which of its conversations is the present one."""

    id: str
    number: int
    state: Literal["none", "open", "over"]
    is_with_human: bool

    @property
    def reference(self) -> str:
        """The present conversation, by a name that says nothing about the customer."""
        return reference(self.id, self.number)


@dataclass(frozen=True)
class Line:
    """What somebody said. The id is unique within its conversation."""

    id: str
    who: Literal["customer", "agent", "notice"]
    text: str
    state: str | None = None


def reference(session_id: str, number: int) -> str:
    """How a conversation of a browser is called elsewhere: in the channel's store, at the human desk."""
    return f"{session_id}.{number}"


def new_cookie() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)


def session_id_of(cookie: str) -> str:
    """What is stored in place of the cookie."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:40]


class Transcripts:
    """The sessions and what was said in them. Its methods wait for the database: call them from a thread. Each is one
    transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_session(self, session_id: str) -> Session:
        """For a browser that comes for the first time."""
        with self._database.writing(session_id) as execute:
            execute("INSERT INTO webchat.sessions (session, at) VALUES (%s, NOW)", session_id)
        return Session(session_id, 0, "none", False)

    def session(self, session_id: str) -> Session | None:
        """The browser with this id, if there is one."""
        with self._database.reading() as execute:
            row = execute("SELECT * FROM webchat.sessions WHERE session = %s", session_id).fetchone()
        return row and Session(row["session"], row["number"], row["state"], bool(row["is_with_human"]))

    def begin(self, session_id: str, after: int, greeting: Line) -> None:
        """Makes a new conversation the present one, unless that was done already."""
        with self._database.writing(session_id) as execute:
            changed = execute(
                "UPDATE webchat.sessions SET number = number + 1, state = 'open', because = NULL, is_with_human = 0,"
                " at = NOW WHERE session = %s AND number = %s AND state != 'open'",
                session_id,
                after,
            )
            if changed.rowcount:
                _add(execute, session_id, after + 1, greeting)

    def customer_says(self, session_id: str, number: int, line: Line) -> Literal["new", "known", "done", "over"]:
        """Keeps a sentence before it is sent. 'done' needs no sending; 'over' must not be sent, its time is over."""
        with self._database.writing(session_id) as execute:
            known = execute(
                "SELECT state FROM webchat.lines WHERE session = %s AND number = %s AND id = %s",
                session_id,
                number,
                line.id,
            ).fetchone()
            if known and known["state"] in ("said", "unknown"):
                return "done"
            # A change of the session, so that nobody finds it idle from now on.
            is_open = execute(
                "UPDATE webchat.sessions SET at = NOW WHERE session = %s AND number = %s AND state = 'open'",
                session_id,
                number,
            ).rowcount
            if not is_open and not (known and known["state"] == "under_way"):
                return "over"
            if not known:
                _add(execute, session_id, number, line)
                return "new"
            _set_state(execute, session_id, number, line.id, "under_way")
            return "known"

    def knows(self, session_id: str, number: int, line_id: str) -> bool:
        """Whether this sentence has come before."""
        with self._database.reading() as execute:
            row = execute(
                "SELECT 1 AS one FROM webchat.lines WHERE session = %s AND number = %s AND id = %s",
                session_id,
                number,
                line_id,
            ).fetchone()
        return row is not None

    def answered(self, session_id: str, number: int, line_id: str, lines: list[Line], *, is_over: bool = False) -> None:
        """Records the outcome of a sentence. Lines that are there already stay as they are."""
        with self._database.writing(session_id) as execute:
            _set_state(execute, session_id, number, line_id, "said")
            for line in lines:
                _add(execute, session_id, number, line)
            execute(
                "UPDATE webchat.sessions SET at = NOW, is_with_human = 0"
                " WHERE session = %s AND number = %s AND state = 'open'",
                session_id,
                number,
            )
            if is_over:
                _end(execute, session_id, number, "agent")

    def failed(self, session_id: str, number: int, line_id: str, state: str, because: str, wait_s: int | None) -> None:
        """Records that a sentence was not sent, or that nobody knows."""
        with self._database.writing(session_id) as execute:
            _set_state(execute, session_id, number, line_id, state, because, wait_s)

    def add_line(self, session_id: str, number: int, line: Line) -> bool:
        """Adds what a human says, or a notice; False where that conversation is not there any more."""
        with self._database.writing(session_id) as execute:
            is_there = execute(
                "UPDATE webchat.sessions SET at = NOW WHERE session = %s AND number = %s AND state = 'open'",
                session_id,
                number,
            ).rowcount
            if is_there:
                _add(execute, session_id, number, line)
            return bool(is_there)

    def set_with_human(self, session_id: str, number: int, is_with_human: bool) -> None:
        """Whether a human goes on: the desk has taken over, which the channel's store does not know."""
        with self._database.writing(session_id) as execute:
            execute(
                "UPDATE webchat.sessions SET is_with_human = %s WHERE session = %s AND number = %s",
                int(is_with_human),
                session_id,
                number,
            )

    def end(self, session_id: str, number: int, because: str) -> bool:
        """Ends a conversation; False where it was over."""
        with self._database.writing(session_id) as execute:
            return _end(execute, session_id, number, because)

    def end_idle(self, idle_for: float) -> int:
        """Ends the conversations with the agent in which nothing was said for so long; returns how many."""
        with self._database.writing("upkeep") as execute:
            ended = execute(
                "UPDATE webchat.sessions SET state = 'over', because = 'idle'"
                " WHERE state = 'open' AND is_with_human = 0 AND at < NOW - %s",
                idle_for,
            )
            return ended.rowcount

    def forget(self, idle_for: float) -> int:
        """Forgets browsers that were not there for so long; returns how many."""
        with self._database.writing("upkeep") as execute:
            return execute("DELETE FROM webchat.sessions WHERE at < NOW - %s", idle_for).rowcount

    def lines(self, session_id: str, number: int) -> list[Line]:
        """A conversation from its beginning, for a human who goes on with it."""
        with self._database.reading() as execute:
            rows = execute(
                "SELECT id, who, text, state FROM webchat.lines WHERE session = %s AND number = %s ORDER BY position",
                session_id,
                number,
            ).fetchall()
        return [Line(row["id"], row["who"], _text(row), row["state"]) for row in rows]

    def view(self, session_id: str) -> dict[str, Any]:
        """What the page of this browser shows."""
        with self._database.reading() as execute:
            session = execute("SELECT * FROM webchat.sessions WHERE session = %s", session_id).fetchone()
            if session is None:
                return {"conversation": "none", "number": 0, "because": None, "is_with_human": False, "lines": []}
            rows = execute(
                "SELECT id, who, text, state, because, wait_s FROM webchat.lines WHERE session = %s AND number = %s"
                " ORDER BY position DESC LIMIT %s",
                session_id,
                session["number"],
                MOST_LINES_SHOWN,
            ).fetchall()
        lines = [{**dict(row), "text": _text(row)} for row in reversed(rows)]
        return {
            "conversation": session["state"],
            "number": session["number"],
            "because": session["because"],
            "is_with_human": bool(session["is_with_human"]) and session["state"] == "open",
            "lines": [{key: value for key, value in line.items() if value is not None} for line in lines],
        }


def _add(execute: Transaction, session_id: str, number: int, line: Line) -> None:
    # As bytes, since a customer may write what PostgreSQL has in no text: a NUL.
    execute(
        "INSERT INTO webchat.lines (session, number, id, who, text, state) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        *(session_id, number, line.id, line.who, line.text.encode(), line.state),
    )


def _text(row: Any) -> str:
    return bytes(row["text"]).decode()


def _set_state(
    execute: Transaction,
    session_id: str,
    number: int,
    line_id: str,
    state: str,
    because: str | None = None,
    wait_s: int | None = None,
) -> None:
    execute(
        "UPDATE webchat.lines SET state = %s, because = %s, wait_s = %s WHERE session = %s AND number = %s AND id = %s",
        *(state, because, wait_s, session_id, number, line_id),
    )


def _end(execute: Transaction, session_id: str, number: int, because: str) -> bool:
    ended = execute(
        "UPDATE webchat.sessions SET state = 'over', because = %s, is_with_human = 0, at = NOW"
        " WHERE session = %s AND number = %s AND state = 'open'",
        *(because, session_id, number),
    )
    return bool(ended.rowcount)
