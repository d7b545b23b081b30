"""What is set by environment variables; empty is not set.

The client reads its own: POLYAI_STUDIO_URL, POLYAI_API_KEY, POLYAI_TOKEN.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, urlsplit


def text(name: str, default: str = "") -> str:
    """A setting, or its default. Without either the program does not start."""
    value = os.environ.get(name, "").strip() or default
    if not value:
        raise ValueError(f"{name} is not set")
    return value


def number(name: str, default: float) -> float:
    """A number above 0."""
    value = text(name, str(default))
    try:
        found = float(value)
    except ValueError:
        found = 0.0
    if not 0 < found < 1_000_000_000:
        raise ValueError(f"{name} is {value!r}: a number above 0")
    return found


def count(name: str, default: int) -> int:
    """A number of things, 1 or more."""
    return int(number(name, default) + 0.999)


def words(name: str, default: str) -> frozenset[str]:
    """Words with commas between them."""
    return frozenset(filter(None, (word.strip().casefold() for word in text(name, default).split(","))))


def url(name: str, default: str) -> str:
    """An address of a server of HTTP."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise ValueError(f"{name} is {value!r}: an address such as {default}")
    return value


# A path on a local disk, or postgresql://… for workers on several machines.
DATABASE = text("DATABASE", "sms.sqlite")
# What the agent did not deal with. Your inbox goes into humans.py.
FOR_HUMANS = Path(text("SMS_FOR_HUMANS", "for_humans.jsonl"))

# Any word. Kannel has it in the address that it calls, so that nobody else's messages are taken.
KEY = text("SMS_KEY")
# Where Kannel's smsbox takes messages, and as whom: the group sendsms-user of kannel.conf.
KANNEL_URL = url("SMS_KANNEL_URL", "http://127.0.0.1:13013")
KANNEL_USER = text("SMS_KANNEL_USER", "agent")
KANNEL_PASSWORD = text("SMS_KANNEL_PASSWORD")
# Where Kannel reaches this program, for delivery reports.
OWN_URL = url("SMS_OWN_URL", "http://127.0.0.1:8000")
REPORT_URL = f"{OWN_URL}/report?key={quote(KEY, safe='')}"

STOP_WORDS = words("SMS_STOP_WORDS", "stop, stopall, unsubscribe, cancel, end, quit, revoke, optout")
START_WORDS = words("SMS_START_WORDS", "start, unstop")
HELP_WORDS = words("SMS_HELP_WORDS", "help, info")
STOPPED = text("SMS_STOPPED", "You will get no more messages from us. Reply START to get them again.")
STARTED = text("SMS_STARTED", "You get our messages again. Reply STOP to get no more.")
HELP = text("SMS_HELP", "Write what you need, and our assistant answers. Reply STOP to get no more messages.")

# How many messages an answer may take at most, which are billed one by one; the rest is cut off.
MOST_PARTS = count("SMS_MOST_PARTS", 4)
# What the agent is given of a number in an hour, in each worker; the rest is for humans.
MESSAGES_AN_HOUR = count("SMS_MESSAGES_AN_HOUR", 60)

TURN_SECONDS = number("SMS_TURN_SECONDS", 30)
# A message that could not be given to the agent, or an answer that could not be sent, is tried for so long.
GIVE_UP_SECONDS = number("SMS_GIVE_UP_SECONDS", 1800)
TICK_SECONDS = number("SMS_TICK_SECONDS", 5)
MOST_AT_ONCE = count("SMS_MOST_AT_ONCE", 50)
STOP_SECONDS = number("SMS_STOP_SECONDS", 25)

HOUR, DAY = 3600.0, 86400.0
# After so long without a message a number begins a new conversation.
IDLE_AFTER = 12 * HOUR
# Reports of delivery come for some days.
REMEMBERED_FOR = 14 * DAY
