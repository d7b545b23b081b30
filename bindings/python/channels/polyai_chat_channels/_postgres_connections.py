"""Connections to PostgreSQL whose every wait has an end."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import conninfo

from ._errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator


class _Bounded:
    """The deadline that both kinds of connection have."""

    ends_at: float | None = None


class Connection(psycopg.Connection[Any], _Bounded):
    """One that blocks."""

    def wait(self, gen: Any, *arguments: Any, **keywords: Any) -> Any:
        """As psycopg has it, but not beyond the end."""
        return super().wait(_ending(gen, self.ends_at), *arguments, **keywords)


class AsyncConnection(psycopg.AsyncConnection[Any], _Bounded):
    """One for asyncio."""

    async def wait(self, gen: Any, *arguments: Any, **keywords: Any) -> Any:
        """As psycopg has it, but not beyond the end."""
        return await super().wait(_ending(gen, self.ends_at), *arguments, **keywords)


def _ending(steps: Generator[Any, Any, Any], ends_at: float | None) -> Generator[Any, Any, Any]:
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if not ready and ends_at is not None and time.monotonic() > ends_at:
                raise psycopg.OperationalError("PostgreSQL did not answer in time")
            wanted = steps.send(ready)
    except StopIteration as end:
        return end.value


def with_defaults(given: str) -> str:
    """A connection string in which a server that is cut off is noticed."""
    known = _parts_of(given)
    defaults: dict[str, Any] = {
        "application_name": "polyai-chat-channels",
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15000,
    }
    return conninfo.make_conninfo(given, **{key: value for key, value in defaults.items() if key not in known})


def _parts_of(given: str) -> dict[str, Any]:
    """The parts of a connection string. What libpq quotes of a wrong one is not shown: a password may be in it."""
    try:
        known = conninfo.conninfo_to_dict(given)
    except psycopg.ProgrammingError as error:
        said = re.sub(r'".*"', "\u2026", " ".join(str(error).split()))
        raise StoreError(f"this is no connection string of PostgreSQL: {said}") from None
    hosts, ports = (str(known.get(name) or "") for name in ("host", "port"))
    if "@" in hosts or not re.fullmatch(r"[0-9,]*", ports):
        text = "its host or port is wrong; in an address, a password with one of @ : / ? # % must be percent-encoded"
        raise StoreError(f"this is no connection string of PostgreSQL: {text}")
    return known


def described(given: str) -> str:
    """Where a connection string leads, without its password."""
    known = conninfo.conninfo_to_dict(given)
    host = known.get("host") or known.get("hostaddr") or "localhost"
    return f"PostgreSQL at {host}, database {known.get('dbname') or known.get('user') or '(default)'}"
