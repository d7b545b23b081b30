"""Ctrl-C: it ends the call of the main thread, at once, and the exception tells whether the agent may have heard."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest

from children import Child
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    Operation = Literal["create", "respond", "close"]

AT_ONCE = 1.0
"""How many seconds an interrupted call may take to end. It should be below 0.1; a loaded machine is given time."""


def is_interrupted(child: Child) -> dict[str, Any]:
    """Interrupts the program, and returns the outcome of its call."""
    sent = child.send(signal.SIGINT)
    outcome: dict[str, Any] = child.value()
    took = outcome["at"] - sent
    print(f"ended {took * 1000:.1f} ms after the signal")
    assert outcome["raised"] == "KeyboardInterrupt"
    assert took < AT_ONCE
    return outcome


def slow(simulator: Simulator, operation: str, milliseconds: int = 120_000) -> None:
    """Has the agent think for so long."""
    simulator.fail({"delay": {"before": "headers", "ms": milliseconds}}, {"operation": operation})


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        ("create", "create"),
        ("respond", "respond"),
        ("close", "close"),
        ("client.respond", "respond"),
        ("client.close_conversation", "close"),
    ],
)
def test_ctrl_c_ends_a_call_that_was_sent(simulator: Simulator, call: str, operation: Operation) -> None:
    slow(simulator, operation)
    with Child("interrupted.py", "plain", call, options=simulator.options) as child:
        assert simulator.wait_for(operation, 1)
        child.expect("blocked")
        outcome = is_interrupted(child)
        assert (outcome["cause"], outcome["delivery"]) == ("CallCancelledError", "unknown")
        assert child.ended() == 0
    assert simulator.requests_to(operation) == 1


def test_ctrl_c_ends_a_turn_that_waits_for_an_earlier_one(simulator: Simulator) -> None:
    slow(simulator, "respond")
    with Child("interrupted.py", "plain", "queued", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        outcome = is_interrupted(child)
        assert (outcome["cause"], outcome["delivery"]) == ("CallCancelledError", "not_sent")
        assert child.ended() == 0
    assert simulator.requests_to("respond") == 1
    assert [conversation["messages"] for conversation in simulator.conversations()] == [["the earlier turn"]]


@pytest.fixture
def silent_service() -> Iterator[dict[str, str]]:
    """Options for a service behind TLS that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {
            "base_url": f"https://127.0.0.1:{server.getsockname()[1]}",
            "account_id": "account",
            "project_id": "project",
            "api_key": "key",
            "token": "token",
            "connect_timeout": 60,  # type: ignore[dict-item]
        }


@pytest.mark.parametrize("call", ["create", "warm_up"])
def test_ctrl_c_ends_a_call_that_still_connects(silent_service: dict[str, str], call: str) -> None:
    with Child("interrupted.py", "plain", call, options=silent_service) as child:
        child.expect("blocked")
        outcome = is_interrupted(child)
        assert (outcome["cause"], outcome["delivery"]) == ("CallCancelledError", "not_sent")
        assert child.ended() == 0


def test_ctrl_c_ends_the_pause_before_another_attempt(simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 50}}}, {"operation": "create"})
    with Child("interrupted.py", "plain", "create", options=simulator.options) as child:
        assert simulator.wait_for("create", 1)
        child.expect("blocked")
        outcome = is_interrupted(child)
        assert (outcome["cause"], outcome["delivery"]) == ("CallCancelledError", "rejected")
        assert child.ended() == 0
    assert simulator.requests_to("create") == 1


@pytest.mark.parametrize("waiting", ["wait", "result"])
def test_ctrl_c_ends_the_waiting_for_a_started_turn_and_not_the_turn(simulator: Simulator, waiting: str) -> None:
    slow(simulator, "respond", 3_000)
    with Child("interrupted.py", "started", waiting, options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        outcome = is_interrupted(child)
        assert outcome["cause"] == "NoneType"
        assert child.value() == {"done": False}
        assert child.value() == {"response": "You said: hello"}
        assert child.ended() == 0
    assert simulator.requests_to("respond") == 1


def test_ctrl_c_in_a_block_closes_the_conversation_on_the_way_out(simulator: Simulator) -> None:
    slow(simulator, "respond")
    with Child("interrupted.py", "in_a_block", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        outcome = is_interrupted(child)
        assert (outcome["cause"], outcome["delivery"]) == ("CallCancelledError", "unknown")
        assert child.ended() == 0
    assert simulator.requests_to("close") == 1
    assert simulator.requests_to("respond") == 1


def test_a_handler_that_does_not_raise_runs_while_the_call_goes_on(simulator: Simulator) -> None:
    slow(simulator, "respond", 3_000)
    with Child("interrupted.py", "handlers", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        for _ in range(3):
            child.send(signal.SIGUSR1)
            child.expect("handled")
        assert child.value()["returned"] == "You said: hello"
        assert child.ended() == 0
    assert simulator.requests_to("respond") == 1


def test_a_handler_may_talk_to_the_agent_itself(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 3_000}}, {"operation": "respond", "nth": 1})
    with Child("interrupted.py", "handlers", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        child.send(signal.SIGUSR2)
        child.expect("said You said: from the handler")
        assert child.value()["returned"] == "You said: hello"
        assert child.ended() == 0
    assert simulator.requests_to("respond") == 2


def test_what_a_handler_raises_leaves_the_call(simulator: Simulator) -> None:
    slow(simulator, "respond")
    with Child("interrupted.py", "handlers", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        sent = child.send(signal.SIGTERM)
        outcome = child.value()
        assert outcome["at"] - sent < AT_ONCE
        assert (outcome["raised"], outcome["cause"]) == ("EnoughError", "CallCancelledError")
        assert outcome["delivery"] == "unknown"
        assert child.ended() == 0
    assert simulator.requests_to("respond") == 1


def test_ctrl_c_that_the_program_ignores_changes_nothing(simulator: Simulator) -> None:
    slow(simulator, "respond", 1_500)
    with Child("interrupted.py", "dispositions", "ignore", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        child.send(signal.SIGINT)
        assert child.value()["returned"] == "You said: hello"
        assert child.ended() == 0


def test_ctrl_c_that_is_left_to_the_system_ends_the_program(simulator: Simulator) -> None:
    slow(simulator, "respond")
    with Child("interrupted.py", "dispositions", "default", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        child.expect("blocked")
        child.send(signal.SIGINT)
        assert child.ended() == -signal.SIGINT


def test_ctrl_c_leaves_the_calls_of_other_threads_alone(simulator: Simulator) -> None:
    slow(simulator, "respond", 3_000)
    with Child("interrupted.py", "other_thread", "main_in_a_call", options=simulator.options) as child:
        assert simulator.wait_for("respond", 2)
        child.expect("blocked")
        outcome = is_interrupted(child)
        assert (outcome["cause"], outcome["delivery"]) == ("CallCancelledError", "unknown")
        assert child.value() == ["You said: of the thread"]
        assert child.ended() == 0
    assert simulator.requests_to("respond") == 2


def test_ctrl_c_is_python_s_own_while_only_another_thread_is_in_a_call(simulator: Simulator) -> None:
    slow(simulator, "respond", 3_000)
    with Child("interrupted.py", "other_thread", "main_waits", options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        assert child.line() == "blocked"
        outcome = is_interrupted(child)
        assert outcome["cause"] == "NoneType"
        assert child.value() == ["You said: of the thread"]
        assert child.ended() == 0
