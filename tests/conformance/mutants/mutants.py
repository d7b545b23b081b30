"""Gives each language one defect after the other, and sees that some conformance case fails with it.

The defects are data. What stands between a program and the C library, or between the command line and who reads it,
is in c_library.c and command_line.py; for the other languages there are lists of replacements, of which a paragraph is
one defect: what it is, the file, perhaps the runners that can see it, what stands there, and what stands there instead.
What only takes longer with a defect is noticed too.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import command_line

HERE = Path(__file__).resolve().parent
SUITE = HERE.parent
REPOSITORY = SUITE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").resolve()
PROGRAMS = TARGET / "conformance"
RUNNERS = SUITE / "runners"
NODE_RUNNERS = {"Node.js": (), "Node.js, turns": ("turns",)}
PYTHON_RUNNERS = {"Python": "python_runner.py", "Python, asyncio": "python_asyncio_runner.py"}
LUA = "lua5.4"
# How calls are made: such that block, and such that do not.
JAVA_RUNNERS = ("Java 25", "Java 25, JNA")
DOTNET_RUNNERS = (".NET", ".NET, async")
PYTHON = os.environ.get("CONFORMANCE_PYTHON") or "python3"
CASE_FAILED = 1
NOT_THERE = 3
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


@dataclass(frozen=True)
class Binding:
    """A language whose own files get the defects: its runners, and how all is built with a defect, or without one."""

    runners: dict[str, tuple[str, ...]]
    build: Callable[[Replacement | None], None]


def binding_mutants(
    name: str, binding: Callable[[Path], Binding | None], scratch: Path, wanted: str
) -> Iterator[Mutant]:
    """The defects of a list, each built in; none where the language is not there."""
    of = binding(scratch)
    if of is None:
        return
    of.build(None)
    for runner, command in of.runners.items():
        yield Mutant("", runner, command)
    for defect in replacements(name, tuple(of.runners), wanted):
        of.build(defect)
        for runner in defect.runners:
            yield Mutant(defect.what, runner, of.runners[runner])


def write_sources(original: Path, copy: Path, defect: Replacement | None) -> None:
    """Copies a folder of the repository, with a defect of one of its files."""
    ignored = shutil.ignore_patterns("tests", "*.so", "*.o", "__pycache__")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(REPOSITORY / original, copy, ignore=ignored)
    if defect is not None and defect.file.is_relative_to(original):
        (copy / defect.file.relative_to(original)).write_text(defect.applied(), encoding="utf-8")


def cpp(scratch: Path) -> Binding:
    """The C++ header, of which the compiler gets a copy."""
    program, library, headers = scratch / "cpp_runner", TARGET / "debug", scratch / "cpp"
    linked = ("-L", library, "-lpolyai_chat", f"-Wl,-rpath,{library}")
    compiler = os.environ.get("CXX") or "c++"
    flags = ("-std=c++17", "-w", "-O0", "-pthread")
    # What no defect changes is compiled once.
    first = scratch / "first.hpp"
    first.write_text("#include <nlohmann/json.hpp>\n", encoding="utf-8")
    run(compiler, *flags, "-x", "c++-header", first, "-o", f"{first}.gch")

    def build(defect: Replacement | None) -> None:
        write_sources(Path("bindings/cpp"), headers, defect)
        searched = ("-include", first, "-I", headers, "-I", REPOSITORY / "include")
        run(compiler, *flags, *searched, RUNNERS / "cpp_runner.cpp", *linked, "-o", program)

    return Binding({"C++": (str(program),)}, build)


def lua(scratch: Path) -> Binding | None:
    """The module of Lua, built from a copy of its sources for one of the Luas."""
    built = PROGRAMS / "lua" / LUA
    if not built.is_dir():
        print(f"Lua: left out, for tests/conformance/run has built no module for {LUA}", flush=True)
        return None
    sources, library = scratch / "lua", TARGET / "debug"
    make = ("make", "--silent", "--always-make", "-C", sources, f"LUA={LUA}", "CFLAGS=-O0 -w")
    linked = f"POLYAI_LIBS=-L {library} -lpolyai_chat -Wl,-rpath,{library}"

    def build(defect: Replacement | None) -> None:
        write_sources(Path("bindings/lua"), sources, defect)
        shutil.copy(built / "host.so", sources)
        run(*make, f"POLYAI_CFLAGS=-I {REPOSITORY / 'include'}", linked)

    command = ("env", f"LUA_CPATH={sources}/?.so", LUA, str(RUNNERS / "lua_runner.lua"))
    return Binding({"Lua": command}, build)


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

    def build(self, package: str, library: str, defect: Replacement | None) -> Path:
        """Builds a library, with a defect if it is one of Rust, and says where it is."""
        # It is linked once and run for seconds: that it is built soon matters more than that it is fast.
        quickly = [f'--config=profile.dev.package."{package}".{how}' for how in ("opt-level=0", "debug=false")]
        build = ("cargo", "build", "--quiet", "--locked", "--package", package, "--lib", *quickly)
        places = {"CARGO_TARGET_DIR": str(TARGET / "mutants"), "CARGO_INCREMENTAL": "1"}
        of_rust = defect is not None and defect.file.suffix == ".rs"
        if defect is not None and of_rust:
            self._write(defect.file, defect.applied().encode())
        try:
            run(*build, cwd=self.root, env={**os.environ, **places})
        finally:
            if defect is not None and of_rust:
                self._write(defect.file, (REPOSITORY / defect.file).read_bytes())
        return TARGET / "mutants/debug" / library


def python(scratch: Path) -> Binding:
    """The Python package and the module in it that is written in Rust."""
    sources = Sources()
    package = scratch / "python/polyai_chat"

    def build(defect: Replacement | None) -> None:
        module = sources.build("polyai-chat-python", "lib_native.so", defect)
        write_sources(Path("bindings/python/chat/polyai_chat"), package, defect)
        (package / "_native.abi3.so").symlink_to(module)

    interpreter = ("env", f"PYTHONPATH={package.parent}", "PYTHONDONTWRITEBYTECODE=1", PYTHON)
    return Binding({name: (*interpreter, str(RUNNERS / file)) for name, file in PYTHON_RUNNERS.items()}, build)


def node(scratch: Path) -> Binding | None:
    """The npm package and the module in it that is written in Rust."""
    if not shutil.which("node"):
        print("Node.js: left out, for it is not there", flush=True)
        return None
    sources = Sources()
    modules = scratch / "node/node_modules"

    def build(defect: Replacement | None) -> None:
        module = sources.build("polyai-chat-node", "libpolyai_chat_node.so", defect)
        run(REPOSITORY / "bindings/node/build", module, modules.parent)
        write_sources(Path("bindings/node/chat"), modules / "@polyai/chat", defect)

    command = ("env", f"NODE_PATH={modules}", "node", str(RUNNERS / "node_runner.js"))
    return Binding({name: (*command, *words) for name, words in NODE_RUNNERS.items()}, build)


def built_by(binding: str) -> dict[str, list[str]]:
    """The command of each runner that the tests of a binding build; none where what they need is not there."""
    places = {"POLYAI_LIBRARY_DIRECTORY": str(TARGET / "debug"), "POLYAI_PROGRAM": str(TARGET / "debug/polyai-chat")}
    build = [str(REPOSITORY / "bindings" / binding / "tests/run"), "--build-only"]
    done = subprocess.run(build, capture_output=True, text=True, check=False, env={**os.environ, **places})
    if done.returncode == NOT_THERE:
        print(f"{binding}: left out: {done.stderr.strip().splitlines()[-1]}", flush=True)
        return {}
    if done.returncode != 0:
        raise Wrong(f"{build[0]} failed:\n{done.stdout}{done.stderr}")
    named = (line.split("\t") for line in done.stdout.splitlines())
    return {name: shlex.split(command) for name, command in named}


def java(scratch: Path) -> Binding | None:
    """The jar of Java, before which the classes of the changed file stand in the class path."""
    built = built_by("java")
    if not built:
        return None
    classes, source = scratch / "classes", scratch / "source"
    program, *_, class_path = itertools.takewhile(lambda word: word != "Runner", built[JAVA_RUNNERS[0]])
    javac = (Path(program).with_name("javac"), "-nowarn", "-proc:none", "--release", "8", "-Xlint:-options")

    def build(defect: Replacement | None) -> None:
        shutil.rmtree(classes, ignore_errors=True)
        if defect is not None:
            source.mkdir(exist_ok=True)
            changed = source / defect.file.name
            changed.write_text(defect.applied(), encoding="utf-8")
            run(*javac, "-cp", class_path, "-d", classes, changed)

    def command(runner: str) -> tuple[str, ...]:
        words = list(built[runner])
        of_path = words.index("-cp") + 1
        words[of_path] = f"{classes}:{words[of_path]}"
        return tuple(words)

    return Binding({runner: command(runner) for runner in JAVA_RUNNERS}, build)


def dotnet(scratch: Path) -> Binding | None:
    """The assembly of .NET, built from a copy of its sources."""
    built = built_by("dotnet")
    if not built:
        return None
    sources, programs = scratch / "sources", scratch / "programs"
    shutil.copytree(TARGET / "dotnet", programs, symlinks=True)
    mcs = ("mcs", "-langversion:7.2", "-nowarn:162,168,219", "-target:library", f"-out:{programs}/PolyAI.Chat.dll")

    def build(defect: Replacement | None) -> None:
        write_sources(Path("bindings/dotnet/src/PolyAI.Chat"), sources, defect)
        run(*mcs, *sources.glob("*.cs"))

    def command(runner: str) -> tuple[str, ...]:
        return tuple(word.replace(str(TARGET / "dotnet"), str(programs)) for word in built[runner])

    return Binding({runner: command(runner) for runner in DOTNET_RUNNERS}, build)


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


# A list of defects, and the language whose files they are in.
BINDINGS = {
    "c++": ("cpp_header.txt", cpp),
    "lua": ("lua_module.txt", lua),
    "node": ("node.txt", node),
    "python": ("python.txt", python),
    "java": ("java.txt", java),
    "dotnet": ("dotnet.txt", dotnet),
}
LANGUAGES: dict[str, Callable[[Path, str], Iterator[Mutant]]] = {
    "c": c_mutants,
    **{language: functools.partial(binding_mutants, *binding) for language, binding in BINDINGS.items()},
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
