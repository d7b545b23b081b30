"""What somebody meets who installs the Python package, in an environment that has nothing else.

The environment says what to install and where: WHEEL (a wheel, or a source distribution), and PYTHONS, the interpreters to try
besides python3, else every CPython from 3.9 on that the search path has.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from simulator import Simulator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WHEEL = Path(os.environ["WHEEL"]).resolve()
OLDEST, NEWEST = 9, 30
PATIENCE = 600 if WHEEL.suffix == ".whl" else 1800

CONVERSATION = """
import polyai_chat
with polyai_chat.Client.from_env().create() as conversation:
    print(conversation.respond("hello").response)
"""


def call(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **options)
    if done.returncode:
        raise AssertionError(f"{command} gave {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def version_of(python):
    """(3, 11, ...) of a CPython that runs, else nothing."""
    code = "import sys; print(sys.implementation.name, *sys.version_info[:3])"
    try:
        name, *numbers = call(python, "-c", code).split()
    except (AssertionError, OSError):
        return None
    return tuple(map(int, numbers)) if name == "cpython" else None


def pythons():
    """Each interpreter once, with its version."""
    names = os.environ.get("PYTHONS", "").split() or [f"python3.{minor}" for minor in range(OLDEST, NEWEST)]
    found = {}
    for name in ["python3", *names]:
        path = shutil.which(name)
        version = version_of(path) if path else None
        if version and version >= (3, OLDEST):
            found.setdefault(version, path)
    return found


class Environment:
    """A virtual environment that pip has installed nothing into, and then the package."""

    def __init__(self, python, directory):
        self.directory = Path(directory).resolve()
        call(python, "-m", "venv", self.directory / "venv")
        self.before = self.files()

    def program(self, name):
        return self.directory / "venv/bin" / name

    def pip(self, *arguments):
        return call(self.program("python"), "-m", "pip", "--disable-pip-version-check", *arguments, cwd=self.directory)

    def install(self):
        # A wheel comes with everything that it needs; to build the sources, pip takes what they ask for.
        self.pip("install", *(["--no-index"] if WHEEL.suffix == ".whl" else []), WHEEL)

    def files(self):
        # What Python has compiled in passing does not count.
        found = {path.relative_to(self.directory) for path in (self.directory / "venv").rglob("*")}
        return {path for path in found if "__pycache__" not in path.parts}

    def run(self, *command, simulator=None):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(simulator.environment if simulator else {})}
        return call(*command, cwd=self.directory, env=environment)


class Fresh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.here = Environment("python3", scratch.name)
        cls.here.install()
        cls.simulator = Simulator(cls.here.program("polyai-chat"), scratch.name)
        cls.addClassCleanup(cls.simulator.stop)

    def test_the_first_lines_of_the_readme(self):
        readme = (ROOT / "bindings/python/README.md").read_text(encoding="utf-8")
        lines = re.search(r"^```python\n(.*?)^```", readme, flags=re.M | re.S).group(1)
        asked = re.search(r'respond\("(.*?)"', lines).group(1)
        said = self.here.run(self.here.program("python"), "-W", "error", "-c", lines, simulator=self.simulator)
        self.assertEqual(said, f"agent: Hello Sam.\nagent: You said: {asked}\n")

    def test_the_program_without_an_account(self):
        arguments = ["chat", "--simulator", "-m", "Where is my order?"]
        said = self.here.run(self.here.program("polyai-chat"), *arguments)
        self.assertRegex(said, r"(?m)^you> +Where is my order\?\nagent> +\S")
        self.assertEqual(self.here.run(self.here.program("python"), "-m", "polyai_chat", *arguments), said)

    def test_everybody_says_the_same_version(self):
        version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), flags=re.M).group(1)
        code = "import polyai_chat, importlib.metadata as m; print(polyai_chat.__version__, m.version('polyai-chat'))"
        self.assertEqual(self.here.run(self.here.program("python"), "-c", code), f"{version} {version}\n")
        self.assertEqual(self.here.run(self.here.program("polyai-chat"), "--version"), f"polyai-chat {version}\n")

    def test_pip_is_content(self):
        self.assertEqual(self.here.pip("check"), "No broken requirements found.\n")

    def test_importing_warns_of_nothing_and_brings_no_event_loop(self):
        code = "import sys, polyai_chat; print(polyai_chat.__file__, 'asyncio' in sys.modules)"
        file, loop = self.here.run(self.here.program("python"), "-W", "error", "-c", code).split()
        self.assertTrue(Path(file).is_relative_to(self.here.directory), file)
        self.assertEqual(loop, "False")


class Everywhere(unittest.TestCase):
    def test_conversations_under_every_python(self):
        found = pythons()
        print(f"Python {', '.join('.'.join(map(str, version)) for version in sorted(found))}")
        for version, python in sorted(found.items()):
            with self.subTest(version=version), tempfile.TemporaryDirectory() as scratch:
                there = Environment(python, scratch)
                there.install()
                simulator = Simulator(there.program("polyai-chat"), scratch)
                try:
                    said = there.run(there.program("python"), "-W", "error", "-c", CONVERSATION, simulator=simulator)
                finally:
                    simulator.stop()
                self.assertEqual(said, "You said: hello\n")
                there.pip("uninstall", "--yes", "polyai-chat")
                self.assertEqual(there.files() - {Path("simulator.toml")}, there.before)


if __name__ == "__main__":
    unittest.main()
