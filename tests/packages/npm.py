#!/usr/bin/env python3
"""Checks the npm packages that are shipped: what is in them, the native module, and what they say of the packages of others.

    npm.py DIRECTORY [--portable]

DIRECTORY has the archives that packaging/npm leaves there. With --portable the module must do with glibc 2.17.
"""

import io
import json
import re
import sys
import tarfile
import tempfile
from pathlib import Path

import built_file
import elf
import sbom

ROOT = Path(__file__).resolve().parent.parent.parent
MODULE, BILL, NOTICES = "polyai-chat.node", "polyai-chat.cdx.json", "third-party.txt"
LICENCES = {"LICENSE-APACHE", "LICENSE-MIT"}
# What Node.js itself has for a module.
OF_NODE = re.compile(r"(napi|node_api)_\w+")
EXPORTED = {"napi_register_module_v1", "node_api_module_get_api_version_v1"}
# 378 KB of it read Markdown, as in the C library: see built_file.py.
MOST_BYTES = 3_178_000

OF_EVERY_BINARY = [
    built_file.bind_now,
    built_file.relro,
    built_file.stack,
    built_file.segments,
    built_file.textrel,
    built_file.static_tls,
    built_file.stack_protector,
    built_file.search_path,
    built_file.needed,
    built_file.stripped,
    built_file.glibc,
    built_file.traces,
]


def files_of(archive):
    """The regular files of an npm archive, by name, without the folder that all are in."""
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as members:
        return {member.name.removeprefix("package/"): members.extractfile(member).read() for member in members if member.isfile()}


def faults_of_names(files, expected):
    for name in sorted(files.keys() ^ expected):
        yield f"{name} is {'not known' if name in files else 'missing'}"


def faults_of_bill(files, name):
    version = json.loads(files["package.json"])["version"]
    return sbom.faults_of_whole(files[BILL], f"pkg:npm/%40polyai/{name}@{version}")


def faults_of_module(path, portable):
    binary = elf.File(path)
    for check in OF_EVERY_BINARY:
        yield from check(binary, None, portable)
    exported = {symbol.name for symbol in binary.symbols() if symbol.is_defined}
    if not exported <= EXPORTED or "napi_register_module_v1" not in exported:
        yield f"it exports {' '.join(sorted(exported))}"
    for symbol in binary.symbols():
        is_known = symbol.is_defined or symbol.library in built_file.LIBRARIES or OF_NODE.fullmatch(symbol.name)
        if not is_known and not (symbol.is_weak and symbol.name in built_file.OPTIONAL):
            yield f"{symbol.name} comes from {symbol.library or 'nowhere'}"
    if len(binary.bytes) > MOST_BYTES:
        yield f"it has {len(binary.bytes):,} bytes, more than {MOST_BYTES:,}"


def faults_of_package(files):
    """Of the package in JavaScript, which holds nothing of others."""
    sources = {path.name for pattern in ("*.js", "*.d.ts") for path in (ROOT / "bindings/node/chat").glob(pattern)}
    yield from faults_of_names(files, {"package.json", "README.md", BILL, *LICENCES, *sources})
    yield from faults_of_bill(files, "chat")
    for name, content in files.items():
        yield from (f"{name}: {fault}" for fault in built_file.traces_in(content))


def faults_of_platform(files, portable):
    yield from faults_of_names(files, {"package.json", MODULE, BILL, NOTICES, *LICENCES})
    yield from faults_of_bill(files, "chat-linux-x64-gnu")
    with tempfile.NamedTemporaryFile() as module:
        Path(module.name).write_bytes(files[MODULE])
        yield from faults_of_module(module.name, portable)
    yield from sbom.faults_of_bill(files[BILL].decode(), files[NOTICES].decode(), files[MODULE])


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--portable"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    directory = Path(arguments[0])
    package, platform = (list(directory.glob(f"polyai-chat-{which}.tgz")) for which in ("[0-9]*", "linux-x64-gnu-*"))
    if (len(package), len(platform)) != (1, 1):
        sys.exit(f"{directory} does not have both archives: run packaging/npm")
    faults = [f"{package[0].name}: {fault}" for fault in faults_of_package(files_of(package[0]))]
    found = faults_of_platform(files_of(platform[0]), "--portable" in sys.argv)
    faults += [f"{platform[0].name}: {fault}" for fault in found]
    for fault in faults:
        print(f"  WRONG: {fault}")
    print(f"npm packages: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
