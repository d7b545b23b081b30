"""How the helpdesk reads e-mails: by their bytes, so that no text is mangled and none keeps it from those behind it.

By itself, `helpdesk.email` takes every e-mail for UTF-8 and fails at others, undoes escapes that nobody wrote, and
stops at the first e-mail that it cannot read, in each run anew. Its functions are replaced here.
"""

from __future__ import annotations

import builtins
import codecs
import functools
import logging
import re
import unicodedata
from email import policy
from email.utils import getaddresses
from typing import Any

import helpdesk.email
from django.db import transaction
from helpdesk.exceptions import DeleteIgnoredTicketException, IgnoreTicketException

MOST_SUBJECT = 200
"""Characters of a title that a ticket can have."""

# Names that Python has for other things than charsets: slow where a text is long, or no charset that mails use.
_NO_CHARSETS = ("idna", "punycode", "raw-unicode-escape", "unicode-escape")

_FIELD = re.compile(r"^([!-9;-~]+):(.*(?:\n[ \t].*)*)", re.MULTILINE)

_log = logging.getLogger("polyai_helpdesk")
_extract = helpdesk.email.extract_email_metadata
_subject = helpdesk.email.extract_email_subject


def extracted(message: str, queue: Any, logger: logging.Logger) -> Any:
    """The ticket of an e-mail; None where none can be made, and then nothing is left of the attempt."""
    try:
        with transaction.atomic():
            return _extract(message=as_read(message.encode("utf-8", "surrogateescape")), queue=queue, logger=logger)
    except (IgnoreTicketException, DeleteIgnoredTicketException):
        raise
    except Exception as error:
        _log.error("an e-mail cannot be read, and stays in the mailbox: %s", type(error).__name__)
        _log.debug("why it cannot be read", exc_info=True)
        return None


def as_read(data: bytes) -> str:
    """A text from which Python's library makes the same bytes again, to decode each part by its own charset."""
    head, _, body = data.replace(b"\0", b"").replace(b"\r\n", b"\n").partition(b"\n\n")
    return _FIELD.sub(_readable, str(decoded("utf-8", head))) + "\n\n" + body.decode("latin-1")


def _readable(field: re.Match[str]) -> str:
    """A field of the head; of one that Python's library fails at, for a line break in a name, the addresses."""
    name, value = field.groups()
    try:
        policy.default.header_factory(name, value.replace("\n", ""))
    except Exception:
        return f"{name}: {', '.join(address for _, address in getaddresses([value]) if '@' in address)}"
    return field[0]


def decoded(charset: str | None, content: Any) -> Any:
    """Bytes as text: in the charset that they are said to be in, or else in the one that they are likely to be in."""
    if not isinstance(content, bytes):
        return content
    for name in (charset or "utf-8", "utf-8"):
        try:
            if codecs.lookup(name).name not in _NO_CHARSETS:
                return content.decode(name)
        except (LookupError, ValueError):
            pass
    return content.decode("windows-1252", "replace")


def subject(mail: Any) -> str:
    """One line, without what controls a terminal or another header, and no longer than a title may be."""
    line = "".join(
        " " if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") else one for one in _subject(mail)[:4000]
    )
    return re.sub(r"\s+", " ", line).strip()[:MOST_SUBJECT]


helpdesk.email.extract_email_metadata = extracted
helpdesk.email.extract_email_subject = subject
helpdesk.email.decodeUnknown = decoded
# It reads files as text.
helpdesk.email.open = functools.partial(builtins.open, encoding="ascii", errors="surrogateescape", newline="")
