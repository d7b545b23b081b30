"""The worker that answers e-mails. A thread of e-mails is one conversation, and no e-mail is put to the agent twice.

Started with `celery -A tasks worker --pool prefork`.
"""

from __future__ import annotations

import email.policy
import hashlib
import os
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from celery import Task
from celery.utils.log import get_task_logger
from polyai_chat import ChatError, Client, Conversation

import ledger
from broker import app

# What a create and what a turn may take. When the claim is over, its owner has therefore finished, or has died.
TURN_SECONDS = float(os.environ.get("MAIL_TURN_SECONDS") or "60")
CLAIM_SECONDS = 3 * TURN_SECONDS
GIVE_UP_SECONDS = float(os.environ.get("MAIL_GIVE_UP_SECONDS") or "7200")
OUTBOX = Path(os.environ.get("MAIL_OUTBOX") or "outbox")

log = get_task_logger(__name__)
client = Client.from_env(timeout=TURN_SECONDS, user_agent="mail/1.0")  # once, before the pool forks


@app.task(bind=True, max_retries=None)
def answer(self: Task[Any, Any], mail: dict[str, str]) -> None:
    """Answers one e-mail. May be run any number of times for it, also at the same time."""
    claim = ledger.claim(mail, CLAIM_SECONDS)
    if claim.state == "busy":
        raise self.retry(countdown=claim.seconds)
    if claim.state in ("answered", "handed_off"):
        send(self, mail, claim.note)  # by whoever died between the two
        return
    if claim.state != "mine":
        log.warning("for a human: %s, %s", mail["message_id"], claim.note)
        return
    conversation = None
    try:
        letter_to(mail, "")  # what cannot be answered is not put to the agent, which would act on it
        conversation = conversation_of(mail)
        reply = conversation.respond(mail["text"])
    except ChatError as error:
        if conversation is not None and conversation.ended:  # after days of silence, say: the next try begins another
            ledger.set_conversation(mail, None)
        left = claim.at + GIVE_UP_SECONDS - time.time()
        if error.may_resend and left > 0:
            # Whatever the service asks for, a human has it when the time is over.
            seconds = min(max(error.retry_after or 0, min(2.0 ** min(self.request.retries, 20), 600)), left)
            ledger.settle(claim, "waiting", str(error), seconds + CLAIM_SECONDS)
            raise self.retry(exc=error, countdown=seconds) from error
        ledger.settle(claim, "for_a_human", str(error))
        log.warning("for a human: %s, %s", mail["message_id"], error)
        return
    except ValueError as error:
        ledger.settle(claim, "for_a_human", f"no answer can be written to it: {error}")
        return
    if reply.end_conversation:
        ledger.set_conversation(mail, None)
    if ledger.settle(claim, "handed_off" if reply.handoff else "answered", reply.response):
        send(self, mail, reply.response)
    else:
        log.warning("for a human: %s, the agent's reply came after its claim was over", mail["message_id"])


def conversation_of(mail: dict[str, str]) -> Conversation:
    """The conversation of the e-mail's thread; a new one where it has none."""
    conversation_id = ledger.conversation_of(mail)
    if conversation_id is not None:
        return client.attach(conversation_id)
    conversation = client.create(integration_attributes={"channel": "email", "subject": mail["subject"]})
    ledger.set_conversation(mail, conversation.id)
    return conversation


def letter_to(mail: dict[str, str], text: str) -> EmailMessage:
    """The answer, with a Message-ID that is the same whenever it is written. ValueError: it cannot be."""
    letter = EmailMessage()
    letter["From"], letter["To"] = mail["from"], mail["to"]
    subject = mail["subject"]
    letter["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    letter["Message-ID"] = f"<{name_of(mail)}@{mail['from'].rpartition('@')[2]}>"
    if mail["in_reply_to"]:
        letter["In-Reply-To"] = mail["in_reply_to"]
        letter["References"] = " ".join(dict.fromkeys((mail["thread_id"], mail["in_reply_to"])))
    letter["Auto-Submitted"] = "auto-replied"  # other robots do not answer it
    letter.set_content(text)
    return letter


def name_of(mail: dict[str, str]) -> str:
    """One for each e-mail."""
    return hashlib.sha256(f"{mail['sender']} {mail['message_id']}".encode()).hexdigest()


def send(task: Task[Any, Any], mail: dict[str, str], text: str) -> None:
    """Leaves the answer in the outbox, for a mail server. Done twice it is still one file with one Message-ID."""
    letter = letter_to(mail, text)
    addresses = (*letter["From"].addresses, *letter["To"].addresses)
    is_ascii = all(address.addr_spec.isascii() for address in addresses)  # else it takes a server with SMTPUTF8
    unfinished = OUTBOX / f"{name_of(mail)}.{os.getpid()}"
    try:
        OUTBOX.mkdir(exist_ok=True)
        unfinished.write_bytes(letter.as_bytes(policy=email.policy.default.clone(utf8=not is_ascii)))
        unfinished.replace(OUTBOX / f"{name_of(mail)}.eml")
    except OSError as error:  # the disk is full: the answer is in the ledger
        raise task.retry(exc=error, countdown=60) from error
