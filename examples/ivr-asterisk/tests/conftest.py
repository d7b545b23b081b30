"""An agent (the simulator), Asterisk with the module, a FastAGI server, and the telephone of a human."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from asterisk import EXAMPLE, Asterisk
from polyai_chat_testing import Simulator
from sip import Phone

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = EXAMPLE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").resolve()
ROOT = Path(os.environ.get("POLYAI_HOSTS_DIRECTORY") or TARGET / "hosts").resolve() / "bullseye"
LIBRARY = TARGET / "shipped/portable/libpolyai_chat.so"  # for the older glibc inside

API_KEY = "key-that-nobody-may-see"
TOKEN = "token-that-nobody-may-see"
LONG_REPLY = " ".join(f"word{number} 😀" for number in range(600))
REASON_IN_LINES = r"angry\r\nX-Injected: yes\n\n\u202Ebody \u0085" + "x" * 3000
# What begins with the command comes right after the 2,047 bytes that Asterisk takes for a line.
REASON_OF_A_COMMAND = "x" * (2047 - len('SET VARIABLE POLYAI_HANDOFF_REASON "')) + "EXEC Verbose evil-ran"
SCRIPT = f"""
greeting = "Hello {{attribute.caller|there}}, how can I help?"
default_reply = "You said: {{message}}"

# SIPp wants the answer to its packet before the answer of the agent.
[[rules]]
pattern = '^(Where is my order|Thank you)'
reply = "You said: {{message}}"
delay_ms = 150

[[rules]]
pattern = '^slow'
reply = "That took a while."
delay_ms = 2000

[[rules]]
pattern = '^forever'
reply = "Nobody hears this."
delay_ms = 60000

[[rules]]
pattern = '^a human'
reply = "I am putting you through."
handoff = {{ destination = "returns-desk", reason = "customer_request" }}

[[rules]]
pattern = '^elsewhere'
reply = "As you like."
end = true
handoff = {{ destination = 'moon, ${{EXTEN}}"', reason = '😀, "${{GLOBAL(POLYAI_HUMAN)}}' }}

[[rules]]
pattern = '^in lines'
reply = "One moment."
end = true
handoff = {{ destination = "returns-desk", reason = "{REASON_IN_LINES}" }}

[[rules]]
pattern = '^run this'
reply = "One moment."
end = true
handoff = {{ destination = "returns-desk", reason = "{REASON_OF_A_COMMAND}" }}

[[rules]]
pattern = '^without shape'
reply = "Somebody will know."
handoff = {{ text_chat = {{ zendesk_integration = {{}} }} }}

[[rules]]
pattern = '^at length'
reply = "{LONG_REPLY}"

[[rules]]
pattern = '^bye'
reply = "Goodbye!"
end = true
"""

FAILED = pytest.StashKey[bool]()


def configuration(simulator: Simulator | Agent, client: dict[str, object] | None = None, **general: object) -> str:
    """What polyai_chat.conf holds in these tests."""
    options: dict[str, object] = {**simulator.options, "timeout_ms": 6000, "max_attempts": 2, **(client or {})}
    settings = {"filler": "One moment, please.", "filler_after_ms": 400, **general}
    lines = ["[general]", *(f"{name} = {value}" for name, value in settings.items())]
    lines += ["[client]", *(f"{name} = {value}" for name, value in options.items())]
    return "\n".join(lines) + "\n"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Shows what Asterisk has logged when a test fails."""
    outcome: Any = yield
    report = outcome.get_result()
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    asterisk = getattr(item, "funcargs", {}).get("asterisk")
    if report.failed and isinstance(asterisk, Asterisk):
        lines = [line for line in asterisk.log().splitlines() if "DEBUG" not in line or "settings.c" in line]
        report.sections.append(("what Asterisk has logged, the end of it", "\n".join(lines[-60:])))


@pytest.fixture(scope="session")
def built_module() -> Iterator[Path]:
    """The module, built in the root as its user would build it."""
    if not (ROOT / "installed").exists() or not LIBRARY.exists():
        pytest.fail(f"run {EXAMPLE / 'tests/install'} first")
    place = ROOT / "opt" / f"polyai-chat-{os.getpid()}"
    shutil.copytree(EXAMPLE / "module", place / "module", ignore=shutil.ignore_patterns("*.o", "*.so"))
    (place / "prefix").mkdir()
    shutil.copy(REPOSITORY / "include/polyai_chat.h", place / "prefix")
    shutil.copy(LIBRARY, place / "prefix/libpolyai_chat.so")
    inside = Path("/") / place.relative_to(ROOT)
    command = ["make", "-C", f"{inside}/module", "CFLAGS=-O2 -Wall -Wextra -Werror"]
    command += [f"POLYAI_CFLAGS=-I{inside}/prefix", f"POLYAI_LIBS=-L{inside}/prefix -lpolyai_chat"]
    done = subprocess.run(["chroot", str(ROOT), *command], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    yield place / "module/app_polyai_chat.so"
    shutil.rmtree(place)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """The agent of all tests."""
    with Simulator(script=SCRIPT, api_key=API_KEY, token=TOKEN) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def human_phone() -> Iterator[Phone]:
    """The telephone that the dialplan dials."""
    with Phone(("127.0.0.1", 9), "human") as phone:
        yield phone


@pytest.fixture
def human(human_phone: Phone) -> Phone:
    """The telephone that the dialplan dials, which nobody has called."""
    human_phone.forget()
    return human_phone


@pytest.fixture(scope="session")
def start_own_server() -> Iterator[Callable[..., tuple[subprocess.Popen[str], int]]]:
    """Starts FastAGI servers for an agent, and gives their ports."""
    servers: list[subprocess.Popen[str]] = []

    def start(simulator: Simulator, *arguments: str) -> tuple[subprocess.Popen[str], int]:
        command = [
            sys.executable,
            str(EXAMPLE / "fastagi/server.py"),
            "--listen",
            "127.0.0.1:0",
            "--filler-after",
            "0.4",
            *arguments,
        ]
        server = subprocess.Popen(
            command, env={**os.environ, **simulator.environment}, stdout=subprocess.PIPE, text=True
        )
        servers.append(server)
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("listening"), line
        return server, int(line.rsplit(":", 1)[1])

    yield start
    for server in servers:
        server.terminate()
        server.wait(60)
        assert server.stdout is not None
        server.stdout.close()


@pytest.fixture(scope="session")
def start_server(
    simulator: Simulator, start_own_server: Callable[..., tuple[subprocess.Popen[str], int]]
) -> Callable[..., tuple[subprocess.Popen[str], int]]:
    """Starts FastAGI servers, and gives their ports."""
    return lambda *arguments: start_own_server(simulator, *arguments)


@pytest.fixture(scope="session")
def started_asterisk(
    built_module: Path,
    simulator: Simulator,
    human_phone: Phone,
    start_server: Callable[..., tuple[subprocess.Popen[str], int]],
) -> Iterator[Asterisk]:
    """Asterisk, with the module loaded."""
    _, port = start_server()
    asterisk = Asterisk(ROOT, built_module, LIBRARY, human_phone.port, port)
    try:
        asterisk.write("polyai_chat.conf", configuration(simulator))
        asterisk.start()
        assert "Loaded" in asterisk.cli("module load app_polyai_chat.so"), asterisk.log()
        yield asterisk
    finally:
        asterisk.stop()


@pytest.fixture
def asterisk(request: pytest.FixtureRequest, started_asterisk: Asterisk, agent: Agent) -> Iterator[Asterisk]:
    """Asterisk without a call. What a test has configured is taken back."""
    assert started_asterisk.running
    yield started_asterisk
    assert started_asterisk.running, "Asterisk has crashed"
    if request.node.stash.get(FAILED, False):
        started_asterisk.cli("channel request hangup all")  # the next test is to have its own failures
    started_asterisk.wait_until("core show channels count", "0 active channels")
    started_asterisk.wait_until("polyai show metrics", "live handles: 1\n")  # the client; all else has been freed
    if started_asterisk.changed:
        started_asterisk.configure(configuration(agent))
        started_asterisk.changed = False


class Agent:
    """The simulator, without what happened before the test."""

    def __init__(self, simulator: Simulator) -> None:
        simulator.clear_faults()
        simulator.clear()
        self._simulator = simulator
        self._earlier = {conversation["id"] for conversation in simulator.conversations()}

    def conversations(self) -> list[dict[str, Any]]:
        return [each for each in self._simulator.conversations() if each["id"] not in self._earlier]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._simulator, name)


@pytest.fixture
def agent(simulator: Simulator) -> Agent:
    """The agent, which has heard nothing and has no fault."""
    return Agent(simulator)
