"""The tables of a store, for hosts that keep them in a file of SQLite of their own, beside what is theirs.

`SQLiteStore` makes a file for them by itself. Where a host derives a store that works on the host's connection, it
executes `STATEMENTS`, then calls `set_clock`, once and in one transaction.

Since 0.1.0.
"""

from __future__ import annotations

from ._clock import set_base_of_this_boot as set_clock
from ._sqlite_file import TABLES

STATEMENTS: tuple[str, ...] = tuple(TABLES.split(";\n"))
"""The statements that make the tables."""

__all__ = ["STATEMENTS", "set_clock"]
