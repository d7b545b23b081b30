"""What the environment says, read once at the start. Keys are not here: the client reads those itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .origins import origin_of


@dataclass(frozen=True)
class Settings:
    """How the widget's backend behaves."""

    database: str
    """What all its processes share; it holds what customers said. The path of a file, which has a neighbour with the
    transcripts, for the processes of one machine; or postgresql://USER@HOST/DATABASE for those of many."""
    origins: tuple[str, ...] = ()
    """The sites whose pages may have the widget in them, this server's own name among them where it has such pages."""
    cookie_needs_tls: bool = True
    """False is for a developer's machine, where there is no TLS."""
    turn_seconds: float = 25.0
    """The most that a customer waits for an answer, earlier sentences included."""
    idle_seconds: float = 30 * 60.0
    """After so long without a sentence a conversation is closed."""
    keep_seconds: float = 24 * 3600.0
    """After so long without anything a browser's conversations are forgotten."""
    messages_a_minute: int = 20
    """How many sentences a browser may send."""
    conversations_an_hour: int = 60
    """How many conversations an address may begin. Offices and phone networks share addresses."""
    address_messages_a_minute: int = 120
    """How many sentences an address may send."""
    all_messages_a_minute: int = 2000
    """How many sentences all may send."""
    all_conversations_an_hour: int = 1200
    """How many conversations all may begin: it bounds what anybody can cost you."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads `DATABASE` and `WEBCHAT_…`; a wrong value is an error that names it."""
        database = environment.get("DATABASE", "").strip()
        if not database:
            raise ValueError("DATABASE is not set: a path such as /var/lib/webchat/chat.sqlite, or postgresql://…")
        messages = int(_above_zero(environment, "WEBCHAT_MESSAGES_A_MINUTE", cls.messages_a_minute))
        conversations = int(_above_zero(environment, "WEBCHAT_CONVERSATIONS_AN_HOUR", cls.conversations_an_hour))
        return cls(
            database=database,
            origins=tuple(filter(None, map(_origin, environment.get("WEBCHAT_ORIGINS", "").split(",")))),
            cookie_needs_tls=_yes_or_no(environment, "WEBCHAT_COOKIE_NEEDS_TLS", cls.cookie_needs_tls),
            turn_seconds=_above_zero(environment, "WEBCHAT_TURN_SECONDS", cls.turn_seconds),
            idle_seconds=_above_zero(environment, "WEBCHAT_IDLE_SECONDS", cls.idle_seconds),
            keep_seconds=_above_zero(environment, "WEBCHAT_KEEP_SECONDS", cls.keep_seconds),
            messages_a_minute=messages,
            conversations_an_hour=conversations,
            address_messages_a_minute=int(_above_zero(environment, "WEBCHAT_ADDRESS_MESSAGES_A_MINUTE", 6 * messages)),
            all_messages_a_minute=int(_above_zero(environment, "WEBCHAT_ALL_MESSAGES_A_MINUTE", 100 * messages)),
            all_conversations_an_hour=int(
                _above_zero(environment, "WEBCHAT_ALL_CONVERSATIONS_AN_HOUR", 20 * conversations)
            ),
        )


def _origin(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return origin_of(text.strip())
    except ValueError:
        raise ValueError(
            f"WEBCHAT_ORIGINS: {text.strip()!r} is no origin, such as https://www.example.com: no path, no wildcard"
        ) from None


def _yes_or_no(environment: Mapping[str, str], name: str, default: bool) -> bool:
    value = environment.get(name, "yes" if default else "no")
    if value not in ("yes", "no"):
        raise ValueError(f"{name} is {value!r}: yes or no")
    return value == "yes"


def _above_zero(environment: Mapping[str, str], name: str, default: float) -> float:
    value = environment.get(name, str(default))
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 1 <= number < 10_000_000:
        raise ValueError(f"{name} is {value!r}: a number from 1 on")
    return number
