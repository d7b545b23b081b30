"""Where the stores of the benchmark keep what they hold: on a disk of known speed, which is memory and a sleep."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[3]
BEFORE = "dfd4137"
"""The last commit whose stores knew no workers: the SQLite store that others are measured beside."""
_CHANNELS_BEFORE = "bindings/python/polyai_chat/channels"
_MEMORY = Path("/dev/shm")

sys.path.append(str(ROOT / "tests/hosts"))


@dataclass
class Places:
    """A file of SQLite of today and of before, and a server of PostgreSQL, whose fsync takes so long."""

    built: Path
    sync_ms: float
    files: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Places:
        from polyai_chat_channels import PostgresStore, SQLiteStore
        from postgresql import Server

        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_MEMORY, prefix="polyai-bench-")))
            folder.chmod(0o755)
            slow = folder / "slow_sync.so"  # where the user of PostgreSQL may read it
            shutil.copy(self.built / slow.name, slow)
            self.environment = {"LD_PRELOAD": str(slow), "BENCH_SYNC_US": str(round(1000 * self.sync_ms))}
            counting = "shared_preload_libraries = 'pg_stat_statements'\n"
            server = stack.enter_context(Server(inside=_MEMORY, environment=self.environment, settings=counting))
            with PostgresStore(server.conninfo) as store:
                store.migrate(timeout=60.0)
            _run(server.conninfo, "CREATE EXTENSION pg_stat_statements")
            SQLiteStore(folder / "today.sqlite").close()
            self.files = {"sqlite": str(folder / "today.sqlite"), "postgresql": server.conninfo}
            if _extract_before(folder):
                self.files["before"] = str(folder / "before.sqlite")
                self.environment["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def open(self, kind: str) -> Any:
        """The store in this process, which is not made slow."""
        from polyai_chat_channels import PostgresStore, SQLiteStore

        return SQLiteStore(self.files[kind]) if kind == "sqlite" else PostgresStore(self.files[kind])

    def statements(self) -> dict[str, int]:
        """How many statements the server has been sent: for messages, and to wake workers."""
        query = (
            "SELECT coalesce(sum(calls) FILTER (WHERE query NOT LIKE '%wake_1%'), 0),"
            " coalesce(sum(calls) FILTER (WHERE query LIKE '%wake_1%'), 0)"
            " FROM pg_stat_statements WHERE toplevel AND query NOT LIKE '%pg_stat_statements%'"
        )
        ((of_messages, wake_ups),) = _run(self.files["postgresql"], query)
        return {"of_messages": int(of_messages), "wake_ups": int(wake_ups)}

    def know(self, kind: str, senders: int) -> None:
        """Puts so many senders into the channel `grown`, each with a conversation and a message that is done."""
        if kind == "sqlite":
            database = sqlite3.connect(self.files[kind])
            database.executescript(_KNOWN_IN_SQLITE.format(senders=senders))
            database.close()
        else:
            for statement in _KNOWN_IN_POSTGRESQL.format(senders=senders).split(";\n"):
                _run(self.files[kind], statement)

    def bytes_kept(self, kind: str) -> int:
        """How much the senders and their messages take, with their indexes."""
        if kind == "sqlite":
            return Path(self.files[kind]).stat().st_size
        query = "SELECT pg_total_relation_size('polyai_chat.lines') + pg_total_relation_size('polyai_chat.messages')"
        return int(_run(self.files[kind], query)[0][0])

    def put_in_line(self, channel: str, lines: int, messages: int) -> None:
        """Accepts so many messages in PostgreSQL, in so many lines."""
        query = (
            "SELECT count(r.is_new) FROM generate_series(1, %s) n, polyai_chat.accept_1(%s,"
            " convert_to((n %% %s)::text, 'UTF8'), convert_to(n::text, 'UTF8'), 't', NULL, 60.0, 'hello', NULL) r"
        )
        _run(self.files["postgresql"], query, messages, channel, lines)

    def start(self, program: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """A process on this disk, once it has said that it is ready."""
        path = Path(__file__).with_name(program)
        child = subprocess.Popen(
            [sys.executable, str(path), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment, **environment},
        )
        assert child.stdout is not None
        if (said := child.stdout.readline()) != "ready\n":
            raise SystemExit(f"{program} {' '.join(arguments)} has said {said!r}")
        return child


_KNOWN_IN_SQLITE = """
BEGIN;
CREATE TEMP TABLE numbers AS
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {senders}) SELECT n FROM n;
INSERT INTO lines (line, channel, sender, conversation_id, is_greeted, last_message_at)
    SELECT n, 'grown', n, 'conversation ' || n, 1, 0 FROM numbers;
INSERT INTO messages (line, channel, message_id, state, is_accepted, received_at, done_at)
    SELECT n, 'grown', 'first ' || n, 'answered', 1, 0, 0 FROM numbers;
COMMIT;
ANALYZE;
PRAGMA wal_checkpoint(TRUNCATE);
"""
_KNOWN_IN_POSTGRESQL = """
INSERT INTO polyai_chat.lines (channel, sender, conversation_id, is_greeted)
    SELECT 'grown', convert_to(n::text, 'UTF8'), convert_to('conversation ' || n, 'UTF8'), true
    FROM generate_series(1, {senders}) n;
INSERT INTO polyai_chat.messages (line, channel, message_id, state, is_accepted, done_at)
    SELECT line, 'grown', convert_to('first ' || line, 'UTF8'), 'answered', true, clock_timestamp()
    FROM polyai_chat.lines;
VACUUM ANALYZE polyai_chat.lines, polyai_chat.messages;
CHECKPOINT
"""


def _run(conninfo: str, query: str, *arguments: object) -> list[Any]:
    import psycopg

    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(query, arguments or None)
        return cursor.fetchall() if cursor.description else []


def _extract_before(folder: Path) -> bool:
    """Whether the history of this clone has the store of before. It is put there as `polyai_before.channels`."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", BEFORE, _CHANNELS_BEFORE], capture_output=True, check=False
    )
    if archive.returncode != 0:
        return False
    package = folder / "polyai_before"
    package.mkdir()
    depth = _CHANNELS_BEFORE.count("/")
    subprocess.run(["tar", "x", f"--strip-components={depth}", "-C", str(package)], input=archive.stdout, check=True)
    # Its modules take what they need of the client from modules beside them.
    (package / "__init__.py").touch()
    for module in ("_errors", "_native"):
        (package / f"{module}.py").write_text("from polyai_chat import *\n")
    return True


def together(children: list[subprocess.Popen[str]]) -> list[str]:
    """Lets processes begin at the same time, and gives what each has printed."""
    said = [""] * len(children)

    def listen(number: int) -> None:
        said[number] = children[number].communicate("\n")[0]

    threads = [threading.Thread(target=listen, args=(number,)) for number in range(len(children))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for child in children:
        if child.returncode != 0:
            raise SystemExit(f"a worker has ended with status {child.returncode}")
    return said
