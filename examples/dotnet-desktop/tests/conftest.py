"""What the tests share: the agent (a simulator), and the program as its users start it, with pipes or in a terminal."""

from __future__ import annotations

import codecs
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from polyai_chat_testing import Simulator

REPOSITORY = Path(__file__).resolve().parents[3]
HOSTS_DIRECTORY = Path(os.environ.get("POLYAI_HOSTS_DIRECTORY", REPOSITORY / "target/hosts")).absolute()
PROGRAM = HOSTS_DIRECTORY / "dotnet-desktop"
PATIENCE = 180.0
"""How many seconds something may take that should be quick."""

SCRIPT = r"""
greeting = "Hello {attribute.customer_name|there}."
default_reply = "You said: {message}"

[[rules]]
pattern = '^never$'
reply = "That took for ever."
delay_ms = 600000

[[rules]]
pattern = '^hostile$'
reply = "\u001B[2J\u001B]0;title\u0007 a\rb\u0000\u009B31m \u202Efdp\u2028end 👩\u200D🚒"

[[rules]]
pattern = '^piled$'
reply = "PILED"

[[rules]]
pattern = '^human$'
reply = "I am putting you through."
handoff = { destination = "returns-desk\u001B[31m", reason = "customer_request" }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true
""".replace("PILED", "\U000e0041a" + "\u0301" * 6000)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(script=SCRIPT) as started:
        yield started


class Desktop:
    """The program, and what it has written until now."""

    def __init__(self, environment: dict[str, str], arguments: tuple[str, ...], in_terminal: bool) -> None:
        self.read_from, self.write_to = pty.openpty() if in_terminal else os.pipe()
        there = self.write_to
        self.modes = termios.tcgetattr(there) if in_terminal else []
        self.process = subprocess.Popen(
            ["mono", str(PROGRAM / "desktop.exe"), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "LD_LIBRARY_PATH": str(PROGRAM),
                "TERM": "xterm",
                **environment,
            },
            stdin=there if in_terminal else subprocess.PIPE,
            stdout=there,
            stderr=there,
            start_new_session=True,
            preexec_fn=(lambda: os.close(os.open(os.ttyname(0), os.O_RDWR))) if in_terminal else None,
        )
        os.close(there)
        self.output = ""
        # What has been read may end within a character.
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.typing = self.read_from if in_terminal else self.process.stdin.fileno()  # type: ignore[union-attr]

    def type(self, *lines: str) -> None:
        for line in lines:
            os.write(self.typing, f"{line}\n".encode())

    def press(self, key: bytes) -> None:
        os.write(self.typing, key)

    def look_away(self) -> None:
        """Nobody reads any more: what is written then meets a broken pipe."""
        os.close(self.read_from)
        self.read_from = -1

    def read(self, text: str) -> str:
        """Waits until a text has been written, and returns all that was."""
        until = time.monotonic() + PATIENCE
        while text not in self.output:
            left = until - time.monotonic()
            has_come = left > 0 and self._read(left)
            assert has_come, f"{text!r} is not in {self.output!r}"
        return self.output

    def _read(self, seconds: float) -> bool:
        if not select.select([self.read_from], [], [], seconds)[0]:
            return False
        try:
            read = os.read(self.read_from, 65536)
        except OSError:  # so a terminal says that nobody writes any more
            return False
        self.output += self.decoder.decode(read)
        return bool(read)

    def end(self) -> int:
        """Nobody types any more: waits for the end, and returns the exit status."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        while self.read_from >= 0 and self._read(PATIENCE):
            pass
        return self.process.wait(PATIENCE)

    def has_terminal_as_before(self) -> bool:
        """Whether the terminal shows what is typed, and so on, as it did before the program began."""
        return termios.tcgetattr(self.read_from) == self.modes

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.read_from >= 0:
            os.close(self.read_from)


StartDesktop = Callable[..., Desktop]


@pytest.fixture
def start_desktop(simulator: Simulator) -> Iterator[StartDesktop]:
    """Starts the program: `start_desktop(in_terminal=True)`."""
    started: list[Desktop] = []

    def start(*arguments: str, in_terminal: bool = False, **environment: str) -> Desktop:
        started.append(Desktop({**simulator.environment, **environment}, arguments, in_terminal))
        return started[-1]

    yield start
    for desktop in started:
        desktop.stop()
