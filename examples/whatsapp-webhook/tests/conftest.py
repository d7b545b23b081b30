"""What the tests share: the agent (a simulator), a double of Graph, and the webhook as its users start it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from polyai_chat_testing import Simulator

from graph_double import TOKEN, GraphDouble

EXAMPLE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(EXAMPLE))

PATIENCE = 180.0
"""How many seconds something may take that should be quick."""
SECRET, VERIFY_TOKEN, NUMBER = "app-secret-19c2", "verify-token-4d", "106540352242922"

SCRIPT = r"""
greeting = "Hello, this is Acme."
default_reply = "You said: {message}"

[[rules]]
pattern = '^human$'
reply = "I am putting you through."
handoff = { destination = "returns-desk", reason = "customer_request" }

[[rules]]
pattern = '^bye$'
reply = "Goodbye."
end = true

[[rules]]
pattern = '^slow'
reply = "Slowly: {message}"
delay_ms = 700

[[rules]]
pattern = '^very slow'
reply = "Very slowly: {message}"
delay_ms = 5000

[[rules]]
pattern = '^never'
reply = "Too late."
delay_ms = 60000
"""


def text_message(message_id: str, text: str, sender: str = "447700900123") -> dict[str, Any]:
    return {"from": sender, "id": message_id, "timestamp": "1700000000", "type": "text", "text": {"body": text}}


def notification(*messages: dict[str, Any], name: str = "Sam", **more: Any) -> dict[str, Any]:
    """What Meta sends, in one entry with one change."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": name}, "wa_id": message["from"]} for message in messages],
        "messages": list(messages),
        **more,
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "8856996819413533", "changes": [{"value": value, "field": "messages"}]}],
    }


class Agent(Protocol):
    """How the agent is reached."""

    @property
    def options(self) -> Mapping[str, object]: ...


class Webhook:
    """The program, on a port that stays open while it is restarted."""

    def __init__(self, folder: Path, simulator: Agent, graph: GraphDouble, address: str = "127.0.0.1") -> None:
        self.folder, self.simulator, self.graph = folder, simulator, graph
        self.variables: dict[str, str] = {}
        self.log = folder / "uvicorn.log"
        self.humans = folder / "for_humans.jsonl"
        self.store = folder / "whatsapp.sqlite"
        self.token = folder / "token"
        self.token.write_text(TOKEN + "\n")
        self._socket = socket.socket()
        self._socket.bind((address, 0))
        self._socket.listen(128)
        self.url = f"http://{address}:{self._socket.getsockname()[1]}/webhook"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, workers: int = 1, **variables: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("POLYAI_", "WHATSAPP_"))},
            **{f"POLYAI_{name.upper()}": str(value) for name, value in self.simulator.options.items()},
            "PYTHONDONTWRITEBYTECODE": "1",
            "WHATSAPP_APP_SECRET": SECRET,
            "WHATSAPP_VERIFY_TOKEN": VERIFY_TOKEN,
            "WHATSAPP_ACCESS_TOKEN_FILE": str(self.token),
            "WHATSAPP_GRAPH_URL": self.graph.url,
            "DATABASE": str(self.store),
            "WHATSAPP_FOR_HUMANS": str(self.humans),
            "WHATSAPP_TICK_SECONDS": "0.2",
            **variables,
        }
        command = [sys.executable, "-m", "uvicorn", "app:app", "--fd", str(self._socket.fileno())]
        command += ["--workers", str(workers), "--timeout-graceful-shutdown", "5"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=EXAMPLE,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self._socket.fileno()],
                start_new_session=True,
            )
        self.verify()  # waits until it serves

    def verify(self, mode: str = "subscribe", token: str = VERIFY_TOKEN) -> httpx.Response:
        question = {"hub.mode": mode, "hub.verify_token": token, "hub.challenge": "1158201444"}
        return httpx.get(self.url, params=question, timeout=PATIENCE)

    def post(self, content: object, secret: str = SECRET, headers: dict[str, str] | None = None) -> httpx.Response:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        signed = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        return httpx.post(self.url, content=body, headers=signed if headers is None else headers, timeout=PATIENCE)

    def deliver(self, *messages: dict[str, Any]) -> None:
        """As Meta does: again until it is confirmed."""
        assert self.post(notification(*messages)).status_code == 200

    def kill(self) -> None:
        """All of its processes, at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> int:
        """As systemd does."""
        assert self.process is not None
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def told_to_humans(self, count: int) -> list[dict[str, Any]]:
        """Waits until so many messages are with the humans."""
        lines: list[str] = []

        def are_there() -> bool:
            lines[:] = self.humans.read_text(encoding="utf-8").splitlines() if self.humans.exists() else []
            return len(lines) >= count

        until(are_there)
        return [json.loads(line) for line in lines]

    def forget(self) -> None:
        """All that it has recorded and written."""
        self.humans.unlink(missing_ok=True)
        self.token.write_text(TOKEN + "\n")
        if self.log.exists():
            os.truncate(self.log, 0)
        if self.store.exists():
            with closing(sqlite3.connect(self.store, timeout=PATIENCE)) as database:
                for table in ("messages", "lines", "conversations_left"):
                    database.execute(f"DELETE FROM {table}")
                database.commit()

    def show_log(self) -> None:
        """To pytest, which shows it when the test has failed."""
        if self.log.exists():
            print(self.log.read_text(encoding="utf-8", errors="replace"))

    def close(self) -> None:
        if self.process is not None:
            self.kill()
        self._socket.close()


def until(holds: Callable[[], bool]) -> None:
    """Waits for something that tells nobody when it happens."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    with Simulator(script=SCRIPT) as running:
        yield running


@pytest.fixture(scope="session")
def running_graph() -> Iterator[GraphDouble]:
    with GraphDouble() as running:
        yield running


@pytest.fixture(scope="session")
def running_webhook(
    tmp_path_factory: pytest.TempPathFactory, running_simulator: Simulator, running_graph: GraphDouble
) -> Iterator[Webhook]:
    webhook = Webhook(tmp_path_factory.mktemp("webhook"), running_simulator, running_graph)
    yield webhook
    webhook.close()


@pytest.fixture
def simulator(running_simulator: Simulator) -> Simulator:
    """The agent, as new."""
    running_simulator.clear_faults()
    running_simulator.clear()
    return running_simulator


@pytest.fixture
def graph(running_graph: GraphDouble) -> GraphDouble:
    """Graph, as new."""
    running_graph.forget()
    return running_graph


@pytest.fixture
def webhook(running_webhook: Webhook, simulator: Simulator, graph: GraphDouble) -> Iterator[Webhook]:
    """The program with its usual settings and an empty store. It is started when it does not run."""
    running_webhook.forget()
    if running_webhook.process is None:
        running_webhook.start()
    yield running_webhook
    running_webhook.show_log()


@pytest.fixture
def stopped_webhook(tmp_path: Path, simulator: Simulator, graph: GraphDouble) -> Iterator[Webhook]:
    """The program, to be started with settings of one's own."""
    webhook = Webhook(tmp_path, simulator, graph)
    yield webhook
    webhook.close()
    webhook.show_log()
