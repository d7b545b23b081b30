"""The end of the interpreter, with whatever may be under way then: it neither hangs nor crashes, and says nothing."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from children import Child

if TYPE_CHECKING:
    from polyai_chat_testing import Simulator

SOON = 10.0
"""How many seconds the end may take: a second is given to threads, and a loaded machine is given time."""

# Since 3.12 Python warns of any fork while there are threads, whatever they do.
DEVELOPMENT = ("-X", "dev", "-W", "ignore:This process:DeprecationWarning")


def slow(simulator: Simulator, milliseconds: int = 120_000) -> None:
    """Has the agent think for so long about each turn."""
    simulator.fail({"delay": {"before": "headers", "ms": milliseconds}}, {"operation": "respond"})


def exiting(simulator: Simulator, way: str) -> Child:
    """The program that ends in this way, in Python's development mode."""
    return Child("exits.py", way, options=simulator.options, flags=DEVELOPMENT)


def ends_well(child: Child, status: int = 0, errors: str = "") -> None:
    """The program ends soon, with this status, and complains about nothing else."""
    began = time.monotonic()
    ended = child.ended()
    took = time.monotonic() - began
    print(f"ended after {took:.2f} s")
    assert (ended, child.errors()) == (status, errors)
    assert took < SOON


def test_daemon_threads_inside_calls(simulator: Simulator) -> None:
    slow(simulator)
    with exiting(simulator, "daemon_threads_in_calls") as child:
        # The started turn, and two threads for each way to send one of their own.
        assert simulator.wait_for("respond", 7)
        child.tell("sent")
        ends_well(child)


@pytest.mark.parametrize("_time", range(5))
def test_daemon_threads_that_call_again_and_again(simulator: Simulator, _time: int) -> None:
    with exiting(simulator, "daemon_threads_that_go_on_and_on") as child:
        assert simulator.wait_for("respond", 100)
        child.tell("sent")
        ends_well(child)


def test_started_turns_that_nobody_waits_for(simulator: Simulator) -> None:
    slow(simulator)
    with exiting(simulator, "started_turns_not_awaited") as child:
        assert simulator.wait_for("respond", 8)
        child.tell("sent")
        ends_well(child)


def test_listeners_of_started_turns_whose_outcome_comes_at_the_end(simulator: Simulator) -> None:
    slow(simulator, 300)
    with exiting(simulator, "started_turns_that_end_at_the_end") as child:
        assert simulator.wait_for("respond", 100)
        child.tell("sent")
        ends_well(child)


def test_exit_in_a_block_closes_the_conversation(simulator: Simulator) -> None:
    with exiting(simulator, "exit_in_a_block") as child:
        conversation_id = child.line()
        ends_well(child, status=7)
    assert [seen["id"] for seen in simulator.conversations() if seen["closed"]] == [conversation_id]


def test_an_exception_while_calls_run(simulator: Simulator) -> None:
    slow(simulator)
    with exiting(simulator, "exception_while_calls_run") as child:
        assert simulator.wait_for("respond", 4)
        child.tell("sent")
        assert child.ended() == 1
        *_, last = child.errors().splitlines()
        assert last == "LookupError: nobody catches this"


@pytest.mark.parametrize("way", ["client_used_at_exit", "client_used_at_the_very_end"])
def test_a_handler_of_atexit_may_use_the_client(simulator: Simulator, way: str) -> None:
    with exiting(simulator, way) as child:
        assert child.line() == f"You said: {way.replace('client_used_', '').replace('_', ' ')}"
        ends_well(child)


@pytest.mark.parametrize("way", ["listeners_that_sleep", "listeners_that_compute"])
def test_listeners_at_work(simulator: Simulator, way: str) -> None:
    with exiting(simulator, way) as child:
        ends_well(child)


def test_listeners_are_given_a_moment(simulator: Simulator) -> None:
    with exiting(simulator, "listeners_that_come_to_an_end") as child:
        child.expect("heard")
        child.expect("heard")
        ends_well(child)


def test_a_process_that_leaves_without_goodbye(simulator: Simulator) -> None:
    slow(simulator)
    with exiting(simulator, "left_without_goodbye") as child:
        assert simulator.wait_for("respond", 5)
        child.tell("sent")
        ends_well(child, status=3)


def test_a_forked_child_does_not_wait_for_what_its_parent_has_under_way(simulator: Simulator) -> None:
    slow(simulator)
    took: list[float] = []
    # It has no listeners, to whom it would give a second. A machine may be late; that second would be there each time.
    while not took or (min(took) >= 0.9 and len(took) < 3):
        with exiting(simulator, "child_of_a_busy_parent") as child:
            assert simulator.wait_for("respond", 5 * (len(took) + 1))
            child.tell("sent")
            left = child.value()
            ended, status = child.value()
            assert status == 5
            ends_well(child)
        took.append(ended - left)
    print(f"the child ended after {took} s")
    assert min(took) < 0.9


def test_a_service_that_is_told_to_end(simulator: Simulator) -> None:
    slow(simulator)
    with exiting(simulator, "killed_by_sigterm") as child:
        assert simulator.wait_for("respond", 5)
        child.send(signal.SIGTERM)
        ends_well(child, status=9)


@pytest.mark.parametrize(("way", "replies"), [("thread_that_is_waited_for", 1), ("pool_at_exit", 4)])
def test_threads_that_the_interpreter_waits_for_get_their_replies(simulator: Simulator, way: str, replies: int) -> None:
    slow(simulator, 1_000)
    with exiting(simulator, way) as child:
        for _ in range(replies):
            child.expect("You said: patience")
        ends_well(child)


def test_a_finalizer_that_runs_last_of_all(simulator: Simulator) -> None:
    slow(simulator)
    with exiting(simulator, "cycle_with_a_finalizer") as child:
        assert simulator.wait_for("respond", 1)
        child.tell("sent")
        child.expect("cancelled, unknown")
        ends_well(child)
