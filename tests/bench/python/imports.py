"""What an import adds to the start of the interpreter, measured by child processes that take turns."""

from __future__ import annotations

import os
import time

# What a program imports to make a call, by the interpreter that has it.
OURS = {"polyai_chat": "import polyai_chat", "polyai_chat, async": "from polyai_chat import AsyncClient"}
PEERS = {name: f"import {name}" for name in ("http.client", "asyncio", "pycurl", "requests", "httpx", "aiohttp")}
BARE = "pass"


def started(python: str, statement: str) -> tuple[float, float]:
    """Wall and processor time of an interpreter that runs this, in milliseconds."""
    began = time.perf_counter_ns()
    child = os.posix_spawn(python, [python, "-c", statement], os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter_ns() - began
    if status != 0:
        raise SystemExit(f"{python} -c {statement!r} failed")
    return wall / 1e6, (usage.ru_utime + usage.ru_stime) * 1e3


def measure(package_python: str, peer_python: str, rounds: int) -> dict[str, dict[str, list[float]]]:
    """What each import adds to the bare interpreter of the same round, in milliseconds, round by round."""
    statements = {name: (package_python, statement) for name, statement in OURS.items()}
    statements |= {name: (peer_python, statement) for name, statement in PEERS.items()}
    added: dict[str, dict[str, list[float]]] = {name: {"wall_ms": [], "cpu_ms": []} for name in statements}
    for number in range(rounds + 1):
        bare = {python: started(python, BARE) for python in {package_python, peer_python}}
        for name, (python, statement) in statements.items():
            wall, cpu = started(python, statement)
            if number > 0:  # the first one compiles
                added[name]["wall_ms"].append(wall - bare[python][0])
                added[name]["cpu_ms"].append(cpu - bare[python][1])
    return added
