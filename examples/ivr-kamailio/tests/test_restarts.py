"""Kamailio's processes die, are restarted, and read their scripts anew."""

from __future__ import annotations

import os
import signal

import pytest
from conftest import StartClient, StartKamailio, heard
from polyai_chat_testing import Simulator

UNKNOWN = "whether it was heard is unknown"
TEXTS = {"unavailable": "unavailable", "unknown": UNKNOWN, "busy": "busy", "no_human": "nobody"}


def test_a_conversation_outlives_a_restart(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    customer = start_client(kamailio)
    request = customer.request("Hello")
    customer.send(request)
    assert customer.reply_to(request).status == 202
    assert customer.next_message().text == "You said: Hello"
    kamailio.wait_until_idle()
    kamailio.stop()
    kamailio.start()
    customer.send(request)  # repeated by something that missed the reply
    assert customer.reply_to(request).status == 202
    assert customer.ask("Me again") == "You said: Me again"
    assert [conversation["messages"] for conversation in simulator.conversations()] == [["Hello", "Me again"]]


@pytest.mark.parametrize("killed", ["agent worker", "all"])
def test_a_worker_that_is_killed_during_a_turn(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient, killed: str
) -> None:
    """Kamailio ends when one of its processes dies, and is started again by its service manager."""
    kamailio = start_kamailio(simulator.environment, workers=1, texts=TEXTS)
    customer, other = start_client(kamailio), start_client(kamailio, "sip:bob@example.com")
    odd = "Me too 🙂: a\\b\tc\r\nd\0e:f"  # what waits is written to a file and read again
    customer.ask("Hello")
    assert customer.write("very slow, cancel my order").status == 202
    assert simulator.wait_for("respond", 2)
    assert customer.write("and the second one").status == 202
    assert other.write(odd).status == 202

    if killed == "agent worker":
        [worker] = kamailio.agent_workers()
        os.kill(worker, signal.SIGKILL)
        assert kamailio.wait() != 0, "the service manager sees a failure"
    else:
        kamailio.stop()
    kamailio.start()

    assert customer.next_message().text == UNKNOWN
    assert customer.next_message().text == "You said: and the second one"
    assert other.next_message().text == "You said: Me too 🙂: a\\b\tc\nde:f"  # as plain text
    assert customer.ask("Was it cancelled?") == "You said: Was it cancelled?"
    conversations = {tuple(conversation["messages"]) for conversation in simulator.conversations()}
    assert conversations == {
        ("Hello", "very slow, cancel my order", "and the second one", "Was it cancelled?"),
        (odd,),
    }


def test_words_of_the_agent_that_were_under_way_arrive_after_a_restart(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    customer = start_client(kamailio)
    customer.answers_messages = False
    for text in ("first", "second"):
        assert customer.write(text).status == 202
    assert customer.next_message().text == "You said: first"
    kamailio.wait_until(lambda: kamailio.entries("inbox") == 0)
    kamailio.stop()
    customer.inbox.clear()
    kamailio.start()
    customer.answers_messages = True
    assert customer.wait_for(lambda message: message.text == "You said: second").method == "MESSAGE"
    assert heard(simulator) == ["first", "second"]


def test_a_reload_changes_settings_and_keeps_what_is_under_way(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    customer = start_client(kamailio)
    assert customer.write("slow").status == 202
    assert simulator.wait_for("respond", 1)
    kamailio.change_settings(send_greeting=True)
    kamailio.control("app_lua.reload")
    assert customer.next_message().text == "Slow, but here: slow"
    assert start_client(kamailio, "sip:bob@example.com").ask("Hello") == "Hello from the agent."
    assert customer.ask("Still the same?") == "You said: Still the same?"
    assert heard(simulator) == ["slow", "Still the same?", "Hello"]


def test_a_mistake_that_is_reloaded_does_not_stop_the_traffic(
    simulator: Simulator, start_kamailio: StartKamailio, start_client: StartClient
) -> None:
    kamailio = start_kamailio(simulator.environment)
    kamailio.change_settings(retry_after_seconds="soon")
    kamailio.control("app_lua.reload")
    assert start_client(kamailio).ask("Hello") == "You said: Hello"
    assert "retry_after_seconds is a number, not a string" in kamailio.log


@pytest.mark.parametrize(
    ("environment", "settings", "complaint"),
    [
        ({"POLYAI_API_KEY": ""}, {}, "api_key"),
        ({}, {"conversation_by": "name"}, 'conversation_by is "sender" or "call-id", not "name"'),
        ({}, {"humans": {"desk": "0800 123"}}, 'humans["desk"] is a SIP URI'),
        ({}, {"reply": "yes"}, "there is no setting reply"),
        ({}, {"peers": "everyone"}, 'peers holds "everyone"'),
    ],
)
def test_a_mistake_in_the_configuration_stops_the_start(
    simulator: Simulator, start_kamailio: StartKamailio,
    environment: dict[str, str], settings: dict[str, str], complaint: str,
) -> None:  # fmt: skip
    kamailio = start_kamailio({**simulator.environment, **environment}, wait=False, **settings)
    assert kamailio.wait() != 0
    assert complaint in kamailio.log
