"""What was to be reached, beside what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import channels
import programs
from report import best_peer
from table import table

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Goal:
    """`wanted` is the most that a value may be, or the least where `at_least`."""

    what: str
    group: str
    measured: Callable[[dict[str, Any]], float]
    wanted: float
    unit: str = ""
    digits: int = 2
    at_least: bool = False
    second_best: float | None = None

    def reached(self, value: float) -> str:
        def holds(wanted: float) -> bool:
            # As it is shown, so that nobody reads "1.12, not more than 1.12: no".
            shown = round(value, self.digits)
            return shown >= wanted if self.at_least else shown <= wanted

        if holds(self.wanted):
            return "yes"
        if self.second_best is not None and holds(self.second_best):
            return f"no, but {self.second_best:g} is"
        return "**no**"


def median_of(name: str, what: str) -> Callable[[dict[str, Any]], float]:
    return lambda part: float(part["summary"][name][what]["median"])


def count_of(name: str, what: str, divisor: float = 1) -> Callable[[dict[str, Any]], float]:
    return lambda part: float(part["summary"][name][what]) / divisor


def kept(kind: str, what: str) -> Callable[[dict[str, Any]], float]:
    return lambda part: float(part[kind][f"{what}_heap_bytes"]) / 1000


def cold(kind: str) -> Callable[[dict[str, Any]], float]:
    return lambda part: float(part[kind][programs.C_ABI]["first_reply_ms"]["median"])


def to_best_peer(part: dict[str, Any]) -> float:
    ours = median_of(programs.C_ABI, "turns_per_s")(part)
    return 100 * ours / best_peer(part, "turns_per_s")[1]


def beside_all(part: dict[str, Any]) -> float:
    *_, row = part["summary"].values()
    return float(row["cpu_us_to_alone"]["median"])


C, PYTHON = programs.C_ABI, programs.PYTHON
GOALS = [
    Goal("C: p50", "turns", median_of(C, "wall_us_to_floor"), 1.12, "x floor", second_best=1.20),
    Goal("C: CPU", "turns", median_of(C, "cpu_us_to_floor"), 1.3, "x floor"),
    Goal("C: CPU", "turns", median_of(C, "cpu_us_to_libcurl"), 0.55, "x libcurl + jansson"),
    Goal("C: instructions", "counts", count_of(C, "instructions", 1000), 20, "k", 1),
    Goal("C: allocations", "counts", count_of(C, "allocations"), 12, "", 1),
    Goal("C: system calls", "counts", count_of(C, "system_calls"), 2, "", 1),
    Goal("Python: p50", "turns", median_of(PYTHON, "wall_us_to_floor"), 1.3, "x floor"),
    Goal("Python: CPU", "turns", median_of(PYTHON, "cpu_us"), 15, "us", 1),
    Goal("Python: import", "imports", median_of("polyai_chat", "wall_ms"), 15, "ms over the bare interpreter", 1),
    Goal("Node.js: p50", "turns", median_of(programs.NODE, "wall_us_to_c"), 5, "x C"),
    *(
        Goal(f"{name.removeprefix('polyai-chat, ')}: p50", "managed", median_of(name, "wall_us_to_c"), wanted, "x C")
        for program in programs.MANAGED[1:]
        for name, wanted in [(program.name, 5 if "BENCH_ASYNC" in program.environment else 2)]
    ),
    Goal("C over TLS: p50", "tls", median_of(C, "wall_us_to_floor"), 1.25, "x bare socket with rustls"),
    Goal("512 in flight: turns a second", "flight", to_best_peer, 95, "% of the best peer's", 1, at_least=True),
    Goal("512 in flight: connections", "flight", median_of(C, "connections"), 512, "", 0),
    Goal("512 in flight: peak memory", "flight", median_of(C, "peak_mb"), 40, "MB", 1),
    Goal("512 in flight: p99", "flight", lambda part: median_of(C, "p99_us")(part) / 1000, 30, "ms", 1),
    Goal("64 with an agent that thinks: connections", "thinking", median_of(C, "connections"), 64, "", 0),
    Goal("64 with an agent that thinks: CPU", "thinking", median_of(C, "cpu_us"), 45, "us a turn", 1),
    Goal("C: CPU beside 10,000 conversations and 1,000 connections", "growth", beside_all, 1.1, "x alone"),
    Goal("C: cold start", "cold", cold("plain"), 2, "ms"),
    Goal("C over TLS: cold start", "cold", cold("tls"), 3, "ms"),
    Goal("an idle client", "memory", kept("plain", "client"), 100, "KB", 1),
    Goal("an idle client, over TLS", "memory", kept("tls", "client"), 100, "KB", 1),
    Goal("an idle conversation", "memory", kept("plain", "conversation"), 1, "KB"),
    Goal("an idle connection", "memory", kept("plain", "connection"), 16, "KB", 1),
    Goal("an idle connection, over TLS", "memory", kept("tls", "connection"), 16, "KB", 1),
    Goal(
        "8 processes on PostgreSQL, fsync 4 ms",
        "channels",
        lambda part: channels.to_before(part, 4.0, "postgresql"),
        2,
        "x SQLite before",
        at_least=True,
    ),
    Goal(
        "8 processes on PostgreSQL, fsync 0.2 ms",
        "channels",
        lambda part: channels.to_before(part, 0.2, "postgresql"),
        0.7,
        "x SQLite before",
        at_least=True,
    ),
    *(
        Goal(
            f"8 processes on SQLite, fsync {sync_ms:g} ms",
            "channels",
            lambda part, sync_ms=sync_ms: channels.to_before(part, sync_ms, "sqlite"),
            1,
            "x SQLite before",
            at_least=True,
        )
        for sync_ms in (4.0, 0.2)
    ),
    Goal("8 processes on PostgreSQL: p99", "channels", channels.spread, 4, "x p50", 1),
    Goal(
        "statements of PostgreSQL for which a message waits",
        "channels",
        lambda part: part["statements"]["of_messages"],
        5,
        "",
        1,
    ),
    Goal("a million senders", "channels", channels.to_few_senders, 0.9, "x a thousand", at_least=True),
    Goal("take, counts and parked with 50,000 in line", "channels", channels.to_few_in_line, 2, "x with 100"),
    Goal("from accept to the agent: p99", "channels", channels.slowest_wake_up, 50, "ms", 1),
    Goal("10,000 senders at once: late", "channels", lambda part: part["burst"]["late"], 0, "", 0),
    Goal("libpolyai_chat.so", "memory", lambda part: part["library_bytes"] / 2**20, 2.5, "MiB"),
]


def compared(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of the parts that were measured."""
    found = []
    for goal in GOALS:
        if goal.group in result:
            value = goal.measured(result[goal.group])
            found.append(
                {
                    "what": goal.what,
                    "goal": f"{'at least' if goal.at_least else 'at most'} {goal.wanted:g} {goal.unit}".strip(),
                    "measured": f"{value:.{goal.digits}f}",
                    "reached": goal.reached(value),
                }
            )
    return found


def table_of(compared_goals: list[dict[str, Any]]) -> str:
    columns = ["what", "goal", "measured", "reached"]
    return table(columns, [[goal[column] for column in columns] for goal in compared_goals])
