"""Opens the store that one setting names."""

from __future__ import annotations

import contextlib
import os
import re
from importlib import import_module
from typing import TYPE_CHECKING

from ._errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from os import PathLike

    from ._async_store import AsyncStore
    from ._postgres import PostgresStore
    from ._sqlite import SQLiteStore
    from ._store import Store

_MIGRATE_SECONDS = 60.0
_URI = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://")
_KEYWORDS = re.compile(r"\s*(host|hostaddr|port|dbname|user|password|service|passfile|sslmode)\s*=")


def open_store(
    database: str | PathLike[str],
    *,
    migrate: bool = False,
    listen: str | None = "",
    schema: str = "polyai_chat",
    most_connections: int = 16,
) -> SQLiteStore | PostgresStore:
    """Opens the store that a setting such as the environment variable DATABASE names: a file of SQLite for the
    processes of one machine, or PostgreSQL for those of many.

    Args:
        database: The path of a file, for `SQLiteStore`; or `postgresql://USER@HOST/DATABASE`, or another connection
            string of PostgreSQL such as `host=HOST dbname=DATABASE`, for `PostgresStore`.
        migrate: Whether to make the tables in PostgreSQL first, or to bring them to this version, as
            `polyai-chat-store migrate` does. Where nothing has to be done, that takes no right but to read. The tables
            in a file are always made.
        listen: As `PostgresStore` has it; a file needs none.
        schema: The same.
        most_connections: The same.

    Example:
        >>> with open_store(path) as store:
        ...     channel = Channel(client, store, "sms")

    Raises:
        StoreError: The setting names no store, the store cannot be opened, or psycopg is missing. No password is in
            its text.

    Blocks while it reads a file or migrates; connects to PostgreSQL when it is first used. Any thread. Since 0.1.0.
    """
    if not _is_of_postgres(database):
        from ._sqlite import SQLiteStore

        return SQLiteStore(database)
    _need_psycopg()
    from ._postgres import PostgresStore

    store = PostgresStore(_conninfo(database), listen=listen, schema=schema, most_connections=most_connections)
    if migrate:
        store.migrate(timeout=_MIGRATE_SECONDS)
    return store


@contextlib.asynccontextmanager
async def open_async_store(
    database: str | PathLike[str],
    *,
    migrate: bool = False,
    listen: str | None = "",
    schema: str = "polyai_chat",
    most_connections: int = 16,
) -> AsyncGenerator[Store | AsyncStore, None]:
    """Opens the store that a setting names, for `AsyncChannel` in asyncio, and closes it at the end of `async with`:
    `AsyncPostgresStore`, or `SQLiteStore`, which works in threads. In trio, use `open_store`.

    ``async with open_async_store(setting, migrate=True) as store:`` is how to use it. Arguments and errors are those of
    `open_store`.

    Blocks no event loop. Since 0.1.0.
    """
    from ._loops import in_a_thread

    if not _is_of_postgres(database):
        file = await in_a_thread(lambda: open_store(database))
        try:
            yield file
        finally:
            await in_a_thread(file.close)
        return
    _need_psycopg()
    from ._postgres_asyncio import AsyncPostgresStore

    async with AsyncPostgresStore(
        _conninfo(database), listen=listen, schema=schema, most_connections=most_connections
    ) as store:
        if migrate:
            await in_a_thread(lambda: store.blocking.migrate(timeout=_MIGRATE_SECONDS))
        yield store


def _is_of_postgres(database: str | PathLike[str]) -> bool:
    """Whether a setting names PostgreSQL, and not a file. Texts of errors quote none of it: a password may be in it."""
    if not isinstance(database, str):
        return False
    if not database.strip():
        raise StoreError("the setting of the store is empty: give a path, or postgresql://USER@HOST/DATABASE")
    uri = _URI.match(database)
    if uri is None:
        return _KEYWORDS.match(database) is not None
    scheme = uri[1].lower()
    if scheme not in ("postgresql", "postgres"):
        hint = "for SQLite, give the path alone" if scheme in ("sqlite", "sqlite3", "file") else "a store is a path"
        raise StoreError(f"there is no store for {scheme}:// addresses: {hint}, or postgresql://USER@HOST/DATABASE")
    return True


def _conninfo(database: str | PathLike[str]) -> str:
    return os.fspath(database).strip()


def _need_psycopg() -> None:
    try:
        for name in ("psycopg", "psycopg_pool"):
            import_module(name)
    except ImportError as error:  # it is missing, or has no libpq
        text = "a store in PostgreSQL needs psycopg, which cannot be imported"
        raise StoreError(f"{text}: pip install 'polyai-chat-channels[postgres]' ({error})") from error
