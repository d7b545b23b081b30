"""The guarantees of a channel with a file of SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from guarantees import Guarantees

from polyai_chat_channels import SQLiteStore

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestSQLiteStore(Guarantees):
    @pytest.fixture(autouse=True)
    def _file(self, tmp_path: Path) -> Iterator[None]:
        self._path = tmp_path / "messages.sqlite"
        with SQLiteStore(self._path) as self._store:
            yield

    def make_store(self) -> Any:
        return self._store

    def code_of_store(self) -> str:
        return f"from polyai_chat_channels import SQLiteStore\nstore = SQLiteStore({str(self._path)!r})"
