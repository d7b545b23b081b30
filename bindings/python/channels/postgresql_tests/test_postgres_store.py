"""The store in PostgreSQL: what every store must do, directly and through pgbouncer, and its own."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from postgresql import end_others, make_silent

from children import PATIENCE
from polyai_chat_channels import Message, PostgresStore, Store, StoreError
from polyai_chat_testing import StoreConformance

if TYPE_CHECKING:
    from postgresql import Bouncer, Server


class OfServer(StoreConformance):
    """The tests of every store, with one schema for all of them."""

    _conninfo: str
    _listen: str | None
    _server: Server
    _schema: str
    _store: PostgresStore

    def make_store(self) -> Store:
        return self._store

    def code_of_store(self) -> str:
        return (
            "from polyai_chat_channels import PostgresStore\n"
            f"store = PostgresStore({self._conninfo!r}, listen={self._listen!r}, schema={self._schema!r})"
        )

    def dump(self) -> str:
        with psycopg.connect(self._server.conninfo) as connection:
            columns = connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = %s AND data_type = 'bytea'",
                (self._schema,),
            ).fetchall()
            kept: list[bytes] = []
            for table, column in columns:
                query = f"SELECT {column} FROM {self._schema}.{table} WHERE {column} IS NOT NULL"
                kept += [value for (value,) in connection.execute(query.encode()).fetchall()]
            return "\n".join(value.decode() for value in kept)

    @contextlib.contextmanager
    def hold(self, channel: str, sender: str) -> Iterator[None]:
        with psycopg.connect(self._server.conninfo) as connection:
            query = f"SELECT 1 FROM {self._schema}.lines WHERE channel = %s AND sender = %s FOR UPDATE"
            connection.execute(query.encode(), (channel, sender.encode()))
            yield

    def has_been_silent(self, worker: str) -> None:
        with psycopg.connect(self._server.conninfo, autocommit=True) as connection:
            make_silent(connection, self._schema, worker)

    def cost(self, store: Store, action: Callable[[], object]) -> int:
        """In scans and rows that the server reads, without the statistics that autovacuum collects later."""
        query = "SELECT sum(idx_scan + seq_tup_read + idx_tup_fetch) FROM pg_stat_user_tables WHERE schemaname = %s"

        def touched() -> int:
            store.close()
            with psycopg.connect(self._server.conninfo, autocommit=True) as asking:
                end_others(asking)
                row = asking.execute(query, (self._schema,)).fetchone()
                return int(row[0]) if row else 0

        before = touched()
        action()
        return touched() - before


class TestPostgresStore(OfServer):
    @pytest.fixture(autouse=True)
    def _of_server(self, server: Server, store: PostgresStore, schema: str) -> None:
        self._server, self._conninfo, self._listen = server, server.conninfo, ""
        self._store, self._schema = store, schema


class TestThroughPgbouncer(OfServer):
    @pytest.fixture(autouse=True)
    def _of_server(self, server: Server, bouncer: Bouncer, schema: str) -> Iterator[None]:
        self._server, self._conninfo, self._listen = server, bouncer.conninfo, server.conninfo
        self._schema = schema
        with PostgresStore(server.conninfo, schema=schema) as direct:
            direct.migrate(timeout=PATIENCE)
        with PostgresStore(bouncer.conninfo, listen=server.conninfo, schema=schema) as self._store:
            yield


def test_tables_that_are_missing_are_named(server: Server, schema: str) -> None:
    with (
        PostgresStore(server.conninfo, schema=schema) as store,
        pytest.raises(StoreError, match="polyai-chat-store migrate"),
    ):
        store.sender("sms", "a", timeout=PATIENCE)


def test_migrations_run_once_however_many_run_them(server: Server, schema: str) -> None:
    import threading

    versions: list[int] = []

    def migrate() -> None:
        with PostgresStore(server.conninfo, schema=schema) as store:
            versions.append(store.migrate(timeout=PATIENCE))

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(server.conninfo) as connection:
        rows = connection.execute(f"SELECT number FROM {schema}.migrations ORDER BY number".encode()).fetchall()
    assert [number for (number,) in rows] == list(range(1, versions[0] + 1))
    assert len(set(versions)) == 1


@pytest.mark.parametrize("schema", ["", "a-b", "x; DROP TABLE y", "Upper", "a" * 60])
def test_a_name_that_is_none_for_a_schema_is_refused(schema: str) -> None:
    with pytest.raises(StoreError, match="is no name for a schema"):
        PostgresStore("host=127.0.0.1", schema=schema)


def test_a_connection_string_that_is_none_is_refused() -> None:
    with pytest.raises(StoreError, match="no connection string"):
        PostgresStore("host=127.0.0.1 nonsense")


def test_a_server_that_is_not_there_is_told_in_time() -> None:
    store = PostgresStore("host=127.0.0.1 port=1 user=chat password=geheim")
    with pytest.raises(StoreError) as caught:
        store.sender("sms", "a", timeout=0.5)
    assert "127.0.0.1" in str(caught.value)
    assert "geheim" not in str(caught.value) + repr(store)
    store.close()


def test_an_accept_whose_transaction_is_open_holds_back_the_next_one(
    server: Server, store: PostgresStore, schema: str
) -> None:
    """The order of the numbers is the order of the commits: else two messages would both be first."""
    sender = f"a {uuid.uuid4()}"
    with psycopg.connect(server.conninfo) as host:
        query = f"SELECT is_new FROM {schema}.accept_1('sms', %s, 'first', 'token', NULL, 9, NULL, NULL)"
        host.execute(query.encode(), (sender.encode(),))
        with pytest.raises(StoreError, match="in time"):
            store.claim("sms", Message(sender, "second"), "me", "two", lease=60.0, timeout=0.5)
        host.commit()
    assert store.claim("sms", Message(sender, "second"), "me", "two", lease=60.0, timeout=PATIENCE).state == "in_line"


def test_an_outage_is_nobodys_death(server: Server, store: PostgresStore, schema: str) -> None:
    """After a minute in which nobody could reach the server, whoever comes first must not bury the others."""
    for worker in ("one", "two"):
        store.beat(worker, worker, timeout=PATIENCE)
    message = Message("a", "1")
    assert store.claim("sms", message, "one", "token", lease=300.0, timeout=PATIENCE).state == "first"
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        query = f"UPDATE {schema}.workers SET seen_at = seen_at - interval '1 minute', steady_since = '-infinity'"
        connection.execute(query.encode())
    store.beat("two", "two", timeout=PATIENCE)
    store.beat("two", "two", timeout=PATIENCE)
    assert store.claim("sms", message, "one", "token", lease=300.0, timeout=PATIENCE).state == "first"
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        make_silent(connection, schema, "one")
    store.beat("two", "two", timeout=PATIENCE)
    assert store.claim("sms", message, "two", "other", lease=300.0, timeout=PATIENCE).state == "first", "that is one"


def test_an_error_of_the_server_quotes_no_words_of_a_customer(
    server: Server, store: PostgresStore, schema: str
) -> None:
    message = Message("a", "1", "canary, please")
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE {schema}.messages ADD CHECK (text <> 'canary, please')".encode())
    with pytest.raises(StoreError, match="violates check constraint") as caught:
        store.accept("sms", message, "token", worker=None, lease=9.0, timeout=PATIENCE)
    assert b"canary".hex() not in str(caught.value)
