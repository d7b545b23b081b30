"""Letters that a real Postfix delivers into the helpdesk's mailbox, as in production: odd, hostile, robots' ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from agents import SCRIPT
from conftest import Desk
from letters import CUSTOMER, LETTERS
from polyai_chat import Client
from polyai_chat_testing import Simulator
from postfix import Postfix, why_not

US = "support@desk.example"
UNREADABLE = "nested without end"

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def postfix(desk: Desk) -> Iterator[Postfix]:
    """The mail server of the desk, in whose mailbox for the queue the helpdesk looks."""
    from helpdesk.models import Queue

    queue = Queue.objects.filter(slug="support")
    before = queue.get().email_box_local_dir
    postfix = Postfix((US,))
    try:
        queue.update(email_box_local_dir=str(postfix.folder / "mail" / US / "new"))
        yield postfix
    finally:
        queue.update(email_box_local_dir=before)
        postfix.stop()


def test_letters(desk: Desk, postfix: Postfix) -> None:
    """What people write is answered, once, to them alone; what robots write is not. None keeps the others out."""
    from django.core.management import call_command
    from helpdesk.models import FollowUp

    from polyai_helpdesk.worker import Worker

    sent = [postfix.send(letter.written(US, name), US, letter.envelope) for name, letter in LETTERS.items()]
    sent.append(postfix.send(b"Subject: to nowhere\r\n\r\nHello\r\n", "gone@nowhere.example", US))
    postfix.wait_for(lambda: all(map(postfix.is_done_with, sent)), "all are delivered")
    postfix.wait_for(lambda: len(postfix.letters(US)) == len(sent), "and a report of the one that went nowhere")
    call_command("get_email", "--quiet")
    (left,) = postfix.letters(US)
    assert UNREADABLE.encode() in left.read_bytes()

    with Simulator(script=SCRIPT) as simulator:
        Worker(Client(**simulator.options)).work_off()
        turns = simulator.requests_to("respond")
    found, expected = {}, {}
    for name, letter in LETTERS.items():
        if name != UNREADABLE:
            ticket = FollowUp.objects.get(message_id=letter.id_of(name)).ticket
            expected[name] = (
                [] if letter.said is None else [f"You said: {ticket.title}\n\n{letter.said}".replace(": \n\n", ": ")]
            )
            found[name] = desk.replies(ticket)
    assert found == expected
    assert turns == sum(letter.said is not None for letter in LETTERS.values())
    report = FollowUp.objects.get(title__contains="MAILER-DAEMON@mx.desk.example").ticket
    assert desk.notes(report) == ["Not given to the agent: it seems to be an automatic e-mail."]

    assert {mail["To"] for mail in desk.mails.received} == {CUSTOMER}
    assert all(mail["Bcc"] is None and mail["Cc"] is None for mail in desk.mails.received)
    files = {file.name for file in (desk.directory / "media").rglob("*") if file.is_file()}
    assert any(name.endswith("passwd") for name in files), files
    assert not (desk.directory.parent / "passwd").exists()

    # The next run of the mailbox is the same: nothing is taken in twice.
    call_command("get_email", "--quiet")
    assert postfix.letters(US) == [left]
