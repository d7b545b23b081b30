"""What these tests share: the Lua module, built for Kamailio's Lua, and hosts that end with their test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from kamailio_process import LUA, REPOSITORY, Kamailio
from polyai_chat_testing import Simulator
from sip_client import CUSTOMER, SipClient

TARGET = REPOSITORY / "target"
LIBRARY_DIRECTORY = Path(os.environ.get("POLYAI_LIBRARY_DIRECTORY", TARGET / "debug")).absolute()
HOSTS_DIRECTORY = Path(os.environ.get("POLYAI_HOSTS_DIRECTORY", TARGET / "hosts")).absolute()

StartKamailio = Callable[..., Kamailio]
StartClient = Callable[..., SipClient]


@pytest.fixture(scope="session")
def lua_module() -> Path:
    """The directory that holds polyai_chat.so for Lua 5.1, which Kamailio links."""
    directory = HOSTS_DIRECTORY / "ivr-kamailio" / "lua5.1"
    directory.mkdir(parents=True, exist_ok=True)
    variables = {
        "LUA": "lua5.1",
        "MODULE": directory / "polyai_chat.so",
        "POLYAI_CFLAGS": f"-I{REPOSITORY / 'include'}",
        "POLYAI_LIBS": f"-L{LIBRARY_DIRECTORY} -lpolyai_chat",
    }
    arguments = [f"{name}={value}" for name, value in variables.items()]
    subprocess.run(["make", "--silent", "-C", str(REPOSITORY / "bindings" / "lua"), *arguments], check=True)
    return directory


@pytest.fixture
def start_kamailio(tmp_path: Path, lua_module: Path, request: pytest.FixtureRequest) -> Iterator[StartKamailio]:
    """Starts Kamailio for an agent: `start_kamailio(simulator.environment, workers=2, turn_timeout_ms=1000)`."""
    started: list[Kamailio] = []

    def start(environment: Mapping[str, str], *, wait: bool = True, **options: LUA) -> Kamailio:
        directory = tmp_path / f"kamailio-{len(started)}"
        directory.mkdir()
        surroundings = {
            "LUA_CPATH": f"{lua_module}/?.so",
            "LD_LIBRARY_PATH": str(LIBRARY_DIRECTORY),
            **environment,
        }
        kamailio = Kamailio(directory, surroundings, **options)  # type: ignore[arg-type]
        started.append(kamailio)
        if wait:
            kamailio.start()
        else:
            kamailio.launch()
        return kamailio

    yield start
    for kamailio in started:
        kamailio.stop()
        print(kamailio.log)  # pytest shows it when the test has failed


@pytest.fixture
def start_client() -> Iterator[StartClient]:
    """A customer of a Kamailio: `start_client(kamailio, transport="tcp")`."""
    started: list[SipClient] = []

    def start(kamailio: Kamailio, uri: str = CUSTOMER, **options: str | bool) -> SipClient:
        started.append(SipClient(kamailio.address, uri, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for client in started:
        client.close()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """An agent that repeats what it hears, and does what its rules say."""
    with Simulator(script=SCRIPT) as started:
        yield started


SCRIPT = r"""
greeting = "Hello from the agent."
default_reply = "You said: {message}"

[[rules]]
pattern = '^slow'
reply = "Slow, but here: {message}"
delay_ms = 1500

[[rules]]
pattern = '^billing'
reply = "I am putting you through."
handoff = { destination = "billing", reason = "two\r\nlines" }

[[rules]]
pattern = '^very slow'
reply = "You waited long."
delay_ms = 6000

[[rules]]
pattern = '^human'
reply = "I am putting you through."
handoff = { destination = "returns-desk", reason = "customer_request" }

[[rules]]
pattern = '^bye'
reply = "Goodbye."
end = true
"""


def heard(simulator: Simulator) -> list[str]:
    """What customers said to the agent, conversation by conversation, in order."""
    return [message for conversation in simulator.conversations() for message in conversation["messages"]]
