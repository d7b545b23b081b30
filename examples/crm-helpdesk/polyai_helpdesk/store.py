"""The channel's store in Django's own database, so that what is kept for the agent, and the record that an answer is in
its ticket, are committed together with the ticket.

It is the library's store, on Django's connection: in the transaction that is open there, or in one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connection

if TYPE_CHECKING:
    from .postgres_store import DjangoPostgresStore
    from .sqlite_store import DjangoSQLiteStore


def django_store() -> DjangoSQLiteStore | DjangoPostgresStore:
    """A `polyai_chat_channels.Store` in the database that Django has. `migrate` of Django makes its tables."""
    if connection.vendor == "sqlite":
        from .sqlite_store import DjangoSQLiteStore

        return DjangoSQLiteStore()
    if connection.vendor == "postgresql":
        from .postgres_store import DjangoPostgresStore

        return DjangoPostgresStore()
    raise _unknown()


def make_tables() -> None:
    """For Django's migration."""
    if connection.vendor == "sqlite":
        from .sqlite_store import make_tables
    elif connection.vendor == "postgresql":
        from .postgres_store import make_tables
    else:
        raise _unknown()
    make_tables()


def bring_to_this_version(using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """After Django's migrations: a newer release of the library may have tables to change."""
    if using == DEFAULT_DB_ALIAS and connection.vendor == "postgresql":
        from .postgres_store import bring_to_this_version

        bring_to_this_version()


def _unknown() -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"polyai_helpdesk keeps its messages in SQLite or PostgreSQL, and DATABASES has {connection.vendor}"
    )
