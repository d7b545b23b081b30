"""A plain worker: threads that share one client ask the agent what a file, or stdin, holds.

Started with `python worker.py [FILE]`. A line is `customer<TAB>question`. The lines of a customer are one conversation,
in their order; customers are served side by side. Every question that was asked gets one line of JSON on stdout, and
the last line is the summary. SIGTERM and Ctrl-C end it: turns under way are waited for, a line without an outcome was
not asked.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import logging
import queue
import signal
import sys
import threading
import time
import zlib
from io import FileIO
from typing import NamedTuple

from polyai_chat import Attempt, ChatError, Client, Conversation

log = logging.getLogger("worker")


class Line(NamedTuple):
    """A line of the input."""

    line: int
    customer: str
    question: str


class Tally:
    """What all threads print and count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lines: collections.Counter[str] = collections.Counter()
        self.attempts: collections.Counter[str] = collections.Counter()

    def outcome(self, line: Line, outcome: str, **more: object) -> None:
        """The outcome of a line of the input."""
        with self._lock:
            self.lines[outcome] += 1
            print(json.dumps({**line._asdict(), "outcome": outcome, **more}), flush=True)

    def attempt(self, attempt: Attempt) -> None:
        """For the client's `on_attempt`, which calls it on the thread of the call. Be quick; your metrics go here."""
        with self._lock:
            self.attempts[f"{attempt['operation']} {attempt['status'] or attempt['kind']}"] += 1


class Asker(threading.Thread):
    """A thread with customers of its own, whose questions it asks one after the other."""

    def __init__(self, client: Client, tally: Tally, stop: threading.Event) -> None:
        super().__init__()
        self.lines: queue.Queue[Line | None] = queue.Queue(maxsize=100)  # None is the end
        self._client = client
        self._tally = tally
        self._stop_asking = stop
        self._conversations: dict[str, Conversation] = {}

    def run(self) -> None:
        """Asks until the end, then closes the conversations."""
        for line in iter(self.lines.get, None):
            if self._stop_asking.is_set():
                break
            self._ask(line)
        for conversation in self._conversations.values():
            try:
                if not conversation.ended:
                    conversation.close()
            except ChatError as error:
                log.warning("%s", error)

    def _ask(self, line: Line) -> None:
        try:
            conversation = self._conversations.get(line.customer)
            if conversation is None or conversation.ended:
                conversation = self._client.create(integration_attributes={"customer": line.customer})
                self._conversations[line.customer] = conversation
            reply = conversation.respond(line.question)
        except ChatError as error:
            # Where `may_resend` is false, the agent may have heard the question: do not feed the line again by itself.
            self._tally.outcome(line, "failed", error=str(error), may_resend=error.may_resend)
        else:
            handoff = reply.handoff.destination if reply.handoff else None
            self._tally.outcome(line, "answered", answer=reply.response, handoff=handoff)


def read(source: FileIO, askers: list[Asker]) -> None:
    """Gives each line to its customer's thread, and waits where that has enough. For a thread of its own."""
    for number, raw in enumerate(source, start=1):
        customer, _, question = raw.decode(errors="replace").strip().partition("\t")
        if question:
            asker = askers[zlib.crc32(customer.encode()) % len(askers)]
            asker.lines.put(Line(number, customer, question))
        else:
            log.warning("line %s is not customer<TAB>question", number)
    for asker in askers:
        asker.lines.put(None)


def main() -> int:
    """Runs until the input ends or somebody ends it. The status is 1 when a question was not answered."""
    parser = argparse.ArgumentParser(description="Asks the agent, line by line: customer<TAB>question.")
    parser.add_argument("file", nargs="?", help="instead of stdin")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--stop-within", type=float, default=25, help="seconds that SIGTERM leaves to turns under way")
    arguments = parser.parse_args()
    if arguments.threads < 1:
        parser.error("--threads is a number from 1 on")
    # Unbuffered: a thread that still waits for input when the program ends must not hold the lock of stdin's buffer.
    source = FileIO(arguments.file or sys.stdin.fileno(), closefd=bool(arguments.file))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    tally = Tally()
    client = Client.from_env(timeout=20, user_agent="worker/1.0", on_attempt=tally.attempt)
    askers = [Asker(client, tally, stop) for _ in range(arguments.threads)]
    for asker in askers:
        asker.start()
    threading.Thread(target=read, args=(source, askers), daemon=True).start()

    while any(asker.is_alive() for asker in askers) and not stop.wait(0.1):
        pass
    for asker in askers:
        with contextlib.suppress(queue.Full):  # then it does not wait for a line, and sees `stop`
            asker.lines.put_nowait(None)
    until = time.monotonic() + arguments.stop_within
    for asker in askers:
        asker.join(max(0.0, until - time.monotonic()))
    client.close()  # ends what is still under way, and each such call says what the agent may have heard
    for asker in askers:
        asker.join()

    metrics = client.metrics()
    summary = {
        "lines": dict(tally.lines),
        "attempts": dict(tally.attempts),
        "retries": metrics["retries"],
        "connections": metrics["opened_connections"],
        "stopped": stop.is_set(),
    }
    print(json.dumps({"summary": summary}), flush=True)
    return 1 if tally.lines["failed"] or stop.is_set() else 0


if __name__ == "__main__":
    sys.exit(main())
