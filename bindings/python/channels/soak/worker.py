"""A worker of the soak: answers what waits in the store, and notes in one file for all workers what reached a customer.

    worker.py CONNINFO OUTBOX AT_ONCE

The options of its client are in CLIENT_OPTIONS, in JSON. It works until its standard input ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from polyai_chat import ChatError, Client
from polyai_chat_channels import Answer, Channel, Message, PostgresStore, StoreError

PAUSE = 0.2  # seconds, while the store cannot be reached


class Worker:
    def __init__(self, channel: Channel, outbox: int, at_once: int) -> None:
        self._channel, self._outbox = channel, outbox
        self._free = threading.Semaphore(at_once)
        self._pool = ThreadPoolExecutor(at_once)

    def work(self) -> None:
        """Takes what waits, for ever: no more than it can answer now."""
        while True:
            try:
                if not self._take():
                    self._channel.wait(1.0)
            except StoreError:
                time.sleep(PAUSE)

    def _take(self) -> bool:
        self._free.acquire()
        free = 1
        while self._free.acquire(blocking=False):
            free += 1
        messages: list[Message] = []
        try:
            answers = self._channel.undelivered(free)
            for answer in answers:
                self._deliver(answer)
            messages = self._channel.pending(free)
        finally:
            for _ in range(free - len(messages)):
                self._free.release()
        for message in messages:
            self._pool.submit(self._answer, message).add_done_callback(self._is_done)
        return bool(messages or answers)

    def _is_done(self, future: Future[None]) -> None:
        self._free.release()
        if future.exception() is not None:
            print(f"a worker ends: {future.exception()!r}", file=sys.stderr, flush=True)
            os._exit(1)

    def _answer(self, message: Message) -> None:
        try:
            answer = self._channel.answer(message)
        except StoreError:
            return  # it is tried again, or parked where its answer is lost
        except ChatError as error:
            print(f"{message.sender} {message.message_id}: {error.kind}, {error.delivery}", file=sys.stderr, flush=True)
            return
        if answer.is_behind:
            self._until_recorded(lambda: self._channel.not_delivered(answer))  # it comes after an earlier one
        elif not answer.is_repeated:
            self._deliver(answer)

    def _deliver(self, answer: Answer) -> None:
        os.write(self._outbox, f"{answer.message.sender} {answer.message.message_id}\n".encode())
        self._until_recorded(lambda: self._channel.delivered(answer))

    def _until_recorded(self, record: Callable[[], None]) -> None:
        """An answer is not to reach the customer a second time because the server was away."""
        while True:
            try:
                return record()
            except StoreError:
                time.sleep(PAUSE)


def main() -> None:
    conninfo, outbox, at_once = sys.argv[1:]
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # the outages are intended
    client = Client(**json.loads(os.environ["CLIENT_OPTIONS"]))
    channel = Channel(client, PostgresStore(conninfo), "soak", timeout=20.0)
    worker = Worker(channel, os.open(outbox, os.O_WRONLY | os.O_APPEND), int(at_once))
    threading.Thread(target=worker.work, daemon=True).start()
    sys.stdin.read()
    os._exit(0)  # what is under way is left to the others


main()
