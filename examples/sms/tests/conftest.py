"""What the tests share: the agent (a simulator), a real Kannel, an SMS centre, the program as its users start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from polyai_chat_testing import Simulator

import kannel
from kannel import PATIENCE, Kannel
from ports import free_port

EXAMPLE = Path(__file__).resolve().parent.parent
US, ANN, SAM = "12345", "447700900123", "447700900456"
SCRIPT = r"""
greeting = ""
default_reply = "You said: {message}"

[[rules]]
pattern = '^human$'
reply = "I am **putting** you through."
handoff = { destination = "returns-desk", reason = "customer_request" }

[[rules]]
pattern = '^long$'
reply = "LONG"

[[rules]]
pattern = '^slow$'
reply = "Slowly."
delay_ms = 3000
""".replace("LONG", "All of our shops are open. " * 40)


class Centre:
    """An SMS centre, and the phones behind it."""

    def __init__(self) -> None:
        folder = os.environ["POLYAI_SMSC"]  # where tests/hosts/sms has installed its library
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).parent / "smsc.mjs"), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.events: list[dict[str, Any]] = [json.loads(self._process.stdout.readline())]
        self.port: int = self.events[0]["port"]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.events.append(json.loads(line))

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """What has happened of this kind."""
        return [event for event in list(self.events) if event["event"] == kind]

    def tell(self, **command: Any) -> None:
        """Has it do something."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def write(self, text: str, sender: str = ANN, **more: Any) -> None:
        """A customer's message."""
        self.tell(deliver={"from": sender, "to": US, "text": text, **more})

    def phone(self, number: str = ANN) -> list[str]:
        """The messages that a phone has got, put together from their parts."""
        messages: list[str] = []
        for event in self.of_kind("submitted"):
            if event["to"] == number:
                if event["part"] and event["part"]["number"] > 1:
                    messages[-1] += event["text"]
                else:
                    messages.append(event["text"])
        return messages

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE)
        print("--- the SMS centre", *self.events, sep="\n")


class Service:
    """The program, with everything around it."""

    def __init__(self, simulator: Simulator, centre: Centre, folder: Path) -> None:
        self.simulator, self.centre = simulator, centre
        self.port = free_port()
        self.log = folder / "app.log"
        self.database = str(folder / "sms.sqlite")
        self.for_humans = folder / "for_humans.jsonl"
        self._workers: list[subprocess.Popen[bytes]] = []
        self.kannel = Kannel(self._settings_of_kannel(), centre_port=centre.port)

    def _settings_of_kannel(self) -> str:
        """Those of the example, with what is another here."""
        settings = (EXAMPLE / "kannel.conf").read_text()
        for before, after in (
            ("admin-port = 13000", "admin-port = {admin_port}"),
            ("smsbox-port = 13001", "smsbox-port = {box_port}"),
            ("sendsms-port = 13013", "sendsms-port = {send_port}"),
            ("host = smpp.provider.example", "host = 127.0.0.1"),
            ("port = 2775", "port = {centre_port}\nreconnect-delay = 1"),
            ("/var/spool/kannel", "{folder}/store"),
            ("http-queue-delay = 10", "http-queue-delay = 1"),
            ("127.0.0.1:8000", f"127.0.0.1:{self.port}"),
            ("CHANGE-ME", "secret"),
        ):
            assert before in settings, before
            settings = settings.replace(before, after)
        return settings

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        """Starts it, and waits until it serves."""
        keys = {f"POLYAI_{name.upper()}": str(value) for name, value in self.simulator.options.items()}
        environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE": self.database,
            "SMS_FOR_HUMANS": str(self.for_humans),
            "SMS_KEY": "secret",
            "SMS_KANNEL_URL": f"http://127.0.0.1:{self.kannel.port}",
            "SMS_KANNEL_PASSWORD": "secret",
            "SMS_OWN_URL": f"http://127.0.0.1:{self.port}",
            "SMS_TICK_SECONDS": "1",
            **keys,
            **settings,
        }
        command = [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(EXAMPLE), "--port", str(self.port)]
        with self.log.open("ab") as log:
            worker = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._workers.append(worker)
        before = self.said().count("Uvicorn running")

        def serves() -> bool:
            assert worker.poll() is None, f"it has ended with {worker.returncode}:\n{self.said()}"
            return self.said().count("Uvicorn running") > before

        self.wait_for(serves, "it serves")
        return worker

    def kill(self, worker: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> int:
        """Ends it."""
        worker.send_signal(number)
        return worker.wait(PATIENCE)

    def told(self) -> list[dict[str, Any]]:
        """What the humans were told."""
        lines = self.for_humans.read_text().splitlines() if self.for_humans.exists() else []
        return [json.loads(line) for line in lines]

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for(self, condition: Callable[[], Any], what: str) -> None:
        """Waits until it is so."""
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, f"not so after {PATIENCE} s: {what}\n{self.said()}"
            time.sleep(0.05)

    def stop(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait(PATIENCE)
        print(f"--- the program\n{self.said()}")
        self.kannel.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    if why := kannel.why_not():
        pytest.skip(why)
    with Simulator(script=SCRIPT) as simulator, ExitStack() as stack:
        centre = Centre()
        stack.callback(centre.stop)
        service = Service(simulator, centre, tmp_path)
        stack.callback(service.stop)
        service.wait_for(lambda: centre.of_kind("bound"), "Kannel is connected")
        yield service


def heard(simulator: Simulator) -> list[list[str]]:
    """What each conversation has heard, in order."""
    return [one["messages"] for one in simulator.conversations()]
