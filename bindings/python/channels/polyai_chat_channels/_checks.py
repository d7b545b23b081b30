"""Checks of arguments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from polyai_chat import BusyError, ChatError, InvalidArgumentError

from ._records import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_ID = 2000
"""How many bytes a sender or a message id may have: what an index of PostgreSQL can hold."""
_LONGEST_NAME = 200


def message_of(
    sender: str, message_id: str, text: str | None, integration_attributes: Mapping[str, Any] | None
) -> Message:
    """A message of these parts, if they can be one."""
    if text is not None:
        checked("text", text)
    attributes = None if integration_attributes is None else dict(integration_attributes)
    return Message(an_id("sender", sender), an_id("message_id", message_id), text, attributes)


def a_name(name: str) -> str:
    """The name of a channel."""
    if "\0" in _bounded("name", name, _LONGEST_NAME):
        raise failure(InvalidArgumentError, "name holds a NUL character")
    return name


def an_id(name: str, value: str) -> str:
    """A sender or a message id."""
    return _bounded(name, value, _LONGEST_ID)


def _bounded(name: str, value: str, most: int) -> str:
    if checked(name, value) == "":
        raise failure(InvalidArgumentError, f"{name} is empty")
    size = len(value.encode())
    if size > most:
        raise failure(InvalidArgumentError, f"{name} has {size} bytes in UTF-8, and {most} are the most")
    return value


def checked(name: str, value: Any) -> str:
    """A text that can be sent."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        text = f"{name} holds half a surrogate pair, which is no character"
        raise failure(InvalidArgumentError, text) from error
    return value


def a_time_limit(value: float | timedelta) -> float:
    """A deadline in seconds."""
    seconds = a_duration("timeout", value)
    if seconds == 0:
        raise ValueError("timeout must be a time above 0 seconds")
    return seconds


def a_duration(name: str, value: Any) -> float:
    """A duration in seconds."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds or a timedelta, not {type(value).__name__}")
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{name} must be a time of 0 seconds or more, not {seconds}")
    return float(seconds)


def failure(of_kind: type[ChatError], text: str) -> ChatError:
    """A failure before anything was sent."""
    phase = "queue" if of_kind is BusyError else "prepare"
    return of_kind(f"{of_kind.kind}: {text}", message=text, delivery="not_sent", phase=phase)
