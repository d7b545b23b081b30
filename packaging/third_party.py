#!/usr/bin/env python3
"""What of others is in the library. Reads `cargo metadata` from its standard input.

    third_party.py directories        the directories that hold the sources of packages
    third_party.py notices SYSROOT    the licences of what is linked in, whose notices go with every copy of the library
"""

import hashlib
import json
import sys
from pathlib import Path

NOTICES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def directories(metadata):
    return sorted({str(Path(package["manifest_path"]).parent.parent) for package in metadata["packages"] if package["source"]})


def linked(metadata):
    """The packages that polyai-chat-ffi is made of, but for procedural macros and what only builds."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [name for name, package in packages.items() if package["name"] == "polyai-chat-ffi"]
    found = {}
    while waiting:
        name = waiting.pop()
        package = packages[name]
        if name in found or any("proc-macro" in target["kind"] for target in package["targets"]):
            continue
        found[name] = package
        for dependency in nodes[name]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return sorted((package for package in found.values() if package["source"]), key=lambda package: (package["name"], package["version"]))


def files(directory):
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name.upper().startswith(NOTICES) and path.suffix in ("", ".txt", ".md"):
            yield path


def notices(metadata, sysroot):
    texts, users = {}, {}
    sources = [
        (f"{package['name']} {package['version']} ({package['license']})", Path(package["manifest_path"]).parent)
        for package in linked(metadata)
    ]
    sources.append(("the Rust standard library (MIT OR Apache-2.0)", Path(sysroot, "share/doc/rust")))
    print("libpolyai_chat contains these packages, each under its own licence, whose texts follow.\n")
    for name, directory in sources:
        print(f"  {name}")
        for path in files(directory):
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            key = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
            texts.setdefault(key, text)
            users.setdefault(key, []).append(f"{name}: {path.relative_to(directory)}")
    for key, text in texts.items():
        print("\n" + "-" * 80)
        print("\n".join(users[key]) + "\n\n" + text)


def main():
    metadata = json.load(sys.stdin)
    if sys.argv[1:] == ["directories"]:
        print("\n".join(directories(metadata)))
    elif len(sys.argv) == 3 and sys.argv[1] == "notices":
        notices(metadata, sys.argv[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
