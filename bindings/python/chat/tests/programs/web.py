"""A WSGI application whose client is made when it is imported, which a server that preloads does before it forks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from start import client_of_the_test, tell

client = client_of_the_test(timeout=30)
# It has been used as well: the parent holds a connection that no worker may touch.
first = client.create()
made_in = os.getpid()


def application(
    environment: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
) -> list[bytes]:
    """Says the query's `message` in a conversation of its own; answers with process and reply."""
    message = parse_qs(environment["QUERY_STRING"])["message"][0]
    conversation = client.create()
    if os.environ.get("WORKERS") == "gevent":
        from gevent import socket  # type: ignore[import-untyped]

        turn = conversation.start(message)
        socket.wait_read(turn.fileno())
        reply = turn.result()
    else:
        reply = conversation.respond(message)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{made_in} {os.getpid()} {threading.get_ident()} {reply.response}".encode()]


def when_ready(_server: object) -> None:
    """A hook of gunicorn's, which reads its settings from this file too."""
    tell("ready")
