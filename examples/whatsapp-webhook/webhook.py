"""What Meta sends to the webhook: who signed it, and which messages are in it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from typing import Any, NamedTuple


class Incoming(NamedTuple):
    """A message of a customer."""

    sender: str  # the number that was written to, and the customer's: a conversation belongs to both
    message_id: str
    text: str | None  # None where there is nothing to read, such as a picture
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
    names = {contact.get("wa_id"): field(contact, "profile", "name") for contact in listed(value, "contacts")}
    for message in listed(value, "messages"):
        sender, message_id, kind = field(message, "from"), field(message, "id"), field(message, "type")
        if not (number and sender and message_id and kind):
            continue
        if kind in ("reaction", "system", "unsupported"):
            continue
        yield Incoming(f"{number}/{sender}", message_id, text_of(message, kind), names.get(sender))


def text_of(message: dict[str, Any], kind: str) -> str | None:
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
