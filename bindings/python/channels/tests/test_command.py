"""The program `polyai-chat-store`, with a file of SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polyai_chat import ChatError, Client
from polyai_chat_channels import Channel, SQLiteStore
from polyai_chat_testing import Simulator

ODD = "a\x1b[31m\n"


class Program:
    """The program, with a store."""

    def __init__(self, store: str) -> None:
        self._store = store

    def run(self, *arguments: str, asked: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("polyai-chat-store")), "--store", self._store, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, input=asked or "")

    def says(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tells(self, *arguments: str) -> Any:
        return json.loads(self.says("--json", *arguments))

    def refuses(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        return done.stderr


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.sqlite"


@pytest.fixture
def channel(client: Client, path: Path) -> Iterator[Channel]:
    with SQLiteStore(path) as store:
        yield Channel(client, store, "sms")


@pytest.fixture
def program(path: Path) -> Program:
    return Program(str(path))


def parked(channel: Channel, simulator: Simulator, status: int, sender: str = "a", message_id: str = "1") -> None:
    """Something that waits for a human: 422 is refused, 502 may have been heard."""
    simulator.fail({"answer": {"status": status}}, {"operation": "respond", "times": 1})
    channel.accept(sender=sender, message_id=message_id, text="secret words", for_others=True)
    (message,) = channel.pending()
    with pytest.raises(ChatError):
        channel.answer(message)


def test_what_waits_for_a_human_is_listed(channel: Channel, simulator: Simulator, program: Program) -> None:
    parked(channel, simulator, 422, sender=ODD)
    text = program.says("list", "sms")
    assert r"a\x1b[31m\n" in text, "no terminal acts on what a stranger wrote"
    assert "refused" in text
    assert "secret words" not in text
    (told,) = program.tells("list", "sms", "--why", "refused")
    assert (told["sender"], told["text"], told["why"]) == (ODD, "secret words", "refused")
    assert program.tells("list", "sms", "--why", "unknown") == []
    assert program.says("list", "other").strip() == "Nothing waits for a human."


def test_who_takes_has_it_alone(channel: Channel, simulator: Simulator, program: Program) -> None:
    parked(channel, simulator, 502)
    assert len(program.tells("take", "sms")) == 1
    assert program.tells("take", "sms") == []
    assert channel.take_parked() == []
    assert program.says("resolve", "sms", "a", "1", "--answered", "--note", "desk 7").strip() == "It is answered."
    assert program.tells("list", "sms") == []
    assert "no such message waits" in program.refuses("resolve", "sms", "a", "1")
    assert channel.export(sender="a")["messages"][0]["note"] == "desk 7"


def test_what_was_refused_is_tried_again(channel: Channel, simulator: Simulator, program: Program) -> None:
    parked(channel, simulator, 422)
    assert program.tells("redrive", "sms", "a", "1") == {"redriven": 1}
    (message,) = channel.pending()
    assert channel.answer(message).response == "You said: secret words"
    assert "no such message waits for a human" in program.refuses("redrive", "sms", "a", "1")


def test_what_may_be_said_twice_is_asked_for(channel: Channel, simulator: Simulator, program: Program) -> None:
    parked(channel, simulator, 502)
    assert "may be answered twice" in program.refuses("redrive", "sms", "--why", "unknown")
    assert channel.pending() == []
    assert program.tells("redrive", "sms", "--why", "unknown", "--i-know-it-may-be-said-twice") == {"redriven": 1}
    assert len(channel.pending()) == 1


def test_counts_and_metrics(channel: Channel, simulator: Simulator, program: Program) -> None:
    parked(channel, simulator, 422, sender='quote " and \\')
    channel.accept(sender="b", message_id="1", text="hello", for_others=True)
    (counts,) = program.tells("counts")
    assert (counts["channel"], counts["ready"], counts["parked"]["refused"]) == ("sms", 1, 1)
    assert "oldest_ready_seconds" in program.says("counts", "sms")
    metrics = program.says("metrics")
    assert '\npolyai_channel_ready{channel="sms"} 1\n' in metrics
    assert '\npolyai_channel_parked{channel="sms",why="refused"} 1\n' in metrics
    assert metrics.count("# TYPE ") == metrics.count("# HELP ")
    (worker,) = program.tells("workers")
    assert f" {os.getpid()} " in worker["about"]


def test_a_sender_is_shown_exported_and_forgotten(channel: Channel, program: Program) -> None:
    channel.receive(sender="a", message_id="1", text="hello")
    channel.accept(sender="a", message_id="2", text="secret words", for_others=True)
    shown = program.says("show", "sms", "a")
    assert "accepted" in shown
    assert "answered" in shown
    assert "secret words" not in shown
    assert program.tells("export", "sms", "a")["messages"][1]["text"] == "secret words"
    assert "cannot be had again" in program.refuses("forget", "sms", "a")
    assert channel.export(sender="a") != {}
    program.says("forget", "sms", "a", "--yes")
    assert channel.export(sender="a") == {}
    assert "nothing is kept of 'a'" in program.refuses("show", "sms", "a")


def test_nothing_is_fenced_while_workers_run(channel: Channel, program: Program) -> None:
    channel.accept(sender="a", message_id="1", text="hello", for_others=True)
    assert channel.pending() != []
    assert "stop them first" in program.refuses("fence", "sms", "--yes")


def test_a_store_is_fenced(path: Path, program: Program) -> None:
    with SQLiteStore(path) as store:
        from polyai_chat_channels import Message

        store.accept("sms", Message("a", "1", "hello"), "token", worker=None, lease=9.0, timeout=9.0)
    assert program.tells("fence", "sms", "--since", "600", "--yes") == {"fenced": 1}
    (told,) = program.tells("list", "sms")
    assert told["why"] == "unknown"


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("/no/such/folder/store", "cannot be opened for writing"),
        ("", "which store?"),
        ("postgresql://chat@127.0.0.1:1/chat", "PostgreSQL at 127.0.0.1"),
    ],
)
def test_a_store_that_is_none_is_told(store: str, said: str) -> None:
    assert said in Program(store).refuses("workers")


def test_the_tables_of_postgresql_are_printed_for_others(program: Program) -> None:
    text = program.says("sql")
    assert "CREATE TABLE lines" in text
    assert "CREATE FUNCTION settle_1" in text
    assert program.tells("migrate") == {"version": 2}
