"""Many conversations at once, with an agent that thinks a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from child import FOR_CLIENT, Child, Server

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Program
    from summary import Samples

THINK_MS = 20


def measure(built: Path, programs: list[Program], conversations: int, rounds: int, turns: int) -> Samples:
    """What the turns took, and what the process of each program needed, by a process of its own in each round.

    The connections are those that were opened until all turns were made, the conversations' creation included.
    """
    samples: Samples = {program.name: {} for program in programs}
    for number in range(rounds):
        for program in programs if number % 2 == 0 else reversed(programs):
            with Server(built, think_ms=THINK_MS) as server:
                options = ["--conversations", str(conversations)]
                child = Child([*program.command(built), server.url, *options], FOR_CLIENT, program.environment)
                try:
                    child.line()
                    child.ask("2")
                    measured = child.ask(str(turns))
                    measured |= {"connections": server.connections(), "peak_mb": child.peak_resident_mb()}
                finally:
                    child.end()
            for what, value in measured.items():
                samples[program.name].setdefault(what, []).append(value)
    return samples
