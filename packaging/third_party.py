#!/usr/bin/env python3
"""What of others is in what is shipped, as cargo knows it, with --portable what zig links in besides, and with --target NAME what is
shipped for another system, by packaging/foreign.

    third_party.py directories                          the directories that hold the sources of packages
    third_party.py notices CRATE [--portable]           the licences of what is linked into a crate of ours: these notices go with
                                                        every copy of it
    third_party.py components CRATE PURL [--portable]   the same packages as a bill of materials for programs (CycloneDX), for what
                                                        is made of the crate and has this package URL, without a version
    third_party.py alone PURL NEEDED...                 a bill of materials for what holds nothing of others: a package of this release,
                                                        and the package URLs of what it needs beside it, of this release where they
                                                        have no version
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import facts

ROOT = Path(__file__).resolve().parent.parent
LICENSE = "Apache-2.0 OR MIT"
TARGET = sys.argv.pop(sys.argv.index("--target") + 1) if "--target" in sys.argv else "x86_64-unknown-linux-gnu"
BUILT = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
NOTICES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def output(*command):
    return subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout


def packages():
    """Every package of Cargo.lock that this target needs, by name and version."""
    metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={TARGET}"))
    return {(package["name"], package["version"]): package for package in metadata["packages"]}


def directories():
    return sorted({str(Path(package["manifest_path"]).parent.parent) for package in packages().values() if package["source"]})


class Linked:
    """What a crate is made of when it is built by itself, but for procedural macros and what only builds."""

    def __init__(self, crate):
        known = packages()
        tree = output("cargo", "tree", "--locked", "--package", crate, "--target", TARGET, "--edges", "normal,no-proc-macro",
                      "--prefix", "depth", "--format", " {p}")  # fmt: skip
        above, self.needs = [], {}  # name and version, and those of what it needs; None is the crate with others of ours
        for depth, name, version in re.findall(r"^(\d+) (\S+) v(\S+)", tree, flags=re.M):
            key = (name, version) if known[name, version]["source"] else None
            above[int(depth) :] = [key]
            self.needs.setdefault(key, set())
            if len(above) > 1 and key:
                self.needs[above[-2]].add(key)
        self.crate = next(package for (name, _), package in known.items() if name == crate)
        self.packages = [known[key] for key in sorted(filter(None, self.needs))]


class Runtime(NamedTuple):
    """What a compiler links in of its own."""

    name: str
    version: str
    license: str
    purl: str
    licences: list  # files, with the directory that they are named from
    identity: dict  # how CycloneDX says which one it is


def standard_library(foreign=False):
    within, debian = (["packaging/toolchain"], BUILT / "toolchain/root/usr/share/doc") if foreign else ([], None)
    said = dict(re.findall(r"^([\w-]+): (.*)$", output(*within, "rustc", "-vV"), flags=re.M))
    documents = debian / "rust-web-src" if debian else Path(output("rustc", "--print", "sysroot").strip(), "share/doc/rust")
    commit = {"pedigree": {"commits": [{"uid": said["commit-hash"]}]}}
    return Runtime("rust-std", said["release"], "MIT OR Apache-2.0", "pkg:generic/rust-std", [(documents, path) for path in files(documents)], commit)


def zig():
    """LLVM's libunwind and compiler-rt, as packaging/build --portable takes them from TARGET/venv."""
    line = re.search(r"^ziglang==(\S+) (.*)$", (ROOT / "tests/requirements.lock").read_text(encoding="utf-8"), flags=re.M)
    (directory,) = (BUILT / "venv").glob("lib/python*/site-packages/ziglang")
    licences = [(directory, directory / name) for name in ["LICENSE", "lib/libunwind/LICENSE.TXT"]]
    hashes = [{"alg": "SHA-256", "content": digest} for digest in re.findall(r"sha256:(\w+)", line[2])]  # one for each system
    return Runtime("ziglang", line[1], "MIT AND Apache-2.0 WITH LLVM-exception", "pkg:pypi/ziglang", licences, {"hashes": hashes})


def mingw():
    """The start of a program, and libgcc, as mingw-w64 links them in."""
    documents = BUILT / "toolchain/root/usr/share/doc"
    status = (BUILT / "toolchain/root/var/lib/dpkg/status").read_text(encoding="utf-8")
    version = re.search(r"^Package: mingw-w64-x86-64-dev\n(?:.+\n)*?Version: (.*)$", status, flags=re.M)[1]
    licences = [(documents, documents / name / "copyright") for name in ["mingw-w64-x86-64-dev", "gcc-mingw-w64-x86-64-posix"]]
    licence = "ZPL-2.1 AND GPL-3.0-or-later WITH GCC-exception-3.1"
    return Runtime("mingw-w64", version, licence, "pkg:deb/debian/mingw-w64-x86-64-dev", licences, {})


def files(directory):
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name.upper().startswith(NOTICES) and path.suffix in ("", ".txt", ".md"):
            yield path


def print_notices(linked, runtimes):
    sources = []
    for package in linked.packages:
        directory = Path(package["manifest_path"]).parent
        sources.append((f"{package['name']} {package['version']} ({package['license']})", [(directory, path) for path in files(directory)]))
    sources += [(f"{runtime.name} {runtime.version} ({runtime.license})", runtime.licences) for runtime in runtimes]
    print("The native library contains these packages, each under its own licence, whose texts follow. rust-std is Rust's standard library.\n")
    texts, users = {}, {}
    for name, licences in sources:
        print(f"  {name}")
        for directory, path in licences:
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            key = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
            texts.setdefault(key, text)
            users.setdefault(key, []).append(f"{name}: {path.relative_to(directory)}")
    for key, text in texts.items():
        print("\n" + "-" * 80)
        print("\n".join(users[key]) + "\n\n" + text)


def component(kind, purl, version, licence, **more):
    """With the package URL as what others of the same bill call it by."""
    full = f"{purl}@{quote(version, safe='')}"
    return {
        "type": kind,
        "bom-ref": full,
        "name": purl.rsplit("/", 1)[1],
        "version": version,
        "licenses": [{"expression": licence.replace("/", " OR ")}],
        "purl": full,
        **more,
    }


def print_components(linked, purl, runtimes):
    locked = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    found = re.findall(r'^name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"', locked, flags=re.M)
    checksums = {(name, version): checksum for name, version, checksum in found}
    is_program = any("bin" in target["kind"] for target in linked.crate["targets"])
    whole = component("application" if is_program else "library", purl, linked.crate["version"], linked.crate["license"])
    parts = {}
    for package in linked.packages:
        key = package["name"], package["version"]
        hashes = [{"alg": "SHA-256", "content": checksums[key]}]  # of the file that cargo downloads
        parts[key] = component("library", f"pkg:cargo/{package['name']}", package["version"], package["license"], hashes=hashes)
    others = [component("library", runtime.purl, runtime.version, runtime.license, **runtime.identity) for runtime in runtimes]

    def needs(part, keys):
        return {"ref": part["bom-ref"], "dependsOn": [parts[key]["bom-ref"] for key in sorted(keys)] + [other["bom-ref"] for other in others]}

    dependencies = [needs(whole, linked.needs[None]), *(needs(part, linked.needs[key]) for key, part in parts.items())]
    print_bill(whole, [*parts.values(), *others], dependencies)


def print_alone(purl, needed):
    """Each that is needed has a bill of its own where it is of this release."""
    version = facts.version
    whole = component("library", purl, version, LICENSE)
    parts = []
    for purl in needed:
        name, _, given = purl.rpartition("@") if "@" in purl.rpartition("/")[2] else (purl, "", version)
        parts.append({"type": "library", "bom-ref": f"{name}@{given}", "name": name.rsplit("/", 1)[1], "version": given, "purl": f"{name}@{given}"})
    print_bill(whole, parts, [{"ref": whole["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}])


def print_bill(whole, parts, dependencies):
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1}
    print(json.dumps({**bill, "metadata": {"component": whole}, "components": parts, "dependencies": dependencies}, indent=1))


def main():
    arguments = [argument for argument in sys.argv[1:] if argument not in ("--portable", "--target")]
    foreign = "--target" in sys.argv
    if arguments == ["directories"]:
        print("\n".join(directories()))
        return
    if arguments[:1] == ["alone"] and len(arguments) > 1:
        print_alone(arguments[1], arguments[2:])
        return
    runtimes = [standard_library(foreign)]
    if foreign and "windows" in TARGET:
        runtimes.append(mingw())
    elif foreign or "--portable" in sys.argv:
        runtimes.append(zig())
    if len(arguments) == 2 and arguments[0] == "notices":
        print_notices(Linked(arguments[1]), runtimes)
    elif len(arguments) == 3 and arguments[0] == "components":
        print_components(Linked(arguments[1]), arguments[2], runtimes)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
