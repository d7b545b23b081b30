"""How much the agent is given of each customer, and of all, in this worker."""

from __future__ import annotations

import time
from collections import deque

import settings


class Limits:
    """Counts the messages of the last minute."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[float]] = {}

    def takes(self, sender: str) -> bool:
        """Counts a message; False where it is too many."""
        now = time.monotonic()
        counted: list[deque[float]] = []
        for name, most in ((sender, settings.MESSAGES_A_MINUTE), ("", settings.ALL_MESSAGES_A_MINUTE)):
            recent = self._recent.setdefault(name, deque(maxlen=most))
            if len(recent) == most and recent[0] > now - 60:
                for earlier in counted:
                    earlier.pop()
                return False
            recent.append(now)
            counted.append(recent)
        for name in [name for name, recent in self._recent.items() if not recent or recent[-1] < now - 60]:
            del self._recent[name]
        return True

    def give_back(self, sender: str) -> None:
        """A message that was counted had come before."""
        for name in (sender, ""):
            recent = self._recent.get(name)
            if recent:
                recent.pop()
