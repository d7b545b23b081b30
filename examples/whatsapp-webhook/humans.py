"""Where messages go that the agent did not deal with: here a file; put your inbox in its place."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Humans:
    """The people who take over."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tell(
        self,
        *,
        sender: str,
        message_id: str,
        text: str | None,
        why: str,
        destination: str | None = None,
        attachment: dict[str, Any] | None = None,
    ) -> None:
        """Leaves a message to them. May be called again for the same one, after a crash.

        `attachment` is what Meta says of a picture and the like: its kind, and the id to get it by.
        """
        line: dict[str, Any] = {
            "sender": sender,
            "message_id": message_id,
            "text": text,
            "why": why,
            "destination": destination,
        }
        if attachment is not None:
            line["attachment"] = attachment
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")  # one write: workers do not mix
        finally:
            os.close(descriptor)
