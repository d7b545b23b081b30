"""The processes of the benchmark: they are asked by lines, and answer with lines."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROCESSORS = sorted(os.sched_getaffinity(0))
# The server and the client do not take turns on one processor where there are two.
FOR_CLIENT, FOR_SERVER = PROCESSORS[0], PROCESSORS[-1]


def on(processor: int) -> Callable[[], None] | None:
    """Has a child run on this processor, where there is more than one."""
    if len(PROCESSORS) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {processor})


class Child:
    """A process that ends when nobody asks it any more."""

    def __init__(self, command: list[str], processor: int, environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=on(processor),
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args!r} ended with {self.process.wait()}")
        return line.strip()

    def ask(self, question: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())

    def processor_ns(self) -> int:
        """The processor time of all its threads, for runtimes that tell it in hundredths of a second."""
        return time.clock_gettime_ns(~self.process.pid << 3 | 2)  # CLOCK_PROCESS_CPUTIME_ID of another process

    def peak_resident_mb(self) -> float:
        """The most memory that it has had since it was started; getrusage would count its parent's as well."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak) * 1024 / 1e6

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()  # it has nothing to say any more
        self.process.communicate()


class Server(Child):
    """The server that all are measured with."""

    def __init__(self, built: Path, *, think_ms: int = 0, greet_ms: int = 0, ca_file: Path | None = None) -> None:
        options = ["--think-ms", str(think_ms)] if think_ms else []
        options += ["--greet-ms", str(greet_ms)] if greet_ms else []
        options += ["--tls", str(ca_file)] if ca_file else []
        super().__init__([str(built / "bench-server"), *options], FOR_SERVER)
        self.ca_file = ca_file
        self.url = self.line()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def connections(self) -> int:
        count: int = self.ask("")["connections"]
        return count

    def arguments(self) -> list[str]:
        """What a program needs to know of it."""
        return [self.url, *(["--ca", str(self.ca_file)] if self.ca_file else [])]


def processors_in_words() -> str:
    if len(PROCESSORS) < 2:
        return "client and server share the only processor, so wall times hold both"
    return f"client on processor {FOR_CLIENT}, server on processor {FOR_SERVER}"
