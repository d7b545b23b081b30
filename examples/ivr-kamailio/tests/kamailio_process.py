"""Kamailio with the example's configuration, changed only where a private run has to be."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Union

from ports import free_port
from sip_client import SipClient

EXAMPLE = Path(__file__).resolve().parent.parent
REPOSITORY = EXAMPLE.parent.parent
PATIENCE_S = 30.0

LUA = Union[str, int, bool, dict[str, str]]


def lua_value(value: LUA) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua_value(name)}] = {lua_value(entry)}" for name, entry in value.items()) + "}"
    return '"' + "".join(f"\\{byte:03d}" for byte in value.encode()) + '"'


class Kamailio:
    """One installation in a directory; `start`, `stop` and `start` again keep its state, as a service does."""

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        *,
        workers: int = 4,
        idle_s: int = 900,
        **settings: LUA,
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.log_path = directory / "log"
        self.settings_path = directory / "settings.lua"
        self.environment = {**os.environ, **environment, "POLYAI_KAMAILIO_SETTINGS": str(self.settings_path)}
        self.process: subprocess.Popen[bytes] | None = None
        shutil.copytree(EXAMPLE / "tables", directory / "state")
        self.change_settings(**settings)
        self._write_configuration(
            LISTEN_PORT=str(self.port),
            LUA_DIRECTORY=str(EXAMPLE / "lua"),
            STATE_DIRECTORY=str(directory / "state"),
            CONTROL_SOCKET=str(directory / "control"),
            AGENT_WORKERS=str(workers),
            CONVERSATION_IDLE_SECONDS=str(idle_s),
        )

    def change_settings(self, **settings: LUA) -> None:
        changes = "\n".join(f"settings.{name} = {lua_value(value)}" for name, value in settings.items())
        shipped = lua_value(str(EXAMPLE / "settings.lua"))
        self.settings_path.write_text(f"local settings = dofile({shipped})\n{changes}\nreturn settings\n")

    def _write_configuration(self, **values: str) -> None:
        text = (EXAMPLE / "kamailio.cfg").read_text()
        for name, value in values.items():
            line = rf'^(#!substdef "!{name}!).*(!g")$'
            text, changed = re.subn(line, rf"\g<1>{value}\g<2>", text, flags=re.MULTILINE)
            assert changed == 1, name
        (self.directory / "kamailio.cfg").write_text(text)

    def start(self) -> Kamailio:
        """Starts, and waits until it answers."""
        self.launch()
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_S
        while True:
            # By TCP, whose process is the last to come, and would miss a signal to end before it is there.
            try:
                client = SipClient(self.address, transport="tcp")
            except ConnectionRefusedError:
                assert self.process.poll() is None, f"Kamailio has ended:\n{self.log}"
                assert time.monotonic() < deadline, f"Kamailio does not listen:\n{self.log}"
                time.sleep(0.02)
                continue
            try:
                request = client.request(method="OPTIONS", content_type="")
                client.send(request)
                assert client.reply_to(request, PATIENCE_S).status == 200
                self.wait_until(self._is_complete)
                return self
            finally:
                client.close()

    def _is_complete(self) -> bool:
        """Whether every process has begun; each reads the scripts and the settings by itself."""
        try:
            processes = self.control("core.psa")
        except subprocess.CalledProcessError:
            return False
        return "tcp main process" in processes and "status: 0" not in processes

    def launch(self) -> None:
        program = shutil.which("kamailio", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert program, "tests/install installs Kamailio"
        directory = str(self.directory)
        arguments = ["-f", f"{directory}/kamailio.cfg", "-DD", "-E", "-Y", directory, "-w", directory]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [program, *arguments], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(PATIENCE_S * 3)

    def stop(self) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.wait()
            finally:
                if self.process.poll() is None:
                    os.killpg(self.process.pid, signal.SIGKILL)
                    self.process.wait()
        self.process = None

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def control(self, *command: str) -> str:
        """What `kamcmd` says."""
        program = shutil.which("kamcmd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert program, "tests/install installs kamcmd"
        asked = [program, "-s", f"unix:{self.directory / 'control'}", *command]
        return subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout

    def counter(self, name: str) -> int:
        found = re.search(rf"name: {name}\s+value: (\d+)", self.control("htable.dump", "counters"))
        return int(found[1]) if found else 0

    def entries(self, table: str) -> int:
        """How many entries a shared table has, without the one that is always there."""
        return self.control("htable.dump", table).count("name:") - 1

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def wait_until_idle(self) -> None:
        """Until nothing waits for the agent, and nothing for a customer to confirm it."""
        self.wait_until(lambda: self.entries("inbox") == 0 and self.entries("outbox") == 0)

    def agent_workers(self) -> list[int]:
        """The processes that wait for the agent."""
        return [int(line.split()[0]) for line in self.control("ps").splitlines() if "Async Task Worker - agent" in line]
