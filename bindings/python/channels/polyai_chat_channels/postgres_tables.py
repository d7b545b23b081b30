"""The tables of a store, for hosts that keep them in a database of PostgreSQL of their own, beside what is theirs.

`PostgresStore.migrate` makes them by itself. Where a host derives a store that works on the host's connection, it calls
`migrate` with that, each time when it migrates what is its own.

Since 0.1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._postgres_calls import LOCK, migrations

if TYPE_CHECKING:
    import psycopg


def migrate(connection: psycopg.Connection[Any], schema: str = "polyai_chat") -> int:
    """Makes the schema with its tables and functions, or brings them to this version, and returns that: in the
    transaction that is open, or in one of its own. Where nothing has to be done, it only reads.

    Blocks while somebody else does the same. Since 0.1.0.
    """
    known = migrations()
    last = _last_migration(connection, schema)
    if last >= known[-1][0]:
        return last
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        (search_path,) = connection.execute("SELECT current_setting('search_path')").fetchone() or ("",)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
        connection.execute(f"SET LOCAL search_path = {schema}".encode())
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (number integer PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())"
        )
        last = _last_migration(connection, schema)
        for number, name, text in known:
            if number > last:
                connection.execute(text.encode())
                connection.execute("INSERT INTO migrations VALUES (%s, %s)", (number, name))
                last = number
        connection.execute("SELECT set_config('search_path', %s, true)", (search_path,))  # the transaction may go on
    return last


def _last_migration(connection: psycopg.Connection[Any], schema: str) -> int:
    """The number of the migration that was made last; 0 where there is none."""
    (there,) = connection.execute("SELECT to_regclass(%s)", (f"{schema}.migrations",)).fetchone() or (None,)
    if there is None:
        return 0
    (last,) = connection.execute(f"SELECT max(number) FROM {schema}.migrations".encode()).fetchone() or (None,)
    return int(last or 0)


__all__ = ["migrate"]
