"""A server of PostgreSQL, and a pgbouncer before it, for tests: in folders of their own, and on free ports."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PATIENCE = 180.0


class Server:
    """A cluster, which can be stopped, killed and started again. Everybody who reaches its `host` may come in.

    `inside` is the folder for its own one, `environment` what the server is started with, and `settings` are further
    lines of its configuration.
    """

    def __init__(
        self,
        *,
        is_durable: bool = True,
        copy_of: Server | None = None,
        name: str = "main",
        host: str = "127.0.0.1",
        inside: Path | None = None,
        environment: Mapping[str, str] | None = None,
        settings: str = "",
    ) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        self._programs = found[-1].parent
        self._user = _unprivileged()
        self._settings = settings
        self._environment = {**os.environ, **(environment or {})}
        self._folder = Path(tempfile.mkdtemp(prefix="polyai-postgresql-", dir=inside))
        self.data = self._folder / "data"
        self.name = name
        self.host = host
        self.port = free_port()
        self._process: subprocess.Popen[Any] | None = None
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        if copy_of is None:
            self._run(
                "initdb",
                "--no-sync",
                "--auth=trust",
                "--username=chat",
                "--encoding=UTF8",
                "--locale=C",
                str(self.data),
            )
            self._configure(is_durable)
        else:
            source = f"host=127.0.0.1 port={copy_of.port} user=chat application_name={name}"
            self._run(
                "pg_basebackup",
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
                f"--dbname={source}",
                "--pgdata",
                str(self.data),
            )
            self._configure(is_durable)
        self.start()

    def _configure(self, is_durable: bool) -> None:
        with (self.data / "postgresql.auto.conf").open("a") as options:
            options.write(
                f"listen_addresses = '{self.host}'\nport = {self.port}\nunix_socket_directories = '{self._folder}'\n"
                f"fsync = {'on' if is_durable else 'off'}\nmax_connections = 200\nshared_buffers = 64MB\n"
                f"wal_keep_size = 64MB\nmax_wal_senders = 4\nlog_min_messages = fatal\n{self._settings}"
            )
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")

    @property
    def conninfo(self) -> str:
        """How it is reached."""
        return f"host={self.host} port={self.port} user=chat dbname=postgres"

    @property
    def address(self) -> str:
        """The same as a URI."""
        return f"postgresql://chat@{self.host}:{self.port}/postgres"

    @property
    def socket_conninfo(self) -> str:
        """The same by its socket."""
        return f"host={self._folder} port={self.port} user=chat dbname=postgres"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self._process = process = subprocess.Popen(
            [self._programs / "postgres", "-D", self.data],
            stderr=subprocess.DEVNULL,
            env=self._environment,
            **self._as_user(),
        )
        until = time.monotonic() + _PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1.0):
                if self._is_ready():
                    return
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", self.host, "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def stop(self) -> None:
        """Stops it at once, as for a restart: whoever is connected is cut off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As if the machine had lost its power."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_PATIENCE)
            self._process = None

    def promote(self) -> None:
        """Makes a standby the server."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self.data))

    def close(self) -> None:
        """Ends it, and takes its folder away."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._as_user())
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {"cwd": self._folder}
        entry = pwd.getpwnam(self._user)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "cwd": self._folder}


class Bouncer:
    """A pgbouncer in transaction mode before a server."""

    def __init__(self, server: Server) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="polyai-pgbouncer-"))
        self.port = free_port()
        user = _unprivileged()
        if user is not None:
            shutil.chown(self._folder, user)
        settings = self._folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={server.port} user=chat\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = transaction\ndefault_pool_size = 8\nmax_client_conn = 200\n"
        )
        settings.chmod(0o644)
        program = shutil.which("pgbouncer", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin")
        entry = None if user is None else pwd.getpwnam(user)
        as_user: dict[str, Any] = (
            {} if entry is None else {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        )
        self._process = subprocess.Popen(
            [str(program), str(settings)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **as_user
        )
        wait_for_port(self.port)

    @property
    def conninfo(self) -> str:
        """How it is reached."""
        return f"host=127.0.0.1 port={self.port} user=chat dbname=postgres"

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(_PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)


class Wire:
    """A network between a client and a server, which can be cut: then nothing comes through, and nobody is told."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._may_pass = threading.Event()
        self._may_pass.set()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Lets nothing through any more."""
        self._may_pass.clear()

    def mend(self) -> None:
        """Lets everything through."""
        self._may_pass.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._sockets += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self._may_pass.wait()
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Takes it away."""
        self._listening.close()
        self._may_pass.set()
        for one in self._sockets:
            one.close()


@contextlib.contextmanager
def wire_to(server: Server) -> Iterator[Wire]:
    """A network to a server."""
    wire = Wire(server.port)
    try:
        yield wire
    finally:
        wire.close()


def make_silent(connection: Any, schema: str, worker: str) -> None:
    """Has the server believe that a worker was last heard of a minute ago, and the others without a pause since."""
    query = (
        f"UPDATE {schema}.workers SET steady_since = steady_since - interval '1 minute',"
        " seen_at = seen_at - CASE WHEN worker = %s THEN interval '1 minute' ELSE interval '0' END"
    )
    connection.execute(query, (worker,))


def end_others(connection: Any) -> None:
    """Ends all other connections to the server, and waits until it knows what they have read: a backend reports its
    counts when it ends, and otherwise only now and then."""
    query = (
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    connection.execute(query)


def wait_for_port(port: int) -> None:
    """Waits until somebody listens there."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            assert time.monotonic() < until, f"nobody listens on port {port}"
            time.sleep(0.05)


def _unprivileged() -> str | None:
    """Whom PostgreSQL runs as: it refuses to be root."""
    if os.getuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"
