"""The store in SQLite: what every store must do, and its file."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import sys
import time
import unittest
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    _clock,
    _process,
)
from polyai_chat_testing import Simulator, StoreConformance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "messages.sqlite"


class TestSQLiteStore(StoreConformance):
    @pytest.fixture(autouse=True)
    def _file(self, path: Path) -> Iterator[None]:
        self._path = path
        self._store = SQLiteStore(path)
        yield
        self._store.close()

    def make_store(self) -> Store:
        return self._store

    def code_of_store(self) -> str:
        return f"from polyai_chat_channels import SQLiteStore\nstore = SQLiteStore({str(self._path)!r})"

    def dump(self) -> str:
        with closing(sqlite3.connect(self._path)) as database:
            return "\n".join(database.iterdump())

    @contextlib.contextmanager
    def hold(self, channel: str, sender: str) -> Iterator[None]:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    def cost(self, store: Store, action: Callable[[], object]) -> int:
        assert isinstance(store, SQLiteStore)
        return steps_of(store, action)


def accept(store: SQLiteStore, message: Message, worker: str | None = None) -> bool:
    return store.accept("sms", message, "token", worker=worker, lease=300.0, timeout=PATIENCE)


def taken(store: SQLiteStore) -> list[str]:
    return [message.message_id for message in store.take("sms", "me", 9, lease=300.0, timeout=PATIENCE)]


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        with SQLiteStore(path) as store:
            accept(store, Message("a", "1", "text"), "worker")
            for file in path.parent.iterdir():
                assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    finally:
        os.umask(before)
    path.chmod(0o640)
    SQLiteStore(path).close()
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
            accept(store, Message("a", message_id, text), None)
        assert store.resolve("sms", "a", "1", "dismissed", note=None, timeout=PATIENCE)
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


def test_a_store_of_another_version_is_refused(path: Path) -> None:
    SQLiteStore(path).close()
    changed(path, "PRAGMA user_version = 3")
    with pytest.raises(StoreError, match=r"has version 3 of the store, and this .* has 2; use"):
        SQLiteStore(path)


def test_a_damaged_store_says_so(path: Path, client: Client, simulator: Simulator) -> None:
    with SQLiteStore(path) as store:
        Channel(client, store, "sms").receive(sender="a", message_id="1", text="hello")
    asked = simulator.requests_to("respond")
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="malformed: it is damaged") as caught, SQLiteStore(path) as store:
        Channel(client, store, "sms").receive(sender="a", message_id="2", text="hello")
    assert caught.value.may_resend
    assert simulator.requests_to("respond") == asked


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no-such-folder/messages\.sqlite cannot be opened for writing: No such file"):
        SQLiteStore(tmp_path / "no-such-folder" / "messages.sqlite")
    with pytest.raises(StoreError, match="Is a directory"):
        SQLiteStore(tmp_path)


def test_a_file_that_vanishes_is_not_made_again(path: Path) -> None:
    with SQLiteStore(path) as store:
        path.unlink()
        with pytest.raises(StoreError, match="unable to open database file"):
            accept(store, Message("a", "1", "text"), "worker")
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
        store.beat("parent", "the parent", timeout=PATIENCE)
        assert accept(store, Message("a", "1", "text"), "parent")
        child = os.fork()
        if child == 0:
            store.beat("child", "the child", timeout=PATIENCE)
            is_right = accept(store, Message("b", "2", "text"), "child")
            is_right = is_right and taken(store) == []  # its parent lives
            os._exit(0 if is_right else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert taken(store) == ["2"], "the child has ended"


def test_a_process_is_known_to_have_died() -> None:
    assert not _process.has_died(_process.this_process())
    program = "from polyai_chat_channels import _process; print(_process.this_process(), flush=True); input()"
    with Child.of_command([sys.executable, "-c", program]) as child:
        owner = child.line()
        assert not _process.has_died(owner)
        child.send(signal.SIGKILL)
        # It has not been waited for: what is left of it has died all the same.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert _process.has_died(owner)
        child.ended()
        assert _process.has_died(owner)
    boot, namespace, pid, started = _process.this_process().split(" ")
    assert _process.has_died(f"{boot} {namespace} {pid} 1"), "another one had that id before"
    assert _process.has_died(f"other {namespace} {pid} {started}") is None, "a container may have a start of its own"
    assert _process.has_died(f"{boot} 1 {pid} {started}") is None, "nobody can say of another container"
    assert _process.has_died("a later kind of name") is None


def test_the_clock_never_goes_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is done to the wall clock, and when the machine was started again with a wrong one."""
    with SQLiteStore(path) as store:
        store.beat("me", "here", timeout=PATIENCE)
        (before,) = store.workers(timeout=PATIENCE)
        with store._reading(PATIENCE) as database:
            now = store._now(database)
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() - 3600.0)
    with SQLiteStore(path) as store, store._reading(PATIENCE) as database:
        assert store._now(database) >= now
    monkeypatch.setattr(_clock, "boot", lambda: "the next one")
    monkeypatch.setattr(_clock, "since_boot", lambda: 5.0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with SQLiteStore(path) as store, store._reading(PATIENCE) as database:
        assert store._now(database) >= before.seen_at - 1.0


# There are as many rows as processes or calls under way, or as a limit allows.
MAY_BE_SCANNED = ("SCAN workers", "SCAN (subquery", "SCAN messages USING INDEX messages_claimed")
# What a worker had is looked for once, after it has died.
OF_A_DEAD_WORKER = "AND worker = "


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
                with contextlib.suppress(unittest.SkipTest):
                    getattr(case, name)()
        of_rows = ("SELECT", "UPDATE", "DELETE", "INSERT")
        statements = {text for text in executed if text.startswith(of_rows) and OF_A_DEAD_WORKER not in text}
        assert len(statements) > 50
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                for row in database.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall():
                    assert not row[3].startswith("SCAN") or row[3].startswith(MAY_BE_SCANNED), (statement, row)


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
            "INSERT INTO lines (line, channel, sender, conversation_id, last_message_at) VALUES (?, 'sms', ?, ?, 1)",
            [(-number - 1, f"sender {number}", f"conversation {number}") for number in numbers],
        )
        database.executemany(
            "INSERT INTO messages (line, channel, message_id, state, is_accepted, received_at, done_at, answer)"
            " VALUES (?, 'sms', '1', 'answered', 0, 0, 1, '{}')",
            [(-number - 1,) for number in numbers],
        )


def steps_of(store: SQLiteStore, action: Callable[[], object]) -> int:
    """How many steps SQLite takes for something."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    store._close()
    with store._connected(PATIENCE) as database:
        database.set_progress_handler(count, 1)
    action()
    store._close()
    return steps


def steps_of_one_more(store: SQLiteStore, sender: str) -> int:
    """How many steps SQLite takes for a message from its claim to its delivery, and for what a timer asks."""
    long_ago = 1e9

    def one_more() -> None:
        answer_one(store, sender)
        assert taken(store) == []
        assert store.take_answers("sms", "me", 10, lease=9.0, timeout=PATIENCE) == []
        assert store.parked("sms", 10, timeout=PATIENCE) == []
        assert store.take_idle("sms", 2 * time.time(), 10, timeout=PATIENCE) == []
        assert store.purge("sms", 2 * time.time() + long_ago, 100, timeout=PATIENCE) == 0

    return steps_of(store, one_more)


def answer_one(store: SQLiteStore, sender: str) -> None:
    message = Message(sender, "1")
    assert store.claim("sms", message, "me", "token", lease=60.0, timeout=PATIENCE).state == "first"
    assert store.begin("sms", message, "token", Sender(sender, f"of {sender}", "Hello"), False, timeout=PATIENCE)
    assert store.send("sms", message, "token", conversation_id="c", correlation_id="d", lease=60.0, timeout=PATIENCE)
    outcome = Outcome("answered", Answer(message, "open", "Yes"))
    assert store.settle("sms", message, "me", "token", outcome, lease=60.0, timeout=PATIENCE).state == "settled"
    store.delivered("sms", sender, "1", timeout=PATIENCE)
