"""The store that one setting names. What takes a server of PostgreSQL is in postgresql_tests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from children import PATIENCE
from polyai_chat import AsyncClient
from polyai_chat_channels import (
    AsyncChannel,
    AsyncPostgresStore,
    Message,
    PostgresStore,
    SQLiteStore,
    StoreError,
    open_async_store,
    open_store,
)
from polyai_chat_testing import Simulator

SECRET = "canary"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.sqlite"


@pytest.mark.parametrize("migrate", [False, True])
def test_a_path_is_a_file_of_sqlite(path: Path, migrate: bool) -> None:
    for setting in (path, str(path)):
        with open_store(setting, migrate=migrate) as store:
            assert isinstance(store, SQLiteStore)
            store.accept("sms", Message("a", "1", "text"), "token", worker=None, lease=9.0, timeout=PATIENCE)
    assert path.exists()


@pytest.mark.parametrize(
    "setting",
    [
        f"postgresql://chat:{SECRET}@127.0.0.1:1/chat",
        f"postgres://chat:{SECRET}@127.0.0.1:1/chat",
        f"  postgresql://chat:{SECRET}@127.0.0.1:1/chat\n",
        f"host=127.0.0.1 port=1 user=chat password={SECRET} dbname=chat",
    ],
)
def test_an_address_is_postgresql(setting: str) -> None:
    with open_store(setting) as store:
        assert isinstance(store, PostgresStore)
        assert "PostgreSQL at 127.0.0.1, database chat" in repr(store)
        assert SECRET not in repr(store)
        with pytest.raises(StoreError, match=r"PostgreSQL at 127\.0\.0\.1") as caught:
            store.workers(timeout=1.0)
    assert SECRET not in str(caught.value)
    with pytest.raises(StoreError, match=r"PostgreSQL at 127\.0\.0\.1") as caught:
        open_store(setting, migrate=True)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", "is empty: give a path, or postgresql://"),
        (" \n", "is empty"),
        (f"mysql://chat:{SECRET}@db/chat", "there is no store for mysql:// addresses"),
        (f"postgresql+psycopg://chat:{SECRET}@db/chat", "there is no store for postgresql"),
        ("sqlite:///var/lib/messages.sqlite", "for SQLite, give the path alone"),
        (f"postgresql://chat:{SECRET}@[::1/chat", "no connection string of PostgreSQL"),
        (f"postgresql://chat:{SECRET}%zz@db/chat", "no connection string of PostgreSQL"),
        (f"postgresql://chat:@{SECRET}@db/chat", "must be percent-encoded"),
        (f"postgresql://chat:{SECRET}/x@db/chat", "must be percent-encoded"),
        (f"postgresql://chat:x#{SECRET}/x@db/chat", "must be percent-encoded"),
        (f"host=db password=two {SECRET}", "no connection string of PostgreSQL"),
        ("/no/such/folder/messages.sqlite", "/no/such/folder/messages.sqlite"),
    ],
)
def test_a_wrong_setting_is_told_without_the_password(setting: str, said: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(setting)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None or SECRET not in str(caught.value.__cause__)


@pytest.mark.parametrize("opens", ["open_store(address)", "asyncio.run(opened())"])
def test_the_extra_to_install_is_named(opens: str) -> None:
    code = f"""
import asyncio, sys
sys.modules["psycopg"] = None  # as if it were not installed
from polyai_chat_channels import StoreError, open_async_store, open_store
address = "postgresql://chat:{SECRET}@db/chat"
async def opened():
    async with open_async_store(address):
        pass
try:
    {opens}
except StoreError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'polyai-chat-channels[postgres]'" in done.stdout
    assert SECRET not in done.stdout


def test_a_file_is_opened_and_closed_beside_the_loop(path: Path, simulator: Simulator) -> None:
    async def answered() -> str | None:
        async with AsyncClient(**simulator.options) as client, open_async_store(str(path), migrate=True) as store:
            assert isinstance(store, SQLiteStore)
            answer = await AsyncChannel(client, store, "sms").receive(sender="a", message_id="1", text="hello")
            return answer.response

    assert asyncio.run(answered()) == "You said: hello"
    assert not path.with_name(path.name + "-wal").exists(), "it was not closed"


def test_an_address_is_postgresql_for_asyncio_too() -> None:
    async def opened() -> str:
        async with open_async_store(f"postgresql://chat:{SECRET}@127.0.0.1:1/chat") as store:
            assert isinstance(store, AsyncPostgresStore)
            return repr(store)

    assert "PostgreSQL at 127.0.0.1" in asyncio.run(opened())


def test_a_wrong_setting_is_told_by_asyncio_too() -> None:
    async def opened() -> None:
        async with open_async_store(f"mysql://chat:{SECRET}@db/chat"):
            pass

    with pytest.raises(StoreError, match="no store for mysql"):
        asyncio.run(opened())
