"""What it was measured on, and with which versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import child

ROOT = Path(__file__).parents[3]
REQWEST = ROOT / "tests/bench/peers/Cargo.toml"
PYTHON_PEERS = ("pycurl", "aiohttp", "httpx", "requests")


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def version_in(file: Path, name: str) -> str:
    named = rf'^(?:name = "{name}"\n|{name} = \{{ )version = "=?([^"]+)"'
    found = re.search(named, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found[1] if found else "?"


def describe() -> dict[str, str]:
    described = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "processor": processor(),
        "processors": str(os.cpu_count()),
        "placement": child.processors_in_words(),
        "kernel": f"{platform.system()} {platform.release()}",
        "libc": " ".join(platform.libc_ver()),
        "gcc": output("gcc", "-dumpfullversion"),
        "rustc": output("rustc", "--version").split()[1],
        "python": platform.python_version(),
        "polyai_chat": version("polyai-chat"),
        "libcurl": output("pkg-config", "--modversion", "libcurl"),
        "jansson": output("pkg-config", "--modversion", "jansson"),
        "ureq": version_in(ROOT / "Cargo.lock", "ureq"),
        "reqwest": version_in(REQWEST, "reqwest"),
    }
    described |= {name: version(name) for name in PYTHON_PEERS}
    described["load"] = f"{os.getloadavg()[0]:.1f}"
    return described


def in_words(described: dict[str, str]) -> list[str]:
    versions = ("polyai_chat", "libc", "gcc", "rustc", "python", "libcurl", "jansson", "ureq", "reqwest", *PYTHON_PEERS)
    return [
        f"{described['date']}, {described['processor']}, {described['processors']} processors, {described['kernel']}; "
        f"{described['placement']}; load average before: {described['load']}",
        ", ".join(
            name.replace("libc", "", 1).strip() + described[name] if name == "libc" else f"{name} {described[name]}"
            for name in versions
        ),
    ]


if __name__ == "__main__":
    print("\n".join(in_words(describe())), file=sys.stdout)
