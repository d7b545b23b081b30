"""A conversation from its greeting to its end: what goes over the wire, what comes back, and in which order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from polyai_chat import (
    Client,
    Conversation,
    InvalidArgumentError,
    ServerError,
)
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def bodies(simulator: Simulator, operation: str) -> list[dict[str, Any]]:
    """The JSON of every request of this operation that the service received."""
    return [json.loads(request["body"]) for request in simulator.received() if request["operation"] == operation]


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


def test_a_conversation_stays_when_its_client_is_let_go(simulator: Simulator) -> None:
    conversation = Client(**simulator.options).create()
    assert conversation.respond("x").response == "You said: x"


def test_the_representation_names_id_and_state(conversation: Conversation) -> None:
    assert repr(conversation) == f'<Conversation "{conversation.id}", open>'
    conversation.close()
    assert "closed" in repr(conversation)
