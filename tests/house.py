"""Checks that the documents, the Makefile and the workspace still say the same.

- Every relative link in a Markdown file leads to a file, and its anchor to a heading there.
- Every path in backticks that begins in this repository exists.
- Every `make TARGET` in a document is a target, and CONTRIBUTING.md names every target that `make help` lists.
- CONTRIBUTING.md names every room: the members of the workspace and the top-level directories.
- A member takes its dependencies from the workspace's table, and that table says what each third-party one is for.
- CHANGELOG.md has a section for what is not released yet.
- The npm packages, and what depends on them, have the version of the workspace.
- A script downloads nothing but what it checks against a hash of the repository, or apt-get against a signature.
- No import points upwards in a crate, and no file is too long; `house_imports.py` has the order of the rooms.

Uses nothing but Python's standard library.
"""

import json
import os
import re
import sys
from pathlib import Path

import house_imports

ROOT = Path(__file__).resolve().parent.parent
PUBLIC_NPM = "https://registry.npmjs.org/"
FENCED = r"^ *(```+|~~~+)[^\n]*\n(.*?)^ *\1"


def directories_and_files():
    """Everything in the repository, but for what was built and what belongs to a tool."""
    for directory, names, files in os.walk(ROOT):
        names[:] = sorted(
            name
            for name in names
            if (name == ".ci" or name[0] not in "._")
            and name != "target"
            and not Path(directory, name, "CACHEDIR.TAG").exists()
        )
        for name in names + sorted(files):
            yield Path(directory, name)


EVERYTHING = list(directories_and_files())
DOCUMENTS = [path for path in EVERYTHING if path.suffix == ".md" and path.is_file()]
ROOMS = {path.name for path in EVERYTHING if path.parent == ROOT and path.is_dir()}


def text_of(name):
    path = ROOT / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def without_blocks(text):
    return re.sub(FENCED, "", text, flags=re.M | re.S)


def anchors(document):
    """The anchors of a document's headings, as they are made where Markdown is shown."""
    text = without_blocks(document.read_text(encoding="utf-8"))
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *#*$", text, flags=re.M):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number, name = 0, anchor
        while name in found:
            number += 1
            name = f"{anchor}-{number}"
        found.add(name)
    return found


def broken_links():
    for document in DOCUMENTS:
        text = re.sub(r"`[^`\n]*`", "", without_blocks(document.read_text(encoding="utf-8")))
        targets = re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", text) + re.findall(r"^\[[^\]]+\]: +(\S+)", text, flags=re.M)
        for link in targets:
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            where = document.relative_to(ROOT)
            if not target.exists():
                yield f"{where}: the link {link} leads nowhere"
            elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                yield f"{where}: the link {link} names no heading of {target.relative_to(ROOT)}"


def missing_paths():
    for document in DOCUMENTS:
        for span in re.findall(r"`([^`\n]+)`", document.read_text(encoding="utf-8")):
            if re.fullmatch(r"[\w.\-]+(/[\w.\-]+)*/?", span) and "/" in span and span.split("/")[0] in ROOMS:
                # Of a room's own document, a path may begin in the room.
                if not (ROOT / span).exists() and not (document.parent / span).exists():
                    yield f"{document.relative_to(ROOT)}: `{span}` does not exist"


def targets_out_of_step():
    makefile = text_of("Makefile")
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, flags=re.M))
    listed = re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.M)
    if not listed:
        yield "Makefile: `make help` would list nothing"
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        blocks = "\n".join(found[1] for found in re.findall(FENCED, text, flags=re.M | re.S))
        commands = re.findall(r"`(make [^`\n]*)`", text) + re.findall(r"^ *(?:\$ )?(make [^#;&|\n]*)", blocks, flags=re.M)
        # With -C it is another Makefile.
        for command in (command for command in commands if " -C " not in command):
            for word in command.split()[1:]:
                if re.fullmatch(r"[a-z][a-z-]*", word) and word not in targets:
                    yield f"{document.relative_to(ROOT)}: `{command.strip()}`: the Makefile has no target {word}"
    for target in listed:
        if f"make {target}" not in text_of("CONTRIBUTING.md"):
            yield f"CONTRIBUTING.md: says nothing of `make {target}`"


def members():
    found = re.search(r"^members *= *\[(.*?)\]", text_of("Cargo.toml"), flags=re.M | re.S)
    return re.findall(r'"([^"]+)"', found.group(1)) if found else []


def rooms_not_named():
    contributing = text_of("CONTRIBUTING.md")
    if not members():
        yield "Cargo.toml: the workspace has no members"
    for room in [*members(), *sorted(ROOMS)]:
        if f"`{room}/" not in contributing:
            yield f"CONTRIBUTING.md: says nothing of the room `{room}/`"


def dependencies_out_of_table():
    table = re.search(r"^\[workspace\.dependencies\]\n(.*?)(?=^\[)", text_of("Cargo.toml"), flags=re.M | re.S)
    for line in table.group(1).splitlines() if table else ["?"]:
        if re.match(r"[\w-]+ *=", line) and "path = " not in line and not re.search(r"# \S", line.split('"')[-1]):
            yield f"Cargo.toml: says not what this is for: {line}"
    for member in members():
        manifest = text_of(f"{member}/Cargo.toml")
        for section in re.findall(r"^\[[^\]\n]*dependencies\]\n(.*?)(?=^\[|\Z)", manifest, flags=re.M | re.S):
            for line in section.splitlines():
                if re.match(r"[\w-]+", line) and not re.search(r"\bworkspace *= *true\b", line):
                    yield f"{member}/Cargo.toml: not from the workspace's table: {line}"
        if "[lints]\nworkspace = true" not in manifest:
            yield f"{member}/Cargo.toml: does not take the workspace's lints"


def changelog_without_unreleased():
    if "## [Unreleased]" not in text_of("CHANGELOG.md"):
        yield "CHANGELOG.md: has no section [Unreleased]"


def unchecked_downloads(scripts=None):
    """`cargo install` and the like check nothing, cargo does with --locked, pip and uv with the hashes of a list, and `npm ci` with
    those of its lock file."""
    if scripts is None:
        scripts = {path: path.read_text(encoding="utf-8", errors="replace") for path in EVERYTHING if path.is_file() and path.suffix in ("", ".sh")}
    for path, text in scripts.items():
        if not re.match(r"#! ?/\S+[ /](?:ba|da)?sh\b", text) and path.name != "Makefile":
            continue
        for line in re.sub(r"\\\n *", "", text).splitlines():
            command = re.sub(r"(^|\s)#.*|echo .*", "", line)
            refused = re.search(r"(?:^|[|&;(]|\s)(?:curl|wget|npm(?! (?:ci|pack)\b)|npx|uvx|git clone|rustup [a-z]+|cargo install)\s", command)
            unlocked = re.search(r"\bcargo (?:bench|build|clippy|doc|fetch|run|test|zigbuild)\b", command) and "--locked" not in command
            without_hashes = re.search(r"\bpip\S* (?:download|install)\b", command) and not re.search("--require-hashes|--no-index", command)
            if refused or unlocked or without_hashes:
                yield f"{path.relative_to(ROOT)}: downloads what no hash is for: {line.strip()}"


def packages_without_hashes(locks=None):
    """What a lock file of npm has no hash for, or fetches from elsewhere than the public registry."""
    if locks is None:
        locks = {path: path.read_text(encoding="utf-8") for path in EVERYTHING if path.name == "package-lock.json"}
    for path, text in locks.items():
        for name, package in json.loads(text)["packages"].items():
            is_public = package.get("resolved", PUBLIC_NPM).startswith(PUBLIC_NPM)
            if name and not (package.get("integrity") and is_public):
                yield f"{path.relative_to(ROOT)}: has no hash for {name}, or another place to fetch it from"


def npm_versions_out_of_step(manifests=None):
    """The npm packages of this repository have the workspace's version, and what depends on them takes that one."""
    if manifests is None:
        manifests = {path: path.read_text(encoding="utf-8") for path in EVERYTHING if path.name == "package.json"}
    version = re.search(r'^version = "(.*)"$', text_of("Cargo.toml"), flags=re.M).group(1)
    for path, text in manifests.items():
        manifest = json.loads(text)
        found = {"version": manifest.get("version")} if manifest.get("name", "").startswith("@polyai/") else {}
        for section in ("dependencies", "optionalDependencies", "peerDependencies", "devDependencies"):
            found |= {name: wanted for name, wanted in manifest.get(section, {}).items() if name.startswith("@polyai/")}
        for what, value in found.items():
            if value != version:
                yield f"{path.relative_to(ROOT)}: {what} is {value}, and the version of Cargo.toml is {version}"


def wrong_imports():
    yield from house_imports.wrong_imports(ROOT)


def long_files():
    yield from house_imports.long_files(ROOT)
    yield from house_imports.long_sources(ROOT, EVERYTHING)
    yield from house_imports.large_chores(ROOT)


CHECKS = [
    broken_links,
    missing_paths,
    targets_out_of_step,
    rooms_not_named,
    dependencies_out_of_table,
    changelog_without_unreleased,
    unchecked_downloads,
    packages_without_hashes,
    npm_versions_out_of_step,
    wrong_imports,
    long_files,
]


def main():
    failed = 0
    for check in CHECKS:
        faults = list(check())
        failed += bool(faults)
        for fault in faults:
            print(fault)
    print(f"house: {len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
