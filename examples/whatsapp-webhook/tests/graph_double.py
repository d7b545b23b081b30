"""A local double of Meta's Graph API: it takes messages to be sent, and refuses as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

TOKEN = "graph-token-7f31"
VERSION = "v23.0"


class Sent(NamedTuple):
    """A message that the customer got."""

    number: str
    to: str
    text: str


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_request: object) -> None:
        """A client that was killed is none of its business."""


class GraphDouble:
    """Serves while it is entered. `refusals` are answered first: a status and a code; None hangs up when it sent."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.sent_at: list[float] = []  # when each of them was, in seconds of `time.monotonic`
        self.asked = 0
        self.token = TOKEN
        self.refusals: deque[tuple[int, int] | None] = deque()
        self.refuses_always: tuple[int, int] | None = None
        self.refuse_after: tuple[int, tuple[int, int]] | None = None  # so many are taken, then this is the answer
        self.changed = threading.Condition()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                double.take(self, body)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        """Answers a request, as the Cloud API does."""
        _, version, number, what = handler.path.split("/")
        assert (version, what) == (VERSION, "messages")
        assert (body["messaging_product"], body["type"]) == ("whatsapp", "text")
        assert 0 < len(body["text"]["body"]) <= 4096
        assert ("to" in body) != ("recipient" in body)
        customer = body.get("to") or body["recipient"]
        with self.changed:
            self.asked += 1
            if handler.headers["Authorization"] != f"Bearer {self.token}":
                refusal: tuple[int, int] | None = (401, 190)
            elif self.refuses_always is not None:
                refusal = self.refuses_always
            elif self.refuse_after is not None and self.refuse_after[0] == 0:
                refusal = self.refuse_after[1]
            elif self.refusals:
                refusal = self.refusals.popleft()
            else:
                refusal = (200, 0)
                if self.refuse_after is not None:
                    self.refuse_after = (self.refuse_after[0] - 1, self.refuse_after[1])
            if refusal is None or refusal[0] == 200:
                self.sent.append(Sent(number, customer, body["text"]["body"]))
                self.sent_at.append(time.monotonic())
            self.changed.notify_all()
        if refusal is None:
            handler.close_connection = True
            return
        status, code = refusal
        answer = {"messages": [{"id": "wamid.out"}]} if status == 200 else {"error": {"code": code, "message": "no"}}
        text = json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def forget(self) -> None:
        """All that it was sent and told."""
        with self.changed:
            self.sent.clear()
            self.sent_at.clear()
            self.refusals.clear()
            self.asked, self.token, self.refuses_always, self.refuse_after = 0, TOKEN, None, None

    def wait_for(self, count: int, seconds: float = 40.0) -> list[Sent]:
        """Waits until so many messages were sent."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.sent) >= count, seconds), self.sent
            return list(self.sent)

    def wait_until_asked(self, count: int, seconds: float = 40.0) -> None:
        """Waits until it was asked so often."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.asked >= count, seconds), self.asked

    def __enter__(self) -> GraphDouble:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
