"""The mailbox that customers write to, by IMAP. It keeps every e-mail, and its folders say what became of it.

Humans work in the same mailbox, with the mail program that they have.
"""

from __future__ import annotations

import contextlib
import datetime
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]
from polyai_chat_channels import Message

import settings
from reading import MOST_BYTES, Mail, read

INBOX = "INBOX"
# E-mails that the agent answers, or has answered.
AGENT = "Agent"
FOR_A_HUMAN = "For a human"
ROBOTS = "Robots"
SENT = "Sent"
# A human who is done with a thread moves an e-mail of it there: later ones are the agent's again.
BACK_TO_THE_AGENT = "Back to the agent"

# What a mailbox raises when the server, or the way to it, fails.
MailboxError = (IMAPClientError, OSError)


class Found(NamedTuple):
    """An e-mail, and where it lies."""

    folder: str
    uid: int
    mail: Mail


class Mailbox:
    """A connection, for one thread at a time. To move what is gone already is no failure."""

    def __init__(self) -> None:
        server = settings.IMAP
        limits = SocketTimeout(connect=settings.NETWORK_SECONDS, read=settings.NETWORK_SECONDS)
        self._client: Any = IMAPClient(server.host, server.port, ssl=server.is_tls, timeout=limits)
        try:
            if not server.is_tls and not server.is_here:
                self._client.starttls()
            self._client.login(server.user, server.password)
            if not self._client.has_capability("MOVE"):
                raise IMAPClientError(f"{server.host} cannot move e-mails between folders (RFC 6851)")
            self._prefix = self._prefix_of_folders()
            for folder in (AGENT, FOR_A_HUMAN, ROBOTS, SENT, BACK_TO_THE_AGENT):
                if not self._client.folder_exists(self._prefix + folder):
                    with contextlib.suppress(IMAPClientError):  # another worker was quicker, or it is seen below
                        self._client.create_folder(self._prefix + folder)
            self._select(AGENT)
        except BaseException:
            self.close()
            raise

    def _prefix_of_folders(self) -> str:
        """Some servers keep all folders below the inbox."""
        if not self._client.has_capability("NAMESPACE"):
            return ""
        personal = self._client.namespace().personal
        return str(personal[0][0]) if personal else ""

    def _select(self, folder: str) -> None:
        self._client.select_folder(folder if folder == INBOX else self._prefix + folder)

    def uids(self, folder: str) -> list[int]:
        """The e-mails of a folder, in the order in which they came."""
        self._select(folder)
        return sorted(self._client.search("ALL"))

    def fetch(self, folder: str, uid: int) -> bytes:
        """An e-mail, only its head where it is too long; empty where it is gone."""
        self._select(folder)
        sizes = self._client.fetch([uid], ["RFC822.SIZE"])
        if uid not in sizes:
            return b""
        is_whole = sizes[uid][b"RFC822.SIZE"] <= MOST_BYTES
        part = b"BODY[]" if is_whole else b"BODY[HEADER]"
        found = self._client.fetch([uid], [part.replace(b"BODY[", b"BODY.PEEK[")])
        return bytes(found[uid][part] or b"") if uid in found else b""

    def move(self, folder: str, uid: int, to: str) -> None:
        """Moves an e-mail."""
        if folder != to:
            self._select(folder)
            self._client.move([uid], self._prefix + to)

    def add(self, folder: str, letter: bytes, flag: str) -> None:
        """Puts a letter of our own into a folder."""
        self._client.append(self._prefix + folder, letter, [flag])

    def find(self, message_id: str, is_it: Callable[[Mail], bool]) -> list[Found]:
        """The e-mails with this Message-ID that are it, the copies that a mail server may have made included."""
        found = []
        for folder in (AGENT, FOR_A_HUMAN):  # not in the inbox: out of it, only who takes it in moves it
            self._select(folder)
            for uid in self._client.search(["HEADER", "Message-ID", message_id]):
                mail = read(self.fetch(folder, uid), settings.OWN)
                if mail.message_id == message_id and is_it(mail):
                    found.append(Found(folder, uid, mail))
        return found

    def find_message(self, message: Message) -> list[Found]:
        """The e-mails that a message of the store stands for."""
        return self.find(message.message_id, lambda mail: mail.sender == message.sender)

    def count_of_today(self, writer: str | None, most: int) -> int:
        """How many e-mails came since yesterday, of one writer or of all; above `most` it counts no further."""
        self._select(AGENT)
        since = ["SINCE", datetime.date.today() - datetime.timedelta(days=1)]
        uids = self._client.search(since if writer is None else [*since, "FROM", writer], "UTF-8")
        if writer is None or len(uids) <= most:
            return len(uids)
        # The server has also found those whose address or name contains the writer's.
        envelopes = self._client.fetch(uids[: 10 * most], ["ENVELOPE"]).values()
        return sum(_is_from(envelope[b"ENVELOPE"], writer) for envelope in envelopes)

    def wait(self, folder: str, seconds: float, is_over: Callable[[], bool]) -> None:
        """Waits until something new comes into a folder, until the time has passed, or until it is over."""
        self._select(folder)
        self._client.idle()
        until = time.monotonic() + seconds
        while not is_over() and time.monotonic() < until:
            if any(b"EXISTS" in said for said in self._client.idle_check(timeout=min(seconds, 1.0))):
                break
        self._client.idle_done()

    def can_wait(self) -> bool:
        """Whether the server says when something comes."""
        return bool(self._client.has_capability("IDLE"))

    def is_open(self) -> bool:
        """Whether the server has not hung up meanwhile."""
        try:
            self._client.noop()
        except MailboxError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Hangs up."""
        with contextlib.suppress(IMAPClientError, OSError):
            self._client.shutdown()


def _is_from(envelope: Any, writer: str) -> bool:
    parts = [(address.mailbox or b"", address.host or b"") for address in envelope.from_ or ()]
    return any(b"@".join(part).decode(errors="replace").lower() == writer for part in parts)


class SharedMailbox:
    """One connection for the threads of a process, one at a time: mail servers grant few to a user."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mailbox: Mailbox | None = None

    @contextlib.contextmanager
    def use(self) -> Iterator[Mailbox]:
        """The connection, for something short. One on which something has failed is not used again."""
        with self._lock:
            try:
                if self._mailbox is None or not self._mailbox.is_open():
                    self._mailbox = Mailbox()
                yield self._mailbox
            except BaseException:
                self._close()
                raise

    def close(self) -> None:
        """Hangs up."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._mailbox is not None:
            self._mailbox.close()
            self._mailbox = None
