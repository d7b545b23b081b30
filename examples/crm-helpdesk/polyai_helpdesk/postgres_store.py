"""The channel's store in a schema of the PostgreSQL that Django has, for the processes of any number of machines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from polyai_chat_channels import PostgresStore, StoreError
from polyai_chat_channels.postgres_tables import migrate
from psycopg import conninfo, pq

SCHEMA = "polyai_chat"


class DjangoPostgresStore(PostgresStore):
    """The library's store, on Django's connection. Only to be woken, a worker has a connection of its own."""

    def __init__(self) -> None:
        known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
        given = {name: value for name, value in connection.get_connection_params().items() if name in known}
        super().__init__(conninfo.make_conninfo(**given), schema=SCHEMA)

    def now(self) -> float:
        """The time on the store's clock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::double precision")
            (now,) = cursor.fetchone()
        return float(now)

    def migrate(self, *, timeout: float) -> int:
        """Django's migrations do it."""
        raise StoreError("the tables are in Django's database: run `manage.py migrate`")

    def _do(self, call: Any, timeout: float) -> Any:
        is_hosts_transaction = connection.in_atomic_block
        try:
            with transaction.atomic():
                if not is_hosts_transaction:
                    _execute(b"SELECT set_config('statement_timeout', %s, true)", (f"{max(int(timeout * 1000), 1)}ms",))
                rows = _execute(call.query.encode(), call.arguments)
                told = call.told(rows)
                if told:
                    # After the commit, for there is nothing to be found before; and whoever is not woken asks anyway.
                    transaction.on_commit(partial(_execute, *self.calls.wake(told)), robust=True)
        except DatabaseError as error:
            if not is_hosts_transaction:
                connection.close_if_unusable_or_obsolete()  # the next call has another one
            # Its first line alone: the details may quote what a customer has written.
            said = getattr(getattr(error.__cause__, "diag", None), "message_primary", None) or error
            raise StoreError(f"Django's database: {said}") from error
        return call.read(rows)


def _execute(query: bytes, arguments: Sequence[Any]) -> list[Any]:
    """By a cursor of the driver: Django's own puts the arguments into the text, and knows nothing of their types."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(query, arguments).fetchall()


# A text that has a NUL is not shown: PostgreSQL has no such text.
_AS_TEXT = "CASE WHEN position('\\x00'::bytea IN {0}) = 0 THEN convert_from({0}, 'UTF8') END"
VIEWS = (
    f"""
CREATE VIEW polyai_helpdesk_agentmessage AS
SELECT number AS id, m.channel, {_AS_TEXT.format("sender")} AS sender, {_AS_TEXT.format("message_id")} AS message_id,
    CASE WHEN state = 'parked' THEN why ELSE state END AS state, tries, {_AS_TEXT.format("text")} AS text,
    extract(epoch FROM done_at)::double precision AS done_at,
    state IN ('answered', 'handed_off') AND deliver_at IS NULL AS is_delivered
FROM {SCHEMA}.messages m JOIN {SCHEMA}.lines USING (line)
""",
    f"""
CREATE VIEW polyai_helpdesk_agentticket AS
SELECT line AS id, channel, {_AS_TEXT.format("sender")} AS sender,
    {_AS_TEXT.format("conversation_id")} AS conversation_id, {_AS_TEXT.format("handoff")} AS handoff
FROM {SCHEMA}.lines
""",
)


def make_tables() -> None:
    """For Django's first migration."""
    bring_to_this_version()
    for view in VIEWS:
        with connection.cursor() as cursor:
            cursor.execute(view)


def bring_to_this_version() -> None:
    """The store's own migrations, each time when Django's have run."""
    connection.ensure_connection()
    with connection.wrap_database_errors:
        migrate(connection.connection, SCHEMA)
