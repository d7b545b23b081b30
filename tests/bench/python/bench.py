"""Measures a turn of polyai-chat beside what people use instead, in one run.

    tests/bench/run [--quick] [--only GROUP]... [--document FILE] [--json FILE]

All use the same server. Programs that are timed take turns, round by round; ratios are of the same round.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import document
import goals
import groups
import machine
import report


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tests/bench/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds and turns: under a minute")
    what = "; ".join(f"{name}: {group.summary}" for name, group in groups.GROUPS.items())
    parser.add_argument("--only", metavar="GROUP", action="append", choices=list(groups.GROUPS), help=what)
    parser.add_argument("--document", metavar="FILE", type=Path, help="write the tables there as well")
    parser.add_argument("--json", metavar="FILE", type=Path, help="the numbers of each round; TARGET/bench/bench.json")
    parser.add_argument("--target", metavar="TARGET", type=Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.document and arguments.quick:
        raise SystemExit("--document takes a whole run, without --quick")

    built = arguments.target / "bench"
    result: dict[str, Any] = {
        "command": shlex.join(["tests/bench/run", *(word for word in told(sys.argv[1:]))]),
        "quick": arguments.quick,
        "machine": machine.describe(),
    }
    print("\n".join(machine.in_words(result["machine"])), end="\n\n", flush=True)
    for name in groups.chosen(arguments.only):
        result[name] = groups.GROUPS[name].measure(built, arguments.quick)
        for text in report.of_group(name, result):
            print(text, end="\n\n", flush=True)
    result["goals"] = goals.compared(result)
    if result["goals"]:
        print(goals.table_of(result["goals"]), end="\n\n")

    file = arguments.json or built / "bench.json"
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"The numbers of each round: {file}")
    if arguments.document:
        document.write(arguments.document, result)
        print(f"Written into {arguments.document}")


def told(words: list[str]) -> list[str]:
    """What the user has said, without what tests/bench/run adds."""
    at = words.index("--target")
    return words[:at] + words[at + 2 :]


if __name__ == "__main__":
    main()
