"""The answers to e-mails, as letters in their threads (RFC 5322, 3834)."""

from __future__ import annotations

import email.policy
from email.message import EmailMessage
from email.utils import localtime

from reading import Mail, id_of_answer

MOST_REFERENCES = 10


def letter_to(mail: Mail, text: str) -> EmailMessage:
    """The answer to an e-mail: the same letter, with the same Message-ID, whenever it is written."""
    letter = EmailMessage()
    letter["From"], letter["To"] = mail.own, mail.to
    letter["Date"] = localtime()
    letter["Subject"] = mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}"
    letter["Message-ID"] = id_of_answer(mail)
    letter["In-Reply-To"] = mail.message_id
    # The first one names the thread, the last ones are what mail programs look for.
    earlier = (*mail.references[:1], *mail.references[1:][1 - MOST_REFERENCES :])
    letter["References"] = " ".join(dict.fromkeys((*earlier, mail.message_id)))
    letter["Auto-Submitted"] = "auto-replied"  # other robots do not answer it
    letter["X-Auto-Response-Suppress"] = "All"  # nor do Exchange's
    letter.set_content(text, cte=None if text.isascii() else "quoted-printable")  # what any mail server takes
    return letter


def as_bytes(letter: EmailMessage) -> bytes:
    """The letter as it is sent and kept."""
    return letter.as_bytes(policy=email.policy.SMTP.clone(utf8=not is_ascii(letter)))


def is_ascii(letter: EmailMessage) -> bool:
    """Whether every mail server knows the addresses, or it takes one with SMTPUTF8."""
    return all(address.addr_spec.isascii() for name in ("From", "To") for address in letter[name].addresses)
