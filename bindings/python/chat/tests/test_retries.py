"""What is repeated by itself and what is not, counted at the service: no turn is ever doubled."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest

from conftest import SCRIPT
from polyai_chat import (
    ChatError,
    Client,
    ConnectError,
    Conversation,
    NotConnectedError,
    ProtocolError,
    RateLimitedError,
    ServerError,
)
from polyai_chat_testing import Simulator


def messages(simulator: Simulator) -> list[str]:
    """What the agent has heard in the only conversation."""
    (seen,) = simulator.conversations()
    heard: list[str] = seen["messages"]
    return heard


def wait_until_all_are_closed(simulator: Simulator) -> None:
    """Waits until the service has no connection but the one by which it is asked, unless no reply was sent yet."""
    while simulator.requests_to("respond"):
        with urllib.request.urlopen(f"{simulator.url}/_simulator/counts", timeout=30) as answer:
            if json.load(answer)["open_connections"] == 1:
                return


def test_a_connection_that_fails_before_the_request_is_tried_again() -> None:
    with Simulator(script=SCRIPT, tls=True) as simulator:
        simulator.fail({"reset": {"at": "handshake"}}, {"connection": 1})
        simulator.fail({"close": {"at": "handshake"}}, {"connection": 2})
        client = Client(**simulator.options, backoff=0.001)
        conversation = client.create()
        conversation.respond("x")
        assert [(attempt["number"], attempt["delivery"]) for attempt in client.recent_attempts()] == [
            (1, "not_sent"),
            (2, "not_sent"),
            (3, None),
            (1, None),
        ]
        assert (simulator.requests_to("create"), simulator.connections, messages(simulator)) == (1, 3, ["x"])


def test_a_service_that_is_not_there_is_tried_as_often_as_was_said(simulator: Simulator) -> None:
    clients = {most: Client(**simulator.options, max_attempts=most, backoff=0.001) for most in (1, 2, 5)}
    simulator.stop()
    for most, client in clients.items():
        with pytest.raises(NotConnectedError) as caught:
            client.create()
        assert [attempt["number"] for attempt in caught.value.attempts] == list(range(1, most + 1))
        assert {attempt["correlation_id"] for attempt in caught.value.attempts} == {caught.value.correlation_id}
        assert client.metrics()["retries"] == most - 1


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(
    conversation: Conversation, simulator: Simulator
) -> None:
    simulator.fail({"close": {"at": "after_reply"}}, {"operation": "respond"})
    for number in range(5):
        wait_until_all_are_closed(simulator)
        assert conversation.respond(str(number)).response == f"You said: {number}"
    assert messages(simulator) == ["0", "1", "2", "3", "4"]
    sent = [request["connection"] for request in simulator.received() if request["operation"] == "respond"]
    assert len(set(sent)) == 5


@pytest.mark.parametrize("moment", ["after_head", "after_request", "after_turn", "in_headers", "in_body"])
@pytest.mark.parametrize("ending", ["reset", "close"])
def test_a_turn_whose_request_was_sent_is_not_repeated(
    conversation: Conversation, simulator: Simulator, ending: str, moment: str
) -> None:
    simulator.fail({ending: {"at": moment}}, {"operation": "respond"})
    with pytest.raises(ProtocolError if moment == "in_body" else ConnectError) as caught:
        conversation.respond("x")
    error = caught.value
    assert (error.delivery, error.may_resend, isinstance(error, NotConnectedError)) == ("unknown", False, False)
    assert len(error.attempts) == 1
    assert simulator.requests_to("respond") == 1
    assert messages(simulator) == (["x"] if moment in ("after_turn", "in_headers", "in_body") else [])


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_turn_at_which_the_service_failed_is_not_repeated(
    conversation: Conversation, simulator: Simulator, status: int
) -> None:
    answer = {"status": status, "processed": True, "retry_after": {"seconds": 0}}
    simulator.fail({"answer": answer}, {"operation": "respond"})
    with pytest.raises(ServerError) as caught:
        conversation.respond("x")
    assert (caught.value.status, caught.value.delivery, caught.value.retry_after) == (status, "unknown", 0)
    assert (simulator.requests_to("respond"), messages(simulator)) == (1, ["x"])


def test_a_503_is_repeated_where_it_is_known_to_refuse(simulator: Simulator) -> None:
    client = Client(**simulator.options, retry_503=True, backoff=0.001)
    conversation = client.create()
    simulator.fail({"answer": {"status": 503}}, {"operation": "respond", "times": 2})
    assert conversation.respond("x").response == "You said: x"
    assert (simulator.requests_to("respond"), messages(simulator)) == (3, ["x"])


def test_a_429_is_repeated_after_the_time_that_it_asks_for(conversation: Conversation, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 1}}}, {"operation": "respond", "nth": 1})
    reply = conversation.respond("x", timeout=30, correlation_id="turn-1")
    assert reply.elapsed >= 1
    assert (simulator.requests_to("respond"), messages(simulator)) == (2, ["x"])
    sent = [dict(request["headers"]) for request in simulator.received() if request["operation"] == "respond"]
    assert [headers["X-PolyAI-Correlation-Id"] for headers in sent] == ["turn-1", "turn-1"]


def test_a_429_with_a_date_is_understood(conversation: Conversation, simulator: Simulator) -> None:
    answer = {"status": 429, "retry_after": {"date_in_seconds": 3600}}
    simulator.fail({"answer": answer}, {"operation": "respond"})
    with pytest.raises(RateLimitedError) as caught:
        conversation.respond("x")
    assert caught.value.retry_after == pytest.approx(3600, abs=30)


def test_a_429_that_asks_for_more_than_the_deadline_is_told_at_once(
    conversation: Conversation, simulator: Simulator
) -> None:
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 55}}}, {"operation": "respond"})
    began = time.monotonic()
    with pytest.raises(RateLimitedError) as caught:
        conversation.respond("x", timeout=50)
    assert time.monotonic() - began < 20
    assert (caught.value.retry_after, caught.value.delivery, caught.value.may_resend) == (55.0, "rejected", True)
    assert simulator.requests_to("respond") == 1


def test_a_429_that_does_not_end_is_repeated_as_often_as_was_said(
    conversation: Conversation, simulator: Simulator
) -> None:
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 0}}}, {"operation": "respond"})
    with pytest.raises(RateLimitedError) as caught:
        conversation.respond("x")
    assert [attempt["status"] for attempt in caught.value.attempts] == [429, 429, 429]
    assert (simulator.requests_to("respond"), messages(simulator)) == (3, [])


@pytest.mark.parametrize(
    "misfortune",
    [
        {"reset": {"at": "after_turn"}},
        {"answer": {"status": 500, "processed": True}},
        {"answer": {"status": 200, "body": {"text": "{"}, "processed": True}},
    ],
    ids=str,
)
def test_a_close_may_be_repeated(conversation: Conversation, simulator: Simulator, misfortune: dict[str, Any]) -> None:
    simulator.fail(misfortune, {"operation": "close", "nth": 1})
    conversation.close()
    assert (simulator.requests_to("close"), conversation.state) == (2, "closed")


def test_a_create_whose_answer_was_lost_is_not_repeated(client: Client, simulator: Simulator) -> None:
    simulator.fail({"reset": {"at": "after_turn"}}, {"operation": "create"})
    with pytest.raises(ConnectError, match="a conversation may be open") as caught:
        client.create()
    assert caught.value.delivery == "unknown"
    assert (simulator.requests_to("create"), len(simulator.conversations())) == (1, 1)


def test_retries_come_from_a_store_that_an_outage_empties(simulator: Simulator) -> None:
    client = Client(**simulator.options, retry_budget=3, backoff=0.001)
    simulator.stop()
    tries = []
    for _ in range(3):
        with pytest.raises(NotConnectedError) as caught:
            client.create()
        tries.append(len(caught.value.attempts))
    assert tries == [3, 2, 1]
    assert client.metrics()["retries_left"] == 0


def test_nothing_is_doubled_while_the_service_misbehaves_at_random(simulator: Simulator) -> None:
    conversation = Client(**simulator.options, timeout=5, backoff=0.001, retry_budget=1000).create()
    misfortunes: list[dict[str, Any]] = [
        {"reset": {"at": "after_turn"}},
        {"reset": {"at": "after_request"}},
        {"close": {"at": "after_reply"}},
        {"answer": {"status": 500, "processed": True}},
        {"answer": {"status": 429, "retry_after": {"seconds": 0}}},
        {"garbage": {}},
    ]
    for seed, misfortune in enumerate(misfortunes):
        simulator.fail(misfortune, {"operation": "respond", "probability": 0.15, "seed": seed + 1})
    answered: list[str] = []
    lost: list[str] = []
    refused: list[str] = []
    for number in range(300):
        message = f"message {number}"
        try:
            assert conversation.respond(message).response == f"You said: {message}"
            answered.append(message)
        except ChatError as error:
            fate = refused if error.may_resend else lost
            fate.append(message)
    heard = messages(simulator)
    assert len(heard) == len(set(heard))
    assert set(answered) <= set(heard) <= set(answered) | set(lost)
    assert not set(refused) & set(heard)
    assert min(len(answered), len(lost)) > 30
