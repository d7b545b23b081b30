"""What the tests share: the agent (a simulator), and the servlet as its users start it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from polyai_chat_testing import Simulator
from voice_browser import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[3]
HOSTS_DIRECTORY = Path(os.environ.get("POLYAI_HOSTS_DIRECTORY", REPOSITORY / "target/hosts")).absolute()
PROGRAM = HOSTS_DIRECTORY / "java-servlet/program"

SCRIPT = r"""
greeting = "Hello {attribute.caller|there}, this is Acme & Sons."
default_reply = "You said: {message}"

[[rules]]
message = "absent"
reply = "Are you still there?"

[[rules]]
pattern = '^slow'
reply = "That took a while."
delay_ms = 4000

[[rules]]
pattern = '^never$'
reply = "That took for ever."
delay_ms = 600000

[[rules]]
pattern = '^hostile$'
reply = "</prompt><disconnect/> & ]]> \u0007\u0000\uFFFE\nend"

[[rules]]
pattern = '^returns$'
reply = "I am putting you through."
handoff = { destination = "returns-desk", reason = "customer_request" }

[[rules]]
pattern = '^elsewhere$'
reply = "I am putting you through."
handoff = { destination = "sip:attacker@example.net" }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true
"""


class Servlet:
    """The program, which serves until it is stopped."""

    def __init__(self, log: IO[bytes], environment: dict[str, str]) -> None:
        home = subprocess.run(
            [REPOSITORY / "bindings/java/tests/jdk", "17"], capture_output=True, text=True, check=True
        ).stdout.strip()
        self.process = subprocess.Popen(
            [
                f"{home}/bin/java",
                "-Xshare:auto",
                "-cp",
                f"{PROGRAM}/polyai-voicexml-1.jar:{PROGRAM}/lib/*",
                "voice.Main",
            ],
            env={"PATH": os.environ["PATH"], **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def stop(self) -> int:
        if self.process.returncode is not None:
            return self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()


StartServlet = Callable[..., Servlet]
SETTINGS = {
    "VOICE_PORT": "0",
    "VOICE_FILLER_AFTER_MS": "100",
    "VOICE_DEFAULT_DESK": "sip:desk@pbx.example.com",
    "VOICE_DESKS": "returns-desk=sip:returns@pbx.example.com",
}


@pytest.fixture(scope="session")
def agent() -> Iterator[Simulator]:
    with Simulator(script=SCRIPT) as started:
        yield started


@pytest.fixture
def simulator(agent: Simulator) -> Iterator[Simulator]:
    """The agent, which has heard nothing yet, and makes no fault."""
    agent.clear()
    yield agent
    agent.clear_faults()


@pytest.fixture(scope="session")
def servlet(agent: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servlet]:
    """The program as most tests need it."""
    log_file = tmp_path_factory.mktemp("servlet") / "log"
    with log_file.open("ab") as log:
        servlet = Servlet(log, {**agent.environment, **SETTINGS})
    yield servlet
    servlet.stop()
    print(log_file.read_text(encoding="utf-8"))


@pytest.fixture
def start_servlet(simulator: Simulator, tmp_path: Path) -> Iterator[StartServlet]:
    """Starts the program with other settings: `start_servlet(VOICE_MOST_CALLS="1")`."""
    started: list[Servlet] = []
    log_file = tmp_path / "log"

    def start(**settings: str) -> Servlet:
        with log_file.open("ab") as log:
            started.append(Servlet(log, {**simulator.environment, **SETTINGS, **settings}))
        return started[-1]

    yield start
    for servlet in started:
        servlet.stop()
    print(log_file.read_text(encoding="utf-8"))  # pytest shows it when the test has failed
