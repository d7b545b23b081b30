"""What a store in SQLite has confirmed is on the disk: counted where the program asks the system for that."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from children import PATIENCE, Child

PROGRAMS = Path(__file__).parent / "programs"


def test_only_what_must_survive_a_power_failure_waits_for_the_disk(tmp_path: Path) -> None:
    library = tmp_path / "count_syncs.so"
    source = PROGRAMS / "count_syncs.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=PATIENCE)
    with Child("flushes.py", str(tmp_path / "messages.sqlite"), environment={"LD_PRELOAD": str(library)}) as child:
        flushes = json.loads(child.line())
    assert flushes == {"accept": 1, "claim": 0, "begin": 0, "send": 1, "settle": 1, "take_answers": 0, "delivered": 1}
