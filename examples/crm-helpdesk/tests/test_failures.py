"""The agent is slow, away, or refuses; so is the mail server."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable

from agents import SCRIPT, heard
from conftest import Desk, Process, eventually
from polyai_chat_testing import Simulator


def test_the_agent_is_down_and_comes_back(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        away = {**simulator.environment, "POLYAI_BASE_URL": f"http://127.0.0.1:{nobody.getsockname()[1]}"}
        worker = start_worker(away)
        ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
        (note,) = desk.waits_for_notes(ticket)
        assert note.startswith("The agent has not got this message yet; it is tried again. connect:")
        desk.reply(ticket, "Hello?")  # keeps its place
        worker.stop()
        assert desk.replies(ticket) == []
        start_worker(simulator.environment)
        assert desk.waits_for_replies(ticket, 2) == ["You said: Hello\n\nAnybody?", "You said: Hello?"]
        assert heard(simulator) == [["Hello\n\nAnybody?", "Hello?"]]
    assert len(desk.notes(ticket)) == 1
    assert desk.ticket(ticket.pk).assigned_to is None


def test_too_many_requests(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        refusal = {"answer": {"status": 429, "retry_after": {"seconds": 3}}}
        simulator.fail(refusal, {"operation": "respond", "times": 1})
        # What the library itself waits for has to fit into the turn: 3 s do not.
        start_worker(simulator.environment, DESK_TURN_SECONDS="2")
        ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
        assert "it is tried again. rate_limited:" in desk.waits_for_notes(ticket)[0]
        assert desk.waits_for_replies(ticket, 1) == ["You said: Hello\n\nAnybody?"]
        assert simulator.requests_to("respond") == 2
        assert heard(simulator) == [["Hello\n\nAnybody?"]]


def test_an_unknown_outcome_is_for_a_human(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        simulator.fail({"answer": {"status": 500, "processed": True}}, {"operation": "respond", "times": 1})
        ticket = desk.submit("Cancel", "Cancel my order 9", "sam@customer.example")
        (note,) = desk.waits_for_notes(ticket)
        assert "may have heard this message" in note
        assert (desk.ticket(ticket.pk).queue.slug, desk.ticket(ticket.pk).priority) == ("second-line", 2)
        desk.reply(ticket, "Well?")  # a human sees to it
        eventually(desk.is_settled, "nothing waits")
        assert desk.replies(ticket) == []
        assert simulator.requests_to("respond") == 1


def test_a_slow_agent_keeps_nobody_waiting(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment, "--threads", "2", DESK_TURN_SECONDS="4")
        simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond", "times": 1})
        slow = desk.submit("Slow", "Think about it", "sam@customer.example")
        assert simulator.wait_for("respond", 1)
        # The form and the other customers go on.
        quick = desk.submit("Quick", "Where is order 1?", "kim@customer.example")
        assert desk.waits_for_replies(quick, 1)
        assert desk.replies(slow) == []
        assert "may have heard this message" in desk.waits_for_notes(slow)[0]
        assert [len(one) for one in heard(simulator)] == [1, 1]


def test_a_refused_key(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        worker = start_worker({**simulator.environment, "POLYAI_API_KEY": "the-old-key"})
        ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
        (note,) = desk.waits_for_notes(ticket)
        assert "it is tried again. authentication:" in note
        assert "the-old-key" not in note
        worker.stop()
        assert "the-old-key" not in worker.log.read_text()
        start_worker(simulator.environment)
        assert desk.waits_for_replies(ticket, 1) == ["You said: Hello\n\nAnybody?"]
        assert heard(simulator) == [["Hello\n\nAnybody?"]]


def test_what_cannot_be_said_is_for_a_human(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        simulator.fail({"answer": {"status": 422}}, {"operation": "respond"})
        ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
        assert desk.waits_for_notes(ticket)[0].startswith("The agent has not got this message: rejected:")
        assert desk.ticket(ticket.pk).queue.slug == "second-line"
        assert simulator.requests_to("respond") == 1


def test_a_conversation_that_is_over_goes_on_in_another(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
        desk.waits_for_replies(ticket, 1)
        assert simulator.end_conversation(simulator.conversations()[0]["id"])  # after hours of silence, say
        desk.reply(ticket, "Still here.")
        assert desk.waits_for_replies(ticket, 2)[1] == "You said: Still here."
        assert heard(simulator) == [["Hello\n\nAnybody?"], ["Still here."]]
        assert desk.notes(ticket) == []


def test_the_mail_server_is_away(desk: Desk, start_worker: Callable[..., Process]) -> None:
    ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
    with Simulator(script=SCRIPT) as simulator, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        worker = start_worker(simulator.environment, DESK_SMTP_PORT=str(nobody.getsockname()[1]))
        worker.says("the reply cannot be mailed, and waits")
        worker.stop()
        assert desk.replies(ticket) == []
        start_worker(simulator.environment)
        assert desk.waits_for_replies(ticket, 1) == ["You said: Hello\n\nAnybody?"]
        eventually(desk.is_settled, "nothing waits")
        assert heard(simulator) == [["Hello\n\nAnybody?"]]
    assert sum("You said" in text for text in desk.mails.texts_to("sam@customer.example")) == 1


def test_wrong_settings_are_named() -> None:
    import os

    from conftest import DESK

    environment = {**os.environ, "DESK_AT_END": "forget"}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=DESK, env=environment, capture_output=True, text=True, check=False
    )
    assert checked.returncode != 0
    assert "POLYAI_HELPDESK['AT_END'] is 'forget'; it may be 'resolve' or 'leave'" in checked.stderr
