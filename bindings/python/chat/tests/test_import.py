"""What importing the package costs: it brings in nothing that takes longer than itself."""

from __future__ import annotations

import subprocess
import sys

SLOW = {"asyncio", "email", "http.client", "inspect", "json", "logging", "re", "ssl", "threading", "typing"}

PROGRAM = """
import sys
before = set(sys.modules)
import polyai_chat
print(*sorted(set(sys.modules) - before))
"""


def test_the_import_brings_in_nothing_slow() -> None:
    child = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    imported = child.stdout.split()
    assert "polyai_chat" in imported
    assert SLOW.isdisjoint(imported), imported
