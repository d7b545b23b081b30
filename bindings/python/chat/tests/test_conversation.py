"""A conversation from its greeting to its end: what goes over the wire, what comes back, and in which order."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from conftest import SCRIPT
from polyai_chat import (
    BusyError,
    ChatError,
    Client,
    Conversation,
    ConversationEndedError,
    DeadlineExceededError,
    InvalidArgumentError,
    ServerError,
    UnsupportedError,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def bodies(simulator: Simulator, operation: str) -> list[dict[str, Any]]:
    """The JSON of every request of this operation that the service received."""
    return [json.loads(request["body"]) for request in simulator.received() if request["operation"] == operation]


def test_a_conversation_is_greeted_goes_on_and_is_closed(client: Client, simulator: Simulator) -> None:
    conversation = client.create(integration_attributes={"customer_name": "Sam"})
    greeting = conversation.greeting
    assert greeting.response == "Hello Sam."
    assert greeting.conversation_id == conversation.id
    assert (conversation.state, conversation.ended) == ("open", False)

    reply = conversation.respond("Where is my order?")
    assert (reply.response, reply.end_conversation, reply.handoff) == ("You said: Where is my order?", False, None)
    assert reply.conversation_id == conversation.id

    closed = conversation.close()
    assert closed.was_over is False
    assert (conversation.state, conversation.ended) == ("closed", True)
    (seen,) = simulator.conversations()
    assert (seen["id"], seen["turns"], seen["closed"]) == (conversation.id, 1, True)


def test_no_message_an_empty_one_and_text_are_three_different_turns(
    conversation: Conversation, simulator: Simulator
) -> None:
    replies = [
        conversation.respond(),
        conversation.respond(None),
        conversation.respond(""),
        conversation.respond("x"),
        conversation.respond(message="y"),
    ]
    assert [reply.response for reply in replies] == [
        "Are you still there?",
        "Are you still there?",
        "I did not catch that.",
        "You said: x",
        "You said: y",
    ]
    (seen,) = simulator.conversations()
    assert seen["messages"] == [None, None, "", "x", "y"]
    assert ["message" in body for body in bodies(simulator, "respond")] == [False, False, True, True, True]


def test_everything_that_a_create_can_carry_arrives(client: Client, simulator: Simulator) -> None:
    client.create(
        integration_attributes={"customer_name": "Sam", "tier": 3, "tags": ["a", None, True, 1.5]},
        variant_id="returns-uk",
        channel="webchat",
        asr_lang_code="en-GB",
        tts_lang_code="cy-GB",
        correlation_id="create-1",
        extra={"new_field": {"deep": [1]}},
    )
    (request,) = simulator.received()
    assert json.loads(request["body"]) == {
        "integration_attributes": {"customer_name": "Sam", "tier": 3, "tags": ["a", None, True, 1.5]},
        "variant_id": "returns-uk",
        "channel": "webchat",
        "asr_lang_code": "en-GB",
        "tts_lang_code": "cy-GB",
        "new_field": {"deep": [1]},
    }
    assert ["X-PolyAI-Correlation-Id", "create-1"] in request["headers"]


def test_everything_that_a_turn_can_carry_arrives(conversation: Conversation, simulator: Simulator) -> None:
    reply = conversation.respond(
        "x",
        integration_attributes={"basket": 2},
        metadata={"page": "/returns"},
        asr_lang_code="en-GB",
        tts_lang_code="cy-GB",
        correlation_id="turn-1",
        extra={"new_field": 1},
    )
    assert reply.correlation_id == "turn-1"
    assert bodies(simulator, "respond") == [
        {
            "conversation_id": conversation.id,
            "message": "x",
            "integration_attributes": {"basket": 2},
            "metadata": {"page": "/returns"},
            "asr_lang_code": "en-GB",
            "tts_lang_code": "cy-GB",
            "new_field": 1,
        }
    ]
    closed = conversation.close(correlation_id="close-1", extra={"why": "done"})
    assert closed.correlation_id == "close-1"
    assert bodies(simulator, "close") == [{"conversation_id": conversation.id, "why": "done"}]


def test_none_is_a_field_that_was_not_given(client: Client, simulator: Simulator) -> None:
    conversation = client.create(
        integration_attributes=None, variant_id=None, channel=None, timeout=None, correlation_id=None, extra=None
    )
    conversation.respond("x", integration_attributes=None, metadata=None, timeout=None)
    conversation.close(timeout=None, extra=None)
    assert bodies(simulator, "create") == [{}]
    assert bodies(simulator, "respond") == [{"conversation_id": conversation.id, "message": "x"}]
    assert bodies(simulator, "close") == [{"conversation_id": conversation.id}]


def test_words_that_no_call_knows_are_refused_before_anything_is_sent(
    client: Client, conversation: Conversation, simulator: Simulator
) -> None:
    untyped: Any = conversation
    untyped_client: Any = client
    for call in (untyped.respond, untyped.start, untyped.close, untyped.start_close, untyped_client.create):
        with pytest.raises(TypeError, match="mesage"):
            call(mesage="y")
    for wrong in (5, b"bytes", ["x"]):
        with pytest.raises(TypeError, match="message"):
            untyped.respond(wrong)
    for field in ("asr_lang_code", "tts_lang_code", "correlation_id"):
        with pytest.raises(TypeError, match=field):
            untyped.respond("x", **{field: 5})
    for field in ("integration_attributes", "metadata", "extra"):
        for no_mapping in ([1], "text", 5, {"a": object()}):
            with pytest.raises(TypeError, match=field):
                untyped.respond("x", **{field: no_mapping})
    with pytest.raises(InvalidArgumentError, match=r"metadata.*Out of range"):
        untyped.respond("x", metadata={"a": float("nan")})
    assert simulator.requests_to("respond") == 0


@pytest.mark.parametrize(
    "message",
    [
        "naïve café",
        "👩‍👩‍👧 💬",
        "שלום, איפה ההזמנה שלי?",
        "أين طلبي؟ \u202eabc\u202c",
        "e\u0301 is not é",
        "before\x00after",
        "\x01\x1f\x7f\u2028\u2029\ufeff\uffff\U0010ffff",
        'quotes " and \\ and </script>',
        "line\r\nbreak\ttab",
        "x" * 200_000,
    ],
    ids=lambda message: ascii(message)[:20],
)
def test_every_text_goes_there_and_back_unchanged(
    conversation: Conversation, simulator: Simulator, message: str
) -> None:
    reply = conversation.respond(message, metadata={message[:50]: message[:50]})
    assert reply.response == f"You said: {message}"
    (seen,) = simulator.conversations()
    assert seen["messages"] == [message]
    assert bodies(simulator, "respond")[0]["metadata"] == {message[:50]: message[:50]}


def test_half_a_surrogate_pair_is_refused_in_words(
    client: Client, conversation: Conversation, simulator: Simulator
) -> None:
    half = "private words \ud83d"
    calls: dict[str, list[Callable[[], object]]] = {
        "message": [lambda: conversation.respond(half), lambda: conversation.start(half)],
        "correlation_id": [lambda: conversation.respond("x", correlation_id=half)],
        "asr_lang_code": [lambda: conversation.respond("x", asr_lang_code=half)],
        "metadata": [
            lambda: conversation.respond("x", metadata={"a": half}),
            lambda: conversation.respond("x", metadata={half: 1}),
        ],
        "extra": [lambda: conversation.close(extra={"a": half})],
        "conversation_id": [
            lambda: client.attach(half),
            lambda: client.respond(half, "x"),
            lambda: client.close_conversation(half),
        ],
    }
    for name, attempts in calls.items():
        for attempt in attempts:
            with pytest.raises(InvalidArgumentError, match=f"{name}.*surrogate") as caught:
                attempt()
            assert "private words" not in str(caught.value)
    assert simulator.requests_to("respond") == simulator.requests_to("close") == 0


def test_the_end_that_the_agent_sets_ends_the_conversation(conversation: Conversation, simulator: Simulator) -> None:
    assert conversation.respond("bye").end_conversation is True
    assert (conversation.state, conversation.ended) == ("ended", True)
    with pytest.raises(ConversationEndedError) as caught:
        conversation.respond("one more thing")
    assert caught.value.delivery == "not_sent"
    assert simulator.requests_to("respond") == 1


def test_an_end_from_the_services_side_is_learned_from_the_next_turn(
    conversation: Conversation, simulator: Simulator
) -> None:
    assert simulator.end_conversation(conversation.id) is True
    assert conversation.ended is False
    with pytest.raises(ConversationEndedError) as caught:
        conversation.respond("x")
    assert (caught.value.status, caught.value.delivery, conversation.state) == (410, "rejected", "ended")


def test_a_handoff_is_reported_and_alone_does_not_end_the_conversation(conversation: Conversation) -> None:
    reply = conversation.respond("human")
    assert reply.handoff is not None
    assert (reply.handoff.destination, reply.handoff.reason) == ("returns-desk", "customer_request")
    assert reply.handoff.raw["text_chat"] == {"zendesk_integration": {}}
    assert conversation.ended is False
    assert conversation.respond("still there?").handoff is None


def test_close_is_sent_once_and_remembered(conversation: Conversation, simulator: Simulator) -> None:
    first = conversation.close()
    assert conversation.close() == first
    assert simulator.requests_to("close") == 1
    with pytest.raises(ConversationEndedError, match="closed"):
        conversation.respond("x")
    assert simulator.requests_to("respond") == 0


def test_close_says_when_the_conversation_was_over_already(conversation: Conversation, simulator: Simulator) -> None:
    conversation.respond("bye")
    assert conversation.close().was_over is True
    assert simulator.requests_to("close") == 1


def test_attach_goes_on_with_a_conversation_and_sends_nothing(
    client: Client, conversation: Conversation, simulator: Simulator
) -> None:
    attached = client.attach(conversation.id)
    assert (attached.id, attached.state) == (conversation.id, "open")
    assert attached.greeting.response == ""
    assert len(simulator.received()) == 1
    assert attached.respond("x").response == "You said: x"
    for wrong in ("", "x" * 1025):
        with pytest.raises(InvalidArgumentError, match="conversation_id"):
            client.attach(wrong)


def test_a_lost_reply_leaves_the_conversation_in_doubt_until_the_next_one(
    conversation: Conversation, simulator: Simulator
) -> None:
    simulator.fail({"reset": {"at": "after_turn"}}, {"operation": "respond", "nth": 1})
    with pytest.raises(ChatError) as caught:
        conversation.respond("x")
    assert (caught.value.delivery, conversation.state) == ("unknown", "in_doubt")
    conversation.respond("y")
    assert conversation.state == "open"
    (seen,) = simulator.conversations()
    assert seen["messages"] == ["x", "y"]


def test_the_block_closes_at_its_end(client: Client, simulator: Simulator) -> None:
    with client.create() as conversation:
        conversation.respond("x")
    assert conversation.state == "closed"
    assert simulator.requests_to("close") == 1


def test_the_block_closes_on_an_exception_too_and_lets_it_pass(client: Client, simulator: Simulator) -> None:
    failure = RuntimeError("of the program")
    with pytest.raises(RuntimeError) as caught, client.create() as conversation:
        raise failure
    assert caught.value is failure
    assert (caught.value.__context__, conversation.state) == (None, "closed")
    assert simulator.requests_to("close") == 1


def test_the_block_closes_when_a_generator_is_thrown_away(client: Client, simulator: Simulator) -> None:
    def turns() -> Generator[str, None, None]:
        with client.create() as conversation:
            while True:
                yield conversation.respond("x").response

    running = turns()
    assert next(running) == "You said: x"
    running.close()
    assert simulator.requests_to("close") == 1


def test_the_block_sends_no_close_when_the_conversation_is_over(client: Client, simulator: Simulator) -> None:
    with client.create() as conversation:
        assert conversation.closes_at_end_of_scope is True
        conversation.respond("bye")
        assert conversation.closes_at_end_of_scope is False
    with client.create() as conversation:
        conversation.close()
    assert simulator.requests_to("close") == 1


def test_a_stalled_close_ends_with_its_own_small_budget(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "close"})
    client = Client(**simulator.options, close_timeout=0.3, timeout=60)
    began = time.monotonic()
    with pytest.raises(DeadlineExceededError), client.create():
        pass
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("failure", [RuntimeError("of the program"), ServerError("of a turn"), KeyboardInterrupt()])
def test_a_failed_close_does_not_mask_the_blocks_exception(simulator: Simulator, failure: BaseException) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "close"})
    client = Client(**simulator.options, close_timeout=1)
    with pytest.raises(type(failure)) as caught, client.create():
        raise failure
    assert caught.value is failure
    assert simulator.requests_to("close") == 1


def test_a_close_that_was_refused_is_raised_where_the_block_went_well(client: Client, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 500}}, {"operation": "close"})
    with pytest.raises(ServerError), client.create():
        pass


def test_the_legacy_dialect_has_no_close_and_its_block_sends_none() -> None:
    with Simulator(script=SCRIPT, dialect="legacy") as simulator:
        client = Client(**simulator.options)
        with client.create(user_id="sam-1", message="hello", metadata={"page": "/"}) as conversation:
            assert conversation.closes_at_end_of_scope is False
            assert conversation.greeting.user_id == "sam-1"
            assert conversation.respond("x").response == "You said: x"
            # There is no turn without a message in that dialect.
            assert conversation.respond().response == "I did not catch that."
        assert conversation.state == "open"
        with pytest.raises(UnsupportedError) as caught:
            conversation.close()
        assert caught.value.delivery == "not_sent"
        with pytest.raises(UnsupportedError, match="variant_id"):
            client.create(variant_id="a")
        assert {request["operation"] for request in simulator.received()} == {"create", "respond"}
        assert bodies(simulator, "create") == [{"user_id": "sam-1", "message": "hello", "metadata": {"page": "/"}}]


def test_fields_of_the_legacy_dialect_are_unsupported_in_the_current_one(client: Client, simulator: Simulator) -> None:
    untyped: Any = client
    for field, value in (("user_id", "sam"), ("message", "hello"), ("metadata", {"page": "/"})):
        with pytest.raises(UnsupportedError, match=field):
            untyped.create(**{field: value})
    assert simulator.received() == []


def test_two_threads_on_one_conversation_take_turns_in_the_order_of_their_calls(
    conversation: Conversation, simulator: Simulator
) -> None:
    simulator.fail({"delay": {"before": "turn", "ms": 200}}, {"operation": "respond", "nth": 1})
    replies: dict[str, str] = {}

    def say(message: str) -> None:
        replies[message] = conversation.respond(message).response

    threads = [threading.Thread(target=say, args=(f"thread {number}",)) for number in range(2)]
    threads[0].start()
    assert simulator.wait_for("respond", 1)
    started = [conversation.start(f"started {number}") for number in range(6)]
    threads[1].start()
    for thread in threads:
        thread.join()
    assert [turn.result().response for turn in started] == [f"You said: started {number}" for number in range(6)]
    assert replies == {f"thread {number}": f"You said: thread {number}" for number in range(2)}
    (seen,) = simulator.conversations()
    assert seen["messages"][0] == "thread 0"
    assert [said for said in seen["messages"] if said.startswith("started")] == [f"started {n}" for n in range(6)]
    assert seen["most_turns_in_flight"] == 1


def test_who_waits_for_an_earlier_turn_longer_than_his_deadline_is_busy(
    conversation: Conversation, simulator: Simulator
) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond", "nth": 1})
    first = conversation.start("x")
    assert simulator.wait_for("respond", 1)
    with pytest.raises(BusyError) as caught:
        conversation.respond("y", timeout=0.2)
    assert (caught.value.delivery, caught.value.phase) == ("not_sent", "queue")
    first.cancel()
    assert first.wait()
    assert simulator.requests_to("respond") == 1


def test_all_turns_together_have_a_time_of_their_own(simulator: Simulator) -> None:
    simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond"})
    conversation = Client(**simulator.options, conversation_timeout=1).create()
    with pytest.raises(DeadlineExceededError):
        conversation.respond("x", timeout=60)
    with pytest.raises(DeadlineExceededError, match="all turns") as caught:
        conversation.respond("y", timeout=60)
    assert caught.value.delivery == "not_sent"
    assert simulator.requests_to("respond") == 1


def test_a_conversation_stays_when_its_client_is_let_go(simulator: Simulator) -> None:
    conversation = Client(**simulator.options).create()
    assert conversation.respond("x").response == "You said: x"


def test_the_representation_names_id_and_state(conversation: Conversation) -> None:
    assert repr(conversation) == f'<Conversation "{conversation.id}", open>'
    conversation.close()
    assert "closed" in repr(conversation)
