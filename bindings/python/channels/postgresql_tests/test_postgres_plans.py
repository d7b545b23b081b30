"""Which rows the server reads, where a connection has kept the plans that it made while little was in line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from children import PATIENCE
from polyai_chat_channels import Answer, Message, Outcome, PostgresStore, Sender

if TYPE_CHECKING:
    from postgresql import Server

CALL: dict[str, Any] = {"lease": PATIENCE, "timeout": PATIENCE}
ROUNDS = 8
"""A prepared statement keeps its plan after five."""
MANY = 3000


def say_every_word(store: PostgresStore, number: int) -> None:
    """One message through all its states, one that waits for a human, and what operators ask."""
    message = Message(f"sender {number}", "1", "hello")
    parked = Message(f"parked {number}", "1", "hello")
    store.beat("w", "tests", timeout=PATIENCE)
    store.accept("sms", message, "t", worker=None, **CALL)
    (taken,) = store.take("sms", "w", 1, **CALL)
    assert taken.turn is not None
    token = taken.turn.token
    store.begin("sms", taken, token, Sender(taken.sender, "c"), False, timeout=PATIENCE)
    store.send("sms", taken, token, conversation_id="c", correlation_id="t", **CALL)
    outcome = Outcome("answered", Answer(taken, "open", "Yes."), conversation_id="c")
    store.settle("sms", taken, "w", token, outcome, **CALL)
    store.take_answers("sms", "w", 1, **CALL)
    store.not_delivered("sms", taken.sender, "1", 0.0, timeout=PATIENCE)
    store.delivered("sms", taken.sender, "1", timeout=PATIENCE)
    assert store.claim("sms", parked, "w", "p", **CALL)
    store.settle("sms", parked, "w", "p", Outcome("refused"), **CALL)
    store.parked("sms", 1, timeout=PATIENCE)
    store.take_parked("sms", "w", 1, **CALL)
    store.resolve("sms", parked.sender, "1", "dismissed", note=None, timeout=PATIENCE)
    store.counts("sms", 100, timeout=PATIENCE)
    store.take_idle("sms", 3600.0, 1, timeout=PATIENCE)
    store.export("sms", taken.sender, timeout=PATIENCE)
    store.purge("sms", 3600.0, 1, timeout=PATIENCE)
    store.forget("sms", taken.sender, timeout=PATIENCE)


def test_no_word_reads_a_table_whole(server: Server, schema: str) -> None:
    with PostgresStore(server.conninfo, listen=None, schema=schema, most_connections=1) as store:
        store.migrate(timeout=PATIENCE)
        for number in range(ROUNDS):
            say_every_word(store, number)
        with psycopg.connect(server.conninfo) as connection:
            others = (
                f"INSERT INTO {schema}.lines (channel, sender, ready_at)"
                " SELECT 'other', convert_to(n::text, 'UTF8'), now() FROM generate_series(1, %s) n"
            )
            connection.execute(others.encode(), (MANY,))
            messages = (
                f"INSERT INTO {schema}.messages (line, channel, message_id, state, is_accepted)"
                f" SELECT line, channel, '1', 'accepted', true FROM {schema}.lines WHERE channel = 'other'"
            )
            connection.execute(messages.encode())
        for number in range(ROUNDS):
            say_every_word(store, number)
    # A connection that ends has told the server what it read.
    with psycopg.connect(server.conninfo) as connection:
        query = "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE schemaname = %s"
        read: dict[str, int] = dict(connection.execute(query, (schema,)).fetchall())
    assert max(read["lines"], read["messages"]) < MANY, read
