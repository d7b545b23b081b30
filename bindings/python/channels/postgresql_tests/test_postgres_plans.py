"""No function reads rows that are not its concern, even with a plan that was made while the tables were small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from postgresql import end_others

from children import PATIENCE
from polyai_chat_channels import Answer, Message, Outcome, PostgresStore, Sender

if TYPE_CHECKING:
    from postgresql import Server

CALL: dict[str, Any] = {"lease": PATIENCE, "timeout": PATIENCE}
ROUNDS = 8
"""A prepared statement keeps its plan after five."""
MANY = 3000
BACKLOG = """
WITH waiting AS (
    INSERT INTO lines (channel, sender, ready_at)
    SELECT 'sms', convert_to('waiting ' || n, 'UTF8'), now() + interval '1 hour' FROM generate_series(1, %(many)s) n
    RETURNING line)
INSERT INTO messages (line, channel, message_id, state, is_accepted, not_before)
    SELECT line, 'sms', '1', 'accepted', true, now() + interval '1 hour' FROM waiting;
WITH answered AS (
    INSERT INTO lines (channel, sender, conversation_id)
    SELECT 'sms', convert_to('answered ' || n, 'UTF8'), 'c' FROM generate_series(1, %(many)s) n
    RETURNING line)
INSERT INTO messages (line, channel, message_id, state, is_accepted, done_at, deliver_at, answer)
    SELECT line, 'sms', '1', 'answered', true, now(), now() + interval '1 hour', '{}' FROM answered;
WITH other AS (
    INSERT INTO lines (channel, sender, ready_at)
    SELECT 'other', convert_to(n::text, 'UTF8'), now() FROM generate_series(1, %(many)s) n
    RETURNING line)
INSERT INTO messages (line, channel, message_id, state, is_accepted)
    SELECT line, 'other', '1', 'accepted', true FROM other
"""
"""Messages to be tried later, answers to be delivered later, and another channel's."""


def rows_read(server: Server, schema: str) -> int:
    """Of messages and lines, in any way."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        end_others(connection)
        query = """
            SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_user_tables
            WHERE schemaname = %s AND relname IN ('lines', 'messages')
        """
        (count,) = connection.execute(query, (schema,)).fetchone() or (0,)
        return int(count)


def say_every_word(store: PostgresStore, number: int) -> None:
    """Takes one message through all its states, parks another one, and asks what operators ask."""
    message = Message(f"sender {number}", "1", "hello")
    parked = Message(f"parked {number}", "1", "hello")
    store.beat("w", "tests", timeout=PATIENCE)
    store.accept("sms", message, "t", worker=None, **CALL)
    (taken,) = store.take("sms", "w", 2, **CALL)  # looks for a second one
    assert taken.turn is not None
    token = taken.turn.token
    store.begin("sms", taken, token, Sender(taken.sender, "c"), False, timeout=PATIENCE)
    store.send("sms", taken, token, conversation_id="c", correlation_id="t", **CALL)
    outcome = Outcome("answered", Answer(taken, "open", "Yes."), conversation_id="c")
    store.settle("sms", taken, "w", token, outcome, **CALL)
    store.take_answers("sms", "w", 2, **CALL)
    store.not_delivered("sms", taken.sender, "1", 0.0, timeout=PATIENCE)
    store.delivered("sms", taken.sender, "1", timeout=PATIENCE)
    assert store.claim("sms", parked, "w", "p", **CALL).state == "first"
    store.settle("sms", parked, "w", "p", Outcome("refused"), **CALL)
    store.parked("sms", 1, timeout=PATIENCE)
    store.take_parked("sms", "w", 2, **CALL)
    store.resolve("sms", parked.sender, "1", "dismissed", note=None, timeout=PATIENCE)
    store.counts("sms", 10, timeout=PATIENCE)
    store.take_idle("sms", 3600.0, 2, timeout=PATIENCE)
    store.export("sms", taken.sender, timeout=PATIENCE)
    store.purge("sms", 3600.0, 2, timeout=PATIENCE)
    store.forget("sms", taken.sender, timeout=PATIENCE)


def test_no_word_reads_what_is_not_due(server: Server, schema: str) -> None:
    """However much waits for later, and however small the tables were when a connection made its plans."""
    with PostgresStore(server.conninfo, listen=None, schema=schema, most_connections=1) as store:
        store.migrate(timeout=PATIENCE)
        for number in range(ROUNDS):
            say_every_word(store, number)
        with psycopg.ClientCursor(psycopg.connect(server.conninfo, options=f"-c search_path={schema}")) as cursor:
            cursor.execute(BACKLOG, {"many": MANY})
            cursor.connection.commit()
            cursor.connection.close()
        for number in range(ROUNDS, 2 * ROUNDS):
            say_every_word(store, number)
    assert rows_read(server, schema) < MANY


def test_every_function_has_its_rows_found_by_an_index(server: Server, store: PostgresStore, schema: str) -> None:
    with psycopg.connect(server.conninfo) as connection:
        query = """
            SELECT proname FROM pg_proc JOIN pg_language l ON l.oid = prolang
            WHERE pronamespace = %s::regnamespace AND lanname = 'plpgsql'
            AND proname LIKE '%%\\_1' AND proname <> 'wake_1'
            AND NOT proconfig @> ARRAY['enable_seqscan=off', 'enable_bitmapscan=off', 'jit=off']
        """
        assert connection.execute(query, (schema,)).fetchall() == []
