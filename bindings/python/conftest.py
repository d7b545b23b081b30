"""What the tests share: a simulator for each of them, a client of it, and nothing of this machine's configuration."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from children import PATIENCE
from polyai_chat import Client
from polyai_chat_testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from typing import Literal

    from polyai_chat import Conversation

# Whoever runs the tests in the background has them, and all that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SCRIPT = r"""
greeting = "Hello {attribute.customer_name|there}."
default_reply = "You said: {message}"

[[rules]]
message = "absent"
reply = "Are you still there?"

[[rules]]
message = "empty"
reply = "I did not catch that."

[[rules]]
pattern = '^human$'
reply = "I am putting you through."
handoff = { destination = "returns-desk", reason = "customer_request", text_chat = { zendesk_integration = {} } }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true
"""


@pytest.fixture(autouse=True)
def no_configuration_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither keys nor proxies of whoever runs the tests get into them."""
    for name in list(os.environ):
        if name.startswith("POLYAI_") or name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-configuration"))


class PatientSimulator(Simulator):
    """One that waits for as long as a busy machine may take, to start a process for example."""

    def wait_for(
        self, operation: Literal["create", "respond", "close"], count: int, timeout: float | timedelta = PATIENCE
    ) -> bool:
        return super().wait_for(operation, count, timeout)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator that repeats what it is told, says goodbye to `bye`, and hands off on `human`."""
    with PatientSimulator(script=SCRIPT) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Client:
    """A client of the test's simulator."""
    return Client(**simulator.options)


@pytest.fixture
def conversation(client: Client) -> Conversation:
    """A conversation with the test's simulator."""
    return client.create()
