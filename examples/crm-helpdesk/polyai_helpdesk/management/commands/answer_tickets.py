"""`manage.py answer_tickets`: the worker process. SIGTERM lets the turn that is under way finish."""

from __future__ import annotations

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DjangoDatabaseError
from django.db import close_old_connections, connection
from polyai_chat import ChatError, Client

from ...configuration import configuration
from ...worker import Worker

TIDY_UP_SECONDS = 3600.0

_log = logging.getLogger("polyai_helpdesk")


class Command(BaseCommand):
    """Django finds it by its name."""

    help = "Has the PolyAI agent answer the tickets that wait. Run as many of these as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--threads", type=int, default=4, help="how many tickets are answered at a time (4)")
        parser.add_argument("--poll", type=float, default=1.0, help="how often to look for new ones, in seconds (1)")
        parser.add_argument("--once", action="store_true", help="answer what waits now, and end")

    def handle(self, *, threads: int, poll: float, once: bool, **_: Any) -> None:
        client = Client.from_env(timeout=configuration().turn_seconds, user_agent="polyai-helpdesk/0.1.0")
        if once:
            Worker(client).work_off()
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        hands = [threading.Thread(target=_work, args=(client, stopping, poll, one == 0)) for one in range(threads)]
        for hand in hands:
            hand.start()
        self.stdout.write(f"answering tickets, {threads} at a time")
        self.stdout.flush()
        for hand in hands:
            hand.join()


def _work(client: Client, stopping: threading.Event, poll: float, tidies_up: bool) -> None:
    worker = Worker(client)
    tidy_at = time.monotonic() + TIDY_UP_SECONDS
    try:
        while not stopping.is_set():
            close_old_connections()
            try:
                worker.work_off(lambda: not stopping.is_set())
                if tidies_up and time.monotonic() > tidy_at:
                    tidy_at = time.monotonic() + TIDY_UP_SECONDS
                    worker.tidy_up()
            except (OSError, ChatError, DjangoDatabaseError) as error:
                # The mail server, the database or the service is away: what was begun is undone, and tried again.
                _log.error("%s", error)
            except Exception:  # of one ticket: the others are answered
                _log.exception("a ticket waits")
            stopping.wait(poll)
    finally:
        connection.close()
