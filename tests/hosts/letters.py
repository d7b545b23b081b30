"""Letters as a mail server gets them from everywhere: odd ones that people write, hostile ones, and those of robots."""

from __future__ import annotations

import re
from email.message import EmailMessage
from typing import NamedTuple

CUSTOMER = "ann@example.com"
INJECTION = "=?utf-8?q?Order=0D=0ABcc=3A_eve=40evil=2Eexample=0D=0A=0D=0Aforged?="


class Letter(NamedTuple):
    """A letter to `to`, whose address the head has in place of `{to}`."""

    head: tuple[str | bytes, ...]
    body: bytes = b"Where is it?"
    said: str | None = "Where is it?"
    """What the agent has to hear, word for word; None: nothing, and nobody is answered."""
    envelope: str = CUSTOMER

    @staticmethod
    def id_of(name: str) -> str:
        """The Message-ID of the letter with this name."""
        return f"<{re.sub('[^a-z0-9]+', '-', name.lower())}@example.com>"

    def written(self, to: str, name: str) -> bytes:
        """As it is handed to a mail server."""
        given = [line.encode() if isinstance(line, str) else line for line in self.head]
        names = {line.partition(b":")[0].lower() for line in given}
        usual = (
            f"From: Ann <{CUSTOMER}>",
            f"To: {to}",
            f"Subject: {name}",
            f"Message-ID: {self.id_of(name)}",
        )
        lines = [line.encode() for line in usual if line.partition(":")[0].lower().encode() not in names]
        head = b"\r\n".join([*lines, *(line.replace(b"{to}", to.encode()) for line in given)])
        return head + b"\r\n\r\n" + self.body + b"\r\n"


def text(charset: str, encoding: str = "8bit") -> tuple[str, ...]:
    """The head of a plain text."""
    return (
        "MIME-Version: 1.0",
        f"Content-Type: text/plain; charset={charset}",
        f"Content-Transfer-Encoding: {encoding}",
    )


def made(letter: EmailMessage) -> tuple[tuple[str, ...], bytes]:
    """Head and body of a letter that the library has made, without its other headers."""
    head, _, body = letter.as_bytes().partition(b"\n\n")
    return tuple(head.decode().split("\n")), body.replace(b"\n", b"\r\n")


def with_files() -> Letter:
    """Attachments whose names lead out of their folder, or into a head."""
    letter = EmailMessage()
    letter.set_content("Where is it?\n")
    letter.add_alternative("<p>Where is it, in HTML?</p>", subtype="html")
    letter.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="../../../etc/passwd")
    letter.add_attachment("Not this.", filename="=?utf-8?q?a=0D=0ABcc:_eve=40evil.example?=.txt")
    return Letter(*made(letter))


LETTERS = {
    # What people write.
    "folded": Letter(("From: Ann\r\n (of the shop)\r\n\t<ann@example.com>", "Subject: My\r\n order\r\n\tof Monday")),
    "eight bits in the head": Letter(
        ("Subject: Order of Zoë", 'From: "Zoë" <ann@example.com>', *text("utf-8")), "Größe 7 €?".encode(), "Größe 7 €?"
    ),
    "latin in the head": Letter((b"Subject: Gr\xf6\xdfe", *text("iso-8859-1")), b"Gr\xf6\xdfe 7?", "Größe 7?"),
    "no charset": Letter((), b"Gr\xf6\xdfe 7?", "Größe 7?"),
    "no charset, utf-8": Letter((), "Größe 7 €?".encode(), "Größe 7 €?"),
    "charset lies": Letter(text("utf-8"), b"Gr\xf6\xdfe 7?", "Größe 7?"),
    "charset lies low": Letter(text("us-ascii", "7bit"), "Größe 7 €?".encode(), "Größe 7 €?"),
    "charset is none": Letter(text("no-such-charset"), "Größe 7 €?".encode(), "Größe 7 €?"),
    "charset is a trick": Letter(text("rot13", "7bit")),
    "charset is slow": Letter(text("punycode", "7bit"), b"caf-dma", "caf-dma"),
    "backslashes": Letter(
        text("utf-8", "7bit"), rb"See C:\new\table\Users, \u0041 and \x41.", r"See C:\new\table\Users, \u0041 and \x41."
    ),
    "quoted": Letter(text("utf-8", "quoted-printable"), b"Gr=C3=B6=C3=9F=\r\ne 7=\r\n?", "Größe 7?"),
    "base64": Letter(text("utf-8", "base64"), b"R3LDtsOfZSA3Pw==", "Größe 7?"),
    "dots": Letter((), b".\r\n..\r\nFrom the shop.\r\n.end", ".\n..\nFrom the shop.\n.end"),
    "scripts": Letter(text("utf-8"), "أين طلبي؟ 👩‍🚀 日本".encode(), "أين طلبي؟ 👩‍🚀 日本"),
    "only HTML": Letter(
        ("MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8"),
        b"<html><head><title>no</title></head><body><script>no()</script><p>Where is <b>it</b>?</p></body></html>",
    ),
    "files": with_files(),
    "long": Letter((), b"\r\n".join([b"Where is it?" * 70] * 15), "\n".join(["Where is it?" * 70] * 15)),
    "nothing": Letter(("Subject: ",), b"Where is it?"),
    # What somebody tries.
    "encoded line break": Letter((f"Subject: {INJECTION}", f"From: {INJECTION} <ann@example.com>")),
    "malformed writer": Letter((f"From: {INJECTION.replace('=3A', ':')} <ann@example.com>",)),
    "huge subject": Letter(("Subject: " + "order " * 15_000,)),
    "huge encoded subject": Letter(("Subject: " + "\r\n ".join(["=?utf-8?q?order_?="] * 5_000),)),
    "NUL": Letter((b"Subject: My\0order", *text("utf-8")), b"Where\0 is it?"),
    "bare CR": Letter(
        (b"Subject: My\rBcc: eve@evil.example\rorder",),
        b"Where is it?\rBcc: eve@evil.example",
        "Where is it? Bcc: eve@evil.example",
    ),
    "escapes": Letter((b"Subject: \x1b[31mred\x07", *text("utf-8")), b"Where is it?"),
    "to many": Letter(("Cc: sam@example.com, boss@example.com",)),
    "nested without end": Letter(
        ("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b0"),
        b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(2000)),
        said=None,
    ),
    "two writers": Letter(("From: ann@example.com, eve@evil.example",), said=None),
    "two heads": Letter(("From: eve@evil.example", "From: ann@example.com"), said=None),
    "no writer": Letter(("From: nobody in particular",), said=None),
    "from ourselves": Letter(("From: {to}",), said=None),
    "back to ourselves": Letter(("Reply-To: {to}",)),
    # Robots.
    "auto-replied": Letter(("Auto-Submitted: auto-replied",), said=None),
    "out of office": Letter(("Auto-Submitted: auto-replied (vacation)", "X-Auto-Response-Suppress: All"), said=None),
    "a report": Letter(("From: MAILER-DAEMON@example.com",), said=None, envelope=""),
    "empty return path": Letter((), said=None, envelope=""),
    "a list": Letter(("List-Id: Shop news <news.example.com>", "Precedence: list"), said=None),
}
