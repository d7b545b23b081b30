"""Names out of documentation and help, for what a language shows as text only."""

from __future__ import annotations

import re


def in_backticks(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def known(message: str) -> list[str]:
    """The names that an error lists as those that are known."""
    return message.rpartition("known are ")[2].strip().split(", ")


def keys(text: str) -> list[str]:
    """The keys of "a JSON object: `one`, `other` (which holds `more`)": what is in parentheses lies deeper."""
    flat = re.sub(r"\([^()]*\)", "", " ".join(text.split()))
    listed = re.search(r"JSON (?:object|array of objects): (.*?)(?:[;.] |[;.]?$)", flat)
    return in_backticks(listed[1]) if listed else []


def values(text: str, key: str) -> list[str]:
    """The values that stand in parentheses behind a key."""
    listed = re.search(rf"`{key}` \(([^()]*)\)", " ".join(text.split()))
    return re.findall(r"[`']([^`']+)[`']", listed[1]) if listed else []
