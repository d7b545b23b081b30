"""Where messages go that the agent did not deal with: here a file; put your inbox in its place."""

from __future__ import annotations

import json
import os
from pathlib import Path


class Humans:
    """The people who take over."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tell(self, *, sender: str, message_id: str, text: str | None, why: str, destination: str | None = None) -> None:
        """Leaves a message to them. May be called again for the same one, after a crash."""
        line = {"sender": sender, "message_id": message_id, "text": text, "why": why, "destination": destination}
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")  # one write: workers do not mix
        finally:
            os.close(descriptor)
