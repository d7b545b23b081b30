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
NODE = "polyai-chat, Node.js"
PYTHON_STARTED, PYTHON_ASYNC = "polyai-chat, Python, started", "polyai-chat, Python, asyncio"
TLS_FLOOR = "bare socket with rustls (Rust)"


@dataclass(frozen=True)
class Program:
    """Something that makes turns. `stack` is its name in stacks.py, where it is in Python, `node` in node/stack.js."""

    name: str
    file: str = ""
    stack: str = ""
    node: str = ""
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
        if self.node:
            return ["node", str(HERE.parent / "node/stack.js"), str(built / "node"), self.node]
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
IN_NODE = [
    Program(NODE, node="polyai"),
    Program("node:http (Node.js)", node="http"),
    Program("fetch (Node.js)", node="fetch"),
]
OVER_TLS = [
    Program(TLS_FLOOR, "bench-rustls"),
    Program(CORE, "bench-core"),
    Program(C_ABI, "bench-c"),
    Program(PYTHON, stack="polyai_chat"),
    Program(LIBCURL, "bench-libcurl"),
]
# Their runtimes compile what runs often: these turns are made before anything is measured.
WARM = {"BENCH_WARM_UP": "15000"}
ASYNC = {**WARM, "BENCH_ASYNC": "1"}
JAVA_17, JAVA_25, DOTNET = "polyai-chat, Java 17, JNA", "polyai-chat, Java 25", "polyai-chat, .NET (Mono)"
MANAGED = [
    Program(C_ABI, "bench-c"),
    Program(JAVA_17, "bench-java-17", environment=WARM),
    Program(f"{JAVA_17}, futures", "bench-java-17", environment=ASYNC),
    Program(JAVA_25, "bench-java-25", environment=WARM),
    Program(f"{JAVA_25}, futures", "bench-java-25", environment=ASYNC),
    Program(DOTNET, "bench-dotnet", environment=WARM),
    Program(f"{DOTNET}, tasks", "bench-dotnet", environment=ASYNC),
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
