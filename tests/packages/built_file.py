#!/usr/bin/env python3
"""Checks a file that is shipped.

    built_file.py LIBRARY MANIFEST [--portable]

LIBRARY is libpolyai_chat.so or libpolyai_chat.a, as packaging/build leaves them. With --portable it must do with glibc 2.17.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import elf

ROOT = Path(__file__).resolve().parent.parent.parent

# The mark is 2,400,000. 30 KB above it are for words of others that are looked through, and numbers and answers of every shape; 2 KB
# guard stacks; 56 KB are for the twenty functions that runtimes of other languages need: completions, calls started by id, JSON; 6 KB for
# what a binding gives the listeners of a call, and for the signals that runtimes stop threads with; 1 KB lets a thread rest for the next
# call, and give back its stack; 1 KB reads how much address space a limited process has left; 6 KB write an answer as JSON with each
# turn, without a tree of values;
# 2 KB have one of many calls hold little while it waits, and refuse an id that would break a line; 378 KB read Markdown for the plain text of
# a reply: pulldown-cmark, whose table of the 2,125 names of entities takes some 210 KB with its relocations, and what it needs.
MOST_BYTES = 2_884_000
PORTABLE_GLIBC = (2, 17)

# What a process has anyway. libpthread and libdl are parts of libc.so.6 since glibc 2.34.
LIBRARIES = {"libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2", "libpthread.so.0", "libdl.so.2"}

# Used where they exist: newer system calls, and what the C start-up code looks for.
OPTIONAL = {"__cxa_thread_atexit_impl", "getrandom", "gettid", "statx"} | {
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "__gmon_start__",
    "__cxa_finalize",
}

# What code that was compiled with -fstack-protector calls when it finds its stack overwritten.
GUARD = "__stack_chk_fail"

# On loading, the C start-up code runs frame_dummy and Rust's standard library notes the arguments of the program. On unloading,
# which does not happen, the C start-up code has a function more.
MOST_INITIALIZERS, MOST_FINALIZERS = 2, 1

# Directories where people and machines build, and cargo's name for its own, which has the host in it that packages come from.
TRACES = [
    rb"/(?:root|home|Users|work|builds?|tmp|mnt|srv|workspace|github)/[\w.+/-]*",
    rb"registry/src[\w./-]*",
    rb"[\w-]+(?:\.[\w-]+)+-[0-9a-f]{16}/[\w./-]*",
]


def functions_of(manifest):
    return {function["name"] for function in manifest["functions"]}


def differences(exported, expected):
    for name in sorted(exported - expected):
        yield f"{name} is exported, and not in the manifest"
    for name in sorted(expected - exported):
        yield f"{name} is in the manifest, and not exported"


def exports(library, manifest, _):
    yield from differences({symbol.name for symbol in library.symbols() if symbol.is_defined}, functions_of(manifest))


def soname(library, manifest, _):
    expected = [manifest["abi"]["soname"]]
    if library.texts(elf.SONAME) != expected:
        yield f"the SONAME is {library.texts(elf.SONAME)}, not {expected}"


def nodelete(library, *_):
    if not library.number(elf.FLAGS_1) & elf.F1_NODELETE:
        yield "dlclose would unload it (NODELETE)"


def bind_now(library, *_):
    if not (library.number(elf.FLAGS) & elf.F_BIND_NOW and library.number(elf.FLAGS_1) & elf.F1_NOW):
        yield "symbols are looked up late (BIND_NOW)"


def relro(library, *_):
    if not library.segment(elf.RELRO):
        yield "relocated data stays writable (RELRO)"


def stack(library, *_):
    segment = library.segment(elf.STACK)
    if segment is None or segment.flags & elf.EXECUTE:
        yield "the stack would be executable (GNU_STACK)"


def segments(library, *_):
    for segment in library.segments:
        if segment.kind == elf.LOAD and segment.flags & elf.WRITE and segment.flags & elf.EXECUTE:
            yield "memory is both writable and executable"


def textrel(library, *_):
    if elf.TEXTREL in library.dynamic or library.number(elf.FLAGS) & elf.F_TEXTREL:
        yield "code is relocated (TEXTREL)"


def static_tls(library, *_):
    if library.number(elf.FLAGS) & elf.F_STATIC_TLS:
        yield "dlopen may find no room for it (STATIC_TLS)"


def stack_protector(library, *_):
    """That of what packages have in C."""
    if not any(symbol.name == GUARD for symbol in library.symbols()):
        yield f"nothing guards its stack ({GUARD})"


def search_path(library, *_):
    for path in library.texts(elf.RPATH) + library.texts(elf.RUNPATH):
        yield f"it looks for libraries in {path} (RPATH)"


def needed(library, *_):
    for name in sorted(set(library.texts(elf.NEEDED)) - LIBRARIES):
        yield f"it needs {name}"


def undefined(library, *_):
    for symbol in library.symbols():
        if symbol.is_defined or symbol.library in LIBRARIES:
            continue
        if not (symbol.is_weak and symbol.library is None and symbol.name in OPTIONAL):
            yield f"{symbol.name} comes from {symbol.library or 'nowhere'}"


def size(library, *_):
    if len(library.bytes) > MOST_BYTES:
        yield f"it has {len(library.bytes):,} bytes, more than {MOST_BYTES:,}"


def stripped(library, *_):
    if any(kind == elf.SHT_SYMTAB for kind, _ in library.section_kinds()):
        yield "it is not stripped"


def newest_glibc(library):
    versions = [re.fullmatch(r"GLIBC_([\d.]+)", symbol.version or "") for symbol in library.symbols()]
    return max(tuple(int(part) for part in version.group(1).split(".")) for version in versions if version)


def glibc(library, _, portable):
    newest = newest_glibc(library)
    if portable and newest > PORTABLE_GLIBC:
        names = [symbol.name for symbol in library.symbols() if symbol.version == "GLIBC_" + ".".join(map(str, newest))]
        yield f"it needs glibc {'.'.join(map(str, newest))}, for {' '.join(sorted(names))}"


def initializers(library, *_):
    for tag, most in [(elf.INIT_ARRAY_SIZE, MOST_INITIALIZERS), (elf.FINI_ARRAY_SIZE, MOST_FINALIZERS)]:
        if library.number(tag) // 8 > most:
            yield f"{library.number(tag) // 8} functions run on loading or unloading, more than the {most} that are known"


def own_directories():
    """Where this machine has what was compiled, and what compiled it."""
    home = os.path.expanduser("~")
    named = {"CARGO_HOME": f"{home}/.cargo", "RUSTUP_HOME": f"{home}/.rustup", "CARGO_TARGET_DIR": ROOT / "target"}
    return [home, str(ROOT), *(str(Path(os.environ.get(name) or usual).absolute()) for name, usual in named.items())]


def traces_in(content):
    own = own_directories()
    cargo = own[2]
    patterns = TRACES + [re.escape(path.encode()) + rb"/[\w.+/-]*" for path in own if len(path) > 1]
    patterns += [re.escape(path.name.rsplit("-", 1)[0].encode()) for path in Path(cargo, "registry/src").glob("*.*-*")]
    found = {match.decode("ascii", "replace") for pattern in patterns for match in re.findall(pattern, content)}
    for text in sorted(found):
        yield f"it tells of the machine that built it: {text}"


def traces(library, *_):
    return traces_in(library.bytes)


CHECKS = [
    exports,
    soname,
    nodelete,
    bind_now,
    relro,
    stack,
    segments,
    textrel,
    static_tls,
    stack_protector,
    search_path,
    needed,
    undefined,
    size,
    stripped,
    glibc,
    initializers,
    traces,
]


def faults_of_shared(path, manifest, portable):
    library = elf.File(path)
    return {check.__name__: found for check in CHECKS for found in [list(check(library, manifest, portable))] if found}


def faults_of_static(path, manifest):
    """Only the functions are visible, so that it can be linked beside other libraries, and it takes no protection from a program."""
    visible = names_of_static(path, "--defined-only", "--extern-only")
    sections = subprocess.run(["readelf", "--section-headers", "--wide", path], check=True, capture_output=True, text=True).stdout
    stack = re.findall(r" \.note\.GNU-stack +PROGBITS(?: +\w+){4} +([A-Z]*) ", sections)
    found = {
        "exports": list(differences(visible, functions_of(manifest))),
        "stack": [] if stack and not any("X" in flags for flags in stack) else ["the stack of a program would be executable (GNU-stack)"],
        "stack_protector": [] if GUARD in names_of_static(path, "--undefined-only") else [f"nothing guards its stack ({GUARD})"],
        "traces": list(traces_in(Path(path).read_bytes())),
    }
    return {name: faults for name, faults in found.items() if faults}


def names_of_static(path, *which):
    lines = subprocess.run(["nm", "--format=posix", *which, path], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0] for line in lines if not line.endswith(":")} - {""}


def describe(path):
    """What the library asks of the system."""
    library = elf.File(path)
    print(f"  {len(library.bytes):,} bytes, glibc {'.'.join(map(str, newest_glibc(library)))}, needs {' '.join(library.texts(elf.NEEDED))}")
    by_library = {}
    for symbol in library.symbols():
        if not symbol.is_defined:
            by_library.setdefault(symbol.library or "where it exists", []).append(symbol.name)
    for name, symbols in sorted(by_library.items()):
        print(f"  {name}: {' '.join(sorted(symbols))}")


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--portable"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    path, manifest = arguments[0], json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
    print(path)
    if path.endswith(".a"):
        found = faults_of_static(path, manifest)
    else:
        describe(path)
        found = faults_of_shared(path, manifest, "--portable" in sys.argv)
    for name, faults in found.items():
        for fault in faults:
            print(f"  WRONG ({name}): {fault}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
