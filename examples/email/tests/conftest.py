"""What the tests share: the agent (a simulator), a mail server with mailboxes, workers as their users start them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from polyai_chat_channels import open_store
from polyai_chat_testing import Simulator

import dovecot
import postfix
from letters import CUSTOMER
from postfix import PATIENCE

EXAMPLE = Path(__file__).resolve().parent.parent
US = "help@acme.example"
ROBOT = "robot@robots.example"
USERS = (US, CUSTOMER, ROBOT)
SCRIPT = r"""
greeting = "Hello."
default_reply = "You said: {message}"

[[rules]]
pattern = '^human$'
reply = "I am **putting** you through."
handoff = { destination = "returns-desk", reason = "customer_request" }
"""


def parsed(letter: bytes) -> EmailMessage:
    """A letter that was written well."""
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(letter)


class Servers(NamedTuple):
    """What delivers mails, and what serves them."""

    postfix: postfix.Postfix
    dovecot: dovecot.Dovecot


class Desk:
    """The mailboxes of a customer and of the service, and workers that answer there."""

    def __init__(self, simulator: Simulator, servers: Servers, folder: Path) -> None:
        self.simulator = simulator
        self.postfix, self.dovecot = servers
        self._workers: list[subprocess.Popen[bytes]] = []
        self.log = folder / "worker.log"
        self.database = str(folder / "mails.sqlite")

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        """A worker."""
        keys = {f"POLYAI_{name.upper()}": str(value) for name, value in self.simulator.options.items()}
        environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE": self.database,
            "MAIL_ADDRESSES": US,
            "MAIL_IMAP": f"imap://{US.replace('@', '%40')}@127.0.0.1:{self.dovecot.port}",
            "MAIL_PASSWORD": dovecot.PASSWORD,
            "MAIL_SMTP": f"smtp://127.0.0.1:{self.postfix.port}",
            "MAIL_TICK_SECONDS": "1",
            "MAIL_TURN_SECONDS": "20",
            **keys,
            **settings,
        }
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, str(EXAMPLE / "worker.py")],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._workers.append(worker)
        return worker

    def kill(self, worker: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> int:
        """Ends a worker."""
        worker.send_signal(number)
        return worker.wait(PATIENCE)

    def write(self, number: int, text: str, *headers: str, sender: str = CUSTOMER) -> str:
        """An e-mail of the customer, and its Message-ID."""
        message_id = f"<{number}@example.com>"
        head = [f"From: {sender}", f"To: {US}", "Subject: My order", f"Message-ID: {message_id}", *headers]
        self.post("\r\n".join([*head, "", text, ""]).encode(), sender)
        return message_id

    def post(self, letter: bytes, sender: str = CUSTOMER, to: str = US) -> None:
        """Hands a letter over to the mail server, and waits until it has delivered it."""
        number = self.postfix.send(letter, to, sender)
        self.postfix.wait_for(lambda: self.postfix.is_done_with(number), "it is delivered")

    def answers(self) -> list[EmailMessage]:
        """What the customer has got, in the order in which it came."""
        return [parsed(letter) for letter in self.dovecot.letters(CUSTOMER, "INBOX")]

    def texts(self) -> dict[str, str]:
        """The same: the id of the letter that is answered, and the text."""
        return {letter["In-Reply-To"]: letter.get_content().replace("\r\n", "\n").strip() for letter in self.answers()}

    def folder(self, name: str) -> list[str]:
        """The ids of the letters in a folder of the service."""
        parse = BytesHeaderParser(policy=policy.default).parsebytes
        return [str(parse(letter)["Message-ID"]) for letter in self.dovecot.letters(US, name)]

    def counts(self) -> Any:
        """What the store has."""
        with closing(open_store(self.database)) as store:
            return store.counts("email", 1000, timeout=PATIENCE)

    def said(self) -> str:
        """The log of the workers."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for(self, condition: Callable[[], Any], what: str) -> None:
        """Waits until it is so."""
        until = time.monotonic() + PATIENCE
        while not condition():
            assert all(worker.poll() in (None, -signal.SIGKILL, 0) for worker in self._workers), self.said()
            assert time.monotonic() < until, f"not so after {PATIENCE} s: {what}\n{self.said()}"
            time.sleep(0.1)

    def stop(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait(PATIENCE)
        print(f"--- the workers\n{self.said()}")
        for user in USERS:
            self.dovecot.empty(user)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A mail server and its mailboxes, which are empty at the beginning of each test."""
    why = postfix.why_not() or dovecot.why_not()
    if why:
        pytest.skip(why)
    with ExitStack() as stack:
        mails = postfix.Postfix(USERS)
        stack.callback(mails.stop)
        mailboxes = dovecot.Dovecot(mails, USERS)
        stack.callback(mailboxes.stop)
        yield Servers(mails, mailboxes)


@pytest.fixture
def desk(servers: Servers, tmp_path: Path) -> Iterator[Desk]:
    with Simulator(script=SCRIPT) as simulator:
        desk = Desk(simulator, servers, tmp_path)
        try:
            yield desk
        finally:
            desk.stop()


def heard(simulator: Simulator) -> list[list[str]]:
    """What each conversation has heard, in order."""
    return [one["messages"] for one in simulator.conversations()]
