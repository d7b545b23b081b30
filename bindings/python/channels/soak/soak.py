"""Many messages over three workers on PostgreSQL, while the server is restarted twice and two workers are killed.

    soak.py [--messages N] [--senders N], with tests/hosts on PYTHONPATH

Starts the server, the simulator as the agent and the workers, accepts the messages, and compares at the end what was
accepted with what the agent was told, by the simulator's count, and what reached the customers. Exit status 1: they
differ.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from postgresql import Server

from polyai_chat import Client
from polyai_chat_channels import Channel, Parked, PostgresStore, StoreError
from polyai_chat_testing import Simulator

HERE = Path(__file__).resolve().parent
WORKERS = 3
AT_ONCE = 8  # messages of a worker
MOST_DISTURBED = 4 * WORKERS * AT_ONCE  # at two restarts of the server and two deaths of a worker
ACCEPTING = 4  # threads, each for senders of its own
PATIENCE = 400.0  # seconds without any progress: a message that was taken when the server went waits for five minutes


class Soak:
    def __init__(self, messages: int, senders: int, stack: ExitStack) -> None:
        self.messages, self.senders, self.stack = messages, senders, stack
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="polyai-soak-")))
        self.outbox = folder / "outbox"
        self.outbox.touch()
        self.server = self.stack.enter_context(Server())
        self.simulator = self.stack.enter_context(Simulator())
        self.store = self.stack.enter_context(PostgresStore(self.server.conninfo))
        self.store.migrate(timeout=60.0)
        self.channel = Channel(Client(**self.simulator.options), self.store, "soak")
        self.workers = [self._start_worker() for _ in range(WORKERS)]
        self.failed = threading.Event()

    def _start_worker(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "CLIENT_OPTIONS": json.dumps(self.simulator.options)}
        command = [sys.executable, str(HERE / "worker.py"), self.server.conninfo, str(self.outbox), str(AT_ONCE)]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
        self.stack.callback(worker.kill)
        return worker

    def delivered(self) -> int:
        """How many answers have reached the customers, each counted once."""
        return len(set(self.outbox.read_bytes().split(b"\n")[:-1]))

    def accept_all(self, thread: int) -> None:
        """The messages of every fourth sender, each sender's in their order."""
        try:
            for number in range(self.messages):
                if number % self.senders % ACCEPTING == thread:
                    self._accept(f"{number % self.senders}", f"{number // self.senders}")
        except BaseException:
            self.failed.set()
            raise

    def _accept(self, sender: str, message_id: str) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.channel.accept(
                    sender=sender, message_id=message_id, text=f"{sender}:{message_id}", for_others=True
                )
                return
            except StoreError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def disturb(self) -> None:
        """Restarts the server and kills workers, each after a share of the messages."""
        events = {
            0.2: ("kill the server", self._restart(self.server.kill)),
            0.4: ("kill a worker", self._replace_a_worker),
            0.6: ("stop the server", self._restart(self.server.stop)),
            0.8: ("kill a worker", self._replace_a_worker),
        }
        for part, (name, happens) in events.items():
            self.wait_for(int(part * self.messages))
            print(f"{self.delivered()} delivered: {name}", flush=True)
            happens()

    def _restart(self, end: Callable[[], None]) -> Callable[[], None]:
        def restart() -> None:
            end()
            time.sleep(2.0)
            self.server.start()

        return restart

    def _replace_a_worker(self) -> None:
        worker = self.workers.pop(0)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        self.workers.append(self._start_worker())

    def wait_for(self, number: int) -> None:
        """Waits until so many lines were delivered, or parked for a human."""
        last, since = -1, time.monotonic()
        while (now := self.delivered() + len(self.parked())) < number:
            if now != last:
                last, since = now, time.monotonic()
            if self.failed.is_set() or time.monotonic() - since > PATIENCE:
                raise SystemExit(f"no progress since {now} of {self.messages} messages")
            time.sleep(0.5)

    def parked(self) -> list[Parked]:
        try:
            return self.channel.parked(1000)
        except StoreError:
            return []

    def run(self) -> int:
        began = time.monotonic()
        threads = [threading.Thread(target=self.accept_all, args=(number,), daemon=True) for number in range(ACCEPTING)]
        for thread in threads:
            thread.start()
        self.disturb()
        for thread in threads:
            thread.join()
        self.wait_for(self.messages)
        return self.compare(time.monotonic() - began)

    def compare(self, seconds: float) -> int:
        """Three books: what was accepted, what the agent was told, what the customers got."""
        wanted = [f"{n % self.senders}:{n // self.senders}" for n in range(self.messages)]
        conversations = self.simulator.conversations()
        turns = Counter(text for one in conversations for text in one["messages"])
        got: dict[str, list[int]] = defaultdict(list)
        lines = self.outbox.read_text().split("\n")[:-1]
        for line in lines:
            sender, number = line.split(" ")
            if int(number) not in got[sender]:
                got[sender].append(int(number))
        for_humans = self.parked()
        parked = {one.message.text for one in for_humans}
        delivered = {f"{sender}:{number}" for sender, numbers in got.items() for number in numbers}
        books = {
            "messages accepted": len(wanted),
            "delivered": len(delivered),
            "delivered again after a worker died": len(lines) - len(delivered),
            "parked: the agent may have heard them, and their answers are lost": len(parked),
            "conversations": len(conversations),
            "seconds": round(seconds),
        }
        wrong = {
            "messages lost": len(set(wanted) - delivered - parked),
            "parked for another reason": sum(one.why != "unknown" for one in for_humans),
            "parked beyond what can have been under way": max(0, len(parked) - MOST_DISTURBED),
            "turns given twice": sum(count - 1 for count in turns.values() if count > 1),
            "turns that nobody asked for": len(set(turns) - set(wanted)),
            "answers without a turn": len(delivered - set(turns)),
            "turns that ran beside another of their conversation": sum(
                one["most_turns_in_flight"] > 1 for one in conversations
            ),
            "customers whose answers came in another order": sum(
                numbers != sorted(numbers) for numbers in got.values()
            ),
            "conversations told in another order": sum(not is_in_order(one["messages"]) for one in conversations),
        }
        for what, number in {**books, **wrong}.items():
            print(f"{number:9,} {what}")
        return 1 if any(wrong.values()) else 0


def is_in_order(texts: list[str]) -> bool:
    numbers = [int(text.split(":")[1]) for text in texts]
    return numbers == sorted(numbers)


def main() -> int:
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # the outages are intended
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--senders", type=int, default=2_000)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        return Soak(arguments.messages, arguments.senders, stack).run()


if __name__ == "__main__":
    sys.exit(main())
