"""What an e-mail says beside its text: whether a robot sent it, and where answers go.

The helpdesk looks at less of that. `helpdesk.email` asks for each e-mail whether it is an automatic one, and tells
nobody else what was in its head. So that question is answered here, and the head is remembered until the helpdesk says,
on the same thread, which ticket or follow-up came of it. How it reads the bytes of e-mails is in `bytes_of_mails.py`.
"""

from __future__ import annotations

import hashlib
import re
import threading
from email.message import EmailMessage
from typing import Any

import helpdesk.email
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext
from helpdesk.models import FollowUp, Queue

_latest = threading.local()
# Under which of these an e-mail becomes a follow-up.
_TITLES = ("E-Mail Received from {sender_email}", "Ticket Re-Opened by E-Mail Received from {sender_email}")
_ROBOTS = re.compile(
    r"(mailer-daemon|no-?reply|do-?not-?reply|bounces?|owner-.*|.*-(owner|request|bounces?))([+=].*)?@.*"
)

# An empty one, and what pipe(8) of Postfix makes of that.
_NO_RETURN = ("<>", "<MAILER-DAEMON>")


def sender_of(followup: FollowUp) -> str | None:
    """The address from which a follow-up was mailed, as the helpdesk has it; None: it was not mailed."""
    title = followup.title or ""
    for template in _TITLES:
        before, _, after = gettext(template).partition("{sender_email}")
        if followup.user is None and title.startswith(before) and title.endswith(after):
            return title[len(before) : len(title) - len(after)]
    return None


def is_same_address(one: str | None, other: str | None) -> bool:
    """Whether two addresses are one, compared whole. What is no address is nobody's."""
    return is_address(one) and is_address(other) and str(one).lower() == str(other).lower()


def is_address(text: str | None) -> bool:
    """Whether mail can be sent there."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def reply_to(followup: FollowUp) -> str | None:
    """Where the sender of an e-mail wants the answer, if that is one other address."""
    mail = _mail_of(followup)
    addresses = _addresses(mail, "Reply-To") if mail is not None else []
    return addresses[0] if len(addresses) == 1 and is_address(addresses[0]) and not _is_ours(addresses[0]) else None


def is_of_one(followup: FollowUp) -> bool:
    """Whether an e-mail names one writer. Of several, the helpdesk takes the first at its word."""
    mail = _mail_of(followup)
    return mail is None or _names_one(mail)


def key_of(followup: FollowUp, sender: str) -> str:
    """The same for an e-mail that the mailbox gives out twice, of which the helpdesk makes two follow-ups.

    An id is the sender's own: who repeats somebody else's has another key.
    """
    mail = _mail_of(followup)
    if followup.message_id:
        content = followup.message_id.encode(errors="replace")
    elif mail is not None:
        content = mail.as_string().encode(errors="replace")
    else:
        return f"follow-up {followup.pk}"
    return f"mail {hashlib.sha256(sender.lower().encode(errors='replace') + b' ' + content).hexdigest()}"


def is_automatic(mail: Any) -> bool:
    """Whether nobody waits for an answer (RFC 3834)."""
    _latest.mail = mail
    said = re.sub(r"\(.*?\)", "", _text(mail, "Auto-Submitted")).partition(";")[0].strip().lower()
    suppressed = set(re.split(r"[\s,]+", _text(mail, "X-Auto-Response-Suppress").lower()))
    answered = _addresses(mail, "Reply-To") or _addresses(mail, "From")
    return bool(
        said not in ("", "no")
        or _text(mail, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(name.lower().startswith("list-") for name in mail)
        or suppressed & {"all", "autoreply", "oof", "dr"}
        or any(mail.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Failed-Recipients"))
        or _text(mail, "Return-Path").strip().upper() in _NO_RETURN
        or mail.get_content_type() == "multipart/report"
        or any(_ROBOTS.fullmatch(address.lower()) for address in answered)
        or any(map(_is_ours, _addresses(mail, "From")))
        or not _names_one(mail)
    )


def _names_one(mail: Any) -> bool:
    addresses = _addresses(mail, "From")
    is_one = [name.lower() for name, _ in mail.raw_items()].count("from") == len(addresses) == 1
    return is_one and is_address(addresses[0])


def _is_ours(address: str) -> bool:
    """Whether customers write to this address: who answers it answers oneself."""
    return Queue.objects.filter(email_address__iexact=address).exists()


def _addresses(mail: Any, name: str) -> list[str]:
    return [address.addr_spec for address in getattr(_header(mail, name), "addresses", ())]


def _mail_of(followup: FollowUp) -> EmailMessage | None:
    """The e-mail that became this follow-up."""
    mail: EmailMessage | None = getattr(_latest, "mail", None)
    if mail is None or sender_of(followup) is None:
        return None
    return mail if _text(mail, "Message-Id").strip() == (followup.message_id or "") else None


def _header(mail: Any, name: str) -> Any:
    """None also for one that the library fails at."""
    try:
        return mail.get(name)
    except Exception:
        return None


def _text(mail: Any, name: str) -> str:
    return str(_header(mail, name) or "")


helpdesk.email.is_autoreply = is_automatic
