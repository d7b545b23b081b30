"""What the settings change, and how a task queue takes the place of the workers; in the process of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from agents import SCRIPT, heard
from conftest import Desk
from polyai_chat import Attempt, Client
from polyai_chat_testing import Simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(script=SCRIPT) as simulator:
        yield simulator


@pytest.fixture
def work_off(desk: Desk, simulator: Simulator) -> Callable[..., None]:
    """Does what there is to do, with these settings changed."""
    from django.conf import settings
    from django.test import override_settings

    from polyai_helpdesk.worker import Worker

    def work(client: Client | None = None, tidy: bool = False, **changes: Any) -> None:
        with override_settings(POLYAI_HELPDESK={**settings.POLYAI_HELPDESK, **changes}):
            worker = Worker(client or Client(**simulator.options))
            worker.work_off()
            if tidy:
                worker.tidy_up()

    return work


def test_a_task_queue_is_woken_when_the_ticket_is_there(
    desk: Desk, simulator: Simulator, work_off: Callable[..., None]
) -> None:
    from django.db import transaction

    from polyai_helpdesk.intake import message_waiting

    woken = []

    def wake(ticket_id: int, **_: Any) -> None:
        assert not transaction.get_connection().in_atomic_block
        woken.append(ticket_id)
        work_off()

    message_waiting.connect(wake)
    try:
        desk.mail("sam@customer.example", "Order", "Where is order 4?")
    finally:
        message_waiting.disconnect(wake)
    (number,) = woken
    assert desk.replies(desk.ticket(number)) == ["Order 4 of sam@customer.example was dispatched."]


def test_two_robots_come_to_an_end(desk: Desk, simulator: Simulator, work_off: Callable[..., None]) -> None:
    ticket = desk.submit("Hello", "I am a robot", "robot@customer.example")
    work_off(MOST_TURNS=1)
    desk.reply(ticket, "You said that I said that")
    work_off(MOST_TURNS=1)
    assert len(desk.replies(ticket)) == 1
    assert desk.notes(ticket)[0].startswith("The agent has answered 1 times in a day.")
    assert simulator.requests_to("respond") == 1


def test_it_gives_up_in_the_end(desk: Desk, simulator: Simulator, work_off: Callable[..., None]) -> None:
    ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
    away: dict[str, Any] = {**simulator.options, "base_url": "http://127.0.0.1:9"}
    work_off(Client(**away), GIVE_UP_SECONDS=0.001)
    (note,) = desk.notes(ticket)
    assert note.startswith("The agent has not got this message: connect:")
    assert desk.ticket(ticket.pk).queue.slug == "second-line"
    assert desk.is_settled()


def test_what_a_human_has_stays_with_the_human(desk: Desk, simulator: Simulator, work_off: Callable[..., None]) -> None:
    from django.contrib.auth import get_user_model
    from helpdesk.models import Ticket

    rita = get_user_model().objects.get(username="rita")
    simulator.fail({"answer": {"status": 500}}, {"operation": "respond", "times": 1})
    ticket = desk.submit("Cancel", "Cancel my order 9", "sam@customer.example")

    def take(attempt: Attempt) -> None:
        if attempt["operation"] == "respond":
            Ticket.objects.filter(pk=ticket.pk).update(assigned_to=rita)

    work_off(Client(**simulator.options, on_attempt=take))
    (note,) = desk.notes(ticket)
    assert "may have heard this message" in note
    assert (desk.ticket(ticket.pk).assigned_to, desk.ticket(ticket.pk).queue.slug) == (rita, "support")


def test_an_answer_is_brought_once(desk: Desk, simulator: Simulator) -> None:
    from django.db import connection

    from polyai_helpdesk.worker import Worker

    ticket = desk.submit("Order", "Where is order 6?", "sam@customer.example")
    held_up, other = (Worker(Client(**simulator.options)) for _ in range(2))
    (message,) = held_up._channel.pending()
    answer = held_up._channel.answer(message)
    with connection.cursor() as cursor:  # so many minutes have passed
        table, then = ("messages", "0") if connection.vendor == "sqlite" else ("polyai_chat.messages", "'-infinity'")
        cursor.execute(f"UPDATE {table} SET deliver_at = {then} WHERE deliver_at IS NOT NULL")
    other.work_off()
    held_up._bring(answer)
    assert len(desk.replies(ticket)) == 1
    assert len([text for text in desk.mails.texts_to("sam@customer.example") if "comment was added" in text]) == 1


def test_the_greeting(desk: Desk, simulator: Simulator, work_off: Callable[..., None]) -> None:
    ticket = desk.submit("Order", "Where is order 6?", "sam@customer.example")
    work_off(WITH_GREETING=True)
    desk.reply(ticket, "Thanks")
    work_off(WITH_GREETING=True)
    assert desk.replies(ticket) == [
        "Hello, how can I help?\n\nOrder 6 of sam@customer.example was dispatched.",
        "You said: Thanks",
    ]


def test_attributes_and_options_of_the_conversation(
    desk: Desk, simulator: Simulator, work_off: Callable[..., None]
) -> None:
    from django.conf import settings
    from django.test import override_settings

    told = {**settings.POLYAI_HELPDESK, "ATTRIBUTES": lambda ticket: {"customer_email": "somebody", "n": ticket.pk}}
    with override_settings(POLYAI_HELPDESK=told):  # in the process that takes the mail
        desk.mail("sam@customer.example", "Order", "Where is order 4?")
    work_off(CREATE_OPTIONS={"variant_id": "returns-uk"})
    (conversation,) = simulator.conversations()
    assert conversation["created_with"]["variant_id"] == "returns-uk"
    assert set(conversation["created_with"]["integration_attributes"]) == {"customer_email", "n"}


def test_idle_conversations_are_closed(desk: Desk, simulator: Simulator, work_off: Callable[..., None]) -> None:
    ticket = desk.submit("Hello", "Anybody?", "sam@customer.example")
    work_off(tidy=True)
    assert simulator.requests_to("close") == 0
    work_off(tidy=True, IDLE_SECONDS=0.001)
    assert simulator.requests_to("close") >= 1
    assert simulator.conversations()[0]["closed"]
    desk.reply(ticket, "Me again")
    work_off()
    assert heard(simulator) == [["Hello\n\nAnybody?"], ["Me again"]]


def test_what_is_missing_in_the_helpdesk_is_named(
    desk: Desk, simulator: Simulator, work_off: Callable[..., None]
) -> None:
    ticket = desk.submit("Help", "Let me talk to a human", "sam@customer.example")
    missing = {"ASSIGN_TO": "nobody", "QUEUE": "nowhere", "CHECKLIST": "nothing", "PRIORITY": 1}
    work_off(HANDOFFS={"*": missing})
    note = desk.notes(ticket)[0].split("\n")
    assert "There is no active user 'nobody', so the ticket is assigned to nobody." in note
    assert "There is no queue 'nowhere', so the ticket stays in its own." in note
    assert "There is no checklist template 'nothing'." in note
    assert desk.ticket(ticket.pk).priority == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://chat:canary@db/chat", "a mysql:// address"),
        ("postgresql://chat:canary%zz@db/chat", "no address of PostgreSQL"),
    ],
)
def test_a_wrong_database_is_told_without_its_password(desk: Desk, address: str, said: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    from desk.settings import database

    with pytest.raises(ImproperlyConfigured, match=said) as caught:
        database(address)
    assert "canary" not in str(caught.value)
