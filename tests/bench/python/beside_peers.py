"""What a turn costs from Python, and what the import does, beside what else one could use, in the same run.

    python tests/bench/python/beside_peers.py [--package PYTHON] [--quick] [--json FILE]

PYTHON is an interpreter of an environment that has polyai_chat installed, the one that runs this program by default,
which has what requirements.txt lists. The simulator is the server, in a process of its own, on another processor where
there are two. Plain HTTP, one kept connection for each stack. The stacks take turns, round by round, and ratios are of
the same round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import urllib.request
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import imports

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
FLOOR, OURS = "bare socket", "polyai_chat"
# In the order of the table. What is ours runs by the interpreter of the package.
STACKS = [
    FLOOR,
    OURS,
    "polyai_chat, started",
    "polyai_chat, async",
    "pycurl",
    "http.client",
    "aiohttp",
    "httpx",
    "requests",
]


def pinned(processor: int) -> Callable[[], None] | None:
    """Has a child run on this processor, where there is more than one."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        return None
    return lambda: os.sched_setaffinity(0, {processors[processor]})


class Child:
    """A process that is asked by lines, and answers with lines."""

    def __init__(self, arguments: list[str], processor: int) -> None:
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=pinned(processor)
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args!r} ended with {self.process.wait()}")
        return line.strip()

    def ask(self, question: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self.line()

    def end(self) -> None:
        self.process.kill()  # it has nothing to say any more
        self.process.communicate()


def connections(url: str) -> int:
    with urllib.request.urlopen(f"{url}/_simulator/counts") as answer:
        count: int = json.load(answer)["connections"]
    return count


def turns_of_all(package_python: str, names: list[str], rounds: int, turns: int) -> tuple[dict[str, Any], int]:
    """What a turn takes by each stack, round by round; and how many connections were opened meanwhile."""
    options = ["--listen", "127.0.0.1:0", "--script", str(HERE / "script.toml")]
    server = Child([package_python, "-m", "polyai_chat", "simulator", *options], processor=1)
    children: dict[str, Child] = {}
    try:
        url = server.line()
        for name in names:
            python = package_python if name.startswith(OURS) else sys.executable
            children[name] = Child([python, str(HERE / "stacks.py"), name, url], processor=0)
            children[name].ask(str(turns))
        before = connections(url)
        samples: dict[str, Any] = {name: {"wall_us": [], "cpu_us": []} for name in names}
        for number in range(rounds):
            # Who comes after whom changes, so that nobody always follows the same one.
            order = names[number % len(names) :] + names[: number % len(names)]
            for name in order if number % 2 == 0 else reversed(order):
                for what, value in json.loads(children[name].ask(str(turns))).items():
                    samples[name][what].append(value)
        # Each of the two questions had a connection of its own.
        return samples, connections(url) - before - 1
    finally:
        for child in [*children.values(), server]:
            child.end()


def summed_up(values: list[float]) -> dict[str, float]:
    return {"median": median(values), "lowest": min(values), "highest": max(values)}


def ratios(values: list[float], to: list[float]) -> dict[str, float]:
    return summed_up([value / other for value, other in zip(values, to)])


def turns_summed_up(samples: dict[str, Any]) -> dict[str, Any]:
    """Medians and ranges, and the ratios to the floor and to ours of the same round."""
    summary: dict[str, Any] = {}
    for name, measured in samples.items():
        row = {what: summed_up(values) for what, values in measured.items()}
        for to, key in ((FLOOR, "to_floor"), (OURS, "to_ours")):
            if to in samples:
                for what, values in measured.items():
                    row[f"{what}_{key}"] = ratios(values, samples[to][what])
        summary[name] = row
    return summary


def shown(summary: dict[str, float] | None, digits: int) -> str:
    if summary is None:
        return ""
    low, high = summary["lowest"], summary["highest"]
    return f"{summary['median']:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def print_table(head: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]
        print("| " + " | ".join(cells) + " |")
    print()


def print_turns(summary: dict[str, Any]) -> None:
    columns = {
        "wall us": ("wall_us", 1),
        "x floor": ("wall_us_to_floor", 2),
        "CPU us": ("cpu_us", 1),
        "CPU x floor": ("cpu_us_to_floor", 2),
        "CPU x polyai_chat": ("cpu_us_to_ours", 2),
    }
    rows = [[name, *(shown(row.get(key), digits) for key, digits in columns.values())] for name, row in summary.items()]
    print_table(["a turn", *columns], rows)


def print_imports(summary: dict[str, Any]) -> None:
    head = ["import, over the bare interpreter", "wall ms", "CPU ms"]
    print_table(head, [[name, shown(row["wall_ms"], 1), shown(row["cpu_ms"], 1)] for name, row in summary.items()])


def version_of(python: str) -> str:
    return subprocess.check_output([python, "-c", "import sys; print(sys.version)"], text=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", metavar="PYTHON", default=sys.executable, help="interpreter that has polyai_chat")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and turns: under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers of each round there as well")
    parser.add_argument("--only", metavar="STACK", action="append", choices=STACKS, help="these, and the floor")
    arguments = parser.parse_args()
    if version_of(arguments.package) != version_of(sys.executable):
        raise SystemExit(f"{arguments.package} is another Python than {sys.executable}: they cannot be compared")

    rounds, turns, import_rounds = (11, 300, 9) if arguments.quick else (41, 1000, 41)
    names = [name for name in STACKS if not arguments.only or name in (FLOOR, *arguments.only)]
    samples, opened = turns_of_all(arguments.package, names, rounds, turns)
    summary = turns_summed_up(samples)
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} processors"
    print(f"{machine}; medians of {rounds} rounds of {turns} turns, and the range of the rounds\n")
    print_turns(summary)
    if opened:
        print(f"Not all connections were kept: {opened} more were opened while the stacks were measured.\n")
    result = {"machine": machine, "rounds": rounds, "turns": turns, "reconnections": opened}
    result |= {"turns_summary": summary, "turns_by_round": samples}
    if not arguments.only:
        added = imports.measure(arguments.package, sys.executable, import_rounds)
        imports_summary = {name: {what: summed_up(v) for what, v in row.items()} for name, row in added.items()}
        print_imports(imports_summary)
        result |= {"imports_summary": imports_summary, "imports_by_round": added}
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
