"""Each check of wheel.py accepts a wheel as it should be, and fails on one that is wrong in one respect."""

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
import unittest
import zipfile
from pathlib import Path

import wheel
from wheel import DISTRIBUTIONS, LICENCES, NOTICES, ROOT, VERSION

CLIENT, TESTING, PROGRAM, CHANNELS = DISTRIBUTIONS
MODULE, COMPONENTS, INFORMATION, NAME = CLIENT.binary, CLIENT.components, CLIENT.information, CLIENT.stem
PORTABLE = "manylinux2014_x86_64.manylinux_2_17_x86_64"

COMPILER = os.environ.get("CC", "cc").split()
FLAGS = ["-w", "-O1", "-fPIC", "-fstack-protector-all", "-nostartfiles", "-Wl,--entry=0", "-s", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,noexecstack"]
SOURCE = """
#include <stdlib.h>
__attribute__((visibility("hidden"), used)) void *(*const uses_libc)(size_t) = malloc;
__attribute__((visibility("hidden"), used)) void guarded(void) {}
"""
OF_MODULE = "extern int PyModule_Create2; void *PyInit__native(void) { return &PyModule_Create2; }\n"
MEMBER = zipfile.ZipInfo  # its time is the first that there is


def module(more="", *flags):
    return compiled("-shared", OF_MODULE + more, "-Wl,--no-as-needed", "-lgcc_s", *flags)


def program(more="", *flags):
    return compiled("-pie", more, *flags)


def compiled(kind, more="", *flags):
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "source.c")
        source.write_text(SOURCE + more, encoding="utf-8")
        built = Path(directory, "built.so")
        subprocess.run([*COMPILER, kind, *FLAGS, *flags, source, "-o", built], check=True)
        return built.read_bytes()


def metadata(of=CLIENT, **changed):
    fields = {
        "Metadata-Version": "2.4",
        "Name": of.name,
        "Version": VERSION,
        "Classifier": "Typing :: Typed",
        "Requires-Python": ">=3.9",
        "License-Expression": "Apache-2.0 OR MIT",
        "Description-Content-Type": "text/markdown; charset=UTF-8; variant=GFM",
    }
    fields.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines += [f"License-File: {name}" for name in [*LICENCES, *[NOTICES] * (of.binary is not None)]]
    lines += [f"Requires-Dist: {requirement}" for requirement in of.requires]
    return "\n".join(lines) + "\n\n" + (of.directory / "README.md").read_text(encoding="utf-8")


def components(of, packages, **changed):
    parts = [
        {
            "type": "library",
            "bom-ref": f"pkg:cargo/{name}@1.0.0",
            "name": name,
            "version": "1.0.0",
            "purl": f"pkg:cargo/{name}@1.0.0",
            "licenses": [{"expression": "MIT"}],
            "hashes": [{"alg": "SHA-256", "content": "0" * 64}],
            **changed,
        }
        for name in sorted(packages)
    ]
    whole = {"type": "library", "bom-ref": "whole", "name": of.name, "version": VERSION, "purl": f"pkg:pypi/{of.name}@{VERSION}"}
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**whole, "licenses": [{"expression": "MIT"}]}},
        "components": parts,
        "dependencies": [{"ref": "whole", "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    return json.dumps(bill).encode()


def bill_alone(of, *purls):
    """That of a wheel with nothing compiled in it."""
    bill = json.loads(components(of, []))
    bill["components"] = [{"type": "library", "bom-ref": purl, "name": "needed", "version": VERSION, "purl": purl} for purl in purls]
    return json.dumps(bill).encode()


def notices(packages):
    return "".join(f"  {name} 1.0.0 (MIT)\n" for name in packages).encode()


class Wheels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.binaries = {"module": module(), "program": program()}

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = Path(scratch.name)

    def files(self, of=CLIENT):
        """Those of a wheel as it should be, but for the record."""
        found = dict(of.sources())
        found.update({f"{of.information}/licenses/{name}": (ROOT / name).read_bytes() for name in LICENCES})
        found[f"{of.information}/METADATA"] = metadata(of).encode()
        found[f"{of.information}/WHEEL"] = b"Wheel-Version: 1.0\n"
        if of.binary:
            found[of.binary] = self.binaries[of.kind]
            found[of.components] = components(of, of.linked)
            found[f"{of.information}/licenses/{NOTICES}"] = notices(of.linked)
        else:
            found[of.components] = bill_alone(of, f"pkg:pypi/polyai-chat@{VERSION}")
        if of.entry_points:
            found[f"{of.information}/entry_points.txt"] = "\n".join(of.entry_points).encode()
        return found

    def build(self, changed=(), without=(), name=None, record=lambda text: text, member=MEMBER, of=CLIENT):
        found = {name: content for name, content in {**self.files(of), **dict(changed)}.items() if name not in without}
        lines = []
        for file, content in found.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{file},sha256={digest},{len(content)}\n")
        found[f"{of.information}/RECORD"] = record("".join(lines) + f"{of.information}/RECORD,,\n").encode()
        path = self.directory / (name or f"{of.stem}-{of.tags}{PORTABLE if of.binary else ''}.whl")
        with zipfile.ZipFile(path, "w") as archive:
            for file, content in found.items():
                archive.writestr(member(file), content)
        return path

    def faults(self, *arguments, portable=True, **keywords):
        return wheel.faults_of_wheel(wheel.Wheel(self.build(*arguments, **keywords), portable))

    def wrong(self, check, *arguments, **keywords):
        """Fails in this check, and in no other."""
        faults = self.faults(*arguments, **keywords)
        self.assertEqual(list(faults), [check], faults)

    def test_a_wheel_as_it_should_be(self):
        for of in DISTRIBUTIONS:
            with self.subTest(of.name):
                self.assertEqual(self.faults(of=of), {})
        self.assertEqual(self.faults(name=f"{NAME}-cp39-abi3-linux_x86_64.whl", portable=False), {})

    def test_name(self):
        for ending in ["cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64", "cp39-abi3-manylinux_2_34_x86_64"]:
            self.wrong("name", name=f"{NAME}-{ending}.whl")

    def test_files(self):
        self.wrong("files", without=["polyai_chat/py.typed"])
        self.wrong("files", without=["polyai_chat/_native.pyi"])
        self.wrong("files", {"tests/test_client.py": b""})
        self.wrong("files", {"polyai_chat_cli/__init__.py": b""}, of=PROGRAM)
        self.wrong("files", without=[f"{INFORMATION}/licenses/LICENSE-MIT"])

    def test_contents(self):
        self.wrong("contents", {"polyai_chat/__init__.py": b"old"})

    def test_record(self):
        self.wrong("record", record=lambda text: text.replace("sha256=", "sha256=A", 1))
        self.wrong("record", record=lambda text: text.partition("\n")[2])

    def test_metadata(self):
        for changed in [
            {"Version": "9.9.9"},
            {"Requires_Python": ">=3.10"},
            {"Requires_Dist": "requests"},
            {"Name": "polyai_chat"},
            {"Classifier": "Programming Language :: Rust"},
            {"Description_Content_Type": "text/plain"},
        ]:
            with self.subTest(changed):
                self.wrong("metadata", {f"{INFORMATION}/METADATA": metadata(**changed).encode()})
        self.wrong("metadata", {f"{INFORMATION}/METADATA": metadata().encode() + b"more"})

    def test_entry_points(self):
        named = f"{TESTING.information}/entry_points.txt"
        self.wrong("entry_points", {named: b"[pytest11]\npolyai_chat=polyai_chat_testing"}, of=TESTING)

    def test_notices(self):
        linked = sorted(CLIENT.linked)
        self.wrong("notices", {COMPONENTS: components(CLIENT, linked[1:])})
        for packages in [linked[1:], [*linked, "tokio"]]:
            named = {COMPONENTS: components(CLIENT, packages), f"{INFORMATION}/licenses/{NOTICES}": notices(packages)}
            self.wrong("notices", named)
        for bill in [bill_alone(CHANNELS), bill_alone(CLIENT, f"pkg:pypi/polyai-chat@{VERSION}"), b"{}"]:
            self.wrong("notices", {CHANNELS.components: bill}, of=CHANNELS)

    def test_linked(self):
        for trace in ["/sources/tokio-1.54.1/src/runtime/mod.rs", "crates/simulator/src/server.rs", "clap::Parser"]:
            more = f'__attribute__((visibility("hidden"), used)) const char trace[] = "{trace}";'
            self.wrong("linked", {MODULE: module(more)})

    def test_times(self):
        self.wrong("times", member=lambda name: zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)))

    def test_exports(self):
        self.wrong("exports", {MODULE: module("void rust_eh_personality(void) {}")})

    def test_undefined(self):
        more = "extern int foreign; void *PyUses_foreign(void) __attribute__((visibility(\"hidden\"), used));"
        more += "void *PyUses_foreign(void) { return &foreign; }"
        self.wrong("undefined", {MODULE: module(more)})
        more = "extern int PyFoo __attribute__((weak)); void *uses_python(void) { return &PyFoo; }"  # a program has no interpreter
        self.wrong("undefined", {PROGRAM.binary: program(more, "-Wl,-z,dynamic-undefined-weak")}, of=PROGRAM)

    def test_unwinder(self):
        self.wrong("unwinder", {MODULE: compiled("-shared", OF_MODULE)})

    def test_binary(self):
        for flag in ["-Wl,-z,lazy", "-Wl,-z,norelro", "-Wl,-z,execstack", "-Wl,-rpath,/usr/lib/elsewhere"]:
            with self.subTest(flag):
                self.wrong("binary", {MODULE: module("", flag)})
        self.wrong("binary", {MODULE: module("", "-fno-stack-protector")})
        self.wrong("binary", {PROGRAM.binary: compiled("-no-pie")}, of=PROGRAM)
        newer = "#include <sys/random.h>\n__attribute__((visibility(\"hidden\"), used)) "
        newer += "long uses_newer(void *text) { return getrandom(text, 1, 0); }"  # which came with glibc 2.25
        self.wrong("binary", {MODULE: module(newer)})

    def test_size(self):
        more = f'__attribute__((visibility("hidden"), used)) const char filling[{CLIENT.most_bytes_of_binary}] = {{1}};'
        faults = self.faults({MODULE: module(more)})
        self.assertEqual((list(faults), len(faults["size"])), (["size"], 2), faults)  # nothing is compressed here

    def test_traces(self):
        self.wrong("traces", {f"{INFORMATION}/WHEEL": b"Generator: /home/me/maturin\n"})

    def test_every_check_is_seen_to_fail(self):
        tested = {name[len("test_"):] for name in dir(self) if name.startswith("test_")}
        self.assertEqual({check.__name__ for check in wheel.CHECKS} - tested, set())


class Sources(unittest.TestCase):
    def faults(self, changed=(), without=(), name=None, of=CLIENT):
        found = {"PKG-INFO": b"", "README.md": b"", "pyproject.toml": b"", **of.sources()}
        found.update({name: (ROOT / name).read_bytes() for name in LICENCES})
        if of.crates:
            found.update({name: (ROOT / name).read_bytes() for name in ["Cargo.lock", "Cargo.toml"]})
        for crate in of.crates:
            for file in [ROOT / "crates" / crate / "Cargo.toml", *(ROOT / "crates" / crate / "src").rglob("*")]:
                if file.is_file():
                    found[str(file.relative_to(ROOT))] = b""
        found.update(changed)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, name or f"{of.stem}.tar.gz")
            with tarfile.open(path, "w:gz") as archive:
                for file, content in found.items():
                    if file not in without:
                        member = tarfile.TarInfo(f"{of.stem}/{file}")
                        member.size = len(content)
                        archive.addfile(member, io.BytesIO(content))
            return list(wheel.faults_of_sources(path))

    def test_sources(self):
        for of in DISTRIBUTIONS:
            self.assertEqual(self.faults(of=of), [])
        self.assertEqual(self.faults(name="polyai_chat-9.9.tar.gz"), ["name"])
        self.assertEqual(self.faults(without=["crates/core/src/lib.rs"]), ["files"])
        self.assertEqual(self.faults(without=["LICENSE-MIT"]), ["files"])
        self.assertEqual(self.faults({"crates/core/tests/fork.rs": b""}), ["files"])
        self.assertEqual(self.faults({"crates/cli/src/lib.rs": b""}), ["files"])
        self.assertEqual(self.faults({"Cargo.lock": b"version = 4"}), ["versions"])


if __name__ == "__main__":
    unittest.main()
