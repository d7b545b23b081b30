"""What becomes of e-mails as they come: whose they are, who is answered, what the agent gets, what the answer is."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import pytest

import bounces
import reading
from composing import as_bytes, letter_to
from reading import Mail, id_of_answer

US = "help@acme.example"
ANN = ("From: Ann <ann@example.com>", "To: help@acme.example", "Message-ID: <1@example.com>", "Subject: My order")


def read(*headers: str, body: str | bytes = "Where is it?", own: tuple[str, ...] = (US,)) -> Mail:
    """An e-mail with these headers, those of Ann where there is none of that name."""
    names = {header.partition(":")[0].lower() for header in headers}
    lines = [*(line for line in ANN if line.partition(":")[0].lower() not in names), *headers]
    data = body.encode() if isinstance(body, str) else body
    head = "\r\n".join(line for line in lines if not line.endswith(": -"))
    return reading.read(head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + data, own)


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
def test_a_header_without_a_message_id_names_no_thread(header: str) -> None:
    assert read(header).sender == read().sender


def test_a_thread_is_named_by_its_first_email() -> None:
    thread = read("Message-ID: <9@acme.example>").sender
    assert read("References: <9@acme.example>\r\n\t<10@acme.example>").sender == thread
    assert read("References: none <9@acme.example>").sender == thread
    assert read("In-Reply-To: <9@acme.example>").sender == thread
    assert read("In-Reply-To: the <9@acme.example> of Monday").sender == read().sender


def test_a_thread_is_known_by_the_id_of_any_answer_in_it() -> None:
    answer = id_of_answer(read())
    assert read(f"In-Reply-To: {answer}", "Message-ID: <2@example.com>").sender == read().sender
    assert read(f"References: <5@example.com> {answer}", "Message-ID: <2@example.com>").sender == read().sender
    strange = answer.replace("acme.example", "evil.example")
    assert read(f"In-Reply-To: {strange}", "Message-ID: <2@example.com>").sender != read().sender
    assert read(f"In-Reply-To: {answer}", "From: eve@example.com").sender != read().sender


def test_senders_are_addresses_and_compared_whole() -> None:
    senders = {
        read(f"From: {sender}").sender.rpartition(" ")[0]
        for sender in ("Ann <ann@example.com>", "ANN@Example.com", '"joann@example.com" <ann@example.com>')
    }
    assert senders == {"ann@example.com"}
    assert read("From: joann@example.com").sender.startswith("joann@example.com ")
    sender = read("Reply-To: eve@example.net").sender
    assert sender.startswith("ann@example.com eve@example.net "), "no way into Ann's threads"


def test_long_addresses_make_a_short_name() -> None:
    domains = [".".join([letter * 60] * 4) for letter in "abcd"]
    user = "\u00f6" * 60
    found = read("Reply-To: " + ", ".join(f"{user}@{domain}" for domain in domains))
    assert len(found.sender.encode()) < 100
    assert found.for_a_human


def test_an_email_without_an_id_is_for_a_human() -> None:
    first, again, other = read("Message-ID: -"), read("Message-ID: -"), read("Message-ID: -", body="Else")
    assert first.sender == again.sender != other.sender
    assert first.message_id == ""
    assert first.for_a_human


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
    assert ", ".join(map(str, found.to)) == to
    assert (found.robot, found.for_a_human) == ("", "")


@pytest.mark.parametrize(
    ("headers", "own", "expected"),
    [
        (("To: boss@example.com, help@acme.example",), ("help@acme.example",), "help@acme.example"),
        (("To: boss@example.com", "Cc: HELP@acme.example"), ("help@acme.example",), "HELP@acme.example"),
        (("To: undisclosed-recipients:;",), ("help@acme.example",), "help@acme.example"),
        (("To: boss@example.com", "Delivered-To: help@acme.example"), ("shop@acme.example", US), US),
    ],
)
def test_as_whom_it_is_answered(headers: tuple[str, ...], own: tuple[str, ...], expected: str) -> None:
    assert read(*headers, own=own).own == expected


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
    assert read(header, own=("help@acme.example",)).robot


@pytest.mark.parametrize("value", ["no", "NO", "no (written by hand)", "no; x=y"])
def test_a_human_says_so(value: str) -> None:
    assert read(f"Auto-Submitted: {value}").robot == ""


@pytest.mark.parametrize(
    "headers",
    [
        ("From: -",),
        ("From: ann@example.com, bob@example.com",),
        ("From: not an address",),
        ("From: noreply@example.com",),
        ("From: MAILER-DAEMON@example.com",),
        ("From: shop-bounces+ann=example.com@example.com",),
        ("Reply-To: a@a.example, b@a.example, c@a.example, d@a.example",),
        ("Subject: Automatic reply: My order",),
        ("Subject: Out of Office",),
        ("Content-Type: image/png", "Content-Transfer-Encoding: base64"),
        ("Content-Type: multipart/encrypted; boundary=b",),
        ("Content-Type: text/html",),
        ("Content-Disposition: attachment; filename=note.txt",),
        ("Message-ID: none",),
    ],
)
def test_what_the_agent_cannot_answer_is_for_a_human(headers: tuple[str, ...]) -> None:
    found = read(*headers)
    assert found.for_a_human
    assert found.text == ""


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
    ],
)
def test_the_text(content_type: str, body: bytes, text: str) -> None:
    assert read(f"Content-Type: {content_type}", body=body).text == text


def test_all_text_parts_and_of_alternatives_the_plain_one() -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = "ann@example.com", US, "<1@example.com>"
    letter.set_content("Where is it?")
    letter.add_alternative("<p>Not this.</p>", subtype="html")
    letter.make_mixed()
    letter.attach(part := EmailMessage())
    part.set_content("Regards, Ann")
    letter.attach(signature := EmailMessage())
    signature.set_content(b"-----BEGIN PGP", maintype="application", subtype="pgp-signature", filename="signature.asc")
    found = reading.read(letter.as_bytes(), (US,))
    assert (found.text, found.for_a_human) == ("Where is it?\n\nRegards, Ann", "")


def test_a_logo_within_a_signature_is_no_attachment() -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = "ann@example.com", US, "<1@example.com>"
    letter.set_content("Where is it?")
    letter.add_alternative("<p>Where is it?</p><img src='cid:logo'>", subtype="html")
    html: Any = letter.get_payload(1)
    html.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo>")
    assert reading.read(letter.as_bytes(), (US,)).for_a_human == ""
    letter.add_attachment(b"\x89PNG", maintype="image", subtype="png")
    assert reading.read(letter.as_bytes(), (US,)).for_a_human == "it has an attachment"


def test_a_blank_text_beside_html_is_only_html() -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = "ann@example.com", US, "<1@example.com>"
    letter.set_content(" \n")
    letter.add_alternative("<p>Where is it?</p>", subtype="html")
    assert reading.read(letter.as_bytes(), (US,)).for_a_human == "it holds only HTML"


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
    found = reading.read(data, (US,))
    assert found.for_a_human
    shown = (found.robot, found.sender, found.message_id, found.writer, found.own, found.subject, *found.references)
    assert all(reading.plain(value, 2000) == value for value in shown)
    assert bounces.returned(data, (US,)) is None


def test_a_subject_is_one_line() -> None:
    subject = read("Subject: =?utf-8?q?a=0D=0ABcc:_eve=40e.example=E2=80=AE?=" + " x" * 3000).subject
    assert subject.startswith("a Bcc: eve@e.example x")
    assert len(subject) <= 200


# The answer.


def test_an_answer_is_the_same_letter_whenever_it_is_written() -> None:
    mail = read("References: <9@acme.example> <10@acme.example>", f"Subject: {'long ' * 50}")
    first, again = letter_to(mail, "Größe 7"), letter_to(mail, "Größe 7")
    assert first["Message-ID"] == again["Message-ID"] == id_of_answer(mail)
    assert first["In-Reply-To"] == "<1@example.com>"
    assert first["References"] == "<9@acme.example> <10@acme.example> <1@example.com>"
    assert first["Auto-Submitted"] == "auto-replied"
    assert as_bytes(first).isascii()
    assert reading.read(as_bytes(first), ("ann@example.com",)).robot == "Auto-Submitted is auto-replied"


def test_a_long_thread_has_its_first_and_its_last_references() -> None:
    mail = read("References: " + "\r\n ".join(f"<{number}@a.example>" for number in range(100, 200)))
    references = letter_to(mail, "Yes")["References"].split()
    assert references[0] == "<100@a.example>"
    assert references[-2:] == ["<199@a.example>", "<1@example.com>"]
    assert len(references) == 11


@pytest.mark.parametrize("subject", ["Re: My order", "RE: My order", "My order"])
def test_a_subject_has_one_re(subject: str) -> None:
    assert letter_to(read(f"Subject: {subject}"), "Yes")["Subject"].lower() == "re: my order"


# Reports about our letters.

REPORT = """\
From: MAILER-DAEMON@mx.example.com
To: help@acme.example
Return-Path: <>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It was not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ann@example.com
Action: {action}
Status: {status}
--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}
In-Reply-To: <1@example.com>
--b--
"""


def report(action: str, message_id: str, status: str = "5.1.1") -> bytes:
    """A report of a mail server about a letter."""
    return REPORT.format(action=action, message_id=message_id, status=status).encode()


def test_a_report_names_the_letter_that_came_back() -> None:
    answer = id_of_answer(read())
    found = bounces.returned(report("failed", answer), (US,))
    assert found == bounces.Returned(frozenset({answer}), ("<1@example.com>",))
    assert reading.read(report("failed", answer), (US,)).is_report


@pytest.mark.parametrize(
    "data",
    [
        report("delayed", id_of_answer(read()), "4.4.1"),
        report("delivered", id_of_answer(read()), "2.0.0"),
        report("failed", "<somebody.elses@acme.example>"),
        report("failed", id_of_answer(read()).replace("acme", "evil")),
    ],
)
def test_a_report_about_anything_else_is_a_robots_letter(data: bytes) -> None:
    assert bounces.returned(data, (US,)) is None
    assert reading.read(data, (US,)).robot
