#!/usr/bin/env python3
"""Checks what is shipped for Python.

    wheel.py WHEEL [--shipped | --portable]
    wheel.py SOURCES.tar.gz

WHEEL is what maturin builds of bindings/python for every CPython from 3.9 on. With --shipped it is as packaging/wheel leaves it, and
with --portable it must do with glibc 2.17 besides. SOURCES is what packaging/sdist leaves.
"""

import base64
import csv
import hashlib
import io
import json
import re
import sys
import tarfile
import tempfile
import zipfile
from email.parser import Parser
from pathlib import Path

import built_file
import elf

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "bindings/python"
VERSION = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), flags=re.M).group(1)
NAME = f"polyai_chat-{VERSION}"
INFORMATION = f"{NAME}.dist-info"
MODULE = "polyai_chat/_native.abi3.so"
COMPONENTS = f"{INFORMATION}/sboms/polyai-chat.cyclonedx.json"
NOTICES = "third-party.txt"
LICENCES = ["LICENSE-APACHE", "LICENSE-MIT"]

MOST_BYTES = 3_145_728
MOST_BYTES_OF_MODULE = 6_291_456

# The crates that the module is made of. No other room of the repository is needed to build it.
CRATES = {"core", "cli", "python", "simulator"}

# The same for the module as for the C library. Python never unloads a module, so it may be one that could be.
OF_EVERY_MODULE = [
    built_file.bind_now,
    built_file.relro,
    built_file.stack,
    built_file.segments,
    built_file.textrel,
    built_file.static_tls,
    built_file.search_path,
    built_file.needed,
    built_file.glibc,
    built_file.initializers,
]


class Wheel:
    def __init__(self, path, shipped=False, portable=False):
        self.path = Path(path)
        self.shipped, self.portable = shipped or portable, portable
        with zipfile.ZipFile(path) as archive:
            self.entries = {entry.filename: entry for entry in archive.infolist()}
            self.files = {name: archive.read(name) for name in self.entries}
        with tempfile.NamedTemporaryFile(suffix=".so") as module:
            module.write(self.files[MODULE])
            module.flush()
            self.module = elf.File(module.name)

    def text(self, name):
        return self.files.get(name, b"").decode()

    def metadata(self):
        return Parser().parsestr(self.text(f"{INFORMATION}/METADATA"))


def sources_of_package():
    """What users import, and what tells their type checkers of it."""
    files = [path for path in (PACKAGE / "polyai_chat").rglob("*") if path.suffix in (".py", ".pyi") or path.name == "py.typed"]
    return {str(path.relative_to(PACKAGE)): path.read_bytes() for path in files}


def differences(found, expected):
    for name in sorted(set(found) - set(expected)):
        yield f"{name} is there, and should not be"
    for name in sorted(set(expected) - set(found)):
        yield f"{name} is missing"


def name(wheel):
    platforms = r"manylinux2014_x86_64\.manylinux_2_17_x86_64" if wheel.portable else r"\w*linux\w*_x86_64"
    if not re.fullmatch(rf"{re.escape(NAME)}-cp39-abi3-{platforms}\.whl", wheel.path.name):
        yield f"it is called {wheel.path.name}"


def files(wheel):
    expected = {MODULE, *sources_of_package()}
    expected |= {f"{INFORMATION}/{file}" for file in ["METADATA", "RECORD", "WHEEL", "entry_points.txt"]}
    expected |= {f"{INFORMATION}/licenses/{file}" for file in LICENCES}
    if wheel.shipped:
        expected |= {f"{INFORMATION}/licenses/{NOTICES}", COMPONENTS}
    yield from differences(wheel.files, expected)


def contents(wheel):
    expected = sources_of_package()
    expected.update({f"{INFORMATION}/licenses/{file}": (ROOT / file).read_bytes() for file in LICENCES})
    for name, content in expected.items():
        if wheel.files.get(name, content) != content:
            yield f"{name} is not that of the repository"


def record(wheel):
    """What is installed is what was built, and goes away again."""
    listed = {row[0]: row[1:] for row in csv.reader(io.StringIO(wheel.text(f"{INFORMATION}/RECORD")))}
    yield from differences(listed, wheel.files)
    for name, content in wheel.files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        if name in listed and not name.endswith("/RECORD") and listed[name] != [f"sha256={digest}", str(len(content))]:
            yield f"{name} is not the file that was recorded"


def metadata(wheel):
    found = wheel.metadata()
    expected = {
        "Name": ["polyai-chat"],
        "Version": [VERSION],
        "Requires-Python": [">=3.9"],
        "License-Expression": ["Apache-2.0 OR MIT"],
        "License-File": LICENCES + [NOTICES] * wheel.shipped,
        "Description-Content-Type": ["text/markdown; charset=UTF-8; variant=GFM"],
    }
    for field, values in expected.items():
        if found.get_all(field, []) != values:
            yield f"{field} is {found.get_all(field)}, not {values}"
    for requirement in found.get_all("Requires-Dist", []):
        yield f"it requires {requirement}"
    if found.get_payload().strip() != (PACKAGE / "README.md").read_text(encoding="utf-8").strip():
        yield "its description is not README.md"
    if "Typing :: Typed" not in found.get_all("Classifier", []):
        yield "no classifier says that it is typed"


def entry_points(wheel):
    expected = {
        "[console_scripts]\npolyai-chat=polyai_chat.__main__:main",
        "[pytest11]\npolyai_chat=polyai_chat._pytest_plugin",
    }
    found = {section.strip() for section in re.split(r"\n(?=\[)", wheel.text(f"{INFORMATION}/entry_points.txt"))}
    yield from differences(found, expected)


def notices(wheel):
    """Notices and components name the same packages, and the library that is linked in with each is among them."""
    if not wheel.shipped:
        return
    listed = re.findall(r"^  (\S+) (\d\S*) \(", wheel.text(f"{INFORMATION}/licenses/{NOTICES}"), flags=re.M)
    components = json.loads(wheel.text(COMPONENTS) or "{}").get("components", [])
    yield from differences({(part["name"], part["version"]) for part in components}, set(listed))
    for package in ["clap", "pyo3", "ring", "rustls", "tokio", "ureq"]:
        if package not in {name for name, _ in listed}:
            yield f"the licence of {package} is missing"


def times(wheel):
    """The same input gives the same file."""
    for entry in wheel.entries.values():
        if entry.date_time != (1980, 1, 1, 0, 0, 0):
            yield f"{entry.filename} has a time of its own: {entry.date_time}"


def exports(wheel):
    yield from differences({symbol.name for symbol in wheel.module.symbols() if symbol.is_defined}, {"PyInit__native"})


def undefined(wheel):
    for symbol in wheel.module.symbols():
        if symbol.is_defined or symbol.library in built_file.LIBRARIES or re.match("_?Py", symbol.name):
            continue
        if not (symbol.is_weak and symbol.library is None and symbol.name in built_file.OPTIONAL):
            yield f"{symbol.name} comes from {symbol.library or 'nowhere'}"


def module(wheel):
    for check in OF_EVERY_MODULE:
        yield from check(wheel.module, None, wheel.portable)
    if wheel.shipped:
        yield from built_file.stripped(wheel.module)


def size(wheel):
    if wheel.shipped:
        for what, bytes_of, most in [
            ("the wheel", wheel.path.stat().st_size, MOST_BYTES),
            ("the module", len(wheel.module.bytes), MOST_BYTES_OF_MODULE),
        ]:
            if bytes_of > most:
                yield f"{what} has {bytes_of:,} bytes, more than {most:,}"


def traces(wheel):
    if wheel.shipped:
        for name, content in wheel.files.items():
            if NOTICES not in name:  # what others write in their licences
                yield from (f"{name}: {fault}" for fault in built_file.traces_in(content))


CHECKS = [name, files, contents, record, metadata, entry_points, notices, times, exports, undefined, module, size, traces]


def faults_of_wheel(wheel):
    return {check.__name__: found for check in CHECKS for found in [list(check(wheel))] if found}


def faults_of_sources(path):
    """Everything that it is built from, and no more."""
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        paths = {member.name.partition("/")[2] for member in members}
        texts = {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}
    expected = {"PKG-INFO", "Cargo.lock", "Cargo.toml", "README.md", "pyproject.toml", *LICENCES, *sources_of_package()}
    for crate in CRATES:
        sources = [ROOT / "crates" / crate / "Cargo.toml", *(ROOT / "crates" / crate / "src").rglob("*")]
        expected |= {str(file.relative_to(ROOT)) for file in sources if file.is_file()}
    found = {"name": [], "files": list(differences(paths, expected)), "versions": []}
    if Path(path).name != f"{NAME}.tar.gz":
        found["name"].append(f"it is called {Path(path).name}")
    if texts.get("Cargo.lock") != (ROOT / "Cargo.lock").read_bytes():
        found["versions"].append("Cargo.lock is not that of the repository")
    return {name: faults for name, faults in found.items() if faults}


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if len(arguments) != 1:
        sys.exit(__doc__)
    path = arguments[0]
    print(path)
    if path.endswith(".tar.gz"):
        found = faults_of_sources(path)
    else:
        wheel = Wheel(path, "--shipped" in sys.argv, "--portable" in sys.argv)
        print(f"  {wheel.path.stat().st_size:,} bytes, of which the module has {len(wheel.module.bytes):,} when installed")
        found = faults_of_wheel(wheel)
    for check, faults in found.items():
        for fault in faults:
            print(f"  WRONG ({check}): {fault}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
