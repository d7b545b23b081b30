"""A client that was made, and used, before a fork goes on in parent and children, and never mixes their answers."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from children import Child

if TYPE_CHECKING:
    from polyai_chat_testing import Simulator

# Since 3.12 Python warns of any fork while there are threads, whatever they do.
FLAGS = ("-X", "dev", "-W", "error", "-W", "ignore:This process:DeprecationWarning")


def forking(simulator: Simulator, *arguments: str) -> Child:
    """The program that forks in this way."""
    return Child("forks.py", *arguments, options=simulator.options, flags=FLAGS)


def ends_well(child: Child) -> None:
    """The program ends with status 0 and has complained about nothing."""
    assert (child.ended(), child.errors()) == (0, "")


def no_connection_is_shared(simulator: Simulator) -> None:
    """No connection has carried turns of two processes, and every turn that was asked for came exactly once."""
    processes: dict[int, set[str]] = defaultdict(set)
    messages: list[str] = []
    for request in simulator.received():
        message = json.loads(request["body"]).get("message")
        if request["operation"] == "respond" and " of process " in message:
            processes[request["connection"]].add(message.rpartition(" of process ")[2])
            messages.append(request["conversation_id"] + message)
    assert messages
    assert all(len(of_connection) == 1 for of_connection in processes.values())
    assert len(messages) == len(set(messages))


def test_parent_and_children_talk_at_once(simulator: Simulator) -> None:
    with forking(simulator, "all_at_once") as child:
        told = [child.value() for _ in range(5)]
        ends_well(child)
    assert sorted(told, key=str) == [{"child": []}] * 4 + [{"parent": [], "statuses": [0, 0, 0, 0]}]
    # Four threads before, in the parent, and in each of four children; and one afterwards.
    assert simulator.requests_to("respond") == (4 + 4 + 4 * 4 + 1) * 15
    no_connection_is_shared(simulator)


def test_calls_under_way_at_the_fork_are_the_parent_s(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 3_000}}, {"operation": "respond", "times": 2})
    with forking(simulator, "calls_under_way") as child:
        assert simulator.wait_for("respond", 2)
        child.tell("both are sent")
        # In the child.
        assert child.value() == ["unknown", "unknown"]
        assert child.value() is True
        assert child.value() == []
        assert child.value() == "You said: of the child"
        # In the parent.
        assert child.value() == {"status": [0]}
        assert child.value() == [
            "You said: started before the fork",
            "You said: in line before the fork",
            "You said: of a thread",
        ]
        ends_well(child)
    # The parent's three, the child's own conversation, and its turn in the shared one.
    assert simulator.requests_to("respond") == 3 + 15 + 1
    no_connection_is_shared(simulator)


def test_an_event_loop_from_before_the_fork_goes_on_in_the_child(simulator: Simulator) -> None:
    with forking(simulator, "event_loop") as child:
        assert child.value() == {"parent": "You said: before"}
        assert child.value() == {"child": "You said: of the child"}
        assert child.value() == {"status": [0], "parent": "You said: after"}
        ends_well(child)


def test_children_of_children(simulator: Simulator) -> None:
    with forking(simulator, "generations") as child:
        for left in (3, 2, 1, 0):
            assert child.value() == [left, f"You said: generation {left}"]
        for _ in range(3):
            assert child.value() == [0]
        ends_well(child)
    # One each: no process goes on with a connection of another.
    connections = [request["connection"] for request in simulator.received() if request["operation"] == "respond"]
    assert len(connections) == len(set(connections)) == 4


def test_a_fork_in_another_thread_than_the_main_one(simulator: Simulator) -> None:
    with forking(simulator, "forks_in_a_thread") as child:
        assert child.value() == []
        assert child.value() == {"parent": [], "statuses": [0]}
        ends_well(child)
    no_connection_is_shared(simulator)


@pytest.mark.parametrize("start_method", ["fork", "forkserver", "spawn"])
def test_multiprocessing(simulator: Simulator, start_method: str) -> None:
    with forking(simulator, "processes", start_method) as child:
        told: list[Any] = [child.value() for _ in range(4)]
        ends_well(child)
    assert sorted(told, key=str) == [{"parent": [], "statuses": [0, 0, 0]}] + [{"worker": []}] * 3
    assert simulator.requests_to("respond") == (1 + 1 + 3) * 15
    no_connection_is_shared(simulator)


@pytest.mark.parametrize("start_method", ["fork", "forkserver", "spawn"])
def test_a_pool_of_processes(simulator: Simulator, start_method: str) -> None:
    with forking(simulator, "pool", start_method) as child:
        told = child.value()
        assert told["wrong"] == [[]] * 9
        assert told["processes"] >= 1
        # What cannot be sent to another process says why, and what to do instead.
        assert "client.attach(id)" in child.line()
        ends_well(child)
    assert simulator.requests_to("respond") == (1 + 9) * 15
    no_connection_is_shared(simulator)
