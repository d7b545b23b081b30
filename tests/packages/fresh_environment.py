"""What somebody meets who installs one of the Python distributions, or all of them, in an environment that has nothing else.

The environment says what to install and where: WHEELS (the folder of the wheels), SOURCES (that of the source distributions) and BUILDERS
(that of what builds them), both for OfSources only, and PYTHONS, the interpreters to try besides python3, else every CPython from 3.9 on that the search path has.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
import zipfile
from pathlib import Path

from simulator import Simulator

ROOT = Path(__file__).resolve().parent.parent.parent
WHEELS = Path(os.environ["WHEELS"]).resolve()
SOURCES = os.environ.get("SOURCES")
VERSION = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(encoding="utf-8"), flags=re.M).group(1)
OLDEST, NEWEST = 9, 30
PATIENCE = 1800 if SOURCES else 600
ALL = ["polyai-chat", "polyai-chat-testing", "polyai-chat-channels", "polyai-chat-cli"]

CONVERSATION = """
import polyai_chat
with polyai_chat.Client.from_env().create() as conversation:
    print(conversation.respond("hello").response)
"""

# Nothing but what Python brings: the simulator answers anybody.
SIMULATED = """
import http.client, json
from polyai_chat_testing import Simulator
with Simulator(script='greeting = "Hello."\\ndefault_reply = "You said: {message}"') as simulator:
    headers = {"X-API-KEY": "simulator-key", "X-TOKEN": "simulator-token", "Content-Type": "application/json"}
    service = http.client.HTTPConnection(simulator.url.removeprefix("http://"))
    service.request("POST", "/v1/simulator-account/simulator-project/chat/create", b"{}", headers)
    print(json.load(service.getresponse())["response"], simulator.requests_to("create"))
    service.close()
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


def first_lines(document):
    """The first block of Python in a document."""
    return re.search(r"^```python\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), flags=re.M | re.S).group(1)


class Environment:
    """A virtual environment that pip has installed nothing into, and then what is asked for."""

    def __init__(self, python, directory):
        self.directory = Path(directory).resolve()
        call(python, "-m", "venv", self.directory / "venv")
        self.before = self.files()

    def program(self, name):
        return self.directory / "venv/bin" / name

    def pip(self, *arguments):
        return call(self.program("python"), "-m", "pip", "--disable-pip-version-check", *arguments, cwd=self.directory)

    def install(self, *names):
        self.pip("install", "--no-index", "--find-links", WHEELS, *names)

    def installed(self):
        listed = self.pip("list", "--format=freeze").split()
        return {line.partition("==")[0] for line in listed} & set(ALL)

    def files(self):
        # What Python has compiled in passing does not count.
        found = {path.relative_to(self.directory) for path in (self.directory / "venv").rglob("*")}
        return {path for path in found if "__pycache__" not in path.parts}

    def run(self, *command, simulator=None):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(simulator.environment if simulator else {})}
        return call(*command, cwd=self.directory, env=environment)

    def python(self, code, **options):
        return self.run(self.program("python"), "-W", "error", "-c", code, **options)


class Fresh(unittest.TestCase):
    """With one distribution of the package index, and what it asks for."""

    installs = None

    @classmethod
    def setUpClass(cls):
        if cls.installs is None:
            raise unittest.SkipTest("not a distribution")
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.here = Environment("python3", scratch.name)
        cls.install()

    @classmethod
    def install(cls):
        cls.here.install(cls.installs)

    def simulator(self):
        """The service, by the program of another distribution."""
        (wheel,) = WHEELS.glob("polyai_chat_cli-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith("scripts/polyai-chat"))
            program = Path(archive.extract(name, self.here.directory / "program"))
        program.chmod(0o700)
        simulator = Simulator(program, self.here.directory)
        self.addCleanup(simulator.stop)
        return simulator


class Client(Fresh):
    installs = "polyai-chat"

    def test_it_is_alone(self):
        self.assertEqual(self.here.installed(), {"polyai-chat"})
        self.assertFalse(self.here.program("polyai-chat").exists())
        self.assertEqual(self.here.pip("check"), "No broken requirements found.\n")

    def test_the_first_lines_of_the_readme(self):
        lines = first_lines("bindings/python/chat/README.md")
        asked = re.search(r'respond\("(.*?)"', lines).group(1)
        said = self.here.python(lines, simulator=self.simulator())
        self.assertEqual(said, f"agent: Hello Sam.\nagent: You said: {asked}\n")

    def test_importing_warns_of_nothing_and_brings_no_event_loop(self):
        code = "import sys, polyai_chat; print(polyai_chat.__file__, polyai_chat.__version__, 'asyncio' in sys.modules)"
        file, version, loop = self.here.python(code).split()
        self.assertTrue(Path(file).is_relative_to(self.here.directory), file)
        self.assertEqual((version, loop), (VERSION, "False"))


class Testing(Fresh):
    installs = "polyai-chat-testing"

    def test_it_is_alone_and_simulates(self):
        self.assertEqual(self.here.installed(), {"polyai-chat-testing"})
        self.assertEqual(self.here.python(SIMULATED), "Hello. 1\n")

    def test_what_needs_more_says_so(self):
        code = "try: from polyai_chat_testing import StoreConformance\nexcept ImportError as error: print(error)"
        self.assertEqual(self.here.python(code), "No module named 'polyai_chat_channels'\n")


class Program(Fresh):
    installs = "polyai-chat-cli"

    def test_it_is_alone_without_any_python(self):
        self.assertEqual(self.here.installed(), {"polyai-chat-cli"})
        brought = self.here.files() - self.here.before
        self.assertEqual([path for path in brought if path.suffix in (".py", ".pyi", ".so")], [])

    def test_it_says_its_version(self):
        self.assertEqual(self.here.run(self.here.program("polyai-chat"), "--version"), f"polyai-chat {VERSION}\n")

    def test_a_conversation_without_an_account(self):
        said = self.here.run(self.here.program("polyai-chat"), "chat", "--simulator", "-m", "Where is my order?")
        self.assertRegex(said, r"(?m)^you> +Where is my order\?\nagent> +\S")


class Channels(Fresh):
    installs = "polyai-chat-channels"

    def test_it_brings_the_client(self):
        self.assertEqual(self.here.installed(), {"polyai-chat-channels", "polyai-chat"})

    def test_the_first_lines_of_the_readme(self):
        said = self.here.python(first_lines("bindings/python/channels/README.md"), simulator=self.simulator())
        self.assertEqual(said, "Hello there. You said: Where is my order? None\n")


class All(Fresh):
    installs = "polyai-chat[testing,channels,cli]"

    def test_all_are_there_and_fit(self):
        self.assertEqual(self.here.installed(), set(ALL))
        self.assertEqual(self.here.pip("check"), "No broken requirements found.\n")

    def test_everybody_says_the_same_version(self):
        code = f"import importlib.metadata as m; print(*(m.version(name) for name in {ALL}))"
        self.assertEqual(self.here.python(code).split(), [VERSION] * len(ALL))

    def test_the_simulator_and_the_client_know_each_other(self):
        said = self.here.python(first_lines("bindings/python/testing/README.md"))
        self.assertEqual(said, "I can look that up. What is your order number?\n")


class Everywhere(unittest.TestCase):
    def test_conversations_under_every_python(self):
        found = pythons()
        print(f"Python {', '.join('.'.join(map(str, version)) for version in sorted(found))}")
        for version, python in sorted(found.items()):
            with self.subTest(version=version), tempfile.TemporaryDirectory() as scratch:
                there = Environment(python, scratch)
                there.install("polyai-chat[testing,channels,cli]")
                simulator = Simulator(there.program("polyai-chat"), scratch)
                try:
                    said = there.python(CONVERSATION, simulator=simulator)
                finally:
                    simulator.stop()
                self.assertEqual(said + there.python(SIMULATED), "You said: hello\nHello. 1\n")
                there.pip("uninstall", "--yes", *ALL)
                self.assertEqual(there.files() - {Path("simulator.toml")}, there.before)


@unittest.skipUnless(SOURCES, "there are no source distributions")
class OfSources(All):
    """Built from the source distributions."""

    @classmethod
    def install(cls):
        cls.here.pip("install", "--no-index", "--find-links", os.environ["BUILDERS"], *sorted(Path(SOURCES).resolve().glob("polyai_chat*.tar.gz")))


if __name__ == "__main__":
    unittest.main()
