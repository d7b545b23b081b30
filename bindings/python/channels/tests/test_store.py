"""The store in SQLite: what every store must do, and its file."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from children import Child
from polyai_chat import Client
from polyai_chat_channels import (
    Answer,
    Channel,
    Message,
    Outcome,
    Sender,
    SQLiteStore,
    Store,
    StoreError,
    _owner,
)
from polyai_chat_testing import Simulator, StoreConformance

PATIENCE = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.sqlite"


class TestSQLiteStore(StoreConformance):
    @pytest.fixture(autouse=True)
    def _file(self, path: Path) -> None:
        self._path = path

    def make_store(self) -> Store:
        return SQLiteStore(self._path)


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        with SQLiteStore(path) as store:
            store.accept("sms", Message("a", "1", "text"), for_others=False, timeout=PATIENCE)
            for file in path.parent.iterdir():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    finally:
        os.umask(before)
    path.chmod(0o640)
    SQLiteStore(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_text_that_is_no_longer_needed_is_overwritten(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def as_sqlite_is_built_by_its_authors(*arguments: Any, **options: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*arguments, **options)
        database.execute("PRAGMA secure_delete = OFF")  # Debian's is on
        return database

    monkeypatch.setattr(sqlite3, "connect", as_sqlite_is_built_by_its_authors)
    with SQLiteStore(path) as store:
        for message_id in ("1", "2"):
            text = f"canary {message_id}, " * 100
            store.accept("sms", Message("a", message_id, text), for_others=True, timeout=PATIENCE)
        assert store.dismiss("sms", "a", "1", timeout=PATIENCE)
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"canary 1" not in kept
    assert b"canary 2" in kept


def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreError, match=r"messages\.sqlite: file is not a database: it is damaged") as caught:
        SQLiteStore(path)
    assert caught.value.delivery == "not_sent"
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    changed(path, "CREATE TABLE orders (id)")
    with pytest.raises(StoreError, match="is a database of something else"):
        SQLiteStore(path)


def test_a_store_of_a_newer_version_is_refused(path: Path) -> None:
    SQLiteStore(path)
    changed(path, "PRAGMA user_version = 2")
    with pytest.raises(StoreError, match=r"has version 2 of the store, and this polyai_chat has 1; update polyai_chat"):
        SQLiteStore(path)


def test_a_damaged_store_says_so(path: Path, client: Client, simulator: Simulator) -> None:
    with SQLiteStore(path) as store:
        Channel(client, store, "sms").receive(sender="a", message_id="1", text="hello")
    asked = simulator.requests_to("respond")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with SQLiteStore(path) as store, pytest.raises(StoreError, match="malformed: it is damaged") as caught:
        Channel(client, store, "sms").receive(sender="a", message_id="2", text="hello")
    assert caught.value.may_resend
    assert simulator.requests_to("respond") == asked


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no-such-folder/messages\.sqlite cannot be opened for writing: No such file"):
        SQLiteStore(tmp_path / "no-such-folder" / "messages.sqlite")
    with pytest.raises(StoreError, match="Is a directory"):
        SQLiteStore(tmp_path)


def test_a_file_that_vanishes_is_not_made_again(path: Path) -> None:
    store = SQLiteStore(path)
    path.unlink()
    with pytest.raises(StoreError, match="unable to open database file"):
        store.accept("sms", Message("a", "1", "text"), for_others=False, timeout=PATIENCE)
    assert not path.exists()


def test_what_cannot_be_recorded_is_not_sent(path: Path, client: Client, simulator: Simulator) -> None:
    """A store that cannot be written any more: no request leaves."""
    with SQLiteStore(path) as store:
        channel = Channel(client, store, "sms")
        channel.receive(sender="a", message_id="1", text="hello")
        before = len(simulator.received())
        for connection in store._idle:
            connection.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="readonly") as caught:
            channel.receive(sender="a", message_id="2", text="hello")
        assert (caught.value.delivery, caught.value.kind) == ("not_sent", "store")
        assert len(simulator.received()) == before


FULL_DISK = """
import json, os, resource, sys
from pathlib import Path
from polyai_chat import Client
from polyai_chat_channels import Channel, SQLiteStore, StoreError

path = sys.argv[1]
with SQLiteStore(path) as store:
    channel = Channel(Client(**json.loads(os.environ["CLIENT_OPTIONS"])), store, "sms")
    channel.receive(sender="a", message_id="1", text="hello")
    # No file may become larger than the log already is: what a full disk is like.
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = os.path.getsize(path + "-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    try:
        channel.receive(sender="a", message_id="2", text="hello")
    except StoreError as error:
        print(error.delivery, error)
"""


def test_a_full_disk_is_told_before_anything_is_sent(path: Path, simulator: Simulator) -> None:
    with Child.of_command([sys.executable, "-c", FULL_DISK, str(path)], simulator.options) as child:
        assert child.line().startswith(f"not_sent {path}: ")
        assert child.ended() == 0
    assert simulator.requests_to("respond") == 1


def test_a_lock_that_is_kept_ends_at_the_deadline(path: Path, client: Client, simulator: Simulator) -> None:
    with SQLiteStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked: somebody else was writing") as caught:
            Channel(client, store, "sms").receive(sender="a", message_id="1", text="hello", timeout=0.5)
        assert caught.value.may_resend
        other.execute("ROLLBACK")
    assert simulator.received() == []


def test_a_forked_child_uses_the_store_of_its_parent(path: Path) -> None:
    with SQLiteStore(path) as store:
        assert store.accept("sms", Message("a", "1", "text"), for_others=False, timeout=PATIENCE)
        child = os.fork()
        if child == 0:
            is_right = store.accept("sms", Message("a", "2", "text"), for_others=False, timeout=PATIENCE)
            known = Message("a", "1", "text")
            is_right = is_right and not store.accept("sms", known, for_others=False, timeout=PATIENCE)
            is_right = is_right and store.take_accepted("sms", 9, timeout=PATIENCE) == []  # its parent lives
            os._exit(0 if is_right else 1)
        assert os.waitpid(child, 0)[1] == 0
        (left,) = store.take_accepted("sms", 9, timeout=PATIENCE)
        assert left.message_id == "2", "the child has ended"


def test_a_process_is_known_to_have_died() -> None:
    assert not _owner.has_died(_owner.this_process())
    program = "from polyai_chat_channels import _owner; print(_owner.this_process(), flush=True); input()"
    with Child.of_command([sys.executable, "-c", program]) as child:
        owner = child.line()
        assert not _owner.has_died(owner)
        child.send(signal.SIGKILL)
        # It has not been waited for: what is left of it has died all the same.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert _owner.has_died(owner)
        child.ended()
        assert _owner.has_died(owner)
    boot, namespace, pid, started = _owner.this_process().split(" ")
    assert _owner.has_died(f"{boot} {namespace} {pid} 1"), "another one had that id before"
    assert _owner.has_died(f"earlier {namespace} {pid} {started}"), "before the machine was started again"
    assert not _owner.has_died(f"{boot} 1 {pid} {started}"), "nobody can say of another container"
    assert not _owner.has_died("a later kind of name")


def test_no_statement_reads_through_all_there_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 10,000 senders nothing costs more than with one: each statement finds its rows by an index."""
    executed: set[str] = set()
    with SQLiteStore(path) as store:
        for connection in store._idle:
            connection.close()
        store._idle.clear()
        original = store._connection

        def traced() -> sqlite3.Connection:
            connection = original()
            connection.set_trace_callback(executed.add)
            return connection

        monkeypatch.setattr(store, "_connection", traced)
        for name in dir(StoreConformance):
            if name.startswith("test_"):
                case = StoreConformance()
                monkeypatch.setattr(case, "make_store", lambda: store)
                getattr(case, name)()
        statements = {text for text in executed if text.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT")}
        assert len(statements) > 50
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                for row in database.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall():
                    assert not row[3].startswith("SCAN"), (statement, row)


def test_ten_thousand_senders(path: Path) -> None:
    """The work for one more sender is the same after 10,000 as after 100: counted in steps of SQLite."""
    with SQLiteStore(path) as store:
        add_senders(store, range(100))
        after_a_hundred = steps_of_one_more(store, "one more")
        add_senders(store, range(100, 10_000))
        after_ten_thousand = steps_of_one_more(store, "another one")
        assert after_a_hundred > 100
        assert after_ten_thousand <= 1.05 * after_a_hundred


def add_senders(store: SQLiteStore, numbers: range) -> None:
    """As if each had one answer that was delivered."""
    with store._writing(PATIENCE) as database:
        database.executemany(
            "INSERT INTO messages (channel, sender, message_id, state, is_accepted, until, not_before, tries,"
            " received_at, done_at, answer, is_delivered)"
            " VALUES ('sms', ?, '1', 'answered', 0, 0, 0, 0, 0, 1, '{}', 1)",
            [(f"sender {number}",) for number in numbers],
        )
        database.executemany(
            "INSERT INTO senders (channel, sender, conversation_id, last_message_at) VALUES ('sms', ?, ?, 1)",
            [(f"sender {number}", f"conversation {number}") for number in numbers],
        )


def steps_of_one_more(store: SQLiteStore, sender: str) -> int:
    """How many steps SQLite takes for a message from its claim to its delivery, and for what a timer asks."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    store.close()
    with store._connected(PATIENCE) as database:
        database.set_progress_handler(count, 1)
    answer_one(store, sender)
    assert store.take_accepted("sms", 10, timeout=PATIENCE) == []
    assert store.take_undelivered("sms", 10, timeout=PATIENCE) == []
    assert store.unknown("sms", 10, timeout=PATIENCE) == []
    assert store.take_idle("sms", 0.5, 10, timeout=PATIENCE) == []
    assert store.purge("sms", 0.5, timeout=PATIENCE) == 0
    store.close()
    return steps


def answer_one(store: SQLiteStore, sender: str) -> None:
    message = Message(sender, "1", received_at=1.0)
    assert store.claim("sms", message, "token", 60.0, timeout=PATIENCE).state == "first"
    assert store.begin("sms", message, "token", Sender(sender, f"of {sender}", "Hello"), False, timeout=PATIENCE)
    assert store.send("sms", message, "token", timeout=PATIENCE)
    outcome = Outcome("answered", Answer(message, "open", "Yes"))
    assert store.settle("sms", message, "token", outcome, timeout=PATIENCE)
    store.delivered("sms", sender, "1", True, timeout=PATIENCE)
