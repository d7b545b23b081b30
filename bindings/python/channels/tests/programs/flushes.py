"""Prints in JSON how often each word of a store in SQLite waits for the disk.

Started with the store's path, and with count_syncs.c loaded.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from typing import Any

from polyai_chat_channels import Answer, Message, Outcome, Sender, SQLiteStore

PATIENCE = 60.0
counted = ctypes.CDLL(None)
flushes: dict[str, int] = {}


def count(word: str, call: Callable[[], object]) -> None:
    before = counted.count_of_syncs()
    call()
    flushes[word] = counted.count_of_syncs() - before


with SQLiteStore(sys.argv[1]) as store:
    message = Message("a", "1", "hello")
    answered = Outcome("answered", Answer(message, "open", "Yes."), conversation_id="c")
    call: dict[str, Any] = {"lease": PATIENCE, "timeout": PATIENCE}
    ids: dict[str, Any] = {"conversation_id": "c", "correlation_id": "t"}
    # The first one of a file also begins its log.
    store.accept("sms", Message("b", "1", "hello"), "t", worker=None, **call)
    count("accept", lambda: store.accept("sms", message, "t", worker=None, **call))
    count("claim", lambda: store.claim("sms", message, "w", "t", **call))
    count("begin", lambda: store.begin("sms", message, "t", Sender("a", "c"), False, timeout=PATIENCE))
    count("send", lambda: store.send("sms", message, "t", **ids, **call))
    count("settle", lambda: store.settle("sms", message, "w", "t", answered, **call))
    count("take_answers", lambda: store.take_answers("sms", "w", 1, **call))
    count("delivered", lambda: store.delivered("sms", "a", "1", timeout=PATIENCE))
print(json.dumps(flushes))
