"""Tells whether asyncio has been imported: by the package, and by its first use."""

from __future__ import annotations

import json
import sys


def imported() -> list[str]:
    return [name for name in ("asyncio", "trio", "anyio") if name in sys.modules]


import polyai_chat  # noqa: E402

before = imported()
polyai_chat.AsyncClient.__name__  # noqa: B018
print(json.dumps({"before": before, "after": imported()}))
