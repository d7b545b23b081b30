"""What Kannel says of a message or of a report when it calls."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import parse_qs

import settings

# Services and robots write from words and short numbers; nobody answers those.
_CUSTOMER = re.compile(r"\+?([0-9]{7,15})")
_OWN = re.compile(r"\+?([0-9A-Za-z]{3,15})")
_ID = re.compile(r"[!-~]{1,100}")
_BINARY = "1"
_MOST_TEXT = 4000


class Incoming(NamedTuple):
    """A message of a customer."""

    sender: str
    """The number that was written to, and the customer's: a conversation belongs to both."""
    message_id: str
    text: str


class Report(NamedTuple):
    """What became of an answer."""

    sender: str
    message_id: str
    """The message that it answers."""
    status: str
    centre_id: str
    """Its id at the SMS centre."""


def fields(query: bytes) -> dict[str, bytes]:
    """The first value of each field of a query, byte for byte."""
    found = parse_qs(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=20)
    return {name: values[0].encode("latin-1") for name, values in found.items()}


def message_of(given: dict[str, bytes]) -> Incoming | None:
    """A message; None where it is none that can be answered."""
    customer = _CUSTOMER.fullmatch(_word(given, "from"))
    own = _OWN.fullmatch(_word(given, "to"))
    message_id = _ID.fullmatch(_word(given, "id"))
    if not (customer and own and message_id) or _word(given, "coding") == _BINARY:
        return None
    text = _text(given.get("text", b""), _word(given, "coding"), _word(given, "charset"))
    return Incoming(f"{own[1]}/{customer[1]}", message_id[0], text) if text else None


def report_of(given: dict[str, bytes]) -> Report | None:
    """A report; None where it is none."""
    parts = [_ID.fullmatch(_word(given, name)) for name in ("sender", "id", "status")]
    if not all(parts):
        return None
    sender, message_id, status = (part[0] for part in parts if part)
    centre_id = _ID.fullmatch(_word(given, "centre"))
    return Report(sender, message_id, status, centre_id[0] if centre_id else "")


def _word(given: dict[str, bytes], name: str) -> str:
    return given.get(name, b"").decode("utf-8", "replace").strip()


def _text(data: bytes, coding: str, charset: str) -> str:
    """Kannel makes UTF-8 of all that it can; what it cannot is UCS-2."""
    try:
        text = data.decode("utf-16-be" if coding == "2" else charset or "utf-8", "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    kept = (char for char in text[:_MOST_TEXT] if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    return "".join(kept).strip()


def word_of(text: str) -> str:
    """'stop', 'start' or 'help' where a message is nothing but one of those words; else empty."""
    word = text.strip(" \t\n.!,\"'").casefold()
    kinds = {"stop": settings.STOP_WORDS, "start": settings.START_WORDS, "help": settings.HELP_WORDS}
    return next((kind for kind, words in kinds.items() if word in words), "")
