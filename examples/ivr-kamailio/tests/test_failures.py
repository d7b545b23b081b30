"""The agent is slow, fails, or is gone; Kamailio is full."""

from __future__ import annotations

from typing import Any

from conftest import SCRIPT, StartClient, StartKamailio, heard
from polyai_chat_testing import Simulator

TEXTS = {"unavailable": "unavailable, see you 👋", "unknown": "unknown", "busy": "busy", "no_human": "nobody"}


def test_the_customer_is_told_what_is_known(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment, texts=TEXTS)
    page = {"status": 200, "content_type": "text/html", "body": {"text": "<h1>It works</h1>"}}
    faults: list[tuple[dict[str, Any], str]] = [
        ({"answer": {"status": 503}}, "unknown"),
        ({"answer": {"status": 500}}, "unknown"),
        ({"reset": {"at": "after_turn"}}, "unknown"),
        ({"answer": page}, "unknown"),
        ({"answer": {"status": 429, "retry_after": {"seconds": 120}}}, "unavailable"),
        ({"answer": {"status": 401}}, "unavailable"),
        ({"answer": {"status": 422}}, "unavailable"),
    ]
    for number, (fault, kind) in enumerate(faults):
        customer = start_client(kamailio, f"sip:customer-{number}@example.com")
        customer.ask("Hello")
        simulator.fail(fault, when={"operation": "respond"})
        before = simulator.requests_to("respond")
        assert (fault, customer.ask("Cancel my order")) == (fault, TEXTS[kind])
        assert simulator.requests_to("respond") == before + 1
        simulator.clear_faults()
        assert customer.ask("Did you?") == "You said: Did you?"
        assert len(simulator.conversations()) == number + 1
    assert "simulator-key" not in kamailio.log
    assert "Cancel my order" not in kamailio.log


def test_an_agent_that_is_down_and_comes_back(start_kamailio: StartKamailio, start_client: StartClient) -> None:
    simulator = Simulator(script=SCRIPT)
    kamailio = start_kamailio(simulator.environment, texts=TEXTS)
    customer = start_client(kamailio)
    simulator.stop()
    assert [customer.ask(text) for text in ("One", "Two")] == [TEXTS["unavailable"]] * 2
    assert kamailio.counter("failed") == 2


def test_a_refused_key_is_told_apart_in_the_log(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio({**simulator.environment, "POLYAI_API_KEY": "a-wrong-key"}, texts=TEXTS)
    assert start_client(kamailio).ask("Hello") == TEXTS["unavailable"]
    assert "401" in kamailio.log
    assert "a-wrong-key" not in kamailio.log


def test_a_turn_ends_at_its_deadline(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    customer = start_client(start_kamailio(simulator.environment, texts=TEXTS, turn_timeout_ms=1500))
    customer.ask("Hello")
    assert customer.ask("very slow") == TEXTS["unknown"]
    assert simulator.requests_to("respond") == 2


def test_sip_goes_on_while_every_worker_waits_for_the_agent(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment, workers=2)
    customers = [start_client(kamailio, f"sip:customer-{number}@example.com") for number in range(6)]
    for customer in customers:
        assert customer.write("slow").status == 202
    probe = start_client(kamailio)
    for _ in range(20):
        request = probe.request(method="OPTIONS", content_type="")
        probe.send(request)
        assert probe.reply_to(request).status == 200
    assert kamailio.counter("answered") < len(customers), "all that was answered while the agent thought"
    assert [customer.next_message().text for customer in customers] == ["Slow, but here: slow"] * 6


def test_what_is_too_much_is_refused_and_nothing_accepted_is_lost(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment, workers=1, waiting_messages_max=2, retry_after_seconds=7)
    customers = [start_client(kamailio, f"sip:customer-{number}@example.com") for number in range(5)]
    assert customers[0].write("very slow 0").status == 202
    assert simulator.wait_for("respond", 1), "the only worker waits for the agent"
    replies = [customer.write(f"slow {number}") for number, customer in enumerate(customers) if number]
    assert [reply.status for reply in replies] == [202, 202, 480, 480]
    assert replies[-1].header("retry-after") == "7"
    answers = ["You waited long.", "Slow, but here: slow 1", "Slow, but here: slow 2"]
    assert [customer.next_message().text for customer in customers[:3]] == answers
    assert heard(simulator) == ["very slow 0", "slow 1", "slow 2"]
    assert kamailio.counter("refused") == 2
    # The same request again, now that there is room: what was refused was not taken for done.
    assert customers[4].ask("slow 4") == "Slow, but here: slow 4"


def test_what_waited_for_too_long_is_not_given_to_the_agent(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment, workers=1, waiting_seconds_max=3, texts=TEXTS)
    first, *others = [start_client(kamailio, f"sip:customer-{number}@example.com") for number in range(4)]
    assert first.write("very slow").status == 202
    assert simulator.wait_for("respond", 1)
    for customer in others:
        assert customer.write("Hello").status == 202
    assert [customer.next_message().text for customer in others] == [TEXTS["busy"]] * 3
    assert first.next_message().text == "You waited long."
    assert heard(simulator) == ["very slow"]
    assert kamailio.counter("too_late") == 3
