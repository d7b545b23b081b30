"""Takes e-mails from the inbox into the store, and sorts out those that the agent does not get.

Each is kept by the store, or its thread left to a human there, before it is moved out of the inbox. A process that dies
in between leaves it in the inbox, and the store knows it when it is taken again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading

from imapclient.exceptions import IMAPClientAbortError  # type: ignore[import-untyped]
from polyai_chat import ChatError
from polyai_chat_channels import Channel

import settings
from bounces import Returned, returned
from inbox import AGENT, BACK_TO_THE_AGENT, FOR_A_HUMAN, INBOX, ROBOTS, Mailbox, MailboxError
from reading import Mail, id_of_answer, plain, read

HUMANS = "humans"  # where threads are handed over to by this program

log = logging.getLogger("email")


class TakingIn:
    """What watches the inbox. Several processes may watch the same one."""

    def __init__(self, channel: Channel, inbox: Channel, is_stopping: threading.Event) -> None:
        """`inbox` is a channel beside that of the threads: in it, one process gets each e-mail."""
        self._channel = channel
        self._inbox = inbox
        self._is_stopping = is_stopping
        self._left: set[str] = set()

    def run(self) -> None:
        """Goes on until the program stops, whatever fails."""
        while not self._is_stopping.is_set():
            try:
                with contextlib.closing(Mailbox()) as mailbox:
                    self._watch(mailbox)
            except (*MailboxError, ChatError) as error:
                log.error("the inbox is looked at again in a while: %s", plain(str(error), 300))
            except Exception:
                log.exception("the inbox is looked at again in a while")
            self._is_stopping.wait(settings.TICK_SECONDS)

    def _watch(self, mailbox: Mailbox) -> None:
        while not self._is_stopping.is_set():
            self._take_all(mailbox)
            self._release_all(mailbox)
            if mailbox.can_wait():
                mailbox.wait(INBOX, settings.TICK_SECONDS, self._is_stopping.is_set)
            else:
                self._is_stopping.wait(settings.TICK_SECONDS)

    def _take_all(self, mailbox: Mailbox) -> None:
        left: set[str] = set()
        for uid in mailbox.uids(INBOX):
            if self._is_stopping.is_set():
                return
            try:
                data = mailbox.fetch(INBOX, uid)
                name = hashlib.sha256(data).hexdigest()
                if not data:  # another process has moved it
                    continue
                if self._is_mine(name):
                    mailbox.move(INBOX, uid, self._folder_for(mailbox, data))
                    self._inbox.resolve(sender=name, message_id=name)
                else:
                    left.add(name)
            except (IMAPClientAbortError, OSError, ChatError):  # the server or the store is away
                raise
            except Exception:  # of this e-mail alone: the others are taken all the same
                log.exception("an e-mail stays in the inbox")
        self._left = left

    def _is_mine(self, name: str) -> bool:
        """Whether this process is to move an e-mail: two that did so at once would leave two copies. One that it left
        to another process, and that still lies there in the next round, is its own."""
        return self._inbox.accept(sender=name, message_id=name, text=None) or name in self._left

    def _folder_for(self, mailbox: Mailbox, data: bytes) -> str:
        """Records what is to become of an e-mail, and says where it belongs."""
        mail = read(data, settings.OWN)
        letter = returned(data, settings.OWN) if mail.is_report else None
        if letter is not None:
            self._take_back(mailbox, letter)
            return FOR_A_HUMAN
        if mail.robot:
            log.info("not answered: %s", mail.robot)
            return ROBOTS
        if why := mail.for_a_human or self._why_too_many(mailbox, mail):
            # The agent would not know of it when the customer writes again: the whole thread is the human's.
            self._channel.hand_off(sender=mail.sender, destination=HUMANS, reason=why)
            log.info("for a human: %s", why)
            return FOR_A_HUMAN
        self._channel.accept(
            sender=mail.sender,
            message_id=mail.message_id,
            text=mail.text,
            integration_attributes={"channel": "email", "subject": mail.subject},
            for_others=True,
        )
        return AGENT

    def _take_back(self, mailbox: Mailbox, letter: Returned) -> None:
        """Leaves the thread whose answer came back to a human, with the e-mail that it answered."""
        for message_id in letter.answered:
            for found in mailbox.find(message_id, lambda mail: id_of_answer(mail) in letter.ids):
                self._channel.hand_off(sender=found.mail.sender, destination=HUMANS, reason="our answer came back")
                log.warning("for a human: our answer to %s came back", found.mail.message_id)
                mailbox.move(found.folder, found.uid, FOR_A_HUMAN)

    def _why_too_many(self, mailbox: Mailbox, mail: Mail) -> str:
        """Whether somebody floods us, or a robot that does not say what it is talks to us."""
        if mailbox.count_of_today(mail.writer, settings.MOST_A_DAY) >= settings.MOST_A_DAY:
            return "its writer has sent too many"
        if mailbox.count_of_today(None, settings.MOST_OF_ALL_A_DAY) >= settings.MOST_OF_ALL_A_DAY:
            return "there were too many"
        return ""

    def _release_all(self, mailbox: Mailbox) -> None:
        """Gives threads back to the agent with which a human is done."""
        for uid in mailbox.uids(BACK_TO_THE_AGENT):
            mail = read(mailbox.fetch(BACK_TO_THE_AGENT, uid), settings.OWN)
            self._channel.release(sender=mail.sender)
            mailbox.move(BACK_TO_THE_AGENT, uid, AGENT)
