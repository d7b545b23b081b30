"""Workers die, and there are several of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from agents import SCRIPT, heard
from conftest import Desk, Process, eventually
from polyai_chat_testing import Simulator


def test_a_worker_dies_in_the_middle_of_a_turn(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "respond", "times": 1})
        worker = start_worker(simulator.environment)
        ticket = desk.submit("Cancel", "Cancel my order 9", "sam@customer.example")
        assert simulator.wait_for("respond", 1)
        worker.kill()
        start_worker(simulator.environment)
        (note,) = desk.waits_for_notes(ticket)
        assert "may have heard this message" in note
        eventually(desk.is_settled, "nothing waits")
        assert simulator.requests_to("respond") == 1
        assert desk.replies(ticket) == []


def test_a_worker_dies_before_the_turn(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        simulator.fail({"delay": {"before": "headers", "ms": 60_000}}, {"operation": "create", "times": 1})
        worker = start_worker(simulator.environment)
        ticket = desk.submit("Cancel", "Cancel my order 9", "sam@customer.example")
        assert simulator.wait_for("create", 1)
        worker.kill()
        start_worker(simulator.environment)
        assert desk.waits_for_replies(ticket, 1) == ["Order 9 of sam@customer.example was dispatched."]
        assert simulator.requests_to("respond") == 1
        assert desk.notes(ticket) == []


def test_a_worker_dies_before_the_answer_is_in_the_ticket(desk: Desk, start_worker: Callable[..., Process]) -> None:
    from polyai_helpdesk.models import AgentMessage

    with Simulator(script=SCRIPT) as simulator:
        desk.mails.is_holding = True
        worker = start_worker(simulator.environment)
        ticket = desk.submit("Hello", "Where is order 3?", "sam@customer.example")
        assert desk.mails.is_held.wait(60)  # the worker is in the middle of its mail, and of its transaction
        assert AgentMessage.objects.get(sender=ticket.pk).state == "answered"
        worker.kill()
        desk.mails.is_holding = False
        start_worker(simulator.environment)
        assert desk.waits_for_replies(ticket, 1) == ["Order 3 of sam@customer.example was dispatched."]
        eventually(desk.is_settled, "nothing waits")
        assert simulator.requests_to("respond") == 1


def test_a_worker_is_stopped(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        simulator.fail({"delay": {"before": "headers", "ms": 1500}}, {"operation": "respond"})
        worker = start_worker(simulator.environment)
        ticket = desk.submit("Hello", "Where is order 3?", "sam@customer.example")
        assert simulator.wait_for("respond", 1)
        worker.stop()  # lets it finish
        assert worker.process.returncode == 0
        assert desk.replies(ticket) == ["Order 3 of sam@customer.example was dispatched."]


def test_several_workers_answer_each_message_once(desk: Desk, start_worker: Callable[..., Process]) -> None:
    customers = [f"customer{number}@customer.example" for number in range(5)]
    words = ["one", "two"]
    with Simulator(script=SCRIPT) as simulator:
        simulator.fail({"delay": {"before": "headers", "ms": 100}}, {"operation": "respond"})
        for _ in range(2):
            start_worker(simulator.environment, "--threads", "3")
        with ThreadPoolExecutor(3) as pool:
            tickets = list(pool.map(lambda customer: desk.submit("Hello", "zero", customer), customers))
            say = [(ticket, word) for word in words for ticket in tickets]
            for ticket, word in say:
                desk.api("followups", "portal", ticket=ticket.pk, comment=word, public=True)
        for ticket in tickets:
            assert desk.waits_for_replies(ticket, 3) == [
                "You said: Hello\n\nzero",
                *(f"You said: {word}" for word in words),
            ]
        assert Counter(map(tuple, heard(simulator))) == {("Hello\n\nzero", *words): len(customers)}
        assert simulator.requests_to("respond") == 3 * len(customers)
    eventually(desk.is_settled, "nothing waits")
    for customer in customers:
        texts = desk.mails.texts_to(customer)
        assert [sum(f"You said: {word}" in text for text in texts) for word in words] == [1, 1]
