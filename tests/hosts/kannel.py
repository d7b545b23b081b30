"""A Kannel of its own for a test: bearerbox and smsbox with their settings in a folder, on free ports."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ports import free_port

PATIENCE = 180.0
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
PROGRAMS = ("bearerbox", "smsbox")


def why_not() -> str:
    """What is missing here to run it; empty where nothing is."""
    missing = [program for program in PROGRAMS if not shutil.which(program, path=SEARCH_PATH)]
    return f"missing: {' '.join(missing)}" if missing else ""


class Kannel:
    """A gateway that runs, with settings in which `{name}` stands for what it is given by that name."""

    def __init__(self, settings: str, **values: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kannel-"))
        (self.folder / "store").mkdir()
        self.port = free_port()
        values = {**values, "folder": self.folder, "send_port": self.port}
        values |= {name: free_port() for name in ("admin_port", "box_port")}
        self._settings = self.folder / "kannel.conf"
        for name, value in values.items():
            settings = settings.replace(f"{{{name}}}", str(value))
        self._settings.write_text(settings)
        self._admin_port, self._box_port = values["admin_port"], values["box_port"]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        try:
            self.start("bearerbox", self._box_port)
            self.start("smsbox", self.port)
        except BaseException:
            self.stop()
            raise

    def start(self, program: str, port: int) -> None:
        """Starts one of its programs, and waits until it listens."""
        with (self.folder / f"{program}.log").open("ab") as log:
            self._processes[program] = subprocess.Popen(
                [shutil.which(program, path=SEARCH_PATH) or program, "--verbosity", "1", str(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        self.wait_for(lambda: self._listens(program, port), f"{program} listens")

    def _listens(self, program: str, port: int) -> bool:
        assert self._processes[program].poll() is None, self.said()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def status(self) -> str:
        """What it says of itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self._admin_port, timeout=PATIENCE)
        try:
            connection.request("GET", "/status.txt?password=admin")
            return connection.getresponse().read().decode(errors="replace")
        finally:
            connection.close()

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        """Waits until it is so, and gives what it gave."""
        until = time.monotonic() + PATIENCE
        while not (result := condition()):
            assert time.monotonic() < until, f"not so after {PATIENCE} s: {what}\n{self.said()}"
            time.sleep(0.05)
        return result

    def said(self) -> str:
        """Its logs."""
        logs = [self.folder / f"{program}.log" for program in PROGRAMS]
        return "".join(f"--- {log.stem}\n{log.read_text(errors='replace')}" for log in logs if log.exists())

    def stop(self) -> None:
        """Stops it, and takes away its folder."""
        for process in reversed(self._processes.values()):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)  # what it still holds is of no use
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        print(self.said())
        shutil.rmtree(self.folder)
