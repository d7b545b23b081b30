"""What a turn through the C ABI may count, as it was when these numbers were committed, and a little more.

    budget.py BUILT

BUILT holds bench-c, bench-server and allocations.so. Ends with 1 where a turn counts more than it may, and where it
counts much less: the numbers here are to follow, since a budget that nothing comes near notices nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import counts
from programs import C_ABI, Program

BUDGET = {
    "instructions": 26_000,
    "allocations": 15,
    # Send, receive, and a look whether the other side has gone away meanwhile; random bytes for 16 turns at a time.
    "system_calls": 3.1,
}
# Below this share of a budget it is out of date.
LEAST_SHARE = 0.8


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


def main() -> None:
    built = Path(sys.argv[1]).resolve()
    with counts.Server(built) as server:
        counted = counts.of(Program(C_ABI, "bench-c"), built, server.url)
    told = verdicts(counted)
    print("\n".join(line for line, _ in told))
    if not all(is_well for _, is_well in told):
        raise SystemExit("The cost of a turn is not within its budget")


if __name__ == "__main__":
    main()
