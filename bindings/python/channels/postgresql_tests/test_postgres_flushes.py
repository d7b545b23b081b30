"""What a store in PostgreSQL has confirmed is in the log of the server, whatever happens to that a moment later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from postgresql import Server

from children import PATIENCE
from polyai_chat_channels import Answer, Message, Outcome, PostgresStore, Sender

MESSAGE = Message("a", "1", "hello")
CALL: dict[str, Any] = {"lease": PATIENCE, "timeout": PATIENCE}
IDS: dict[str, Any] = {"conversation_id": "c", "correlation_id": "t"}
ANSWERED = Outcome("answered", Answer(MESSAGE, "open", "Yes."), conversation_id="c")
WORDS: dict[str, Callable[[PostgresStore], object]] = {
    "accept": lambda store: store.accept("sms", MESSAGE, "t", worker=None, **CALL),
    "claim": lambda store: store.claim("sms", MESSAGE, "w", "t", **CALL),
    "begin": lambda store: store.begin("sms", MESSAGE, "t", Sender("a", "c"), False, timeout=PATIENCE),
    "send": lambda store: store.send("sms", MESSAGE, "t", **IDS, **CALL),
    "settle": lambda store: store.settle("sms", MESSAGE, "w", "t", ANSWERED, **CALL),
    "delivered": lambda store: store.delivered("sms", "a", "1", timeout=PATIENCE),
}
STATES = {"accept": "accepted", "send": "sending", "settle": "answered", "delivered": "answered"}


@pytest.fixture(scope="module")
def lazy_server() -> Iterator[Server]:
    """A server that writes its log when it is told to, and otherwise late."""
    with Server(settings="wal_writer_delay = 10s\nwal_writer_flush_after = 1GB\nautovacuum = off\n") as server:
        yield server


@pytest.mark.parametrize("last", list(STATES))
def test_a_word_that_was_confirmed_survives_the_death_of_the_server(
    lazy_server: Server, schema: str, last: str
) -> None:
    with PostgresStore(lazy_server.conninfo, listen=None, schema=schema) as store:
        store.migrate(timeout=PATIENCE)
        for word, say in WORDS.items():
            assert say(store) is not False
            if word == last:
                break
        lazy_server.kill()
        lazy_server.start()
        (kept,) = store.export("sms", "a", timeout=PATIENCE)["messages"]
        assert (kept["state"], kept["is_delivered"]) == (STATES[last], last == "delivered")
