"""What is set by environment variables; empty is not set.

The client reads its own: POLYAI_STUDIO_URL, POLYAI_API_KEY, POLYAI_TOKEN.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Server(NamedTuple):
    """Where a mail server is, and as whom to log in."""

    host: str
    port: int
    is_tls: bool
    """From the first byte; otherwise STARTTLS, or on this machine nothing."""
    user: str
    password: str

    @property
    def is_here(self) -> bool:
        """Whether what is sent there stays on this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


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


def server(name: str, default: str, scheme: str, port: int, tls_port: int) -> Server:
    """A server by its URL, whose scheme with an s at its end stands for TLS."""
    value = text(name, default)
    url = urlsplit(value)
    is_tls = url.scheme == f"{scheme}s"
    is_known = is_tls or url.scheme == scheme
    if not is_known or not url.hostname or url.path not in ("", "/") or url.password is not None:
        example = f"{scheme}s://help%40acme.example@mail.acme.example"
        raise ValueError(f"{name} is not a URL such as {example}, without a password")
    user = unquote(url.username or "")
    return Server(url.hostname, url.port or (tls_port if is_tls else port), is_tls, user, password() if user else "")


def password() -> str:
    """That of the mailbox, from a file where there is one."""
    file = os.environ.get("MAIL_PASSWORD_FILE", "").strip()
    return Path(file).read_text(encoding="utf-8").strip() if file else text("MAIL_PASSWORD")


def addresses(name: str) -> tuple[str, ...]:
    """E-mail addresses, with commas between them."""
    found = tuple(filter(None, (address.strip() for address in text(name).split(","))))
    for address in found:
        if not re.fullmatch(r"[^\s@<>\",;]+@[A-Za-z0-9.-]+", address):
            raise ValueError(f"{name} holds {address!r}: an address such as help@acme.example")
    return found


# A path on a local disk, or postgresql://… for workers on several machines.
DATABASE = text("DATABASE", "mails.sqlite")

# What customers write to. It tells as whom an e-mail is answered, and what came from ourselves.
OWN = addresses("MAIL_ADDRESSES")
IMAP = server("MAIL_IMAP", "", "imap", 143, 993)
SMTP = server("MAIL_SMTP", "smtp://127.0.0.1:25", "smtp", 25, 465)

# E-mails that the agent is given of one writer, and of all; the rest is for a human.
MOST_A_DAY = int(number("MAIL_MOST_A_DAY", 30))
MOST_OF_ALL_A_DAY = int(number("MAIL_MOST_OF_ALL_A_DAY", 5000))

TURNS_AT_ONCE = int(number("MAIL_TURNS_AT_ONCE", 4))
TURN_SECONDS = number("MAIL_TURN_SECONDS", 60)
# An e-mail that could not be given to the agent, or an answer that could not be sent, is tried for so long.
GIVE_UP_SECONDS = number("MAIL_GIVE_UP_SECONDS", 7200)
TICK_SECONDS = number("MAIL_TICK_SECONDS", 5)
NETWORK_SECONDS = 60.0

DAY = 86400.0
# After so long without an e-mail a thread begins a new conversation.
IDLE_AFTER = 14 * DAY
# A mail server delivers again what it could not deliver for 5 days.
REMEMBERED_FOR = 30 * DAY
