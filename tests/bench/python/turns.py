"""One turn at a time: what it takes by each program, in rounds in which they take turns."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from child import FOR_CLIENT, Child, Server

if TYPE_CHECKING:
    from pathlib import Path

    from programs import Program
    from summary import Samples


def measure(
    built: Path, programs: list[Program], rounds: int, turns: int, ca_file: Path | None = None
) -> tuple[Samples, int]:
    """What the turns took, and how many connections were opened meanwhile, which is to be none."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(built, ca_file=ca_file))
        children: dict[str, Child] = {}
        for program in programs:
            child = Child([*program.command(built), *server.arguments()], FOR_CLIENT, program.environment)
            stack.callback(child.end)
            child.line()
            children[program.name] = child
        names = list(children)
        for name in names:
            children[name].ask(str(turns))
        before = server.connections()
        samples: Samples = {name: {} for name in names}
        for number in range(rounds):
            # Who comes after whom changes, so that nobody always follows the same one.
            first = number % len(names)
            order = names[first:] + names[:first]
            for name in order if number % 2 == 0 else reversed(order):
                children[name].ask(str(max(turns // 20, 3)))  # the caches were the others' meanwhile
                before_ns = children[name].processor_ns()
                measured = children[name].ask(str(turns))
                measured.setdefault("cpu_us", (children[name].processor_ns() - before_ns) / 1e3 / turns)
                for what, value in measured.items():
                    samples[name].setdefault(what, []).append(value)
        return samples, server.connections() - before
