#!/usr/bin/env python3
"""What the test of the NuGet packages looks at and makes.

packages.py stand-ins SDK FEED    makes the packages that a build takes from the registry, of the SDK's own files
packages.py check FOLDER VERSION  says what is wrong with the packages of this version in FOLDER
packages.py warnings SOURCE       says where the compiler's output on standard input is not what SOURCE expects
"""

import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[4]
LICENSES = {"LICENSE-APACHE", "LICENSE-MIT"}

# What an assembly is compiled against is in the SDK as well: the reference assembly of netstandard2.0, which its tools
# use, and a part of the shared framework.
STAND_INS = (
    ("NETStandard.Library", "2.0.3", "sdk/*/ref/netstandard.dll", "ref"),
    (
        "Microsoft.Extensions.Logging.Abstractions",
        "3.1.2",
        "shared/Microsoft.AspNetCore.App/3.1.2/Microsoft.Extensions.Logging.Abstractions.dll",
        "lib",
    ),
)


def stand_ins(sdk: str, feed: str) -> list[str]:
    """Makes packages of the registry's names and versions."""
    for name, version, pattern, kind in STAND_INS:
        (file,) = Path(sdk).glob(pattern)
        with zipfile.ZipFile(Path(feed) / f"{name}.{version}.nupkg", "w") as package:
            package.writestr(
                f"{name}.nuspec",
                '<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>'
                f"<id>{name}</id><version>{version}</version><authors>tests</authors>"
                "<description>A file of the SDK</description></metadata></package>",
            )
            package.write(file, f"{kind}/netstandard2.0/{file.name}")
            package.writestr("lib/netstandard2.0/_._", "")
    return []


def assemblies(name: str, *frameworks: str) -> set[str]:
    """What a package of managed code holds: what each framework takes, and a bill of materials."""
    return {f"lib/{each}/{name}.{end}" for each in frameworks for end in ("dll", "xml")} | {f"{name}.cdx.json"}


def check(folder: str, version: str) -> list[str]:
    """Contents and metadata of each package; nothing of the machine that built it."""
    logging = "PolyAI.Chat.Extensions.Logging"
    expected = {
        "PolyAI.Chat": (assemblies("PolyAI.Chat", "netstandard2.0", "netstandard2.1"), []),
        logging: (
            assemblies(logging, "netstandard2.0"),
            [("PolyAI.Chat", version), ("Microsoft.Extensions.Logging.Abstractions", "3.1.2")],
        ),
        "PolyAI.Chat.Native.linux-x64": (
            {"runtimes/linux-x64/native/libpolyai_chat.so.1", "third-party.txt", "libpolyai_chat.cdx.json"},
            [],
        ),
    }
    wrong = []
    for name, (files, dependencies) in expected.items():
        with zipfile.ZipFile(Path(folder) / f"{name}.{version}.nupkg") as package:
            # Those that begin so are of the container.
            entries = {each for each in package.namelist() if not each.startswith(("_rels/", "package/", "["))}
            if entries != files | LICENSES | {"README.md", f"{name}.nuspec"}:
                wrong.append(f"{name} holds {sorted(entries)}")
            metadata = ElementTree.fromstring(package.read(f"{name}.nuspec"))[0]
            text = {each.tag.split("}")[1]: each.text for each in metadata}
            said = (text["id"], text["version"], text["license"])
            if said != (name, version, "Apache-2.0 OR MIT") or not text["description"] or not text["authors"]:
                wrong.append(f"{name} says {text}")
            needed = (each for each in metadata.iter() if each.tag.endswith("}dependency"))
            found = [(each.get("id"), each.get("version")) for each in needed]
            if found != dependencies:
                wrong.append(f"{name} depends on {found}")
            for file in entries:
                paths = (str(ROOT).encode(form) for form in ("utf-8", "utf-16-le"))
                if file.endswith((".dll", ".xml")) and any(path in package.read(file) for path in paths):
                    wrong.append(f"{name}: {file} holds the path of the repository")
    return wrong


def warnings(source: str) -> list[str]:
    """The lines that say `// warns CODE` are those of which the compiler warns."""
    lines = Path(source).read_text(encoding="utf-8").splitlines()
    marks = ((number, re.search(r"// warns (CS\d+)$", line)) for number, line in enumerate(lines, 1))
    expected = {(number, mark.group(1)) for number, mark in marks if mark}
    pattern = re.escape(Path(source).name) + r"\((\d+),\d+\): (?:warning|error) (CS\d+): "
    found = {(int(number), code) for number, code in re.findall(pattern, sys.stdin.read())}
    wrong = [f"line {number}: no {code}: {lines[number - 1].strip()}" for number, code in sorted(expected - found)]
    wrong += [f"line {number}: {code}: {lines[number - 1].strip()}" for number, code in sorted(found - expected)]
    return wrong


def main() -> None:
    """Does what is asked, and says what is wrong."""
    commands: dict[str, Callable[..., list[str]]] = {"stand-ins": stand_ins, "check": check, "warnings": warnings}
    wrong = commands[sys.argv[1]](*sys.argv[2:])
    for each in wrong:
        print(f"FAILED: {each}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
