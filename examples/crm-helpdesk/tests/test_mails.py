"""E-mails as they come: whose they are, which ones nobody waits for an answer to, and where answers go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from agents import SCRIPT, heard
from conftest import Desk
from polyai_chat import Client
from polyai_chat_testing import Simulator

STRANGER = "Not given to the agent: this e-mail is not from the customer."
AUTOMATIC = "Not given to the agent: it seems to be an automatic e-mail."


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(script=SCRIPT) as simulator:
        yield simulator


@pytest.fixture
def work_off(desk: Desk, simulator: Simulator) -> Callable[[], int]:
    """Does what there is to do."""
    from polyai_helpdesk.worker import Worker

    return lambda: Worker(Client(**simulator.options)).work_off()


def deliver(desk: Desk, *lines: str, body: str | bytes = "Hello") -> Any:
    """Puts an e-mail with exactly these headers into the mailbox; the newest ticket after that."""
    from django.core.management import call_command
    from helpdesk.models import Ticket

    content = body.encode() if isinstance(body, str) else body
    head = "\n".join(lines).encode() + b"\n\n"
    (desk.mailbox / f"{uuid4().hex}.eml").write_bytes(head + content)
    call_command("get_email", "--quiet")
    assert not list(desk.mailbox.iterdir())
    return Ticket.objects.order_by("-pk").first()


def new_id() -> str:
    return f"Message-ID: <{uuid4().hex}@x.example>"


def given_to_the_agent(ticket: Any) -> list[Any]:
    from polyai_helpdesk.models import AgentMessage

    return list(AgentMessage.objects.filter(sender=ticket.pk))


TO = "To: support@desk.example"


@pytest.mark.parametrize(
    "sender",
    [
        "joann@example.com",
        "ann@example.com.evil.example",
        '"ann@example.com" <joann@example.com>',
        "Ann <ann@example.com.>",
        '"x ann@example.com y"@evil.example',
        "evil@[ann@example.com]",
        "ann@example.co",
        "example.com",
        "",
    ],
)
@pytest.mark.parametrize("id_line", ["Message-ID: <x@evil.example>", "X-No-Id: 1"])
def test_a_strangers_mail_is_not_the_customers(desk: Desk, simulator: Simulator, sender: str, id_line: str) -> None:
    ticket = desk.submit("Order", "Where is it?", "ann@example.com")
    deliver(desk, f"From: {sender}", TO, id_line, f"Subject: Re: [{ticket.ticket_for_url}]", body="Cancel it!")
    assert desk.notes(ticket) == [STRANGER]


@pytest.mark.parametrize("sender", ["ann@example.com", "Ann <Ann@Example.COM>", '"joann@x" <ann@example.com>'])
def test_the_customers_mail_is_theirs(
    desk: Desk, simulator: Simulator, work_off: Callable[[], int], sender: str
) -> None:
    ticket = desk.submit("Order", "Where is it?", "ann@example.com")
    for number in range(2):  # with an id, and without one; then the ticket is opened again
        subject = f"Subject: Re: [{ticket.ticket_for_url}]"
        deliver(desk, f"From: {sender}", TO, f"Date: {number} {uuid4().hex}", subject, body=f"And now {number}?")
    ticket.status = ticket.RESOLVED_STATUS
    ticket.save()
    deliver(desk, f"From: {sender}", TO, new_id(), subject, body="Again?")
    assert work_off()
    assert heard(simulator) == [["Order\n\nWhere is it?", "And now 0?", "And now 1?", "Again?"]]
    assert desk.notes(ticket) == []


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Generated; type=x",
        "Precedence: bulk",
        "Precedence: Junk",
        "List-Post: <mailto:list@example.com>",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Return-Path: <>",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "X-Failed-Recipients: somebody@example.com",
    ],
)
@pytest.mark.parametrize("id_line", ["Message-ID: <x@example.com>", "X-No-Id: 1"])
def test_robots_are_not_answered(desk: Desk, header: str, id_line: str) -> None:
    ticket = desk.submit("Order", "Where is it?", "ann@example.com")
    lines = ("From: ann@example.com", TO, id_line, header)
    body = "--b\n\nNo such user\n--b--\n" if "report" in header else "I am away."
    deliver(desk, *lines, f"Subject: Re: [{ticket.ticket_for_url}]", body=body)
    assert desk.notes(ticket) in ([AUTOMATIC], [])  # the helpdesk finds no text in a report, and says nothing of that
    assert len(given_to_the_agent(ticket)) == 1
    other = deliver(desk, *lines, "Subject: Else", body=body)
    assert other != ticket
    assert desk.notes(other) == [AUTOMATIC]
    assert given_to_the_agent(other) == []


@pytest.mark.parametrize("value", ["no", "No", "no (written by hand)", "no; x=y"])
def test_a_human_says_so(desk: Desk, value: str) -> None:
    ticket = deliver(desk, "From: ann@example.com", TO, f"Auto-Submitted: {value}", "Subject: Hello")
    assert desk.notes(ticket) == []
    assert not desk.is_settled()


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@example.com", "noreply@example.com", "news-bounces+x@example.com"])
def test_who_reads_no_answers_gets_none(desk: Desk, sender: str) -> None:
    ticket = deliver(desk, f"From: {sender}", TO, "Subject: Undelivered", new_id())
    assert desk.notes(ticket) == [AUTOMATIC]


def test_an_answer_goes_where_it_is_wanted(desk: Desk, simulator: Simulator, work_off: Callable[[], int]) -> None:
    """As from a form in the web. The agent is told who wrote."""
    reply_to = "Reply-To: Sam <sam@customer.example>"
    ticket = deliver(desk, "From: noreply@shop.example", TO, reply_to, "Subject: Hello", new_id())
    assert ticket.submitter_email == "sam@customer.example"
    desk.mails.received.clear()
    assert work_off()
    assert desk.replies(ticket) == ["You said: Hello\n\nHello"]
    assert [mail["To"] for mail in desk.mails.received] == ["sam@customer.example"]
    (conversation,) = simulator.conversations()
    assert conversation["created_with"]["integration_attributes"]["customer_email"] == "noreply@shop.example"
    # Who only names a customer's address there gets into nothing.
    subject = f"Subject: Re: [{ticket.ticket_for_url}]"
    deliver(desk, "From: eve@evil.example", TO, "Reply-To: sam@customer.example", subject, new_id())
    assert desk.notes(ticket) == [STRANGER]


def test_an_id_is_the_senders_own(desk: Desk, simulator: Simulator, work_off: Callable[[], int]) -> None:
    """Somebody who repeats it keeps nobody from being answered."""
    own_id = new_id()
    deliver(desk, "From: eve@evil.example", TO, own_id, "Subject: First", body="eve")
    deliver(desk, "From: ann@example.com", TO, own_id, "Subject: Second", body="ann")
    assert work_off()
    assert sorted(map(str, heard(simulator))) == ["['First\\n\\neve']", "['Second\\n\\nann']"]


def test_a_mail_without_an_id_that_comes_twice_is_one(
    desk: Desk, simulator: Simulator, work_off: Callable[[], int]
) -> None:
    ticket = desk.submit("Order", "Where is it?", "ann@example.com")
    subject = f"Subject: Re: [{ticket.ticket_for_url}]"
    date = f"Date: Mon, 1 Jan 2024 10:00:00 +0000 ({uuid4().hex})"
    for _ in range(2):
        deliver(desk, "From: ann@example.com", TO, subject, date, body="Hello?")
    assert work_off()
    assert heard(simulator) == [["Order\n\nWhere is it?", "Hello?"]]


@pytest.mark.parametrize(
    ("headers", "body", "wanted"),
    [
        (["Subject: =?utf-8?q?a=0D=0ABcc:_eve=40evil.example?="], "Hello", "Hello"),
        (
            ["Subject: HTML", "Content-Type: text/html"],
            "<html><body><p>Only <b>HTML</b></p></body></html>",
            "Only HTML",
        ),
        (["Subject: Charset", "Content-Type: text/plain; charset=no-such"], "caf\u00e9", "caf\u00e9"),
        (["Subject: Many", "Cc: a@a.example, b@b.example, c@c.example"], "Hello", "Hello"),
        (["Subject: " + "long " * 30], "Hello", "Hello"),
    ],
)
def test_what_the_agent_hears_is_answered(
    desk: Desk, simulator: Simulator, work_off: Callable[[], int], headers: list[str], body: str, wanted: str
) -> None:
    ticket = deliver(desk, "From: ann@example.com", TO, new_id(), *headers, body=body)
    desk.mails.received.clear()
    work_off()
    ((said,),) = heard(simulator)
    assert wanted in said
    assert len(desk.replies(ticket)) == 1
    mails = desk.mails.to("ann@example.com")
    assert len(mails) == 1
    assert mails[0]["Bcc"] is None
    assert not desk.mails.to("eve@evil.example")


def test_a_reply_that_no_mail_can_say_is_for_a_human(
    desk: Desk, simulator: Simulator, work_off: Callable[[], int]
) -> None:
    """The agent has acted; the human gets its words. Others are answered all the same."""
    ticket = desk.submit("Order", "Where is it?", "ann@example.com")
    other = desk.submit("Other", "Hello", "sam@customer.example")
    ticket.submitter_email = "ann@example.com\r\nBcc: eve@evil.example"
    ticket.save()
    work_off()
    assert desk.replies(ticket) == []
    assert "You said: Order" in desk.notes(ticket)[-1]
    assert len(desk.replies(other)) == 1
    assert desk.is_settled()
    assert simulator.requests_to("respond") == 2


def test_patience_ends_in_time(desk: Desk, simulator: Simulator, work_off: Callable[[], int]) -> None:
    """A service that asks for a day: a human has the ticket at once, since nobody is made to wait for so long."""
    ticket = desk.submit("Order", "Where is it?", "ann@example.com")
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 86_400}}})
    work_off()
    (note,) = desk.notes(ticket)
    assert note.startswith("The agent has not got this message: rate_limited")
    assert desk.ticket(ticket.pk).queue.slug == "second-line"
    assert desk.is_settled()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"QUEUES": "support"}, "must be a list"),
        ({"CUSTOMER_ACCOUNTS": "portal"}, "must be a list"),
        ({"QUEUES": [""]}, "must be a list"),
        ({"AGENT_USERNAME": " "}, "is empty"),
        ({"TURN_SECONDS": float("nan")}, "must be a number"),
        ({"GIVE_UP_SECONDS": float("inf")}, "must be a number"),
    ],
)
def test_wrong_settings_are_named(desk: Desk, changes: dict[str, Any], complaint: str) -> None:
    from django.conf import settings
    from django.test import override_settings

    from polyai_helpdesk.configuration import check

    with override_settings(POLYAI_HELPDESK={**settings.POLYAI_HELPDESK, **changes}):
        (error,) = check()
    assert complaint in error.msg
