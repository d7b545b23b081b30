"""Whether a turn costs more beside many conversations and connections that are idle."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from child import FOR_CLIENT, Child, Server
from programs import C_ABI, Program

if TYPE_CHECKING:
    from pathlib import Path

    from summary import Samples

ALONE = "nothing"
GREET_MS = 500  # so that conversations that are created together need a connection each

BESIDE = {
    ALONE: {},
    "10,000 conversations": {"BENCH_IDLE_CONVERSATIONS": "10000"},
    "1,000 connections": {"BENCH_IDLE_CONNECTIONS": "1000"},
    "10,000 conversations and 1,000 connections": {
        "BENCH_IDLE_CONVERSATIONS": "10000",
        "BENCH_IDLE_CONNECTIONS": "1000",
    },
}


def measure(built: Path, rounds: int, turns: int) -> Samples:
    """By the C ABI, in rounds in which they take turns."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(built, greet_ms=GREET_MS))
        children: dict[str, Child] = {}
        for name, environment in BESIDE.items():
            before = server.connections()
            program = Program(C_ABI, "bench-c", environment=environment)
            child = Child([*program.command(built), *server.arguments()], FOR_CLIENT, environment)
            stack.callback(child.end)
            child.line()
            wanted = int(environment.get("BENCH_IDLE_CONNECTIONS", 1))
            opened = server.connections() - before
            if opened != wanted:
                raise SystemExit(f"beside {name}: {opened} connections were opened and not {wanted}")
            children[name] = child
        samples: Samples = {name: {} for name in children}
        names = list(children)
        for number in range(rounds):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                children[name].ask(str(max(turns // 20, 3)))  # the caches were the others' meanwhile
                for what, value in children[name].ask(str(turns)).items():
                    samples[name].setdefault(what, []).append(value)
        return samples
