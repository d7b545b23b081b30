"""One server for all tests that leave it alone; each has a schema of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from postgresql import Bouncer, Server

from children import PATIENCE
from polyai_chat_channels import PostgresStore

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that is left alone. What it has is lost with a power failure, which saves time."""
    with Server(is_durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def bouncer(server: Server) -> Iterator[Bouncer]:
    """A pgbouncer in transaction mode before it."""
    running = Bouncer(server)
    yield running
    running.close()


@pytest.fixture
def schema() -> str:
    """The name of a schema that nobody else uses."""
    return f"chat_{uuid.uuid4().hex[:16]}"


@pytest.fixture
def store(server: Server, schema: str) -> Iterator[PostgresStore]:
    """A store in a schema of its own."""
    with PostgresStore(server.conninfo, schema=schema) as made:
        made.migrate(timeout=PATIENCE)
        yield made
