"""Threads: a client each for hundreds of them, calls that overlap, and others that run while one is in a call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from children import Child

if TYPE_CHECKING:
    from polyai_chat import Client
    from polyai_chat_testing import Simulator


def test_two_hundred_threads_with_a_client_each(simulator: Simulator) -> None:
    with Child("threads.py", "clients", options=simulator.options, flags=("-X", "dev", "-W", "error")) as child:
        answers = child.value()
        assert (child.ended(), child.errors()) == (0, "")
    assert answers == [[f"You said: {number}, {turn}" for turn in range(3)] for number in range(200)]
    assert [simulator.requests_to(operation) for operation in ("create", "respond", "close")] == [200, 600, 200]
    # One connection each, kept from the create to the close.
    assert simulator.connections == 200


def test_other_threads_run_while_one_is_in_a_call(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 400}})
    with Child("threads.py", "counting", options=simulator.options) as child:
        counted = child.value()
        assert (child.ended(), child.errors()) == (0, "")
    print(f"counted during the calls: {counted}")
    # The started turn runs beside the respond, which waits for it; the waiting for it is over at once.
    respond, stateless, _wait, create, end_of_block = counted
    assert min(respond, stateless, create, end_of_block) > 20


def test_a_thread_that_python_has_not_started(simulator: Simulator) -> None:
    with Child("threads.py", "foreign", options=simulator.options) as child:
        assert child.value() == [["You said: of a foreign thread", "You said: started by one"], 1]
        assert (child.ended(), child.errors()) == (0, "")


def test_calls_of_two_threads_overlap(client: Client, simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 1_500}}, {"operation": "respond"})
    conversations = [client.create(), client.create()]
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda one=one: answers.append(one.respond("of a thread").response))
        for one in conversations
    ]
    for thread in threads:
        thread.start()
    # Both are with the agent before either is answered.
    assert simulator.wait_for("respond", 2)
    assert answers == []
    for thread in threads:
        thread.join()
    assert answers == ["You said: of a thread"] * 2
