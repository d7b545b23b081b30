"""A process that takes messages through a store, one after the other, from `accept` to `delivered`.

    store_worker.py STORE WHERE NAME SECONDS [SENDERS]

STORE is sqlite, postgresql or before: the SQLite store of an earlier commit. It waits for a line on stdin, and prints
the seconds of each message and its processor time in JSON. With SENDERS, a message is from one of so many who are known
already; else from one of twenty.
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE = 60.0
PATIENCE = 60.0
FEW_SENDERS = 20
GROWN = "grown"


def of_today(store: Any, name: str, channel: str) -> Callable[[str, str], None]:
    from polyai_chat_channels import Answer, Message, Outcome, Sender

    known: set[str] = set()
    store.beat(name, name, timeout=PATIENCE)

    def carry(sender: str, message_id: str) -> None:
        message = Message(sender, message_id, "Where is my order?")
        store.accept(channel, message, message_id, worker=None, lease=LEASE, timeout=PATIENCE)
        (taken,) = store.take(channel, name, 1, lease=LEASE, timeout=PATIENCE)
        token = taken.turn.token
        if sender not in known and channel != GROWN:
            known.add(sender)
            assert store.begin(channel, taken, token, Sender(sender, "c"), False, timeout=PATIENCE)
        assert store.send(channel, taken, token, conversation_id="c", correlation_id="t", lease=LEASE, timeout=PATIENCE)
        outcome = Outcome("answered", Answer(taken, "open", "It has left."), conversation_id="c")
        assert store.settle(channel, taken, name, token, outcome, lease=LEASE, timeout=PATIENCE).state == "settled"
        store.delivered(channel, taken.sender, taken.message_id, timeout=PATIENCE)

    return carry


def of_before(store: Any, channel: str) -> Callable[[str, str], None]:
    from polyai_before.channels import Answer, Message, Outcome, Sender

    known: set[str] = set()

    def carry(sender: str, message_id: str) -> None:
        message = Message(sender, message_id, "Where is my order?")
        store.accept(channel, message, False, timeout=PATIENCE)
        assert store.claim(channel, message, message_id, LEASE, timeout=PATIENCE).state == "first"
        if sender not in known and channel != GROWN:
            known.add(sender)
            assert store.begin(channel, message, message_id, Sender(sender, "c"), False, timeout=PATIENCE)
        assert store.send(channel, message, message_id, timeout=PATIENCE)
        outcome = Outcome("answered", Answer(message, "open", "It has left."))
        assert store.settle(channel, message, message_id, outcome, timeout=PATIENCE)
        store.delivered(channel, sender, message_id, True, timeout=PATIENCE)

    return carry


def opened(kind: str, where: str, name: str, channel: str) -> Callable[[str, str], None]:
    if kind == "before":
        from polyai_before.channels import SQLiteStore as StoreBefore

        return of_before(StoreBefore(where), channel)
    if kind == "sqlite":
        from polyai_chat_channels import SQLiteStore

        return of_today(SQLiteStore(where), name, channel)
    from polyai_chat_channels import PostgresStore

    return of_today(PostgresStore(where, listen=None, most_connections=1), name, channel)


def main() -> None:
    kind, where, name, seconds, *rest = sys.argv[1:]
    senders = int(rest[0]) if rest else 0
    # Messages of a process are in a channel of their own, so that `take` gives it what it has accepted.
    carry = opened(kind, where, name, GROWN if senders else f"bench {name}")
    chosen = random.Random(1)
    print("ready", flush=True)
    sys.stdin.readline()
    took: list[float] = []
    cpu_before = time.process_time()
    until = time.perf_counter() + float(seconds)
    while (began := time.perf_counter()) < until:
        number = f"{name} {len(took)}"
        carry(f"{chosen.randrange(senders) + 1}" if senders else f"{name} {len(took) % FEW_SENDERS}", number)
        took.append(time.perf_counter() - began)
    print(json.dumps({"took": took, "cpu": time.process_time() - cpu_before}), flush=True)


main()
