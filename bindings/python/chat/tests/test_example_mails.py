"""What the e-mail example makes of e-mails as they come: whose they are, who is answered, what the agent gets."""

from __future__ import annotations

import importlib
import os
import stat
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from test_examples import EXAMPLES, PATIENCE, Mail, environment, mail, messages, wait_until  # noqa: F401 (a fixture)

from polyai_chat_testing import Simulator

sys.path.insert(0, str(EXAMPLES / "email_celery"))
reading: Any = importlib.import_module("reading")

ANN = ("From: Ann <ann@example.com>", "To: help@acme.example", "Message-ID: <1@example.com>", "Subject: My order")


def read(*headers: str, body: str | bytes = "Where is it?", own: tuple[str, ...] = ()) -> dict[str, str]:
    """An e-mail with these headers, those of Ann where there is none of that name."""
    names = {header.partition(":")[0].lower() for header in headers}
    lines = [*(line for line in ANN if line.partition(":")[0].lower() not in names), *headers]
    data = body.encode() if isinstance(body, str) else body
    head = "\r\n".join(line for line in lines if not line.endswith(": -"))
    found: dict[str, str] = reading.read(head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + data, own)
    return found


# Which conversation it belongs to.


@pytest.mark.parametrize(
    "header",
    [
        "In-Reply-To: Your message of Monday",
        "In-Reply-To: <>",
        "References: <>",
        'In-Reply-To: "Joe" <joe@example.com>, of Monday',
        "In-Reply-To: <no at sign>",
        "References: <a b@example.com> none",
        f"References: <{'x' * 400}@example.com>",
    ],
)
def test_what_is_no_message_id_is_no_thread(header: str) -> None:
    assert read(header)["thread_id"] == "<1@example.com>"


def test_a_thread_is_named_by_its_first_email() -> None:
    assert read("References: <9@acme.example>\r\n\t<10@acme.example>")["thread_id"] == "<9@acme.example>"
    assert read("References: none <9@acme.example>")["thread_id"] == "<9@acme.example>"
    assert read("In-Reply-To: <9@acme.example> (yours)")["thread_id"] in ("<9@acme.example>", "<1@example.com>")
    assert read("In-Reply-To: <9@acme.example>")["thread_id"] == "<9@acme.example>"


def test_senders_are_addresses_and_compared_whole() -> None:
    senders = {
        read(f"From: {sender}")["sender"]
        for sender in ("Ann <ann@example.com>", "ANN@Example.com", '"joann@example.com" <ann@example.com>')
    }
    assert senders == {"ann@example.com"}
    assert read("From: joann@example.com")["sender"] == "joann@example.com"
    assert read("Reply-To: eve@example.net")["sender"] == "ann@example.com eve@example.net", "no way into Ann's threads"


def test_an_email_without_an_id_has_one_of_its_own() -> None:
    first, again, other = read("Message-ID: -"), read("Message-ID: -"), read("Message-ID: -", body="Else")
    assert first["message_id"] == again["message_id"] != other["message_id"]
    assert first["in_reply_to"] == ""
    assert not first["for_a_human"]


# Who is answered.


@pytest.mark.parametrize(
    ("headers", "to"),
    [
        ((), "Ann <ann@example.com>"),
        (("Reply-To: Sam <sam@example.net>",), "Sam <sam@example.net>"),
        (("Reply-To: a@example.net, b@example.net",), "a@example.net, b@example.net"),
        (("Reply-To: nobody in particular",), "Ann <ann@example.com>"),
        (("Reply-To: =?utf-8?q?x=0D=0ABcc:_eve=40e.example?= <sam@example.net>",), "sam@example.net"),
        (("From: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>",), "Zoë <zoe@example.com>"),
        (("From: =?utf-8?q?a=0D=0Ab?= <ann@example.com>",), "ann@example.com"),
        (("From: ann@b\u00fccher.example",), "ann@xn--bcher-kva.example"),
    ],
)
def test_who_is_answered(headers: tuple[str, ...], to: str) -> None:
    found = read(*headers)
    assert found["to"] == to
    assert (found["robot"], found["for_a_human"]) == ("", "")


@pytest.mark.parametrize(
    ("headers", "own", "expected"),
    [
        (("To: help@acme.example, boss@example.com",), (), "help@acme.example"),
        (("To: boss@example.com, help@acme.example",), ("help@acme.example",), "help@acme.example"),
        (("To: boss@example.com", "Cc: HELP@acme.example"), ("help@acme.example",), "HELP@acme.example"),
        (("To: undisclosed-recipients:;",), ("help@acme.example",), "help@acme.example"),
        (("To: boss@example.com", "Delivered-To: help@acme.example"), (), "help@acme.example"),
    ],
)
def test_as_whom_it_is_answered(headers: tuple[str, ...], own: tuple[str, ...], expected: str) -> None:
    assert read(*headers, own=own)["from"] == expected


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Generated (by a rule); owner-email=a@example.com",
        "Precedence: Bulk",
        "Precedence: list",
        "List-Id: Shop news <news.example.com>",
        "List-Unsubscribe: <mailto:u@example.com>",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "X-Autoreply: yes",
        "Return-Path: <>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
        "From: help@acme.example",
    ],
)
def test_robots_are_not_answered(header: str) -> None:
    assert read(header, own=("help@acme.example",))["robot"]


@pytest.mark.parametrize("value", ["no", "NO", "no (written by hand)", "no; x=y"])
def test_a_human_says_so(value: str) -> None:
    assert read(f"Auto-Submitted: {value}")["robot"] == ""


@pytest.mark.parametrize(
    "headers",
    [
        ("From: -",),
        ("From: ann@example.com, bob@example.com",),
        ("From: not an address",),
        ("From: noreply@example.com",),
        ("From: MAILER-DAEMON@example.com",),
        ("From: shop-bounces+ann=example.com@example.com",),
        ("To: -",),
        ("Reply-To: a@a.example, b@a.example, c@a.example, d@a.example",),
        ("Subject: Automatic reply: My order",),
        ("Subject: Out of Office",),
        ("Content-Type: image/png", "Content-Transfer-Encoding: base64"),
        ("Content-Type: multipart/encrypted; boundary=b",),
    ],
)
def test_what_the_agent_cannot_answer_is_for_a_human(headers: tuple[str, ...]) -> None:
    found = read(*headers)
    assert found["for_a_human"]
    assert found["text"] == ""


# What the agent gets.


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"caf\xe9", "caf\u00e9"),
        ("text/plain; charset=no-such-charset", "caf\u00e9".encode(), "caf\u00e9"),
        ("text/plain; charset=unknown-8bit", b"caf\xe9", "caf\u00e9"),
        ("text/plain; charset=utf-8", b"caf\xe9", "caf\u00e9"),
        ("text/plain; charset=hex", b"ab", "ab"),
        ("text/plain", b"a\x00b\x1bc\r\n\td", "abc\n\td"),
        (
            "text/html",
            b"<p>Where is <b>it</b>?<br>Ann &amp; Bob<script>no</script><style>no</style>",
            "Where is it?\nAnn & Bob",
        ),
        ("text/html", b"<html><head><title>no</title></head><body>Yes", "Yes"),
    ],
)
def test_the_text(content_type: str, body: bytes, text: str) -> None:
    assert read(f"Content-Type: {content_type}", body=body)["text"] == text


def test_all_text_parts_and_of_alternatives_the_plain_one() -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = "ann@example.com", "help@acme.example", "<1@example.com>"
    letter.set_content("Where is it?")
    letter.add_alternative("<p>Not this.</p>", subtype="html")
    letter.add_attachment(b"\x89PNG", maintype="image", subtype="png")
    letter.add_attachment("Nor this.", filename="note.txt")
    letter.attach(part := EmailMessage())
    part.set_content("Regards, Ann")
    assert reading.read(letter.as_bytes())["text"] == "Where is it?\n\nRegards, Ann"


def test_a_blank_alternative_is_none() -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = "ann@example.com", "help@acme.example"
    letter.set_content(" \n")
    letter.add_alternative("<p>Where is it?</p>", subtype="html")
    assert reading.read(letter.as_bytes())["text"] == "Where is it?"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\xff" * 1000, b"From: ann@example.com\r\n" * 10_000, b"From: " + b"(" * 10_000 + b"\r\n\r\nx"]
    + [b"From: " + b"a@b.example," * 1_000_000 + b"\r\n\r\nx", b"Subject: " + b"=?utf-8?q?a?=" * 1_000_000]
    + [b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(1000))]
    + [
        f"{name}: =?utf-8?q?=0A=00=E2=80=AE?= <@@@>;:,\r\n\r\nx".encode()
        for name in ("From", "To", "Subject", "References")
    ],
)
def test_no_email_is_a_defect(data: bytes) -> None:
    found = reading.read(data)
    assert found["for_a_human"]
    assert all(reading.plain(value, 2000) == value for name, value in found.items() if name != "text")


def test_a_subject_is_one_line() -> None:
    subject = read("Subject: =?utf-8?q?a=0D=0ABcc:_eve=40e.example=E2=80=AE?=" + " x" * 3000)["subject"]
    assert subject.startswith("a Bcc: eve@e.example x")
    assert len(subject) <= 200


# With Celery and the agent.


def post(mails: Mail, *headers: str, body: str = "Hello") -> subprocess.CompletedProcess[bytes]:
    """Takes in an e-mail with exactly these headers."""
    data = "\r\n".join([*headers, "", body, ""]).encode()
    command = [sys.executable, str(mails._program / "post.py")]
    return subprocess.run(command, input=data, env=mails._variables, check=False, capture_output=True, timeout=PATIENCE)


def test_strangers_share_nothing(simulator: Simulator, mail: Mail) -> None:  # noqa: F811
    """Neither by a phrase, nor by ids that they have seen."""
    to = "To: help@acme.example"
    for sender in ("sam@customer.example", "eve@customer.example"):
        assert post(mail, f"From: {sender}", to, "Message-ID: <1@x.example>", body=sender).returncode == 0
    for sender in ("sam@customer.example", "eve@customer.example"):
        header = "In-Reply-To: Your message of Monday"
        assert post(mail, f"From: {sender}", to, f"Message-ID: <{sender}>", header, body="later").returncode == 0
    with mail.worker():
        wait_until(lambda: simulator.requests_to("respond") == 4, mail.log)
    assert all(len(said) == 1 for said in messages(simulator))
    assert simulator.requests_to("create") == 4


def test_its_files_are_for_their_owner_only(mail: Mail, tmp_path: Path) -> None:  # noqa: F811
    before = os.umask(0)
    try:
        assert mail.for_a_human() == {}  # makes the ledger, when it is the first
        mail.post(1, "Where is it?")
        with mail.worker():
            wait_until(lambda: len(mail.answers()) == 1, mail.log)
    finally:
        os.umask(before)
    made = {file: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.rglob("*") if file != mail.log}
    assert len(made) > 3
    assert {file for file, mode in made.items() if mode & 0o077} == set()


def test_what_is_acted_on_is_answered(simulator: Simulator, mail: Mail) -> None:  # noqa: F811
    """Whatever stands in the headers: the agent is asked, and its letter leaves; or neither."""
    to = "To: help@acme.example, boss@customer.example"
    subject = "Subject: =?utf-8?q?My=0D=0ABcc:_eve=40e.example?="
    post(mail, "From: sam@customer.example", to, subject, "Message-ID: <1@x.example>")
    post(mail, "From: shop@acme.example", to, "Reply-To: sam@customer.example", body="form")
    post(mail, "From: sam@customer.example", to, "Message-ID: <3@x.example>", "Content-Type: image/png")
    with mail.worker():
        wait_until(lambda: len(mail.answers()) == 2 and len(mail.for_a_human()) == 1, mail.log)
    assert mail.answers() == {"<1@x.example>": "You said: Hello", None: "You said: form"}
    letters = [file.read_text() for file in (mail._folder / "outbox").glob("*.eml")]
    assert all("From: help@acme.example\n" in letter and "\nBcc" not in letter for letter in letters)
    assert mail.for_a_human() == {"<3@x.example>": "it holds no text"}
    assert simulator.requests_to("respond") == 2


def test_one_sender_has_a_limit(simulator: Simulator, tmp_path: Path) -> None:
    mails = Mail(simulator, tmp_path)
    mails._variables["MAIL_MOST_A_DAY"] = "2"
    for number in range(4):
        mails.post(number, f"number {number}")
    with mails.worker():
        wait_until(lambda: len(mails.for_a_human()) == 2 and len(mails.answers()) == 2, mails.log)
    assert set(mails.for_a_human().values()) == {"there were too many"}
    assert simulator.requests_to("create") == 2


def test_patience_ends_in_time(simulator: Simulator, tmp_path: Path) -> None:
    """A service that asks for an hour does not make a customer wait for longer than somebody is to look at it."""
    mails = Mail(simulator, tmp_path, turn_seconds=1)
    mails._variables["MAIL_GIVE_UP_SECONDS"] = "2"
    simulator.fail({"answer": {"status": 429, "retry_after": {"seconds": 3600}}})
    mails.post(1, "Hello")
    with mails.worker():
        wait_until(lambda: len(mails.for_a_human()) == 1, mails.log)
    assert simulator.requests_to("create") == 2


def test_a_queue_that_is_away_loses_nothing(simulator: Simulator, mail: Mail) -> None:  # noqa: F811
    """The mail server keeps the e-mail."""
    mail._variables["MAIL_BROKER"] = "redis://127.0.0.1:9/0"
    assert post(mail, *ANN).returncode == 75
