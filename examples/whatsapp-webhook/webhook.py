"""What Meta sends to the webhook: who signed it, and which messages are in it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

MOST_OF_AN_ATTACHMENT = 4096  # characters of JSON
LONGEST_ID = 400  # characters; Meta's have some 60
# A customer's number, or the id of one who has a username.
_CUSTOMER = re.compile(r"[0-9]{1,32}|[A-Z]{2}\.[A-Za-z0-9.]{1,160}")


class Incoming(NamedTuple):
    """A message of a customer."""

    sender: str  # the number that was written to, and the customer's: a conversation belongs to both
    message_id: str
    text: str | None  # None where there is nothing to read, such as a picture
    attachment: dict[str, Any] | None  # what the agent does not get: a picture, beside its caption; for humans
    profile_name: str | None


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the bytes were signed with the app's secret. Takes the same time wherever they differ."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature.encode(), expected.encode())


def messages(notification: Any) -> list[Incoming]:
    """The messages of all entries and changes, in their order. What is not understood is passed by: statuses (sent,
    delivered, read), reactions, and whatever Meta adds."""
    return [
        message
        for entry in listed(notification, "entry")
        for change in listed(entry, "changes")
        if change.get("field") == "messages" and isinstance(change.get("value"), dict)
        for message in of_value(change["value"])
    ]


def of_value(value: dict[str, Any]) -> Iterator[Incoming]:
    """The messages to one number."""
    number = field(value, "metadata", "phone_number_id")
    contacts = listed(value, "contacts")
    for message in listed(value, "messages"):
        message_id, kind = field(message, "id"), field(message, "type")
        sender = field(message, "from") or field(message, "from_user_id")
        if sender is None and len(contacts) == 1:
            sender = field(contacts[0], "wa_id") or field(contacts[0], "user_id")
        if not (number and number.isdecimal() and sender and _CUSTOMER.fullmatch(sender) and message_id and kind):
            continue
        if len(message_id) > LONGEST_ID:
            continue
        if kind in ("reaction", "system", "revoke"):
            continue
        if kind == "edit":  # the customer has corrected what they wrote: it comes with an id of its own
            corrected = message.get("edit")
            message = (corrected.get("message") if isinstance(corrected, dict) else None) or {}
            kind = field(message, "type") or "edit"
        text = text_of(message, kind)
        is_all = kind in ("text", "button", "interactive") and text is not None
        attachment = None if is_all else attachment_of(message, kind)
        yield Incoming(f"{number}/{sender}", message_id, text, attachment, name_of(contacts, sender))


def name_of(contacts: list[dict[str, Any]], sender: str) -> str | None:
    """What a customer is called."""
    for contact in contacts:
        if sender in (contact.get("wa_id"), contact.get("user_id")):
            return field(contact, "profile", "name") or field(contact, "profile", "username")
    return None


def attachment_of(message: Any, kind: str) -> dict[str, Any]:
    """What Meta says of what cannot be read, unless that is endless."""
    content = message.get(kind) if isinstance(message, dict) else None
    is_short = len(json.dumps(content)) <= MOST_OF_AN_ATTACHMENT
    return {"type": kind, kind: content} if content is not None and is_short else {"type": kind}


def text_of(message: Any, kind: str) -> str | None:
    """What the customer wrote, or chose by a button."""
    texts = (
        field(message, kind, "body"),
        field(message, kind, "text"),
        field(message, kind, "caption"),
        *(field(message, kind, reply, "title") for reply in ("button_reply", "list_reply")),
    )
    return next((text for text in texts if text), None)


def listed(thing: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list, if there is one."""
    found = thing.get(name) if isinstance(thing, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def field(thing: Any, *names: str) -> str | None:
    """A text that lies this deep, if it does. What is half a character in JSON is replaced by U+FFFD."""
    for name in names:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(thing, str) else None
