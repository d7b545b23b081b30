"""Stores that are broken on purpose: the tests of every store find each of them."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from polyai_chat_channels import (
    Answer,
    Message,
    Outcome,
    Settled,
    SQLiteStore,
    Standing,
    Store,
    _sqlite_lines,
)
from polyai_chat_testing import StoreConformance


class NoLine(SQLiteStore):
    """Everybody is first."""

    def claim(self, *arguments: Any, **keywords: Any) -> Standing:
        standing = super().claim(*arguments, **keywords)
        return dataclasses.replace(standing, state="first") if standing.state == "in_line" else standing


class Patient(SQLiteStore):
    """It waits for a lock as long as that takes."""

    def begin(self, *arguments: Any, **keywords: Any) -> bool:
        return super().begin(*arguments, **{**keywords, "timeout": 3600.0})


class TextsKept(SQLiteStore):
    """It keeps what the customer wrote."""

    def settle(self, channel: str, message: Message, *arguments: Any, **keywords: Any) -> Settled:
        kept = self.export(channel, message.sender, timeout=9.0)["messages"]
        settled = super().settle(channel, message, *arguments, **keywords)
        with self._writing(9.0) as database:
            for one in kept:
                database.execute("UPDATE messages SET note = ? WHERE message_id = ?", (one["text"], one["message_id"]))
        return settled


class NewestFirst(SQLiteStore):
    """The last ready one comes first."""

    def take(self, *arguments: Any, **keywords: Any) -> list[Message]:
        return super().take(*arguments, **keywords)[::-1]


class Greedy(SQLiteStore):
    """It gives more than was asked for."""

    def take(self, channel: str, worker: str, most: int, **keywords: Any) -> list[Message]:
        return super().take(channel, worker, 1000, **keywords)


class Faithful(SQLiteStore):
    """To it nobody ever dies."""

    def beat(self, worker: str, about: str, *, timeout: float) -> float:
        with self._writing(timeout) as database:
            database.execute("UPDATE workers SET process = '', seen_at = 8e15")
        return super().beat(worker, about, timeout=timeout)


class Possessive(SQLiteStore):
    """An answer that was taken once is never given out again."""

    def take_answers(self, *arguments: Any, **keywords: Any) -> list[Answer]:
        return super().take_answers(*arguments, **{**keywords, "lease": 1e9})


class Backward(SQLiteStore):
    """A late outcome is taken for one of the conversation in which the sender is now."""

    def settle(
        self, channel: str, message: Message, worker: str, token: str, outcome: Outcome, **keywords: Any
    ) -> Settled:
        now_in = self.sender(channel, message.sender, timeout=9.0).conversation_id
        outcome = dataclasses.replace(outcome, conversation_id=now_in)
        return super().settle(channel, message, worker, token, outcome, **keywords)


class Forgetful(SQLiteStore):
    """Who tells an outcome twice has lost his claim."""

    def settle(self, channel: str, message: Message, *arguments: Any, **keywords: Any) -> Settled:
        settled = super().settle(channel, message, *arguments, **keywords)
        with self._writing(9.0) as database:
            database.execute("UPDATE messages SET token = NULL WHERE message_id = ?", (message.message_id,))
        return settled


class TextsChanged(SQLiteStore):
    """It has no room for a NUL."""

    def accept(self, channel: str, message: Message, *arguments: Any, **keywords: Any) -> bool:
        message = dataclasses.replace(message, text=(message.text or "").replace("\0", ""))
        return super().accept(channel, message, *arguments, **keywords)


class AllAtOnce(SQLiteStore):
    """It forgets all at once, while everybody waits."""

    def purge(self, channel: str, older_than: float, most: int, *, timeout: float) -> int:
        return super().purge(channel, older_than, 1_000_000, timeout=timeout)


class OfTheWallClock(SQLiteStore):
    """It believes what each process takes for the time."""

    def _now(self, database: sqlite3.Connection) -> float:
        return time.time()


class Counting(SQLiteStore):
    """It looks at all that is in line."""

    def take(self, channel: str, *arguments: Any, **keywords: Any) -> list[Message]:
        with self._reading(9.0) as database:
            for row in database.execute("SELECT * FROM lines WHERE channel = ?", (channel,)).fetchall():
                _sqlite_lines.Line(database, row, 0.0).first()
        return super().take(channel, *arguments, **keywords)


class Believing(SQLiteStore):
    """A claim that was lost is held all the same."""

    def send(self, *arguments: Any, **keywords: Any) -> bool:
        super().send(*arguments, **keywords)
        return True


class Case(StoreConformance):
    """The tests of every store, of one that is broken."""

    def __init__(self, of_class: type[SQLiteStore], path: Path) -> None:
        self._path, self._class = path, of_class
        self.store = of_class(path)

    def make_store(self) -> Store:
        return self.store

    def code_of_store(self) -> str:
        name, folder = self._class.__name__, str(Path(__file__).parent)
        return (
            f"import sys; sys.path.insert(0, {folder!r})\n"
            f"from test_broken_stores import {name}\nstore = {name}({str(self._path)!r})"
        )

    def dump(self) -> str:
        with closing(sqlite3.connect(self._path)) as database:
            return "\n".join(database.iterdump())

    @contextlib.contextmanager
    def hold(self, channel: str, sender: str) -> Iterator[None]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    def cost(self, store: Store, action: Any) -> int:
        from test_store import steps_of

        assert isinstance(store, SQLiteStore)
        return steps_of(store, action)


FOUND_BY = {
    NoLine: "test_messages_of_a_sender_are_in_line",
    Patient: "test_a_lock_that_is_kept_ends_at_the_timeout",
    TextsKept: "test_texts_are_kept_no_longer_than_needed",
    NewestFirst: "test_only_the_first_in_line_is_taken",
    Greedy: "test_only_the_first_in_line_is_taken",
    Faithful: "test_what_a_killed_process_had_is_nobodys",
    Possessive: "test_an_answer_that_its_taker_keeps_for_too_long_is_offered_again",
    Backward: "test_a_late_outcome_changes_nothing_about_another_conversation",
    Forgetful: "test_an_outcome_may_be_told_twice",
    TextsChanged: "test_any_text_is_kept_as_it_is",
    AllAtOnce: "test_what_is_purged_goes_in_pieces",
    OfTheWallClock: "test_the_clock_of_another_process_ends_no_claim",
    Counting: "test_nothing_costs_more_the_more_is_in_line",
    Believing: "test_a_claim_that_is_over_is_free_or_unknown",
}


@pytest.mark.parametrize("broken", FOUND_BY, ids=lambda broken: broken.__name__)
def test_a_broken_store_is_found(broken: type[SQLiteStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from polyai_chat_testing import _store_case

    monkeypatch.setattr(_store_case, "PATIENCE", 5.0)  # what does not come need not be waited for
    case = Case(broken, tmp_path / "messages.sqlite")
    try:
        with pytest.raises(AssertionError):
            getattr(case, FOUND_BY[broken])()
    finally:
        case.store.close()
