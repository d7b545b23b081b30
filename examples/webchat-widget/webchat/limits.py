"""How often something may happen, counted by all processes together."""

from __future__ import annotations

from .database import Database


class Limits:
    """Leaky buckets. Its methods wait for the database: call them from a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wait_for(self, bucket: str, most: int, seconds: float) -> float:
        """Counts one more of what may happen `most` times in so many seconds; else for how many seconds to wait."""
        with self._database.writing(bucket) as execute:
            row = execute("SELECT filled, NOW - at AS age FROM webchat.buckets WHERE name = %s", bucket).fetchone()
            filled = max(0.0, row["filled"] - max(0.0, row["age"]) * most / seconds) if row else 0.0
            if filled + 1 > most:
                return (filled + 1 - most) * seconds / most
            execute(
                "INSERT INTO webchat.buckets (name, filled, at) VALUES (%s, %s, NOW)"
                " ON CONFLICT (name) DO UPDATE SET filled = excluded.filled, at = excluded.at",
                bucket,
                filled + 1,
            )
            return 0.0

    def forget(self, idle_for: float) -> None:
        """Forgets what was not asked for so long."""
        with self._database.writing("upkeep") as execute:
            execute("DELETE FROM webchat.buckets WHERE at < NOW - %s", idle_for)
