"""gevent: a call is awaited by its descriptor while other green threads run; a plain one works, and heeds Ctrl-C."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from children import Child

if TYPE_CHECKING:
    from polyai_chat_testing import Simulator


def test_many_conversations_at_once(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 500}}, {"operation": "respond"})
    with Child("green.py", "many", options=simulator.options) as child:
        # All first turns are under way before any is answered: none has a second one.
        assert simulator.wait_for("respond", 100)
        answers = child.value()
        ticks = child.value()
        assert (child.ended(), child.errors()) == (0, "")
    assert answers == [[f"You said: {number}, {turn}" for turn in range(3)] for number in range(100)]
    # Three turns of half a second, in which the counting thread could run 150 times.
    print(f"{ticks} ticks")
    assert ticks > 30
    seen = [request["conversation_id"] for request in simulator.received() if request["operation"] == "respond"]
    assert len(seen) == 300
    assert len(set(seen[:100])) == 100


@pytest.mark.parametrize(("way", "line"), [("killed", None), ("timed_out", "timed out")])
def test_who_stops_waiting_stops_the_turn(simulator: Simulator, way: str, line: str | None) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 120_000}}, {"operation": "respond"})
    with Child("green.py", way, options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        if line is None:
            child.tell("the turn is sent")
        else:
            child.expect(line)
        child.expect("unknown")
        assert (child.ended(), child.errors()) == (0, "")
    assert simulator.requests_to("respond") == 1


@pytest.mark.parametrize("thread", ["main", "green"])
def test_ctrl_c_ends_a_plain_call(simulator: Simulator, thread: str) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 120_000}}, {"operation": "respond"})
    with Child("green.py", "interrupted", thread, options=simulator.options) as child:
        assert simulator.wait_for("respond", 1)
        sent = child.send(signal.SIGINT)
        ended, delivery = child.value()
        print(f"ended {(ended - sent) * 1000:.1f} ms after the signal")
        assert delivery == "unknown"
        assert ended - sent < 20, "not by the deadline of the turn, which is 60 s"
        assert (child.ended(), child.errors()) == (0, "")
    assert simulator.requests_to("respond") == 1


def test_plain_calls_in_a_patched_process(simulator: Simulator) -> None:
    with Child("green.py", "plain", options=simulator.options) as child:
        assert child.value() == ["You said: plain", "You said: green", "You said: real"]
        assert (child.ended(), child.errors()) == (0, "")
