"""A helpdesk as it is in production: gunicorn with two workers, SQLite, an SMTP server, a mailbox; beside it the
workers that ask the agent, which is the simulator. All on free ports, in a temporary directory. `test_postgresql.py`
runs tests again with the database that TESTED_DATABASE names.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from aiosmtpd.controller import Controller
from ports import free_port

HERE = Path(__file__).parent
DESK = HERE.parent / "desk"
PATIENCE = 180.0

sys.path[:0] = [str(HERE.parent), str(DESK)]


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Waits until it is so, and gives what it gave."""
    until = time.monotonic() + PATIENCE
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < until, f"not so after {PATIENCE} s: {what}"
        time.sleep(0.02)


class Mails:
    """The SMTP server, and what it was given."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.is_holding = False
        self.is_held = threading.Event()
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        while self.is_holding and b"comment was added" in envelope.content:
            self.is_held.set()
            await asyncio.sleep(0.02)
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in list(self.received) if address in mail["To"]]

    def texts_to(self, address: str) -> list[str]:
        return [mail.get_body(("plain",)).get_content() for mail in self.to(address)]  # type: ignore[union-attr]


class Process:
    """A process of the host, with its log."""

    def __init__(self, directory: Path, *command: str, **environment: str) -> None:
        self.log = directory / f"{uuid4().hex}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=DESK, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
            )

    def says(self, pattern: str) -> re.Match[str]:
        """Waits until its log holds this."""

        def look() -> re.Match[str] | None:
            text = self.log.read_text(errors="replace")
            found = re.search(pattern, text)
            assert found or self.process.poll() is None, f"it has ended with {self.process.returncode}:\n{text}"
            return found

        return eventually(look, f"{pattern} in the log of {self.process.args!r}")

    def kill(self) -> None:
        """As the system does when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As an administrator does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        print(f"--- {self.process.args!r}\n{self.log.read_text(errors='replace')}")


class Desk:
    """The helpdesk, as its users meet it; and its database, to look at."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.mailbox = directory / "mailbox"
        self.mails = Mails()
        self.mailbox.mkdir()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings_of_tests")
        os.environ.update(
            DESK_DIRECTORY=str(directory),
            DESK_SMTP_PORT=str(self.mails.controller.port),
            PYTHONPATH=os.pathsep.join([str(HERE), str(HERE.parent), str(DESK), os.environ.get("PYTHONPATH", "")]),
            PYTHONUNBUFFERED="1",
            # Compiled once, into the environment: each process that reads all of Django anew takes seconds for it.
            PYTHONPYCACHEPREFIX=str(Path(sys.prefix) / "bytecode"),
        )
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["DATABASE"] = os.environ.get("TESTED_DATABASE", "")
        for name in [name for name in os.environ if name.startswith("POLYAI_") and name.isupper()]:
            if name not in ("POLYAI_LIBRARY_DIRECTORY", "POLYAI_PROGRAM", "POLYAI_HOSTS_DIRECTORY"):
                del os.environ[name]
        self.web: Process | None = None
        try:
            self._set_up()
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> None:
        import django

        django.setup()
        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        from helpdesk.models import Queue

        call_command("migrate", verbosity=0)
        call_command("loaddata", "emailtemplate.json", "desk", verbosity=0)
        Queue.objects.filter(slug="support").update(email_box_local_dir=str(self.mailbox))
        for user in get_user_model().objects.all():
            user.set_password(f"password of {user.get_username()}")
            user.save()
        arguments = ("--workers", "2", "--threads", "2", "--bind", "127.0.0.1:0", "--no-control-socket", "desk.wsgi")
        self.web = Process(self.directory, sys.executable, "-m", "gunicorn", *arguments)
        self.url = self.web.says(r"Listening at: (http://\S+)")[1]

    def close(self) -> None:
        if self.web:
            self.web.stop()
        self.mails.controller.stop()

    # What customers do.

    def submit(self, title: str, body: str, customer: str) -> Any:
        """Opens a ticket with the public form."""
        with requests.Session() as browser:
            answer = _post(
                browser,
                f"{self.url}/tickets/submit/",
                queue="1",
                title=title,
                body=body,
                priority="3",
                submitter_email=customer,
            )
        assert "ticket=support-" in answer.url, answer.text
        return self.ticket(int(re.search(r"ticket=support-(\d+)", answer.url)[1]))  # type: ignore[index]

    def public_page(self, ticket: Any) -> str:
        """What the customer sees of a ticket, in HTML."""
        query = {"ticket": ticket.ticket_for_url, "email": ticket.submitter_email, "key": ticket.secret_key}
        answer = requests.get(f"{self.url}/view/", params=query, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return answer.text

    def mail(self, sender: str, subject: str, text: str, message_id: str | None = None, **headers: str) -> None:
        """Puts an e-mail into the mailbox, and has the helpdesk look into it."""
        from django.core.management import call_command

        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, "support@desk.example", subject
        mail["Message-ID"] = message_id or f"<{uuid4().hex}@customer.example>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        (self.mailbox / f"{uuid4().hex}.eml").write_bytes(mail.as_bytes(policy=mail.policy.clone(cte_type="7bit")))
        call_command("get_email", "--quiet")
        assert not list(self.mailbox.iterdir())

    def reply(self, ticket: Any, text: str, **headers: str) -> None:
        """The customer answers one of the helpdesk's mails."""
        self.mail(ticket.submitter_email, f"Re: [{ticket.ticket_for_url}] {ticket.title}", text, **headers)

    # What the staff does.

    def staff(self, name: str = "rita") -> requests.Session:
        """A browser of somebody who has logged in."""
        browser = requests.Session()
        answer = _post(browser, f"{self.url}/login/", username=name, password=f"password of {name}")
        assert "logout" in answer.text, answer.text
        return browser

    def submit_as_staff(self, title: str, body: str, customer: str) -> Any:
        """Opens a ticket for a customer who rings."""
        with self.staff() as browser:
            fields = {"queue": "1", "title": title, "body": body, "priority": "3", "assigned_to": ""}
            answer = _post(browser, f"{self.url}/tickets/submit/", submitter_email=customer, **fields)
        number = re.search(r"/tickets/(\d+)/$", answer.url)
        assert number, answer.text
        return self.ticket(int(number[1]))

    def update(self, ticket: Any, **fields: str) -> None:
        """The form below a ticket."""
        with self.staff() as browser:
            page = f"{self.url}/tickets/{ticket.pk}/"
            answer = _post(
                browser,
                page,
                to=f"{page}update/",
                new_status=str(ticket.status),
                **{
                    "comment": "",
                    "title": ticket.title,
                    "queue": str(ticket.queue_id),
                    "priority": str(ticket.priority),
                    **fields,
                },
            )
        assert answer.url == page, answer.text

    def api(self, path: str, user: str, **fields: Any) -> Any:
        answer = requests.post(
            f"{self.url}/api/{path}/", json=fields, auth=(user, f"password of {user}"), timeout=PATIENCE
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    # What is in the database.

    def ticket(self, number: int) -> Any:
        from helpdesk.models import Ticket

        return Ticket.objects.get(pk=number)

    def replies(self, ticket: Any) -> list[str]:
        """The agent's public follow-ups, in the order of the thread."""
        written = ticket.followup_set.filter(public=True, user__username="polyai-agent").order_by("pk")
        return list(written.values_list("comment", flat=True))

    def notes(self, ticket: Any) -> list[str]:
        """What the agent has left for the staff."""
        return list(
            ticket.followup_set.filter(public=False, user__username="polyai-agent")
            .order_by("pk")
            .values_list("comment", flat=True)
        )

    def waits_for_replies(self, ticket: Any, count: int) -> list[str]:
        return eventually(
            lambda: len(self.replies(ticket)) >= count and self.replies(ticket), f"{count} replies in {ticket}"
        )

    def waits_for_notes(self, ticket: Any, count: int = 1) -> list[str]:
        return eventually(lambda: len(self.notes(ticket)) >= count and self.notes(ticket), f"{count} notes in {ticket}")

    def is_settled(self) -> bool:
        """Whether nothing waits for the agent or for a ticket."""
        from polyai_helpdesk.models import AgentMessage

        in_line = AgentMessage.objects.exclude(state__in=("answered", "handed_off", "settled", "died"))
        return (
            not in_line.exists()
            and not AgentMessage.objects.filter(state__in=("answered", "handed_off"), is_delivered=False).exists()
        )


@pytest.fixture(scope="session")
def desk_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture
def desk(desk_of_the_session: Desk) -> Iterator[Desk]:
    """Nothing of another test waits in it."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET search_path TO polyai_chat")
        cursor.execute("DELETE FROM messages WHERE state NOT IN ('answered', 'handed_off', 'settled', 'died')")
        cursor.execute("UPDATE messages SET deliver_at = NULL")
        cursor.execute("UPDATE lines SET ready_at = NULL")
        if connection.vendor == "postgresql":
            cursor.execute("RESET search_path")
    desk_of_the_session.mails.received.clear()
    yield desk_of_the_session
    assert desk_of_the_session.web
    print(f"--- the web server\n{desk_of_the_session.web.log.read_text(errors='replace')[-5000:]}")


@pytest.fixture
def start_worker(desk: Desk) -> Iterator[Callable[..., Process]]:
    """Starts `manage.py answer_tickets` for an agent, with these variables of the environment."""
    started: list[Process] = []

    def start(agent: dict[str, str], *arguments: str, **environment: str) -> Process:
        command = (sys.executable, "manage.py", "answer_tickets", "--poll", "0.1", *(arguments or ("--threads", "1")))
        worker = Process(desk.directory, *command, **{**agent, **environment})
        started.append(worker)
        worker.says("answering tickets")
        return worker

    try:
        yield start
    finally:
        for worker in started:
            worker.stop()


def _post(browser: requests.Session, page: str, *, to: str | None = None, **fields: str) -> requests.Response:
    """Fills in the form of a page, with the hidden field that Django asks for."""
    shown = browser.get(page, timeout=PATIENCE)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.text)
    assert token, shown.text
    return browser.post(
        to or page, data={**fields, "csrfmiddlewaretoken": token[1]}, headers={"Referer": page}, timeout=PATIENCE
    )
