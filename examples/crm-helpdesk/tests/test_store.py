"""The store in Django's database is one as the channels ask for, with several processes too."""

from __future__ import annotations

import threading

import pytest
from conftest import Desk
from polyai_chat_channels import Message, Store
from polyai_chat_testing import StoreConformance


class TestStoreOfDjango(StoreConformance):
    """Each test of the library's own."""

    @pytest.fixture(autouse=True)
    def database(self, desk: Desk) -> Desk:
        return desk

    def make_store(self) -> Store:
        from polyai_helpdesk.store import django_store

        return django_store()


def test_a_message_is_there_when_the_transaction_of_its_ticket_has_ended(desk: Desk) -> None:
    """And not before: nor is there one of a ticket that is not saved after all."""
    from django.db import connection, transaction

    from polyai_helpdesk.store import django_store

    store = django_store()
    name = f"transaction {connection.vendor}"

    def accepted(message_id: str) -> bool:
        message = Message("1", message_id, "hello")
        return store.accept(name, message, f"token of {message_id}", worker=None, lease=9.0, timeout=9.0)

    def ready() -> int:
        seen: list[int] = []

        def look() -> None:
            try:
                seen.append(store.counts(name, 10, timeout=30.0).ready)
            finally:
                connection.close()

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return seen[0]

    with transaction.atomic():
        assert accepted("1")
        transaction.set_rollback(True)  # the ticket cannot be saved
    assert ready() == 0
    with transaction.atomic():
        assert accepted("1")
        if connection.vendor == "postgresql":  # in SQLite nobody else does anything meanwhile
            assert ready() == 0
    assert ready() == 1
