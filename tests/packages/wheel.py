#!/usr/bin/env python3
"""Checks what is shipped for Python.

    wheel.py WHEEL... [--portable]
    wheel.py SOURCES.tar.gz...

WHEEL is what packaging/wheel makes of one of the distributions in bindings/python. With --portable it must do with glibc 2.17. SOURCES is what packaging/sdist leaves.
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
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import built_file
import elf
import sbom

ROOT = Path(__file__).resolve().parent.parent.parent
VERSION = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), flags=re.M).group(1)
NOTICES = "third-party.txt"
LICENCES = ["LICENSE-APACHE", "LICENSE-MIT"]

# What must not be in the process of a program that only talks to the service.
OF_TESTS_AND_PROGRAM = {"clap", "rustyline", "tokio", "polyai-chat-simulator", "polyai-chat-cli"}


class Distribution(NamedTuple):
    """One of those that are built of a folder of bindings/python."""

    name: str
    folder: str
    kind: str  # module, program or pure
    crates: frozenset = frozenset()  # what cargo wants for it; no other room of the repository is needed
    linked: frozenset = frozenset()  # some of what is linked in, whose licences are there
    not_linked: frozenset = frozenset()
    entry_points: frozenset = frozenset()
    requires: frozenset = frozenset()
    most_bytes: int = 0
    most_bytes_of_binary: int = 0

    @property
    def import_name(self):
        return self.name.replace("-", "_")

    @property
    def directory(self):
        return ROOT / "bindings/python" / self.folder

    @property
    def stem(self):
        return f"{self.import_name}-{VERSION}"

    @property
    def information(self):
        return f"{self.stem}.dist-info"

    @property
    def binary(self):
        """What is compiled, as it is called in the wheel."""
        return {
            "module": f"{self.import_name}/_native.abi3.so",
            "program": f"{self.stem}.data/scripts/polyai-chat",
            "pure": None,
        }[self.kind]

    @property
    def components(self):
        return f"{self.information}/sboms/{self.name}.cdx.json"

    @property
    def tags(self):
        return {"module": "cp39-abi3-", "program": "py3-none-", "pure": "py3-none-any"}[self.kind]

    def sources(self):
        """What users import, and what tells their type checkers of it."""
        files = [path for path in (self.directory / self.import_name).rglob("*") if path.suffix in (".py", ".pyi", ".sql") or path.name == "py.typed"]
        return {str(path.relative_to(self.directory)): path.read_bytes() for path in files}


def extra(name):
    return f"polyai-chat-{name}=={VERSION} ; extra == '{name}'"


OF_POSTGRES = f"polyai-chat-channels[postgres]=={VERSION} ; extra == 'postgres'"

DISTRIBUTIONS = [
    Distribution(
        "polyai-chat",
        "chat",
        "module",
        crates=frozenset({"core", "python", "simulator"}),  # the last only because tests of core name it
        linked=frozenset({"pyo3", "ring", "rustls"}),
        not_linked=frozenset(OF_TESTS_AND_PROGRAM),
        requires=frozenset({*map(extra, ("testing", "channels", "cli")), OF_POSTGRES}),
        most_bytes=2_000_000,
        most_bytes_of_binary=3_200_000,
    ),
    Distribution(
        "polyai-chat-testing",
        "testing",
        "module",
        crates=frozenset({"simulator", "python-testing"}),
        linked=frozenset({"pyo3", "ring", "rustls", "tokio"}),
        not_linked=frozenset({"clap", "rustyline", "ureq", "polyai-chat-core", "polyai-chat-cli"}),
        entry_points=frozenset({"[pytest11]\npolyai_chat=polyai_chat_testing._pytest_plugin"}),
        most_bytes=3_145_728,
        most_bytes_of_binary=6_291_456,
    ),
    Distribution(
        "polyai-chat-cli",
        "cli",
        "program",
        crates=frozenset({"core", "cli", "simulator"}),
        linked=frozenset({"clap", "ring", "rustls", "tokio"}),
        not_linked=frozenset({"pyo3"}),
        most_bytes=4_194_304,
        most_bytes_of_binary=8_388_608,
    ),
    Distribution(
        "polyai-chat-channels",
        "channels",
        "pure",
        entry_points=frozenset({"[console_scripts]\npolyai-chat-store=polyai_chat_channels._command:main"}),
        requires=frozenset({f"polyai-chat~={VERSION}", 'psycopg[binary, pool]>=3.2,<4 ; extra == "postgres"'}),
        most_bytes=393_216,
    ),
]

# The same for what is compiled as for the C library. Python never unloads a module, so it may be one that could be.
OF_EVERY_BINARY = [
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


def distribution_of(path):
    """The one whose file that is."""
    of_name = {distribution.import_name: distribution for distribution in DISTRIBUTIONS}
    return of_name[Path(path).name.partition("-")[0]]


class Wheel:
    def __init__(self, path, portable=False):
        self.path = Path(path)
        self.distribution = distribution_of(path)
        self.has_binary = self.distribution.binary is not None
        self.portable = portable and self.has_binary
        with zipfile.ZipFile(path) as archive:
            self.entries = {entry.filename: entry for entry in archive.infolist()}
            self.files = {name: archive.read(name) for name in self.entries}

    @cached_property
    def binary(self):
        with tempfile.NamedTemporaryFile(suffix=".so") as binary:
            binary.write(self.files[self.distribution.binary])
            binary.flush()
            return elf.File(binary.name)

    def text(self, name):
        return self.files.get(name, b"").decode()

    def information(self, name):
        return self.text(f"{self.distribution.information}/{name}")


def differences(found, expected):
    for name in sorted(set(found) - set(expected)):
        yield f"{name} is there, and should not be"
    for name in sorted(set(expected) - set(found)):
        yield f"{name} is missing"


def name(wheel):
    platforms = r"manylinux2014_x86_64\.manylinux_2_17_x86_64" if wheel.portable else r"\w*linux\w*_x86_64"
    tags = wheel.distribution.tags + (platforms if wheel.has_binary else "")
    if not re.fullmatch(rf"{re.escape(wheel.distribution.stem)}-{tags}\.whl", wheel.path.name):
        yield f"it is called {wheel.path.name}"


def files(wheel):
    of = wheel.distribution
    expected = {*of.sources(), *([of.binary] if of.binary else [])}
    expected |= {f"{of.information}/{file}" for file in ["METADATA", "RECORD", "WHEEL", *["entry_points.txt"] * bool(of.entry_points)]}
    expected |= {f"{of.information}/licenses/{file}" for file in LICENCES}
    expected |= {of.components}
    if wheel.has_binary:
        expected |= {f"{of.information}/licenses/{NOTICES}"}
    yield from differences(wheel.files, expected)


def contents(wheel):
    expected = wheel.distribution.sources()
    expected.update({f"{wheel.distribution.information}/licenses/{file}": (ROOT / file).read_bytes() for file in LICENCES})
    for name, content in expected.items():
        if wheel.files.get(name, content) != content:
            yield f"{name} is not that of the repository"


def record(wheel):
    """What is installed is what was built, and goes away again."""
    listed = {row[0]: row[1:] for row in csv.reader(io.StringIO(wheel.information("RECORD")))}
    yield from differences(listed, wheel.files)
    for name, content in wheel.files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        if name in listed and not name.endswith("/RECORD") and listed[name] != [f"sha256={digest}", str(len(content))]:
            yield f"{name} is not the file that was recorded"


def metadata(wheel):
    found = Parser().parsestr(wheel.information("METADATA"))
    expected = {
        "Name": [wheel.distribution.name],
        "Version": [VERSION],
        "Requires-Python": [">=3.9"],
        "License-Expression": ["Apache-2.0 OR MIT"],
        "License-File": LICENCES + [NOTICES] * wheel.has_binary,
    }
    for field, values in expected.items():
        if found.get_all(field, []) != values:
            yield f"{field} is {found.get_all(field)}, not {values}"
    yield from differences(found.get_all("Requires-Dist", []), wheel.distribution.requires)
    if not found.get("Description-Content-Type", "").startswith("text/markdown"):
        yield f"its description is said to be {found.get('Description-Content-Type')}"
    if found.get_payload().strip() != (wheel.distribution.directory / "README.md").read_text(encoding="utf-8").strip():
        yield "its description is not README.md"
    if wheel.distribution.kind != "program" and "Typing :: Typed" not in found.get_all("Classifier", []):
        yield "no classifier says that it is typed"


def entry_points(wheel):
    found = {section.strip() for section in re.split(r"\n(?=\[)", wheel.information("entry_points.txt"))} - {""}
    yield from differences(found, wheel.distribution.entry_points)


def notices(wheel):
    """Notices and bill of materials name the same packages: what is linked in with each, and nothing that should not be."""
    if not wheel.has_binary:
        bill = wheel.text(wheel.distribution.components) or "{}"
        yield from sbom.faults_of_whole(bill, f"pkg:pypi/{wheel.distribution.name}@{VERSION}")
        yield from differences({part["purl"] for part in json.loads(bill).get("components", [])}, {f"pkg:pypi/polyai-chat@{VERSION}"})
        return
    licences = wheel.information(f"licenses/{NOTICES}")
    yield from sbom.faults_of_bill(wheel.text(wheel.distribution.components) or "{}", licences, wheel.binary.bytes)
    names = {name for name, _ in sbom.listed(licences)}
    for package in sorted(wheel.distribution.linked - names):
        yield f"the licence of {package} is missing"
    for package in sorted(wheel.distribution.not_linked & names):
        yield f"{package} is linked in"


def linked(wheel):
    """Nothing of what should not be linked in has left a symbol or the path of its sources."""
    if wheel.has_binary:
        for package in sorted(wheel.distribution.not_linked):
            crate = re.escape(package.replace("-", "_").encode())
            path = re.escape(package.removeprefix("polyai-chat-").encode())
            if re.search(rb"\b%s::|[/ ]%s-\d[\w.]*/|crates/%s/src" % (crate, re.escape(package.encode()), path), wheel.binary.bytes):
                yield f"{package} is linked in"


def times(wheel):
    """The same input gives the same file."""
    for entry in wheel.entries.values():
        if entry.date_time != (1980, 1, 1, 0, 0, 0):
            yield f"{entry.filename} has a time of its own: {entry.date_time}"


def exports(wheel):
    if wheel.distribution.kind == "module":
        exported = {symbol.name for symbol in wheel.binary.symbols() if symbol.is_defined}
        yield from differences(exported, {"PyInit__native"})


def undefined(wheel):
    for symbol in wheel.binary.symbols() if wheel.has_binary else []:
        if symbol.is_defined or symbol.library in built_file.LIBRARIES:
            continue
        if wheel.distribution.kind == "module" and re.match("_?Py", symbol.name):
            continue
        if not (symbol.is_weak and symbol.library is None and symbol.name in built_file.OPTIONAL):
            yield f"{symbol.name} comes from {symbol.library or 'nowhere'}"


def unwinder(wheel):
    """CPython below 3.14 ends threads that outlive it by the unwinder of libgcc_s. With another one in the module, the process would crash."""
    if wheel.distribution.kind == "module" and "libgcc_s.so.1" not in wheel.binary.texts(elf.NEEDED):
        yield "it has an unwinder of its own, and does not need libgcc_s.so.1"


def binary(wheel):
    if not wheel.has_binary:
        return
    for check in OF_EVERY_BINARY:
        yield from check(wheel.binary, None, wheel.portable)
    if wheel.distribution.kind == "program" and not wheel.binary.number(elf.FLAGS_1) & elf.F1_PIE:
        yield "it is always loaded at the same place (PIE)"
    yield from built_file.stripped(wheel.binary)
    yield from built_file.stack_protector(wheel.binary)


def size(wheel):
    sizes = [("the wheel", wheel.path.stat().st_size, wheel.distribution.most_bytes)]
    if wheel.has_binary:
        sizes.append(("what is compiled", len(wheel.binary.bytes), wheel.distribution.most_bytes_of_binary))
    for what, bytes_of, most in sizes:
        if bytes_of > most:
            yield f"{what} has {bytes_of:,} bytes, more than {most:,}"


def traces(wheel):
    for name, content in wheel.files.items():
        if NOTICES not in name:  # what others write in their licences
            yield from (f"{name}: {fault}" for fault in built_file.traces_in(content))


CHECKS = [name, files, contents, record, metadata, entry_points, notices, linked, times, exports, undefined, unwinder, binary, size, traces]


def faults_of_wheel(wheel):
    return {check.__name__: found for check in CHECKS for found in [list(check(wheel))] if found}


def faults_of_sources(path):
    """Everything that it is built from, and no more."""
    of = distribution_of(path)
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if not member.isdir()]
        links = [member.name for member in members if not member.isfile()]
        texts = {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members if member.isfile()}
    expected = {"PKG-INFO", "README.md", "pyproject.toml", *LICENCES, *of.sources()}
    if of.crates:
        expected |= {"Cargo.lock", "Cargo.toml"}
    for crate in of.crates:
        sources = [ROOT / "crates" / crate / "Cargo.toml", *(ROOT / "crates" / crate / "src").rglob("*")]
        expected |= {str(file.relative_to(ROOT)) for file in sources if file.is_file()}
    found = {"name": [], "files": [*differences(texts, expected), *(f"{link} is no file" for link in links)], "versions": []}
    if Path(path).name != f"{of.stem}.tar.gz":
        found["name"].append(f"it is called {Path(path).name}")
    if of.crates and texts.get("Cargo.lock") != (ROOT / "Cargo.lock").read_bytes():
        found["versions"].append("Cargo.lock is not that of the repository")
    return {name: faults for name, faults in found.items() if faults}


def main():
    paths = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if not paths:
        sys.exit(__doc__)
    is_wrong = False
    for path in paths:
        print(path)
        if path.endswith(".tar.gz"):
            found = faults_of_sources(path)
        else:
            wheel = Wheel(path, "--portable" in sys.argv)
            of_binary = f", of which {len(wheel.binary.bytes):,} are compiled when installed" if wheel.has_binary else ""
            print(f"  {wheel.path.stat().st_size:,} bytes{of_binary}")
            found = faults_of_wheel(wheel)
        for check, faults in found.items():
            for fault in faults:
                print(f"  WRONG ({check}): {fault}")
        is_wrong |= bool(found)
    return 1 if is_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
