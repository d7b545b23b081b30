"""What can be measured, and how long each part takes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import channels
import cold
import counts
import growth
import imports
import many
import memory
import programs
import turns
import warm
from summary import of_rounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from programs import Program

TO_FLOOR = {programs.FLOOR: "to_floor", programs.LIBCURL: "to_libcurl"}


@dataclass(frozen=True)
class Group:
    summary: str
    measure: Callable[[Path, bool], dict[str, Any]]
    by_default: bool = True


def chosen(only: list[str] | None) -> list[str]:
    return [name for name, group in GROUPS.items() if (name in only if only else group.by_default)]


def ca_file(built: Path) -> Path:
    """Where a server of ours writes the authority of its certificate."""
    return built / "authority.pem"


def timed(built: Path, measured: list[Program], bases: dict[str, str], quick: bool, **options: Any) -> dict[str, Any]:
    rounds, count = (5, 150) if quick else (31, 800)
    samples, reconnections = turns.measure(built, measured, rounds, count, **options)
    return {
        "rounds": rounds,
        "turns": count,
        "reconnections": reconnections,
        "summary": of_rounds(samples, bases),
        "by_round": samples,
    }


def one_turn(built: Path, quick: bool) -> dict[str, Any]:
    bases = {**TO_FLOOR, programs.PYTHON_FLOOR: "to_python_floor", programs.C_ABI: "to_c"}
    return timed(built, programs.NATIVE + programs.IN_PYTHON + programs.IN_NODE, bases, quick)


def in_python(built: Path, quick: bool) -> dict[str, Any]:
    bases = {programs.FLOOR: "to_floor", programs.PYTHON_FLOOR: "to_python_floor"}
    return timed(built, [programs.NATIVE[0], *programs.IN_PYTHON], bases, quick)


def in_node(built: Path, quick: bool) -> dict[str, Any]:
    bases = {programs.FLOOR: "to_floor", programs.C_ABI: "to_c"}
    native = [program for program in programs.NATIVE if program.name in bases]
    return timed(built, native + programs.IN_NODE, bases, quick)


def over_tls(built: Path, quick: bool) -> dict[str, Any]:
    bases = {programs.TLS_FLOOR: "to_floor"}
    return timed(built, programs.OVER_TLS, bases, quick, ca_file=ca_file(built))


def counted(built: Path, quick: bool) -> dict[str, Any]:
    # valgrind makes their start slow
    slow = [] if quick else programs.IN_PYTHON + programs.IN_NODE
    return {"summary": counts.measure(built, programs.NATIVE + slow)}


def managed(built: Path, quick: bool) -> dict[str, Any]:
    part = timed(built, programs.MANAGED, {programs.C_ABI: "to_c"}, quick)
    return {**part, "counts": warm.measure(built, programs.MANAGED)}


def in_flight(built: Path, quick: bool) -> dict[str, Any]:
    return at_once(built, 512, rounds=1 if quick else 3, count=10 if quick else 100)


def thinking(built: Path, quick: bool) -> dict[str, Any]:
    return at_once(built, 64, rounds=1 if quick else 3, count=10 if quick else 100)


def at_once(built: Path, conversations: int, rounds: int, count: int) -> dict[str, Any]:
    samples = many.measure(built, programs.MANY, conversations, rounds, count)
    return {
        "conversations": conversations,
        "think_ms": many.THINK_MS,
        "rounds": rounds,
        "turns": count,
        "summary": of_rounds(samples, {}),
        "by_round": samples,
    }


def beside_many(built: Path, quick: bool) -> dict[str, Any]:
    rounds, count = (5, 150) if quick else (31, 800)
    samples = growth.measure(built, rounds, count)
    return {
        "rounds": rounds,
        "turns": count,
        "summary": of_rounds(samples, {growth.ALONE: "to_alone"}),
        "by_round": samples,
    }


def cold_start(built: Path, quick: bool) -> dict[str, Any]:
    rounds = 7 if quick else 61
    plain = cold.measure(built, programs.COLD, rounds)
    tls = cold.measure(built, programs.COLD_OVER_TLS, rounds, ca_file(built))
    return {
        "rounds": rounds,
        "plain": of_rounds(plain, {programs.FLOOR: "to_floor"}),
        "tls": of_rounds(tls, {programs.TLS_FLOOR: "to_floor"}),
        "by_round": {"plain": plain, "tls": tls},
    }


def kept(built: Path, _quick: bool) -> dict[str, Any]:
    return memory.measure(built, ca_file(built))


def imported(_built: Path, quick: bool) -> dict[str, Any]:
    rounds = 3 if quick else 21
    added = imports.measure(sys.executable, sys.executable, rounds)
    return {"rounds": rounds, "summary": of_rounds(added, {}), "by_round": added}


GROUPS = {
    "counts": Group("instructions, allocations, system calls and threads of a turn", counted),
    "turns": Group("one turn at a time, by every program", one_turn),
    "managed": Group("one turn at a time in Java and .NET, with what is counted of it", managed),
    "tls": Group("one turn at a time over TLS", over_tls),
    "flight": Group("512 turns in flight", in_flight),
    "thinking": Group("64 conversations with an agent that thinks", thinking),
    "growth": Group("a turn beside many idle conversations and connections", beside_many),
    "cold": Group("from the start of a process to its first reply", cold_start),
    "memory": Group("what is kept while nothing is under way, and the size of the library", kept),
    "imports": Group("what an import adds to the start of Python", imported),
    "node": Group("one turn at a time, in Node.js only; not by default", in_node, by_default=False),
    "channels": Group(
        "what the stores of channels carry; takes PostgreSQL; not by default", channels.measure, by_default=False
    ),
    "python": Group("one turn at a time, in Python only; not by default", in_python, by_default=False),
}
