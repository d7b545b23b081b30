"""The store in Django's database is one as the channels ask for, with several processes too."""

from __future__ import annotations

import pytest
from conftest import Desk
from polyai_chat_channels import Store
from polyai_chat_testing import StoreConformance


class TestDjangoStore(StoreConformance):
    """Each test of the library's own."""

    @pytest.fixture(autouse=True)
    def database(self, desk: Desk) -> Desk:
        return desk

    def make_store(self) -> Store:
        from polyai_helpdesk.store import DjangoStore

        return DjangoStore()
