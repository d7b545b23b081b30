"""What every program here needs at its start: a client of the test's simulator, and a way to talk to the test."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from polyai_chat import Client


def client_of_the_test(**options: Any) -> Client:
    """A client with the options that the test gave this process."""
    return Client(**{**json.loads(os.environ["CLIENT_OPTIONS"]), **options})


def tell(line: str) -> None:
    """Tells the test something. One write, so that lines of several threads and processes do not mix."""
    os.write(1, (line + "\n").encode())


def tell_value(value: Any) -> None:
    """Tells the test a value."""
    tell(json.dumps(value))


def told() -> str:
    """Waits for a line from the test."""
    return sys.stdin.readline().rstrip("\n")
