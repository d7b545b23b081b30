"""Handing over to humans, and back; the end of a conversation."""

from __future__ import annotations

from collections.abc import Callable

from agents import SCRIPT, heard
from conftest import Desk, Process, eventually
from polyai_chat_testing import Simulator

SILENCE = "The agent is silent in this ticket until it is assigned to polyai-agent."


def test_a_handoff_is_work_for_a_human(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        ticket = desk.submit("Shoes", "I want to send it back", "sam@customer.example")
        assert desk.waits_for_replies(ticket, 1) == ["I am putting you through."]
        (note,) = desk.waits_for_notes(ticket)
        assert note.split("\n") == [
            "The agent has handed over to a human.",
            "Destination: returns-desk",
            "Reason: customer_request",
            'Further: {"text_chat": {"team": 7}}',
            SILENCE,
        ]
        ticket = desk.ticket(ticket.pk)
        assert (ticket.assigned_to.username, ticket.queue.slug, ticket.priority) == ("rita", "returns", 2)
        (checklist,) = ticket.checklists.all()
        assert [task.description for task in checklist.tasks.todo()] == [
            "Check the order",
            "Send the label",
            "Tell the customer",
        ]
        assert {change.field for change in ticket.followup_set.get(public=False).ticketchange_set.all()} == {
            "Owner",
            "Priority",
            "Queue",
        }
        assert any("assigned to you" in text for text in desk.mails.texts_to("rita@desk.example"))
        assert "customer_request" not in desk.public_page(ticket)
        assert not any("customer_request" in text for text in desk.mails.texts_to("sam@customer.example"))

        # Now it is the human's: the agent hears and says nothing,
        desk.reply(ticket, "Are you there?")
        desk.update(ticket, comment="Yes. A label is on its way.", public="1")
        desk.reply(ticket, "Thank you, Rita.")
        eventually(desk.is_settled, "nothing waits")
        assert heard(simulator) == [["Shoes\n\nI want to send it back"]]
        # until the human gives it back.
        desk.update(ticket, owner=str(_user("polyai-agent")))
        desk.reply(ticket, "And my order 5?")
        assert desk.waits_for_replies(ticket, 2)[1] == "Order 5 of sam@customer.example was dispatched."
        assert heard(simulator) == [["Shoes\n\nI want to send it back", "And my order 5?"]]
        assert simulator.requests_to("respond") == 2


def test_a_handoff_to_a_queue(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        ticket = desk.submit("Help", "Let me talk to a human", "kim@customer.example")
        assert "Destination: somebody" in desk.waits_for_notes(ticket)[0]
        ticket = desk.ticket(ticket.pk)
        assert (ticket.assigned_to, ticket.queue.slug) == (None, "second-line")
        desk.reply(ticket, "Hello?")
        eventually(desk.is_settled, "nothing waits")
        desk.update(ticket, owner=str(_user("polyai-agent")))
        desk.reply(ticket, "Let me talk to a human again")
        assert len(desk.waits_for_notes(ticket, 2)) == 2
        assert desk.ticket(ticket.pk).assigned_to is None
        assert heard(simulator) == [["Help\n\nLet me talk to a human", "Let me talk to a human again"]]


def test_a_human_takes_over(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        ticket = desk.submit("Question", "One thing", "lee@customer.example")
        desk.waits_for_replies(ticket, 1)
        desk.update(ticket, comment="Let me answer that myself.", public="1")
        desk.reply(ticket, "Nice to meet you.")
        eventually(desk.is_settled, "nothing waits")
        # While the agent thinks, a human takes the ticket: its words go to the human only.
        simulator.fail({"delay": {"before": "headers", "ms": 3000}}, {"operation": "respond"})
        late = desk.submit("Another", "Two things", "lee@customer.example")
        assert simulator.wait_for("respond", 2)
        desk.update(late, owner=str(_user("rita")))
        (note,) = desk.waits_for_notes(late)
        assert note.endswith("You said: Another\n\nTwo things")
        assert desk.replies(late) == []
        assert heard(simulator) == [["Question\n\nOne thing"], ["Another\n\nTwo things"]]


def test_the_end_resolves(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        ticket = desk.submit("Thanks", "that is all", "sam@customer.example")
        assert desk.waits_for_replies(ticket, 1) == ["Goodbye."]
        assert desk.ticket(ticket.pk).get_status_display() == "Resolved"
        assert any("resolution" in text and "Goodbye." in text for text in desk.mails.texts_to("sam@customer.example"))
        desk.reply(ticket, "One more: order 8?")
        desk.waits_for_replies(ticket, 2)
        assert desk.ticket(ticket.pk).get_status_display() == "Reopened"
        assert heard(simulator) == [["Thanks\n\nthat is all"], ["One more: order 8?"]]


def test_the_end_leaves_the_ticket_open(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment, DESK_AT_END="leave")
        ticket = desk.submit("Thanks", "that is all", "sam@customer.example")
        desk.waits_for_replies(ticket, 1)
        assert desk.ticket(ticket.pk).get_status_display() == "Open"


def _user(name: str) -> int:
    from django.contrib.auth import get_user_model

    return int(get_user_model().objects.get(username=name).pk)
