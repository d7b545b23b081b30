"""The tables of each part, from what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import channels
import programs
from table import shown, table

if TYPE_CHECKING:
    from collections.abc import Callable

# A column: its head, what it shows of a program's summary, and how many digits after the point.
Column = tuple[str, str, int]

WALL: list[Column] = [("p50 us", "wall_us", 1), ("x floor", "wall_us_to_floor", 2), ("p99 us", "p99_us", 0)]
CPU: list[Column] = [("CPU us", "cpu_us", 1), ("CPU x floor", "cpu_us_to_floor", 2)]
TO_LIBCURL: list[Column] = [("CPU x libcurl", "cpu_us_to_libcurl", 2)]
TO_C: list[Column] = [("x C", "wall_us_to_c", 2)]
TO_PYTHON: list[Column] = [("x Python's floor", "wall_us_to_python_floor", 2)]
MANY: list[Column] = [
    ("turns/s", "turns_per_s", 0),
    ("connections", "connections", 0),
    ("p50 us", "wall_us", 0),
    ("p99 us", "p99_us", 0),
    ("CPU us a turn", "cpu_us", 1),
    ("peak MB", "peak_mb", 1),
]


def rows_of(summary: dict[str, Any], columns: list[Column]) -> list[list[str]]:
    return [[name, *(shown(row.get(key), digits) for _, key, digits in columns)] for name, row in summary.items()]


def heads(columns: list[Column]) -> list[str]:
    return [head for head, _, _ in columns]


def note_of_reconnections(part: dict[str, Any]) -> list[str]:
    opened = part["reconnections"]
    return [f"Not all connections were kept: {opened} more were opened while this was measured."] if opened else []


COUNTED = ["k instructions", "allocations", "system calls", "threads started"]


def counted(counts: dict[str, Any], name: str) -> list[str]:
    row = counts.get(name)
    if row is None:
        return [""] * len(COUNTED)
    others = [f"{row[what]:.1f}" for what in ("allocations", "system_calls", "threads")]
    return [f"{row['instructions'] / 1000:.1f}", *others]


def of_counts(result: dict[str, Any]) -> list[str]:
    counts = result["counts"]["summary"]
    return [table(["a turn", *COUNTED], [[name, *counted(counts, name)] for name in counts])]


def of_turns(result: dict[str, Any]) -> list[str]:
    part = result["turns"]
    columns = WALL + CPU + TO_LIBCURL
    rows = rows_of(part["summary"], columns)
    head = ["a turn", *heads(columns)]
    if "counts" in result:
        head += COUNTED
        rows = [[*row, *counted(result["counts"]["summary"], row[0])] for row in rows]
    return [table(head, rows), *note_of_reconnections(part)]


def of_python(result: dict[str, Any]) -> list[str]:
    part, columns = result["python"], WALL + TO_PYTHON + CPU
    return [table(["a turn", *heads(columns)], rows_of(part["summary"], columns)), *note_of_reconnections(part)]


def of_node(result: dict[str, Any]) -> list[str]:
    part, columns = result["node"], WALL + TO_C + CPU
    return [table(["a turn", *heads(columns)], rows_of(part["summary"], columns)), *note_of_reconnections(part)]


def counted_warm(row: dict[str, Any]) -> list[str]:
    grown = f" + {row['more_threads']}" if row["more_threads"] else ""
    return [f"{row['allocations']:.1f}", f"{row['system_calls']:.1f}", f"{row['threads']}{grown}"]


def of_managed(result: dict[str, Any]) -> list[str]:
    part = result["managed"]
    columns: list[Column] = [
        ("p50 us", "wall_us", 1),
        ("x C", "wall_us_to_c", 2),
        ("p99 us", "p99_us", 0),
        ("CPU us", "cpu_us", 1),
        ("CPU x C", "cpu_us_to_c", 2),
        ("bytes of the Java heap", "managed_bytes", 0),
    ]
    rows = rows_of(part["summary"], columns)
    counted_after = [counted_warm(part["counts"][name]) for name, *_ in rows]
    head = ["a turn", *heads(columns), "malloc", "system calls", "threads"]
    return [table(head, [[*row, *counts] for row, counts in zip(rows, counted_after)]), *note_of_reconnections(part)]


def of_tls(result: dict[str, Any]) -> list[str]:
    part, columns = result["tls"], WALL + CPU
    rows = rows_of(part["summary"], columns)
    return [table(["a turn over TLS", *heads(columns)], rows), *note_of_reconnections(part)]


def of_many(part: dict[str, Any]) -> list[str]:
    head = f"{part['conversations']} conversations, the agent thinks {part['think_ms']} ms"
    return [table([head, *heads(MANY)], rows_of(part["summary"], MANY))]


def of_growth(result: dict[str, Any]) -> list[str]:
    columns: list[Column] = [
        ("p50 us", "wall_us", 1),
        ("x alone", "wall_us_to_alone", 2),
        ("CPU us", "cpu_us", 1),
        ("CPU x alone", "cpu_us_to_alone", 2),
    ]
    rows = rows_of(result["growth"]["summary"], columns)
    return [table(["a turn by the C ABI, beside", *heads(columns)], rows)]


def of_cold(result: dict[str, Any]) -> list[str]:
    part = result["cold"]
    columns: list[Column] = [("ms", "first_reply_ms", 2), ("x floor", "first_reply_ms_to_floor", 2)]
    rows = rows_of(part["plain"], columns)
    rows += [[f"{name}, over TLS", *cells] for name, *cells in rows_of(part["tls"], columns)]
    return [table(["from the start of the process to its first reply", *heads(columns)], rows)]


def of_memory(result: dict[str, Any]) -> list[str]:
    part = result["memory"]
    rows = []
    for what in ("client", "conversation", "connection"):
        for kind, name in (("plain", what), ("tls", f"{what}, over TLS")):
            heap, resident = (part[kind][f"{what}_{of}_bytes"] for of in ("heap", "resident"))
            rows.append([name, f"{heap / 1000:.1f}", f"{resident / 1000:.1f}"])
    sizes = f"libpolyai_chat.so: {part['library_bytes'] / 2**20:.2f} MiB, stripped. "
    look_up = f"Finding the object of a handle: {part['plain']['look_up_ns']:.0f} ns."
    return [table(["one more, idle", "KB of the heap", "KB resident"], rows), sizes + look_up]


def of_imports(result: dict[str, Any]) -> list[str]:
    columns: list[Column] = [("wall ms", "wall_ms", 1), ("CPU ms", "cpu_ms", 1)]
    rows = rows_of(result["imports"]["summary"], columns)
    return [table(["import, over the bare interpreter", *heads(columns)], rows)]


OF_GROUPS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "counts": of_counts,
    "turns": of_turns,
    "managed": of_managed,
    "tls": of_tls,
    "flight": lambda result: of_many(result["flight"]),
    "thinking": lambda result: of_many(result["thinking"]),
    "growth": of_growth,
    "cold": of_cold,
    "memory": of_memory,
    "imports": of_imports,
    "node": of_node,
    "python": of_python,
    "channels": lambda result: channels.tables(result["channels"]),
}


def of_group(name: str, result: dict[str, Any]) -> list[str]:
    """What is said of a part: tables, and notes where there is something to say."""
    return OF_GROUPS[name](result)


def best_peer(part: dict[str, Any], what: str) -> tuple[str, float]:
    """Who of those that are neither ours nor the floor has the highest median."""
    peers = {
        name: row[what]["median"]
        for name, row in part["summary"].items()
        if not name.startswith("polyai-chat") and name != programs.FLOOR
    }
    name = max(peers, key=lambda peer: peers[peer])
    return name, peers[name]
