"""What packaging/install installs is complete, can be moved, and goes away again; programs are built with nothing else.

The environment says what to install: SHIPPED (native or portable) of CARGO_TARGET_DIR.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import built_file
from simulator import Simulator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
SHIPPED = os.environ.get("SHIPPED", "native")
MANIFEST = json.loads((ROOT / "include/polyai_chat.json").read_text(encoding="utf-8"))
SONAME = MANIFEST["abi"]["soname"]
PATIENCE = 120

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CC = [*os.environ.get("CC", "cc").split(), "-std=c11", "-D_GNU_SOURCE", "-pthread", *WARNINGS]
CXX = [*os.environ.get("CXX", "c++").split(), "-std=c++17", "-pthread", *WARNINGS]

# How the examples are run, and what they print then, among other things.
RUNS = {
    "chat": ([], "hello\n", "agent: Hello Sam.\nagent: You said: hello\n"),
    "event_loop": (["3", "hello"], "", "3 conversations, 3 replies, 0 failures\n"),
    "hang_up": (["hello"], "", "closed\n"),
    "one_moment_please": (["hello"], "", "play: Hello there.\nplay: You said: hello\n"),
    "prefork_server": (["0", "1"], "", ""),
    "conversation": ([], "", "agent: "),
    "thread_pool": (["2", "3", "hello"], "", "3 conversations"),
}


def packaging_install(*arguments, **where):
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET), **{name: str(value) for name, value in where.items()}}
    for name in {"PREFIX", "DESTDIR", "LIBDIR", "INCLUDEDIR"} - set(where):
        environment.pop(name, None)
    if SHIPPED == "portable" and not arguments:
        arguments = ("--portable",)
    return subprocess.run([ROOT / "packaging/install", *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE)


def files_in(directory):
    """Every file and link, with what tells its content from another."""
    found = {}
    for path in sorted(Path(directory).rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(directory))] = os.readlink(path)
        elif path.is_file():
            found[str(path.relative_to(directory))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


class Scratch(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name).resolve()

    def install(self, *arguments, **where):
        done = packaging_install(*arguments, **where)
        self.assertEqual(done.returncode, 0, done.stderr)


class Shipped(unittest.TestCase):
    def test_what_was_built_is_as_it_should_be(self):
        directory = TARGET / "shipped" / SHIPPED
        self.assertEqual(built_file.faults_of_shared(directory / "libpolyai_chat.so", MANIFEST, SHIPPED == "portable"), {})
        self.assertEqual(built_file.faults_of_static(directory / "libpolyai_chat.a", MANIFEST), {})

    def test_the_licences_of_all_parts_are_there(self):
        notices = (TARGET / "shipped" / SHIPPED / "third-party.txt").read_text(encoding="utf-8")
        names, texts = notices.split("-" * 80, 1)
        for name in ["ring", "rustls", "subtle", "serde_json", "ureq-proto"]:
            self.assertRegex(names, rf"(?m)^  {name} \d")
            self.assertRegex(texts, rf"(?m)^{name} \d.*: (LICENSE|COPYING)")
        self.assertRegex(names, r"(?m)^  rust-std \d")
        self.assertNotRegex(names, r"(?m)^  (syn|serde_derive|cbindgen) ")

    def test_cargo_c_would_name_the_files_the_same(self):
        metadata = (ROOT / "crates/ffi/Cargo.toml").read_text(encoding="utf-8")
        version = re.search(r"^\[package\.metadata\.capi\.library\]\n(?:.*\n)*?version = \"(.*?)\"", metadata, flags=re.M)
        self.assertEqual(version.group(1), f"{SONAME.rsplit('.', 1)[1]}.{MANIFEST['abi']['newest']}.0")


class Installing(Scratch):
    def test_twice_is_once(self):
        self.install(PREFIX=self.scratch / "here")
        once = files_in(self.scratch / "here")
        self.install(PREFIX=self.scratch / "here")
        self.assertEqual(files_in(self.scratch / "here"), once)

    def test_a_root_of_its_own_changes_nothing_else(self):
        self.install(PREFIX=self.scratch / "here")
        self.install(PREFIX="/opt/somewhere", DESTDIR=self.scratch / "root")
        self.assertEqual([path.name for path in (self.scratch / "root").iterdir()], ["opt"])
        self.assertEqual(files_in(self.scratch / "root/opt/somewhere"), files_in(self.scratch / "here"))

    def test_the_names_of_the_library(self):
        self.install(PREFIX=self.scratch)
        real = os.readlink(self.scratch / "lib" / SONAME)
        self.assertRegex(real, rf"^{re.escape(SONAME)}\.{MANIFEST['abi']['newest']}\.\d+\.\d+\.\d+$")
        self.assertEqual(os.readlink(self.scratch / "lib/libpolyai_chat.so"), SONAME)
        self.assertFalse((self.scratch / "lib" / real).is_symlink())

    def test_the_bill_of_materials_lies_beside_the_licences(self):
        self.install(PREFIX=self.scratch)
        for name in ["third-party.txt", "libpolyai_chat.cdx.json"]:
            installed = self.scratch / "share/doc/polyai-chat" / name
            self.assertEqual(installed.read_bytes(), (TARGET / "shipped" / SHIPPED / name).read_bytes())

    def test_no_file_knows_where_it_is(self):
        self.install(PREFIX=self.scratch / "here")
        for name in files_in(self.scratch / "here"):
            path = self.scratch / "here" / name
            text = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            self.assertFalse(str(self.scratch).encode() in text or str(ROOT).encode() in text, name)

    def test_every_function_has_a_manual_page(self):
        self.install(PREFIX=self.scratch)
        pages = self.scratch / "share/man"
        for function in MANIFEST["functions"]:
            link = (pages / f"man3/{function['name']}.3").read_text(encoding="utf-8")
            page = (pages / re.fullmatch(r"\.so (man3/\w+\.3)\n", link).group(1)).read_text(encoding="utf-8")
            self.assertIn(f".Fo {function['name']}\n", page)
            self.assertIn(f".Ss {function['name']}\n", page)
        if shutil.which("mandoc"):
            own = [path for path in sorted(pages.glob("man*/*")) if not path.read_bytes().startswith(b".so ")]
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *own], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(lint.stdout, "")

    def test_uninstalling_leaves_nothing_of_ours_and_all_of_others(self):
        self.install(PREFIX=self.scratch / "ours")
        self.install("--uninstall", PREFIX=self.scratch / "ours")
        self.assertFalse((self.scratch / "ours").exists())

        others = self.scratch / "others"
        (others / "lib/pkgconfig").mkdir(parents=True)
        (others / "include").mkdir()
        (others / "include/other.h").write_text("", encoding="utf-8")
        self.install(PREFIX=others)
        (others / "share/doc/other.txt").write_text("", encoding="utf-8")
        self.install(PREFIX=others)
        self.install("--uninstall", PREFIX=others)
        self.assertEqual(list(files_in(others)), ["include/other.h", "share/doc/other.txt"])
        self.assertTrue((others / "lib/pkgconfig").is_dir())
        self.assertFalse((others / "lib/cmake").exists())

        again = packaging_install("--uninstall", PREFIX=others)
        self.assertNotEqual(again.returncode, 0)

    def test_a_newer_release_takes_the_files_of_the_older_away(self):
        self.install(PREFIX=self.scratch)
        older = self.scratch / "lib/libpolyai_chat.so.1.0.0.0.9"
        older.write_text("", encoding="utf-8")
        listed = self.scratch / "share/polyai-chat/installed.txt"
        listed.write_text(listed.read_text(encoding="utf-8") + "lib/libpolyai_chat.so.1.0.0.0.9\n", encoding="utf-8")
        self.install(PREFIX=self.scratch)
        self.assertFalse(older.exists())

    def test_a_program_that_runs_keeps_the_file_it_has_open(self):
        self.install(PREFIX=self.scratch)
        with (self.scratch / "lib" / SONAME).open("rb") as file:
            before = os.fstat(file.fileno()).st_size
            self.install(PREFIX=self.scratch)
            self.assertEqual((os.fstat(file.fileno()).st_size, os.fstat(file.fileno()).st_nlink), (before, 0))

    def test_relative_places_are_refused(self):
        self.assertNotEqual(packaging_install(PREFIX="here").returncode, 0)


class Programs(unittest.TestCase):
    """Built in a directory of their own, with what was installed elsewhere and has been moved since."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = Path(scratch.name).resolve()
        cls.simulator = Simulator(TARGET / "debug/polyai-chat", cls.scratch)
        cls.addClassCleanup(cls.simulator.stop)
        # As Debian lays it out, and with a directory of headers that no compiler knows.
        places = {"usual": {}, "other": {"LIBDIR": "/opt/polyai/lib/x86_64-linux-gnu", "INCLUDEDIR": "/opt/polyai/include/polyai"}}
        for name, where in places.items():
            done = packaging_install(PREFIX="/opt/polyai", DESTDIR=cls.scratch / "first" / name, **where)
            if done.returncode:
                raise AssertionError(done.stderr)
            (cls.scratch / "first" / name / "opt/polyai").rename(cls.scratch / name)
        shutil.rmtree(cls.scratch / "first")
        cls.examples = {path.stem: path for path in sorted((cls.scratch / "usual/share/doc/polyai-chat/examples").glob("c*/*.c*"))}

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(dir=self.scratch))
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}

    def prefix(self, place):
        return self.scratch / place

    def libraries(self, place):
        return self.prefix(place) / ("lib" if place == "usual" else "lib/x86_64-linux-gnu")

    def call(self, command):
        done = subprocess.run(command, cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def flags(self, *words, place="usual"):
        self.environment["PKG_CONFIG_PATH"] = str(self.libraries(place) / "pkgconfig")
        return self.call(["pkg-config", *words]).split()

    def run_program(self, program, example):
        arguments, typed, expected = RUNS[example]
        done = subprocess.run(
            [program, *arguments],
            input=typed,
            env={**self.simulator.environment, **({"LD_LIBRARY_PATH": self.loads} if self.loads else {})},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertTrue(done.stdout and expected in done.stdout, done.stdout)

    loads = None

    def linked(self, program, place="usual"):
        """The library that a program loads: the installed one, by its SONAME."""
        self.environment["LD_LIBRARY_PATH"] = self.loads = str(self.libraries(place))
        found = re.search(rf"{re.escape(SONAME)} => (\S+)", self.call(["ldd", program]))
        self.assertEqual(Path(found.group(1)).resolve().parent, self.libraries(place))

    def not_linked(self, program):
        self.loads = None
        done = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=PATIENCE)
        self.assertNotIn("polyai", done.stdout)

    def test_pkg_config_shared(self):
        for place in ["usual", "other"]:
            flags = self.flags("--cflags", "--libs", "polyai_chat", place=place)
            for example, source in self.examples.items():
                with self.subTest(example, place=place):
                    compiler = CC if source.suffix == ".c" else CXX
                    program = self.directory / example
                    self.call([*compiler, source, *flags, "-o", program])
                    self.linked(program, place)
                    self.run_program(program, example)

    def test_pkg_config_static(self):
        flags = self.flags("--cflags", "--libs", "polyai_chat_static", place="other")
        for example in ["chat", "conversation"]:
            source = self.examples[example]
            program = self.directory / example
            self.call([*(CC if source.suffix == ".c" else CXX), source, *flags, "-o", program])
            self.not_linked(program)
            self.run_program(program, example)

    def other_rust_library(self):
        library = self.directory / "libother.a"
        self.environment.update({name: value for name, value in os.environ.items() if name.startswith(("RUSTUP", "CARGO")) or name == "HOME"})
        self.call(["rustc", "--edition", "2024", "--crate-type", "staticlib", "-o", library, HERE / "other.rs"])
        return library

    def test_beside_another_rust_static_library(self):
        other = self.other_rust_library()
        ours = self.flags("--cflags", "--libs", "polyai_chat_static")
        for libraries in [[*ours, other], [other, *ours], ["-no-pie", "-Wl,--gc-sections", *ours, other]]:
            with self.subTest(libraries):
                program = self.directory / "two_libraries"
                self.call([*CC, HERE / "two_libraries.c", *libraries, "-o", program])
                self.not_linked(program)
                done = subprocess.run([program], env=self.simulator.environment, capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual((done.stdout, done.stderr), ("agent: You said: hello\nother: 1 1\n", ""))

    def test_a_program_without_any_shared_library(self):
        flags = self.flags("--cflags", "--static", "--libs", "polyai_chat")
        program = self.directory / "chat"
        self.call([*CC, "-static", self.examples["chat"], *flags, "-o", program])
        self.not_linked(program)
        self.run_program(program, "chat")

    def configure(self, place, source, library, *more, wanted=""):
        settings = {"CMAKE_PREFIX_PATH": self.prefix(place), "SOURCE": source, "LIBRARY": library, "WANTED": wanted}
        shutil.rmtree(self.directory / "build", ignore_errors=True)
        command = ["cmake", "-S", HERE, "-B", self.directory / "build", *(f"-D{name}={value}" for name, value in settings.items()), *more]
        return subprocess.run(command, cwd=self.directory, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)

    def test_cmake(self):
        for place, example, library, more, is_static in [
            ("usual", "chat", "PolyaiChat::PolyaiChat", [], False),
            ("other", "chat", "PolyaiChat::shared", [], False),
            ("other", "chat", "PolyaiChat::static", [], True),
            ("usual", "chat", "PolyaiChat::PolyaiChat", ["-DPolyaiChat_STATIC=ON"], True),
            ("usual", "conversation", "PolyaiChat::cpp", ["-DCMAKE_CXX_STANDARD=11"], False),
            ("other", "conversation", "PolyaiChat::cpp", ["-DPolyaiChat_STATIC=ON"], True),
        ]:
            with self.subTest(library, place=place, more=more):
                done = self.configure(place, self.examples[example], library, *more)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.call(["cmake", "--build", self.directory / "build"])
                program = self.directory / "build/program"
                if is_static:
                    self.not_linked(program)
                else:
                    self.linked(program, place)
                self.run_program(program, example)

    def test_cmake_finds_only_versions_that_will_do(self):
        version = re.search(r'POLYAI_VERSION "(.*)"', (self.prefix("usual") / "include/polyai_chat.h").read_text(encoding="utf-8")).group(1)
        major, minor, patch = (int(part) for part in version.split("."))
        series = f"{major}.{minor}"
        cases = {series: True, version: True, str(major): True, f"{series}.{patch + 1}": False, f"{major}.{minor + 1}": False, f"{major + 1}": False}
        for wanted, will_do in cases.items():
            with self.subTest(wanted):
                done = self.configure("usual", self.examples["chat"], "PolyaiChat::PolyaiChat", wanted=wanted)
                self.assertEqual(done.returncode == 0, will_do, done.stderr)

    def test_every_example_is_known(self):
        self.assertEqual(set(self.examples), set(RUNS))


if __name__ == "__main__":
    unittest.main()
