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
from wheel import COMPONENTS, INFORMATION, LICENCES, MODULE, NAME, NOTICES, PACKAGE, ROOT, VERSION

COMPILER = os.environ.get("CC", "cc").split()
LINKER = ["-shared", "-nostartfiles", "-s", "-Wl,-z,now", "-Wl,-z,relro", "-Wl,-z,noexecstack"]
SOURCE = """
#include <stdlib.h>
__attribute__((visibility("hidden"), used)) void *(*const uses_libc)(size_t) = malloc;
extern int PyModule_Create2;
void *PyInit__native(void) { return &PyModule_Create2; }
"""
LINKED = ["clap", "pyo3", "ring", "rustls", "tokio", "ureq"]
MEMBER = zipfile.ZipInfo  # its time is the first that there is


def module(more="", *flags):
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "source.c")
        source.write_text(SOURCE + more, encoding="utf-8")
        built = Path(directory, "built.so")
        subprocess.run([*COMPILER, "-w", "-O1", "-fPIC", *LINKER, *flags, source, "-o", built], check=True)
        return built.read_bytes()


def metadata(**changed):
    fields = {
        "Metadata-Version": "2.4",
        "Name": "polyai-chat",
        "Version": VERSION,
        "Classifier": "Typing :: Typed",
        "Requires-Python": ">=3.9",
        "License-Expression": "Apache-2.0 OR MIT",
        "Description-Content-Type": "text/markdown; charset=UTF-8; variant=GFM",
    }
    fields.update({name.replace("_", "-"): value for name, value in changed.items()})
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines += [f"License-File: {name}" for name in [*LICENCES, NOTICES]]
    return "\n".join(lines) + "\n\n" + (PACKAGE / "README.md").read_text(encoding="utf-8")


def components(packages):
    return json.dumps({"components": [{"name": name, "version": "1.0.0"} for name in packages]}).encode()


class Wheels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = module()

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = Path(scratch.name)

    def files(self):
        """Those of a wheel as it should be, but for the record."""
        found = {MODULE: self.module, **wheel.sources_of_package(), COMPONENTS: components(LINKED)}
        found.update({f"{INFORMATION}/licenses/{name}": (ROOT / name).read_bytes() for name in LICENCES})
        found[f"{INFORMATION}/licenses/{NOTICES}"] = "".join(f"  {name} 1.0.0 (MIT)\n" for name in LINKED).encode()
        found[f"{INFORMATION}/METADATA"] = metadata().encode()
        found[f"{INFORMATION}/WHEEL"] = b"Wheel-Version: 1.0\n"
        found[f"{INFORMATION}/entry_points.txt"] = (
            b"[console_scripts]\npolyai-chat=polyai_chat.__main__:main\n[pytest11]\npolyai_chat=polyai_chat._pytest_plugin\n"
        )
        return found

    def build(self, changed=(), without=(), name=None, record=lambda text: text, member=MEMBER):
        found = {name: content for name, content in {**self.files(), **dict(changed)}.items() if name not in without}
        lines = []
        for file, content in found.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{file},sha256={digest},{len(content)}\n")
        found[f"{INFORMATION}/RECORD"] = record("".join(lines) + f"{INFORMATION}/RECORD,,\n").encode()
        path = self.directory / (name or f"{NAME}-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl")
        with zipfile.ZipFile(path, "w") as archive:
            for file, content in found.items():
                archive.writestr(member(file), content)
        return path

    def faults(self, *arguments, shipped=True, portable=True, **keywords):
        return wheel.faults_of_wheel(wheel.Wheel(self.build(*arguments, **keywords), shipped, portable))

    def wrong(self, check, *arguments, **keywords):
        """Fails in this check, and in no other."""
        faults = self.faults(*arguments, **keywords)
        self.assertEqual(list(faults), [check], faults)

    def test_a_wheel_as_it_should_be(self):
        self.assertEqual(self.faults(), {})
        quick = f"{NAME}-cp39-abi3-linux_x86_64.whl"
        without = [COMPONENTS, f"{INFORMATION}/licenses/{NOTICES}"]
        plain = {f"{INFORMATION}/METADATA": metadata().replace(f"License-File: {NOTICES}\n", "").encode()}
        self.assertEqual(self.faults(plain, without, quick, shipped=False, portable=False), {})

    def test_name(self):
        for ending in ["cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64", "cp39-abi3-manylinux_2_34_x86_64"]:
            self.wrong("name", name=f"{NAME}-{ending}.whl")

    def test_files(self):
        self.wrong("files", without=["polyai_chat/py.typed"])
        self.wrong("files", without=["polyai_chat/_native.pyi"])
        self.wrong("files", {"tests/test_client.py": b""})
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
            {"Classifier": "Programming Language :: Rust"},
            {"Description_Content_Type": "text/plain"},
        ]:
            with self.subTest(changed):
                self.wrong("metadata", {f"{INFORMATION}/METADATA": metadata(**changed).encode()})
        self.wrong("metadata", {f"{INFORMATION}/METADATA": metadata().encode() + b"more"})

    def test_entry_points(self):
        self.wrong("entry_points", {f"{INFORMATION}/entry_points.txt": b"[pytest11]\npolyai_chat=polyai_chat._pytest_plugin\n"})

    def test_notices(self):
        self.wrong("notices", {COMPONENTS: components(LINKED[1:])})
        short = "".join(f"  {name} 1.0.0 (MIT)\n" for name in LINKED[1:]).encode()
        self.wrong("notices", {COMPONENTS: components(LINKED[1:]), f"{INFORMATION}/licenses/{NOTICES}": short})

    def test_times(self):
        self.wrong("times", member=lambda name: zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)))

    def test_exports(self):
        self.wrong("exports", {MODULE: module("void rust_eh_personality(void) {}")})

    def test_undefined(self):
        more = "extern int foreign; void *PyUses_foreign(void) __attribute__((visibility(\"hidden\"), used));"
        more += "void *PyUses_foreign(void) { return &foreign; }"
        self.wrong("undefined", {MODULE: module(more)})

    def test_module(self):
        for flag in ["-Wl,-z,lazy", "-Wl,-z,norelro", "-Wl,-z,execstack", "-Wl,-rpath,/usr/lib/elsewhere"]:
            with self.subTest(flag):
                self.wrong("module", {MODULE: module("", flag)})
        newer = "#include <sys/random.h>\n__attribute__((visibility(\"hidden\"), used)) "
        newer += "long uses_newer(void *text) { return getrandom(text, 1, 0); }"  # which came with glibc 2.25
        self.wrong("module", {MODULE: module(newer)})

    def test_size(self):
        more = f'__attribute__((visibility("hidden"), used)) const char filling[{wheel.MOST_BYTES_OF_MODULE}] = {{1}};'
        faults = self.faults({MODULE: module(more)})
        self.assertEqual((list(faults), len(faults["size"])), (["size"], 2), faults)  # nothing is compressed here

    def test_traces(self):
        self.wrong("traces", {f"{INFORMATION}/WHEEL": b"Generator: /home/me/maturin\n"})

    def test_every_check_is_seen_to_fail(self):
        tested = {name[len("test_"):] for name in dir(self) if name.startswith("test_")}
        self.assertEqual({check.__name__ for check in wheel.CHECKS} - tested, set())


class Sources(unittest.TestCase):
    def faults(self, changed=(), without=(), name=f"{NAME}.tar.gz"):
        found = {"PKG-INFO": b"", "README.md": b"", "pyproject.toml": b"", **wheel.sources_of_package()}
        found.update({name: (ROOT / name).read_bytes() for name in ["Cargo.lock", "Cargo.toml", *LICENCES]})
        for crate in wheel.CRATES:
            for file in [ROOT / "crates" / crate / "Cargo.toml", *(ROOT / "crates" / crate / "src").rglob("*")]:
                if file.is_file():
                    found[str(file.relative_to(ROOT))] = b""
        found.update(changed)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, name)
            with tarfile.open(path, "w:gz") as archive:
                for file, content in found.items():
                    if file not in without:
                        member = tarfile.TarInfo(f"{NAME}/{file}")
                        member.size = len(content)
                        archive.addfile(member, io.BytesIO(content))
            return list(wheel.faults_of_sources(path))

    def test_sources(self):
        self.assertEqual(self.faults(), [])
        self.assertEqual(self.faults(name="polyai-chat.tar.gz"), ["name"])
        self.assertEqual(self.faults(without=["crates/core/src/lib.rs"]), ["files"])
        self.assertEqual(self.faults(without=["LICENSE-MIT"]), ["files"])
        self.assertEqual(self.faults({"crates/core/tests/fork.rs": b""}), ["files"])
        self.assertEqual(self.faults({"Cargo.lock": b"version = 4"}), ["versions"])


if __name__ == "__main__":
    unittest.main()
