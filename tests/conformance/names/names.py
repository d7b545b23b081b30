"""Compares the public names of every language with the core's. Run by `check`, which builds what this asks.

Exit status 1: something differs, or the document is not current.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import c
import command_line
import comparison
import cpp
import document
import lua
import managed
import rust
import self_test
from words import ASYNCIO, COMMAND_LINE, CPP, DOTNET, JAVA, LUA, NODE, PYTHON, RUST, C, camel

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DOCUMENT = ROOT / "docs/names.md"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/conformance/names/check", description=__doc__)
    parser.add_argument("--target", type=Path, required=True, help="where cargo has built (given by `check`)")
    parser.add_argument("--cpp-program", type=Path, required=True, help="names.cpp, compiled (given by `check`)")
    parser.add_argument("--clang", default="clang++", help="what reads the header of C++")
    parser.add_argument("--lua", type=Path, help="where the module of Lua 5.4 is; without it, Lua is not compared")
    parser.add_argument("--java", metavar="COMMAND", help="`java` with a class path; without it, Java is not compared")
    parser.add_argument("--dotnet", metavar="COMMAND", help="runs Names.cs; without it, .NET is not compared")
    parser.add_argument("--python", help="a Python that has the package; without one, Python is not compared")
    parser.add_argument("--node", type=Path, help="where the npm package is; without it, Node.js is not compared")
    parser.add_argument(
        "--document", type=Path, metavar="FILE", help="write the document there; else see that docs/names.md is current"
    )
    parser.add_argument(
        "--surfaces", type=Path, metavar="FILE", help="write what was read of every language there, as JSON"
    )
    return parser.parse_args()


def output_of(*words: str | Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} failed:\n{done.stderr}")
    return done.stdout


def answers_of_cpp(program: Path) -> dict[str, str]:
    options_json, option, field = output_of(program).splitlines()
    return {"options_json": options_json, "option": option, "field": field}


def read(given: argparse.Namespace) -> tuple[dict[str, Any], comparison.Surfaces, list[str]]:
    """The core's names, what every language exposes, and what is wrong already."""
    include = [ROOT / "include", ROOT / "bindings/cpp"]
    built = given.target / "debug"
    core = json.loads(output_of(built / "public-names", HERE / comparison.FILE))
    core.update(rust.read(given.target / "doc/polyai_chat_core"))
    core["manifest"] = manifest = json.loads((include[0] / c.MANIFEST).read_text(encoding="utf-8"))
    core["options"] = manifest["options"]
    kinds = [row for row in manifest["constants"] if row["type"] == "polyai_status" and row["value"]]
    core["kinds"] = [
        {"name": kind["member"], "number": kind["value"], "variant": camel(kind["member"])} for kind in kinds
    ]
    header = cpp.Header(given.clang, include)
    surfaces = {
        RUST: rust.surface(core),
        C: c.surface(core["manifest"]),
        CPP: cpp.surface(header, answers_of_cpp(given.cpp_program)),
        COMMAND_LINE: command_line.surface(str(built / "polyai-chat")),
    }
    if given.lua:
        surfaces[LUA] = lua.surface(lua.Module(given.lua, HERE), (ROOT / lua.GUIDE).read_text(encoding="utf-8"))
    if given.java:
        surfaces[JAVA] = managed.java(given.java, HERE)
    if given.dotnet:
        surfaces[DOTNET] = managed.dotnet(given.dotnet)
    if given.python:
        of_python = json.loads(output_of(given.python, HERE / "python_surface.py"))
        surfaces.update({language: of_python[language] for language in (PYTHON, ASYNCIO)})
    if given.node:
        surfaces[NODE] = json.loads(output_of("node", HERE / "node_surface.js", NODE_PATH=str(given.node)))
    return core, surfaces, cpp.twins(header, cpp.Header(given.clang, include, "-fno-exceptions"))


def main() -> int:
    given = arguments()
    core, surfaces, wrong = read(given)
    if given.surfaces:
        given.surfaces.write_text(json.dumps({"core": core, "surfaces": surfaces}, indent=1), encoding="utf-8")
    wrong += comparison.Comparison(core).all(surfaces)
    if wrong:
        print(*wrong, sep="\n")
        print(f"names: {len(wrong)} differences")
        return 1
    for language, number in comparison.count(core, surfaces).items():
        print(f"names: {language}: {number} compared")
    tried, unnoticed = self_test.run(core, surfaces)
    if unnoticed:
        print(*(f"nobody noticed: {change}" for change in unnoticed), sep="\n")
        return 1
    print(f"names: {tried} names dropped, misspelt, added or stale were noticed")
    text = document.text(core)
    if given.document:
        given.document.write_text(text, encoding="utf-8")
    elif not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != text:
        command = "tests/conformance/names/check --document docs/names.md"
        print(f"names: {DOCUMENT.relative_to(ROOT)} is not current; `{command}` writes it anew")
        return 1
    for language, what in {"Lua": given.lua, "Node.js": given.node, "Java": given.java, ".NET": given.dotnet}.items():
        if not what:
            print(f"names: {language} was not compared: see above what it needs", file=sys.stderr)
    if not given.python:
        print(
            "names: Python was not compared: CONFORMANCE_PYTHON names no Python that has the package", file=sys.stderr
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
