"""Messages by a real Kannel and an SMS centre: answers, parts, codings, reports, and numbers that want none."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from polyai_chat_channels import SQLiteStore

import postgresql
from conftest import ANN, SAM, US, Service, heard
from kannel import PATIENCE


def test_a_customer_is_answered_from_the_number_written_to(service: Service) -> None:
    """Each number has its own conversation; all alphabets come and go as they are."""
    service.start()
    service.centre.write("Where is it? @£{€}")
    service.centre.write("日本 👩 Größe", sender=SAM, ucs2=True)
    service.wait_for(lambda: service.centre.phone() and service.centre.phone(SAM), "both are answered")
    service.centre.write("And the other?")
    service.wait_for(lambda: len(service.centre.phone()) == 2, "the next one is answered")
    assert service.centre.phone() == ["You said: Where is it? @£{€}", "You said: And the other?"]
    assert service.centre.phone(SAM) == ["You said: 日本 👩 Größe"]
    assert {event["from"] for event in service.centre.of_kind("submitted")} == {US}
    codings = {event["to"]: event["coding"] for event in service.centre.of_kind("submitted")}
    assert codings == {ANN: 0, SAM: 8}
    assert sorted(heard(service.simulator)) == [["Where is it? @£{€}", "And the other?"], ["日本 👩 Größe"]]


def test_parts_are_one_message_both_ways(service: Service) -> None:
    """A long message of a customer is one turn; a long answer is divided, and cut where it would cost too much."""
    service.start(SMS_MOST_PARTS="3")
    service.centre.write("", parts=["Where is my order, ", "which I sent on Monday, ", "please?"])
    service.wait_for(lambda: service.centre.phone(), "it is answered")
    service.centre.write("long", sender=SAM)
    service.wait_for(lambda: len(service.centre.of_kind("submitted")) == 4, "the long answer has come")
    assert sorted(heard(service.simulator)) == [["Where is my order, which I sent on Monday, please?"], ["long"]]
    parts = [event["part"] for event in service.centre.of_kind("submitted") if event["to"] == SAM]
    assert [(part["number"], part["of"]) for part in parts] == [(1, 3), (2, 3), (3, 3)]
    (text,) = service.centre.phone(SAM)
    assert text.startswith("All of our shops are open. All")
    assert text.endswith("...")
    assert 153 * 3 - 10 < len(text) <= 153 * 3
    assert "was cut" in service.said()


def test_an_opted_out_number_gets_nothing(service: Service) -> None:
    """STOP works at once, also on an answer that is under way; START undoes it; others do not notice."""
    service.start()
    service.centre.write("slow")
    assert service.simulator.wait_for("respond", 1, PATIENCE)
    service.centre.write(" Stop. ")
    service.wait_for(lambda: service.centre.phone(), "it is confirmed")
    service.centre.write("Hello?")
    service.centre.write("help")
    service.centre.write("Where is it?", sender=SAM)
    service.wait_for(lambda: service.centre.phone(SAM), "the other number is answered")
    service.centre.write("START")
    service.wait_for(lambda: len(service.centre.phone()) == 2, "that is confirmed")
    service.centre.write("Back again")
    service.wait_for(lambda: len(service.centre.phone()) == 3, "it is answered")
    stopped, started, answer = service.centre.phone()
    assert "no more messages" in stopped
    assert "again" in started
    assert answer == "You said: Back again"
    assert sorted(heard(service.simulator)) == [["Where is it?"], ["slow", "Back again"]]


def test_help_is_answered_by_the_program(service: Service) -> None:
    service.start(SMS_HELP="Acme. Call 0800 123.")
    service.centre.write("HELP")
    service.wait_for(lambda: service.centre.phone() == ["Acme. Call 0800 123."], "it is answered")
    assert service.simulator.requests_to("create") == 0


def test_a_number_stays_opted_out_when_the_program_dies(service: Service) -> None:
    worker = service.start()
    service.centre.write("STOP")
    service.wait_for(lambda: service.centre.phone(), "it is confirmed")
    service.kill(worker)
    service.start()
    service.centre.write("Hello?")
    service.centre.write("Hello!", sender=SAM)
    service.wait_for(lambda: service.centre.phone(SAM), "the other number is answered")
    assert len(service.centre.phone()) == 1
    assert heard(service.simulator) == [["Hello!"]]


@pytest.mark.skipif(not [*Path("/usr/lib/postgresql").glob("*/bin/initdb")], reason="missing: PostgreSQL")
def test_another_database_is_another_setting(service: Service) -> None:
    """With PostgreSQL, set by DATABASE alone, a second worker knows all conversations and all opt-outs."""
    with postgresql.Server() as database:
        service.database = database.address
        worker = service.start()
        service.centre.write("Where is it?")
        service.centre.write("stop", sender=SAM)
        service.wait_for(lambda: service.centre.phone() and service.centre.phone(SAM), "both are answered")
        assert service.kill(worker, signal.SIGTERM) in (0, -signal.SIGTERM)
        worker = service.start()
        service.centre.write("Hello?", sender=SAM)
        service.centre.write("And the other?")
        service.wait_for(lambda: len(service.centre.phone()) == 2, "the first one goes on")
        assert len(service.centre.phone(SAM)) == 1
        assert heard(service.simulator) == [["Where is it?", "And the other?"]]
        service.kill(worker)


def test_what_comes_while_the_program_is_away_is_answered_later(service: Service) -> None:
    """Kannel brings it again, and it is said once."""
    service.centre.write("Where is it?")
    service.kannel.wait_for(lambda: "Where is it?" in service.kannel.said(), "Kannel has it")
    worker = service.start()
    service.wait_for(lambda: service.centre.phone() == ["You said: Where is it?"], "it is answered")
    assert service.kill(worker, signal.SIGTERM) in (0, -signal.SIGTERM)
    assert service.simulator.requests_to("respond") == 1


def test_the_same_message_is_answered_once(service: Service) -> None:
    service.start()
    address = f"http://127.0.0.1:{service.port}/message?key=secret&id=m-1&from=%2B{ANN}&to={US}&text=Hello"
    for _ in range(3):
        assert urllib.request.urlopen(address, timeout=PATIENCE).status == 200
    service.centre.write("Last one", sender=SAM)
    service.wait_for(lambda: service.centre.phone() and service.centre.phone(SAM), "both are answered")
    assert sorted(heard(service.simulator)) == [["Hello"], ["Last one"]]


def test_strangers_are_refused(service: Service) -> None:
    service.start()
    for path in ("message", "report"):
        for query in ("", "key=wrong&id=1&from=447700900123&to=12345&text=Hello"):
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"http://127.0.0.1:{service.port}/{path}?{query}", timeout=PATIENCE)
    assert "wrong" not in service.said()


def test_a_program_that_dies_during_a_turn_doubles_nothing(service: Service) -> None:
    """Nobody knows whether the agent has acted: a human is told, and the customer's next message is answered."""
    service.simulator.fail({"delay": {"before": "headers", "ms": 600_000}}, {"operation": "respond", "nth": 1})
    worker = service.start()
    service.centre.write("Cancel my order")
    assert service.simulator.wait_for("respond", 1, PATIENCE)
    service.kill(worker)
    service.start()
    service.wait_for(lambda: service.told(), "a human is told")
    assert [(line["text"], line["why"]) for line in service.told()] == [
        ("Cancel my order", "the agent may have heard it, its answer is lost")
    ]
    service.centre.write("Did you?")
    service.wait_for(lambda: service.centre.phone() == ["You said: Did you?"], "it is answered")
    assert sum(texts.count("Cancel my order") for texts in heard(service.simulator)) == 1


def test_reports_are_recorded(service: Service) -> None:
    """Delivery reports are kept in the store. A human is told of each answer that did not arrive."""
    service.start()
    service.centre.write("Hello")
    service.wait_for(lambda: "delivered, smsc-1" in notes(service, ANN), "it is recorded")
    service.centre.tell(fail=True)
    service.centre.write("Hello", sender=SAM)
    service.wait_for(lambda: "not delivered, smsc-2" in notes(service, SAM), "that is recorded as well")
    assert [(line["sender"], line["why"]) for line in service.told()] == [
        (f"{US}/{SAM}", "the answer was not delivered")
    ]


def notes(service: Service, number: str) -> list[str]:
    """What is recorded of the answers to a number."""
    with SQLiteStore(service.database) as store:
        kept = store.export("sms, reports", f"{US}/{number}", timeout=PATIENCE)
    return [str(message["note"]) for message in kept.get("messages", [])]


def test_a_handoff_is_for_a_human(service: Service) -> None:
    service.start()
    service.centre.write("human")
    service.wait_for(lambda: service.centre.phone() == ["I am putting you through."], "the agent says so")
    service.centre.write("Is anybody there?")
    service.wait_for(lambda: len(service.told()) == 2, "a human has both")
    assert [(line["text"], line["destination"]) for line in service.told()] == [
        ("human", "returns-desk"),
        ("Is anybody there?", "returns-desk"),
    ]
    assert heard(service.simulator) == [["human"]]


def test_an_answer_waits_for_kannel(service: Service) -> None:
    """The agent is not asked again, and the human is told once."""
    worker = service.start(SMS_KANNEL_URL="http://127.0.0.1:9")
    service.centre.write("human")
    service.wait_for(lambda: service.said().count("no answer of Kannel") > 1, "it was tried twice")
    assert len(service.told()) == 1
    service.kill(worker)
    service.start()
    service.wait_for(lambda: service.centre.phone() == ["I am putting you through."], "it is sent")
    assert service.simulator.requests_to("respond") == 1


def test_a_number_has_a_limit(service: Service) -> None:
    service.start(SMS_MESSAGES_AN_HOUR="2")
    for number in range(4):
        service.centre.write(f"number {number}")
    service.wait_for(lambda: len(service.told()) == 2 and len(service.centre.phone()) == 2, "all are done with")
    assert {line["why"] for line in service.told()} == {"too many messages"}
    assert service.simulator.requests_to("respond") == 2
