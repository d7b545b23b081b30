"""What the stores of channels carry: messages a second, what waits in line, how soon a worker begins, and a burst.

The stores are on a disk of known speed, in memory with a sleep for each fsync: a machine's own changes from minute to
minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import store_lines
import store_rates
from table import table

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("p50", "p99", "cpu")
NAMES = {"before": "SQLite, before", "sqlite": "SQLite", "postgresql": "PostgreSQL"}


def measure(built: Path, quick: bool) -> dict[str, Any]:
    in_line = 5_000 if quick else 50_000
    return {
        "messages": store_rates.measure(built, quick),
        "statements": store_rates.statements(built),
        "senders": store_rates.of_senders(built, quick),
        "in_line": store_lines.words(built, in_line),
        "wake_ups": store_lines.wake_ups(built, in_line),
        "burst": store_lines.burst(built, 1_000 if quick else 10_000),
    }


def most_processes(part: dict[str, Any], sync_ms: float, kind: str, what: str = "per_s") -> float:
    """What was measured of a store with the most processes."""
    *_, last = part["messages"][str(sync_ms)][kind].values()
    return float(last[what])


def to_before(part: dict[str, Any], sync_ms: float, kind: str) -> float:
    """Messages a second of the most processes, as a ratio to the SQLite store of before."""
    if "before" not in part["messages"][str(sync_ms)]:
        return float("nan")
    return most_processes(part, sync_ms, kind) / most_processes(part, sync_ms, "before")


def spread(part: dict[str, Any]) -> float:
    """p99 as a multiple of p50, with PostgreSQL and the most processes."""
    return max(
        most_processes(part, sync_ms, "postgresql", "p99_ms") / most_processes(part, sync_ms, "postgresql", "p50_ms")
        for sync_ms in store_rates.SYNC_MS
    )


def to_few_senders(part: dict[str, Any]) -> float:
    """The least messages a second among many senders, as a ratio to few."""
    ratios = []
    for one in part["senders"].values():
        few, many = one["rates"].values()
        ratios.append(many / few)
    return float(min(ratios))


def to_few_in_line(part: dict[str, Any]) -> float:
    """The time of the word that many in line slow down most, as a ratio to few."""
    of_postgresql = part["in_line"]["postgresql"]
    few, many = of_postgresql.values()
    return float(max(many[word] / few[word] for word in few))


def slowest_wake_up(part: dict[str, Any]) -> float:
    return float(max(one["p99"] for one in part["wake_ups"]["postgresql"].values()))


def tables(result: dict[str, Any]) -> list[str]:
    """What was measured, as Markdown."""
    rates = [
        [NAMES[kind], sync_ms, count, f"{one['per_s']:.0f}", *(f"{one[f'{what}_ms']:.1f}" for what in COLUMNS)]
        for sync_ms, kinds in result["messages"].items()
        for kind, counts in kinds.items()
        for count, one in counts.items()
    ]
    senders = [
        [NAMES[kind], f"{int(size):,}", f"{rate:.0f}"]
        for kind, one in result["senders"].items()
        for size, rate in one["rates"].items()
    ]
    kept = ", ".join(f"{one['bytes']:.0f} bytes in {NAMES[kind]}" for kind, one in result["senders"].items())
    words = [
        [NAMES[kind], f"{int(waiting):,}", *(f"{one[word]:.2f}" for word in ("take", "counts", "parked"))]
        for kind, sizes in result["in_line"].items()
        for waiting, one in sizes.items()
    ]
    wake_ups = [
        [NAMES[kind], f"{int(waiting):,}", f"{one['p50']:.1f}", f"{one['p99']:.1f}"]
        for kind, sizes in result["wake_ups"].items()
        for waiting, one in sizes.items()
    ]
    burst = result["burst"]
    return [
        table(
            ["store", "fsync in ms", "processes", "messages a second", *(f"{what} in ms" for what in COLUMNS)], rates
        ),
        (
            f"A message of a known sender waits for {result['statements']['of_messages']:.2f} statements of PostgreSQL,"
            f" and another thread sends {result['statements']['wake_ups']:.2f} to wake workers."
        ),
        table(["store, one process", "known senders", "messages a second"], senders),
        f"A sender in a conversation, with one message that is done, is {kept}.",
        table(["store", "in line", "take in ms", "counts in ms", "parked in ms"], words),
        table(["from accept to the agent", "in line", "p50 in ms", "p99 in ms"], wake_ups),
        (
            f"{burst['senders']:,} senders at once, an agent that takes {store_lines.DELAY_MS} ms, 128 turns at a time:"
            f" {burst['answered']:,} answered, {burst['late']} late, in {burst['seconds']:.1f} s; the agent was asked"
            f" {burst['turns']:,} times."
        ),
    ]
