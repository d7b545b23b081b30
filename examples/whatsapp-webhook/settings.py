"""What is set by environment variables; empty is not set.

The client reads its own: POLYAI_STUDIO_URL, POLYAI_API_KEY, POLYAI_TOKEN.
"""

from __future__ import annotations

import os
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit


def text(name: str, default: str = "") -> str:
    """A setting, or its default. Without either the program does not start."""
    value = os.environ.get(name, "").strip() or default
    if not value:
        raise ValueError(f"{name} is not set")
    return value


def seconds(name: str, default: float) -> float:
    """A number above 0."""
    value = text(name, str(default))
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 10_000_000:
        raise ValueError(f"{name} is {value!r}: a number of seconds, above 0")
    return number


def is_this_machine(host: str) -> bool:
    """Whether what is sent there stays here."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# From the app's settings at Meta.
APP_SECRET = text("WHATSAPP_APP_SECRET")
# Any text, entered there too.
VERIFY_TOKEN = text("WHATSAPP_VERIFY_TOKEN")
GRAPH_URL = text("WHATSAPP_GRAPH_URL", "https://graph.facebook.com").rstrip("/")
GRAPH_VERSION = text("WHATSAPP_GRAPH_VERSION", "v23.0")
_host = urlsplit(GRAPH_URL).hostname or ""
# The access token goes there, and what customers get: in the clear only to a double of Graph on this machine.
_schemes = ("http", "https") if is_this_machine(_host) else ("https",)
if not _host or urlsplit(GRAPH_URL).scheme not in _schemes:
    raise ValueError(f"WHATSAPP_GRAPH_URL is {GRAPH_URL!r}: an address such as https://graph.facebook.com")

# Holds what customers wrote, for as long as it is needed: a file on a local disk, in a folder of this service alone,
# for the workers of one machine, or postgresql://USER@HOST/DATABASE for those of many.
DATABASE = text("DATABASE", "whatsapp.sqlite")
# What the agent did not deal with. Your inbox goes into humans.py.
FOR_HUMANS = Path(text("WHATSAPP_FOR_HUMANS", "for_humans.jsonl"))

# What the agent is given of a customer, and of all, in each worker; the rest is for humans.
MESSAGES_A_MINUTE = int(seconds("WHATSAPP_MESSAGES_A_MINUTE", 200) + 0.999)
ALL_MESSAGES_A_MINUTE = int(seconds("WHATSAPP_ALL_MESSAGES_A_MINUTE", 1200) + 0.999)

TURN_SECONDS = seconds("WHATSAPP_TURN_SECONDS", 30)
# A message that could not be given to the agent, or an answer that could not be sent, is tried for so long.
GIVE_UP_SECONDS = seconds("WHATSAPP_GIVE_UP_SECONDS", 600)
TICK_SECONDS = seconds("WHATSAPP_TICK_SECONDS", 5)
TIDY_SECONDS = 60
# How many customers a worker serves at a time; the others are for other workers.
MOST_AT_ONCE = int(seconds("WHATSAPP_MOST_AT_ONCE", 100) + 0.999)
STOP_SECONDS = seconds("WHATSAPP_STOP_SECONDS", 25)
# WhatsApp's own window: 24 hours after a customer's last message a business may not answer freely any more.
IDLE_AFTER = timedelta(hours=24)
# Meta delivers a message again for up to 7 days.
REMEMBERED_FOR = timedelta(days=8)


# The token that sends messages: from a file where there is one, so that it can be replaced while this runs.
ACCESS_TOKEN_FILE = os.environ.get("WHATSAPP_ACCESS_TOKEN_FILE", "").strip()
ACCESS_TOKEN = "" if ACCESS_TOKEN_FILE else text("WHATSAPP_ACCESS_TOKEN")


def read_access_token() -> str:
    """The token as it is now. OSError, ValueError: the file cannot be read, or holds none."""
    token = Path(ACCESS_TOKEN_FILE).read_text(encoding="ascii").strip() if ACCESS_TOKEN_FILE else ACCESS_TOKEN
    if not (token.isascii() and token.isprintable() and token and " " not in token):
        raise ValueError("the access token is not one word of ASCII")
    return token
