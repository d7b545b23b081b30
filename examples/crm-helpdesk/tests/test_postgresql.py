"""The same with PostgreSQL as Django's database: DATABASE=postgresql://… is all that changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SERVERS = HERE.parents[2] / "tests/hosts"
TESTS = ["test_store.py", "test_settings.py", "test_tickets.py", "test_workers.py"]


@pytest.mark.timeout(900)  # a dead worker of another machine is noticed after half a minute, and some die here
def test_a_helpdesk_in_postgresql_passes_the_same_tests() -> None:
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        reason = "PostgreSQL (on Debian: apt-get install postgresql)"
        if "POLYAI_NOT_RUN" in os.environ:
            with Path(os.environ["POLYAI_NOT_RUN"]).open("a", encoding="utf-8") as notes:
                notes.write(f"the helpdesk in PostgreSQL: {reason}\n")
        pytest.skip(f"missing: {reason}")
    from postgresql import Server

    with Server(is_durable=False) as server:
        command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "--rootdir", str(HERE.parent)]
        environment = {
            **os.environ,
            "TESTED_DATABASE": server.address,
            "PYTHONPATH": os.pathsep.join([str(HERE), str(SERVERS), os.environ.get("PYTHONPATH", "")]),
        }
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        done = subprocess.run(
            [*command, *(str(HERE / name) for name in TESTS)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout)
    assert done.returncode == 0
