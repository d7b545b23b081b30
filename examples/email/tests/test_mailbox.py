"""E-mails by a real Postfix and Dovecot: what people write is answered once, what robots write is not."""

from __future__ import annotations

import signal
from email.message import EmailMessage
from pathlib import Path

import pytest

import postgresql
from conftest import ROBOT, US, Desk, heard, parsed
from letters import CUSTOMER, LETTERS, Letter
from postfix import PATIENCE

# Beside those without a text or a writer; the helpdesk's agent is given these two.
FOR_A_HUMAN = ("no writer", "two writers", "two heads", "nested without end", "only HTML", "files")


@pytest.mark.skipif(not [*Path("/usr/lib/postgresql").glob("*/bin/initdb")], reason="missing: PostgreSQL")
def test_workers_share_a_database(desk: Desk) -> None:
    """With PostgreSQL, by another DATABASE: three workers, of which one dies, answer each letter once."""
    with postgresql.Server() as database:
        desk.database = database.address
        workers = [desk.start(MAIL_MOST_A_DAY="1000") for _ in range(3)]
        sent = [desk.write(number, f"question {number}") for number in range(12)]
        desk.wait_for(lambda: len(desk.answers()) > 2, "some are answered")
        desk.kill(workers[0])
        sent += [desk.write(number, f"question {number}") for number in range(12, 24)]
        desk.wait_for(lambda: {*desk.texts(), *desk.folder("For a human")} == set(sent), "all are done with")
        said = [text for texts in heard(desk.simulator) for text in texts]
        assert len(said) == len(set(said)), "nothing is said twice"
        assert {desk.texts()[message_id] for message_id in desk.texts()} <= {f"You said: {text}" for text in said}
        for worker in workers[1:]:
            assert desk.kill(worker, signal.SIGTERM) == 0


def test_letters(desk: Desk) -> None:
    """What people write is answered once, to them alone; the rest lies where somebody looks for it."""
    sent = [desk.postfix.send(letter.written(US, name), US, letter.envelope) for name, letter in LETTERS.items()]
    desk.postfix.wait_for(lambda: all(map(desk.postfix.is_done_with, sent)), "all are delivered")
    answered = {
        letter.id_of(name): letter.said
        for name, letter in LETTERS.items()
        if letter.said is not None and name not in FOR_A_HUMAN
    }
    desk.start(MAIL_MOST_A_DAY="1000")
    desk.wait_for(lambda: not desk.folder("INBOX"), "all are taken in")
    desk.wait_for(lambda: len(desk.answers()) == len(answered), "all are answered")
    desk.wait_for(lambda: desk.counts().undelivered == 0, "that is recorded")
    answered[Letter.id_of("NUL")] = "Where\u20ac is it?"  # IMAP has no NUL: Dovecot makes it the byte 80
    assert desk.texts() == {name: f"You said: {said}" for name, said in answered.items()}
    for answer in desk.answers():
        found = {header: answer.get_all(header) for header in ("From", "Cc", "Bcc", "Auto-Submitted")}
        assert found == {"From": [US], "Cc": None, "Bcc": None, "Auto-Submitted": ["auto-replied"]}
        assert [address.addr_spec for address in answer["To"].addresses] == [CUSTOMER]
    assert desk.simulator.requests_to("respond") == len(answered)
    assert set(desk.folder("For a human")) == {Letter.id_of(name) for name in FOR_A_HUMAN}
    robots = {letter.id_of(name) for name, letter in LETTERS.items() if letter.said is None and name not in FOR_A_HUMAN}
    assert set(desk.folder("Robots")) == robots
    assert sorted(desk.folder("Agent")) == sorted(answered)
    assert sorted(desk.folder("Sent")) == sorted(answer["Message-ID"] for answer in desk.answers())


def test_a_thread_is_one_conversation(desk: Desk) -> None:
    """A reply goes on with it, also from a program that only knows the last id. A stranger with the ids does not."""
    desk.start()
    first = desk.write(1, "Where is it?")
    desk.wait_for(lambda: len(desk.answers()) == 1, "it is answered")
    (answer,) = desk.answers()
    assert (answer["Subject"], answer["References"]) == ("Re: My order", first)
    desk.write(2, "And the other?", f"In-Reply-To: {answer['Message-ID']}")
    desk.wait_for(lambda: len(desk.answers()) == 2, "the reply is answered")
    assert desk.answers()[1]["References"].split() == [answer["Message-ID"], "<2@example.com>"]
    third = f"References: {first} {answer['Message-ID']} <2@example.com>"
    desk.write(3, "And the third?", third)
    desk.write(4, "I am somebody else", third, sender=ROBOT)
    desk.wait_for(lambda: desk.simulator.requests_to("respond") == 4, "all are answered")
    assert heard(desk.simulator) == [["Where is it?", "And the other?", "And the third?"], ["I am somebody else"]]


def test_a_letter_that_is_delivered_twice_is_answered_once(desk: Desk) -> None:
    for _ in range(2):
        desk.write(1, "Where is it?")
    desk.start()
    desk.start()  # two workers watch the same inbox
    desk.wait_for(lambda: len(desk.answers()) == 1, "it is answered")
    desk.write(1, "Where is it?")
    desk.write(2, "Last one")
    desk.wait_for(lambda: len(desk.answers()) == 2 and not desk.folder("INBOX"), "the last one is answered")
    assert heard(desk.simulator) == [["Where is it?"], ["Last one"]]
    assert desk.folder("Agent").count("<1@example.com>") == 3


def test_a_worker_that_dies_during_a_turn_doubles_nothing(desk: Desk) -> None:
    """Nobody knows whether the agent has acted: a human gets the e-mail, and the rest of its thread."""
    desk.simulator.fail({"delay": {"before": "headers", "ms": 600_000}}, {"operation": "respond", "nth": 1})
    worker = desk.start()
    cancel = desk.write(1, "Cancel my order")
    assert desk.simulator.wait_for("respond", 1, PATIENCE)
    desk.kill(worker)
    later = desk.write(2, "Did you?", f"References: {cancel}")
    desk.start()
    desk.wait_for(lambda: cancel in desk.folder("For a human"), "a human has it")
    desk.write(3, "I ask for the first time")
    desk.wait_for(lambda: later in desk.folder("For a human"), "and the next one of the thread")
    desk.wait_for(lambda: desk.texts() == {"<3@example.com>": "You said: I ask for the first time"}, "others go on")
    assert heard(desk.simulator) == [["Cancel my order"], ["I ask for the first time"]]
    desk.wait_for(lambda: desk.counts().undelivered == 0, "that is recorded")
    assert not any(desk.counts().parked.values())


def test_a_worker_that_dies_before_its_letter_is_taken_sends_it_later(desk: Desk) -> None:
    """Postfix refuses for a while: the agent is not asked again, and the letter arrives when it takes letters again."""
    desk.write(1, "Where is it?")
    desk.postfix.refuse(True)
    worker = desk.start()
    desk.wait_for(lambda: "the mail server said 4" in desk.said(), "the answer is refused")
    desk.kill(worker)
    worker = desk.start()
    desk.wait_for(lambda: desk.said().count("the mail server said 4") > 1, "and again, to another worker")
    assert desk.answers() == []
    desk.postfix.refuse(False)
    desk.wait_for(lambda: desk.texts() == {"<1@example.com>": "You said: Where is it?"}, "the answer arrives")
    desk.wait_for(lambda: desk.counts().undelivered == 0, "that is recorded")
    assert desk.kill(worker, signal.SIGTERM) == 0
    assert len(desk.answers()) == 1
    assert desk.simulator.requests_to("respond") == 1


def test_a_letter_that_can_never_be_sent_is_left_as_a_draft(desk: Desk) -> None:
    """The mail server refuses the address for good: a human sees the e-mail, and the answer that was not sent."""
    desk.post(
        b"From: ann@example.com\r\nReply-To: gone@example.com\r\nTo: help@acme.example\r\nSubject: My order\r\n"
        b"Message-ID: <1@example.com>\r\n\r\nWhere is it?\r\n"
    )
    desk.start()
    desk.wait_for(lambda: len(desk.folder("For a human")) == 2, "a human has both")
    answers = [parsed(letter) for letter in desk.dovecot.letters(US, "For a human")]
    (draft,) = [letter for letter in answers if letter["Auto-Submitted"]]
    assert (draft["To"], draft["In-Reply-To"]) == ("gone@example.com", "<1@example.com>")
    assert draft.get_content().strip() == "You said: Where is it?"
    desk.wait_for(lambda: desk.counts().undelivered == 0, "that is recorded")


def test_an_address_in_another_script_is_taken_in(desk: Desk) -> None:
    """It is counted and answered; that the mail server knows nobody of this name is another matter."""
    desk.post("From: zoë@example.com\r\nTo: help@acme.example\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n".encode())
    desk.start(MAIL_MOST_A_DAY="1")
    desk.write(2, "Where is it?")
    desk.wait_for(lambda: "<2@example.com>" in desk.texts(), "the next one is answered")
    desk.wait_for(lambda: len(desk.folder("For a human")) == 2, "a human has it, and the answer")
    assert sorted(heard(desk.simulator)) == [["Hello"], ["Where is it?"]]


def test_the_mailbox_is_read_over_tls(desk: Desk) -> None:
    """A server that cannot prove its name does not get the password."""
    desk.write(1, "Where is it?")
    address = f"imaps://{US.replace('@', '%40')}@localhost:{desk.dovecot.tls_port}"
    worker = desk.start(MAIL_IMAP=address)
    desk.wait_for(lambda: "certificate verify failed" in desk.said(), "it is not trusted")
    desk.kill(worker)
    assert desk.simulator.requests_to("create") == 0
    desk.start(MAIL_IMAP=address, SSL_CERT_FILE=str(desk.dovecot.certificate))
    desk.wait_for(lambda: desk.texts() == {"<1@example.com>": "You said: Where is it?"}, "it is answered")


def test_a_worker_without_its_settings_says_what_is_missing(desk: Desk) -> None:
    for name in ("MAIL_ADDRESSES", "MAIL_IMAP", "POLYAI_API_KEY"):
        assert desk.start(**{name: ""}).wait(PATIENCE) == 1
        assert desk.said().splitlines()[-1].startswith("not started: ")
        assert "Traceback" not in desk.said()
    assert desk.start(MAIL_IMAP="imap://help:word@127.0.0.1").wait(PATIENCE) == 1
    assert "word" not in desk.said().replace("a password", "")


def test_a_bounce_is_left_to_a_human_with_the_letter_it_answers(desk: Desk) -> None:
    """Our answer is taken, and comes back: later e-mails of the thread are the human's as well."""
    desk.post(
        b"From: ann@example.com\r\nReply-To: ann@nowhere.example\r\nTo: help@acme.example\r\nSubject: My order\r\n"
        b"Message-ID: <1@example.com>\r\n\r\nWhere is it?\r\n"
    )
    desk.start()
    desk.wait_for(lambda: len(desk.folder("For a human")) == 2, "a human has the letter and the report")
    assert "<1@example.com>" in desk.folder("For a human")
    (report,) = [one for one in map(parsed, desk.dovecot.letters(US, "For a human")) if one["From"] != CUSTOMER]
    assert report.get_content_type() == "multipart/report"
    desk.post(
        b"From: ann@example.com\r\nReply-To: ann@nowhere.example\r\nTo: help@acme.example\r\nSubject: My order\r\n"
        b"References: <1@example.com>\r\nMessage-ID: <2@example.com>\r\n\r\nHello?\r\n"
    )
    desk.wait_for(lambda: "<2@example.com>" in desk.folder("For a human"), "the human has the next one")
    assert heard(desk.simulator) == [["Where is it?"]]
    # Somebody makes up a report about a letter that we never sent.
    text = b"In-Reply-To: <9@example.com>\r\nMessage-ID: <%s.%s@acme.example>\r\n" % (b"0" * 24, b"0" * 16)
    forged = desk.dovecot.letters(US, "For a human")
    assert len(forged) == 3
    bounce = EmailMessage()
    bounce["From"], bounce["To"], bounce["Message-ID"] = "MAILER-DAEMON@evil.example", US, "<b@evil.example>"
    bounce.set_content("The following recipient failed:\n\n  ann@example.com\n\n" + text.decode().replace("\r", ""))
    desk.write(9, "I write too", sender=ROBOT)
    desk.post(bounce.as_bytes().replace(b"\n", b"\r\n"), "")
    desk.wait_for(lambda: not desk.folder("INBOX"), "the report is taken in")
    assert "<9@example.com>" not in desk.folder("For a human")


def test_two_robots_do_not_answer_each_other(desk: Desk) -> None:
    """Letters of another robot of this kind are never answered. One that does not say what it is has a limit."""
    desk.start(MAIL_MOST_A_DAY="3")
    letter = desk.write(1, "Hello, robot", sender=ROBOT)
    desk.wait_for(lambda: len(desk.dovecot.letters(ROBOT, "INBOX")) == 1, "it is answered")
    # It answers as we do, then as those that know no manners.
    (answer,) = map(parsed, desk.dovecot.letters(ROBOT, "INBOX"))
    references = f"References: {letter} {answer['Message-ID']}"
    desk.write(2, "You said: You said", references, "Auto-Submitted: auto-replied", sender=ROBOT)
    for number in range(3, 9):
        desk.write(number, "Thank you for your message!", references, sender=ROBOT)
    desk.wait_for(lambda: not desk.folder("INBOX"), "all are taken in")
    desk.wait_for(lambda: len(desk.folder("For a human")) == 4, "the rest is a human's")
    desk.wait_for(lambda: desk.counts().ready + desk.counts().in_flight == 0, "the others are answered")
    assert desk.folder("Robots") == ["<2@example.com>"]
    assert desk.simulator.requests_to("respond") <= 3
    assert len(desk.dovecot.letters(ROBOT, "INBOX")) <= 3


def test_a_human_gives_a_thread_back(desk: Desk) -> None:
    """The agent hands over; later e-mails are the human's, until one is moved into the folder for that."""
    desk.start()
    first = desk.write(1, "human")
    desk.wait_for(lambda: desk.texts() == {first: "I am putting you through."}, "the agent says so")
    desk.wait_for(lambda: first in desk.folder("For a human"), "a human has it")
    second = desk.write(2, "Is anybody there?", f"References: {first}")
    desk.wait_for(lambda: second in desk.folder("For a human"), "a human has the next one")
    desk.dovecot.move(US, second, "For a human", "Back to the agent")
    desk.wait_for(lambda: second in desk.folder("Agent"), "the thread is given back")
    third = desk.write(3, "And another thing", f"References: {first}")
    desk.wait_for(lambda: third in desk.texts(), "the agent answers")
    assert heard(desk.simulator) == [["human", "And another thing"]]


def test_a_photograph_makes_the_thread_a_humans(desk: Desk) -> None:
    """The agent cannot see it, and would not know of it later."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = CUSTOMER, US, "<1@example.com>"
    letter.set_content("Here is the damage.")
    letter.add_attachment(b"\xff\xd8", maintype="image", subtype="jpeg", filename="damage.jpg")
    desk.start()
    desk.post(letter.as_bytes().replace(b"\n", b"\r\n"))
    desk.write(2, "Have you seen it?", "References: <1@example.com>")
    desk.wait_for(lambda: len(desk.folder("For a human")) == 2, "both are a human's")
    assert desk.simulator.requests_to("create") == 0


def test_its_files_are_for_their_owner_only(desk: Desk) -> None:
    desk.start()
    desk.write(1, "Where is it?")
    desk.wait_for(lambda: len(desk.answers()) == 1, "it is answered")
    made = [file for file in Path(desk.database).parent.iterdir() if file != desk.log]
    assert made
    assert [file for file in made if file.stat().st_mode & 0o077] == []
