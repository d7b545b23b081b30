"""The program `polyai-chat-store`, with PostgreSQL: from an empty database to a message that was put back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from polyai_chat import ChatError, Client
from polyai_chat_channels import Channel, PostgresStore

if TYPE_CHECKING:
    from postgresql import Server

    from polyai_chat_testing import Simulator


def test_an_operators_way(server: Server, schema: str, client: Client, simulator: Simulator) -> None:
    def program(*arguments: str, fails: bool = False) -> Any:
        name = str(Path(sys.executable).with_name("polyai-chat-store"))
        command = [name, "--store", server.conninfo, "--schema", schema, "--json", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else json.loads(done.stdout)

    assert "polyai-chat-store migrate" in program("counts", fails=True)
    assert program("migrate")["version"] >= 3
    assert program("counts") == []
    with PostgresStore(server.conninfo, schema=schema) as store:
        channel = Channel(client, store, "sms")
        channel.accept(sender="a", message_id="1", text="hello", for_others=True)
        simulator.fail({"answer": {"status": 502}}, {"operation": "respond", "nth": 1})
        (message,) = channel.pending()
        with pytest.raises(ChatError):
            channel.answer(message)
        (counts,) = program("counts")
        assert counts["parked"]["unknown"] == 1
        (worker,) = program("workers")
        assert worker["seen_seconds_ago"] < 60
        (taken,) = program("take", "sms")
        assert (taken["sender"], taken["why"], taken["text"]) == ("a", "unknown", "hello")
        assert "may be answered twice" in program("redrive", "sms", "a", "1", fails=True)
        assert program("redrive", "sms", "a", "1", "--i-know-it-may-be-said-twice") == {"redriven": 1}
        (message,) = channel.pending()
        assert channel.answer(message).response == "You said: hello"
        assert "stop them first" in program("fence", "sms", "--yes", fails=True)
        assert program("show", "sms", "a")["messages"][0]["state"] == "answered"
        assert program("forget", "sms", "a", "--yes") == {"forgotten": True}
        assert program("counts", "sms")[0]["ready"] == 0
