"""Programs that tests start as processes: they are given a client's options, and tell by lines what they do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

HERE = Path(__file__).parent
PROGRAMS = HERE / "chat/tests/programs"

PATIENCE = 60.0
"""How many seconds a test waits for something that should come at once; below the limit of a test."""


class Child:
    """A Python program under way. As a context manager it is not left behind."""

    def __init__(
        self,
        program: str,
        *arguments: str,
        options: Mapping[str, Any] | None = None,
        flags: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts one of `*/tests/programs/`; `options` are those of its client, `flags` those of the interpreter."""
        (path,) = HERE.glob(f"*/tests/programs/{program}")
        self.command([sys.executable, *flags, str(path), *arguments], options, environment)

    @classmethod
    def of_command(
        cls,
        command: Sequence[str],
        options: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        """Starts any command in the folder of the programs."""
        child = cls.__new__(cls)
        child.command(command, options, environment)
        return child

    def command(
        self, command: Sequence[str], options: Mapping[str, Any] | None, environment: Mapping[str, str] | None
    ) -> None:
        """Starts the process."""
        variables = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", **(environment or {})}
        if options is not None:
            variables["CLIENT_OPTIONS"] = json.dumps(dict(options))
        # To a file: nobody reads while the program runs, and a full pipe would block it.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        # A session of its own, so that whatever it starts can be ended with it.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=PROGRAMS,
            env=variables,
            text=True,
            start_new_session=True,
        )
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def line(self) -> str:
        """The next line that it prints."""
        line = self._lines.get(timeout=PATIENCE)
        assert line is not None, f"the program ended with {self._process.wait()}: {self.errors()}"
        return line

    def value(self) -> Any:
        """The next line that it prints, read as JSON."""
        return json.loads(self.line())

    def expect(self, line: str) -> None:
        """Waits until it prints this line, and nothing before."""
        told = self.line()
        assert told == line, f"expected {line!r}, the program said {told!r}: {self.errors()}"

    def tell(self, line: str) -> None:
        """Gives it a line to read."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> float:
        """Sends it a signal, and returns the time of that moment on the clock that all processes share."""
        moment = time.monotonic()
        self._process.send_signal(number)
        return moment

    def ended(self) -> int:
        """Waits for its end, and returns its exit status; below zero it is the signal that ended it."""
        status = self._process.wait(timeout=PATIENCE)
        self._reader.join(timeout=PATIENCE)
        return status

    def errors(self) -> str:
        """What it has written to stderr."""
        self._errors.flush()
        self._errors.seek(0)
        return self._errors.read()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._reader.join(timeout=PATIENCE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._errors.close()
