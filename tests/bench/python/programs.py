"""Which programs are measured, and how each is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

FLOOR = "bare socket (C)"
PYTHON_FLOOR = "bare socket (Python)"
LIBCURL = "libcurl + jansson (C)"
CORE, C_ABI, CPP, PYTHON = "polyai-chat, Rust", "polyai-chat, C", "polyai-chat, C++", "polyai-chat, Python"
PYTHON_STARTED, PYTHON_ASYNC = "polyai-chat, Python, started", "polyai-chat, Python, asyncio"
TLS_FLOOR = "bare socket with rustls (Rust)"


@dataclass(frozen=True)
class Program:
    """Something that makes turns. `stack` is its name in stacks.py, where it is in Python."""

    name: str
    file: str = ""
    stack: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        return self.name.startswith("polyai-chat")

    @property
    def is_python(self) -> bool:
        return bool(self.stack)

    def command(self, built: Path) -> list[str]:
        if self.is_python:
            return [sys.executable, str(HERE / "stacks.py"), self.stack]
        return [str(built / self.file)]


NATIVE = [
    Program(FLOOR, "bench-floor"),
    Program(CORE, "bench-core"),
    Program(C_ABI, "bench-c"),
    Program(CPP, "bench-cpp"),
    Program(LIBCURL, "bench-libcurl"),
    Program("ureq, no deadline (Rust)", "bench-ureq"),
    Program("ureq, deadline (Rust)", "bench-ureq", environment={"BENCH_DEADLINE_S": "30"}),
    Program("reqwest, blocking (Rust)", "bench-reqwest"),
]
IN_PYTHON = [
    Program(PYTHON_FLOOR, stack="bare socket"),
    Program(PYTHON, stack="polyai_chat"),
    Program(PYTHON_STARTED, stack="polyai_chat, started"),
    Program(PYTHON_ASYNC, stack="polyai_chat, async"),
    Program("pycurl (Python)", stack="pycurl"),
    Program("http.client (Python)", stack="http.client"),
    Program("aiohttp (Python)", stack="aiohttp"),
    Program("httpx (Python)", stack="httpx"),
    Program("requests (Python)", stack="requests"),
]
OVER_TLS = [
    Program(TLS_FLOOR, "bench-rustls"),
    Program(CORE, "bench-core"),
    Program(C_ABI, "bench-c"),
    Program(PYTHON, stack="polyai_chat"),
    Program(LIBCURL, "bench-libcurl"),
]
# ureq keeps three connections by itself; here it may keep as many as there are conversations.
MANY = [
    Program(FLOOR, "bench-floor"),
    Program(CORE, "bench-core"),
    Program(C_ABI, "bench-c"),
    Program(LIBCURL, "bench-libcurl"),
    Program("ureq, deadline (Rust)", "bench-ureq", environment={"BENCH_DEADLINE_S": "30", "BENCH_CONNECTIONS": "1024"}),
    Program("reqwest, blocking (Rust)", "bench-reqwest"),
    Program(PYTHON, stack="polyai_chat"),
    Program(PYTHON_ASYNC, stack="polyai_chat, async"),
    Program("aiohttp (Python)", stack="aiohttp"),
]
COLD = [Program(FLOOR, "bench-floor"), Program(C_ABI, "bench-c"), Program(LIBCURL, "bench-libcurl")]
COLD_OVER_TLS = [Program(TLS_FLOOR, "bench-rustls"), Program(C_ABI, "bench-c"), Program(LIBCURL, "bench-libcurl")]
