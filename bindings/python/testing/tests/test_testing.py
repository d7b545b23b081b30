"""The test kit: the simulator in the process of a test, and the fixtures for pytest."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from conftest import SCRIPT
from polyai_chat import ChatError, Client, Conversation, ConversationEndedError, ServerError
from polyai_chat_testing import Simulator

pytest_plugins = ["pytester"]


def test_without_a_script_an_agent_for_returns_and_billing_answers() -> None:
    with Simulator() as simulator:
        conversation = Client(**simulator.options).create()
        assert "returns" in conversation.greeting.response
        assert conversation.respond("I want to speak to a human").handoff is not None


def test_a_script_says_what_the_agent_says() -> None:
    script = r"""
greeting = "Hello {attribute.customer_name|there}"
default_reply = "Pardon?"
[[rules]]
pattern = 'order (?<number>\d+)'
reply = "Order {number} is on its way."
[[rules]]
pattern = 'bye'
reply = "Goodbye after {turn} turns!"
end = true
handoff = { destination = "survey" }
"""
    with Simulator(script=script) as simulator:
        conversation = Client(**simulator.options).create(integration_attributes={"customer_name": "Sam"})
        assert conversation.greeting.response == "Hello Sam"
        assert conversation.respond("Where is order 123?").response == "Order 123 is on its way."
        reply = conversation.respond("bye")
        assert (reply.response, reply.end_conversation) == ("Goodbye after 2 turns!", True)
        assert reply.handoff is not None
        assert reply.handoff.destination == "survey"


def test_a_recorded_conversation_is_replayed_turn_by_turn() -> None:
    recording = r"""
dialect = "current"
strict = true

[[conversations]]
greeting = "Grüß Gott"
delay_ms = 1

[[conversations.turns]]
message = "Where is my order?"
reply = "On its way."
delay_ms = 1

[[conversations.turns]]
no_message = true
reply = "Still there?"

[[conversations.turns]]
message = ""
answer = { status = 500, error_code = "CHAT_DRAFT_DEPLOYMENT_FAILED" }

[[conversations.turns]]
reply = "Goodbye."
end = true
handoff_json = '{"destination": "desk", "reason": null}'
"""
    with Simulator(script=recording) as simulator:
        client = Client(**simulator.options)
        for _ in range(2):
            conversation = client.create()
            assert conversation.greeting.response == "Grüß Gott"
            with pytest.raises(ChatError, match="the message") as refused:
                conversation.respond("Where is it?")
            assert refused.value.error_code == "SIMULATOR_OFF_SCRIPT"
            assert conversation.respond("Where is my order?").response == "On its way."
            assert conversation.respond().response == "Still there?"
            with pytest.raises(ServerError) as failed:
                conversation.respond("")
            assert failed.value.error_code == "CHAT_DRAFT_DEPLOYMENT_FAILED"
            reply = conversation.respond("anything")
            assert reply.end_conversation
            assert reply.handoff is not None
            assert reply.handoff.raw == {"destination": "desk", "reason": None}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"script": "\ngreeting = 5"}, ["script:2:12"]),
        (
            {"script": "greeting = ''\ndefault_reply = ''\n[[rules]]\npattern = '('\nreply = ''"},
            ["script:4:", "pattern"],
        ),
        ({"script": "gretting = 'x'"}, ["gretting"]),
        ({"dialect": "ancient"}, ["ancient", "current", "legacy"]),
        ({"idle_limit": 0}, ["idle_limit"]),
        ({"idle_limit": float("nan")}, ["idle_limit"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_with_what_would_be_right(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        Simulator(**options)
    assert all(word in str(caught.value) for word in words)
    untyped: Any = Simulator
    with pytest.raises(TypeError):
        untyped("a script")


def test_keys_and_ids_can_be_chosen() -> None:
    with Simulator(api_key="my-key", token="my-token", account_id="acme-uk", project_id="acme-team-4") as simulator:
        assert simulator.options == {
            "base_url": simulator.url,
            "api_key": "my-key",
            "token": "my-token",
            "account_id": "acme-uk",
            "project_id": "acme-team-4",
            "dialect": "current",
        }
        Client(**simulator.options).create()
        (request,) = simulator.received()
        assert request["target"] == "/v1/acme-uk/acme-team-4/chat/create"
        other: dict[str, Any] = {**simulator.options, "project_id": "another"}
        with pytest.raises(ChatError) as caught:
            Client(**other).create()
        assert caught.value.status == 404


def test_it_speaks_tls_with_an_authority_of_its_own() -> None:
    with Simulator(tls=True) as simulator:
        assert simulator.url.startswith("https://")
        assert simulator.ca_pem is not None
        assert simulator.ca_pem.startswith("-----BEGIN CERTIFICATE-----")
        assert simulator.options.get("ca_pem") == simulator.ca_pem
        Client(**simulator.options).create().respond("x")
        assert simulator.requests_to("respond") == 1
    with Simulator() as simulator:
        assert simulator.ca_pem is None


def test_what_was_received_is_told_without_the_keys(conversation: Conversation, simulator: Simulator) -> None:
    conversation.respond("x", correlation_id="turn-1")
    create, respond = simulator.received()
    assert (create["number"], create["method"], create["operation"], create["status"]) == (1, "POST", "create", 200)
    assert respond["conversation_id"] == conversation.id
    assert (respond["connection"], respond["number_on_connection"]) == (create["connection"], 2)
    # Whether the second reply was sent to its end, the simulator may learn only after the client has it.
    assert (respond["complete"], respond["processed"], create["replied"]) == (True, True, True)
    assert json.loads(respond["body"])["message"] == "x"
    assert ["X-PolyAI-Correlation-Id", "turn-1"] in respond["headers"]
    assert ["X-API-KEY", "set"] in respond["headers"]
    assert "simulator-key" not in repr(simulator.received())
    simulator.clear()
    assert (simulator.received(), simulator.requests_to("respond")) == ([], 0)
    # Conversations go on.
    conversation.respond("y")
    assert (len(simulator.received()), simulator.conversations()[0]["messages"]) == (1, ["x", "y"])


def test_conversations_are_told_with_their_turns(client: Client, simulator: Simulator) -> None:
    first = client.create(variant_id="returns-uk")
    second = client.create()
    first.respond("x")
    first.respond()
    second.respond("bye")
    first.close()
    told = {seen["id"]: seen for seen in simulator.conversations()}
    assert set(told) == {first.id, second.id}
    assert told[first.id]["created_with"] == {"variant_id": "returns-uk"}
    assert (told[first.id]["turns"], told[first.id]["messages"]) == (2, ["x", None])
    assert (told[first.id]["closed"], told[first.id]["ended"]) == (True, False)
    assert (told[second.id]["closed"], told[second.id]["ended"]) == (False, True)


def test_faults_come_and_go(conversation: Conversation, simulator: Simulator) -> None:
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond", "nth": 2})
    conversation.respond("1")
    with pytest.raises(ServerError):
        conversation.respond("2")
    conversation.respond("3")
    simulator.fail(action={"answer": {"status": 500}}, when=None)
    with pytest.raises(ServerError):
        conversation.respond("4")
    simulator.clear_faults()
    assert conversation.respond("5").response == "You said: 5"
    (seen,) = simulator.conversations()
    assert seen["messages"] == ["1", "3", "5"]


@pytest.mark.parametrize(
    ("action", "when", "words"),
    [
        ({"anser": {"status": 500}}, None, ["anser", "answer"]),
        ({"answer": {"status": 5}}, None, ["status"]),
        ({"answer": {"status": 500}}, {"operation": "greet"}, ["greet", "respond"]),
        ({"answer": {"status": 500}}, {"nth": 0}, ["nth"]),
        ({}, None, []),
    ],
    ids=str,
)
def test_what_is_no_fault_is_refused_in_words(
    simulator: Simulator, action: dict[str, Any], when: dict[str, Any] | None, words: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        simulator.fail(action, when)
    assert all(word in str(caught.value) for word in words)
    untyped: Any = simulator
    for wrong in ("reset", 5, [1], None):
        with pytest.raises(TypeError):
            untyped.fail(wrong)


def test_it_waits_for_what_other_threads_do(client: Client, simulator: Simulator) -> None:
    assert simulator.wait_for("create", 1, timeout=0.01) is False
    assert simulator.wait_for("create", 1, timeout=0) is False
    assert simulator.wait_for("create", 0, timeout=0) is True
    thread = threading.Thread(target=lambda: [client.create() for _ in range(3)])
    thread.start()
    began = time.monotonic()
    assert simulator.wait_for("create", 3, timeout=30) is True
    assert time.monotonic() - began < 20
    thread.join()
    untyped: Any = simulator
    for wrong in ("greet", "", "CREATE"):
        with pytest.raises(ValueError, match="'create', 'respond' or 'close'"):
            untyped.wait_for(wrong, 1)
        with pytest.raises(ValueError, match="'create', 'respond' or 'close'"):
            untyped.requests_to(wrong)


def test_a_conversation_can_end_from_its_side(conversation: Conversation, simulator: Simulator) -> None:
    assert simulator.end_conversation("nobody-knows-it") is False
    assert simulator.end_conversation(conversation.id) is True
    with pytest.raises(ConversationEndedError):
        conversation.respond("x")


@pytest.mark.parametrize("limit", [0.05, timedelta(milliseconds=50)], ids=repr)
def test_a_conversation_can_time_out(limit: float | timedelta) -> None:
    with Simulator(script=SCRIPT, idle_limit=limit) as simulator:
        conversation = Client(**simulator.options).create()
        # The service's clock is all there is to wait for.
        time.sleep(0.2)
        with pytest.raises(ConversationEndedError) as caught:
            conversation.respond("x")
        assert (caught.value.status, caught.value.error_code, conversation.ended) == (400, "CHAT_TIMEOUT", True)


def test_stopping_closes_its_port_and_its_connections(simulator: Simulator) -> None:
    client = Client(**simulator.options)
    client.create()
    place = urlsplit(simulator.url)
    assert (place.hostname, simulator.connections) == ("127.0.0.1", 1)
    address = ("127.0.0.1", place.port or 0)
    with socket.create_connection(address, timeout=30) as open_connection:
        open_connection.sendall(b"GET / HTTP/1.1\r\nHost: simulator\r\n\r\n")
        assert open_connection.recv(1) == b"H"
        simulator.stop()
        while open_connection.recv(65_536):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=30)
    simulator.stop()
    assert repr(simulator) == "<Simulator, stopped>"
    for ask in (
        lambda: simulator.url,
        lambda: simulator.options,
        lambda: simulator.received(),
        lambda: simulator.fail({"garbage": {}}),
        lambda: simulator.wait_for("create", 5),
    ):
        with pytest.raises(RuntimeError, match="stopped"):
            ask()


def test_the_block_stops_it_on_exceptions_too() -> None:
    with pytest.raises(LookupError), Simulator() as simulator:
        raise LookupError("of the test")
    assert repr(simulator) == "<Simulator, stopped>"


def test_it_says_that_no_service_was_contacted(simulator: Simulator) -> None:
    assert repr(simulator) == f"<Simulator at {simulator.url}, no PolyAI service contacted>"
    with urllib.request.urlopen(simulator.url, timeout=30) as answer:
        assert "no PolyAI service contacted" in answer.headers["X-Simulator"]


def test_two_of_them_know_nothing_of_each_other(simulator: Simulator) -> None:
    with Simulator() as other:
        assert other.url != simulator.url
        Client(**other.options).create()
        assert (other.requests_to("create"), simulator.requests_to("create")) == (1, 0)


def test_the_fixtures_are_there_for_the_tests_of_a_program(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import polyai_chat
        import pytest

        seen = []

        def test_a_turn(polyai_client, polyai_simulator):
            assert isinstance(polyai_client, polyai_chat.Client)
            with polyai_client.create() as conversation:
                assert conversation.respond("Where is order 123?").response
            assert polyai_simulator.requests_to("respond") == 1
            seen.append(polyai_simulator)

        def test_each_test_has_its_own(polyai_simulator):
            assert polyai_simulator.received() == []
            assert polyai_simulator is not seen[0]
            assert "stopped" in repr(seen[0])

        def test_a_fault(polyai_client, polyai_simulator):
            polyai_simulator.fail({"answer": {"status": 500}})
            with pytest.raises(polyai_chat.ServerError):
                polyai_client.create()
        """
    )
    outcome = pytester.runpytest_subprocess("-W", "error")
    outcome.assert_outcomes(passed=3)


def test_the_plugin_does_not_import_the_client_before_a_test_asks_for_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_of_it():
            assert not {"polyai_chat", "polyai_chat_channels"} & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_fixtures_say_what_they_are_for(pytester: pytest.Pytester) -> None:
    outcome = pytester.runpytest_subprocess("--fixtures")
    outcome.stdout.fnmatch_lines(["polyai_simulator*", "*simulator of its own for each test*"])
    outcome.stdout.fnmatch_lines(["polyai_client*", "*client of the test's simulator*"])
