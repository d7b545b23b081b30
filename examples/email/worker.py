"""Answers the e-mails of a mailbox: `python worker.py`. README.md says which environment variables it needs.

Any number of these may run beside each other, with one database and one mailbox.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from polyai_chat import ChatError, Client
from polyai_chat_channels import Channel, open_store


def main() -> None:
    os.umask(0o077)  # the file of the store holds what customers wrote
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("imapclient").setLevel(logging.WARNING)
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it says what a stranger's report is not
    try:
        import settings
    except (OSError, ValueError) as error:
        sys.exit(f"not started: {error}")
    from answering import Answering
    from taking import TakingIn

    is_stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_stopping.set())
    try:
        client = Client.from_env(timeout=settings.TURN_SECONDS, user_agent="email/1.0")
        opened = open_store(settings.DATABASE, migrate=True)
    except ChatError as error:
        sys.exit(f"not started: {error}")
    with opened as store:
        channel = Channel(
            client,
            store,
            "email",
            timeout=settings.TURN_SECONDS,
            idle_after=settings.IDLE_AFTER,
            give_up_after=settings.GIVE_UP_SECONDS,
        )
        inbox = Channel(client, store, "email, inbox")
        taking_in = threading.Thread(target=TakingIn(channel, inbox, is_stopping).run, name="taking in")
        taking_in.start()
        try:
            Answering(channel, inbox, is_stopping).run()
        finally:
            is_stopping.set()
            taking_in.join()


if __name__ == "__main__":
    main()
