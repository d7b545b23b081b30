"""The same with PostgreSQL, for several machines: DATABASE=postgresql://… is all that changes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Server, wait_until

HERE = Path(__file__).parent
# Those in which it matters where something is kept.
TESTS = [
    "test_any_text_arrives_as_it_is",
    "test_nobody_may_take_too_much",
    "test_a_sentence_that_is_sent_again_is_said_once",
    "test_quick_sentences_are_answered_in_their_order",
    "test_a_process_that_is_killed_leaves_the_truth_behind",
    "test_what_is_idle_is_closed_and_what_is_old_is_forgotten",
    "test_a_customer_goes_to_the_desk_and_back",
]


def need_postgresql() -> None:
    """Skips a test where it is not installed, and says so."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        reason = "PostgreSQL (on Debian: apt-get install postgresql)"
        if "POLYAI_NOT_RUN" in os.environ:
            with Path(os.environ["POLYAI_NOT_RUN"]).open("a", encoding="utf-8") as notes:
                notes.write(f"the chat widget in PostgreSQL: {reason}\n")
        pytest.skip(f"missing: {reason}")


@pytest.mark.timeout(600)  # a dead process of another machine is noticed after half a minute, and one dies here
def test_a_widget_in_postgresql_passes_the_same_tests() -> None:
    need_postgresql()
    from postgresql import Server as Database

    with Database(is_durable=False) as server:
        command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "--rootdir", str(HERE.parent)]
        done = subprocess.run(
            [*command, *(f"{HERE / 'test_backend.py'}::{name}" for name in TESTS)],
            env={**os.environ, "TESTED_DATABASE": server.address},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout)
    assert done.returncode == 0


def test_a_database_that_restarts_has_the_page_ask_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile the answer is no JSON, so the page takes it for a failure on the way, and repeats."""
    need_postgresql()
    from postgresql import Server as Database

    with Database(is_durable=False) as database:
        monkeypatch.setenv("TESTED_DATABASE", database.address)
        with contextlib.closing(Server(tmp_path)) as server:
            server.start()
            customer = server.customer()
            customer.begin()
            database.stop()
            answer = customer.http.get("/chat/view")
            assert (answer.status_code, answer.text) == (503, "The database is away.")
            database.start()
            wait_until(lambda: customer.http.get("/chat/view").status_code == 200)
            said = customer.say("hello", "0b5d1c1e-6f0e-4c53-9c0c-6f1f3a1f6d11").json()
    assert said["lines"][-1]["text"] == "You said: hello"


def test_an_address_that_leads_nowhere_is_told_without_its_password() -> None:
    from webchat.database import DatabaseAway, InPostgres

    with pytest.raises(DatabaseAway) as caught:
        InPostgres("postgresql://chat:canary@127.0.0.1:1/chat")
    assert "canary" not in str(caught.value)
