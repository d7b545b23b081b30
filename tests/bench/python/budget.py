"""What a turn through the C ABI may count, as it was when these numbers were committed, and a little more; and how fast
the cost of plain text may grow with its length.

    budget.py BUILT

BUILT holds bench-c, bench-server, bench-plain-text and allocations.so. Ends with 1 where something counts more than it
may, and where a turn counts much less: the numbers here are to follow, since a budget that nothing comes near notices
nothing.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import counts
from programs import C_ABI, Program

BUDGET = {
    "instructions": 26_000,
    "allocations": 15,
    # Send, receive, and a look whether the other side has gone away meanwhile; random bytes for 16 turns at a time.
    "system_calls": 3.1,
    "threads": 0,
}
# Below this share of a budget it is out of date.
LEAST_SHARE = 0.8
# Sizes of hostile Markdown in KiB, and how many times the instructions of the small one those of the large one may be.
# It was 9.2 times where the depth of quotes and lists was not bounded.
SMALL, LARGE = 8, 32
MOST_GROWTH = 4.4


def verdicts(counted: dict[str, float]) -> list[tuple[str, bool]]:
    """A line for each count, and whether it is as it should be."""
    lines = []
    for what, budget in BUDGET.items():
        count = counted[what]
        line = f"{what.replace('_', ' ')}: {count:,.1f} a turn, of {budget:,}"
        if count > budget:
            lines.append((f"{line}: TOO MANY", False))
        elif count < budget * LEAST_SHARE:
            lines.append((f"{line}: so few that the budget in {Path(__file__).name} is to follow", False))
        else:
            lines.append((line, True))
    return lines


def growth_of_plain_text(built: Path) -> tuple[str, bool]:
    """How the cost of hostile Markdown grows with its length, and whether that is as it should be."""
    program = [str(built / "bench-plain-text")]
    with tempfile.TemporaryDirectory() as directory:
        small, large = (counts.instructions(program, size, {}, Path(directory)) for size in (SMALL, LARGE))
    growth = large / small
    line = f"plain text: {growth:.2f} times the instructions for {LARGE / SMALL:.0f} times the length, of {MOST_GROWTH}"
    return (line, True) if growth <= MOST_GROWTH else (f"{line}: TOO MANY", False)


def main() -> None:
    built = Path(sys.argv[1]).resolve()
    with counts.Server(built) as server:
        counted = counts.of(Program(C_ABI, "bench-c"), built, server.url)
    told = [*verdicts(counted), growth_of_plain_text(built)]
    print("\n".join(line for line, _ in told))
    if not all(is_well for _, is_well in told):
        raise SystemExit("A cost is not within its budget")


if __name__ == "__main__":
    main()
