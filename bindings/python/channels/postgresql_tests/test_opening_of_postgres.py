"""The store that one setting names, with a server of PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest

from children import PATIENCE
from polyai_chat import AsyncClient
from polyai_chat_channels import (
    AsyncChannel,
    AsyncPostgresStore,
    Message,
    PostgresStore,
    StoreError,
    open_async_store,
    open_store,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgresql import Server

    from polyai_chat_testing import Simulator


@pytest.fixture
def address_without_rights(server: Server, schema: str) -> Iterator[str]:
    """The database, for a user who may make nothing in it."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {schema} LOGIN PASSWORD 'canary'".encode())
        yield f"postgresql://{schema}:canary@127.0.0.1:{server.port}/postgres"
        connection.execute(f"DROP OWNED BY {schema}; DROP ROLE {schema}".encode())


def test_the_tables_are_made_when_that_is_asked_for(server: Server, schema: str) -> None:
    with (
        open_store(server.address, schema=schema) as store,
        pytest.raises(StoreError, match="polyai-chat-store migrate"),
    ):
        store.channels(timeout=PATIENCE)
    for _ in range(2):
        with open_store(server.address, schema=schema, migrate=True) as store:
            assert store.channels(timeout=PATIENCE) == []


def test_a_user_without_rights_may_open_tables_that_are_there(
    server: Server, schema: str, address_without_rights: str
) -> None:
    with pytest.raises(StoreError, match="permission denied") as caught:
        open_store(address_without_rights, schema=schema, migrate=True)
    assert "canary" not in str(caught.value)
    with PostgresStore(server.conninfo, schema=schema) as store:
        version = store.migrate(timeout=PATIENCE)
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {schema}".encode())
        connection.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {schema}".encode()
        )
    with open_store(address_without_rights, schema=schema, migrate=True) as opened:
        assert opened.migrate(timeout=PATIENCE) == version
        message = Message("a", "1", "hello")
        assert opened.accept("sms", message, "token", worker=None, lease=9.0, timeout=PATIENCE)


def test_the_store_for_asyncio_is_made_opened_and_closed(server: Server, schema: str, simulator: Simulator) -> None:
    async def answered() -> str | None:
        async with (
            AsyncClient(**simulator.options) as client,
            open_async_store(server.address, schema=schema, migrate=True) as store,
        ):
            assert isinstance(store, AsyncPostgresStore)
            answer = await AsyncChannel(client, store, "sms").receive(sender="a", message_id="1", text="hello")
            return answer.response

    assert asyncio.run(answered()) == "You said: hello"
