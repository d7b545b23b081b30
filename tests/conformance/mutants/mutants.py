"""Gives each language one defect after the other, and sees that some conformance case fails with it.

The defects are data. What stands between a program and the C library, or between the command line and who reads it,
is in c_library.c and command_line.py; for C++, Lua and Python there are lists of replacements, of which a paragraph is
one defect: what it is, the file, perhaps the runners that can see it, what stands there, and what stands there instead.
What only takes longer with a defect is noticed too.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import command_line

HERE = Path(__file__).resolve().parent
SUITE = HERE.parent
REPOSITORY = SUITE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").resolve()
PROGRAMS = TARGET / "conformance"
RUNNERS = SUITE / "runners"
PYTHON_RUNNERS = {"Python": "python_runner.py", "Python, asyncio": "python_asyncio_runner.py"}
LUA = "lua5.4"
PYTHON = os.environ.get("CONFORMANCE_PYTHON") or "python3"
CASE_FAILED = 1
BEGIN = "<!-- mutants: begin"
END = "<!-- mutants: end -->"


class Wrong(Exception):
    """Why it cannot be told whether a defect is noticed."""


@dataclass(frozen=True)
class Mutant:
    """A runner with a defect; without one if `what` is empty."""

    what: str
    runner: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Replacement:
    """A defect of a file."""

    what: str
    file: Path
    runners: tuple[str, ...]
    stands: str
    instead: str

    def applied(self) -> str:
        """The file with this defect."""
        text = (REPOSITORY / self.file).read_text(encoding="utf-8")
        found = text.count(self.stands)
        if found != 1:
            raise Wrong(f"{self.what}: {self.file} has {found} times, and not once: {self.stands}")
        return text.replace(self.stands, self.instead)


def replacements(name: str, runners: tuple[str, ...], wanted: str) -> Iterator[Replacement]:
    """The defects of a list."""
    text = (HERE / name).read_text(encoding="utf-8")
    for paragraph in re.split(r"\n{2,}", re.sub(r"^#.*\n", "", text, flags=re.M)):
        lines = paragraph.strip("\n").split("\n")
        head = [line for line in lines if line[:2] not in ("- ", "+ ")]
        if not 2 <= len(head) <= 3:
            raise Wrong(f"{name}: a paragraph is not words, file, perhaps runners, and replacement: {paragraph}")
        seen_by = tuple(head[2].removeprefix("seen by: ").split("; ")) if len(head) == 3 else runners
        if not set(seen_by) <= set(runners):
            raise Wrong(f"{name}: {head[0]}: {head[2]!r} names no runner of {', '.join(runners)}")
        stands, instead = ("\n".join(line[2:] for line in lines if line[:2] == mark) for mark in ("- ", "+ "))
        if wanted in head[0]:
            yield Replacement(head[0], Path(head[1]), seen_by, stands, instead)


def run(*command: str | Path, **settings: object) -> None:
    """Runs what must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **settings)
    if done.returncode != 0:
        raise Wrong(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def c_mutants(scratch: Path, wanted: str) -> Iterator[Mutant]:
    """The C library, which something stands before that is preloaded."""
    runner = str(PROGRAMS / "c_runner")
    yield Mutant("", "C", (runner,))
    source = HERE / "c_library.c"
    for number, what in re.findall(r" MUTANT == (\d+) /\* (.*) \*/", source.read_text(encoding="utf-8")):
        if wanted not in what:
            continue
        library = scratch / "mutant.so"
        flags = ("-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wno-pedantic", "-Werror", "-shared", "-fPIC")
        compiler = os.environ.get("CC") or "cc"
        run(compiler, *flags, "-I", REPOSITORY / "include", f"-DMUTANT={number}", source, "-ldl", "-o", library)
        yield Mutant(what, "C", ("env", f"LD_PRELOAD={library}", runner))


def cpp_mutants(scratch: Path, wanted: str) -> Iterator[Mutant]:
    """The C++ header, whose copy comes first where the compiler looks."""
    yield Mutant("", "C++", (str(PROGRAMS / "cpp_runner"),))
    program, library = scratch / "cpp_runner", TARGET / "debug"
    linked = ("-L", library, "-lpolyai_chat", f"-Wl,-rpath,{library}")
    compiler = os.environ.get("CXX") or "c++"
    flags = ("-std=c++17", "-w", "-O0", "-pthread")
    # What no defect changes is compiled once.
    first = scratch / "first.hpp"
    first.write_text("#include <nlohmann/json.hpp>\n", encoding="utf-8")
    run(compiler, *flags, "-x", "c++-header", first, "-o", f"{first}.gch")
    for defect in replacements("cpp_header.txt", ("C++",), wanted):
        (scratch / defect.file.name).write_text(defect.applied(), encoding="utf-8")
        searched = ("-include", first, "-I", scratch, "-I", REPOSITORY / "include")
        run(compiler, *flags, *searched, RUNNERS / "cpp_runner.cpp", *linked, "-o", program)
        yield Mutant(defect.what, "C++", (str(program),))


def lua_mutants(scratch: Path, wanted: str) -> Iterator[Mutant]:
    """The module of Lua, built anew from a copy of its sources for one of the Luas; none where that is not there."""
    built = PROGRAMS / "lua" / LUA
    if not built.is_dir():
        print(f"Lua: left out, for tests/conformance/run has built no module for {LUA}", flush=True)
        return
    runner = (LUA, str(RUNNERS / "lua_runner.lua"))
    yield Mutant("", "Lua", ("env", f"LUA_CPATH={built}/?.so", *runner))
    original = REPOSITORY / "bindings/lua"
    sources = scratch / "lua"
    shutil.copytree(original, sources, ignore=shutil.ignore_patterns("tests", "*.so", "*.o"))
    shutil.copy(built / "host.so", sources)
    library = TARGET / "debug"
    make = ("make", "--silent", "--always-make", "-C", sources, f"LUA={LUA}", "CFLAGS=-O0 -w")
    linked = f"POLYAI_LIBS=-L {library} -lpolyai_chat -Wl,-rpath,{library}"
    for defect in replacements("lua_module.txt", ("Lua",), wanted):
        (sources / defect.file.name).write_text(defect.applied(), encoding="utf-8")
        run(*make, f"POLYAI_CFLAGS=-I {REPOSITORY / 'include'}", linked)
        yield Mutant(defect.what, "Lua", ("env", f"LUA_CPATH={sources}/?.so", *runner))
        shutil.copy(REPOSITORY / defect.file, sources)


class Sources:
    """A copy of the repository in which Rust is changed and built. The next run goes on with it."""

    def __init__(self) -> None:
        self.root = TARGET / "mutants" / "repository"
        listing = ["git", "-C", str(REPOSITORY), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split("\0")
        for name in listed:
            if name and (REPOSITORY / name).is_file():
                self._write(Path(name), (REPOSITORY / name).read_bytes())

    def _write(self, name: Path, content: bytes) -> None:
        copy = self.root / name
        # What is as it was is not built again.
        if not (copy.is_file() and copy.read_bytes() == content):
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)

    def build(self, package: str, defect: Replacement | None) -> None:
        """Builds a library with a defect."""
        # It is linked once and run for seconds: that it is built soon matters more than that it is fast.
        quickly = [f'--config=profile.dev.package."{package}".{how}' for how in ("opt-level=0", "debug=false")]
        build = ("cargo", "build", "--quiet", "--locked", "--package", package, "--lib", *quickly)
        places = {"CARGO_TARGET_DIR": str(TARGET / "mutants"), "CARGO_INCREMENTAL": "1"}
        if defect is not None:
            self._write(defect.file, defect.applied().encode())
        try:
            run(*build, cwd=self.root, env={**os.environ, **places})
        finally:
            if defect is not None:
                self._write(defect.file, (REPOSITORY / defect.file).read_bytes())

    @staticmethod
    def built(name: str) -> Path:
        """What was built."""
        return TARGET / "mutants" / "debug" / name


def python_mutants(scratch: Path, wanted: str) -> Iterator[Mutant]:
    """The Python package and the module in it that is written in Rust."""
    sources = Sources()
    original = REPOSITORY / "bindings/python/chat/polyai_chat"
    packages = scratch / "python"
    native = scratch / "native.so"

    def package(library: Path, defect: Replacement | None) -> None:
        shutil.rmtree(packages, ignore_errors=True)
        copied = packages / original.name
        shutil.copytree(original, copied, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        (copied / "_native.abi3.so").symlink_to(library)
        if defect is not None and defect.file.is_relative_to(original.relative_to(REPOSITORY)):
            (copied / defect.file.name).write_text(defect.applied(), encoding="utf-8")

    def command(runner: str) -> tuple[str, ...]:
        variables = (f"PYTHONPATH={packages}", "PYTHONDONTWRITEBYTECODE=1")
        return ("env", *variables, PYTHON, str(RUNNERS / PYTHON_RUNNERS[runner]))

    sources.build("polyai-chat-python", None)
    shutil.copy(sources.built("lib_native.so"), native)
    package(native, None)
    for runner in PYTHON_RUNNERS:
        yield Mutant("", runner, command(runner))
    for defect in replacements("python.txt", tuple(PYTHON_RUNNERS), wanted):
        library = native
        if defect.file.suffix == ".rs":
            sources.build("polyai-chat-python", defect)
            library = sources.built("lib_native.so")
        package(library, defect)
        for runner in defect.runners:
            yield Mutant(defect.what, runner, command(runner))


def command_line_mutants(scratch: Path, wanted: str) -> Iterator[Mutant]:
    """The program, whose output goes through something that spoils it."""
    program = TARGET / "debug/polyai-chat"
    spoiled = scratch / "polyai-chat"

    def command(program: Path) -> tuple[str, ...]:
        return ("python3", str(RUNNERS / "command_line_runner.py"), str(program))

    yield Mutant("", "command line", command(program))
    for what in command_line.DEFECTS:
        if wanted in what:
            words = ("python3", str(HERE / "command_line.py"), what, str(program))
            spoiled.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
            spoiled.chmod(0o755)
            yield Mutant(what, "command line", command(spoiled))


LANGUAGES = {
    "c": c_mutants,
    "c++": cpp_mutants,
    "lua": lua_mutants,
    "python": python_mutants,
    "command-line": command_line_mutants,
}


def first_failure(mutant: Mutant) -> str | None:
    """What the suite says of it: the first case that fails, if one does."""
    suite = [str(TARGET / "debug/conformance"), "--cases", str(SUITE / "cases"), "--first"]
    runner = f"{mutant.runner}={' '.join(mutant.command)}"
    # A runner that a defect ends complains on stderr, which is of no use here.
    done = subprocess.run([*suite, "--runner", runner], capture_output=True, text=True, check=False)
    if done.returncode not in (0, CASE_FAILED):
        raise Wrong(done.stderr)
    return None if done.returncode == 0 else done.stdout.removeprefix(f"{mutant.runner}: ")


def look(chosen: list[str], wanted: str) -> tuple[dict[str, list[int]], list[str]]:
    """For each runner how many defects it had and how many of them were noticed, and those that were not."""
    counts: dict[str, list[int]] = {}
    survivors = []
    with tempfile.TemporaryDirectory() as scratch:
        for language in chosen:
            for mutant in LANGUAGES[language](Path(scratch), wanted):
                said = first_failure(mutant)
                if not mutant.what:
                    if said is not None:
                        raise Wrong(f"{mutant.runner}: the suite fails without any defect: {said}")
                    continue
                count = counts.setdefault(mutant.runner, [0, 0])
                count[0] += 1
                count[1] += said is not None
                words = f"{mutant.runner}: {mutant.what}"
                if said is None:
                    survivors.append(words)
                print(f"{words}: {said.splitlines()[0] if said else 'NOT NOTICED'}", flush=True)
    return counts, survivors


def document(file: Path, counts: dict[str, list[int]]) -> None:
    """Writes the table between the marks."""
    rows = ["| runner | defects | noticed |", "| --- | --- | --- |"]
    rows += [f"| {runner} | {of} | {noticed} |" for runner, (of, noticed) in counts.items()]
    before, rest = file.read_text(encoding="utf-8").split(BEGIN)
    mark, rest = rest.split("\n", 1)
    after = rest.split(END)[1]
    file.write_text("\n".join([f"{before}{BEGIN}{mark}", "", *rows, "", f"{END}{after}"]), encoding="utf-8")


def main() -> int:
    """Says of each defect which case has noticed it."""
    parser = argparse.ArgumentParser(prog="tests/conformance/mutants/run")
    parser.add_argument("--only", metavar="LANGUAGE", choices=LANGUAGES, help=f"one of {', '.join(LANGUAGES)}")
    parser.add_argument("--mutant", metavar="TEXT", default="", help="those whose words hold this text")
    parser.add_argument("--document", metavar="FILE", type=Path, help="writes the table between this file's marks")
    arguments = parser.parse_args()
    if arguments.document and (arguments.only or arguments.mutant):
        parser.error("--document is for all mutants of all languages")
    try:
        counts, survivors = look([arguments.only] if arguments.only else list(LANGUAGES), arguments.mutant)
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 2
    for survivor in survivors:
        print(f"not noticed: {survivor}")
    defects, noticed = (sum(count[index] for count in counts.values()) for index in (0, 1))
    print(f"{noticed} of {defects} noticed")
    if arguments.document and not survivors:
        document(arguments.document, counts)
    return 1 if survivors or not defects else 0


if __name__ == "__main__":
    sys.exit(main())
