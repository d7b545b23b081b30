"""A call that was started: waiting for it in pieces, its descriptor, cancelling it, and taking its outcome."""

from __future__ import annotations

import contextlib
import gc
import select
import selectors
import threading
import time
import weakref
from datetime import timedelta
from typing import Any

import pytest

from polyai_chat import (
    CallCancelledError,
    Client,
    Conversation,
    ConversationEndedError,
    InvalidArgumentError,
    Reply,
    ServerError,
    Turn,
)
from polyai_chat_testing import Simulator


def hold(simulator: Simulator, operation: str, **when: int) -> None:
    """Has the service take the turn, and keep its reply for longer than any test."""
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": operation, **when})


def test_calls_by_id_alone_can_be_started(client: Client, conversation: Conversation, simulator: Simulator) -> None:
    reply = client.start_respond(conversation.id, "x", correlation_id="turn-1").result()
    assert (reply.response, reply.correlation_id) == ("You said: x", "turn-1")
    assert client.start_respond(conversation.id).result().response == "Are you still there?"
    assert client.start_close_conversation(conversation.id).result().was_over is False
    with pytest.raises(ConversationEndedError):
        client.start_respond(conversation.id, "y").result()
    assert simulator.requests_to("close") == 1
    with pytest.raises(InvalidArgumentError, match="surrogate"):
        client.start_respond("\ud800", "x")
    with pytest.raises(InvalidArgumentError, match="surrogate"):
        client.start_close_conversation("\ud800")


def test_a_close_that_may_not_be_needed_can_be_started(conversation: Conversation, simulator: Simulator) -> None:
    closed = conversation.start_close_if_open().result()
    assert closed is not None
    assert closed.was_over is False
    assert conversation.start_close_if_open().result() is None
    assert simulator.requests_to("close") == 1


def test_a_scope_whose_last_turn_ends_the_conversation_sends_no_close(client: Client, simulator: Simulator) -> None:
    """The turn is under way when the scope ends: whether a close is of use is known after it."""
    simulator.fail({"delay": {"before": "turn", "ms": 500}}, {"operation": "respond"})
    with client.create() as conversation:
        last = conversation.start("bye")
    assert last.result().end_conversation is True
    assert simulator.requests_to("close") == 0


def test_a_client_that_is_closed_and_waited_for_has_no_thread_left(client: Client, simulator: Simulator) -> None:
    conversation = client.create()
    hold(simulator, "respond")
    turns = [client.start_respond(conversation.id, "x") for _ in range(4)]
    assert client.close_and_wait(60) is True
    assert all(turn.done for turn in turns)
    assert client.close_and_wait(timedelta(0)) is True
    for turn in turns:
        with pytest.raises(CallCancelledError):
            turn.result()
    for wrong in (-1, float("nan"), 86_401):
        with pytest.raises(ValueError, match="timeout"):
            client.close_and_wait(wrong)


def test_a_connection_can_be_opened_meanwhile(client: Client, simulator: Simulator) -> None:
    turn = client.start_warm_up(10)
    assert turn.wait() is True
    turn.result()
    assert client.metrics()["idle_connections"] == 1
    assert simulator.received() == []
    client.create()
    assert simulator.connections == 1
    with pytest.raises(InvalidArgumentError, match="timeout"):
        client.start_warm_up(0)


def test_waiting_ends_when_its_time_is_over_and_the_call_goes_on(
    conversation: Conversation, simulator: Simulator
) -> None:
    hold(simulator, "respond", nth=1)
    turn = conversation.start("x")
    assert simulator.wait_for("respond", 1)
    for at_most in (0, 0.0, timedelta(0), 0.01, timedelta(milliseconds=10)):
        began = time.monotonic()
        assert turn.wait(at_most) is False
        assert time.monotonic() - began < 20
    assert turn.done is False
    turn.cancel()
    assert turn.wait(30) is True


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("-inf"), timedelta(seconds=-1)], ids=repr)
def test_a_time_that_is_none_cannot_be_waited_for(conversation: Conversation, wrong: float) -> None:
    turn = conversation.start("x")
    with pytest.raises(InvalidArgumentError, match="seconds"):
        turn.wait(wrong)
    untyped: Any = turn
    with pytest.raises(TypeError, match="seconds"):
        untyped.wait("5")
    assert turn.wait()


def test_the_outcome_is_the_same_as_often_as_it_is_asked_for(conversation: Conversation, simulator: Simulator) -> None:
    turn = conversation.start("x")
    assert turn.result() is turn.result()
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond"})
    failing = conversation.start("y")
    texts: set[str] = set()
    for _ in range(3):
        with pytest.raises(ServerError) as caught:
            failing.result()
        texts.add(str(caught.value))
    assert len(texts) == 1
    assert simulator.requests_to("respond") == 2


def test_all_threads_that_want_the_outcome_get_it(conversation: Conversation, simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "turn", "ms": 100}}, {"operation": "respond"})
    turn = conversation.start("x")
    taken: list[Reply] = []
    threads = [threading.Thread(target=lambda: taken.append(turn.result())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.response for reply in taken] == ["You said: x"] * 8
    assert simulator.requests_to("respond") == 1


def test_a_failed_turn_is_let_go_like_any_other_object(conversation: Conversation, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond"})

    def fail() -> weakref.ref[Turn[Reply]]:
        turn = conversation.start("x")
        with contextlib.suppress(ServerError):
            turn.result()
        return weakref.ref(turn)

    reference = fail()
    gc.collect()
    assert reference() is None


def test_letting_a_turn_go_cancels_it(conversation: Conversation, simulator: Simulator) -> None:
    hold(simulator, "respond", nth=1)
    turn = conversation.start("x")
    assert simulator.wait_for("respond", 1)
    reference = weakref.ref(turn)
    del turn
    gc.collect()
    assert reference() is None
    # It would have to wait for a minute otherwise.
    began = time.monotonic()
    assert conversation.respond("y").response == "You said: y"
    assert time.monotonic() - began < 20


def test_the_descriptor_becomes_readable_when_the_call_is_done(
    conversation: Conversation, simulator: Simulator
) -> None:
    hold(simulator, "respond", nth=1)
    turn = conversation.start("x")
    descriptor = turn.fileno()
    assert descriptor == turn.fileno()
    assert select.select([turn], [], [], 0.01) == ([], [], [])
    assert simulator.wait_for("respond", 1)
    turn.cancel()
    assert select.select([turn], [], [], 30) == ([turn], [], [])
    assert turn.done is True
    # It stays readable, and one that is asked for later is so at once.
    assert select.select([descriptor], [], [], 0) == ([descriptor], [], [])
    done = conversation.start("y")
    assert done.wait()
    assert select.select([done], [], [], 0) == ([done], [], [])


def test_one_thread_waits_for_many_turns_by_their_descriptors(client: Client, simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "turn", "ms": 30}}, {"operation": "respond", "probability": 0.5, "seed": 7})
    conversations = [client.create() for _ in range(16)]
    replies: list[str] = []
    with selectors.DefaultSelector() as selector:
        for number, conversation in enumerate(conversations):
            selector.register(conversation.start(str(number)), selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(30)
            assert ready != []
            for key, _ in ready:
                turn: Any = key.fileobj
                selector.unregister(turn)
                replies.append(turn.result().response)
    assert sorted(replies) == sorted(f"You said: {number}" for number in range(16))


def test_the_class_can_be_written_with_its_outcome() -> None:
    assert getattr(Turn[Reply], "__origin__", Turn) is Turn


def test_the_representation_says_whether_it_is_done(conversation: Conversation, simulator: Simulator) -> None:
    hold(simulator, "respond")
    turn = conversation.start("x", correlation_id="turn-1")
    assert repr(turn) == "<Turn turn-1, under way>"
    turn.cancel()
    assert turn.wait()
    assert repr(turn) == "<Turn turn-1, done>"
