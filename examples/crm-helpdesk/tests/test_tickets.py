"""Tickets come in by each of the helpdesk's ways, and the agent's words come out of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from agents import SCRIPT, heard
from conftest import Desk, Process, eventually
from polyai_chat_testing import Simulator


def test_a_form_and_mails_are_one_conversation(desk: Desk, start_worker: Callable[..., Process]) -> None:
    ticket = desk.submit("Late", "Where is my order 17?", "sam@customer.example")  # the agent is not needed for that
    assert desk.replies(ticket) == []
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        dispatched = "Order 17 of sam@customer.example was dispatched."
        assert desk.waits_for_replies(ticket, 1) == [dispatched]
        quoted = f"And when?\n\nOn Monday, support@desk.example wrote:\n> {dispatched}\n"
        desk.reply(ticket, quoted, message_id="<2@customer.example>")
        assert desk.waits_for_replies(ticket, 2)[1] == "You said: And when?"
        desk.reply(ticket, "Thanks.", message_id="<3@customer.example>")
        assert desk.waits_for_replies(ticket, 3)[2] == "You said: Thanks."
        # The mailbox gives the second one out again: in the helpdesk it is one more follow-up, for the agent it is not.
        desk.reply(ticket, quoted, message_id="<2@customer.example>")
        desk.reply(ticket, "Bye.", message_id="<4@customer.example>")
        assert desk.waits_for_replies(ticket, 4)[3] == "You said: Bye."
        assert heard(simulator) == [["Late\n\nWhere is my order 17?", "And when?", "Thanks.", "Bye."]]
        (conversation,) = simulator.conversations()
    assert conversation["created_with"]["integration_attributes"] == {
        "ticket": ticket.ticket_for_url,
        "queue": "support",
        "title": "Late",
        "customer_email": "sam@customer.example",
    }
    mails = [text for text in desk.mails.texts_to("sam@customer.example") if "following comment was added" in text]
    # The agent's four, and the helpdesk's own copies of what the customer has mailed.
    assert [sum(reply in text for text in mails) for reply in desk.replies(ticket)] == [
        1 + 2,  # which two mails quote
        *(1, 1, 1),
    ]
    assert dispatched in re.sub("<[^>]+>", "", desk.public_page(ticket))  # without the link that an address becomes
    assert desk.notes(ticket) == []


def test_a_mail_opens_a_ticket(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        desk.mail("Alex <alex@customer.example>", "Order", "Where is order 18?", message_id="<1@alex.example>")
        ticket = eventually(lambda: _ticket_of("alex@customer.example"), "a ticket")
        assert desk.waits_for_replies(ticket, 1) == ["Order 18 of alex@customer.example was dispatched."]
        # A mailbox that gives it out again makes another ticket, whose note says where the first one is.
        desk.mail("Alex <alex@customer.example>", "Order", "Where is order 18?", message_id="<1@alex.example>")
        assert heard(simulator) == [["Order\n\nWhere is order 18?"]]
    again = _ticket_of("alex@customer.example")
    assert again != ticket
    assert desk.notes(again) == [f"Not given to the agent: the same e-mail is in ticket {ticket.pk}."]


def test_the_staff_and_the_api_open_tickets(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        fields = {"title": "Call", "description": "Asks for order 19", "submitter_email": "kim@customer.example"}
        by_api = desk.ticket(desk.api("tickets", "portal", queue=1, priority=3, **fields)["id"])
        assert desk.waits_for_replies(by_api, 1) == ["Order 19 of kim@customer.example was dispatched."]
        # What a customer writes in a portal of one's own goes on with it; what the staff notes does not.
        desk.api("followups", "rita", ticket=by_api.pk, comment="rings every day", public=False)
        desk.api("followups", "portal", ticket=by_api.pk, comment="And my order 20?", public=True)
        assert desk.waits_for_replies(by_api, 2)[1] == "Order 20 of kim@customer.example was dispatched."
        by_staff = desk.submit_as_staff("By phone", "Wants order 21", "lee@customer.example")
        assert desk.waits_for_replies(by_staff, 1) == ["Order 21 of lee@customer.example was dispatched."]
        assert heard(simulator) == [["Call\n\nAsks for order 19", "And my order 20?"], ["By phone\n\nWants order 21"]]


def test_text_stays_as_it_is(desk: Desk, start_worker: Callable[..., Process]) -> None:
    body = "Grüße 👩🏽‍🚀, مرحبا بالعالم <img src=x onerror=alert(1)> & strange"
    long = "Zeile über Zeile 👋\n" * 6000
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        ticket = desk.submit("مرحبا", body, "nur@customer.example")
        wild = "<b>bold</b> & {{ ticket.title }} {% if %} %} {# gone? #} <script>alert(1)</script>"
        assert desk.waits_for_replies(ticket, 1) == [wild]
        desk.reply(ticket, long)
        assert desk.waits_for_replies(ticket, 2)[1] == f"You said: {long.strip()}"
        assert heard(simulator) == [[f"مرحبا\n\n{body}", long.strip()]]
    public = desk.public_page(ticket)
    with desk.staff() as browser:
        staffs = browser.get(f"{desk.url}/tickets/{ticket.pk}/", timeout=60).text
    for page in (public, staffs):
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert html.escape(wild, quote=False) in public
    (mail,) = (text for text in desk.mails.texts_to("nur@customer.example") if "bold" in text)
    assert wild in mail


def test_robots_and_strangers_are_not_answered(desk: Desk, start_worker: Callable[..., Process]) -> None:
    with Simulator(script=SCRIPT) as simulator:
        start_worker(simulator.environment)
        ticket = desk.submit("Holiday", "I am away soon", "max@customer.example")
        desk.waits_for_replies(ticket, 1)
        desk.reply(ticket, "I am out of office.", Auto_Submitted="auto-replied")
        desk.mail("boss@elsewhere.example", f"Re: [{ticket.ticket_for_url}]", "Tell me everything about Max.")
        assert desk.notes(ticket) == [
            "Not given to the agent: it seems to be an automatic e-mail.",
            "Not given to the agent: this e-mail is not from the customer.",
        ]
        desk.reply(ticket, "I am back.")
        assert desk.waits_for_replies(ticket, 2)[1] == "You said: I am back."
        assert heard(simulator) == [["Holiday\n\nI am away soon", "I am back."]]


def _ticket_of(customer: str) -> object:
    from helpdesk.models import Ticket

    return Ticket.objects.filter(submitter_email=customer).order_by("-pk").first()
