"""What Lua exposes: what its module says when it is asked, and what its guide lists."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import texts

GUIDE = "docs/lua.md"
MODULE = "polyai_chat.so"
PROGRAM = "lua5.4"


class Module:
    """The built module."""

    def __init__(self, directory: Path, here: Path) -> None:
        self.path = directory / MODULE
        environment = {**os.environ, "LUA_CPATH": f"{directory}/?.so"}
        words = [PROGRAM, str(here / "lua_surface.lua")]
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        if done.returncode != 0:
            raise SystemExit(f"{words[1]} failed:\n{done.stderr}")
        self.said: dict[str, Any] = json.loads(done.stdout)

    def members(self, of_object: str) -> list[str]:
        """The functions and fields of an object."""
        message = self.said["fields"].get(of_object, "its fields are: ")
        fields = message.rpartition("its fields are: ")[2].split(", ")
        return [*self.said["functions"][of_object], *(field for field in fields if field)]

    def answer(self, name: str) -> list[str]:
        """The fields of a table that comes back, and its function."""
        fields: list[str] = self.said["answers"][name].rpartition(" it has: ")[2].split(", ")
        return fields if name == "handoff" else [*fields, "header"]

    def calls(self) -> list[str]:
        """The functions of C that it uses."""
        done = subprocess.run(
            ["nm", "--dynamic", "--undefined-only", str(self.path)], capture_output=True, text=True, check=True
        )
        return re.findall(r" U (polyai_\w+)", done.stdout)


def row(guide: str, name: str) -> str:
    """The line of a table that begins with this name."""
    (found,) = re.findall(rf"^\| `{re.escape(name)}`.*$", guide, flags=re.M)
    return str(found)


def quoted(line: str) -> list[str]:
    return re.findall(r'`"(\w+)"`', line)


def surface(module: Module, guide: str) -> dict[str, dict[str, list[str]]]:
    """The parts of the surface."""
    said = module.said
    options, _, beside = said["option"].partition("; beside them ")
    arguments = re.findall(r"respond\((?:id, )?\[(\w+)\], \[request\]\)", guide)
    fields = [*texts.known(said["request"]), *(f"the argument `{name}`" for name in sorted(set(arguments)))]
    of_objects = {name: module.members(name) for name in said["functions"] if name != "polyai"}
    found: dict[str, dict[str, list[str]]] = {}
    for name, members in of_objects.items():
        found[name] = {MODULE: [member for member in members if member not in ("free", "describe_json")]}
    frees = [name for members in of_objects.values() for name in members if name == "free"]
    found["ownership"] = {MODULE: sorted(set(frees)) if len(frees) == len(of_objects) else []}
    found["configuration"] = {MODULE: [*re.split(", | and ", beside), "describe_json"]}
    found["library"] = {MODULE: said["functions"]["polyai"]}
    found["request"] = {MODULE: fields}
    found.update({name: {MODULE: module.answer(name)} for name in said["answers"]})
    found["calls"] = {MODULE: module.calls()}
    rows, of_rows = json.loads(said["options_json"]), texts.in_backticks(row(guide, "polyai.options_json()"))
    found["options"] = {
        "polyai.options_json()": [option["name"] for option in rows],
        "polyai.client": texts.known(options),
    }
    found["rows"] = {"polyai.options_json()": list(rows[0]), GUIDE: of_rows[1:]}
    found["variables"] = {"polyai.options_json()": [option["environment_variable"] for option in rows]}
    found["settings"] = {"client:describe_json()": list(json.loads(said["describe_json"])[0])}
    found["metrics"] = {"client:metrics_json()": list(json.loads(said["metrics_json"]))}
    found["attempt"] = {"error.attempts_json": list(json.loads(said["attempts_json"])[0])}
    found["phases"] = {GUIDE: quoted(row(guide, "phase"))}
    found["deliveries"] = {GUIDE: quoted(row(guide, "delivery"))}
    found["states"] = {GUIDE: quoted(row(guide, "conversation.state"))}
    found["levels"] = {GUIDE: quoted(row(guide, "on_log"))}
    found["breaker"] = {GUIDE: quoted(row(guide, "client:metrics_json()"))}
    return found
