"""A call ends with its deadline, however the service drips or stalls, and says whether it may have been heard."""

from __future__ import annotations

import time
from typing import Any

import pytest

from conftest import SCRIPT
from polyai_chat import Client, DeadlineExceededError, NotConnectedError
from polyai_chat_testing import Simulator

LONG = 60_000

# What stalls, where the call is then, whether the service has taken the turn, and whether it may have.
STALLS: list[tuple[dict[str, Any], str, str]] = [
    ({"delay": {"before": "accept", "ms": LONG}}, "headers", "unknown"),
    ({"delay": {"before": "read", "ms": LONG}}, "headers", "unknown"),
    ({"delay": {"before": "turn", "ms": LONG}}, "headers", "unknown"),
    ({"delay": {"before": "headers", "ms": LONG}}, "headers", "unknown"),
    ({"delay": {"before": "body", "ms": LONG}}, "body", "unknown"),
    ({"drip": {"part": "request", "every_ms": 200}}, "headers", "unknown"),
    ({"drip": {"part": "headers", "every_ms": 100}}, "headers", "unknown"),
    ({"drip": {"part": "body", "every_ms": 100}}, "body", "unknown"),
    ({"endless_body": {"bytes_per_second": 1000}}, "body", "unknown"),
    ({"wrong_length": {"by": 5}}, "body", "unknown"),
]


@pytest.mark.parametrize(("stall", "phase", "delivery"), STALLS, ids=str)
@pytest.mark.parametrize("is_started", [False, True], ids=["called", "started"])
def test_a_turn_ends_with_its_deadline(
    simulator: Simulator, stall: dict[str, Any], phase: str, delivery: str, is_started: bool
) -> None:
    identity = Client(**simulator.options).create().id
    # A client of its own, for what stalls before the first request of a connection.
    conversation = Client(**simulator.options).attach(identity)
    simulator.fail(stall)
    message = "x" * (200_000 if "request" in str(stall) else 1)
    began = time.monotonic()
    with pytest.raises(DeadlineExceededError) as caught:
        conversation.start(message, timeout=0.6).result() if is_started else conversation.respond(message, timeout=0.6)
    assert 0.6 <= time.monotonic() - began < 20
    error = caught.value
    assert (error.phase, error.delivery, error.may_resend) == (phase, delivery, False)
    assert "0.6 s" in error.message
    assert (len(error.attempts), conversation.state) == (1, "in_doubt")
    assert simulator.requests_to("respond") <= 1
    (seen,) = simulator.conversations()
    assert seen["turns"] <= 1


def test_what_stalls_before_the_request_is_known_to_be_unsent() -> None:
    with Simulator(script=SCRIPT, tls=True) as simulator:
        simulator.fail({"delay": {"before": "handshake", "ms": LONG}})
        began = time.monotonic()
        with pytest.raises(DeadlineExceededError) as caught:
            Client(**simulator.options).create(timeout=0.4)
        assert time.monotonic() - began < 20
        assert (caught.value.phase, caught.value.delivery, caught.value.may_resend) == ("tls", "not_sent", True)
        assert simulator.received() == []


def test_connecting_has_a_limit_of_its_own_within_the_deadline() -> None:
    with Simulator(script=SCRIPT, tls=True) as simulator:
        simulator.fail({"delay": {"before": "handshake", "ms": LONG}})
        client = Client(**simulator.options, connect_timeout=0.3, timeout=60, max_attempts=1)
        began = time.monotonic()
        with pytest.raises(NotConnectedError, match="connect_timeout_ms = 300") as caught:
            client.create()
        assert time.monotonic() - began < 20
        assert caught.value.delivery == "not_sent"


def test_a_pause_between_attempts_never_outlasts_the_deadline() -> None:
    with Simulator() as simulator:
        client = Client(**simulator.options, backoff=30, max_backoff=30, timeout=1)
    began = time.monotonic()
    with pytest.raises(NotConnectedError) as caught:
        client.create()
    assert time.monotonic() - began < 20
    assert len(caught.value.attempts) == 1


def test_a_reply_that_drips_but_comes_in_time_is_whole(simulator: Simulator) -> None:
    simulator.fail({"drip": {"part": "headers", "bytes": 10, "every_ms": 1}}, {"operation": "respond"})
    simulator.fail({"drip": {"part": "body", "bytes": 3, "every_ms": 1}}, {"operation": "respond"})
    assert Client(**simulator.options).create().respond("drip by drip").response == "You said: drip by drip"
