"""The program `polyai-chat` as Python starts it: its output, its exit status, and its signals."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import polyai_chat

if TYPE_CHECKING:
    from polyai_chat.testing import Simulator

CHAT = [sys.executable, "-X", "dev", "-W", "error", "-m", "polyai_chat"]


def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end."""
    return subprocess.run(
        [*CHAT, *arguments],
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def configured(simulator: Simulator) -> dict[str, str]:
    """The environment of a client of this simulator."""
    return {f"POLYAI_{name.upper()}": str(value) for name, value in simulator.options.items()}


def test_it_chats_with_the_simulator_inside() -> None:
    ran = run("chat", "--simulator", "-m", "Where is order 1234?", "-m", "I want to speak to a human")
    assert ran.returncode == 0
    assert "1234" in ran.stdout
    assert "returns-desk" in ran.stdout + ran.stderr
    assert "simulator" in (ran.stdout + ran.stderr).lower()


def test_it_prints_one_object_of_json() -> None:
    ran = run("chat", "--simulator", "--json", "-m", "Where is order 1234?")
    assert ran.returncode == 0
    told = json.loads(ran.stdout)
    (turn,) = told["turns"]
    assert (turn["message"], turn["end_conversation"]) == ("Where is order 1234?", False)
    assert "1234" in turn["response"]
    assert (told["closed"], told["error"]) == (True, None)


def test_it_reads_messages_of_every_script_from_its_input(simulator: Simulator) -> None:
    ran = run("chat", "--json", stdin="שלום\n💬\n", **configured(simulator), PYTHONIOENCODING="utf-8")
    assert ran.returncode == 0
    assert [turn["response"] for turn in json.loads(ran.stdout)["turns"]] == ["You said: שלום", "You said: 💬"]
    (seen,) = simulator.conversations()
    assert (seen["messages"], seen["closed"]) == (["שלום", "💬"], True)


def test_it_tells_its_version() -> None:
    ran = run("--version")
    assert (ran.returncode, ran.stdout.strip()) == (0, f"polyai-chat {polyai_chat.__version__}")


def test_it_helps() -> None:
    ran = run("--help")
    assert ran.returncode == 0
    assert "chat" in ran.stdout
    assert "simulator" in ran.stdout
    assert "polyai-chat" in ran.stdout
    assert run("chat", "--help").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["chat", "--nonsense"], 2), (["nonsense"], 2), (["chat", "-m", "x"], 12)],
    ids=str,
)
def test_wrong_arguments_and_missing_options_have_their_exit_status(arguments: list[str], status: int) -> None:
    ran = run(*arguments)
    assert (ran.returncode, ran.stdout) == (status, "")
    assert ran.stderr != ""
    assert "Traceback" not in ran.stderr


def test_a_failed_call_has_the_number_of_its_kind(simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond"})
    ran = run("chat", "--json", "-m", "x", **configured(simulator))
    assert ran.returncode == 10 + 10
    assert json.loads(ran.stdout)["error"]["kind"] == "server"
    assert "Traceback" not in ran.stderr
    refused = run("chat", "-m", "x", **{**configured(simulator), "POLYAI_API_KEY": "canary-of-the-program"})
    assert refused.returncode == 10 + 4
    assert "canary" not in refused.stdout + refused.stderr


def test_ctrl_c_ends_it_and_closes_what_it_created(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond"})
    child = subprocess.Popen(
        [*CHAT, "chat", "-m", "x"],
        env={**os.environ, **configured(simulator)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert simulator.wait_for("respond", 1, timeout=30)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "Traceback" not in errors
    assert simulator.requests_to("close") == 1


def test_its_simulator_serves_until_it_is_ended() -> None:
    child = subprocess.Popen(
        [*CHAT, "simulator", "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        client = polyai_chat.Client(
            base_url=url,
            account_id="simulator-account",
            project_id="simulator-project",
            api_key="simulator-key",
            token="simulator-token",
        )
        with client.create() as conversation:
            assert conversation.respond("x").response
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    assert child.returncode in (0, 143)


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    child = subprocess.Popen(
        [*CHAT, "chat", "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        child.stdout.close()
        child.stdout = None
        _, errors = child.communicate(timeout=30)
    assert "Traceback" not in errors
    assert child.returncode in (0, 141)


def test_the_installed_program_is_the_same() -> None:
    try:
        importlib.metadata.distribution("polyai-chat")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package was not installed but taken from its sources")
    program = Path(sys.executable).with_name("polyai-chat")
    ran = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=50, check=True)
    assert ran.stdout == run("--version").stdout
