"""Reports of mail servers about letters of ours that could not be delivered (RFC 3464, and older forms)."""

from __future__ import annotations

import email.policy
import re
from email.parser import BytesParser
from typing import Any, NamedTuple

from flufl.bounce import scan_message

from reading import thread_of

_MOST_SEARCHED = 1_000_000
_OF_OURS = re.compile(rb"<[0-9a-f]{24}\.[0-9a-f]{16}@[!-;=?A-~]{1,120}>", re.IGNORECASE)
_ANSWERED = re.compile(rb"^[> \t]*In-Reply-To:\s{1,9}(<[^<>\s]{1,241}>)", re.IGNORECASE | re.MULTILINE)


class Returned(NamedTuple):
    """A letter of ours that came back."""

    ids: frozenset[str]
    """The Message-IDs in the report that may be ours."""
    answered: tuple[str, ...]
    """The Message-IDs of e-mails that it may have answered."""


def returned(data: bytes, own: tuple[str, ...]) -> Returned | None:
    """The letter that a report gives back for good. None: the report is about something else, or about a delay."""
    beginning = data[:_MOST_SEARCHED]
    ids = {found[0].decode().lower() for found in _OF_OURS.finditer(beginning)}
    ids = {message_id for message_id in ids if thread_of([message_id], own)}
    if not ids:
        return None
    try:
        report: Any = BytesParser(policy=email.policy.compat32).parsebytes(beginning)
        has_failed = bool(scan_message(report))
    except Exception:  # of whatever in a stranger's e-mail: it is no report that anybody can read
        return None
    if not has_failed:
        return None
    answered = dict.fromkeys(found[1].decode() for found in _ANSWERED.finditer(beginning))
    return Returned(frozenset(ids), tuple(answered)[:10])
