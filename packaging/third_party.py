#!/usr/bin/env python3
"""What of others is in what is shipped, as cargo knows it.

    third_party.py directories        the directories that hold the sources of packages
    third_party.py notices CRATE      the licences of what is linked into a crate of ours: these notices go with every copy of it
    third_party.py components CRATE   the same packages as a list for programs (CycloneDX)
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def output(*command):
    return subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout


def directories(metadata):
    return sorted({str(Path(package["manifest_path"]).parent.parent) for package in metadata["packages"] if package["source"]})


def linked(metadata, crate):
    """The packages that a crate is made of, but for procedural macros and what only builds."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [name for name, package in packages.items() if package["name"] == crate]
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


def print_notices(packages):
    texts, users = {}, {}
    sources = [
        (f"{package['name']} {package['version']} ({package['license']})", Path(package["manifest_path"]).parent)
        for package in packages
    ]
    sysroot = output("rustc", "--print", "sysroot").strip()
    sources.append(("the Rust standard library (MIT OR Apache-2.0)", Path(sysroot, "share/doc/rust")))
    print("The native library contains these packages, each under its own licence, whose texts follow.\n")
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


def print_components(packages):
    components = [
        {
            "type": "library",
            "name": package["name"],
            "version": package["version"],
            "purl": f"pkg:cargo/{package['name']}@{package['version']}",
            "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        }
        for package in packages
    ]
    print(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}, indent=1))


def main():
    arguments = sys.argv[1:]
    if arguments != ["directories"] and not (len(arguments) == 2 and arguments[0] in ("notices", "components")):
        sys.exit(__doc__)
    metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"))
    if arguments == ["directories"]:
        print("\n".join(directories(metadata)))
    elif arguments[0] == "notices":
        print_notices(linked(metadata, arguments[1]))
    else:
        print_components(linked(metadata, arguments[1]))


if __name__ == "__main__":
    main()
